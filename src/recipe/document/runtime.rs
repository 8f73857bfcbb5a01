//! `runtime`: the WordPress and the PHP that run.

use super::mount::Mount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The WordPress and the PHP that run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Both words mean the one backend that there is.
    #[serde(default)]
    pub backend: Backend,
    /// The author's name for this runtime, kept in the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    /// WordPress version, such as `7.1`, or `latest`. Left out: the parent's own files, or the
    /// runtime pack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub wp: Option<String>,
    /// PHP version, such as `8.3`. It must be the runtime pack's.
    #[serde(rename = "phpVersion", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub php_version: Option<String>,
    /// Every word of it ends in an installed WordPress.
    #[serde(rename = "wordpressInstallMode", default, skip_serializing_if = "Option::is_none")]
    pub install_mode: Option<InstallMode>,
    /// A Playground blueprint that is carried out before anything else. At most 1 MiB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Map<String, Value>>,
    /// Another WordPress than the runtime pack's or the parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<Assets>,
    /// What is mounted before everything else.
    #[serde(default)]
    pub stack: Stack,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    #[default]
    Wordpress,
    WordpressPlayground,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InstallMode {
    InstallFromExistingFiles,
    InstallFromExistingFilesIfNeeded,
}

/// A WordPress of the recipe's own: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assets {
    /// Directory with the core's files.
    #[serde(rename = "wordpressDirectory", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub wordpress_directory: Option<String>,
    /// Zip of a WordPress, as it is released. It is unpacked once, into the cache.
    #[serde(rename = "wordpressZip", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub wordpress_zip: Option<String>,
    /// SHA-256 of the zip, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub sha256: Option<String>,
}

/// What is mounted before everything else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Read-only unless a mount says otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub mounts: Vec<Mount>,
}
