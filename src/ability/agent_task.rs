//! Agent tasks.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::contract::Input;
use crate::task;
use crate::task::input::AgentTaskInput;
use serde_json::Value;
use std::sync::LazyLock;

static RESULT: LazyLock<Value> = LazyLock::new(task::result_schema);

pub const ROWS: &[Ability] = &[Ability {
    name: "wp-codebox/run-agent-task",
    aliases: &["wp-codebox/run-sandbox-task"],
    method: "run_agent_task",
    label: "Run an agent task",
    description: "Runs a task in a disposable WordPress and returns the result with a reviewable \
                  artifact bundle. Nothing of the parent site is changed.",
    input_schema: AgentTaskInput::schema,
    output_schema: || &RESULT,
    // Every run writes a bundle of its own.
    annotations: Annotations::ADDS,
    show_in_rest: true,
    permission: Permission::RunAgentTask,
    capability: "agent-task:run",
    cli: Some(Cli { command: "run-agent-task", aliases: &[], positional: None }),
    validate: validate_as::<AgentTaskInput>,
    run: task::run_agent_task,
}];
