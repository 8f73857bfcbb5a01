//! `collect_artifacts()`: a bundle of what a held sandbox has done so far.

use super::{HeldSandbox, input::CollectInput};
use crate::artifact::{
    Draft, Environment, Failure, Outcome, Provenance, RuntimeInfo, Store, clean_log, store_directory,
};
use crate::contract::{Code, Input, Refusal, iso8601, to_value};
use crate::host::Host;
use crate::recipe::{self, php_errors, printed_tests, workspace};
use crate::sandbox::{BACKEND, random_id};
use serde_json::{Value, json};
use std::path::Path;

impl HeldSandbox {
    /// Writes a bundle and describes it as `get_artifact()` does. The sandbox stays as it is.
    pub fn collect_artifacts(&mut self, input: Value, host: &dyn Host) -> Result<Value, Refusal> {
        let answer = CollectInput::parse(input).and_then(|input| self.collect(&input, host));
        answer.map_err(|refusal| self.told(refusal))
    }

    fn collect(&mut self, input: &CollectInput, host: &dyn Host) -> Result<Value, Refusal> {
        let settings = host.settings()?;
        let store = Store::open(Path::new(&store_directory(&settings, input.artifacts_path.as_deref())?))?;
        let session_id = input.session_id.clone().unwrap_or_else(|| random_id("session"));
        let mut draft = Draft::new(session_id, host.now(), self.runtime());
        draft.outcome = self.outcome();
        draft.redactor = self.redactor.clone().unwrap_or_default();
        draft.redacted = self.history.redacted.clone();
        draft.mounts = self.mounts();
        draft.provenance = Provenance {
            workspace: Some(workspace(&draft.mounts)),
            packages: recipe::packages(),
            inheritance: Some(to_value(&self.inheritance)?),
            ..Provenance::default()
        };
        draft.changes = self.sandbox.changes()?;
        draft.database = self.sandbox.database();
        draft.commands = self.history.commands();
        draft.observations = self.history.observations();
        draft.log = self.history.log();
        clean_log(&mut draft.log, &draft.redactor, &mut draft.redacted);
        draft.diagnostics = php_errors(&draft.log);
        draft.test_results = printed_tests(&draft.commands);
        draft.events = self.sandbox.events();
        let written = store.write(draft)?;
        let id = &written.bundle.id;
        let collected =
            json!({ "id": id, "directory": written.bundle.directory, "createdAt": iso8601(host.now()) });
        self.sandbox.note("runtime.artifacts.collected", collected);
        to_value(&store.get(id)?)
    }

    fn runtime(&self) -> RuntimeInfo {
        RuntimeInfo {
            id: self.sandbox.id().to_owned(),
            backend: BACKEND.to_owned(),
            environment: self.environment(),
            created_at: iso8601(self.sandbox.created_at()),
            status: self.status().to_owned(),
        }
    }

    pub(super) fn environment(&self) -> Environment {
        Environment {
            kind: "wordpress".to_owned(),
            name: None,
            version: Some(self.wp.clone()),
            php_version: Some(self.php_version.clone()),
        }
    }

    /// A sandbox that was stopped has failed; one in use has not, whatever its last command did.
    fn outcome(&self) -> Outcome {
        if !self.sandbox.is_stopped() {
            return Outcome::Succeeded { summary: None };
        }
        let failure = self.history.failure.clone().unwrap_or_else(|| Failure {
            code: Code::RunTrapped.as_str().to_owned(),
            message: "The sandbox was stopped.".to_owned(),
            data: Value::Null,
        });
        Outcome::Failed { failure }
    }
}
