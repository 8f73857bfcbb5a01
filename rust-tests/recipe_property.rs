//! A recipe that validates never fails for a reason that validating should have named.

mod recipe;
mod support;

use proptest::prelude::*;
use recipe::{Bench, nearly_valid_recipe, valid_recipe};
use serde_json::Value;

/// What became of a recipe without issues. Validating comes first, so that a refusal is one that came
/// too late.
fn run(bench: &Bench, recipe: &Value) -> Result<Value, String> {
    bench.run(recipe, 120).map_err(|refusal| format!("refused after validating: {refusal:?}"))
}

/// Only what a command did when it ran: no word of a recipe can tell that beforehand.
fn is_the_command_s_own(code: &str) -> bool {
    [
        "wp_codebox_run_failed",
        "wp_codebox_run_fatal",
        "wp_codebox_run_exited",
        "wp_codebox_run_ability_missing",
    ]
    .contains(&code)
}

/// Runs take long: a few, or as many as `PROPTEST_CASES` says.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_recipe_that_is_right_runs_to_its_end(recipe in valid_recipe()) {
        let bench = Bench::able_to_run();
        prop_assert_eq!(bench.issues(recipe.clone()), []);
        let run = run(&bench, &recipe);
        prop_assert!(run.is_ok(), "{}\n{}", run.unwrap_err(), recipe);
        let run = run.unwrap();
        prop_assert!(run["success"] == true, "{}\n{}", run["error"], recipe);
    }

    #[test]
    fn a_mistake_that_is_no_issue_is_at_worst_a_command_that_fails(recipe in nearly_valid_recipe()) {
        let bench = Bench::able_to_run();
        prop_assume!(bench.issues(recipe.clone()).is_empty());
        let run = run(&bench, &recipe);
        prop_assert!(run.is_ok(), "{}\n{}", run.unwrap_err(), recipe);
        let error = run.unwrap()["error"].clone();
        if !error.is_null() {
            let cause = error["cause"]["code"].as_str().unwrap_or_default();
            prop_assert!(is_the_command_s_own(cause), "{error}\n{recipe}");
        }
    }
}
