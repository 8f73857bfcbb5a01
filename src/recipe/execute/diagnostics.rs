//! What went wrong before the workflow, for whoever mends the plugin.

use super::super::plan::Part;
use super::super::run::{Ended, Run};
use super::failure::said;
use crate::artifact::{Diagnostic, Severity};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub const PLUGIN_RUNTIME_DIAGNOSTIC_SCHEMA: &str = "wp-codebox/plugin-runtime-diagnostic/v1";
const PHASE_DIAGNOSTIC_SCHEMA: &str = "wp-codebox/recipe-phase-diagnostic/v1";

/// `wp-codebox/plugin-runtime-diagnostic/v1` of a setup step or a health probe,
/// `wp-codebox/recipe-phase-diagnostic/v1` of whatever else came before the workflow.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeDiagnostic {
    pub schema: &'static str,
    pub severity: Severity,
    /// `setup`, `health-probe`, `plugin`, `blueprint` or `import`.
    pub phase: &'static str,
    /// What evidence calls the step.
    pub name: String,
    pub command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    pub message: String,
    /// Which of `executions` it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_index: Option<usize>,
}

/// A diagnostic for each step before the workflow that failed.
pub(super) fn diagnostics(run: &Run) -> Vec<RecipeDiagnostic> {
    let failed = run.steps.iter().filter_map(|evidence| {
        let Ended::Failed(cause, _) = &evidence.ended else { return None };
        let (schema, phase) = match evidence.step.part {
            Part::Setup => (PLUGIN_RUNTIME_DIAGNOSTIC_SCHEMA, "setup"),
            Part::Health => (PLUGIN_RUNTIME_DIAGNOSTIC_SCHEMA, "health-probe"),
            Part::Plugin => (PHASE_DIAGNOSTIC_SCHEMA, "plugin"),
            Part::Blueprint => (PHASE_DIAGNOSTIC_SCHEMA, "blueprint"),
            Part::Import => (PHASE_DIAGNOSTIC_SCHEMA, "import"),
            Part::Before | Part::Steps | Part::After | Part::Probe => return None,
        };
        Some(RecipeDiagnostic {
            schema,
            severity: Severity::Error,
            phase,
            name: evidence.step.name().to_owned(),
            command: evidence.step.command.name().to_owned(),
            exit_code: evidence.command.and_then(|at| run.commands.get(at)).map(|record| record.exit_code),
            message: said(evidence, &cause.message),
            execution_index: evidence.command,
        })
    });
    failed.collect()
}

/// The same as the bundle's diagnostics have them.
pub(super) fn in_bundle(diagnostics: &[RecipeDiagnostic]) -> impl Iterator<Item = Diagnostic> {
    diagnostics.iter().enumerate().map(|(index, diagnostic)| Diagnostic {
        id: format!("recipe-{}", index + 1),
        kind: "plugin-runtime".to_owned(),
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        category: Some("recipe".to_owned()),
        source: Some("commands.jsonl".to_owned()),
        path: None,
        details: json!(diagnostic),
    })
}
