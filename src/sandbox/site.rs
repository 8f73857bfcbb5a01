//! A sandbox, from its creation to its end.

use super::base;
use super::command::{Command, Execution};
use super::error::SandboxError;
use super::layout;
use super::machine::Machine;
use super::random::random_id;
use super::spec::Spec;
use crate::contract::{ChangeSet, Event, iso8601};
use crate::engine::{Runtime, Watch};
use serde_json::{Value, json};
use std::time::SystemTime;

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
        self.machine.is_stopped()
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
