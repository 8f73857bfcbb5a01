//! `inputs.pluginRuntime`: what a heavyweight plugin needs to run.

use super::workflow::WorkflowStep;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Settings of PHP, constants, set-up commands, and probes that must hold before the workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginRuntime {
    /// The author's name for this stack, kept in the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub label: Option<String>,
    #[serde(default)]
    pub php: PhpSettings,
    /// Constants for wp-config.php.
    #[serde(rename = "wpConfigDefines", default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "scalars")]
    pub wp_config_defines: Map<String, Value>,
    /// Executed in this order, after the plugins were activated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub setup: Vec<WorkflowStep>,
    /// Executed in this order, after the setup.
    #[serde(rename = "healthProbes", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub health_probes: Vec<HealthProbe>,
}

/// Settings of PHP.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhpSettings {
    /// `memory_limit`: digits with `K`, `M` or `G`.
    #[serde(rename = "memoryLimit", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub memory_limit: Option<String>,
    /// `max_execution_time`, seconds, 0 to 3600. The deadline of the run holds whatever it says.
    #[serde(rename = "maxExecutionTime", default, skip_serializing_if = "Option::is_none")]
    pub max_execution_time: Option<i64>,
    /// Set with `ini_set()` before WordPress loads.
    #[serde(rename = "iniEntries", default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "scalars")]
    pub ini_entries: Map<String, Value>,
    /// Set in php.ini: settings that only take effect when PHP starts.
    #[serde(rename = "bootstrapIniEntries", default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "scalars")]
    pub bootstrap_ini_entries: Map<String, Value>,
}

/// What must hold before the workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthProbe {
    #[schemars(length(max = 200))]
    pub name: String,
    /// `plugin-active`, `php` or `wp-cli`.
    #[serde(rename = "type")]
    #[schemars(length(max = 200))]
    pub kind: String,
    /// For `plugin-active`: the file that must be active.
    #[serde(rename = "pluginFile", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub plugin_file: Option<String>,
    /// For `php`: code that throws if something is amiss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_048_576))]
    pub code: Option<String>,
    /// For `wp-cli`: a command that must succeed, without the leading `wp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub command: Option<String>,
}

/// An object of strings, numbers, booleans and null. What else is in one is named when the recipe
/// is validated.
fn scalars(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 256,
        "additionalProperties": {
            "anyOf": [{ "type": "string" }, { "type": "number" }, { "type": "boolean" }, { "type": "null" }],
        },
    })
}
