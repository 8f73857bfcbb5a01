//! Carries out a plan.

use super::kept::Kept;
use super::observe::observe;
use super::output::Room;
use super::phase::{Begun, PhaseEvidence, PhaseName, Span};
use super::plan::{Expected, Part, Plan, Stage, Step};
use crate::artifact::Observation;
use crate::contract::{
    ChangeSet, Code, CommandRecord, DatabaseFiles, Event, JSON_DEPTH, Refusal, json_nests,
};
use crate::engine::vfs::Errno;
use crate::engine::{Stop, Watch};
use crate::sandbox::{
    Approval, Approver, Command, Failure, HostToolCall, Preparation, Sandbox, SandboxError, Unattended,
    random_id,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};

/// What is kept of the time limit for collecting, whatever the steps do.
const COLLECTING: Duration = Duration::from_millis(200);

/// What `after` gets on top of a time limit that has passed, at most.
const GRACE: Duration = Duration::from_secs(30);

/// Which part of the longest time that the operator allows is left to `after`, where a run's own time
/// limit would take all of it.
const RESERVED: u32 = 10;

/// Told, and asked, as the run goes on.
pub trait Progress {
    fn phase_began(&mut self, _phase: PhaseName) {}

    fn step_began(&mut self, _step: &Step) {}

    fn step_ended(&mut self, _step: &Step, _ended: &StepEvidence) {}

    /// Whether a command may be executed that the policy wants approved. Only `true` approves.
    fn approve(&mut self, _approval: &Approval) -> Result<bool, Refusal> {
        Ok(false)
    }

    /// Calls a tool of the parent's, which the policy allows. An error is its failure.
    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        Unattended.call_tool(call)
    }
}

/// [`Progress`] as whom a sandbox asks.
struct Asked<'a>(&'a mut dyn Progress);

impl Approver for Asked<'_> {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.0.approve(approval)
    }

    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        self.0.call_tool(call)
    }
}

impl Progress for () {}

/// What became of a plan.
#[derive(Debug)]
pub struct Run {
    pub runtime_id: String,
    pub created_at: SystemTime,
    pub phases: Vec<PhaseEvidence>,
    /// Every step of the plan, in the order in which they stand in it.
    pub steps: Vec<StepEvidence>,
    pub commands: Vec<CommandRecord>,
    pub events: Vec<Event>,
    pub changes: Vec<ChangeSet>,
    /// The sandbox's database, if it could be read.
    pub database: Option<DatabaseFiles>,
    /// What the commands wrote to stderr: from redaction on.
    pub log: Vec<String>,
    /// Of the runtime and its mounts, at the end.
    pub observations: Vec<Observation>,
    /// The files that the plan has declared, in its order.
    pub declared: Vec<Result<Vec<u8>, Unread>>,
    /// What the last step of the workflow returned.
    pub value: Value,
    /// Why the run failed; `None` if every step succeeded that had to.
    pub failure: Option<RunFailure>,
}

/// Largest declared file, bytes.
pub const DECLARED_BYTES: u64 = 8 << 20;

/// Why a declared file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    Missing,
    TooLarge,
    /// There was no sandbox, or nothing of it could be read.
    NotRun,
    Other(String),
}

impl Run {
    /// Nothing but what came before the first step.
    fn begun(runtime_id: String, created_at: SystemTime, phases: Vec<PhaseEvidence>) -> Run {
        Run {
            runtime_id,
            created_at,
            phases,
            steps: Vec::new(),
            commands: Vec::new(),
            events: Vec::new(),
            changes: Vec::new(),
            database: None,
            observations: Vec::new(),
            log: Vec::new(),
            declared: Vec::new(),
            value: Value::Null,
            failure: None,
        }
    }

    /// Of a plan that never got a sandbox.
    fn unstarted(plan: &Plan, created_at: SystemTime, startup: PhaseEvidence, cause: Failure) -> Run {
        let stages = plan.preparations.iter().chain(&plan.imports);
        let before = stages.flat_map(|stage| stage.steps.iter().map(|step| (stage.phase, step)));
        let workloads = plan.workflow.iter().chain(&plan.after).map(|step| (PhaseName::RunWorkloads, step));
        let probes = plan.probes.iter().map(|step| (PhaseName::RunProbes, step));
        let skipped = before.chain(workloads).chain(probes);
        Run {
            steps: skipped.map(|(phase, step)| StepEvidence::skipped(phase, step)).collect(),
            declared: plan.declared.iter().map(|_| Err(Unread::NotRun)).collect(),
            failure: Some(RunFailure { phase: PhaseName::RuntimeStartup, step: None, cause }),
            ..Run::begun(random_id("runtime"), created_at, vec![startup])
        }
    }
}

/// Why a run failed: what failed first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFailure {
    pub phase: PhaseName,
    /// Which of [`Run::steps`], if it was one.
    pub step: Option<usize>,
    pub cause: Failure,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepEvidence {
    pub step: Step,
    pub phase: PhaseName,
    pub ended: Ended,
    /// Which of [`Run::commands`] it was, if it came so far.
    pub command: Option<usize>,
    /// Which time limit it would have been stopped by; `None`: it did not begin, or not in this run.
    pub limit: Option<Limit>,
    /// It ran when the image was made that the sandbox started from.
    pub from_image: bool,
}

/// The time limit that would come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The step's own.
    Step(Duration),
    /// The whole run's.
    Run(Duration),
}

impl Limit {
    pub fn time(self) -> Duration {
        match self {
            Limit::Step(time) | Limit::Run(time) => time,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With what it returned.
    Succeeded(Value, Span),
    Failed(Failure, Span),
    /// It did not begin: something before it failed, the sandbox was stopped, or the time was over.
    Skipped,
}

impl StepEvidence {
    /// What it returned.
    fn value(&self) -> Option<&Value> {
        match &self.ended {
            Ended::Succeeded(value, _) => Some(value),
            Ended::Failed(..) | Ended::Skipped => None,
        }
    }

    fn skipped(phase: PhaseName, step: &Step) -> StepEvidence {
        StepEvidence {
            step: step.clone(),
            phase,
            ended: Ended::Skipped,
            command: None,
            limit: None,
            from_image: false,
        }
    }
}

/// Runs `plan`. A sandbox that cannot be had is a run that failed in its first phase.
pub fn run_to_end(plan: &Plan, interrupted: &(dyn Fn() -> bool + Sync), progress: &mut dyn Progress) -> Run {
    let (begun, created_at) = (Begun::now(), SystemTime::now());
    run(plan, interrupted, progress).unwrap_or_else(|error| {
        let cause = cause(error);
        let startup = begun.phase(PhaseName::RuntimeStartup, Err(&cause), Value::Null);
        Run::unstarted(plan, created_at, startup, cause)
    })
}

fn cause(error: SandboxError) -> Failure {
    let refusal = Refusal::from(error);
    Failure { code: refusal.code, message: refusal.message, data: Value::Object(refusal.facts) }
}

/// Runs `plan`. An error means that there never was a sandbox.
pub fn run(
    plan: &Plan,
    interrupted: &(dyn Fn() -> bool + Sync),
    progress: &mut dyn Progress,
) -> Result<Run, SandboxError> {
    let times = Times::of(plan.timeout, plan.longest, !plan.after.is_empty(), Instant::now());
    let deadline = times.workflow;
    let watch = Watch { deadline, interrupted };
    progress.phase_began(PhaseName::RuntimeStartup);
    let begun = Begun::now();
    let preparation = preparation(plan)?;
    let (sandbox, kept) = start(plan, preparation.as_ref(), &watch)?;
    let startup = begun.phase(PhaseName::RuntimeStartup, Ok(()), Value::Null);
    let mut phases = vec![startup];
    if !plan.mounts.is_empty() {
        let data = json!({ "mounts": plan.mounts.len() });
        phases.push(Begun::now().phase(PhaseName::MountPlugins, Ok(()), data));
    }
    let mut runner = Runner {
        run: Run::begun(sandbox.id().to_owned(), sandbox.created_at(), phases),
        sandbox,
        times,
        deadline,
        interrupted,
        halted: false,
        room: Room::default(),
        progress,
    };
    match kept {
        Some(kept) => {
            let events = kept.hand_on(plan, &mut runner.run);
            runner.sandbox.inherit_events(events);
            let values = runner.run.steps.iter().filter_map(|evidence| evidence.value());
            runner.room = Room::beside(&runner.run.commands, values);
        }
        None => runner.prepare(plan, preparation.as_ref()),
    }
    runner.carry_out(plan);
    Ok(runner.collect(plan))
}

/// The image that the plan's preparations lead to, if it may be shared.
fn preparation(plan: &Plan) -> Result<Option<Preparation>, SandboxError> {
    if !plan.reuse {
        return Ok(None);
    }
    let commands: Vec<Command> =
        plan.preparations.iter().flat_map(|stage| &stage.steps).map(|step| step.command.clone()).collect();
    Preparation::of(&plan.spec, &commands, &judged(&plan.preparations))
}

/// What decides over the evidence of steps beside their commands: equal commands of two recipes may
/// stand elsewhere, or have to return something else.
fn judged(preparations: &[Stage]) -> String {
    let steps = preparations.iter().flat_map(|stage| stage.steps.iter().map(move |step| (stage.phase, step)));
    let judged: Vec<_> = steps
        .map(|(phase, step)| {
            (phase, step.part, step.index, step.name(), &step.expected, step.allow_failure, step.advisory)
        })
        .collect();
    format!("{judged:?}")
}

/// A sandbox, with the evidence of its preparations if it is ready already.
fn start(
    plan: &Plan,
    preparation: Option<&Preparation>,
    watch: &Watch<'_>,
) -> Result<(Sandbox, Option<Kept>), SandboxError> {
    let ready = match preparation {
        Some(preparation) => Sandbox::create_prepared(plan.spec.clone(), preparation, watch)?,
        None => None,
    };
    if let Some((sandbox, record)) = ready
        && let Ok(kept) = serde_json::from_slice::<Kept>(&record)
        && kept.meets(&plan.preparations)
    {
        return Ok((sandbox, Some(kept)));
    }
    Ok((Sandbox::create(plan.spec.clone(), watch)?, None))
}

/// When what has to be over.
#[derive(Clone, Copy)]
struct Times {
    began: Instant,
    /// Everything but `after`.
    workflow: Instant,
    /// What nothing of the run exceeds: collecting comes after it.
    last: Instant,
    /// What `after` has, whatever became of the workflow.
    grace: Duration,
}

impl Times {
    fn of(timeout: Duration, longest: Duration, after: bool, began: Instant) -> Times {
        let last = longest.saturating_sub(COLLECTING);
        let reserved = if after { GRACE.min(last / RESERVED) } else { Duration::ZERO };
        let workflow = timeout.saturating_sub(COLLECTING).min(last - reserved);
        Times { began, workflow: began + workflow, last: began + last, grace: GRACE.min(timeout) }
    }

    /// When `after` has to be over if it begins now.
    fn after(&self, now: Instant) -> Instant {
        self.workflow.max(now + self.grace).min(self.last)
    }
}

struct Runner<'a> {
    sandbox: Sandbox,
    times: Times,
    /// Of what is running.
    deadline: Instant,
    interrupted: &'a (dyn Fn() -> bool + Sync),
    run: Run,
    /// Nothing but `after` begins any more.
    halted: bool,
    room: Room,
    progress: &'a mut dyn Progress,
}

impl Runner<'_> {
    /// Makes the sandbox ready, and keeps it as it is then for the next run of the plan.
    fn prepare(&mut self, plan: &Plan, preparation: Option<&Preparation>) {
        let first = self.sandbox.mark();
        for Stage { phase, steps } in &plan.preparations {
            self.stage(*phase, steps);
        }
        let kept = self.sandbox.events_since(first).and_then(|events| Kept::of(&self.run, events));
        if let (Some(preparation), Some(kept)) = (preparation, kept)
            && let Ok(record) = serde_json::to_vec(&kept)
        {
            let watch = Watch { deadline: self.deadline, interrupted: self.interrupted };
            // Without an image the next run takes as long as this one.
            let _ = self.sandbox.keep_prepared(preparation, record, &watch);
        }
    }

    fn carry_out(&mut self, plan: &Plan) {
        for Stage { phase, steps } in &plan.imports {
            self.stage(*phase, steps);
        }
        self.workloads(plan);
        self.halted |= self.run.failure.is_some();
        self.stage(PhaseName::RunProbes, &plan.probes);
    }

    /// A phase that has no business after a failure.
    fn stage(&mut self, phase: PhaseName, steps: &[Step]) {
        if steps.is_empty() {
            return;
        }
        if self.halted {
            return self.skip(phase, steps);
        }
        self.progress.phase_began(phase);
        let begun = Begun::now();
        let first = self.run.steps.len();
        self.steps(phase, steps);
        self.end(phase, begun, first);
    }

    fn workloads(&mut self, plan: &Plan) {
        let phase = PhaseName::RunWorkloads;
        let ready = !self.halted;
        if !ready {
            self.skip(phase, &plan.workflow);
            if plan.after.is_empty() {
                return;
            }
        }
        self.progress.phase_began(phase);
        let begun = Begun::now();
        let first = self.run.steps.len();
        if ready {
            self.steps(phase, &plan.workflow);
        }
        self.deadline = self.times.after(Instant::now());
        self.after(phase, &plan.after);
        self.deadline = self.times.workflow;
        self.end(phase, begun, first);
    }

    fn end(&mut self, phase: PhaseName, begun: Begun, first: usize) {
        let failed = self.run.steps[first..].iter().find_map(|evidence| match &evidence.ended {
            Ended::Failed(cause, _) if !evidence.step.advisory => Some(cause),
            _ => None,
        });
        let stopped = self.run.failure.as_ref().filter(|failure| failure.phase == phase);
        let cause = failed.or(stopped.map(|failure| &failure.cause));
        let evidence = begun.phase(phase, cause.map_or(Ok(()), Err), Value::Null);
        self.run.phases.push(evidence);
    }

    /// Runs steps until one fails that must not.
    fn steps(&mut self, phase: PhaseName, steps: &[Step]) {
        for (at, step) in steps.iter().enumerate() {
            if self.halted || !self.goes_on(phase, step) {
                return self.skip(phase, &steps[at..]);
            }
            self.step(phase, step);
        }
    }

    /// Runs every step that can run, whatever happened before. One that cannot does not keep a later
    /// one from it: returning to a checkpoint brings a stopped sandbox back.
    fn after(&mut self, phase: PhaseName, steps: &[Step]) {
        for step in steps {
            if self.goes_on(phase, step) {
                self.step(phase, step);
            } else {
                self.skip(phase, std::slice::from_ref(step));
            }
        }
    }

    /// Whether the step can begin. If not, the run has failed.
    fn goes_on(&mut self, phase: PhaseName, step: &Step) -> bool {
        let stop = self.stop(step);
        if let Some(stop) = &stop {
            self.halted = true;
            let message = match stop {
                Stop::AlreadyStopped => {
                    "The sandbox was stopped before its next step. Returning to a checkpoint would bring it back."
                        .to_owned()
                }
                _ => format!("The run was {stop} before its next step."),
            };
            let cause = Failure { code: stop.code(), message, data: Value::Null };
            self.run.failure.get_or_insert(RunFailure { phase, step: None, cause });
        }
        stop.is_none()
    }

    fn stop(&self, step: &Step) -> Option<Stop> {
        if (self.interrupted)() {
            Some(Stop::Interrupted)
        } else if Instant::now() >= self.deadline {
            Some(Stop::Deadline)
        } else {
            (!self.sandbox.can_carry_out(&step.command)).then_some(Stop::AlreadyStopped)
        }
    }

    fn skip(&mut self, phase: PhaseName, steps: &[Step]) {
        self.run.steps.extend(steps.iter().map(|step| StepEvidence::skipped(phase, step)));
    }

    fn step(&mut self, phase: PhaseName, step: &Step) {
        self.progress.step_began(step);
        let begun = Begun::now();
        let count = self.run.commands.len();
        let limit = self.limit(step);
        let outcome = self.execute(step, limit);
        let command = (self.run.commands.len() > count).then_some(count);
        let span = begun.end();
        let ended = match outcome {
            Ok(value) => {
                if phase == PhaseName::RunWorkloads && step.part != Part::After {
                    self.run.value.clone_from(&value);
                }
                Ended::Succeeded(self.room.value(value), span)
            }
            Err(cause) => {
                let cause = self.room.failure(cause);
                let over = is_over(cause.code, limit);
                self.halted |= over || (!step.allow_failure && !step.advisory);
                if over || !step.advisory {
                    let at = Some(self.run.steps.len());
                    self.run.failure.get_or_insert(RunFailure { phase, step: at, cause: cause.clone() });
                }
                Ended::Failed(cause, span)
            }
        };
        let limit = Some(limit);
        let evidence = StepEvidence { step: step.clone(), phase, ended, command, limit, from_image: false };
        self.progress.step_ended(step, &evidence);
        self.run.steps.push(evidence);
    }

    /// The limit that comes first for a step that begins now.
    fn limit(&self, step: &Step) -> Limit {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let own = step.timeout.into_iter().chain(step.command.time_limit()).min();
        match own.filter(|own| *own < left) {
            Some(own) => Limit::Step(own),
            None => Limit::Run(self.deadline.saturating_duration_since(self.times.began) + COLLECTING),
        }
    }

    fn execute(&mut self, step: &Step, limit: Limit) -> Result<Value, Failure> {
        let deadline = match limit {
            Limit::Step(own) => Instant::now() + own,
            Limit::Run(_) => self.deadline,
        };
        let watch = Watch { deadline: deadline.min(self.deadline), interrupted: self.interrupted };
        let mut parent = Asked(&mut *self.progress);
        match self.sandbox.execute_noting(&step.command, step.capture, &watch, &mut parent) {
            Ok(mut execution) => {
                let printed = &execution.record.stdout;
                let outcome = execution.outcome.and_then(|value| met(&step.expected, value, printed));
                self.room.keep(&mut execution.record);
                self.run.commands.push(execution.record);
                outcome
            }
            Err(error) => Err(cause(error)),
        }
    }

    fn collect(mut self, plan: &Plan) -> Run {
        self.progress.phase_began(PhaseName::CollectArtifacts);
        let begun = Begun::now();
        let collected = self.sandbox.changes().map_err(|error| {
            let refusal = Refusal::from(error);
            Failure {
                code: refusal.code,
                message: format!("The changes could not be collected: {}", refusal.message),
                data: Value::Null,
            }
        });
        let evidence = begun.phase(PhaseName::CollectArtifacts, collected.as_ref().map(|_| ()), Value::Null);
        match collected {
            Ok(changes) => self.run.changes = changes,
            Err(cause) => {
                let phase = PhaseName::CollectArtifacts;
                self.run.failure.get_or_insert(RunFailure { phase, step: None, cause });
            }
        }
        let read = |path: &String| match self.sandbox.read_file(path, DECLARED_BYTES) {
            Ok(bytes) => Ok(bytes),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Err(Unread::Missing),
            Err(Errno::EFBIG) => Err(Unread::TooLarge),
            Err(errno) => Err(Unread::Other(errno.to_string())),
        };
        self.run.declared = plan.declared.iter().map(read).collect();
        self.run.database = self.sandbox.database();
        self.run.observations = observe(&mut self.sandbox, plan);
        self.sandbox.note("runtime.artifacts.collected", json!({ "mounts": self.run.changes.len() }));
        self.run.events = self.sandbox.destroy();
        self.run.phases.push(evidence);
        self.run
    }
}

/// Whether what a step failed from was the end of the run, which no step may overlook.
fn is_over(code: Code, limit: Limit) -> bool {
    match code {
        Code::RunCancelled => true,
        Code::RunTimeout => matches!(limit, Limit::Run(_)),
        _ => false,
    }
}

/// Whether a step returned what it had to.
pub(super) fn met(expected: &Expected, value: Value, printed: &str) -> Result<Value, Failure> {
    let failed = |message| Err(Failure { code: Code::RunFailed, message, data: Value::Null });
    match expected {
        Expected::Anything => Ok(value),
        Expected::Active { .. } if value["active"] == Value::Bool(true) => Ok(value),
        Expected::Active { plugin } => failed(format!("The plugin {plugin} is not active.")),
        Expected::Json => match serde_json::from_str(printed.trim()) {
            Ok(value) if json_nests(&value, JSON_DEPTH) => Ok(value),
            Ok(_) => failed(format!("The JSON that was printed nests deeper than {JSON_DEPTH} levels.")),
            Err(error) => failed(format!("JSON was to be printed, and was not: {error}.")),
        },
        Expected::Registered { .. } if value == Value::Bool(true) => Ok(value),
        Expected::Registered { component, what, name } => Err(Failure {
            code: Code::ComponentInvalid,
            message: format!(
                "The component {component} is not ready: it has not registered the {what} {name}."
            ),
            data: json!({ "component": component, *what: name }),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When the workflow ends, and when `after` does if it begins then, both since the beginning.
    fn times(timeout: u32, longest: u32, after: bool) -> (Duration, Duration) {
        let began = Instant::now();
        let times = Times::of(SECOND * timeout, SECOND * longest, after, began);
        (times.workflow - began, times.after(times.workflow) - began)
    }

    #[test]
    fn after_has_a_grace_beyond_the_deadline_and_none_beyond_what_the_operator_allows() {
        assert_eq!(times(100, 3600, true), (SECOND * 100 - COLLECTING, SECOND * 130 - COLLECTING));
        assert_eq!(times(5, 3600, true), (SECOND * 5 - COLLECTING, SECOND * 10 - COLLECTING));
        assert_eq!(times(100, 110, true).1, SECOND * 110 - COLLECTING);
        assert_eq!(times(3600, 3600, true), (SECOND * 3570 - COLLECTING, SECOND * 3600 - COLLECTING));
    }

    #[test]
    fn a_deadline_as_long_as_the_operator_allows_leaves_after_a_tenth() {
        let (workflow, after) = times(10, 10, true);
        assert_eq!((workflow, after), ((SECOND * 10 - COLLECTING) * 9 / 10, SECOND * 10 - COLLECTING));
        assert_eq!(times(10, 10, false).0, SECOND * 10 - COLLECTING);
        assert_eq!(times(0, 0, true), (Duration::ZERO, Duration::ZERO));
    }
}
