//! Many sandboxes of one.

use super::HeldSandbox;
use super::answer::{answer, error};
use super::cancel::Cancel;
use super::history::History;
use super::input::ExecutionInput;
use super::redact::clean;
use crate::artifact::Redactor;
use crate::contract::{Code, Input, Refusal};
use crate::engine::{Watch, with_signals_blocked};
use crate::host::Host;
use crate::recipe::Room;
use crate::sandbox::{Command, Sandbox, Snapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Forks that one call makes.
const FORKS_MAX: usize = 1024;

impl HeldSandbox {
    /// Carries out each command in a fork of its own, several at a time, and ends the forks. The
    /// sandbox itself stays as it is, and keeps the evidence of what they did. Nobody can be asked for
    /// approval meanwhile.
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
            return Err(Refusal::field(
                Code::InputInvalid,
                "executions",
                format_args!("at most {FORKS_MAX}"),
            ));
        }
        let settings = host.settings()?;
        let mut work = Vec::with_capacity(inputs.len());
        for input in inputs {
            let input = ExecutionInput::parse(input)?;
            work.push((self.limit(input.timeout_seconds), input.command(&settings, &self.tools)?));
        }
        let interrupt = host.run_interrupt();
        let interrupted = || interrupt.is_requested();
        let end = Instant::now() + self.max_timeout;
        let watch = Watch { deadline: Instant::now() + self.timeout, interrupted: &interrupted };
        let snapshot = self.sandbox.snapshot(&watch)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = threads.unwrap_or(cores).clamp(1, work.len().max(1)).min(4 * cores);
        let next = AtomicUsize::new(0);
        let redactor = self.redactor.as_deref();
        let evidence = Mutex::new(Evidence {
            parent: &mut self.sandbox,
            history: &mut self.history,
            room: Room::default(),
        });
        let answers: Vec<Mutex<Option<Value>>> = work.iter().map(|_| Mutex::new(None)).collect();
        let worker = || {
            while let Some((index, (limit, command))) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                work.get(index).map(|one| (index, one))
            } {
                let deadline = (Instant::now() + *limit).min(end);
                let watch = Watch { deadline, interrupted: &interrupted };
                let one =
                    in_fork(&snapshot, command, &watch, redactor, &evidence).unwrap_or_else(|refusal| {
                        json!({
                            "command": command.name(),
                            "exitCode": 1,
                            "error": error(refusal.code, &refusal.message, &refusal.data()),
                        })
                    });
                let one = clean(one, redactor);
                *answers[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
            }
        };
        std::thread::scope(|scope| {
            // This thread is one of them: where no other can be started, it does all the work.
            for _ in 1..threads {
                let name = "wp-codebox-fork".to_owned();
                let spawn = || std::thread::Builder::new().name(name).spawn_scoped(scope, worker);
                if with_signals_blocked(spawn).is_err() {
                    break;
                }
            }
            worker();
        });
        let answers = answers
            .into_iter()
            .map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default());
        Ok(Value::Array(answers.collect()))
    }

    /// Sandboxes of their own that begin as this one is now.
    pub fn fork(&mut self, count: usize, host: &dyn Host) -> Result<Vec<HeldSandbox>, Refusal> {
        if !(1..=FORKS_MAX).contains(&count) {
            return Err(Refusal::field(
                Code::InputInvalid,
                "count",
                format_args!("between 1 and {FORKS_MAX}"),
            ));
        }
        let snapshot = self.take(host)?;
        let interrupt = host.run_interrupt();
        let interrupted = || interrupt.is_requested();
        let watch = Watch { deadline: self.deadline(None), interrupted: &interrupted };
        let fork = || -> Result<HeldSandbox, Refusal> {
            Ok(HeldSandbox {
                cancel: Cancel::default(),
                sandbox: Sandbox::fork(&snapshot, &watch)?,
                metadata: self.metadata.clone(),
                history: History::default(),
                tools: self.tools.clone(),
                inheritance: self.inheritance.clone(),
                timeout: self.timeout,
                max_timeout: self.max_timeout,
                snapshots: BTreeMap::new(),
                php_version: self.php_version.clone(),
                wp: self.wp.clone(),
                redactor: self.redactor.clone(),
            })
        };
        (0..count).map(|_| fork()).collect()
    }
}

/// Where what forks have done is kept when they are gone, and what room the answers have together.
struct Evidence<'a> {
    parent: &'a mut Sandbox,
    history: &'a mut History,
    room: Room,
}

fn in_fork(
    snapshot: &Snapshot,
    command: &Command,
    watch: &Watch<'_>,
    redactor: Option<&Redactor>,
    evidence: &Mutex<Evidence<'_>>,
) -> Result<Value, Refusal> {
    let mut fork = Sandbox::fork(snapshot, watch)?;
    let id = fork.id().to_owned();
    let execution = fork.execute(command, watch);
    let events = fork.destroy();
    let mut evidence = evidence.lock().unwrap_or_else(PoisonError::into_inner);
    evidence.parent.inherit_fork(&id, events);
    let Evidence { history, room, .. } = &mut *evidence;
    let mut execution = execution?;
    execution.record.runtime_id = Some(id);
    history.keep_of_fork(&mut execution, redactor);
    room.keep(&mut execution.record);
    execution.outcome = match execution.outcome {
        Ok(value) => Ok(room.value(value)),
        Err(failure) => Err(room.failure(failure)),
    };
    drop(evidence);
    answer(execution)
}
