//! `inputs`: what is put into the sandbox before the first step.

use super::fixture::{FixtureDatabase, FixtureUser};
use super::mount::Mount;
use super::plugin::ExtraPlugin;
use super::plugin_runtime::PluginRuntime;
use super::seed::SiteSeed;
use super::workspace::Workspace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is put into the sandbox before the first step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Host directories and files that the sandbox sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub mounts: Vec<Mount>,
    /// Directories to work in, made from a scaffold or a directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub workspaces: Vec<Workspace>,
    /// Plugins, activated in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub extra_plugins: Vec<ExtraPlugin>,
    /// Host files and directories that are copied to a place inside.
    #[serde(rename = "stagedFiles", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub staged_files: Vec<StagedFile>,
    /// Variables of the sandbox's environment. Not for secrets: they are kept in the artifact.
    #[serde(rename = "runtimeEnv", default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 256))]
    pub runtime_env: BTreeMap<String, String>,
    /// Names of variables of the parent's environment that the sandbox's environment shall have.
    /// Their values are kept out of everything that leaves the sandbox.
    #[serde(rename = "secretEnv", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 128)))]
    pub secret_env: Vec<String>,
    /// Content that is imported before the workflow.
    #[serde(rename = "siteSeeds", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub site_seeds: Vec<SiteSeed>,
    /// SQL files that are imported before the site seeds.
    #[serde(rename = "fixtureDatabases", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub fixture_databases: Vec<FixtureDatabase>,
    /// Users that are there before the site seeds.
    #[serde(rename = "fixtureUsers", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub fixture_users: Vec<FixtureUser>,
    /// What the plugins need to run: settings of PHP, constants, commands, and probes.
    #[serde(rename = "pluginRuntime", default, skip_serializing_if = "Option::is_none")]
    pub plugin_runtime: Option<PluginRuntime>,
}

/// A host file or directory that is copied to a place inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StagedFile {
    /// Host path, relative to the recipe's file.
    #[schemars(length(max = 4096))]
    pub source: String,
    /// Absolute sandbox path.
    #[schemars(length(max = 4096))]
    pub target: String,
}
