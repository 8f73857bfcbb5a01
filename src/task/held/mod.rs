//! A sandbox that its caller holds: made once, used as long as it is held.
//!
//! In: untrusted JSON for each call. Out: JSON. The sandbox ends with the object.

mod answer;
mod cancel;
mod collect;
mod forks;
mod history;
mod input;
mod observe;
mod parent;
mod redact;

pub use cancel::Cancel;
pub use input::{ExecutionInput, SandboxInput};

use super::input::Mount;
use super::plan;
use crate::artifact::{MountRecord, Redactor};
use crate::contract::{Code, Input, OutputCut, Refusal, iso8601, to_value};
use crate::engine::Watch;
use crate::engine::net::Rules;
use crate::host::Host;
use crate::recipe;
use crate::recipe::{HostTool, Inheritance, judge_network, wordpress_version};
use crate::sandbox::{Attendant, BACKEND, Failure, Sandbox, SandboxError, Snapshot};
use answer::answer;
use history::History;
use parent::Parent;
use redact::{Censored, clean, clean_refusal};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const RUNTIME_INFO_SCHEMA: &str = "wp-codebox/runtime-info/v1";

/// Snapshots that one sandbox keeps.
const SNAPSHOTS_MAX: usize = 64;

/// A sandbox in somebody's hands.
pub struct HeldSandbox {
    cancel: Cancel,
    sandbox: Sandbox,
    /// Of mounts, by target.
    metadata: BTreeMap<String, Value>,
    history: History,
    tools: Vec<HostTool>,
    inheritance: Inheritance,
    timeout: Duration,
    max_timeout: Duration,
    snapshots: BTreeMap<String, Snapshot>,
    php_version: String,
    /// WordPress version.
    wp: String,
    /// Where the sandbox has secrets: what takes them out of everything that it says.
    redactor: Option<Arc<Redactor>>,
}

impl HeldSandbox {
    /// Makes a sandbox. A refusal means that there is none.
    pub fn create(input: Value, host: &dyn Host) -> Result<HeldSandbox, Refusal> {
        let input = SandboxInput::parse(input)?;
        let settings = host.settings()?;
        let secrets = recipe::secrets(&input.secret_env, "secret_env", &settings, host)?;
        let redactor = (!secrets.is_empty()).then(|| Arc::new(Redactor::new(&secrets)));
        let prepared = plan::held(&input, &settings, &secrets)?;
        drop(secrets);
        let interrupt = host.run_interrupt();
        let interrupted = || interrupt.is_requested();
        let watch = Watch { deadline: Instant::now() + prepared.timeout, interrupted: &interrupted };
        let php_version = prepared.spec.pack.php_version().to_owned();
        let wp = wordpress_version(&prepared.spec);
        let metadata = prepared.mounts.into_iter().map(|mount| (mount.target, mount.metadata)).collect();
        let sandbox = Sandbox::create(prepared.spec, &watch)?;
        let mut held = HeldSandbox {
            cancel: Cancel::default(),
            sandbox,
            metadata,
            history: History::default(),
            tools: input.host_tools,
            inheritance: prepared.inheritance,
            timeout: prepared.timeout,
            max_timeout: prepared.max_timeout,
            snapshots: BTreeMap::new(),
            php_version,
            wp,
            redactor,
        };
        for command in prepared.preparations {
            let execution =
                held.sandbox.execute_with(&command, &watch, &mut Parent { host, tools: &held.tools })?;
            execution.outcome.map_err(not_ready).map_err(|refusal| held.told(refusal))?;
        }
        Ok(held)
    }

    /// `wp-codebox/runtime-info/v1`.
    pub fn info(&self) -> Value {
        json!({
            "schema": RUNTIME_INFO_SCHEMA,
            "id": self.sandbox.id(),
            "backend": BACKEND,
            "environment": self.environment(),
            "createdAt": iso8601(self.sandbox.created_at()),
            "status": self.status(),
            "mounts": self.mounts(),
            "snapshots": self.snapshots.keys().collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> &'static str {
        if self.sandbox.is_stopped() { "stopped" } else { "created" }
    }

    fn mounts(&self) -> Vec<MountRecord> {
        let metadata = |target: &str| self.metadata.get(target).cloned().unwrap_or_default();
        let mounts = self.sandbox.mounts().iter();
        mounts.map(|mount| recipe::mount_record(mount, metadata(&mount.target))).collect()
    }

    /// Attaches a mount: what a task's `mounts` has. WordPress sees it from the next command on.
    pub fn mount(&mut self, input: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let mount = Mount::parse(input)?;
        let host_mount = plan::host_mount(&mount, &str::to_owned, &host.settings()?)?;
        self.sandbox.mount(host_mount).map_err(|error| match error {
            SandboxError::Mount { source, .. } => Refusal::field(Code::MountTargetInvalid, "target", source),
            error => error.into(),
        })?;
        self.metadata.insert(mount.target, plan::metadata(&mount.metadata));
        to_value(&self.mounts().last())
    }

    /// What ends a call of this sandbox's while it runs.
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Carries out a command, with somebody there while it runs if there is anybody. One that failed
    /// is an answer with `error`; a refusal means that it was not started.
    pub fn execute(
        &mut self,
        input: Value,
        host: &dyn Host,
        attendant: Option<&mut dyn Attendant>,
    ) -> Result<Value, Refusal> {
        let input = ExecutionInput::parse(input)?;
        let deadline = self.deadline(input.timeout_seconds);
        let command = input.command(&host.settings()?, &self.tools)?;
        let (interrupt, cancel) = (host.run_interrupt(), self.cancel.clone());
        let interrupted = || interrupt.is_requested() || cancel.is_requested();
        let watch = Watch { deadline, interrupted: &interrupted };
        let mut parent = Parent { host, tools: &self.tools };
        let (sandbox, redactor) = (&mut self.sandbox, self.redactor.as_deref());
        let mut execution = match (attendant, redactor) {
            (None, _) => sandbox.execute_with(&command, &watch, &mut parent),
            (Some(attendant), None) => sandbox.execute_attended(&command, &watch, &mut parent, attendant),
            (Some(attendant), Some(redactor)) => {
                let mut censored = Censored::new(attendant, redactor);
                let execution = sandbox.execute_attended(&command, &watch, &mut parent, &mut censored);
                censored.finish(execution.as_ref().map_or(OutputCut::ANYWHERE, |done| done.record.cut));
                execution
            }
        };
        if let Ok(execution) = &mut execution {
            self.history.keep(execution, redactor);
        }
        let answer = execution.map_err(Refusal::from).and_then(answer);
        answer.map(|answer| self.clean(answer)).map_err(|refusal| self.told(refusal))
    }

    fn clean(&self, value: Value) -> Value {
        clean(value, self.redactor.as_deref())
    }

    /// The refusal as it may be told.
    fn told(&self, refusal: Refusal) -> Refusal {
        clean_refusal(refusal, self.redactor.as_deref())
    }

    /// Sets what the sandbox may reach on the network from now on: `network` of a runtime policy.
    /// Connections that would not be allowed any more end.
    pub fn set_network(&mut self, network: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let rules: Rules = serde_json::from_value(network)
            .map_err(|error| Refusal::field(Code::RuntimePolicyInvalid, "network", error))?;
        judge_network(&rules, "network", &host.settings()?)?;
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
        let room = self.sandbox.snapshot_room();
        if Snapshot::bytes(self.snapshots.values().chain([&snapshot])) > room {
            let why = format!("The sandbox's snapshots would keep more than {} MiB in memory.", room >> 20);
            return Err(Refusal::new(Code::ResourcesExhausted, why));
        }
        let answer = json!({ "id": snapshot.id(), "createdAt": iso8601(snapshot.created_at()), "semantics": Snapshot::SEMANTICS });
        self.snapshots.insert(snapshot.id().to_owned(), snapshot);
        Ok(answer)
    }

    /// Returns to a snapshot of this sandbox, also after it was stopped.
    pub fn restore(&mut self, id: &str, host: &dyn Host) -> Result<Value, Refusal> {
        let snapshot = self.snapshots.get(id).cloned().ok_or_else(|| {
            Refusal::field(Code::InputInvalid, "snapshot", "no snapshot of this sandbox").with("snapshot", id)
        })?;
        let interrupt = host.run_interrupt();
        let interrupted = || interrupt.is_requested();
        self.sandbox
            .restore(&snapshot, &Watch { deadline: self.deadline(None), interrupted: &interrupted })?;
        Ok(self.info())
    }

    fn take(&mut self, host: &dyn Host) -> Result<Snapshot, Refusal> {
        let interrupt = host.run_interrupt();
        let interrupted = || interrupt.is_requested();
        let deadline = self.deadline(None);
        Ok(self.sandbox.snapshot(&Watch { deadline, interrupted: &interrupted })?)
    }

    /// Ends the sandbox and gives up its events.
    pub fn destroy(self) -> Result<Value, Refusal> {
        let redactor = self.redactor;
        to_value(&self.sandbox.destroy()).map(|events| clean(events, redactor.as_deref()))
    }

    fn limit(&self, seconds: Option<u64>) -> Duration {
        seconds.map_or(self.timeout, Duration::from_secs).min(self.max_timeout)
    }

    fn deadline(&self, seconds: Option<u64>) -> Instant {
        Instant::now() + self.limit(seconds)
    }
}

fn not_ready(failure: Failure) -> Refusal {
    Refusal::new(failure.code, format!("The sandbox is not ready: {}", failure.message))
}
