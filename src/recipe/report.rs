//! What validating and planning answer.

use super::document::Recipe;
use super::host_tools::{HostTool, registered_tools};
use super::input::RecipeInput;
use super::issue::Issue;
use super::read::Document;
use super::validate::{DryRun, dry_run, validate};
use crate::contract::{Code, Input, Refusal};
use crate::host::Host;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub const RECIPE_VALIDATION_SCHEMA: &str = "wp-codebox/recipe-validation/v1";
pub const RECIPE_PLAN_SCHEMA: &str = "wp-codebox/recipe-run-dry-run/v1";

/// `wp-codebox/recipe-validation/v1`: everything that is wrong with a recipe.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeValidation {
    /// Whether there is no issue.
    pub success: bool,
    pub schema: &'static str,
    /// The recipe's file, if it came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe_path: Option<String>,
    pub valid: bool,
    pub issues: Vec<Issue>,
    pub summary: RecipeSummary,
    /// The first issue, as an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RecipeError>,
}

/// How much of what a recipe has.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeSummary {
    pub steps: usize,
    pub mounts: usize,
    pub workspaces: usize,
    pub extra_plugins: usize,
    pub staged_files: usize,
}

/// `wp-codebox/recipe-run-dry-run/v1`: what a run would do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipePlan {
    pub success: bool,
    pub schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe_path: Option<String>,
    pub issues: Vec<Issue>,
    /// Left out if the recipe has issues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<DryRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RecipeError>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecipeError {
    /// `wp_codebox_recipe_invalid`.
    pub code: &'static str,
    pub message: String,
}

/// A recipe that was looked at.
struct Examined {
    /// `None`: it has not the shape of one.
    document: Option<Document>,
    /// The policy that was given.
    policy: Option<Value>,
    /// Those that the parent has registered.
    tools: Vec<HostTool>,
    recipe_path: Option<String>,
    issues: Vec<Issue>,
}

fn examine(input: Value, host: &dyn Host) -> Result<Examined, Refusal> {
    let input = RecipeInput::parse(input)?;
    let settings = host.settings()?;
    let policy = input.policy(&settings)?;
    let tools = registered_tools(host)?;
    let (document, issues) = match input.document(&settings)? {
        Ok(document) => {
            let issues = validate(&document, policy.as_ref(), &tools, host)?;
            (Some(document), issues)
        }
        Err(issue) => (None, vec![issue]),
    };
    let opened = document.as_ref().and_then(|document| document.path.as_deref());
    let recipe_path = match (opened, &input.recipe) {
        (Some(path), _) => Some(path.display().to_string()),
        (None, Value::String(path)) => Some(path.clone()),
        _ => None,
    };
    Ok(Examined { document, policy, tools, recipe_path, issues })
}

/// Looks at a recipe. What is wrong with it is in the answer; a refusal means that it was not read.
pub fn validate_recipe(input: Value, host: &dyn Host) -> Result<RecipeValidation, Refusal> {
    let Examined { document, recipe_path, issues, .. } = examine(input, host)?;
    Ok(RecipeValidation {
        success: issues.is_empty(),
        schema: RECIPE_VALIDATION_SCHEMA,
        recipe_path,
        valid: issues.is_empty(),
        error: error_of(&issues),
        issues,
        summary: document.map(|document| summary(&document.recipe)).unwrap_or_default(),
    })
}

/// Says what a run of the recipe would do.
pub fn plan_recipe(input: Value, host: &dyn Host) -> Result<RecipePlan, Refusal> {
    let Examined { document, policy, tools, recipe_path, mut issues } = examine(input, host)?;
    let mut plan = None;
    if let (Some(document), true) = (&document, issues.is_empty()) {
        let settings = host.settings()?;
        match dry_run(document, policy.as_ref(), document.among(&settings, &tools)) {
            Ok(made) => plan = Some(made),
            Err(found) => issues = found,
        }
    }
    let error = error_of(&issues);
    Ok(RecipePlan {
        success: issues.is_empty(),
        schema: RECIPE_PLAN_SCHEMA,
        recipe_path,
        issues,
        plan,
        error,
    })
}

fn error_of(issues: &[Issue]) -> Option<RecipeError> {
    let first = issues.first()?;
    let more = match issues.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(RecipeError {
        code: Code::RecipeInvalid.as_str(),
        message: format!("{}: {}: {}{more}", first.path, first.code, first.message),
    })
}

fn summary(recipe: &Recipe) -> RecipeSummary {
    let (workflow, inputs) = (&recipe.workflow, &recipe.inputs);
    RecipeSummary {
        steps: workflow.before.len() + workflow.steps.len() + workflow.after.len(),
        mounts: inputs.mounts.len(),
        workspaces: inputs.workspaces.len(),
        extra_plugins: inputs.extra_plugins.len(),
        staged_files: inputs.staged_files.len(),
    }
}
