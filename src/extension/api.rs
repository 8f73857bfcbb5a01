//! `WP_Codebox_API`: the facade that PHP callers use.
//!
//! Every method goes through the ability table; the class decides nothing.

use super::calls::{Calls, enter};
use super::host::PhpHost;
use super::sandbox;
use super::tools::set_aside;
use super::zval::Reader;
use crate::ability::{self, Scope};
use crate::contract::{Code, Refusal, to_value};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};
use serde_json::{Map, Value};

/// The native API of WP Codebox.
#[php_class]
#[php(name = "WP_Codebox_API")]
#[php(flags = ClassFlags::Final)]
pub struct Api;

#[php_impl]
#[php(change_method_case = "snake_case")]
impl Api {
    pub const ABILITY_LIST_ARTIFACTS: &'static str = "wp-codebox/list-artifacts";
    pub const ABILITY_GET_ARTIFACT: &'static str = "wp-codebox/get-artifact";
    pub const ABILITY_INSPECT_ARTIFACT: &'static str = "wp-codebox/inspect-artifact";
    pub const ABILITY_APPLY_ARTIFACT_PREFLIGHT: &'static str = "wp-codebox/apply-artifact-preflight";
    pub const ABILITY_STAGE_ARTIFACT_APPLY: &'static str = "wp-codebox/stage-artifact-apply";
    pub const ABILITY_APPLY_APPROVED_ARTIFACT: &'static str = "wp-codebox/apply-approved-artifact";
    pub const ARTIFACT_SCHEMA: &'static str = "wp-codebox/artifact/v1";
    pub const ARTIFACT_INSPECTION_SCHEMA: &'static str = "wp-codebox/artifact-inspection/v1";
    pub const ARTIFACT_APPLY_PREFLIGHT_SCHEMA: &'static str = "wp-codebox/artifact-apply-preflight/v1";
    pub const ARTIFACT_APPLY_SCHEMA: &'static str = "wp-codebox/artifact-apply/v1";
    pub const ARTIFACT_APPLY_RESULT_SCHEMA: &'static str = "wp-codebox/apply-result/v1";

    /// Makes a disposable WordPress that lives as long as the object.
    pub fn create_sandbox(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        sandbox::create(input)
    }

    /// Runs a task in a disposable WordPress.
    pub fn run_agent_task(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/run-agent-task", Some(input))
    }

    /// Lists the artifact bundles of a store, newest first.
    pub fn list_artifacts(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/list-artifacts", input)
    }

    /// Reads one artifact bundle.
    pub fn get_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/get-artifact", Some(input))
    }

    /// Reads one artifact bundle and says whether it verifies.
    pub fn inspect_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/inspect-artifact", Some(input))
    }

    /// Removes one artifact bundle.
    pub fn discard_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/discard-artifact", Some(input))
    }

    /// Verifies one artifact bundle, or a whole store and its audit logs.
    pub fn verify_artifacts(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/verify-artifacts", input)
    }

    /// Removes artifact bundles that are too old, too many or too large.
    pub fn prune_artifacts(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/prune-artifacts", Some(input))
    }

    /// Verifies an artifact bundle and copies it into the store.
    pub fn import_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/import-artifact-bundle", Some(input))
    }

    /// Imports the bundle that an earlier reference or result names.
    pub fn reimport_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/reimport-artifact-bundle", Some(input))
    }

    /// Brings files that a browser has made into their one form.
    pub fn normalize_artifact_bundle(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/normalize-browser-artifact-bundle", Some(input))
    }

    /// Keeps files that a browser has made as an artifact bundle.
    pub fn persist_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/persist-browser-artifact", Some(input))
    }

    /// Records a decision about an artifact bundle; an approval is applied.
    pub fn review_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/review-artifact", Some(input))
    }

    /// Looks whether an artifact bundle can be applied.
    pub fn preflight_artifact_apply(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/apply-artifact-preflight", Some(input))
    }

    /// Asks for approval to apply files of an artifact bundle.
    pub fn stage_artifact_apply(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/stage-artifact-apply", Some(input))
    }

    /// Applies approved files of an artifact bundle.
    pub fn apply_approved_artifact(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/apply-approved-artifact", Some(input))
    }

    /// Lists what was staged and is kept in WordPress.
    pub fn list_pending_applies(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/list-pending-applies", input)
    }

    /// Applies what was staged.
    pub fn accept_pending_apply(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/accept-pending-apply", Some(input))
    }

    /// Ends a pending apply.
    pub fn reject_pending_apply(input: &ZendHashTable) -> PhpResult<Zval> {
        run("wp-codebox/reject-pending-apply", Some(input))
    }

    /// Runs a recipe in a disposable WordPress. Beside the ability's input, `host_tools` are tools of
    /// the program's own that steps may call, as for `create_sandbox()`.
    pub fn run_recipe(input: &ZendHashTable) -> PhpResult<Zval> {
        run_offering("wp-codebox/run-recipe", input)
    }

    /// Finds everything that is wrong with a recipe. Takes `host_tools` as `run_recipe()` does.
    pub fn validate_recipe(input: &ZendHashTable) -> PhpResult<Zval> {
        run_offering("wp-codebox/validate-recipe", input)
    }

    /// Says what a run of a recipe would do. Takes `host_tools` as `run_recipe()` does.
    pub fn plan_recipe(input: &ZendHashTable) -> PhpResult<Zval> {
        run_offering("wp-codebox/plan-recipe", input)
    }

    /// Gives the JSON Schema of recipes.
    pub fn recipe_schema(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/recipe-schema", input)
    }

    /// Lists the commands that a sandbox carries out.
    pub fn list_commands(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/list-commands", input)
    }

    /// Lists the frozen WordPresses that sandboxes are forked from.
    pub fn list_warm_images(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/list-warm-images", input)
    }

    /// Makes the image for a sandbox ahead of time.
    pub fn build_warm_image(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/build-warm-image", input)
    }

    /// Removes images that are too long unused, too many or too large.
    pub fn prune_warm_images(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/prune-warm-images", input)
    }

    /// Says what this runtime is and can do.
    pub fn runtime_descriptor(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run("wp-codebox/runtime-descriptor", input)
    }

    /// Carries out an ability by its name or one of its aliases.
    pub fn execute_ability(name: &str, input: Option<&ZendHashTable>) -> PhpResult<Zval> {
        run(name, input)
    }

    /// The table of abilities, as `wp_register_ability()` needs it.
    pub fn abilities() -> PhpResult<Zval> {
        enter(|_| to_value(&ability::describe()))
    }

    /// True if the ability would read this input; otherwise why not.
    pub fn validate_ability_input(name: &str, input: Option<&Zval>) -> PhpResult<Zval> {
        enter(|calls| {
            let input = match input {
                Some(input) => Reader::new(calls).read(input)?,
                None => Value::Null,
            };
            let input = if input.is_null() { Value::Object(Map::new()) } else { input };
            ability::validate(name, &input)?;
            Ok(Value::Bool(true))
        })
    }

    /// Whether the caller that an input's `authorization` names is trusted with a scope.
    pub fn authorize(scope: &str, input: Option<&Zval>) -> PhpResult<Zval> {
        enter(|calls| {
            let input = match input {
                Some(input) => Reader::new(calls).read(input)?,
                None => Value::Null,
            };
            let scope = Scope::parse(scope)
                .ok_or_else(|| Refusal::field(Code::InputInvalid, "scope", "no scope that can be granted"))?;
            let host = PhpHost::new(calls, input.clone());
            to_value(&ability::authorize(scope, &input, &host)?)
        })
    }

    /// Looks whether everything is there that a run needs.
    pub fn doctor() -> PhpResult<Zval> {
        enter(|calls| {
            let host = PhpHost::new(calls, Value::Object(Map::new()));
            to_value(&ability::doctor(&host))
        })
    }
}

fn run(name: &str, input: Option<&ZendHashTable>) -> PhpResult<Zval> {
    enter(|calls| {
        let input = read(calls, input)?;
        let host = PhpHost::new(calls, input.clone());
        ability::execute(name, input, &host)
    })
}

/// The same for an ability whose steps may call tools of the caller's.
fn run_offering(name: &str, input: &ZendHashTable) -> PhpResult<Zval> {
    enter(|calls| {
        let (given, input) = set_aside(calls, Some(input))?;
        let input = Value::Object(input);
        let host = PhpHost::new(calls, input.clone()).offering(given);
        ability::execute(name, input, &host)
    })
}

pub(super) fn read(calls: &Calls, input: Option<&ZendHashTable>) -> Result<Value, Refusal> {
    let map = match input {
        Some(table) => Reader::new(calls).read_map(table)?,
        None => Map::new(),
    };
    Ok(Value::Object(map))
}
