//! `inputs.workspaces[]`: directories to work in.

use super::mount::MountMode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A directory to work in. What is changed in it belongs to the artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Absolute sandbox path. Left out for a scaffold: the plugin's or theme's own directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub target: Option<String>,
    /// Left out: `readwrite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<MountMode>,
    /// Where the files come from, for the record.
    #[serde(rename = "sourceMode", default, skip_serializing_if = "Option::is_none")]
    pub source_mode: Option<SourceMode>,
    pub seed: WorkspaceSeed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceMode {
    RepoBacked,
    SiteBacked,
}

/// What a workspace begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceSeed {
    #[serde(rename = "type")]
    pub kind: SeedSource,
    /// Directory name of a scaffold, in `a-z`, `0-9` and `-`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub slug: Option<String>,
    /// The plugin's or theme's name. Left out: made of the slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    /// Host directory, relative to the recipe's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source: Option<String>,
    /// Paths in the directory that the sandbox does not see.
    #[serde(rename = "excludePaths", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 4096)))]
    pub exclude_paths: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeedSource {
    PluginScaffold,
    ThemeScaffold,
    Directory,
}
