//! Letters to people, sent by jobs, so that one which could not be delivered is tried again.

mod links;
mod log;
mod mailbox;
mod model;
mod outbox;
mod smtp;

pub use links::Links;
pub use log::LogMail;
pub use mailbox::{Kept, Mailbox};
pub use model::{Letter, Mail, MailError};
pub use outbox::{LETTER_JOB, Outbox};
pub use smtp::Smtp;
