//! `artifacts`: what is kept, and how it is checked.

use super::switch::Switch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is kept besides what every bundle has, and how it is checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifacts {
    /// Host directory beneath which the bundle is written, relative to the recipe's file. Left out:
    /// the configured one. The caller's `artifacts_path` wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub directory: Option<String>,
    /// Whether the finished bundle is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Switch<Verification>>,
    /// Which changes a run may make in its workspaces.
    #[serde(rename = "workspacePolicy", default, skip_serializing_if = "Option::is_none")]
    pub workspace_policy: Option<Switch<WorkspacePolicy>>,
    /// Files of the sandbox that the bundle shall have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub paths: Vec<PathArtifact>,
    /// The same, with a type and perhaps a schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub typed: Vec<TypedArtifact>,
}

/// Whether the finished bundle is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    #[serde(default = "yes")]
    pub enabled: bool,
    /// A violation fails the run.
    #[serde(default)]
    pub strict: bool,
}

/// Which changes a run may make in its workspaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspacePolicy {
    #[serde(default = "yes")]
    pub enabled: bool,
    /// A violation fails the run.
    #[serde(default)]
    pub strict: bool,
    /// Paths, relative to a workspace, beneath which files may change. Left out: all.
    #[serde(rename = "writableRoots", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 4096)))]
    pub writable_roots: Vec<String>,
    /// Paths, relative to a workspace, beneath which nothing may change.
    #[serde(rename = "hiddenPaths", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 4096)))]
    pub hidden_paths: Vec<String>,
}

impl Default for Verification {
    fn default() -> Verification {
        Verification { enabled: true, strict: false }
    }
}

impl Default for WorkspacePolicy {
    fn default() -> WorkspacePolicy {
        WorkspacePolicy { enabled: true, strict: false, writable_roots: Vec::new(), hidden_paths: Vec::new() }
    }
}

/// A file of the sandbox that the bundle shall have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathArtifact {
    /// Unique among the declared artifacts.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Absolute sandbox path.
    #[schemars(length(max = 4096))]
    pub path: String,
    /// The run fails without it.
    #[serde(default)]
    pub required: bool,
    /// It must be JSON, which the result then has as data.
    #[serde(rename = "parseJson", default)]
    pub parse_json: bool,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// A file of the sandbox with a type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedArtifact {
    /// Unique among the declared artifacts.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The author's own word.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 200))]
    pub kind: String,
    /// Absolute sandbox path.
    #[schemars(length(max = 4096))]
    pub path: String,
    /// The run fails without it.
    #[serde(default)]
    pub required: bool,
    /// Media type.
    #[serde(rename = "contentType", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub content_type: Option<String>,
    /// It must be JSON, which the result then has as data.
    #[serde(rename = "parseJson", default)]
    pub parse_json: bool,
    /// JSON Schema that it must fit. At most 64 KiB of JSON.
    #[serde(rename = "payloadSchema", default, skip_serializing_if = "Option::is_none")]
    pub payload_schema: Option<Map<String, Value>>,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

fn yes() -> bool {
    true
}
