//! The API's description (OpenAPI 3.1), made of the very types that handle requests.
//!
//! Each extractor says what it reads and asks for ([`Part`]), each answer what it looks like ([`Answers`]),
//! and a route is the list of them ([`Documented`]). So what is described is what is compiled: there is no
//! second list to keep in step. Schemas come from the wire types through schemars, which also makes the
//! schemas of agents' tools.

mod answers;
mod document;
mod documented;
mod operation;

pub use answers::{
    Accepted, Answers, Archived, Chatted, Created, Data, Done, Download, EventStream, Picture, Ready,
    Restored, Watched,
};
pub use document::document;
pub use documented::{Documented, Part};
pub use operation::{Operation, Schemas};
