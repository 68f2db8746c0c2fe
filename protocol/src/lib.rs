//! Types that cross the wire between Alumia's server, its browser interface and programs.
//!
//! JSON is `camelCase`, ids are `UUIDv7` strings, times are RFC 3339 UTC with milliseconds. The crate
//! holds no IO and builds for WebAssembly.
#![warn(missing_docs)]

pub mod agents;
pub mod apps;
pub mod audit;
pub mod billing;
pub mod blocks;
pub mod boards;
pub mod copies;
pub mod dataspec;
pub mod error;
pub mod events;
pub mod files;
pub mod ids;
pub mod keys;
pub mod models;
pub mod money;
pub mod orgs;
pub mod peers;
pub mod people;
pub mod presence;
pub mod projects;
pub mod security;
pub mod sessions;
pub mod share;
pub mod show;
pub mod time;
pub mod tools;

pub use error::{ApiError, ErrorCode, List, Success, TooManyRequests};
pub use ids::{
    AgentId, ApiKeyId, AuditId, BlockId, BoardId, BucketId, BudgetId, CallId, FileId, InviteId,
    LedgerEntryId, MessageId, OrgId, OwnKeyId, PaymentId, ProjectId, ReservationId, RunId, SessionId, StepId,
    TabId, TargetId, UserId, WorkspaceId,
};
pub use money::Microcredits;
pub use time::Timestamp;
