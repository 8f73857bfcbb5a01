//! `metadata.json` and `files/outcome.json`: what ran, why, and how it ended.

use super::paths::{
    AGENT_RESULT_PATH, AGENT_TASK_RESULT_PATH, BLUEPRINT_NOTES_PATH, BLUEPRINT_PATH, COMPLETION_OUTCOME_PATH,
    MOUNTED_FILES_PATH, OUTCOME_PATH, TRANSCRIPT_PATH,
};
use crate::artifact::digest::ContentDigest;
use crate::artifact::{MountRecord, Outcome, Provenance, Redaction, RuntimeInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of `files/outcome.json`.
pub const ARTIFACT_OUTCOME_SCHEMA: &str = "wp-codebox/artifact-outcome/v1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub id: String,
    pub content_digest: ContentDigest,
    pub created_at: String,
    pub session_id: String,
    pub runtime: RuntimeInfo,
    pub provenance: Provenance,
    pub mounts: Vec<MountRecord>,
    pub outcome: Outcome,
    /// Where in the bundle the parts are.
    pub artifacts: ArtifactPaths,
    /// What was taken out of the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
}

/// Paths in the bundle by what they hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactPaths {
    pub changed_files: String,
    pub patch: String,
    pub mount_diffs: String,
    pub review: String,
    pub test_results: String,
    pub diagnostics: String,
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounted_files: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint_after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint_after_notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_changes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_task_result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_outcome: Option<String>,
}

impl ArtifactPaths {
    /// With the documents of a run that had an agent.
    pub fn with_agent(self) -> ArtifactPaths {
        ArtifactPaths {
            transcript: Some(TRANSCRIPT_PATH.into()),
            agent_result: Some(AGENT_RESULT_PATH.into()),
            agent_task_result: Some(AGENT_TASK_RESULT_PATH.into()),
            completion_outcome: Some(COMPLETION_OUTCOME_PATH.into()),
            ..self
        }
    }
}

impl Default for ArtifactPaths {
    fn default() -> Self {
        ArtifactPaths {
            changed_files: "files/changed-files.json".into(),
            patch: "files/patch.diff".into(),
            mount_diffs: "files/diffs.json".into(),
            review: "files/review.json".into(),
            test_results: "files/test-results.json".into(),
            diagnostics: "files/diagnostics.json".into(),
            outcome: OUTCOME_PATH.into(),
            mounted_files: Some(MOUNTED_FILES_PATH.into()),
            blueprint_after: Some(BLUEPRINT_PATH.into()),
            blueprint_after_notes: Some(BLUEPRINT_NOTES_PATH.into()),
            database_changes: None,
            transcript: None,
            agent_result: None,
            agent_task_result: None,
            completion_outcome: None,
        }
    }
}

/// The content of `files/outcome.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeFile {
    pub schema: String,
    pub session_id: String,
    pub created_at: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}
