//! What can be executed in a sandbox, and what comes of it.

use super::files;
use crate::contract::{Code, CommandRecord};
use crate::engine::net::Record;
use crate::engine::{Response, Stop};
use serde::Deserialize;
use serde_json::{Value, json};

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `wordpress.run-php`: PHP code, beginning with `<?php`, in a loaded WordPress (or without).
    RunPhp { code: String, bootstrap: bool },
    /// `wordpress.run-php` with a file that is already inside.
    RunScript { path: String, bootstrap: bool },
    /// `wordpress.wp-cli`: WP-CLI with these arguments, without the leading `wp`.
    WpCli { arguments: Vec<String> },
    /// `wordpress.ability`: an ability registered inside, executed as the administrator.
    Ability { name: String, input: Value },
    /// `wp-codebox.readiness-probe`: whether something is registered. Returns a boolean.
    Probe { kind: ProbeKind, name: String },
    /// `wordpress.ensure-plugin-active`: a plugin file relative to the plugins directory.
    ActivatePlugin { plugin: String },
}

/// What a readiness probe looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    Ability,
    Filter,
}

impl ProbeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ProbeKind::Ability => "ability",
            ProbeKind::Filter => "filter",
        }
    }
}

impl Command {
    /// Every name that a command can have.
    pub const NAMES: [&'static str; 5] = [
        "wordpress.run-php",
        "wordpress.wp-cli",
        "wordpress.ability",
        "wp-codebox.readiness-probe",
        "wordpress.ensure-plugin-active",
    ];

    /// The command's name in the command table.
    pub fn name(&self) -> &'static str {
        match self {
            Command::RunPhp { .. } | Command::RunScript { .. } => "wordpress.run-php",
            Command::WpCli { .. } => "wordpress.wp-cli",
            Command::Ability { .. } => "wordpress.ability",
            Command::Probe { .. } => "wp-codebox.readiness-probe",
            Command::ActivatePlugin { .. } => "wordpress.ensure-plugin-active",
        }
    }

    /// Whether it can change files or the database. Nothing tells what PHP code will do: only what
    /// is ours and looks cannot.
    pub fn can_write(&self) -> bool {
        !matches!(self, Command::Probe { .. })
    }

    /// `key=value` arguments, as a record shows them.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Command::RunPhp { code, bootstrap } => {
                vec![format!("code={code}"), format!("bootstrap={}", bootstrap_word(*bootstrap))]
            }
            Command::RunScript { path, bootstrap } => {
                vec![format!("code-file={path}"), format!("bootstrap={}", bootstrap_word(*bootstrap))]
            }
            Command::WpCli { arguments } => vec![format!("command={}", arguments.join(" "))],
            Command::Ability { name, input } => vec![format!("name={name}"), format!("input={input}")],
            Command::Probe { kind, name } => vec![format!("type={}", kind.as_str()), format!("name={name}")],
            Command::ActivatePlugin { plugin } => vec![format!("plugin={plugin}")],
        }
    }

    /// The script that carries it out, and what the script reads as its step.
    pub(super) fn step(&self) -> (&'static str, Value) {
        match self {
            Command::RunPhp { bootstrap, .. } => (files::STEP_SCRIPT, run_file(files::CODE_FILE, *bootstrap)),
            Command::RunScript { path, bootstrap } => (files::STEP_SCRIPT, run_file(path, *bootstrap)),
            Command::WpCli { arguments } => (files::WP_CLI_SCRIPT, json!({ "args": arguments })),
            Command::Ability { name, input } => {
                (files::STEP_SCRIPT, json!({ "kind": "ability", "name": name, "input": input }))
            }
            Command::Probe { kind, name } => {
                (files::STEP_SCRIPT, json!({ "kind": "probe", "type": kind.as_str(), "name": name }))
            }
            Command::ActivatePlugin { plugin } => {
                (files::STEP_SCRIPT, json!({ "kind": "activate-plugin", "plugin": plugin }))
            }
        }
    }

    /// Whether it runs in a loaded WordPress, and can do so in one that was loaded before.
    pub(super) fn takes_loaded_wordpress(&self) -> bool {
        match self {
            Command::RunPhp { bootstrap, .. } | Command::RunScript { bootstrap, .. } => *bootstrap,
            Command::WpCli { .. } => false,
            Command::Ability { .. } | Command::Probe { .. } | Command::ActivatePlugin { .. } => true,
        }
    }

    /// Whether the script leaves an outcome.
    pub(super) fn leaves_result(&self) -> bool {
        !matches!(self, Command::WpCli { .. })
    }
}

fn run_file(path: &str, bootstrap: bool) -> Value {
    json!({ "kind": "php", "file": path, "bootstrap": bootstrap_word(bootstrap) })
}

fn bootstrap_word(bootstrap: bool) -> &'static str {
    if bootstrap { "wordpress" } else { "none" }
}

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

/// Why a command failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub data: Value,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), data: Value::Null }
    }
}

impl From<&Stop> for Failure {
    fn from(stop: &Stop) -> Failure {
        Failure::new(stop.code(), format!("The command was {stop}."))
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
pub(super) fn outcome(
    command: &Command,
    response: &Response,
    result: Option<&[u8]>,
) -> Result<Value, Failure> {
    if !command.leaves_result() {
        return match response.exit_status {
            0 => Ok(Value::Null),
            _ if response.heap_exhausted => Err(out_of_memory()),
            status => Err(Failure::new(Code::RunFailed, format!("The command exited with status {status}."))),
        };
    }
    let parsed = result.and_then(|bytes| serde_json::from_slice::<StepOutcome>(bytes).ok());
    let Some(step) = parsed else {
        return Err(if response.heap_exhausted {
            out_of_memory()
        } else {
            Failure::new(Code::RunExited, "The command ended without an outcome.")
        });
    };
    let error = step.error.unwrap_or(StepError { code: String::new(), message: String::new(), data: Value::Null });
    let fail = |code: Code, message: String| {
        Err(Failure { code, message, data: json!({ "code": error.code.clone(), "details": error.data.clone() }) })
    };
    match step.status.as_str() {
        "ok" => Ok(step.value),
        "error" => fail(Code::RunFailed, error.message.clone()),
        "ability-missing" => fail(Code::RunAbilityMissing, error.message.clone()),
        "fatal" if is_memory_message(&error.message) => fail(Code::RunMemoryExhausted, error.message.clone()),
        _ if response.heap_exhausted => Err(out_of_memory()),
        "exited" => fail(Code::RunExited, error.message.clone()),
        "fatal" => fail(Code::RunFatal, located(&error)),
        _ => fail(Code::RunFatal, format!("Uncaught {}: {}", error.code, located(&error))),
    }
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

fn out_of_memory() -> Failure {
    Failure::new(Code::RunMemoryExhausted, "The command ran into the sandbox's memory limit.")
}
