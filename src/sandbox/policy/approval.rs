//! Asking the parent before a command.

use super::super::command::{Command, HostToolCall};
use crate::contract::{Code, Refusal};
use serde::Serialize;
use serde_json::Value;

/// What the parent is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    pub runtime_id: String,
    pub command_id: String,
    pub command: String,
    /// `key=value`.
    pub args: Vec<String>,
    /// Whether the command can write.
    pub writes: bool,
}

impl Approval {
    pub(in crate::sandbox) fn of(command: &Command, runtime_id: &str, command_id: &str) -> Approval {
        Approval {
            runtime_id: runtime_id.to_owned(),
            command_id: command_id.to_owned(),
            command: command.name().to_owned(),
            args: command.arguments(),
            writes: command.can_write(),
        }
    }
}

/// The parent: who answers. Called on the thread that executes the command, before the command has any effect
/// and never while a guest runs.
pub trait Approver {
    /// Only `Ok(true)` lets the command go on. An error is a no with a reason.
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal>;

    /// Calls a tool of the parent's, which the policy allows. An error is its failure.
    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        Err(Refusal::new(Code::HostToolFailed, format!("Nobody is there to call {}.", call.tool)))
    }
}

/// Nobody is there to ask: every answer is no.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

impl Approver for Unattended {
    fn approve(&mut self, _: &Approval) -> Result<bool, Refusal> {
        Ok(false)
    }
}
