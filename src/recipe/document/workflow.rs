//! `workflow`: the steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The steps, in three groups. `after` runs whatever became of the other two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub before: Vec<WorkflowStep>,
    #[schemars(length(min = 1, max = 256))]
    pub steps: Vec<WorkflowStep>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub after: Vec<WorkflowStep>,
}

/// One command with its arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowStep {
    /// Name of a command, such as `wordpress.run-php`; `wp codebox commands` lists them.
    #[schemars(length(min = 1, max = 200))]
    pub command: String,
    /// `key=value` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 1_048_576)))]
    pub args: Vec<String>,
    /// Deadline of this step, milliseconds. The run's deadline still holds.
    #[serde(rename = "timeoutMs", default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub timeout_ms: Option<u64>,
    /// The author's own notes, kept with the step's result. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The workflow goes on if this step fails. The failure is in the result.
    #[serde(rename = "allowFailure", default)]
    pub allow_failure: bool,
    /// This step's failure says nothing about the run.
    #[serde(default)]
    pub advisory: bool,
}
