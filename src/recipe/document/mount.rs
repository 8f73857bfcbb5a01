//! A mount: `inputs.mounts[]` and `runtime.stack.mounts[]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A host directory or file in the sandbox. The host's copy is never written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// What the source must be. Left out: whatever it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MountType>,
    /// Host path, relative to the recipe's file.
    #[schemars(length(max = 4096))]
    pub source: String,
    /// Absolute sandbox path, such as `/wordpress/wp-content/plugins/example`.
    #[schemars(length(max = 4096))]
    pub target: String,
    /// Whether the sandbox may change its copy. Left out: `readwrite` in `inputs.mounts`, `readonly`
    /// in `runtime.stack.mounts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<MountMode>,
    /// Whether changes beneath a `readwrite` mount belong to the artifact. Left out: they do.
    #[serde(rename = "captureArtifacts", default, skip_serializing_if = "Option::is_none")]
    pub capture_artifacts: Option<bool>,
    /// When it is attached: always onto an installed WordPress, before anything of the recipe runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<MountPhase>,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountType {
    Directory,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountMode {
    Readonly,
    Readwrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MountPhase {
    PostInstall,
}
