//! Files of a project's folder.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// One entry of a project's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Path below the project's folder, `/`-separated, without a leading slash.
    pub path: String,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// When its content last changed.
    pub modified_at: Timestamp,
}
