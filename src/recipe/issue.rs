//! What is wrong with a recipe, and where.

use schemars::JsonSchema;
use serde::Serialize;

/// One reason why a recipe is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issue {
    /// A stable word, e.g. `unsupported-blueprint-step`.
    pub code: &'static str,
    /// JSONPath of the field, e.g. `$.runtime.blueprint.steps[3].step`.
    pub path: String,
    pub message: String,
}
