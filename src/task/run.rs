//! Runs a task: resolves what the parent has to say, plans, runs, writes the bundle, answers.

use super::input::{AgentTaskInput, ComponentContract};
use super::plan::plan;
use super::result::{self, AgentTaskRun, Facts};
use super::{component, test_report};
use crate::artifact::{AgentRun, Failure, Found, Outcome, Redactor, Store, store_directory};
use crate::contract::{Code, Input, Refusal, iso8601, to_value};
use crate::host::Host;
use crate::recipe::{self, Parent, Plan, Run};
use crate::sandbox::{Command, random_id};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Runs an agent task to its end. A refusal means that nothing was started; a task that failed is
/// an envelope with `success: false`.
pub fn run_agent_task(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = AgentTaskInput::parse(input)?;
    let settings = host.settings()?;
    let root = store_directory(&settings, input.artifacts_path.as_deref())?;
    let secrets = recipe::secrets(&input.secret_env, "secret_env", &settings, host)?;
    let redactor = Arc::new(Redactor::new(&secrets));
    let plan = plan(&input, &settings, &secrets)?;
    drop(secrets);
    carry_out(input, &plan, &root, &redactor, host)
        .map_err(|refusal| recipe::without_secrets(refusal, &redactor))
}

fn carry_out(
    input: AgentTaskInput,
    plan: &Plan,
    root: &Path,
    redactor: &Arc<Redactor>,
    host: &dyn Host,
) -> Result<Value, Refusal> {
    let store = Store::open(root)?;
    let interrupt = host.run_interrupt();
    let run = recipe::run(plan, &|| interrupt.is_requested(), &mut Parent { host, redactor, tools: &[] })?;
    let mut envelope = to_value(&conclude(input, plan, run, &store, redactor, host)?)?;
    redactor.value(&mut envelope, &mut Found::default());
    Ok(envelope)
}

/// Writes the bundle and shapes the envelope.
fn conclude(
    input: AgentTaskInput,
    plan: &Plan,
    mut run: Run,
    store: &Store,
    redactor: &Arc<Redactor>,
    host: &dyn Host,
) -> Result<AgentTaskRun, Refusal> {
    let redacted = recipe::redact(&mut run, redactor);
    let ability = input.runtime_task.as_ref().map(|task| task.ability.clone()).unwrap_or_default();
    let failure = run
        .failure
        .as_ref()
        .map(|failed| recipe::failure(&failed.cause))
        .or_else(|| reported_failure(&run.value));
    let session_id = input
        .sandbox_session_id
        .clone()
        .or_else(|| input.session_id.clone())
        .unwrap_or_else(|| random_id("session"));
    let wp = recipe::wordpress_version(&plan.spec);
    let task_input = to_value(&input)?;
    let mut draft = recipe::draft(&session_id, host.now(), plan, &mut run, redactor, redacted)?;
    draft.outcome = match &failure {
        Some(failure) => Outcome::Failed { failure: failure.clone() },
        None => Outcome::Succeeded { summary: run.value["summary"].as_str().map(str::to_owned) },
    };
    draft.provenance.task = Some(task_input.clone());
    draft.provenance.agent = Some(json!({ "ability": ability }));
    if let Some(reported) = test_report::read(&ability, &run.value) {
        draft.test_results = Some(reported);
    }
    let work = Command::ability("", Value::Null);
    let own = run.commands.iter().filter(|record| record.command == work.name());
    draft.agent =
        Some(AgentRun { commands: own.map(|record| record.id.clone()).collect(), reply: run.value.clone() });
    let bundle = store.write(draft)?.bundle;
    let facts = Facts {
        session_id,
        agent_session_id: input.session_id.clone(),
        orchestrator: input.orchestrator.as_ref().map(to_value).transpose()?,
        goal: input.goal.clone(),
        task_input,
        wp,
        php_version: plan.spec.pack.php_version().to_owned(),
        components: input.component_contracts.iter().map(mounted).collect(),
        provider: input.provider.clone(),
        model: input.model.clone(),
        timeout_seconds: plan.timeout.as_secs(),
        runtime_id: run.runtime_id,
        runtime_created_at: iso8601(run.created_at),
        commands: run.commands,
        phases: run.phases,
        value: run.value,
        changed_files: changed_files(&bundle.changed_files),
        patch_bytes: size(&bundle.paths.patch),
        failure,
        notices: notices(&input),
    };
    Ok(result::envelope(facts, store.root().to_string_lossy().into_owned(), &bundle))
}

/// An ability that returned and says itself that it did not succeed.
fn reported_failure(value: &Value) -> Option<Failure> {
    if value["success"] != Value::Bool(false) {
        return None;
    }
    let message = value["error"]["message"]
        .as_str()
        .or(value["summary"].as_str())
        .unwrap_or("The task's ability reported that it did not succeed.");
    Some(Failure {
        code: Code::RunFailed.as_str().to_owned(),
        message: message.to_owned(),
        data: Value::Null,
    })
}

fn mounted(contract: &ComponentContract) -> Value {
    json!({ "slug": contract.slug, "path": contract.path, "target": component::target(contract) })
}

fn notices(input: &AgentTaskInput) -> Vec<String> {
    input
        .wp_codebox_bin
        .iter()
        .map(|_| "wp_codebox_bin is not used: nothing is executed on the host.".to_owned())
        .collect()
}

fn changed_files(document: &Option<Value>) -> usize {
    document.as_ref().and_then(|document| document["files"].as_array()).map_or(0, Vec::len)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
