//! A sandbox that its caller holds: made once, used as long as it is held.
//!
//! In: untrusted JSON for each call. Out: JSON. The sandbox ends with the object.

use super::input::{ComponentContract, Mount, RuntimePolicy};
use super::run::to_value;
use super::{plan, policy, roots};
use crate::artifact::MountRecord;
use crate::contract::{Code, Input, Refusal, input_schema, iso8601};
use crate::engine::{Watch, with_signals_blocked};
use crate::engine::net::Rules;
use crate::host::{Host, Settings};
use crate::sandbox::{
    ARGUMENT_FILE_MAX, Approval, Approver, Arguments, Command, Execution, Failure, HostFile, Sandbox, Snapshot,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub const RUNTIME_INFO_SCHEMA: &str = "wp-codebox/runtime-info/v1";

/// Snapshots that one sandbox keeps.
const SNAPSHOTS_MAX: usize = 64;
/// Forks that one call makes.
const FORKS_MAX: usize = 1024;

/// What a sandbox is made of. Everything may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxInput {
    /// Host directories and files that the sandbox sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub mounts: Vec<Mount>,
    /// Plugins that the sandbox loads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub component_contracts: Vec<ComponentContract>,
    /// What the sandbox may do. Left out: every command, no network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_policy: Option<RuntimePolicy>,
    /// WordPress version. Left out: the parent's own files, or the runtime pack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub wp: Option<String>,
    /// Deadline of each call that names none, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: Option<u64>,
}

impl Input for SandboxInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<SandboxInput>);
        &SCHEMA
    }

    fn check(&mut self) -> Result<(), Refusal> {
        super::input::check_places(&mut self.mounts, &mut self.component_contracts)
    }
}

/// One command and its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the command, such as `wordpress.run-php`.
    #[schemars(length(min = 1, max = 200))]
    pub command: String,
    /// Arguments by name: those that the command table lists for the command.
    #[serde(default)]
    pub args: BTreeMap<String, Value>,
    /// Deadline of this call, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: Option<u64>,
}

impl Input for ExecutionInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ExecutionInput>);
        &SCHEMA
    }
}

impl ExecutionInput {
    /// The command, with its arguments checked.
    fn command(self, settings: &Settings) -> Result<Command, Refusal> {
        let mut arguments = Arguments::of_object(self.args);
        for file in arguments.host_files(&self.command) {
            let content = host_file(&file, settings)?;
            arguments.hand_in(&file.argument, content);
        }
        Ok(Command::parse(&self.command, arguments)?)
    }
}

/// The content of a file that an argument names.
fn host_file(file: &HostFile, settings: &Settings) -> Result<Vec<u8>, Refusal> {
    let field = format!("args.{}", file.argument);
    let path = roots::source(settings, Code::InputInvalid, &field, &file.path)?;
    let refused = |why: String| Refusal::field(Code::InputInvalid, &field, why);
    let read = || {
        // A named pipe would wait for its other end.
        let file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("not a file"));
        }
        let mut content = Vec::new();
        file.take(ARGUMENT_FILE_MAX + 1).read_to_end(&mut content)?;
        Ok(content)
    };
    let content = read().map_err(|error| refused(format!("{}: {error}", file.path)))?;
    if content.len() as u64 > ARGUMENT_FILE_MAX {
        return Err(refused(format!("{}: at most {ARGUMENT_FILE_MAX} bytes", file.path)));
    }
    Ok(content)
}

/// A sandbox in somebody's hands.
pub struct HeldSandbox {
    sandbox: Sandbox,
    records: Vec<MountRecord>,
    timeout: Duration,
    max_timeout: Duration,
    snapshots: BTreeMap<String, Snapshot>,
    php_version: String,
}

/// The parent, as whom a command asks.
struct Parent<'a>(&'a dyn Host);

impl Approver for Parent<'_> {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.0.approve(to_value(approval)?)
    }
}

impl HeldSandbox {
    /// Makes a sandbox. A refusal means that there is none.
    pub fn create(input: Value, host: &dyn Host) -> Result<HeldSandbox, Refusal> {
        let input = SandboxInput::parse(input)?;
        let settings = host.settings()?;
        let prepared = plan::held(&input, &settings)?;
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        let watch = Watch { deadline: Instant::now() + prepared.timeout, interrupted: &interrupted };
        let php_version = prepared.spec.pack.php_version().to_owned();
        let sandbox = Sandbox::create(prepared.spec, &watch)?;
        let mut held = HeldSandbox {
            sandbox,
            records: prepared.mounts,
            timeout: prepared.timeout,
            max_timeout: prepared.max_timeout,
            snapshots: BTreeMap::new(),
            php_version,
        };
        for command in prepared.preparations {
            let execution = held.sandbox.execute_with(&command, &watch, &mut Parent(host))?;
            execution.outcome.map_err(not_ready)?;
        }
        Ok(held)
    }

    /// `wp-codebox/runtime-info/v1`.
    pub fn info(&self) -> Value {
        json!({
            "schema": RUNTIME_INFO_SCHEMA,
            "id": self.sandbox.id(),
            "backend": super::result::BACKEND,
            "environment": { "kind": "wordpress", "phpVersion": self.php_version },
            "createdAt": iso8601(self.sandbox.created_at()),
            "status": if self.sandbox.is_stopped() { "stopped" } else { "created" },
            "mounts": self.records,
            "snapshots": self.snapshots.keys().collect::<Vec<_>>(),
        })
    }

    /// Carries out a command. One that failed is an answer with `error`; a refusal means that it was
    /// not started.
    pub fn execute(&mut self, input: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let input = ExecutionInput::parse(input)?;
        let deadline = self.deadline(input.timeout_seconds);
        let command = input.command(&host.settings()?)?;
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        let watch = Watch { deadline, interrupted: &interrupted };
        answer(self.sandbox.execute_with(&command, &watch, &mut Parent(host))?)
    }

    /// Carries out each command in a fork of its own, several at a time, and ends the forks. The
    /// sandbox itself stays as it is. Nobody can be asked for approval meanwhile.
    pub fn execute_in_forks(
        &mut self,
        inputs: Value,
        threads: Option<usize>,
        host: &dyn Host,
    ) -> Result<Value, Refusal> {
        let Value::Array(inputs) = inputs else {
            return Err(Refusal::field(Code::InputInvalid, "executions", "a list is expected"));
        };
        if inputs.len() > FORKS_MAX {
            return Err(Refusal::field(Code::InputInvalid, "executions", format_args!("at most {FORKS_MAX}")));
        }
        let settings = host.settings()?;
        let mut work = Vec::with_capacity(inputs.len());
        for input in inputs {
            let input = ExecutionInput::parse(input)?;
            work.push((self.limit(input.timeout_seconds), input.command(&settings)?));
        }
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        let end = Instant::now() + self.max_timeout;
        let watch = Watch { deadline: Instant::now() + self.timeout, interrupted: &interrupted };
        let snapshot = self.sandbox.snapshot(&watch)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = threads.unwrap_or(cores).clamp(1, work.len().max(1)).min(4 * cores);
        let next = AtomicUsize::new(0);
        let answers: Vec<Mutex<Option<Value>>> = work.iter().map(|_| Mutex::new(None)).collect();
        let worker = || {
            while let Some((index, (limit, command))) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                work.get(index).map(|one| (index, one))
            } {
                let deadline = (Instant::now() + *limit).min(end);
                let watch = Watch { deadline, interrupted: &interrupted };
                let one = in_fork(&snapshot, command, &watch).unwrap_or_else(|refusal| {
                    json!({
                        "command": command.name(),
                        "exitCode": 1,
                        "error": error(refusal.code, &refusal.message, &refusal.data()),
                    })
                });
                *answers[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
            }
        };
        std::thread::scope(|scope| {
            // This thread is one of them: where no other can be started, it does all the work.
            for _ in 1..threads {
                let name = "wp-codebox-fork".to_owned();
                let spawn = || std::thread::Builder::new().name(name).spawn_scoped(scope, &worker);
                if with_signals_blocked(spawn).is_err() {
                    break;
                }
            }
            worker();
        });
        let answers = answers.into_iter().map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default());
        Ok(Value::Array(answers.collect()))
    }

    /// Sets what the sandbox may reach on the network from now on: `network` of a runtime policy.
    /// Connections that would not be allowed any more end.
    pub fn set_network(&mut self, network: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let rules: Rules = serde_json::from_value(network)
            .map_err(|error| Refusal::field(Code::RuntimePolicyInvalid, "network", error))?;
        policy::judge_network(&rules, "network", &host.settings()?)?;
        self.sandbox.set_network(rules);
        Ok(Value::Bool(true))
    }

    /// Keeps the sandbox as it is now, to return to. Gives the snapshot's id.
    pub fn snapshot(&mut self, host: &dyn Host) -> Result<Value, Refusal> {
        if self.snapshots.len() >= SNAPSHOTS_MAX {
            return Err(Refusal::new(
                Code::ResourcesExhausted,
                format!("A sandbox keeps at most {SNAPSHOTS_MAX} snapshots."),
            ));
        }
        let snapshot = self.take(host)?;
        let answer = json!({ "id": snapshot.id(), "createdAt": iso8601(snapshot.created_at()), "semantics": "replayable-runtime-state" });
        self.snapshots.insert(snapshot.id().to_owned(), snapshot);
        Ok(answer)
    }

    /// Returns to a snapshot of this sandbox, also after it was stopped.
    pub fn restore(&mut self, id: &str, host: &dyn Host) -> Result<Value, Refusal> {
        let snapshot = self.snapshots.get(id).cloned().ok_or_else(|| {
            Refusal::field(Code::InputInvalid, "snapshot", "no snapshot of this sandbox").with("snapshot", id)
        })?;
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        self.sandbox.restore(&snapshot, &Watch { deadline: self.deadline(None), interrupted: &interrupted })?;
        Ok(self.info())
    }

    /// Sandboxes of their own that begin as this one is now.
    pub fn fork(&mut self, count: usize, host: &dyn Host) -> Result<Vec<HeldSandbox>, Refusal> {
        if !(1..=FORKS_MAX).contains(&count) {
            return Err(Refusal::field(Code::InputInvalid, "count", format_args!("between 1 and {FORKS_MAX}")));
        }
        let snapshot = self.take(host)?;
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        let watch = Watch { deadline: self.deadline(None), interrupted: &interrupted };
        let fork = || -> Result<HeldSandbox, Refusal> {
            Ok(HeldSandbox {
                sandbox: Sandbox::fork(&snapshot, &watch)?,
                records: self.records.clone(),
                timeout: self.timeout,
                max_timeout: self.max_timeout,
                snapshots: BTreeMap::new(),
                php_version: self.php_version.clone(),
            })
        };
        (0..count).map(|_| fork()).collect()
    }

    fn take(&mut self, host: &dyn Host) -> Result<Snapshot, Refusal> {
        let interrupt = host.interrupt();
        let interrupted = || interrupt.is_requested();
        let deadline = self.deadline(None);
        Ok(self.sandbox.snapshot(&Watch { deadline, interrupted: &interrupted })?)
    }

    /// Ends the sandbox and gives up its events.
    pub fn destroy(self) -> Result<Value, Refusal> {
        to_value(&self.sandbox.destroy())
    }

    fn limit(&self, seconds: Option<u64>) -> Duration {
        seconds.map_or(self.timeout, Duration::from_secs).min(self.max_timeout)
    }

    fn deadline(&self, seconds: Option<u64>) -> Instant {
        Instant::now() + self.limit(seconds)
    }
}

fn in_fork(snapshot: &Snapshot, command: &Command, watch: &Watch<'_>) -> Result<Value, Refusal> {
    let mut sandbox = Sandbox::fork(snapshot, watch)?;
    answer(sandbox.execute(command, watch)?)
}

fn not_ready(failure: Failure) -> Refusal {
    Refusal::new(failure.code, format!("The sandbox is not ready: {}", failure.message))
}

/// An execution result: the record, with what the command returned or why it did not.
fn answer(execution: Execution) -> Result<Value, Refusal> {
    let mut record = to_value(&execution.record)?;
    match execution.outcome {
        Ok(value) => record["result"] = value,
        Err(failure) => record["error"] = error(failure.code, &failure.message, &failure.data),
    }
    Ok(record)
}

fn error(code: Code, message: &str, data: &Value) -> Value {
    json!({ "code": code.as_str(), "message": message, "data": data })
}
