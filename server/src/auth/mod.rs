//! Who is calling, and the extractors that prove it.
//!
//! A handler can't get an [`OrgScope`](alumia_platform::OrgScope) but from one of these, and every service
//! that reads or writes an organisation's things takes one.

mod identify;
mod member;

pub use identify::{Credentials, has_bearer, identify};
pub use member::{Member, MemberOf, SignedIn};
