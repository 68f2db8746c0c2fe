//! Who is calling, and the extractors that prove it.
//!
//! A handler can't get an [`OrgScope`](alumia_platform::OrgScope) but from one of these, and every service
//! that reads or writes an organisation's things takes one. A handler that takes none doesn't compile as a
//! route; see [`crate::openapi::Documented`].

mod identify;
mod member;
mod origin;
pub mod permission;
mod site;
mod step_up;

pub use identify::{Credentials, bearer, has_bearer, identify};
pub use member::{
    Acting, Admin, AdminOf, Caller, May, MayOn, Member, MemberOf, Owned, Owner, Public, SignedIn, Treasurer,
    Writer, WriterOf,
};
pub use origin::{Concerned, Seen};
pub use site::Site;
pub use step_up::{InBrowser, SteppedUp, things};
