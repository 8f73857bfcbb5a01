//! Runs a recipe: validates, compiles, runs, writes the bundle, answers.
//!
//! Invariant: a refusal means that nothing was started. Whatever was started, well or badly, leaves a
//! bundle and an answer.

mod declared;
mod diagnostics;
mod failure;
mod input;
mod result;
mod workspace_policy;

pub use input::RecipeRunInput;
pub use result::{RECIPE_RUN_SCHEMA, RecipeRun, RunRuntime};

use super::compile::{Compiled, compile};
use super::document::{FixtureUser, Recipe};
use super::evidence::{draft, redact, without_secrets, wordpress_version};
use super::fixture::DatabaseResult;
use super::host_tools::registered_tools;
use super::issue::refuse;
use super::parent::Parent;
use super::plan::Part;
use super::read::Document;
use super::run::{Ended, Run, run_to_end};
use super::secrets::secrets;
use super::seed::SeedResult;
use super::validate::{resolve_policy, validate, without_dots};
use crate::artifact::{
    Attachment, AttachmentContent, Failure, Found, Outcome, Redactor, Secret, Store, store_directory,
    verify_bundle,
};
use crate::contract::{Input, Refusal, digest_hex, iso8601, stable_json, to_value};
use crate::host::{Host, Settings};
use crate::sandbox::{BACKEND, random_id};
use failure::RecipeRunError;
use result::{Evidence, Provenance, RunArtifacts, RunStatus};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the run's evidence lies beneath `files/`.
const EVIDENCE: &str = "runtime-evidence/recipe-run.json";
const WORKSPACE_POLICY: &str = "runtime-evidence/workspace-policy.json";

/// Runs a recipe to its end. A run that failed is an answer with `success: false`.
pub fn run_recipe(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = RecipeRunInput::parse(input)?;
    let settings = host.settings()?;
    let examined = input.examined();
    let given = examined.policy(&settings)?;
    let document = examined.document(&settings)?.map_err(|issue| refuse(&[issue]))?;
    let tools = registered_tools(host)?;
    let around = document.among(&settings, &tools);
    let issues = validate(&document, given.as_ref(), &tools, host)?;
    if !issues.is_empty() {
        return Err(refuse(&issues));
    }
    let recipe = &document.recipe;
    let policy = resolve_policy(&document, given.as_ref(), around).map_err(|issues| refuse(&issues))?;
    let root = root(&input, &document, &settings)?;
    let secrets = secrets(&recipe.inputs.secret_env, "inputs.secretEnv", &settings, host)?;
    let passwords = recipe.inputs.fixture_users.iter().filter_map(password);
    let redactor = Arc::new(Redactor::new(&secrets.iter().cloned().chain(passwords).collect::<Vec<_>>()));
    let carry_out = || {
        let compiled = compile(&document, policy, &secrets, input.timeout_seconds, around)?;
        let store = Store::open(&root)?;
        let interrupt = host.run_interrupt();
        let mut parent = Parent { host, redactor: &redactor, tools: &tools };
        let run = run_to_end(&compiled.plan, &|| interrupt.is_requested(), &mut parent);
        let answer = Conclusion { document: &document, compiled: &compiled, redactor: &redactor };
        let mut answer = to_value(&answer.draw(run, &store, host)?)?;
        redactor.value(&mut answer, &mut Found::default());
        Ok(answer)
    };
    carry_out().map_err(|refusal| without_secrets(refusal, &redactor))
}

/// Where the bundle goes: as the caller says, else the recipe, else the operator.
fn root(input: &RecipeRunInput, document: &Document, settings: &Settings) -> Result<PathBuf, Refusal> {
    let own = document.recipe.artifacts.directory.as_deref().map(|directory| {
        let path = document.base.as_deref().unwrap_or(Path::new("/")).join(directory);
        without_dots(&path)
    });
    let own = own.as_deref().and_then(Path::to_str);
    store_directory(settings, input.artifacts_path.as_deref().or(own))
}

/// The password of a user, kept out of everything if it can be told from ordinary text.
fn password(user: &FixtureUser) -> Option<Secret> {
    Secret::new(format!("fixture-user:{}", user.name), user.password.clone()?).ok()
}

/// What is made of a run that has ended.
struct Conclusion<'a> {
    document: &'a Document,
    compiled: &'a Compiled,
    redactor: &'a Arc<Redactor>,
}

impl Conclusion<'_> {
    /// Writes the bundle and shapes the answer.
    fn draw(&self, mut run: Run, store: &Store, host: &dyn Host) -> Result<RecipeRun, Refusal> {
        let plan = &self.compiled.plan;
        let redacted = redact(&mut run, self.redactor);
        let (evidence, files) = self.evidence(&mut run)?;
        let mut error = self.error(&evidence, &run);
        let runtime = runtime(&run, self.compiled);
        let session_id = random_id("session");
        let mut draft = draft(&session_id, host.now(), plan, &mut run, self.redactor, redacted)?;
        draft.outcome = outcome(error.as_ref());
        draft.provenance.task = Some(json!({ "recipe": evidence.provenance.recipe }));
        draft.diagnostics.extend(diagnostics::in_bundle(&evidence.diagnostics));
        draft.attachments.extend(files);
        draft.attachments.push(attachment(EVIDENCE, "recipe-run", &evidence)?);
        if let Some(verdict) = &evidence.workspace_policy {
            draft.attachments.push(attachment(WORKSPACE_POLICY, "workspace-policy-result", verdict)?);
        }
        let bundle = store.write(draft)?.bundle;

        let asked = self.recipe().artifacts.verify.as_ref().and_then(|switch| switch.details());
        let asked = asked.filter(|asked| asked.enabled);
        let verification = asked.as_ref().map(|_| verify_bundle(&bundle.directory)).transpose()?;
        if asked.is_some_and(|asked| asked.strict) && verification.as_ref().is_some_and(|found| !found.valid)
        {
            let message = "The bundle breaks a rule of verification.".to_owned();
            let broken = || {
                RecipeRunError::found("ArtifactVerificationError", "artifact-verification-failed", message)
            };
            error = Some(error.unwrap_or_else(broken));
        }
        Ok(RecipeRun {
            success: error.is_none(),
            schema: RECIPE_RUN_SCHEMA,
            status: match error.as_ref().map(|error| error.code) {
                None => RunStatus::Completed,
                Some("recipe-run-timeout") => RunStatus::TimedOut,
                Some("recipe-interrupted") => RunStatus::Cancelled,
                Some(_) => RunStatus::Failed,
            },
            exit_code: i32::from(error.is_some()),
            recipe_path: self.path(),
            runtime,
            executions: result::executions(&run),
            evidence,
            verification,
            artifacts: RunArtifacts::of(&bundle, store.root()),
            error,
        })
    }

    /// What there is to say of the run, and the files that it declared.
    fn evidence(&self, run: &mut Run) -> Result<(Evidence, Vec<Attachment>), Refusal> {
        let recipe = self.recipe();
        let (declared_artifacts, files) = declared::collect(recipe, run, self.redactor);
        let (step_failures, advisory_failures) = failure::step_failures(run);
        let policy = recipe.artifacts.workspace_policy.as_ref().and_then(|switch| switch.details());
        let policy = policy.filter(|policy| policy.enabled);
        let judge = |policy| workspace_policy::judge(policy, &self.compiled.plan.mounts, &run.changes);
        let (fixture_databases, site_seeds) = self.imported(run);
        let evidence = Evidence {
            steps: result::steps(run),
            prepared_extra_plugins: self.compiled.plugins.clone(),
            staged_files: self.compiled.staged.clone(),
            fixture_databases,
            site_seeds,
            probes: result::probes(recipe, run),
            declared_artifacts,
            step_failures,
            advisory_failures,
            phase_evidence: run.phases.clone(),
            diagnostics: diagnostics::diagnostics(run),
            workspace_policy: policy.as_ref().map(judge),
            provenance: Provenance::of(self.path(), digest_hex([stable_json(&to_value(recipe)?).as_bytes()])),
        };
        Ok((evidence, files))
    }

    /// Why the run failed: what its steps say comes first.
    fn error(&self, evidence: &Evidence, run: &Run) -> Option<RecipeRunError> {
        let ran = run.failure.as_ref().map(|failure| RecipeRunError::of(failure, run));
        ran.or_else(|| declared::failure(&evidence.declared_artifacts))
            .or_else(|| evidence.workspace_policy.as_ref().and_then(workspace_policy::failure))
    }

    /// What was imported: databases, and seeds.
    fn imported(&self, run: &Run) -> (Vec<DatabaseResult>, Vec<SeedResult>) {
        let inputs = &self.recipe().inputs;
        let imports = run.steps.iter().filter(|evidence| evidence.step.part == Part::Import);
        let returned: Vec<Option<&Value>> = imports
            .map(|evidence| match &evidence.ended {
                Ended::Succeeded(value, _) => Some(value),
                Ended::Failed(..) | Ended::Skipped => None,
            })
            .collect();
        let databases = inputs.fixture_databases.iter().zip(&self.compiled.databases).zip(&returned);
        let databases = databases
            .filter_map(|((one, digest), value)| Some(DatabaseResult::of(one, digest.clone(), (*value)?)));
        let before = inputs.fixture_databases.len() + inputs.fixture_users.len();
        let seeds = inputs.site_seeds.iter().zip(&self.compiled.seeds).zip(returned.iter().skip(before));
        let seeds =
            seeds.filter_map(|((one, digest), value)| Some(SeedResult::of(one, digest.clone(), (*value)?)));
        (databases.collect(), seeds.collect())
    }

    fn recipe(&self) -> &Recipe {
        &self.document.recipe
    }

    fn path(&self) -> Option<String> {
        self.document.path.as_ref().map(|path| path.display().to_string())
    }
}

fn runtime(run: &Run, compiled: &Compiled) -> RunRuntime {
    RunRuntime {
        id: run.runtime_id.clone(),
        backend: BACKEND,
        created_at: iso8601(run.created_at),
        status: "destroyed",
        php_version: compiled.plan.spec.pack.php_version().to_owned(),
        wordpress_version: wordpress_version(&compiled.plan.spec),
    }
}

fn outcome(error: Option<&RecipeRunError>) -> Outcome {
    let Some(error) = error else { return Outcome::Succeeded { summary: None } };
    let data = json!({ "phase": error.phase, "step": error.step, "cause": error.cause });
    Outcome::Failed { failure: Failure { code: error.code.to_owned(), message: error.message.clone(), data } }
}

fn attachment(path: &str, kind: &str, content: &impl Serialize) -> Result<Attachment, Refusal> {
    let content = AttachmentContent::Json(to_value(content)?);
    Ok(Attachment { path: path.to_owned(), kind: kind.to_owned(), content })
}
