//! `files/changed-files.json`: which files the sandbox changed, and what can be said of each
//! without its content.

use super::digest::FileDigest;
use crate::contract::is_default;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of [`ChangedFiles`].
pub const CHANGED_FILES_SCHEMA: &str = "wp-codebox/changed-files/v1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFiles {
    pub schema: String,
    pub files: Vec<ChangedFile>,
    /// How many changes are not listed because the limit was reached.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlisted: usize,
    /// Changes that their mounts exclude from bundles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub excluded: usize,
    /// Digest over every other payload file of the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<FileDigest>,
    /// Digest over review and metadata, without what they say of the bundle's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusions: Option<FileDigest>,
}

/// One change. Paths are text; `%XX` stands for a byte that is not UTF-8 (see `pathEncoding`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    /// Absolute sandbox path: what an approval names.
    pub path: String,
    /// Relative to the mount's target.
    pub relative_path: String,
    /// What `files/patch.diff` calls it; absent if the patch does not carry the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_path: Option<String>,
    pub mount_index: usize,
    pub mount_target: String,
    pub status: ChangeStatus,
    /// Absolute sandbox path of the file before it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// What it is now, or was if it was deleted.
    pub kind: NodeKind,
    #[serde(rename = "beforeSha256", skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
    #[serde(rename = "afterSha256", skip_serializing_if = "Option::is_none")]
    pub after_sha256: Option<String>,
    /// Six octal digits, type and permissions, e.g. `100640`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_mode: Option<String>,
    /// Bytes, of what it is now, or was if it was deleted.
    pub size: u64,
    /// Lines of text before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_lines: Option<u64>,
    /// How many of them went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_lines: Option<u64>,
    /// How many lines came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_lines: Option<u64>,
    /// Whether one side is not text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub binary: bool,
    /// A secret was replaced in what the bundle shows of it. Never applied back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redacted: bool,
    /// A limit kept the content out of the bundle. Never applied back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub truncated: bool,
    /// Why the patch does not carry the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omitted: Option<Omission>,
    /// `percent`: the paths of this entry contain `%XX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_encoding: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
}

impl ChangeStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeStatus::Added => "added",
            ChangeStatus::Modified => "modified",
            ChangeStatus::Deleted => "deleted",
            ChangeStatus::Renamed => "renamed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    File,
    Symlink,
    Directory,
}

/// Why a change is in this list and not in the patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Omission {
    /// A patch knows no directories.
    Directory,
    /// A patch knows no permission but "executable".
    PermissionsOnly,
    /// The name is, or on some file system is taken for, git's own.
    GitInternal,
    /// The file is larger than the limit.
    FileTooLarge,
    /// The patch had reached its limit.
    PatchFull,
    /// A secret stands in it, and it is not text of which a part could be shown.
    Secret,
    /// The content could not be read when the bundle was written.
    Unreadable,
}

impl Omission {
    /// Whether a limit, rather than the nature of patches, kept the change out.
    pub fn is_truncation(self) -> bool {
        matches!(self, Omission::FileTooLarge | Omission::PatchFull | Omission::Unreadable)
    }
}
