//! `manifest.json`: the table of contents, with a hash for every file.

use crate::artifact::RuntimeInfo;
use crate::artifact::digest::{ContentDigest, FileDigest, manifest_self_hash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub const MANIFEST_PATH: &str = "manifest.json";

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
}

impl Manifest {
    /// The bytes of `manifest.json`, with the manifest's own entry added and sealed.
    pub fn seal(mut self) -> Vec<u8> {
        let own = ManifestFile {
            path: MANIFEST_PATH.into(),
            kind: "manifest".into(),
            content_type: "application/json".into(),
            sha256: FileDigest::sha256("0".repeat(64)),
        };
        self.files.insert(0, own);
        let as_value = to_value(&self);
        self.files[0].sha256.value = manifest_self_hash(&as_value);
        pretty(&to_value(&self))
    }
}

/// A type of ours as JSON.
pub(super) fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("maps have string keys and numbers are finite")
}

/// Two spaces of indent and a final newline.
pub(super) fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a JSON value serialises");
    bytes.push(b'\n');
    bytes
}
