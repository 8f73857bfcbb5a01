//! A recipe's secrets, as whoever runs it meets them: nothing of them is in the answer, in what the
//! parent is told, or in any file of the bundle.

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;
use support::bundle::files;
use support::site::cache;
use wp_codebox::contract::Refusal;
use wp_codebox::host::{Host, PlainHost, Settings, User};
use wp_codebox::recipe::document::RECIPE_SCHEMA;
use wp_codebox::recipe::run_recipe;

const NAME: &str = "TOLD_TOKEN";
const VALUE: &str = "Zq8vT1mK4xW7pL0cR9nB3sD6fG2hJ5kY1uE8iO4aQ7wX0zV3tN6bM9lPjH2c";
/// Of stdout, and of stderr. Bytes.
const LIMIT: usize = 4096;

/// A parent that has the secret, and keeps what it is told.
struct Parent {
    host: PlainHost,
    told: Mutex<Vec<Value>>,
}

impl Host for Parent {
    fn settings(&self) -> Result<Settings, Refusal> {
        self.host.settings()
    }

    fn apply_filters(&self, name: &str, value: Value, args: &[Value]) -> Result<Value, Refusal> {
        self.host.apply_filters(name, value, args)
    }

    fn option(&self, name: &str) -> Option<Value> {
        self.host.option(name)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.host.env(name)
    }

    fn current_user(&self) -> Option<User> {
        None
    }

    fn now(&self) -> SystemTime {
        self.host.now()
    }

    fn progress(&self, told: Value) {
        self.told.lock().unwrap().push(told);
    }
}

/// Runs `steps`, and gives the answer with everything that came out: what each is called, and its text.
fn run(value: &str, steps: Vec<Value>) -> (Value, BTreeMap<String, String>) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let settings = Settings {
        operator: true,
        runtime_dir: Some(std::env::var_os("WP_CODEBOX_RUNTIME_DIR").unwrap().into()),
        cache_dir: Some(cache()),
        artifacts_dir: Some(root.join("artifacts")),
        output_limit: Some(LIMIT as u64),
        ..Settings::default()
    };
    let mut host = PlainHost { settings, ..PlainHost::default() };
    host.env.insert(NAME.to_owned(), value.to_owned());
    let parent = Parent { host, told: Mutex::default() };
    let recipe = json!({
        "schema": RECIPE_SCHEMA,
        "inputs": { "secretEnv": [NAME] },
        "workflow": { "steps": steps },
    });
    let answer =
        run_recipe(json!({ "recipe": recipe, "base_path": root.to_str().unwrap() }), &parent).unwrap();
    let mut out = BTreeMap::from([
        ("the answer".to_owned(), answer.to_string()),
        ("the progress".to_owned(), json!(*parent.told.lock().unwrap()).to_string()),
    ]);
    let bundle = Path::new(answer["artifacts"]["directory"].as_str().unwrap());
    for name in files(bundle) {
        out.insert(
            name.clone(),
            String::from_utf8_lossy(&fs::read(bundle.join(&name)).unwrap()).into_owned(),
        );
    }
    (answer, out)
}

/// Panics if `length` bytes of `secret` in a row are anywhere in what came out.
fn assert_hidden(secret: &str, length: usize, out: &BTreeMap<String, String>) {
    for part in secret.as_bytes().windows(length) {
        let part = std::str::from_utf8(part).unwrap();
        for (name, text) in out {
            let at = text.find(part).map(|at| &text[at.saturating_sub(80)..(at + 40).min(text.len())]);
            assert_eq!(at, None, "{part} is in {name}");
        }
    }
}

/// PHP that prints so much before `expression` that the limit leaves `kept` bytes of it.
fn cut(channel: &str, expression: &str, kept: usize) -> Value {
    let filler = LIMIT - kept;
    let write = format!(
        "fwrite(fopen('php://{channel}', 'w'), str_repeat(' x', {}) . str_repeat('.', {}) . {expression});",
        filler / 2,
        filler % 2
    );
    json!({ "command": "wordpress.run-php", "args": [format!("code=$v = getenv('{NAME}'); {write}")] })
}

#[test]
fn a_secret_in_the_middle_of_which_the_output_limit_falls_is_nowhere() {
    let spellings = [("$v", VALUE.to_owned()), ("base64_encode($v)", STANDARD.encode(VALUE))];
    let mut steps = Vec::new();
    for (expression, spelled) in &spellings {
        for kept in [1, 4, 7, 15, 30, 47, spelled.len() - 1] {
            steps.extend(["stdout", "stderr"].map(|channel| cut(channel, expression, kept)));
        }
    }
    let (answer, out) = run(VALUE, steps);
    assert_eq!(answer["success"], true, "{answer:#}");
    let printed = &out["commands.jsonl"];
    assert!(printed.contains("bytes more were dropped"), "{printed}");
    for (_, spelled) in &spellings {
        assert_hidden(spelled, 4, &out);
    }
}

#[test]
fn a_fatal_error_whose_message_the_output_limit_cuts_tells_nothing_of_a_secret() {
    // It comes when the step has returned: its message is read from stderr, behind a line of filler.
    let steps = (60..200).step_by(10).map(|kept| {
        let code = format!(
            "code=register_shutdown_function(function () {{ error_log(str_repeat('x', {})); \
             throw new Exception(getenv('{NAME}') . str_repeat('y', 200)); }});",
            LIMIT - kept
        );
        json!({ "command": "wordpress.run-php", "args": [code], "allowFailure": true })
    });
    let (answer, out) = run(VALUE, steps.collect());
    let executions = answer["executions"].as_array().unwrap();
    let errors: Vec<&str> = executions.iter().filter_map(|one| one["stderr"].as_str()).collect();
    let cut =
        |stderr: &&&str| stderr.contains("Uncaught Exception:") && stderr.contains("bytes more were dropped");
    assert!(errors.iter().filter(cut).count() >= 5, "{errors:?}");
    assert_hidden(VALUE, 4, &out);
}

#[test]
fn a_character_of_a_secret_in_the_middle_of_which_the_output_limit_falls_hides_no_head() {
    let value = "geheimnißvoll€4711漢字😀xyz";
    let steps = [9, 10, 16, 17, 18, 23, 26, 30].map(|kept| cut("stdout", "$v", kept));
    let (answer, out) = run(value, steps.to_vec());
    assert_eq!(answer["success"], true, "{answer:#}");
    for (name, text) in &out {
        assert!(!text.contains("gehe"), "{name}");
    }
}

#[test]
fn a_command_that_is_stopped_in_the_middle_of_a_secret_tells_nothing_of_it() {
    let code = format!(
        "code=echo 'ready '; fwrite(fopen('php://stderr', 'w'), substr(getenv('{NAME}'), 0, 20)); \
         echo substr(base64_encode(getenv('{NAME}')), 0, 30); while (true) {{}}"
    );
    let step = json!({ "command": "wordpress.run-php", "args": [code], "timeoutMs": 1500 });
    let (answer, out) = run(VALUE, vec![step]);
    assert_eq!(answer["executions"][0]["stdout"], "ready ", "{answer:#}");
    assert_hidden(&VALUE[..20], 4, &out);
    assert_hidden(&STANDARD.encode(VALUE)[..30], 4, &out);
}
