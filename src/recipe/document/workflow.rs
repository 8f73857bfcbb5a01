//! `workflow`: the steps.

use crate::sandbox::QueryCapture;
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
    /// What is noted of the step while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<StepDiagnostics>,
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

/// What is noted of a step while it runs: it stands in its execution's `diagnostics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepDiagnostics {
    #[schemars(length(min = 1, max = 1))]
    pub capture: Vec<Noted>,
    /// Queries that are kept. Left out: 50.
    #[serde(rename = "maxItems", default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub max_items: Option<usize>,
    /// Bytes of JSON that they may take together. Left out: 64 KiB.
    #[serde(rename = "maxBytes", default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 524_288))]
    pub max_bytes: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Noted {
    /// What WordPress asks its database.
    WpdbQueries,
}

impl StepDiagnostics {
    /// What `wpdb-queries` asks for, with the defaults in.
    pub fn queries(&self) -> QueryCapture {
        QueryCapture {
            max_items: self.max_items.unwrap_or(QueryCapture::ITEMS),
            max_bytes: self.max_bytes.unwrap_or(QueryCapture::BYTES),
        }
    }
}
