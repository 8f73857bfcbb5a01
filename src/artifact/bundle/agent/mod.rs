//! What an agent did, said and left, for programs that decide what happens next: four documents.
//!
//! In: the draft, what of it changed, and its commands without secrets. Out: JSON in `files/`.
//!
//! Invariant: what a document claims is read off the run, not off what the agent says of itself;
//! its own words stand in `raw`, `outputs` and the transcript alone.

mod completion;
mod result;
mod transcript;

pub use completion::COMPLETION_OUTCOME_SCHEMA;
pub use result::{AGENT_RESULT_SCHEMA, AGENT_TASK_RESULT_SCHEMA};
pub use transcript::AGENT_TRANSCRIPT_SCHEMA;

use super::paths::{AGENT_RESULT_PATH, AGENT_TASK_RESULT_PATH, COMPLETION_OUTCOME_PATH, TRANSCRIPT_PATH};
use super::staging::Staging;
use crate::artifact::changed_files::ChangedFiles;
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH};
use crate::artifact::{AgentRun, ArtifactError, Draft, Failure, Outcome};
use crate::contract::CommandRecord;
use serde::Serialize;

/// What is known of a run once its changes are written.
pub struct Known<'a> {
    pub draft: &'a Draft,
    pub created_at: &'a str,
    /// Without secrets.
    pub commands: &'a [CommandRecord],
    pub changed: &'a ChangedFiles,
    pub patch: PatchFacts,
}

/// The combined patch as it is written.
#[derive(Debug, Clone, Serialize)]
pub struct PatchFacts {
    pub bytes: u64,
    pub sha256: String,
    pub artifact: &'static str,
}

impl PatchFacts {
    pub fn new(bytes: u64, sha256: String) -> PatchFacts {
        PatchFacts { bytes, sha256, artifact: PATCH_PATH }
    }
}

/// How many files changed, and where they are listed.
#[derive(Debug, Serialize)]
struct ChangeCount {
    count: usize,
    artifact: &'static str,
}

impl Known<'_> {
    fn failure(&self) -> Option<&Failure> {
        match &self.draft.outcome {
            Outcome::Succeeded { .. } => None,
            Outcome::Failed { failure } => Some(failure),
        }
    }

    fn change_count(&self) -> ChangeCount {
        ChangeCount { count: self.changed.files.len() + self.changed.unlisted, artifact: CHANGED_FILES_PATH }
    }

    /// The agent's own commands with their places in `commands.jsonl`.
    fn executions<'k>(&'k self, agent: &'k AgentRun) -> impl Iterator<Item = (usize, &'k CommandRecord)> {
        self.commands.iter().enumerate().filter(|(_, command)| agent.commands.contains(&command.id))
    }
}

/// Writes the documents.
pub fn write(agent: &AgentRun, known: &Known<'_>, staging: &mut Staging<'_>) -> Result<(), ArtifactError> {
    staging.json(TRANSCRIPT_PATH, "agent-transcript", &transcript::Transcript::of(agent, known))?;
    staging.repeats_file(TRANSCRIPT_PATH, "commands.jsonl");
    staging.json(AGENT_RESULT_PATH, "agent-result", &result::AgentResult::of(agent, known))?;
    staging.json(AGENT_TASK_RESULT_PATH, "agent-task-result", &result::AgentTaskResult::of(agent, known))?;
    staging.json(COMPLETION_OUTCOME_PATH, "completion-outcome", &completion::Completion::of(agent, known))
}
