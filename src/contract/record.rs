//! What a sandbox writes down while it lives: its lifecycle events and the commands it carried out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    pub id: String,
    /// e.g. `runtime.command.finished`.
    #[serde(rename = "type")]
    pub kind: String,
    pub timestamp: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// How many bytes of a command's texts were kept before the note that says how many were not; `None`
/// if all were. What ends there may be the head of a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCut {
    pub stdout: Option<usize>,
    pub stderr: Option<usize>,
}

/// A line of `commands.jsonl`: one command that the sandbox carried out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandRecord {
    pub id: String,
    pub command: String,
    #[serde(default)]
    pub args: Vec<String>,
    pub exit_code: i64,
    #[serde(default)]
    pub stdout: String,
    #[serde(default)]
    pub stderr: String,
    /// Where the limit of output cut the two texts above; a note on it follows there.
    #[serde(skip)]
    pub cut: OutputCut,
    /// `wp-codebox/runtime-command-result/v1`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub result: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub diagnostics: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifact_refs: Vec<Value>,
    pub started_at: String,
    pub finished_at: String,
}
