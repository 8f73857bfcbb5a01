//! The rows of changed-files.json as whoever applies them reads them: bundles of other makings have
//! fewer fields, and what is missing here is never taken for granted.

use super::error::ApplyError;
use crate::artifact::path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One changed file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedRow {
    /// What an approval names.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Bundles of another making do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_index: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    #[serde(default, rename = "beforeSha256", skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
    #[serde(default, rename = "afterSha256", skip_serializing_if = "Option::is_none")]
    pub after_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_mode: Option<String>,
    /// Bytes afterwards, or before if it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Lines before, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_lines: Option<u64>,
    /// Lines that went and came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_lines: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_lines: Option<u64>,
    /// Whether one side is not text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// A secret was replaced in what the bundle has of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// A limit cut what the bundle has of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Why the patch does not carry it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_encoding: Option<String>,
}

/// Every row of the document.
pub fn rows(document: &[u8]) -> Result<Vec<ChangedRow>, ApplyError> {
    let invalid = |why: String| ApplyError::ChangedFilesInvalid(why);
    let document: Value = serde_json::from_slice(document).map_err(|e| invalid(e.to_string()))?;
    let Some(Value::Array(files)) = document.get("files") else {
        return Err(invalid("`files` is no list".into()));
    };
    files
        .iter()
        .enumerate()
        .map(|(i, row)| ChangedRow::deserialize(row).map_err(|e| invalid(format!("files.{i}: {e}"))))
        .collect()
}

impl ChangedRow {
    /// The path in the patch, or the two that it could have there. In rows of another making
    /// `patchPath` may be the name of a patch in the bundle, and says nothing.
    pub fn patch_paths(&self) -> Vec<Vec<u8>> {
        let relative = self.relative_path.as_deref();
        let names = match &self.patch_path {
            Some(path) if self.kind.is_some() => vec![path.as_str()],
            None if self.omitted.is_some() => Vec::new(),
            _ => relative.into_iter().chain([self.path.as_str()]).collect(),
        };
        let mut paths: Vec<Vec<u8>> = names
            .into_iter()
            .map(|name| self.bytes(name.trim_start_matches('/')))
            .filter(|path| !path.is_empty())
            .collect();
        paths.dedup();
        paths
    }

    /// The path in the patch of the file before it was renamed.
    pub fn renamed_patch_path(&self) -> Option<Vec<u8>> {
        let from = self.before_path()?;
        let (new, relative) = (self.patch_paths().into_iter().next()?, self.relative()?);
        let prefix = new.strip_suffix(relative.as_slice())?;
        Some([prefix, &from].concat())
    }

    /// Relative to the mount.
    pub fn relative(&self) -> Option<Vec<u8>> {
        self.relative_path.as_deref().map(|path| self.bytes(path)).filter(|path| !path.is_empty())
    }

    /// Where in the mount the file was before it was renamed.
    pub fn before_path(&self) -> Option<Vec<u8>> {
        let target = self.mount_target.as_deref()?.trim_end_matches('/');
        let from = self.bytes(self.renamed_from.as_deref()?);
        Some(from.strip_prefix(target.as_bytes())?.strip_prefix(b"/")?.to_vec())
    }

    pub fn is_deletion(&self) -> bool {
        matches!(self.status.as_deref(), Some("deleted" | "removed"))
    }

    /// Whether its owner could execute it before, if the row says so.
    pub fn was_executable(&self) -> Option<bool> {
        let mode = u32::from_str_radix(self.before_mode.as_deref()?, 8).ok()?;
        Some(mode & 0o100 != 0)
    }

    /// Whether what was a file is none afterwards: others can be beneath its name then.
    pub fn makes_room(&self) -> bool {
        self.is_deletion() || self.kind.as_deref() == Some("directory")
    }

    /// Whether content that the bundle does not have would be needed.
    pub fn is_unusable(&self) -> bool {
        self.redacted || self.truncated
    }

    /// Whether its name was a secret: what stands in its place names nothing.
    pub fn is_unnamed(&self) -> bool {
        self.kind.is_some() && self.redacted && self.omitted.as_deref() == Some("secret")
    }

    /// Whether the patch carries the change.
    pub fn is_carried(&self) -> bool {
        self.omitted.is_none()
    }

    /// What an adapter may call the file besides its path.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        [&self.relative_path, &self.patch_path].into_iter().flatten().map(String::as_str)
    }

    pub fn bytes(&self, text: &str) -> Vec<u8> {
        match self.path_encoding.as_deref() {
            Some("percent") => path::decode(text),
            _ => text.as_bytes().to_vec(),
        }
    }
}
