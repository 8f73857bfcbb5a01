//! What a run hands over when it ends: the raw material of a bundle, as plain data.

use super::redact::{Redactor, Tally};
use super::test_results::TestResults;
use crate::contract::{ChangeSet, CommandRecord, DatabaseFiles, Event, digest_hex, stable_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

const OBSERVATION_SCHEMA: &str = "wp-codebox/runtime-episode-observation/v1";

/// Everything that [`Store::write`](super::Store::write) turns into a bundle.
/// Make one with [`Draft::new`] and fill in what the run has.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The sandbox session that the bundle is evidence of.
    pub session_id: String,
    /// When the run ended. Written as `createdAt`.
    pub created_at: SystemTime,
    pub outcome: Outcome,
    pub runtime: RuntimeInfo,
    pub provenance: Provenance,
    /// Every mount of the sandbox, in the task's order: `changes[n].mount_index` points in here.
    pub mounts: Vec<MountRecord>,
    /// What the overlay holds, one set for each captured readwrite mount.
    pub changes: Vec<ChangeSet>,
    /// The sandbox's database, `None` if it has none.
    pub database: Option<DatabaseFiles>,
    pub events: Vec<Event>,
    pub commands: Vec<CommandRecord>,
    pub observations: Vec<Observation>,
    /// The runtime's own log, one line an entry.
    pub log: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// `None`: no test command ran, and the bundle says `unknown`.
    pub test_results: Option<TestResults>,
    /// What an agent did, if one was at work.
    pub agent: Option<AgentRun>,
    /// Further evidence, such as the attestation.
    pub attachments: Vec<Attachment>,
    pub limits: CaptureLimits,
    /// What takes secrets out of everything above.
    pub redactor: Arc<Redactor>,
    /// What it has taken out before the draft was made.
    pub redacted: Tally,
}

impl Draft {
    pub fn new(session_id: impl Into<String>, created_at: SystemTime, runtime: RuntimeInfo) -> Self {
        Draft {
            session_id: session_id.into(),
            created_at,
            outcome: Outcome::Succeeded { summary: None },
            runtime,
            provenance: Provenance::default(),
            mounts: Vec::new(),
            changes: Vec::new(),
            database: None,
            events: Vec::new(),
            commands: Vec::new(),
            observations: Vec::new(),
            log: Vec::new(),
            diagnostics: Vec::new(),
            test_results: None,
            agent: None,
            attachments: Vec::new(),
            limits: CaptureLimits::default(),
            redactor: Arc::default(),
            redacted: Tally::default(),
        }
    }
}

/// An agent's part of a run. The bundle tells of it in `files/transcript.json`,
/// `files/agent-result.json`, `files/agent-task-result.json` and `files/completion-outcome.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentRun {
    /// Ids of the commands that were its work, in their order.
    pub commands: Vec<String>,
    /// What the last of them returned.
    pub reply: Value,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum Outcome {
    Succeeded {
        #[serde(skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    Failed {
        failure: Failure,
    },
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// A stable code, e.g. `wp_codebox_run_timeout`.
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// The sandbox that ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeInfo {
    pub id: String,
    /// e.g. `wp-codebox-native`.
    pub backend: String,
    pub environment: Environment,
    pub created_at: String,
    /// `created` or `destroyed`.
    pub status: String,
}

/// What was booted in the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// `wordpress`.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// WordPress version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub php_version: Option<String>,
}

/// Where the work came from. Values must be sanitised already: names of secrets, never values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// The normalised task input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Value>,
    /// `wp-codebox/sandbox-workspace/v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Value>,
    /// `wp-codebox/package-provenance/v1` rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Value>,
    /// Connectors and settings by name, status, scope and source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inheritance: Option<Value>,
}

/// One mount of the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MountRecord {
    /// `directory` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The host path, where the mount has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Absolute sandbox path.
    pub target: String,
    /// `readonly` or `readwrite`.
    pub mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_artifacts: Option<bool>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub metadata: Value,
}

/// A line of `observations.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub data: Value,
    pub observed_at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifact_refs: Vec<Value>,
}

impl Observation {
    /// `wp-codebox/runtime-episode-observation/v1`.
    pub fn to_row(&self) -> Value {
        let digest = digest_hex([stable_json(&self.data).as_bytes()]);
        let mut row = json!(self);
        row["schema"] = OBSERVATION_SCHEMA.into();
        row["digest"] = json!({ "algorithm": "sha256", "value": digest });
        row
    }
}

/// Something that a reviewer should know about the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    pub id: String,
    /// e.g. `php-error`.
    #[serde(rename = "type")]
    pub kind: String,
    pub severity: Severity,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Notice,
    Info,
}

/// A file that the run adds to its bundle.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Beneath `files/`, e.g. `agent-result.json`. Refused if it is not a plain relative path or
    /// names a file that the bundle writes itself.
    pub path: String,
    /// The manifest's kind, e.g. `agent-transcript`.
    pub kind: String,
    pub content: AttachmentContent,
}

#[derive(Debug, Clone)]
pub enum AttachmentContent {
    /// Written as JSON, two spaces of indent and a final newline.
    Json(Value),
    /// `text/plain`.
    Text(String),
    Bytes {
        content_type: String,
        bytes: Vec<u8>,
    },
}

/// How much of a run goes into its bundle. What is left out is recorded in the bundle.
#[derive(Debug, Clone, Copy)]
pub struct CaptureLimits {
    /// A changed file that is larger, before or after, is recorded with its hashes but is not in
    /// the patch. Bytes.
    pub max_file_bytes: u64,
    /// Once the patch has grown to this size, further changes are recorded but not in it. Bytes.
    pub max_patch_bytes: u64,
    /// Once this many changes have been recorded, the rest is only counted.
    pub max_changed_files: usize,
}

impl Default for CaptureLimits {
    fn default() -> Self {
        CaptureLimits { max_file_bytes: 32 << 20, max_patch_bytes: 256 << 20, max_changed_files: 50_000 }
    }
}
