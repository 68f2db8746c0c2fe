//! The component set. Everything here uses the tokens of `style/tokens.css` alone. `/docs/components`
//! shows every component in every state in development.

pub mod button;
pub mod card;
pub mod dialog;
pub mod field;
pub mod gallery;
pub mod icon;
pub mod markdown;
pub mod menu;
pub mod palette;
pub mod status;
pub mod table;
pub mod tabs;
pub mod time;
pub mod toast;
