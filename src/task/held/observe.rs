//! `observe()`: looking at a held sandbox.

use super::parent::Parent;
use super::{HeldSandbox, input::ObservationInput, input::ObservationKind as Kind};
use crate::artifact::Observation;
use crate::contract::{Code, Input, Refusal, iso8601, to_value};
use crate::engine::Watch;
use crate::host::Host;
use crate::sandbox::{Arguments, Command, PluginAction, PluginState, random_id, sandbox_path};
use serde_json::{Value, json};
use std::time::SystemTime;

impl HeldSandbox {
    /// `wp-codebox/runtime-episode-observation/v1`. What runs inside for it is a command like any
    /// other: the policy has to allow it.
    pub fn observe(&mut self, input: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let answer = ObservationInput::parse(input).and_then(|input| {
            let kind = input.kind;
            let data = self.look(input, host)?;
            self.keep_observation(kind, data)
        });
        answer.map_err(|refusal| self.told(refusal))
    }

    fn keep_observation(&mut self, kind: Kind, data: Value) -> Result<Value, Refusal> {
        let observation = Observation {
            id: random_id("observation"),
            kind: to_value(&kind)?.as_str().unwrap_or_default().to_owned(),
            data: self.clean(data),
            observed_at: iso8601(SystemTime::now()),
            artifact_refs: Vec::new(),
        };
        let about = json!({ "type": observation.kind, "observedAt": observation.observed_at });
        self.sandbox.note("runtime.observed", about);
        let row = observation.to_row();
        self.history.observe(observation);
        Ok(row)
    }

    fn look(&mut self, input: ObservationInput, host: &dyn Host) -> Result<Value, Refusal> {
        match input.kind {
            Kind::RuntimeInfo => Ok(self.info()),
            Kind::Mounts => to_value(&self.mounts()),
            Kind::RuntimeEvents => to_value(&self.sandbox.events()),
            Kind::RuntimeLogs => to_value(&self.history.log()),
            Kind::Files => {
                let path = match input.path.as_deref().unwrap_or_default() {
                    "/" => Ok("/".to_owned()),
                    path => sandbox_path(path).map_err(|why| Refusal::field(Code::InputInvalid, "path", why)),
                }?;
                let look = self.sandbox.look(&path, input.include_content.unwrap_or(false));
                let look = look
                    .map_err(|errno| Refusal::field(Code::InputInvalid, "path", errno).with("path", path))?;
                to_value(&look)
            }
            Kind::CommandResult => {
                let id = input.command_id.unwrap_or_default();
                Ok(match self.history.command(&id) {
                    None => json!({ "commandId": id, "found": false }),
                    Some(record) => json!({ "commandId": id, "found": true, "command": record }),
                })
            }
            Kind::WordpressState => {
                let report = PluginState { action: PluginAction::Report, plugin: None, network: false };
                let plugins = self.ask(&Command::PluginState(report), host)?;
                let site = self.ask(&Command::ability("core/get-site-info", json!({})), host)?;
                Ok(json!({ "site": site, "plugins": plugins }))
            }
            Kind::HttpResponse => {
                let given = [
                    ("url", input.url.map(Value::from)),
                    ("method", input.method.map(Value::from)),
                    ("headers-json", input.headers.map(Value::from_iter)),
                    ("body", input.body.map(Value::from)),
                ];
                let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
                let command =
                    Command::parse("wordpress.http-request", Arguments::of_object(given.collect()))?;
                let execution = self.carry_out(&command, host)?;
                let mut data = execution.outcome.map_err(refused)?;
                if input.include_body.unwrap_or(false) {
                    data["body"] = execution.record.stdout.into();
                }
                Ok(data)
            }
        }
    }

    /// What a command returns.
    fn ask(&mut self, command: &Command, host: &dyn Host) -> Result<Value, Refusal> {
        self.carry_out(command, host)?.outcome.map_err(refused)
    }

    fn carry_out(
        &mut self,
        command: &Command,
        host: &dyn Host,
    ) -> Result<crate::sandbox::Execution, Refusal> {
        let (interrupt, cancel) = (host.run_interrupt(), self.cancel.clone());
        let interrupted = || interrupt.is_requested() || cancel.is_requested();
        let watch = Watch { deadline: self.deadline(None), interrupted: &interrupted };
        let mut execution =
            self.sandbox.execute_with(command, &watch, &mut Parent { host, tools: &self.tools })?;
        self.history.keep(&mut execution, self.redactor.as_deref());
        Ok(execution)
    }
}

fn refused(failure: crate::sandbox::Failure) -> Refusal {
    let refusal = Refusal::new(failure.code, format!("It could not be observed: {}", failure.message));
    match failure.data {
        Value::Null => refusal,
        data => refusal.with("failure", data),
    }
}
