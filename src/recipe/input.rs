//! What callers hand in: a recipe, and how it is to be carried out.

use super::issue::Issue;
use super::read::{Document, RECIPE_BYTES};
use super::roots::{host_source, read_host_file};
use crate::contract::{Code, Input, Refusal, input_schema};
use crate::host::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// A recipe to look at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipeInput {
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
}

impl Input for RecipeInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<RecipeInput>);
        &SCHEMA
    }

    fn check(&mut self) -> Result<(), Refusal> {
        object_or_path("recipe", &self.recipe)?;
        self.policy.as_ref().map_or(Ok(()), |policy| object_or_path("policy", policy))
    }
}

impl RecipeInput {
    /// The recipe; the inner error says what is wrong with its shape.
    pub fn document(&self, settings: &Settings) -> Result<Result<Document, Issue>, Refusal> {
        if let Value::String(path) = &self.recipe {
            if self.base_path.is_some() {
                let why = "a recipe's file says itself where it lies";
                return Err(Refusal::field(Code::InputInvalid, "base_path", why));
            }
            return Document::open(path, "recipe", settings);
        }
        let base = match &self.base_path {
            None => None,
            Some(path) => {
                let base = host_source(settings, Code::InputInvalid, "base_path", path)?;
                if !base.is_dir() {
                    return Err(Refusal::field(Code::InputInvalid, "base_path", "not a directory"));
                }
                Some(base)
            }
        };
        Ok(Document::of_value(self.recipe.clone(), base))
    }

    /// The policy that was given.
    pub fn policy(&self, settings: &Settings) -> Result<Option<Value>, Refusal> {
        let Some(Value::String(path)) = &self.policy else { return Ok(self.policy.clone()) };
        let bytes = read_host_file(settings, Code::InputInvalid, "policy", path, RECIPE_BYTES)?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Refusal::field(Code::InputInvalid, "policy", format_args!("not JSON: {error}")))
    }
}

fn object_or_path(field: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Object(_) => Ok(()),
        Value::String(path) if !path.trim().is_empty() => Ok(()),
        _ => Err(Refusal::field(Code::InputInvalid, field, "an object, or the path of a file")),
    }
}
