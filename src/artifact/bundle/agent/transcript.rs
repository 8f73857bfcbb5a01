//! `files/transcript.json`: the agent's commands with what they printed, cut to what can be read.

use super::Known;
use crate::artifact::AgentRun;
use crate::contract::{CommandRecord, is_default, json_fits};
use serde::Serialize;
use serde_json::Value;

pub const AGENT_TRANSCRIPT_SCHEMA: &str = "wp-codebox/agent-transcript/v1";

/// Characters of one text, bytes of one parsed output, and how many commands.
const LONGEST: usize = 12_000;
const MOST_PARSED: usize = 256 << 10;
const MOST_EXECUTIONS: usize = 200;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript<'a> {
    schema: &'static str,
    created_at: &'a str,
    session_id: &'a str,
    executions: Vec<Execution<'a>>,
    /// Further ones are in `commands.jsonl` alone.
    #[serde(skip_serializing_if = "is_default")]
    omitted_executions: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Execution<'a> {
    /// The line of `commands.jsonl`, from 0, unless that file left lines out.
    execution_index: usize,
    id: &'a str,
    command: &'a str,
    args: Vec<Shown<'a>>,
    started_at: &'a str,
    finished_at: &'a str,
    exit_code: i64,
    stdout: Shown<'a>,
    stderr: Shown<'a>,
    /// What was printed, if it is JSON of a moderate size.
    #[serde(skip_serializing_if = "Option::is_none")]
    parsed: Option<Value>,
}

/// The beginning of a text.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    /// Of the whole text.
    bytes: usize,
    truncated: bool,
    value: &'a str,
}

impl<'a> Transcript<'a> {
    pub fn of(agent: &'a AgentRun, known: &'a Known<'a>) -> Transcript<'a> {
        let all = known.executions(agent).count();
        Transcript {
            schema: AGENT_TRANSCRIPT_SCHEMA,
            created_at: known.created_at,
            session_id: &known.draft.session_id,
            executions: known.executions(agent).take(MOST_EXECUTIONS).map(Execution::of).collect(),
            omitted_executions: all.saturating_sub(MOST_EXECUTIONS),
        }
    }
}

impl<'a> Execution<'a> {
    fn of((execution_index, record): (usize, &'a CommandRecord)) -> Execution<'a> {
        let parsed =
            (record.stdout.len() <= MOST_PARSED).then(|| serde_json::from_str::<Value>(&record.stdout).ok());
        let returned = (!record.result.is_null() && json_fits(&record.result, MOST_PARSED))
            .then(|| record.result.clone());
        Execution {
            execution_index,
            id: &record.id,
            command: &record.command,
            args: record.args.iter().map(|arg| Shown::of(arg)).collect(),
            started_at: &record.started_at,
            finished_at: &record.finished_at,
            exit_code: record.exit_code,
            stdout: Shown::of(&record.stdout),
            stderr: Shown::of(&record.stderr),
            parsed: parsed.flatten().filter(|value| value.is_object() || value.is_array()).or(returned),
        }
    }
}

impl<'a> Shown<'a> {
    fn of(text: &'a str) -> Shown<'a> {
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
        Shown { bytes: text.len(), truncated: end < text.len(), value: &text[..end] }
    }
}
