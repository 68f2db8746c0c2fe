//! What pages are made of: the live link to a project, the canvas, the chat, the blocks and the component set.
//! Knows no page, so that a change in one doesn't build this anew.

pub mod blocks;
pub mod canvas;
pub mod chat;
pub mod components;
pub mod copies;
pub mod live;
pub mod text;
