//! Starting from where commands have brought a sandbox before.

use super::command::Command;
use super::error::SandboxError;
use super::machine::Machine;
use super::site::{Sandbox, admit};
use super::spec::Spec;
use super::warm::prepared;
use crate::engine::{Runtime, Watch};

/// What a sandbox is after certain commands, by what it would be made from.
#[derive(Debug, Clone)]
pub struct Preparation {
    key: String,
}

impl Preparation {
    /// None: it would have to be made anew each time. Something changed just now, the policy wants
    /// somebody to be asked, or it depends on what no file may hold. `judged`: what else decides over
    /// the record that is kept with the image, such as what the commands had to return.
    pub fn of(spec: &Spec, commands: &[Command], judged: &str) -> Result<Option<Preparation>, SandboxError> {
        let mut spec = spec.clone();
        admit(&mut spec)?;
        if commands.is_empty() || commands.iter().any(|command| spec.policy.judge_command(command).is_err()) {
            return Ok(None);
        }
        Ok(prepared::key_of(&spec, commands, judged)?.map(|key| Preparation { key }))
    }
}

impl Sandbox {
    /// Starts a sandbox that is ready already, and gives what was recorded when it was made so.
    pub fn create_prepared(
        mut spec: Spec,
        preparation: &Preparation,
        watch: &Watch<'_>,
    ) -> Result<Option<(Sandbox, Vec<u8>)>, SandboxError> {
        let decisions = admit(&mut spec)?;
        let runtime = Runtime::of(&spec.pack)?;
        let Some(found) = prepared::find(&preparation.key, &spec, &runtime, watch)? else { return Ok(None) };
        let machine = Machine::prepared(&runtime, &spec, &found, watch)?;
        let sandbox = Sandbox::admitted(machine, spec, decisions);
        Ok(Some((sandbox, found.rest.record.clone())))
    }

    /// Keeps the sandbox as it is now for others that would become the same, and goes on as one of
    /// them. Does nothing if it was on the network: what it got from there is not in the key.
    pub fn keep_prepared(
        &mut self,
        preparation: &Preparation,
        record: Vec<u8>,
        watch: &Watch<'_>,
    ) -> Result<(), SandboxError> {
        if self.was_on_the_network() {
            return Ok(());
        }
        let Some(prepared) = self.machine.prepare(record, watch)? else { return Ok(()) };
        let runtime = Runtime::of(&self.spec.pack)?;
        let prepared = prepared::keep(&preparation.key, &self.spec, prepared, &runtime, watch)?;
        let mut machine = Machine::prepared(&runtime, &self.spec, &prepared, watch)?;
        *machine.network_mut() = self.machine.network_mut().handed_on();
        self.machine = machine;
        Ok(())
    }
}
