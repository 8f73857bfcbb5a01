//! What happened in a run, step by step, for whoever reviews it: `progress` in `files/review.json`.
//!
//! The events tell more; `events.jsonl` has them all.

use crate::artifact::{Draft, Outcome};
use crate::contract::{Event, iso8601};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// So many steps are shown: the first ones, and the last.
const FIRST: usize = 150;
const LAST: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgressStep {
    #[serde(rename = "type")]
    pub kind: ProgressType,
    /// One sentence.
    pub label: String,
    /// What it happened to: the mount's target, the command's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The command, e.g. `wordpress.ability`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressType {
    Boot,
    Mount,
    /// The first command that is the agent's own.
    AgentStart,
    ToolActivity,
    Artifact,
    Complete,
}

/// The steps of a run, in their order.
pub fn progress(draft: &Draft) -> Vec<ProgressStep> {
    let mut agent = draft.agent.as_ref().and_then(|agent| agent.commands.first()).map(String::as_str);
    let mut steps: Vec<ProgressStep> =
        draft.events.iter().filter_map(|event| step(event, &mut agent)).collect();
    if steps.len() > FIRST + LAST {
        let omitted = steps.len() - FIRST - LAST;
        let note = ProgressStep {
            kind: ProgressType::ToolActivity,
            label: format!("{omitted} further steps are in events.jsonl."),
            component: None,
            action: None,
            timestamp: None,
        };
        steps.splice(FIRST..FIRST + omitted, [note]);
    }
    steps.push(ProgressStep {
        kind: ProgressType::Complete,
        label: match &draft.outcome {
            Outcome::Succeeded { .. } => "The run succeeded.".into(),
            Outcome::Failed { failure } => format!("The run failed ({}).", failure.code),
        },
        component: None,
        action: None,
        timestamp: Some(iso8601(draft.created_at)),
    });
    steps
}

/// `agent` is the command that the agent begins with, until it has begun.
fn step(event: &Event, agent: &mut Option<&str>) -> Option<ProgressStep> {
    let text =
        |pointer: &str| event.data.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default();
    let (kind, label, component, action) = match event.kind.as_str() {
        "runtime.created" => (ProgressType::Boot, "WordPress was booted.".into(), "", ""),
        "runtime.mounted" => {
            let (target, mode) = (text("/mount/target"), text("/mount/mode"));
            (ProgressType::Mount, format!("{target} was mounted ({mode})."), target, "")
        }
        "runtime.command.started" => {
            let (id, command) = (text("/id"), text("/command"));
            if *agent == Some(id) {
                *agent = None;
                (ProgressType::AgentStart, format!("The agent began with {command}."), id, command)
            } else {
                (ProgressType::ToolActivity, format!("{command} was executed."), id, command)
            }
        }
        "runtime.artifacts.collected" => {
            (ProgressType::Artifact, "What changed was collected.".into(), "", "")
        }
        _ => return None,
    };
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(ProgressStep {
        kind,
        label,
        component: named(component),
        action: named(action),
        timestamp: Some(event.timestamp.clone()),
    })
}
