//! What can be executed in a sandbox: the command table, a file for each command or family.
//!
//! In: a name and [`Arguments`]. Out: a [`Command`], or an [`ArgumentIssue`] before anything has
//! happened; for lists and documents, [`CommandDescriptor`]s.
//!
//! Invariant: a command has one row, and what is listed, checked and allowed is read off it.

mod ability;
mod agent_run;
mod arguments;
mod bench;
mod capture_state;
mod checkpoint;
mod content;
mod execution;
mod host_tool;
mod http;
mod http_request;
mod mounted_inputs;
mod php_error;
mod phpunit;
mod plugin;
mod probe;
mod rest_request;
mod row;
mod run_php;
mod table;
mod unsupported;
mod wp_cli;

pub use ability::AbilityCall;
pub use agent_run::{AgentRun, RuntimeTask};
pub use arguments::{ARGUMENT_FILE_MAX, ArgumentIssue, Arguments, HostFile};
pub use bench::{BENCH_RESULTS_SCHEMA, Bench};
pub(super) use capture_state::changed_files;
pub use capture_state::{CaptureState, RUNTIME_SNAPSHOT_SCHEMA, STATE_BUNDLE_SCHEMA};
pub use checkpoint::CheckpointCall;
pub use content::{
    Content, ContentTask, IfInstalled, InstallKind, ResetKind, STAGING, StagedFile, WxrAuthors,
};
pub(super) use execution::outcome;
pub use execution::{Execution, Failure};
pub use host_tool::{HOST_TOOLS, HostToolCall, is_host_tool_name};
pub use http_request::HttpRequest;
pub(super) use mounted_inputs::{mounted_input, mounted_inputs};
pub use php_error::error_place;
pub use phpunit::{PHPUNIT_COMMAND, PHPUNIT_RESULT_SCHEMA, Phpunit};
pub use plugin::{PluginAction, PluginState};
pub use probe::ProbeKind;
pub use rest_request::RestRequest;
pub use row::{ArgumentDescriptor, CommandDescriptor, Handler, OutputSchema};
pub use table::{command_ids, commands, descriptor, policy_commands};

use super::files;
use crate::engine::Request;
use row::Row;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `wordpress.run-php`: PHP code, beginning with `<?php`, in a loaded WordPress (or without).
    RunPhp { code: String, bootstrap: bool },
    /// `wordpress.run-php` with a file that is already inside.
    RunScript { path: String, bootstrap: bool },
    /// `wordpress.wp-cli`: WP-CLI with these arguments, without the leading `wp`.
    WpCli { arguments: Vec<String> },
    /// `wordpress.ability`: an ability registered inside.
    Ability(AbilityCall),
    /// `wp-codebox.readiness-probe`: whether something is registered. Returns a boolean.
    Probe { kind: ProbeKind, name: String },
    /// `wordpress.ensure-plugin-active`: a plugin file relative to the plugins directory.
    ActivatePlugin { plugin: String },
    /// `wp-codebox.agent-sandbox-run`: in a loaded WordPress.
    AgentRun(Box<AgentRun>),
    /// `wordpress.plugin-state`.
    PluginState(PluginState),
    /// `wordpress.rest-request`: in a loaded WordPress.
    RestRequest(RestRequest),
    /// `wordpress.http-request`: a request of its own, which loads WordPress as a web server has it.
    HttpRequest(HttpRequest),
    /// `wordpress.phpunit`: a request of its own.
    Phpunit(Box<Phpunit>),
    /// `wordpress.bench`: a request of its own.
    Bench(Box<Bench>),
    /// `wordpress.capture-state-bundle`: the guest reads the database, the host the files.
    CaptureState(Box<CaptureState>),
    /// `inspect-mounted-inputs`: carried out by the host.
    MountedInputs,
    /// `wp-codebox.checkpoint-create`, `-restore` and `-list`: carried out by the host.
    Checkpoint(CheckpointCall),
    /// `host/…`: carried out by the parent.
    HostTool(HostToolCall),
    /// `wordpress.run-php` with a program of ours that puts content into the sandbox.
    Content(Content),
}

impl Command {
    /// The command's row of the table, if it stands there.
    fn row(&self) -> Option<&'static Row> {
        Some(match self {
            Command::RunPhp { .. } | Command::RunScript { .. } | Command::Content(_) => &run_php::ROW,
            Command::WpCli { .. } => &wp_cli::ROW,
            Command::Ability(_) => &ability::ROW,
            Command::Probe { .. } => &probe::ROW,
            Command::ActivatePlugin { .. } => &plugin::ENSURE_ACTIVE,
            Command::PluginState(_) => &plugin::STATE,
            Command::RestRequest(_) => &rest_request::ROW,
            Command::HttpRequest(_) => &http_request::ROW,
            Command::Phpunit(_) => &phpunit::ROW,
            Command::Bench(_) => &bench::ROW,
            Command::AgentRun(_) => &agent_run::ROW,
            Command::CaptureState(_) => &capture_state::ROW,
            Command::MountedInputs => &mounted_inputs::ROW,
            Command::Checkpoint(call) => call.row(),
            Command::HostTool(_) => return None,
        })
    }

    /// The command's name.
    pub fn name(&self) -> &str {
        match (self.row(), self.host_tool()) {
            (Some(row), _) => row.id,
            (None, tool) => tool.unwrap_or_default(),
        }
    }

    /// The tool of the parent's that it calls.
    pub fn host_tool(&self) -> Option<&str> {
        match self {
            Command::HostTool(call) => Some(&call.tool),
            _ => None,
        }
    }

    /// The commands of the table that a policy has to list for it: what every command of its name needs, and what its
    /// arguments bring with them.
    pub fn policy_commands(&self) -> Vec<&'static str> {
        let mut names = self.row().map_or_else(Vec::new, |row| policy_commands(row.id));
        if let Command::Bench(bench) = self {
            for name in bench.policy_commands() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The time that its arguments give it.
    pub fn time_limit(&self) -> Option<Duration> {
        match self {
            Command::AgentRun(run) => run.time_limit(),
            _ => None,
        }
    }

    /// Whether it can change files or the database. Nothing tells what PHP code will do: only what
    /// is ours and looks cannot.
    pub fn can_write(&self) -> bool {
        match self {
            Command::Probe { .. } | Command::MountedInputs | Command::CaptureState(_) => false,
            Command::Checkpoint(call) => matches!(call, CheckpointCall::Restore { .. }),
            Command::HostTool(call) => call.writes,
            Command::PluginState(state) => {
                matches!(state.action, PluginAction::Activate | PluginAction::Deactivate)
            }
            _ => true,
        }
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
            Command::Ability(call) => vec![format!("name={}", call.name), format!("input={}", call.input)],
            Command::Probe { kind, name } => vec![format!("type={}", kind.as_str()), format!("name={name}")],
            Command::ActivatePlugin { plugin } => vec![format!("plugin={plugin}")],
            Command::PluginState(state) => spelled(state),
            Command::RestRequest(request) => spelled(request),
            Command::HttpRequest(request) => spelled(request),
            Command::Phpunit(phpunit) => spelled(phpunit),
            Command::Bench(bench) => spelled(bench),
            Command::AgentRun(run) => spelled(run),
            Command::CaptureState(capture) => spelled(capture),
            Command::MountedInputs => Vec::new(),
            Command::Checkpoint(call) => call.arguments(),
            Command::HostTool(call) => vec![format!("input={}", call.input)],
            Command::Content(content) => content.arguments(),
        }
    }

    /// The script that carries it out, and what the script reads as its step.
    pub(super) fn step(&self) -> (&'static str, Value) {
        match self {
            Command::RunPhp { bootstrap, .. } => (files::STEP_SCRIPT, run_file(files::CODE_FILE, *bootstrap)),
            Command::RunScript { path, bootstrap } => (files::STEP_SCRIPT, run_file(path, *bootstrap)),
            Command::WpCli { arguments } => (files::WP_CLI_SCRIPT, json!({ "args": arguments })),
            Command::Ability(call) => (files::STEP_SCRIPT, json!({ "kind": "ability", "call": call })),
            Command::Probe { kind, name } => {
                (files::STEP_SCRIPT, json!({ "kind": "probe", "type": kind.as_str(), "name": name }))
            }
            Command::ActivatePlugin { plugin } => {
                let state = PluginState {
                    action: PluginAction::Activate,
                    plugin: Some(plugin.clone()),
                    network: false,
                };
                Command::PluginState(state).step()
            }
            Command::CaptureState(capture) => {
                (files::STEP_SCRIPT, json!({ "kind": "capture-state", "call": capture }))
            }
            Command::AgentRun(run) => (files::STEP_SCRIPT, json!({ "kind": "agent-run", "call": run })),
            Command::PluginState(state) => {
                (files::STEP_SCRIPT, json!({ "kind": "plugin-state", "call": state }))
            }
            Command::RestRequest(request) => {
                (files::STEP_SCRIPT, json!({ "kind": "rest-request", "call": request }))
            }
            Command::HttpRequest(request) => (files::FRONT_SCRIPT, json!({ "call": request })),
            Command::Phpunit(phpunit) => {
                (files::PLUGIN_RUN_SCRIPT, json!({ "kind": "phpunit", "call": phpunit }))
            }
            Command::Bench(bench) => (files::PLUGIN_RUN_SCRIPT, json!({ "kind": "bench", "call": bench })),
            // The host carries it out, and no script.
            Command::MountedInputs | Command::Checkpoint(_) | Command::HostTool(_) => {
                (files::STEP_SCRIPT, Value::Null)
            }
            Command::Content(content) => content.step(),
        }
    }

    /// Whether it runs in a loaded WordPress, and can do so in one that was loaded before. Of such a
    /// one queries can be noted.
    pub fn takes_loaded_wordpress(&self) -> bool {
        match self {
            Command::RunPhp { bootstrap, .. } | Command::RunScript { bootstrap, .. } => *bootstrap,
            Command::WpCli { .. }
            | Command::HttpRequest(_)
            | Command::Phpunit(_)
            | Command::Bench(_)
            | Command::MountedInputs
            | Command::Checkpoint(_)
            | Command::HostTool(_) => false,
            Command::Content(content) => content.needs_wordpress(),
            Command::Ability(_)
            | Command::Probe { .. }
            | Command::ActivatePlugin { .. }
            | Command::PluginState(_)
            | Command::CaptureState(_)
            | Command::AgentRun(_)
            | Command::RestRequest(_) => true,
        }
    }

    /// Whether a guest is needed that runs: not for what the host knows, or brings back.
    pub(super) fn needs_guest(&self) -> bool {
        match self {
            Command::Checkpoint(call) => matches!(call, CheckpointCall::Create { .. }),
            command => !matches!(command, Command::MountedInputs | Command::HostTool(_)),
        }
    }

    /// The request in which the script runs, where it needs one of its own.
    pub(super) fn request(&self) -> Request {
        let (script, _) = self.step();
        match self {
            Command::HttpRequest(request) => request.request(script),
            _ => Request::script(script),
        }
    }

    /// Whether the script leaves an outcome.
    pub(super) fn leaves_result(&self) -> bool {
        !matches!(self, Command::WpCli { .. })
    }
}

/// `key=value` of what a guest is asked.
fn spelled(call: &impl Serialize) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(call) else { return Vec::new() };
    fields
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            value => format!("{name}={value}"),
        })
        .collect()
}

fn run_file(path: &str, bootstrap: bool) -> Value {
    json!({ "kind": "php", "file": path, "bootstrap": bootstrap_word(bootstrap) })
}

fn bootstrap_word(bootstrap: bool) -> &'static str {
    if bootstrap { "wordpress" } else { "none" }
}
