//! Named snapshots of a sandbox, which the commands `wp-codebox.checkpoint-*` make and return to.
//!
//! Invariant: what a sandbox keeps is bounded, in number and in bytes.

use super::command::Failure;
use super::error::SandboxError;
use super::site::Snapshot;
use crate::contract::{Code, iso8601};
use crate::engine::Stop;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub const CHECKPOINT_RESULT_SCHEMA: &str = "wp-codebox/runtime-checkpoint-result/v1";
pub const CHECKPOINT_FAILURE_SCHEMA: &str = "wp-codebox/runtime-checkpoint-failure/v1";

/// Checkpoints that one sandbox keeps.
const CHECKPOINTS_MAX: usize = 32;

/// The checkpoints of one sandbox, in the order in which they were made.
#[derive(Default)]
pub(super) struct Checkpoints(Vec<Kept>);

struct Kept {
    checkpoint: Checkpoint,
    snapshot: Snapshot,
}

/// A checkpoint, as results and events show it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    pub name: String,
    /// Of the snapshot behind it.
    pub id: String,
    pub created_at: String,
    /// `replayable-runtime-state`.
    pub semantics: &'static str,
    /// Its maker's.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// `wp-codebox/runtime-checkpoint-result/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckpointResult {
    pub schema: &'static str,
    pub status: CheckpointStatus,
    pub operation: CheckpointOperation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<Vec<Checkpoint>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckpointStatus {
    Created,
    Restored,
    Listed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckpointOperation {
    Create,
    Restore,
    List,
}

/// `wp-codebox/runtime-checkpoint-failure/v1`: the data of a failed command.
#[derive(Serialize)]
struct CheckpointFailure<'a> {
    schema: &'static str,
    status: FailureStatus,
    operation: CheckpointOperation,
    backend: &'static str,
    name: &'a str,
    code: &'static str,
    message: &'a str,
    /// Whether this backend has checkpoints at all.
    supported: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FailureStatus {
    NotFound,
    Failed,
}

impl CheckpointResult {
    pub(super) fn of_one(operation: CheckpointOperation, checkpoint: Checkpoint) -> CheckpointResult {
        let status = match operation {
            CheckpointOperation::Create => CheckpointStatus::Created,
            _ => CheckpointStatus::Restored,
        };
        CheckpointResult { checkpoint: Some(checkpoint), ..CheckpointResult::empty(operation, status) }
    }

    fn empty(operation: CheckpointOperation, status: CheckpointStatus) -> CheckpointResult {
        CheckpointResult {
            schema: CHECKPOINT_RESULT_SCHEMA,
            status,
            operation,
            checkpoint: None,
            checkpoints: None,
        }
    }
}

impl Checkpoints {
    /// Whether one more of this name can be kept, before it costs anything to make it.
    pub(super) fn make_room(&self, name: &str) -> Result<(), Failure> {
        if self.others(name).count() < CHECKPOINTS_MAX {
            return Ok(());
        }
        Err(exhausted(name, &format!("A sandbox keeps at most {CHECKPOINTS_MAX} checkpoints.")))
    }

    /// Keeps a snapshot under a name, in place of one of the same name. `room` is what all of them
    /// together may keep in memory, bytes.
    pub(super) fn keep(
        &mut self,
        name: &str,
        metadata: Map<String, Value>,
        snapshot: Snapshot,
        room: u64,
    ) -> Result<Checkpoint, Failure> {
        self.make_room(name)?;
        let others = self.others(name).map(|kept| &kept.snapshot);
        if Snapshot::bytes(others.chain([&snapshot])) > room {
            let limit =
                format!("The sandbox's checkpoints would keep more than {} MiB in memory.", room >> 20);
            return Err(exhausted(name, &limit));
        }
        let checkpoint = Checkpoint {
            name: name.to_owned(),
            id: snapshot.id().to_owned(),
            created_at: iso8601(snapshot.created_at()),
            semantics: Snapshot::SEMANTICS,
            metadata,
        };
        self.0.retain(|kept| kept.checkpoint.name != name);
        self.0.push(Kept { checkpoint: checkpoint.clone(), snapshot });
        Ok(checkpoint)
    }

    pub(super) fn find(&self, name: &str) -> Result<(Checkpoint, Snapshot), Failure> {
        let found = self.0.iter().find(|kept| kept.checkpoint.name == name);
        found.map(|kept| (kept.checkpoint.clone(), kept.snapshot.clone())).ok_or_else(|| {
            let (code, status) = (Code::RuntimeCheckpointNotFound, FailureStatus::NotFound);
            failure(
                CheckpointOperation::Restore,
                name,
                code,
                status,
                &format!("There is no checkpoint {name}."),
            )
        })
    }

    pub(super) fn list(&self) -> CheckpointResult {
        let checkpoints = self.0.iter().map(|kept| kept.checkpoint.clone()).collect();
        let result = CheckpointResult::empty(CheckpointOperation::List, CheckpointStatus::Listed);
        CheckpointResult { checkpoints: Some(checkpoints), ..result }
    }

    /// Those that one of this name would not replace.
    fn others<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Kept> {
        self.0.iter().filter(move |kept| kept.checkpoint.name != name)
    }
}

/// The sandbox could not be kept, or could not return.
pub(super) fn failed(operation: CheckpointOperation, name: &str, error: SandboxError) -> Failure {
    let code = match &error {
        SandboxError::Stopped(stop @ (Stop::Deadline | Stop::Interrupted)) => stop.code(),
        _ => Code::RuntimeCheckpointFailed,
    };
    failure(operation, name, code, FailureStatus::Failed, &error.to_string())
}

fn exhausted(name: &str, message: &str) -> Failure {
    let (code, status) = (Code::RuntimeCheckpointsExhausted, FailureStatus::Failed);
    failure(CheckpointOperation::Create, name, code, status, message)
}

fn failure(
    operation: CheckpointOperation,
    name: &str,
    code: Code,
    status: FailureStatus,
    message: &str,
) -> Failure {
    let data = CheckpointFailure {
        schema: CHECKPOINT_FAILURE_SCHEMA,
        status,
        operation,
        backend: super::BACKEND,
        name,
        code: code.as_str(),
        message,
        supported: true,
    };
    Failure { code, message: message.to_owned(), data: json!(data) }
}
