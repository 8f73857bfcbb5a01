//! `inputs.extra_plugins[]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A plugin from a host directory or a zip. It is mounted read-only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraPlugin {
    /// Host path of a directory or a zip, relative to the recipe's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source: Option<String>,
    /// Another name for `source`.
    #[serde(rename = "sourcePath", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source_path: Option<String>,
    /// Directory within the source that is the plugin.
    #[serde(rename = "sourceSubdir", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source_subdir: Option<String>,
    /// Directory name inside. Left out: that of the plugin file, or of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub slug: Option<String>,
    /// `<slug>/<file>.php`. Left out: the one file with a plugin header.
    #[serde(rename = "pluginFile", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub plugin_file: Option<String>,
    /// Left out: it is activated. A must-use plugin is always active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activate: Option<bool>,
    /// As what WordPress loads it.
    #[serde(rename = "loadAs", default)]
    pub load_as: LoadAs,
    /// Digest that a zip must have, in lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub sha256: Option<String>,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadAs {
    #[default]
    Plugin,
    MuPlugin,
}
