//! `manifest.json`: the table of contents, with a hash for every file.

use super::paths::MANIFEST_PATH;
use crate::artifact::digest::{ContentDigest, FileDigest, manifest_self_hash};
use crate::artifact::{Found, RuntimeInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub id: String,
    pub content_digest: ContentDigest,
    pub created_at: String,
    pub runtime: RuntimeInfo,
    /// Every file of the bundle, this one first.
    pub files: Vec<ManifestFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestFile {
    pub path: String,
    /// e.g. `patch`, `changed-files`, `log`.
    pub kind: String,
    pub content_type: String,
    pub sha256: FileDigest,
    /// What was taken out of it. Left out: nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<FileRedaction>,
}

/// What was taken out of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRedaction {
    pub policy: RedactionPolicy,
    /// The kinds of secrets that were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedactionPolicy {
    /// There was nothing to take out.
    None,
    /// Something is to be taken out before the file is shown. Never written, but read.
    Required,
    /// Secrets were replaced.
    Applied,
}

impl ManifestFile {
    /// The manifest's own row, with the hash that is replaced when all else is there; `found` was
    /// redacted in it.
    pub fn own(found: &Found) -> ManifestFile {
        ManifestFile {
            path: MANIFEST_PATH.into(),
            kind: "manifest".into(),
            content_type: "application/json".into(),
            sha256: FileDigest::sha256("0".repeat(64)),
            redaction: Some(FileRedaction::of(found)),
        }
    }
}

impl FileRedaction {
    pub fn of(found: &Found) -> FileRedaction {
        if found.is_empty() {
            return FileRedaction { policy: RedactionPolicy::None, reason: None };
        }
        let kinds = found.kinds().collect::<Vec<_>>().join(", ");
        FileRedaction { policy: RedactionPolicy::Applied, reason: Some(format!("Replaced: {kinds}.")) }
    }
}

impl Manifest {
    /// `manifest.json`, with the manifest's own entry added and sealed; `found` was redacted in it.
    pub fn sealed(mut self, found: &Found) -> Value {
        self.files.insert(0, ManifestFile::own(found));
        let mut manifest = to_value(&self);
        manifest["files"][0]["sha256"]["value"] = manifest_self_hash(&manifest).into();
        manifest
    }
}

/// A type of ours as JSON.
pub fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("maps have string keys and numbers are finite")
}

/// Two spaces of indent and a final newline.
pub fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a JSON value serialises");
    bytes.push(b'\n');
    bytes
}
