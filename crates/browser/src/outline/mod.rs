//! A page as text: what its accessibility tree says to people who don't see it, with a number in brackets before
//! whatever can be acted on.

mod numbers;
mod roles;
mod tree;
mod words;
mod write;

pub(crate) use numbers::{Element, Numbers};
pub(crate) use tree::{Node, Tree, Trees};
pub(crate) use write::write;
