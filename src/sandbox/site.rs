//! A sandbox, from its creation to its end.

use super::attend::{Attendant, attend};
use super::checkpoint::{self, Checkpoint, CheckpointOperation, CheckpointResult, Checkpoints};
use super::command::{
    CheckpointCall, Command, Execution, Failure, HostToolCall, changed_files, mounted_input, mounted_inputs,
};
use super::diagnostics::QueryCapture;
use super::error::SandboxError;
use super::event_log::{EventLog, EventMark};
use super::files;
use super::machine::{Machine, Start};
use super::policy::{Approval, Approver, Decision, Field, Unattended, Violation};
use super::random::random_id;
use super::spec::{HostMount, Spec};
use crate::contract::{ChangeSet, Code, DatabaseFiles, Event, iso8601};
use crate::engine::net::{Network, Rules};
use crate::engine::vfs::{Errno, Lower, Vfs};
use crate::engine::{Runtime, Stop, Watch};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// A sandbox at one moment. Costs what has changed, and keeps what it needs.
#[derive(Clone)]
pub struct Snapshot {
    id: String,
    created_at: SystemTime,
    start: Arc<Start>,
    spec: Spec,
}

impl Snapshot {
    /// What can be done with one: everything that the sandbox holds comes back.
    pub const SEMANTICS: &str = "replayable-runtime-state";

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn created_at(&self) -> SystemTime {
        self.created_at
    }

    /// What they keep in memory together, bytes. Snapshots of one state share it.
    pub fn bytes<'a>(snapshots: impl IntoIterator<Item = &'a Snapshot>) -> u64 {
        let mut states: Vec<&Arc<Start>> = Vec::new();
        for snapshot in snapshots {
            if !states.iter().any(|state| Arc::ptr_eq(state, &snapshot.start)) {
                states.push(&snapshot.start);
            }
        }
        states.into_iter().map(|state| state.held()).fold(0, u64::saturating_add)
    }
}

/// Events that say what a sandbox is made of.
const CREATED: &str = "runtime.created";
const MOUNTED: &str = "runtime.mounted";

/// The longest argument that an event repeats, bytes.
const NOTED_BYTES: usize = 4096;

/// The result of a host tool.
const HOST_TOOL_RESULT_SCHEMA: &str = "wp-codebox/host-tool-result/v1";

/// A live sandbox.
pub struct Sandbox {
    id: String,
    created_at: SystemTime,
    pub(super) machine: Machine,
    pub(super) spec: Spec,
    events: EventLog,
    checkpoints: Checkpoints,
    was_on_the_network: bool,
}

impl Sandbox {
    /// Starts a sandbox from a warm image. The first call for a WordPress core, and for a set of
    /// components, makes the image and keeps it.
    pub fn create(mut spec: Spec, watch: &Watch<'_>) -> Result<Sandbox, SandboxError> {
        let decisions = admit(&mut spec)?;
        let runtime = Runtime::of(&spec.pack)?;
        let machine = Machine::start(&runtime, &spec, watch)?;
        Ok(Sandbox::admitted(machine, spec, decisions))
    }

    pub(super) fn admitted(machine: Machine, spec: Spec, decisions: Vec<Decision>) -> Sandbox {
        let mut sandbox = Sandbox::with(machine, spec);
        decisions.into_iter().for_each(|decision| sandbox.decided(decision));
        sandbox
    }

    fn with(mut machine: Machine, spec: Spec) -> Sandbox {
        machine.network_mut().set_rules(spec.policy.network.clone());
        machine.network_mut().set_limits(spec.limits.network);
        let mut sandbox = Sandbox {
            id: random_id("runtime"),
            created_at: SystemTime::now(),
            machine,
            spec,
            events: EventLog::default(),
            checkpoints: Checkpoints::default(),
            was_on_the_network: false,
        };
        sandbox.note(
            CREATED,
            json!({
                "backend": super::BACKEND,
                "environment": {
                    "kind": "wordpress",
                    "phpVersion": sandbox.spec.pack.php_version(),
                },
                "policy": sandbox.spec.policy,
                "hostTools": sandbox.spec.host_tools,
            }),
        );
        for mount in sandbox.spec.mounts.clone() {
            sandbox.note_mount(&mount);
        }
        sandbox
    }

    fn note_mount(&mut self, mount: &HostMount) {
        self.note(MOUNTED, json!({ "mount": mounted_input(mount) }));
    }

    /// What is mounted, in the order of [`changes`](Self::changes).
    pub fn mounts(&self) -> &[HostMount] {
        &self.spec.mounts
    }

    /// A copy of the files as they are: it costs nothing, and looking into it changes nothing.
    pub(super) fn files(&self) -> Vfs {
        self.machine.vfs().clone()
    }

    /// Attaches a mount to a sandbox in use. WordPress sees it from the next command on that loads
    /// it anew.
    pub fn mount(&mut self, mount: HostMount) -> Result<(), SandboxError> {
        let mount = self.spec.policy.admit_mount(mount)?;
        self.machine.mount(&mount)?;
        self.note_mount(&mount);
        self.spec.mounts.push(mount);
        Ok(())
    }

    /// The sandbox as it is now, to return to or to start others from. A stopped one has no state
    /// that could be trusted.
    pub fn snapshot(&mut self, watch: &Watch<'_>) -> Result<Snapshot, SandboxError> {
        let start = self.machine.snapshot(watch)?;
        let snapshot = Snapshot {
            id: random_id("snapshot"),
            created_at: SystemTime::now(),
            start,
            spec: self.spec.clone(),
        };
        self.note(
            "runtime.snapshot.created",
            json!({ "id": snapshot.id, "createdAt": iso8601(snapshot.created_at), "artifactPath": null }),
        );
        Ok(snapshot)
    }

    /// Takes everything back that happened since. Also brings back a sandbox that was stopped.
    pub fn restore(&mut self, snapshot: &Snapshot, watch: &Watch<'_>) -> Result<(), SandboxError> {
        let mut machine = Machine::from(Arc::clone(&snapshot.start), watch)?;
        *machine.network_mut() = self.machine.network_mut().handed_on();
        self.machine = machine;
        self.spec.mounts.clone_from(&snapshot.spec.mounts);
        self.note("runtime.snapshot.restored", json!({ "id": snapshot.id }));
        Ok(())
    }

    /// A sandbox of its own that begins as the snapshot.
    pub fn fork(snapshot: &Snapshot, watch: &Watch<'_>) -> Result<Sandbox, SandboxError> {
        let machine = Machine::from(Arc::clone(&snapshot.start), watch)?;
        Ok(Sandbox::with(machine, snapshot.spec.clone()))
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn created_at(&self) -> SystemTime {
        self.created_at
    }

    /// What the sandbox's snapshots, and its checkpoints, may keep in memory, bytes: as much as its
    /// guest may have.
    pub fn snapshot_room(&self) -> u64 {
        self.spec.limits.memory
    }

    /// Carries out a command that needs nobody's approval. Its failure is part of the execution; an
    /// error means that the policy does not allow it, or that it could not even be placed.
    pub fn execute(&mut self, command: &Command, watch: &Watch<'_>) -> Result<Execution, SandboxError> {
        self.execute_with(command, watch, &mut Unattended)
    }

    /// Carries out a command for which somebody can be asked.
    pub fn execute_with(
        &mut self,
        command: &Command,
        watch: &Watch<'_>,
        approver: &mut dyn Approver,
    ) -> Result<Execution, SandboxError> {
        self.carry_out(command, None, watch, approver, None)
    }

    /// The same, and notes the queries that it makes.
    pub fn execute_noting(
        &mut self,
        command: &Command,
        capture: Option<QueryCapture>,
        watch: &Watch<'_>,
        approver: &mut dyn Approver,
    ) -> Result<Execution, SandboxError> {
        self.carry_out(command, capture, watch, approver, None)
    }

    /// The same with somebody there while it runs.
    pub fn execute_attended(
        &mut self,
        command: &Command,
        watch: &Watch<'_>,
        approver: &mut dyn Approver,
        attendant: &mut dyn Attendant,
    ) -> Result<Execution, SandboxError> {
        self.carry_out(command, None, watch, approver, Some(attendant))
    }

    fn carry_out(
        &mut self,
        command: &Command,
        capture: Option<QueryCapture>,
        watch: &Watch<'_>,
        approver: &mut dyn Approver,
        attendant: Option<&mut dyn Attendant>,
    ) -> Result<Execution, SandboxError> {
        let id = random_id("command");
        self.permit(command, &id, approver)?;
        let own = command.time_limit().map(|limit| Instant::now() + limit);
        let deadline = own.map_or(watch.deadline, |own| own.min(watch.deadline));
        let watch = &Watch { deadline, interrupted: watch.interrupted };
        self.note(
            "runtime.command.started",
            json!({
                "id": id,
                "command": command.name(),
                "args": command.arguments().into_iter().map(noted).collect::<Vec<_>>(),
                "cwd": null,
                "timeoutMs": watch.deadline.saturating_duration_since(Instant::now()).as_millis() as u64,
            }),
        );
        let started = SystemTime::now();
        let (machine, environment) = (&mut self.machine, &self.spec.environment);
        let mut execution = match (command, attendant) {
            (Command::MountedInputs, _) => {
                Execution::by_host(command, Ok(mounted_inputs(&self.spec.mounts)), started)
            }
            (Command::Checkpoint(call), _) => {
                Execution::by_host(command, self.checkpoint(call, watch), started)
            }
            (Command::HostTool(call), _) => {
                let answer = host_tool(call, &self.spec.host_tools, approver);
                // The tool itself may have asked for the end of what it is part of.
                let stop = (watch.interrupted)().then_some(&Stop::Interrupted);
                Execution::by_host(command, stop.map_or(answer, |stop| Err(stop.into())), started)
            }
            (_, None) => machine.execute(command, environment, capture, watch, None)?,
            (_, Some(attendant)) => {
                let work = |watch: &Watch<'_>, tap: &_| {
                    machine.execute(command, environment, capture, watch, Some(tap))
                };
                attend(attendant, watch, work).map_err(SandboxError::NoThread)??
            }
        };
        if let (Command::CaptureState(capture), Ok(read)) = (command, &mut execution.outcome) {
            execution.outcome = changed_files(capture, self.machine.vfs())
                .and_then(|files| capture.outcome(read.take(), files));
            execution.record.exit_code = i64::from(execution.outcome.is_err());
        }
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
        for call in &execution.denied {
            let denied = Decision::new(Field::Sandbox, Err(format!("Sandboxes have no {call}.")));
            self.decided(denied.about(&id).with(json!({ "call": call })));
        }
        self.was_on_the_network |= !execution.network.is_empty() || execution.network_dropped > 0;
        for record in &execution.network {
            let verdict = if record.allowed { Ok(()) } else { Err(String::new()) };
            self.decided(
                Decision { reason: None, ..Decision::new(Field::Network, verdict) }.about(&id).with(record),
            );
        }
        if execution.network_dropped > 0 {
            self.note(
                "runtime.policy.dropped",
                json!({ "command": id, "records": execution.network_dropped }),
            );
        }
        Ok(execution)
    }

    fn checkpoint(&mut self, call: &CheckpointCall, watch: &Watch<'_>) -> Result<Value, Failure> {
        let result = match call {
            CheckpointCall::Create { name, metadata } => {
                self.keep_checkpoint(name, metadata.clone(), watch)?
            }
            CheckpointCall::Restore { name } => self.return_to_checkpoint(name, watch)?,
            CheckpointCall::List => self.checkpoints.list(),
        };
        Ok(json!(result))
    }

    fn keep_checkpoint(
        &mut self,
        name: &str,
        metadata: Map<String, Value>,
        watch: &Watch<'_>,
    ) -> Result<CheckpointResult, Failure> {
        let operation = CheckpointOperation::Create;
        self.checkpoints.make_room(name)?;
        let snapshot = self.snapshot(watch).map_err(|error| checkpoint::failed(operation, name, error))?;
        let kept = self.checkpoints.keep(name, metadata, snapshot, self.snapshot_room())?;
        self.note("runtime.checkpoint.created", json!(kept));
        Ok(CheckpointResult::of_one(operation, kept))
    }

    fn return_to_checkpoint(&mut self, name: &str, watch: &Watch<'_>) -> Result<CheckpointResult, Failure> {
        let operation = CheckpointOperation::Restore;
        let (kept, snapshot): (Checkpoint, Snapshot) = self.checkpoints.find(name)?;
        self.restore(&snapshot, watch).map_err(|error| checkpoint::failed(operation, name, error))?;
        self.note("runtime.checkpoint.restored", json!(kept));
        Ok(CheckpointResult::of_one(operation, kept))
    }

    /// Decides whether a command may be executed, before anything has happened.
    fn permit(&mut self, command: &Command, id: &str, approver: &mut dyn Approver) -> Result<(), Violation> {
        let name = json!({ "name": command.name() });
        let allowed = self.spec.policy.judge_command(command);
        let verdict = allowed.as_ref().copied().map_err(ToString::to_string);
        self.decided(Decision::new(Field::Commands, verdict).about(id).with(&name));
        allowed?;
        if !self.spec.policy.asks(command) {
            return Ok(());
        }
        let command_name = || command.name().to_owned();
        let answer = match approver.approve(&Approval::of(command, &self.id, id)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Violation::NotApproved { command: command_name() }),
            Err(refusal) => Err(Violation::NoAnswer { command: command_name(), why: refusal.message }),
        };
        let verdict = answer.as_ref().copied().map_err(ToString::to_string);
        self.decided(Decision::new(Field::Approvals, verdict).about(id).with(&name));
        answer
    }

    /// Sets what may be reached on the network from now on. Connections that would not be allowed any
    /// more end.
    pub fn set_network(&mut self, rules: Rules) {
        self.note("runtime.policy.changed", json!({ "field": Field::Network, "network": rules }));
        self.machine.network_mut().set_rules(rules.clone());
        self.spec.policy.network = rules;
    }

    /// The network's other settings: who looks names up, which certificates are believed, limits.
    pub fn network_mut(&mut self) -> &mut Network {
        self.machine.network_mut()
    }

    fn decided(&mut self, decision: Decision) {
        let data = serde_json::to_value(&decision).unwrap_or_default();
        self.note(decision.event(), data);
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

    /// The database's files, then and now. `None` if they are gone or too large to look at.
    pub fn database(&self) -> Option<DatabaseFiles> {
        let read = |path: &str| self.machine.vfs().host_read(path, files::DATABASE_MAX);
        Some(DatabaseFiles {
            before: std::fs::read(self.installed_database()?).ok()?,
            after: read(files::DATABASE).ok()?,
            after_log: read(files::DATABASE_LOG).unwrap_or_default(),
        })
    }

    /// A file's bytes, as the guest sees it. `EFBIG`: there are more than `limit`.
    pub fn read_file(&self, path: &str, limit: u64) -> Result<Vec<u8>, Errno> {
        self.machine.vfs().host_read(path, limit)
    }

    /// The host's file with the database that the sandbox began with.
    fn installed_database(&self) -> Option<&Path> {
        let mount = self.machine.vfs().mounts().find(|mount| mount.target == files::DATABASE)?;
        match &mount.lower {
            Lower::HostFile(path) => Some(path),
            _ => None,
        }
    }

    /// How often `bytes` stand in the guest's memory. For tests of what must not be there.
    pub fn count_in_memory(&self, bytes: &[u8]) -> usize {
        self.machine.count_in_memory(bytes)
    }

    /// Whether the guest was stopped and runs nothing more.
    pub fn is_stopped(&self) -> bool {
        self.machine.is_stopped()
    }

    /// Whether the command can be carried out: a stopped sandbox runs nothing more in its guest, but can
    /// be asked what the host knows, and return to a checkpoint.
    pub fn can_carry_out(&self, command: &Command) -> bool {
        !self.is_stopped() || !command.needs_guest()
    }

    /// Whether a command asked for anything on the network, allowed or not.
    pub(super) fn was_on_the_network(&self) -> bool {
        self.was_on_the_network
    }

    /// The lifecycle events so far. They are bounded: where some were dropped, the last one says how many.
    pub fn events(&self) -> Vec<Event> {
        self.events.all()
    }

    /// Now, as [`events_since`](Self::events_since) takes it.
    pub fn mark(&self) -> EventMark {
        self.events.mark()
    }

    /// The events since then. `None`: not all of them were kept.
    pub fn events_since(&self, mark: EventMark) -> Option<Vec<Event>> {
        self.events.since(mark)
    }

    /// Adds events of the sandbox that this one started as.
    pub fn inherit_events(&mut self, events: Vec<Event>) {
        events.into_iter().for_each(|event| self.events.add(event));
    }

    /// Adds the events of a fork that has ended, each with the fork's id: but the first ones, which say
    /// what it began as, are this sandbox's own.
    pub fn inherit_fork(&mut self, id: &str, events: Vec<Event>) {
        for mut event in events {
            if matches!(event.kind.as_str(), CREATED | MOUNTED) {
                continue;
            }
            if let Value::Object(data) = &mut event.data {
                data.insert("runtimeId".to_owned(), id.into());
            }
            self.events.add(event);
        }
    }

    /// Adds a lifecycle event.
    pub fn note(&mut self, kind: &str, data: Value) {
        self.events.note(kind, data);
    }

    /// Ends the sandbox and gives up its events.
    pub fn destroy(mut self) -> Vec<Event> {
        let id = self.id.clone();
        self.note("runtime.destroyed", json!({ "runtimeId": id }));
        self.events.all()
    }
}

/// An argument as an event names it. A long one is left out as a whole: half of a secret in it would not
/// be found again. The command's record has all of it.
fn noted(argument: String) -> String {
    if argument.len() <= NOTED_BYTES {
        return argument;
    }
    let key = argument.split_once('=').map(|(key, _)| key).filter(|key| key.len() <= 64).unwrap_or_default();
    format!("{key}=[{} bytes]", argument.len())
}

/// Calls a tool of the parent's: `wp-codebox/host-tool-result/v1`.
fn host_tool(call: &HostToolCall, known: &[String], parent: &mut dyn Approver) -> Result<Value, Failure> {
    let answer = if known.contains(&call.tool) { parent.call_tool(call) } else { Unattended.call_tool(call) };
    let result =
        |status: &str| json!({ "schema": HOST_TOOL_RESULT_SCHEMA, "tool": call.tool, "status": status });
    match answer {
        Ok(output) => {
            let mut result = result("ok");
            result["output"] = output;
            Ok(result)
        }
        Err(refusal) => {
            let mut data = result("error");
            data["error"] =
                json!({ "code": refusal.code_text(), "message": refusal.message, "data": refusal.facts });
            Err(Failure {
                code: Code::HostToolFailed,
                message: format!("{}: {}", call.tool, refusal.message),
                data,
            })
        }
    }
}

/// Brings what the sandbox is made of in line with the policy, or refuses it.
pub(super) fn admit(spec: &mut Spec) -> Result<Vec<Decision>, Violation> {
    let word = |writable: bool| if writable { "readwrite" } else { "readonly" };
    let mut decisions = Vec::new();
    spec.policy.judge_secrets(spec.secrets.iter().map(String::as_str))?;
    if !spec.secrets.is_empty() {
        decisions.push(Decision::new(Field::Secrets, Ok(())).with(json!({ "names": spec.secrets })));
    }
    for mount in &mut spec.mounts {
        let admitted = spec.policy.admit_mount(mount.clone())?;
        decisions.push(Decision::new(Field::Filesystem, Ok(())).with(json!({
            "target": mount.target,
            "requested": word(mount.writable),
            "granted": word(admitted.writable),
        })));
        *mount = admitted;
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_does_not_repeat_a_whole_program() {
        assert_eq!(noted("code=echo 1;".to_owned()), "code=echo 1;");
        assert_eq!(noted(format!("code={}", "x".repeat(1 << 20))), "code=[1048581 bytes]");
    }
}
