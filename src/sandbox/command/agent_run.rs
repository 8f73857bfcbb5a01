//! `wp-codebox.agent-sandbox-run`: a task for the agent that is registered inside.

use super::super::tool_policy::SandboxToolPolicy;
use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::{Input, output_schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

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
            "timeout-seconds",
            Format::Integer { min: 1, max: 86_400 },
            "Time that it has. When it is over, the command is stopped, and the sandbox with it.",
        ),
        Argument::new(
            "sandbox-tool-policy-json",
            Format::Json,
            "Tools that it may use: wp-codebox/sandbox-tool-policy/v1. It is told those that the policy allows in the \
             sandbox, as tool_policy and allow_only.",
        ),
        Argument::new(
            "structured-artifacts-json",
            Format::Json,
            "Structured inputs for it: a list of wp-codebox/structured-artifact/v1.",
        ),
        Argument::new(
            "workspace-context-json",
            Format::Json,
            "What it is told about the workspace: an object, as client_context.sandbox_workspace.",
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
    pub timeout_seconds: Option<u64>,
    /// The only tools that it may use, by their names inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_only: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub structured_artifacts: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub workspace_context: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_task: Option<RuntimeTask>,
}

impl AgentRun {
    /// The time that it has, if it says so.
    pub(super) fn time_limit(&self) -> Option<Duration> {
        self.timeout_seconds.map(Duration::from_secs)
    }
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
        timeout_seconds: values.integer("timeout-seconds"),
        allow_only: tool_policy(&mut values)?,
        structured_artifacts: values.typed("structured-artifacts-json")?.unwrap_or_default(),
        workspace_context: values.typed("workspace-context-json")?.unwrap_or_default(),
        runtime_task,
    })))
}

/// The tools that a policy lets the sandbox use.
fn tool_policy(values: &mut Values) -> Result<Option<Vec<String>>, ArgumentIssue> {
    let name = "sandbox-tool-policy-json";
    let Some(policy) = values.typed::<Value>(name)? else { return Ok(None) };
    let policy =
        SandboxToolPolicy::parse(policy).map_err(|refusal| ArgumentIssue::invalid(name, refusal.message))?;
    if let Some(index) = policy.duplicate() {
        return Err(ArgumentIssue::invalid(name, format!("tools.{index}.id: another tool has this id")));
    }
    Ok(Some(policy.usable().map(str::to_owned).collect()))
}
