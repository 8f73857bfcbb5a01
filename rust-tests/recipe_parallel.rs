//! The same recipe in many processes at a time gives equal results.
//!
//! Twelve processes; a hundred with `WP_CODEBOX_LONG=1`.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use wp_codebox::host::{PlainHost, Settings};
use wp_codebox::recipe::run_recipe;

/// Processes at a time: each has a sandbox of its own in memory.
const AT_A_TIME: usize = 8;

/// Set in a child: the directory of its caches and bundles.
const CHILD: &str = "WP_CODEBOX_TEST_RECIPE_CHILD";

/// Fields that are another's in each run: ids, times, places, and whether an image was there already.
const PARTICULAR: [&str; 10] = [
    "id",
    "commandId",
    "createdAt",
    "startedAt",
    "finishedAt",
    "endedAt",
    "durationMs",
    "artifacts",
    "fromImage",
    "data",
];

/// What is the same in every run.
fn general(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PARTICULAR.contains(&name.as_str()));
            fields.values_mut().for_each(general);
        }
        Value::Array(items) => items.iter_mut().for_each(general),
        _ => {}
    }
}

fn run(root: &Path) -> Value {
    let settings = Settings {
        operator: true,
        runtime_dir: Some(std::env::var_os("WP_CODEBOX_RUNTIME_DIR").unwrap().into()),
        cache_dir: Some(root.join("cache")),
        artifacts_dir: Some(root.join("artifacts")),
        ..Settings::default()
    };
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recipes/heavyweight-plugin.json");
    let host = PlainHost { settings, ..PlainHost::default() };
    run_recipe(json!({ "recipe": recipe.to_str().unwrap() }), &host).unwrap()
}

/// A child's whole work: it does nothing in a run of the tests.
#[test]
fn one_of_many() {
    if let Some(root) = std::env::var_os(CHILD) {
        println!("\n@{}", run(Path::new(&root)));
    }
}

fn child(root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_of_many", "--nocapture"])
        .env(CHILD, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix('@')).unwrap_or_else(|| panic!("{text}"));
    serde_json::from_str(line).unwrap()
}

#[test]
fn the_same_recipe_in_many_processes_gives_equal_results() {
    let root = tempfile::tempdir().unwrap();
    let count = if std::env::var_os("WP_CODEBOX_LONG").is_some() { 100 } else { 12 };
    let mut results = Vec::new();
    // The first ones start together, without any image, and make it for the others.
    while results.len() < count {
        let together = AT_A_TIME.min(count - results.len());
        let children: Vec<Child> = (0..together).map(|_| child(root.path())).collect();
        results.extend(children.into_iter().map(said));
    }
    let mut bundles: Vec<String> =
        results.iter().map(|run| run["artifacts"]["directory"].to_string()).collect();
    bundles.sort();
    bundles.dedup();
    assert_eq!(bundles.len(), count, "each run has a bundle of its own");
    results.iter_mut().for_each(general);
    assert_eq!(results[0]["success"], true, "{:#}", results[0]);
    for result in &results[1..] {
        assert_eq!(result, &results[0]);
    }
}
