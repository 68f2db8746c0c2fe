//! Share links: a project's canvas for whoever has the link, without an account.
//!
//! | file | holds |
//! | --- | --- |
//! | `model` | tokens, and what of a canvas is shown: a projection, field by field |
//! | `service` | making a link, turning it off, opening one |
//! | `hub` | what all viewers of one link share: the canvas, and the frames of its stream, each made once |
//! | `views` | how many viewers there were |
mod hub;
mod model;
mod service;
mod store;
mod views;
pub use hub::{Piece, Shown};
pub use service::{Shares, SharesParts, View};
