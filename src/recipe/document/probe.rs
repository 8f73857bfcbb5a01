//! `probes[]`: asked after the workflow.

use super::workflow::WorkflowStep;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A step that is asked after the workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Unique among the probes.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    pub step: WorkflowStep,
    /// Its output must be JSON, which the result then has as data.
    #[serde(rename = "expectJson", default)]
    pub expect_json: bool,
    /// Its failure is in the result, but does not fail the run.
    #[serde(rename = "allowFailure", default)]
    pub allow_failure: bool,
    /// The author's own notes, kept with the probe's result. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}
