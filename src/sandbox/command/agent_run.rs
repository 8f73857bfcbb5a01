//! `wp-codebox.agent-sandbox-run`: a task for the agent that is registered inside.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::output_schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const AGENT_RUN_SCHEMA: &str = "wp-codebox/agent-sandbox-run/v1";

pub(super) static ROW: Row = Row {
    id: "wp-codebox.agent-sandbox-run",
    description: "Gives a task to the agent inside: the ability agents/chat that a component registers, or the ability that \
                  runtime-task-json names.",
    arguments: &[
        Argument::new("task", Format::Text, "What the agent is to do.").required("missing-task"),
        Argument::new(
            "agent",
            Format::Text,
            "Which of the registered agents. Left out: agents/chat decides.",
        ),
        Argument::new("mode", Format::Text, "How it works. Default: sandbox."),
        Argument::new("provider", Format::Text, "Provider of the model."),
        Argument::new("model", Format::Text, "Its model."),
        Argument::new("session-id", Format::Text, "Session that it goes on with."),
        Argument::new(
            "max-turns",
            Format::Integer { min: 1, max: 1000 },
            "Turns after which it has to be done.",
        ),
        Argument::new(
            "runtime-task-json",
            Format::Json,
            "Ability that does the work instead: an object with ability and input.",
        ),
    ],
    bare: None,
    output_shape: "What the agent answered. One that failed or has not finished fails the command, with its answer in the data.",
    output_schema: Some(|| OutputSchema { id: AGENT_RUN_SCHEMA, json_schema: output_schema::<Answer>() }),
    requires: &["wordpress.run-php", "wordpress.wp-cli"],
    recipe: true,
    handler: Handler::Alias,
    read,
};

/// A task for an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentRun {
    pub task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    pub mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_task: Option<RuntimeTask>,
}

/// An ability in place of `agents/chat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeTask {
    pub ability: String,
    /// Left out: the task, as `agents/chat` would get it, under `task_input`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
}

/// `wp-codebox/agent-sandbox-run/v1`, as the guest reports it.
#[derive(Serialize, JsonSchema)]
struct Answer {
    schema: String,
    command: String,
    /// The ability that did the work.
    ability: String,
    /// What it returned.
    result: Value,
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let runtime_task: Option<RuntimeTask> = values.typed("runtime-task-json")?;
    if runtime_task.as_ref().is_some_and(|task| task.ability.trim().is_empty()) {
        return Err(ArgumentIssue::invalid("runtime-task-json", "ability: required"));
    }
    Ok(Command::AgentRun(Box::new(AgentRun {
        task: values.required("task"),
        agent: values.text("agent"),
        mode: values.text("mode").unwrap_or_else(|| "sandbox".to_owned()),
        provider: values.text("provider"),
        model: values.text("model"),
        session_id: values.text("session-id"),
        max_turns: values.integer("max-turns"),
        runtime_task,
    })))
}
