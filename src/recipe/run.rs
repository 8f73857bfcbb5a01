//! Carries out a plan.

use super::phase::{Begun, PhaseEvidence, PhaseName, PhaseStatus};
use super::plan::{Plan, Probe};
use crate::contract::{ChangeSet, Code, CommandRecord, DatabaseFiles, Event, Refusal};
use crate::engine::Watch;
use crate::sandbox::{Approval, Approver, Command, Failure, Sandbox, SandboxError};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};

/// What is kept of the time limit for collecting, whatever the steps do.
const COLLECTING: Duration = Duration::from_millis(200);

/// Told, and asked, as the run goes on.
pub trait Progress {
    fn phase_began(&mut self, _phase: PhaseName) {}

    /// Whether a command may be executed that the policy wants approved. Only `true` approves.
    fn approve(&mut self, _approval: &Approval) -> Result<bool, Refusal> {
        Ok(false)
    }
}

/// [`Progress`] as whom a sandbox asks.
struct Asked<'a>(&'a mut dyn Progress);

impl Approver for Asked<'_> {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.0.approve(approval)
    }
}

impl Progress for () {}

/// What became of a plan.
#[derive(Debug)]
pub struct Run {
    pub runtime_id: String,
    pub created_at: SystemTime,
    pub phases: Vec<PhaseEvidence>,
    pub commands: Vec<CommandRecord>,
    pub events: Vec<Event>,
    pub changes: Vec<ChangeSet>,
    /// The sandbox's database, if it could be read.
    pub database: Option<DatabaseFiles>,
    pub log: Vec<String>,
    /// What the last step returned.
    pub value: Value,
    /// Why the run failed; `None` if every step succeeded.
    pub failure: Option<Failure>,
}

/// Runs `plan`. An error means that there never was a sandbox.
pub fn run(
    plan: &Plan,
    interrupted: &(dyn Fn() -> bool + Sync),
    progress: &mut dyn Progress,
) -> Result<Run, SandboxError> {
    let deadline = Instant::now() + plan.timeout.saturating_sub(COLLECTING);
    let watch = Watch { deadline, interrupted };
    progress.phase_began(PhaseName::RuntimeStartup);
    let begun = Begun::now(PhaseName::RuntimeStartup);
    let sandbox = Sandbox::create(plan.spec.clone(), &watch)?;
    let mut runner = Runner {
        run: Run {
            runtime_id: sandbox.id().to_owned(),
            created_at: sandbox.created_at(),
            phases: vec![begun.end(PhaseStatus::Completed)],
            commands: Vec::new(),
            events: Vec::new(),
            changes: Vec::new(),
            database: None,
            log: Vec::new(),
            value: Value::Null,
            failure: None,
        },
        sandbox,
        watch,
        progress,
    };
    runner.carry_out(plan);
    Ok(runner.collect())
}

struct Runner<'a> {
    sandbox: Sandbox,
    watch: Watch<'a>,
    run: Run,
    progress: &'a mut dyn Progress,
}

impl Runner<'_> {
    fn carry_out(&mut self, plan: &Plan) {
        let done = self.phase(PhaseName::ActivatePlugins, !plan.activations.is_empty(), |runner| {
            plan.activations.iter().try_for_each(|activation| {
                let command = Command::ActivatePlugin { plugin: activation.plugin_file.clone() };
                runner.execute(&command).map(|_| ())
            })
        });
        let done = done.and_then(|()| {
            self.phase(PhaseName::RunProbes, !plan.probes.is_empty(), |runner| {
                plan.probes.iter().try_for_each(|probe| runner.probe(probe))
            })
        });
        let done = done.and_then(|()| {
            self.phase(PhaseName::RunWorkloads, true, |runner| {
                for step in &plan.steps {
                    runner.run.value = runner.execute(&step.command)?;
                }
                Ok(())
            })
        });
        self.run.failure = done.err();
    }

    fn phase(
        &mut self,
        name: PhaseName,
        wanted: bool,
        body: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if !wanted {
            return Ok(());
        }
        self.progress.phase_began(name);
        let begun = Begun::now(name);
        let done = body(self);
        let status = if done.is_ok() { PhaseStatus::Completed } else { PhaseStatus::Failed };
        self.run.phases.push(begun.end(status));
        done
    }

    fn execute(&mut self, command: &Command) -> Result<Value, Failure> {
        match self.sandbox.execute_with(command, &self.watch, &mut Asked(&mut *self.progress)) {
            Ok(execution) => {
                self.run.log.extend(execution.record.stderr.lines().map(str::to_owned));
                self.run.commands.push(execution.record);
                execution.outcome
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                Err(Failure { code: refusal.code, message: refusal.message, data: Value::Object(refusal.facts) })
            }
        }
    }

    fn probe(&mut self, probe: &Probe) -> Result<(), Failure> {
        let what = probe.kind.as_str();
        match self.execute(&Command::Probe { kind: probe.kind, name: probe.name.clone() })? {
            Value::Bool(true) => Ok(()),
            _ => Err(Failure {
                code: Code::ComponentInvalid,
                message: format!(
                    "The component {} is not ready: it has not registered the {what} {}.",
                    probe.component, probe.name
                ),
                data: json!({ "component": probe.component, what: probe.name }),
            }),
        }
    }

    fn collect(mut self) -> Run {
        self.progress.phase_began(PhaseName::CollectArtifacts);
        let begun = Begun::now(PhaseName::CollectArtifacts);
        let status = match self.sandbox.changes() {
            Ok(changes) => {
                self.run.changes = changes;
                PhaseStatus::Completed
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                self.run.failure.get_or_insert(Failure {
                    code: refusal.code,
                    message: format!("The changes could not be collected: {}", refusal.message),
                    data: Value::Null,
                });
                PhaseStatus::Failed
            }
        };
        self.run.database = self.sandbox.database();
        self.sandbox.note("runtime.artifacts.collected", json!({ "mounts": self.run.changes.len() }));
        self.run.events = self.sandbox.destroy();
        self.run.phases.push(begun.end(status));
        self.run
    }
}
