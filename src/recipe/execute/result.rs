//! `wp-codebox/recipe-run/v1`: what a caller gets back.

use super::super::compile::{PreparedPlugin, StagedInput};
use super::super::evidence::{command_result, packages};
use super::super::fixture::DatabaseResult;
use super::super::phase::PhaseEvidence;
use super::super::plan::Part;
use super::super::run::{Ended, Run, StepEvidence};
use super::super::seed::SeedResult;
use super::declared::DeclaredArtifact;
use super::diagnostics::RecipeDiagnostic;
use super::failure::{Cause, RecipeRunError, StepFailure};
use super::workspace_policy::WorkspaceVerdict;
use crate::artifact::{Bundle, Verification};
use crate::contract::{CommandRecord, is_default};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub const RECIPE_RUN_SCHEMA: &str = "wp-codebox/recipe-run/v1";
const PROBE_RESULT_SCHEMA: &str = "wp-codebox/recipe-probe-result/v1";
const PROVENANCE_SCHEMA: &str = "wp-codebox/recipe-run-provenance/v1";

/// A finished run, whether it succeeded or not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeRun {
    /// True only if everything succeeded that had to.
    pub success: bool,
    pub schema: &'static str,
    pub status: RunStatus,
    /// 0 if the run succeeded, else 1.
    pub exit_code: i32,
    /// The recipe's file, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe_path: Option<String>,
    pub runtime: RunRuntime,
    /// The commands that were executed, with their output.
    pub executions: Vec<Execution>,
    #[serde(flatten)]
    pub evidence: Evidence,
    /// Whether the finished bundle is what it says it is, if the recipe asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    pub artifacts: RunArtifacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RecipeRunError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Completed,
    Failed,
    TimedOut,
    /// Somebody asked for a stop.
    Cancelled,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunRuntime {
    pub id: String,
    pub backend: &'static str,
    pub created_at: String,
    pub status: &'static str,
    pub php_version: String,
    pub wordpress_version: String,
}

/// Where the bundle is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunArtifacts {
    pub id: String,
    /// Directory of the artifact store that holds the bundle.
    pub root: String,
    pub directory: String,
    pub content_digest: String,
    pub manifest: PathBuf,
    pub metadata: PathBuf,
    pub changed_files: PathBuf,
    pub patch: PathBuf,
    pub test_results: PathBuf,
    pub review: PathBuf,
}

impl RunArtifacts {
    pub(super) fn of(bundle: &Bundle, root: &Path) -> RunArtifacts {
        let paths = bundle.paths.clone();
        RunArtifacts {
            id: bundle.id.clone(),
            root: root.display().to_string(),
            directory: bundle.directory.display().to_string(),
            content_digest: bundle.content_digest.clone(),
            manifest: paths.manifest,
            metadata: paths.metadata,
            changed_files: paths.changed_files,
            patch: paths.patch,
            test_results: paths.test_results,
            review: paths.review,
        }
    }
}

/// What the bundle has of a run as well, as `files/runtime-evidence/recipe-run.json`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Every step of the recipe, those that did not run included.
    pub steps: Vec<StepResult>,
    pub prepared_extra_plugins: Vec<PreparedPlugin>,
    pub staged_files: Vec<StagedInput>,
    pub fixture_databases: Vec<DatabaseResult>,
    pub site_seeds: Vec<SeedResult>,
    pub probes: Vec<ProbeResult>,
    pub declared_artifacts: Vec<DeclaredArtifact>,
    pub step_failures: Vec<StepFailure>,
    pub advisory_failures: Vec<StepFailure>,
    pub phase_evidence: Vec<PhaseEvidence>,
    /// What went wrong before the workflow.
    pub diagnostics: Vec<RecipeDiagnostic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_policy: Option<WorkspaceVerdict>,
    pub provenance: Provenance,
}

/// What became of a step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepResult {
    pub recipe_phase: Part,
    /// Within its part of the recipe.
    pub recipe_step_index: usize,
    /// What evidence calls it: the name of its command, or what a step of the run's own is for.
    pub recipe_command: String,
    /// `succeeded`, `failed` or `skipped`.
    pub status: &'static str,
    /// Of the command, as `commands.jsonl` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// It ran when the image was made that the sandbox started from.
    #[serde(skip_serializing_if = "is_default")]
    pub from_image: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Cause>,
}

/// A command that was executed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    #[serde(flatten)]
    pub record: CommandRecord,
    pub recipe_phase: Part,
    pub recipe_step_index: usize,
    pub recipe_command: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub recipe_step_metadata: Value,
    #[serde(skip_serializing_if = "is_default")]
    pub recipe_advisory: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub from_image: bool,
}

/// `wp-codebox/recipe-probe-result/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeResult {
    pub schema: &'static str,
    pub name: String,
    /// `passed`, `failed` or `skipped`.
    pub status: &'static str,
    pub allow_failure: bool,
    /// What it printed, if JSON was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parsed_json: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Cause>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub metadata: Value,
}

/// `wp-codebox/recipe-run-provenance/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Provenance {
    pub schema: &'static str,
    pub packages: Vec<Value>,
    pub recipe: RecipeIdentity,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecipeIdentity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of the recipe's canonical JSON.
    pub sha256: String,
}

impl Provenance {
    pub(super) fn of(path: Option<String>, sha256: String) -> Provenance {
        Provenance {
            schema: PROVENANCE_SCHEMA,
            packages: packages(),
            recipe: RecipeIdentity { path, sha256 },
        }
    }
}

fn status(ended: &Ended) -> &'static str {
    match ended {
        Ended::Succeeded(..) => "succeeded",
        Ended::Failed(..) => "failed",
        Ended::Skipped => "skipped",
    }
}

fn error(ended: &Ended) -> Option<Cause> {
    match ended {
        Ended::Failed(cause, _) => Some(Cause::from(cause)),
        Ended::Succeeded(..) | Ended::Skipped => None,
    }
}

pub(super) fn steps(run: &Run) -> Vec<StepResult> {
    let result = |evidence: &StepEvidence| StepResult {
        recipe_phase: evidence.step.part,
        recipe_step_index: evidence.step.index,
        recipe_command: evidence.step.name().to_owned(),
        status: status(&evidence.ended),
        command_id: evidence.command.and_then(|at| run.commands.get(at)).map(|record| record.id.clone()),
        duration_ms: match &evidence.ended {
            Ended::Succeeded(_, span) | Ended::Failed(_, span) => Some(span.duration_ms),
            Ended::Skipped => None,
        },
        from_image: evidence.from_image,
        error: error(&evidence.ended),
    };
    run.steps.iter().map(result).collect()
}

pub(super) fn executions(run: &Run) -> Vec<Execution> {
    let executed = run.steps.iter().filter_map(|evidence| {
        let mut record = run.commands.get(evidence.command?)?.clone();
        record.result = command_result(match &evidence.ended {
            Ended::Succeeded(value, _) => Ok(value),
            ended => Err(json!(error(ended))),
        });
        Some(Execution {
            record,
            recipe_phase: evidence.step.part,
            recipe_step_index: evidence.step.index,
            recipe_command: evidence.step.name().to_owned(),
            recipe_step_metadata: evidence.step.metadata.clone(),
            recipe_advisory: evidence.step.advisory,
            from_image: evidence.from_image,
        })
    });
    executed.collect()
}

pub(super) fn probes(recipe: &super::super::document::Recipe, run: &Run) -> Vec<ProbeResult> {
    let asked = run.steps.iter().filter(|evidence| evidence.step.part == Part::Probe);
    let result = |(probe, evidence): (&super::super::document::Probe, &StepEvidence)| ProbeResult {
        schema: PROBE_RESULT_SCHEMA,
        name: probe.name.clone(),
        status: match evidence.ended {
            Ended::Succeeded(..) => "passed",
            Ended::Failed(..) => "failed",
            Ended::Skipped => "skipped",
        },
        allow_failure: probe.allow_failure,
        parsed_json: match &evidence.ended {
            Ended::Succeeded(value, _) if probe.expect_json => Some(value.clone()),
            _ => None,
        },
        error: error(&evidence.ended),
        metadata: if probe.metadata.is_empty() { Value::Null } else { Value::Object(probe.metadata.clone()) },
    };
    recipe.probes.iter().zip(asked).map(result).collect()
}
