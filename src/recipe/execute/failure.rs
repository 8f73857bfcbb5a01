//! Why a run failed, in the words of recipes.

use super::super::phase::PhaseName;
use super::super::plan::Part;
use super::super::run::{Ended, Limit, Run, RunFailure, StepEvidence};
use crate::contract::Code;
use crate::sandbox;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub const STEP_FAILURE_SCHEMA: &str = "wp-codebox/recipe-step-failure/v1";
const ADVISORY_FAILURE_SCHEMA: &str = "wp-codebox/recipe-advisory-failure/v1";

/// Why a run did not succeed: what failed first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecipeRunError {
    pub name: &'static str,
    /// A stable code, such as `verify-step-failed` or `recipe-run-timeout`.
    pub code: &'static str,
    pub message: String,
    /// Left out if it was found when the run had ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseName>,
    /// What the step is called, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What the sandbox itself said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cause {
    /// A stable code, such as `wp_codebox_run_fatal`.
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

impl From<&sandbox::Failure> for Cause {
    fn from(failure: &sandbox::Failure) -> Cause {
        Cause {
            code: failure.code.as_str().to_owned(),
            message: failure.message.clone(),
            data: failure.data.clone(),
        }
    }
}

impl RecipeRunError {
    /// Found when the run had ended.
    pub(super) fn found(name: &'static str, code: &'static str, message: String) -> RecipeRunError {
        RecipeRunError { name, code, message, phase: None, step: None, cause: None }
    }

    pub(super) fn of(failure: &RunFailure, run: &Run) -> RecipeRunError {
        let step = failure.step.and_then(|at| run.steps.get(at));
        let own_deadline = step.is_some_and(|evidence| matches!(evidence.limit, Some(Limit::Step(_))));
        let (name, code) = match (failure.cause.code, failure.phase) {
            (Code::RunCancelled, _) => ("RecipeRunInterrupted", "recipe-interrupted"),
            (Code::RunTimeout, _) if !own_deadline => ("RecipeRunTimeoutError", "recipe-run-timeout"),
            (_, PhaseName::RuntimeStartup | PhaseName::MountPlugins) => {
                ("RecipeRuntimeCreateError", "recipe-runtime-create-failed")
            }
            (_, PhaseName::RunWorkloads) => ("RecipeVerifyError", "verify-step-failed"),
            (_, PhaseName::RunProbes) => ("RecipeProbeError", "recipe-probe-failed"),
            (_, PhaseName::CollectArtifacts) => {
                ("RecipeRuntimeArtifactCollectionError", "recipe-artifact-collection-failed")
            }
            (
                _,
                PhaseName::RunBlueprintSteps | PhaseName::ActivatePlugins | PhaseName::ImportFixtureDatabases,
            ) => ("RecipePhaseError", "recipe-phase-failed"),
        };
        RecipeRunError {
            name,
            code,
            message: match step {
                Some(evidence) => said(evidence, &failure.cause.message),
                None => failure.cause.message.clone(),
            },
            phase: Some(failure.phase),
            step: step.map(|evidence| evidence.step.name().to_owned()),
            cause: Some(Cause::from(&failure.cause)),
        }
    }
}

/// The message with what it is about in front.
pub(super) fn said(evidence: &StepEvidence, message: &str) -> String {
    let step = &evidence.step;
    let what = match step.part {
        Part::Blueprint => format!("Recipe blueprint step {}", step.name()),
        Part::Plugin => format!("Recipe plugin {}", step.name()),
        Part::Setup => format!("Recipe plugin runtime setup[{}]", step.index),
        Part::Health => {
            let name = step.name();
            format!(
                "Recipe plugin runtime health probe {:?}",
                name.split_once(':').map_or(name, |(_, name)| name)
            )
        }
        Part::Import => format!("Recipe import {}", step.name()),
        Part::Before => format!("Recipe step before[{}]", step.index),
        Part::Steps => format!("Recipe step steps[{}]", step.index),
        Part::After => format!("Recipe step after[{}]", step.index),
        Part::Probe => format!("Recipe {}", step.name()),
    };
    format!("{what} failed: {message}")
}

/// `wp-codebox/recipe-step-failure/v1`, or the same of an advisory step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepFailure {
    pub schema: &'static str,
    pub phase: Part,
    pub index: usize,
    pub command: String,
    pub started_at: String,
    pub finished_at: String,
    pub duration_ms: f64,
    /// `timeout` or `error`.
    pub classification: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    pub error: Cause,
}

/// Steps that failed: those that count, and the advisory ones.
pub(super) fn step_failures(run: &Run) -> (Vec<StepFailure>, Vec<StepFailure>) {
    let failed = run.steps.iter().filter_map(|evidence| {
        let Ended::Failed(cause, span) = &evidence.ended else { return None };
        let timed_out = cause.code == Code::RunTimeout;
        let step = &evidence.step;
        Some((
            step.advisory,
            StepFailure {
                schema: if step.advisory { ADVISORY_FAILURE_SCHEMA } else { STEP_FAILURE_SCHEMA },
                phase: step.part,
                index: step.index,
                command: step.name().to_owned(),
                started_at: span.started_at.clone(),
                finished_at: span.ended_at.clone(),
                duration_ms: span.duration_ms,
                classification: if timed_out { "timeout" } else { "error" },
                timeout_ms: evidence.limit.filter(|_| timed_out).map(milliseconds),
                error: Cause::from(cause),
            },
        ))
    });
    let (advisory, counting): (Vec<_>, Vec<_>) = failed.partition(|(advisory, _)| *advisory);
    let failures = |list: Vec<(bool, StepFailure)>| list.into_iter().map(|(_, failure)| failure).collect();
    (failures(counting), failures(advisory))
}

fn milliseconds(limit: Limit) -> u64 {
    u64::try_from(limit.time().as_millis()).unwrap_or(u64::MAX)
}
