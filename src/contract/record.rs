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

/// Where a command's texts were cut, by a limit or because the command was stopped; `None` if they are
/// whole. What ends there may be the head of a secret. Bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCut {
    pub stdout: Option<usize>,
    pub stderr: Option<usize>,
}

impl OutputCut {
    /// Nobody knows where.
    pub const ANYWHERE: OutputCut = OutputCut { stdout: Some(0), stderr: Some(0) };
}

/// A line of `commands.jsonl`: one command that the sandbox carried out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandRecord {
    pub id: String,
    /// The fork of the sandbox that carried it out, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_id: Option<String>,
    pub command: String,
    #[serde(default)]
    pub args: Vec<String>,
    pub exit_code: i64,
    #[serde(default)]
    pub stdout: String,
    #[serde(default)]
    pub stderr: String,
    /// Where the two texts above were cut; a note on it may follow there.
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
