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

use super::manifest::to_value;
use super::paths::{AGENT_RESULT_PATH, AGENT_TASK_RESULT_PATH, COMPLETION_OUTCOME_PATH, TRANSCRIPT_PATH};
use super::staging::Staging;
use crate::artifact::changed_files::ChangedFiles;
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH};
use crate::artifact::{AgentRun, ArtifactError, Draft, Failure, Outcome, TestResults};
use crate::contract::CommandRecord;
use serde::Serialize;
use serde_json::{Map, Value};

/// What is known of a run once its changes are written.
pub struct Known<'a> {
    pub draft: &'a Draft,
    pub created_at: &'a str,
    /// Without secrets.
    pub commands: &'a [CommandRecord],
    pub changed: &'a ChangedFiles,
    pub patch: PatchFacts,
}

/// What decides how far the work got: read off a run, or off its bundle.
pub struct Facts<'a> {
    pub outcome: &'a Outcome,
    pub changed: &'a ChangedFiles,
    pub tests: TestResults,
    pub patch: PatchFacts,
    /// The agent's own commands.
    pub executions: Vec<Executed<'a>>,
}

/// A command of the agent's.
pub struct Executed<'a> {
    /// Its place in `commands.jsonl`.
    pub index: usize,
    pub command: &'a str,
    pub exit_code: i64,
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

impl Facts<'_> {
    fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Succeeded { .. } => None,
            Outcome::Failed { failure } => Some(failure),
        }
    }

    fn change_count(&self) -> ChangeCount {
        ChangeCount { count: self.changed.files.len() + self.changed.unlisted, artifact: CHANGED_FILES_PATH }
    }
}

impl Known<'_> {
    fn facts(&self, agent: &AgentRun) -> Facts<'_> {
        let executed = |(index, record): (usize, &CommandRecord)| (index, record.exit_code);
        let executions = self.executions(agent).map(executed);
        let executions = executions
            .map(|(index, exit_code)| Executed { index, command: &self.commands[index].command, exit_code })
            .collect();
        Facts {
            outcome: &self.draft.outcome,
            changed: self.changed,
            tests: self.draft.test_results.clone().unwrap_or_else(TestResults::unknown),
            patch: self.patch.clone(),
            executions,
        }
    }

    /// The agent's own commands with their places in `commands.jsonl`.
    fn executions<'k>(&'k self, agent: &'k AgentRun) -> impl Iterator<Item = (usize, &'k CommandRecord)> {
        self.commands.iter().enumerate().filter(|(_, command)| agent.commands.contains(&command.id))
    }
}

/// What follows from the facts, by the fields of a document: never believed, always worked out anew.
pub fn derived(facts: &Facts<'_>) -> [(&'static str, Map<String, Value>); 2] {
    let completion = completion::Completion::of(facts, completion::Origin::default());
    let result = result::AgentResult::of(facts, Vec::new());
    [
        (COMPLETION_OUTCOME_PATH, to_value(&completion), "provenance"),
        (AGENT_RESULT_PATH, to_value(&result), "artifacts"),
    ]
    .map(|(path, document, given)| {
        let mut fields = match document {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        fields.remove(given);
        (path, fields)
    })
}

/// Writes the documents.
pub fn write(agent: &AgentRun, known: &Known<'_>, staging: &mut Staging<'_>) -> Result<(), ArtifactError> {
    staging.json(TRANSCRIPT_PATH, "agent-transcript", &transcript::Transcript::of(agent, known))?;
    staging.repeats_file(TRANSCRIPT_PATH, "commands.jsonl");
    let facts = known.facts(agent);
    let further = result::Reference::of(&known.draft.attachments);
    staging.json(AGENT_RESULT_PATH, "agent-result", &result::AgentResult::of(&facts, further))?;
    staging.json(AGENT_TASK_RESULT_PATH, "agent-task-result", &result::AgentTaskResult::of(agent, &facts))?;
    staging.json(
        COMPLETION_OUTCOME_PATH,
        "completion-outcome",
        &completion::Completion::of(&facts, completion::Origin::of(known.draft)),
    )
}
