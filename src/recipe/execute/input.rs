//! What callers hand in to run a recipe.

use super::super::input::RecipeInput;
use crate::contract::{Input, Refusal, input_schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// A recipe to run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipeRunInput {
    /// The recipe as an object, or the path of its file.
    #[schemars(extend("type" = ["object", "string"]))]
    pub recipe: Value,
    /// Directory that the paths of a recipe given as an object are relative to. A file's are relative
    /// to the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub base_path: Option<String>,
    /// The runtime policy as an object with all five fields, or the path of its file. Left out: one
    /// that allows what the recipe needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = ["object", "string"]))]
    pub policy: Option<Value>,
    /// Directory beneath which the bundle is written. Left out: the recipe's, else the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub artifacts_path: Option<String>,
    /// Deadline of the whole run, seconds, within what the operator allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_seconds: Option<u64>,
}

impl Input for RecipeRunInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<RecipeRunInput>);
        &SCHEMA
    }

    fn check(&mut self) -> Result<(), Refusal> {
        self.examined().check()
    }
}

impl RecipeRunInput {
    /// What of it validating and planning take.
    pub(super) fn examined(&self) -> RecipeInput {
        RecipeInput {
            recipe: self.recipe.clone(),
            base_path: self.base_path.clone(),
            policy: self.policy.clone(),
        }
    }
}
