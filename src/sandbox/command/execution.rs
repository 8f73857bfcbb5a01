//! What comes of a command.

use super::Command;
use super::php_error::last_fatal;
use crate::contract::{Code, CommandRecord, JSON_DEPTH, iso8601, json_nests};
use crate::engine::net::Record;
use crate::engine::{Response, Stop};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// A command that was carried out.
#[derive(Debug, Clone)]
pub struct Execution {
    pub record: CommandRecord,
    /// What the command returned, or why it did not.
    pub outcome: Result<Value, Failure>,
    /// Calls that the sandbox was denied: processes, shared libraries.
    pub denied: Vec<String>,
    /// What it did on the network, and what was decided about it.
    pub network: Vec<Record>,
    /// Such records that were too many to keep.
    pub network_dropped: u64,
}

impl Execution {
    /// Of a command that the host carried out at `started`.
    pub(in crate::sandbox) fn by_host(
        command: &Command,
        outcome: Result<Value, Failure>,
        started: SystemTime,
    ) -> Execution {
        let (exit_code, stdout, stderr) = match &outcome {
            Ok(value) => (0, format!("{value}\n"), String::new()),
            Err(failure) => (1, String::new(), format!("{}\n", failure.message)),
        };
        let record = CommandRecord {
            command: command.name().to_owned(),
            args: command.arguments(),
            exit_code,
            stdout,
            stderr,
            started_at: iso8601(started),
            finished_at: iso8601(SystemTime::now()),
            ..CommandRecord::default()
        };
        Execution { record, outcome, denied: Vec::new(), network: Vec::new(), network_dropped: 0 }
    }
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub data: Value,
}

impl Failure {
    pub(in crate::sandbox) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), data: Value::Null }
    }
}

impl From<&Stop> for Failure {
    fn from(stop: &Stop) -> Failure {
        let message = match stop {
            Stop::Deadline | Stop::Interrupted => format!("The command was {stop}."),
            Stop::AlreadyStopped => {
                "The sandbox was stopped earlier: it runs nothing more unless it returns to a snapshot or a checkpoint."
                    .to_owned()
            }
            _ => format!("The command ended: {stop}."),
        };
        Failure::new(stop.code(), message)
    }
}

/// The outcome as step.php writes it. The guest can write anything there: only the shape is
/// trusted.
#[derive(Debug, Deserialize)]
struct StepOutcome {
    status: String,
    #[serde(default)]
    value: Value,
    error: Option<StepError>,
}

#[derive(Debug, Deserialize)]
struct StepError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

/// Reads the outcome of a command that ended by itself.
pub(in crate::sandbox) fn outcome(
    command: &Command,
    response: &Response,
    result: Option<&[u8]>,
    elapsed: Duration,
) -> Result<Value, Failure> {
    if let (Command::HttpRequest(request), None) = (command, result) {
        // What the site said is the answer, also if it is that it broke.
        return if response.heap_exhausted {
            Err(out_of_memory())
        } else {
            request.outcome(response, elapsed)
        };
    }
    if !command.leaves_result() {
        return match response.exit_status {
            0 => Ok(Value::Null),
            _ if response.heap_exhausted => Err(out_of_memory()),
            status => Err(Failure::new(Code::RunFailed, format!("The command exited with status {status}."))),
        };
    }
    let step = match result.map(serde_json::from_slice::<StepOutcome>) {
        Some(Ok(step)) => step,
        _ if response.heap_exhausted => return Err(out_of_memory()),
        None => return Err(Failure::new(Code::RunExited, "The command ended without an outcome.")),
        Some(Err(why)) => return Err(unreadable(&why.to_string())),
    };
    if !json_nests(&step.value, JSON_DEPTH) {
        return Err(unreadable(&format!("its result nests deeper than {JSON_DEPTH} levels")));
    }
    let error =
        step.error.unwrap_or(StepError { code: String::new(), message: String::new(), data: Value::Null });
    let fail = |code: Code, message: String| {
        Err(Failure {
            code,
            message,
            data: json!({ "code": error.code.clone(), "details": error.data.clone() }),
        })
    };
    match step.status.as_str() {
        "ok" => match late_fatal(response) {
            None => match command {
                Command::Bench(bench) => bench.outcome(step.value),
                _ => Ok(step.value),
            },
            Some(failure) => Err(failure),
        },
        "error" => fail(Code::RunFailed, error.message.clone()),
        "ability-missing" => fail(Code::RunAbilityMissing, error.message.clone()),
        "fatal" if is_memory_message(&error.message) => fail(Code::RunMemoryExhausted, error.message.clone()),
        _ if response.heap_exhausted => Err(out_of_memory()),
        "exited" => fail(Code::RunExited, error.message.clone()),
        "fatal" => fail(Code::RunFatal, located(&error)),
        _ => fail(Code::RunFatal, format!("Uncaught {}: {}", error.code, located(&error))),
    }
}

/// A fatal error that came when the step had returned already.
fn late_fatal(response: &Response) -> Option<Failure> {
    // What PHP exits with after one. A log can say anything.
    let whole = match response.stderr_dropped {
        0 => response.stderr.len(),
        // A line that was cut tells half of something.
        _ => response.stderr.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1),
    };
    let fatal = (response.exit_status == 255).then(|| last_fatal(&response.stderr[..whole])).flatten()?;
    let code = if is_memory_message(&fatal.message) { Code::RunMemoryExhausted } else { Code::RunFatal };
    let details = json!({ "file": fatal.file, "line": fatal.line, "trace": fatal.trace });
    Some(Failure {
        code,
        message: fatal.message,
        data: json!({ "code": "php_fatal_error", "details": details }),
    })
}

fn located(error: &StepError) -> String {
    match (error.data["file"].as_str(), error.data["line"].as_i64()) {
        (Some(file), Some(line)) if !error.message.contains(file) => {
            format!("{} in {file}:{line}", error.message)
        }
        _ => error.message.clone(),
    }
}

fn is_memory_message(message: &str) -> bool {
    message.starts_with("Allowed memory size of") || message.starts_with("Out of memory")
}

/// The guest wrote something of its own in place of an outcome.
fn unreadable(why: &str) -> Failure {
    Failure::new(Code::RunFailed, format!("The command's outcome cannot be read: {why}."))
}

fn out_of_memory() -> Failure {
    Failure::new(Code::RunMemoryExhausted, "The command ran into the sandbox's memory limit.")
}
