//! A sandbox, from its creation to its end.

use super::base;
use super::command::{self, Command, Execution, Failure};
use super::error::SandboxError;
use super::files;
use super::layout;
use super::random::random_id;
use super::spec::Spec;
use crate::contract::{ChangeSet, CommandRecord, Event, iso8601};
use crate::engine::vfs::Vfs;
use crate::engine::{self, Boot, Guest, Request, Response, Runtime, Watch};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

/// Largest outcome that a command may leave, bytes.
const RESULT_MAX: u64 = 16 << 20;

/// A live sandbox.
pub struct Sandbox {
    id: String,
    created_at: SystemTime,
    machine: Machine,
    spec: Spec,
    events: Vec<Event>,
}

impl Sandbox {
    /// Boots a sandbox. The first call for a WordPress core installs it once and keeps the result.
    pub fn create(spec: Spec, watch: &Watch<'_>) -> Result<Sandbox, SandboxError> {
        let runtime = Runtime::of(&spec.pack)?;
        let database = base::database(&spec, &runtime, watch)?;
        let filesystem = layout::filesystem(&spec, Some(&database))?;
        let machine = Machine::boot(&runtime, filesystem, &spec, watch)?;
        let mut sandbox = Sandbox {
            id: random_id("runtime"),
            created_at: SystemTime::now(),
            machine,
            spec,
            events: Vec::new(),
        };
        sandbox.note(
            "runtime.created",
            json!({
                "backend": "wp-codebox-native",
                "environment": {
                    "kind": "wordpress",
                    "phpVersion": sandbox.spec.pack.php_version(),
                },
            }),
        );
        for mount in sandbox.spec.mounts.clone() {
            let mode = if mount.writable { "readwrite" } else { "readonly" };
            sandbox.note("runtime.mounted", json!({ "mount": { "target": mount.target, "mode": mode } }));
        }
        Ok(sandbox)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn created_at(&self) -> SystemTime {
        self.created_at
    }

    /// Carries out a command. Its failure is part of the execution; an error means that the
    /// command could not even be placed.
    pub fn execute(&mut self, command: &Command, watch: &Watch<'_>) -> Result<Execution, SandboxError> {
        let id = random_id("command");
        self.note(
            "runtime.command.started",
            json!({ "id": id, "command": command.name(), "args": command.arguments() }),
        );
        let mut execution = self.machine.execute(command, watch)?;
        execution.record.id.clone_from(&id);
        self.note(
            "runtime.command.finished",
            json!({
                "id": id,
                "command": command.name(),
                "exitCode": execution.record.exit_code,
                "startedAt": execution.record.started_at,
                "finishedAt": execution.record.finished_at,
            }),
        );
        for what in &execution.denied {
            self.note("runtime.policy.denied", json!({ "command": id, "call": what }));
        }
        Ok(execution)
    }

    /// What changed beneath every captured, writable mount.
    pub fn changes(&self) -> Result<Vec<ChangeSet>, SandboxError> {
        let mut sets = Vec::new();
        for (index, mount) in self.spec.mounts.iter().enumerate() {
            if mount.writable && mount.capture {
                let set = self.machine.vfs().changes(&mount.target, index).map_err(|errno| {
                    SandboxError::Place { path: mount.target.clone(), errno: errno.to_string() }
                })?;
                sets.push(set);
            }
        }
        Ok(sets)
    }

    /// Whether the guest was stopped and runs nothing more.
    pub fn is_stopped(&self) -> bool {
        self.machine.guest.is_stopped()
    }

    /// Adds a lifecycle event.
    pub fn note(&mut self, kind: &str, data: Value) {
        self.events.push(Event {
            id: random_id("event"),
            kind: kind.to_owned(),
            timestamp: iso8601(SystemTime::now()),
            data,
        });
    }

    /// Ends the sandbox and gives up its events.
    pub fn destroy(mut self) -> Vec<Event> {
        let id = self.id.clone();
        self.note("runtime.destroyed", json!({ "runtimeId": id }));
        self.events
    }
}

/// A guest with WordPress's files: what a base image is made in, and what a sandbox runs on.
pub(super) struct Machine {
    guest: Guest,
}

impl Machine {
    pub(super) fn boot(
        runtime: &Arc<Runtime>,
        filesystem: Vfs,
        spec: &Spec,
        watch: &Watch<'_>,
    ) -> Result<Machine, SandboxError> {
        let mut environment = vec![
            ("HOME".to_owned(), "/tmp".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("PATH".to_owned(), "/internal/bin".to_owned()),
            ("WP_AGENT_RUNTIME".to_owned(), "1".to_owned()),
        ];
        environment.extend(spec.environment.clone());
        let boot = Boot { ini_path: files::INI_FILE.to_owned(), sapi: "cli".to_owned(), environment };
        let limits = engine::Limits { heap: usize::try_from(spec.limits.memory).unwrap_or(usize::MAX) };
        Ok(Machine { guest: Guest::boot(runtime, filesystem, &boot, &limits, watch)? })
    }

    pub(super) fn vfs(&self) -> &Vfs {
        self.guest.vfs()
    }

    pub(super) fn execute(&mut self, command: &Command, watch: &Watch<'_>) -> Result<Execution, SandboxError> {
        let (script, step) = command.step();
        let vfs = self.guest.vfs_mut();
        layout::write_json(vfs, files::STEP_FILE, &step)?;
        if let Command::RunPhp { code, .. } = command {
            layout::write(vfs, files::CODE_FILE, code.clone().into_bytes())?;
        }
        // The outcome of an earlier command must not be taken for this one's.
        let _ = vfs.host_remove(files::RESULT_FILE);
        let started_at = iso8601(SystemTime::now());
        let (response, outcome) = match self.guest.request(&Request::script(script), watch) {
            Ok(response) => {
                let outcome = self.read_outcome(command, &response);
                (response, outcome)
            }
            Err(stop) => {
                let response = self.guest.response(-1);
                let failure = if response.heap_exhausted && !matches!(stop, engine::Stop::Deadline) {
                    Failure::from(&engine::Stop::HeapExhausted)
                } else {
                    Failure::from(&stop)
                };
                (response, Err(failure))
            }
        };
        let record = record(command, &response, &outcome, started_at);
        Ok(Execution { record, outcome, denied: response.denied })
    }

    fn read_outcome(&mut self, command: &Command, response: &Response) -> Result<Value, Failure> {
        match self.guest.vfs().host_read(files::RESULT_FILE, RESULT_MAX) {
            Ok(bytes) => command::outcome(command, response, Some(&bytes)),
            Err(errno) if errno == engine::vfs::Errno::EFBIG => Err(Failure::new(
                crate::contract::Code::RunFailed,
                format!("The command's outcome is larger than {} MiB.", RESULT_MAX >> 20),
            )),
            Err(_) => command::outcome(command, response, None),
        }
    }
}

fn record(
    command: &Command,
    response: &Response,
    outcome: &Result<Value, Failure>,
    started_at: String,
) -> CommandRecord {
    let exit_code = match (outcome, response.exit_status) {
        (Ok(_), status) => i64::from(status),
        (Err(_), 0) => 1,
        (Err(_), status) => i64::from(status),
    };
    CommandRecord {
        id: String::new(),
        command: command.name().to_owned(),
        args: command.arguments(),
        exit_code,
        stdout: captured(&response.stdout, response.stdout_dropped),
        stderr: captured(&response.stderr, response.stderr_dropped),
        result: Value::Null,
        diagnostics: Value::Null,
        artifact_refs: Vec::new(),
        started_at,
        finished_at: iso8601(SystemTime::now()),
    }
}

/// Captured output as text, saying so where it was cut.
fn captured(bytes: &[u8], dropped: u64) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if dropped > 0 {
        text.push_str(&format!("\n[{dropped} bytes more were dropped]\n"));
    }
    text
}
