//! A guest with WordPress's files: what a base image is made in, and what a sandbox runs on.

use super::command::{self, Command, Execution, Failure};
use super::error::SandboxError;
use super::files;
use super::layout;
use super::spec::Spec;
use crate::contract::{Code, CommandRecord, iso8601};
use crate::engine::net::Network;
use crate::engine::vfs::{Errno, Vfs};
use crate::engine::{self, Boot, Guest, Request, Response, Runtime, Stop, Watch};
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;

/// Largest outcome that a command may leave, bytes.
const RESULT_MAX: u64 = 16 << 20;

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

    pub(super) fn network_mut(&mut self) -> &mut Network {
        self.guest.network_mut()
    }

    /// Whether the guest was stopped and runs nothing more.
    pub(super) fn is_stopped(&self) -> bool {
        self.guest.is_stopped()
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
                let failure = if response.heap_exhausted && !matches!(stop, Stop::Deadline) {
                    Failure::from(&Stop::HeapExhausted)
                } else {
                    Failure::from(&stop)
                };
                (response, Err(failure))
            }
        };
        let record = record(command, &response, &outcome, started_at);
        Ok(Execution {
            record,
            outcome,
            denied: response.denied,
            network: response.network,
            network_dropped: response.network_dropped,
        })
    }

    fn read_outcome(&mut self, command: &Command, response: &Response) -> Result<Value, Failure> {
        match self.guest.vfs().host_read(files::RESULT_FILE, RESULT_MAX) {
            Ok(bytes) => command::outcome(command, response, Some(&bytes)),
            Err(errno) if errno == Errno::EFBIG => Err(Failure::new(
                Code::RunFailed,
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
