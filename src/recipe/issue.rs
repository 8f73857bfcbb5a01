//! What is wrong with a recipe, and where.

use crate::contract::{Code, Refusal};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::borrow::Cow;

/// One reason why a recipe is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issue {
    /// A stable word, such as `missing-path`.
    pub code: Cow<'static, str>,
    /// The way to the field, such as `$.inputs.mounts[0].source`.
    pub path: String,
    pub message: String,
}

impl Issue {
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Issue {
        Issue { code: code.into(), path: path.into(), message: message.into() }
    }
}

/// Code of the issue that a given policy lacks a command that the recipe needs.
pub const MISSING_COMMAND: &str = "runtime-policy-missing-command";

/// A recipe with issues is not run.
pub fn refuse(issues: &[Issue]) -> Refusal {
    let Some(first) = issues.iter().find(|issue| issue.code != MISSING_COMMAND).or(issues.first()) else {
        return Refusal::new(Code::RecipeInvalid, "The recipe cannot be run.");
    };
    let code =
        if first.code == MISSING_COMMAND { Code::RuntimePolicyMissingCommand } else { Code::RecipeInvalid };
    let more = match issues.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let message = format!("{}: {}: {}{more}", first.path, first.code, first.message);
    Refusal::new(code, message).with("issues", json!(issues))
}
