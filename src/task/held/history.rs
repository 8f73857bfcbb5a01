//! What a held sandbox has done, for observations and bundles.
//!
//! Invariant: what is kept is bounded, and without secrets before anything of it is dropped or cut.

use crate::artifact::{Failure, Observation, Redactor, Tally, clean_commands, withhold};
use crate::contract::{CommandRecord, json_memory};
use crate::recipe::{command_result, error_lines, failure};
use crate::sandbox::Execution;
use std::collections::VecDeque;

/// Commands, and observations, that are kept.
const MOST: usize = 1000;
/// What the commands may take, and the observations, bytes of memory.
const BYTES_MAX: usize = 64 << 20;

#[derive(Clone, Default)]
pub(super) struct History {
    commands: Bounded<CommandRecord>,
    observations: Bounded<Observation>,
    /// Why the last command failed, if it did.
    pub failure: Option<Failure>,
    /// What was redacted in the records.
    pub redacted: Tally,
}

/// The newest of a row of things.
#[derive(Clone)]
struct Bounded<T> {
    kept: VecDeque<(usize, T)>,
    bytes: usize,
    dropped: u64,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Bounded { kept: VecDeque::new(), bytes: 0, dropped: 0 }
    }
}

impl<T> Bounded<T> {
    fn push(&mut self, size: usize, one: T) {
        self.bytes += size;
        self.kept.push_back((size, one));
        while self.kept.len() > MOST || self.bytes > BYTES_MAX {
            let Some((size, _)) = self.kept.pop_front() else { return };
            self.bytes -= size;
            self.dropped += 1;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().map(|(_, one)| one)
    }
}

impl History {
    /// Keeps a command that was carried out. Of cut output, takes what may be the head of a secret
    /// out of `execution` too.
    pub fn keep(&mut self, execution: &mut Execution, redactor: Option<&Redactor>) {
        self.keep_of_fork(execution, redactor);
        self.failure = execution.outcome.as_ref().err().map(failure);
    }

    /// The same for a command of a fork: its failure is none of the sandbox's.
    pub fn keep_of_fork(&mut self, execution: &mut Execution, redactor: Option<&Redactor>) {
        if let Some(redactor) = redactor {
            withhold(&mut execution.record, redactor);
        }
        let mut record = execution.record.clone();
        record.result = command_result(
            execution
                .outcome
                .as_ref()
                .map_err(|failure| super::answer::error(failure.code, &failure.message, &failure.data)),
        );
        if let Some(redactor) = redactor {
            clean_commands(std::slice::from_mut(&mut record), redactor, &mut self.redacted);
        }
        let args: usize = record.args.iter().map(String::len).sum();
        let size = record.stdout.len() + record.stderr.len() + args + json_memory(&record.result);
        self.commands.push(size, record);
    }

    pub fn observe(&mut self, observation: Observation) {
        self.observations.push(json_memory(&observation.data), observation);
    }

    pub fn command(&self, id: &str) -> Option<&CommandRecord> {
        self.commands.iter().find(|record| record.id == id)
    }

    pub fn commands(&self) -> Vec<CommandRecord> {
        self.commands.iter().cloned().collect()
    }

    pub fn observations(&self) -> Vec<Observation> {
        self.observations.iter().cloned().collect()
    }

    /// What the commands wrote to stderr, line by line, and what was too much to keep.
    pub fn log(&self) -> Vec<String> {
        let gone = [(self.commands.dropped, "commands"), (self.observations.dropped, "observations")];
        let gone = gone.into_iter().filter(|(count, _)| *count > 0);
        let mut lines: Vec<String> =
            gone.map(|(count, what)| format!("[{count} earlier {what} were not kept]")).collect();
        lines.extend(error_lines(self.commands.iter()));
        lines
    }
}
