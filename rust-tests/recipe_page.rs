//! The guide to recipes against the code, and the example recipes: each of them validates and plans.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use support::php::runtime_dir;
use wp_codebox::contract::Input;
use wp_codebox::host::{PlainHost, Settings};
use wp_codebox::recipe::document::{RECIPE_SCHEMA, Recipe, UNSUPPORTED};
use wp_codebox::recipe::{plan_recipe, validate_recipe};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn guide() -> String {
    fs::read_to_string(repository("docs/recipes.md")).unwrap()
}

fn operator() -> PlainHost {
    let settings = Settings { operator: true, runtime_dir: Some(runtime_dir()), ..Settings::default() };
    PlainHost { settings, ..PlainHost::default() }
}

/// Every file of `examples/recipes/` that is a recipe.
fn examples() -> Vec<PathBuf> {
    let files = fs::read_dir(repository("examples/recipes")).unwrap().map(|entry| entry.unwrap().path());
    let mut examples: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    examples.sort();
    examples
}

#[test]
fn every_example_validates_and_plans() {
    assert!(examples().len() >= 9);
    for path in examples() {
        let input = json!({ "recipe": path });
        let validation = validate_recipe(input.clone(), &operator()).unwrap();
        assert_eq!(validation.issues, [], "{}", path.display());
        let plan = plan_recipe(input, &operator()).unwrap();
        assert!(plan.success, "{}", path.display());
        let recipe: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let planned = serde_json::to_value(plan.plan.unwrap()).unwrap();
        for step in recipe["workflow"]["steps"].as_array().unwrap() {
            assert!(
                planned["policy"]["commands"].as_array().unwrap().contains(&step["command"]),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_plan_says_what_a_run_would_do() {
    let planned = |name: &str| {
        let plan =
            plan_recipe(json!({ "recipe": repository("examples/recipes").join(name) }), &operator()).unwrap();
        serde_json::to_value(plan.plan.unwrap()).unwrap()
    };
    let heavy = planned("heavyweight-plugin.json");
    assert_eq!(heavy["policy"]["network"], "deny");
    assert_eq!(
        heavy["policy"]["commands"],
        json!([
            "wordpress.ensure-plugin-active",
            "wordpress.plugin-state",
            "wordpress.run-php",
            "wordpress.wp-cli"
        ])
    );
    assert_eq!(heavy["extra_plugins"][0]["pluginFile"], "page-builder/page-builder.php");
    assert_eq!(heavy["extra_plugins"][0]["target"], "/wordpress/wp-content/plugins/page-builder");
    let seeded = planned("seeded-content.json");
    assert_eq!(
        seeded["siteSeeds"][0]["scopes"],
        json!(["posts", "terms", "options", "users", "activeTheme"])
    );
    assert_eq!(seeded["stagedFiles"][0]["target"], "/workspace/note.txt");
    let scaffolded = planned("scaffolded-workspace.json");
    assert_eq!(scaffolded["workspaces"][0]["target"], "/wordpress/wp-content/plugins/greeting");
}

#[test]
fn the_guide_has_every_field() {
    let guide = guide();
    let mut names = BTreeSet::new();
    collect(Recipe::schema(), &mut names);
    assert!(names.len() > 80);
    let absent: Vec<_> = names
        .iter()
        .filter(|name| !guide.contains(&format!("`{name}`")) && !guide.contains(&format!(".{name}`")))
        .collect();
    assert!(absent.is_empty(), "{absent:?}");
}

/// The names of all properties.
fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (key, inner) in map {
                if let ("properties", Value::Object(properties)) = (key.as_str(), inner) {
                    names.extend(properties.keys().cloned());
                }
                collect(inner, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

#[test]
fn the_guide_lists_what_is_not_carried_out_and_nothing_else() {
    let guide = guide();
    let section = guide.split_once("\n## Not supported\n").unwrap().1.split_once("\n## ").unwrap().0;
    let listed: BTreeSet<&str> = section.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let expected: BTreeSet<String> = UNSUPPORTED
        .iter()
        .map(|one| {
            let path = one.path.replace(".*", "[]");
            one.value.map_or_else(|| format!("`{path}`"), |value| format!("`{path}`: `{value}`"))
        })
        .collect();
    assert_eq!(listed, expected.iter().map(String::as_str).collect());
}

#[test]
fn what_the_guide_shows_validates() {
    let guide = guide();
    let blocks: Vec<Value> = guide
        .split("```json\n")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split_once("```").unwrap().0).unwrap())
        .collect();
    let (recipe, mut seed) = (blocks[0].clone(), blocks[1].clone());
    assert_eq!(recipe["schema"], RECIPE_SCHEMA);
    seed["source"] = json!("seeded-content/site.json");
    let with_seed =
        json!({ "schema": RECIPE_SCHEMA, "inputs": { "siteSeeds": [seed] }, "workflow": recipe["workflow"] });
    for recipe in [recipe, with_seed] {
        let input = json!({ "recipe": recipe, "base_path": repository("examples/recipes") });
        assert_eq!(validate_recipe(input, &operator()).unwrap().issues, []);
    }
}
