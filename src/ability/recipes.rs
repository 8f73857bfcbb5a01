//! Recipes.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use crate::recipe::document::{RECIPE_SCHEMA, Recipe};
use crate::recipe::{
    RecipeInput, RecipePlan, RecipeRun, RecipeRunInput, RecipeValidation, plan_recipe, run_recipe,
    validate_recipe,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// Nothing is asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SchemaInput {}

impl Input for SchemaInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<SchemaInput>);
        &SCHEMA
    }
}

const JSON_SCHEMA_SCHEMA: &str = "wp-codebox/json-schema/v1";

/// The schema of recipes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RecipeSchema {
    success: bool,
    schema: &'static str,
    /// Schema id of recipes.
    id: &'static str,
    /// JSON Schema, draft 7.
    json_schema: Value,
}

static RUN: LazyLock<Value> = LazyLock::new(output_schema::<RecipeRun>);
static VALIDATION: LazyLock<Value> = LazyLock::new(output_schema::<RecipeValidation>);
static PLAN: LazyLock<Value> = LazyLock::new(output_schema::<RecipePlan>);
static SCHEMA: LazyLock<Value> = LazyLock::new(output_schema::<RecipeSchema>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/run-recipe",
        aliases: &[],
        method: "run_recipe",
        label: "Run a recipe",
        description: "Runs a recipe in a disposable WordPress and returns what became of each step with a \
                      reviewable artifact bundle. Nothing of the parent site is changed.",
        input_schema: RecipeRunInput::schema,
        output_schema: || &RUN,
        // Every run writes a bundle of its own.
        annotations: Annotations::ADDS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "recipe:run",
        cli: Some(Cli { command: "recipe run", aliases: &[], positional: Some("recipe") }),
        validate: validate_as::<RecipeRunInput>,
        run: run_recipe,
    },
    Ability {
        name: "wp-codebox/validate-recipe",
        aliases: &[],
        method: "validate_recipe",
        label: "Validate a recipe",
        description: "Finds everything that is wrong with a recipe, without running anything.",
        input_schema: RecipeInput::schema,
        output_schema: || &VALIDATION,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "recipe:validate",
        cli: Some(Cli { command: "recipe validate", aliases: &[], positional: Some("recipe") }),
        validate: validate_as::<RecipeInput>,
        run: |input, host| to_value(&validate_recipe(input, host)?),
    },
    Ability {
        name: "wp-codebox/plan-recipe",
        aliases: &[],
        method: "plan_recipe",
        label: "Plan a recipe",
        description: "Says what a run of a recipe would do, without running anything.",
        input_schema: RecipeInput::schema,
        output_schema: || &PLAN,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "recipe:plan",
        cli: Some(Cli { command: "recipe plan", aliases: &[], positional: Some("recipe") }),
        validate: validate_as::<RecipeInput>,
        run: |input, host| to_value(&plan_recipe(input, host)?),
    },
    Ability {
        name: "wp-codebox/recipe-schema",
        aliases: &[],
        method: "recipe_schema",
        label: "Schema of recipes",
        description: "Gives the JSON Schema of recipes.",
        input_schema: SchemaInput::schema,
        output_schema: || &SCHEMA,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "recipe:schema",
        cli: Some(Cli { command: "recipe schema", aliases: &[], positional: None }),
        validate: validate_as::<SchemaInput>,
        run: schema,
    },
];

fn schema(input: Value, _: &dyn Host) -> Result<Value, Refusal> {
    SchemaInput::parse(input)?;
    to_value(&RecipeSchema {
        success: true,
        schema: JSON_SCHEMA_SCHEMA,
        id: RECIPE_SCHEMA,
        json_schema: Recipe::schema().clone(),
    })
}
