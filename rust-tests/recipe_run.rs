//! Recipes that are run: in which order things happen, what becomes of a failure in each phase, and
//! what the bundle holds then.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;
use support::site::cache;
use support::zip::archive;
use tempfile::TempDir;
use wp_codebox::contract::Refusal;
use wp_codebox::host::{Host, Interrupt, PlainHost, Settings, User};
use wp_codebox::recipe::document::RECIPE_SCHEMA;
use wp_codebox::recipe::run_recipe;
use wp_codebox::sandbox::command_ids;

/// A recipe's directory, and a parent that listens.
struct Bench {
    directory: TempDir,
    host: PlainHost,
    told: Mutex<Vec<Value>>,
    /// Asks for a stop at the step of this name.
    stop_at: Option<&'static str>,
    stop: std::sync::atomic::AtomicU8,
}

impl Host for Bench {
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
        if told["type"] == "step-began" && told["step"].as_str() == self.stop_at {
            self.stop.store(1, std::sync::atomic::Ordering::Relaxed);
        }
        self.told.lock().unwrap().push(told);
    }

    fn interrupt(&self) -> Interrupt<'_> {
        Interrupt::new(&self.stop)
    }
}

impl Bench {
    fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for (path, content) in [
            (
                "builder/builder.php",
                "<?php\n/* Plugin Name: Builder */\nregister_activation_hook(__FILE__, fn () => update_option('builder', 'installed'));",
            ),
            (
                "broken/broken.php",
                "<?php\n/* Plugin Name: Broken */\nregister_activation_hook(__FILE__, function () { throw new RuntimeException('no activation'); });",
            ),
            ("site/file.txt", "one\n"),
            (
                "dump.sql",
                "INSERT INTO wp_options (option_name, option_value, autoload) VALUES ('dumped', 'yes', 'off');",
            ),
            ("broken.sql", "INSERT INTO wp_nothing VALUES (1);"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let settings = Settings {
            operator: true,
            runtime_dir: Some(std::env::var_os("WP_CODEBOX_RUNTIME_DIR").unwrap().into()),
            cache_dir: Some(cache()),
            artifacts_dir: Some(root.join("artifacts")),
            ..Settings::default()
        };
        let host = PlainHost { settings, ..PlainHost::default() };
        Bench { directory, host, told: Mutex::default(), stop_at: None, stop: 0.into() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn attempt(&self, recipe: Value) -> Result<Value, Refusal> {
        self.attempt_with(recipe, json!({}))
    }

    fn attempt_with(&self, recipe: Value, more: Value) -> Result<Value, Refusal> {
        let mut input = json!({ "recipe": whole(recipe), "base_path": self.path().to_str().unwrap() });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run_recipe(input, self)
    }

    /// A run that was started.
    fn run(&self, recipe: Value) -> Value {
        self.attempt(recipe).unwrap()
    }
}

/// With what every recipe has.
fn whole(mut recipe: Value) -> Value {
    let fields = recipe.as_object_mut().unwrap();
    fields.entry("schema").or_insert_with(|| RECIPE_SCHEMA.into());
    fields.entry("workflow").or_insert_with(|| json!({ "steps": [php("echo 'worked';")] }));
    recipe
}

fn php(code: &str) -> Value {
    json!({ "command": "wordpress.run-php", "args": [format!("code={code}")] })
}

/// A step that fails, and says so.
fn fails() -> Value {
    php("throw new RuntimeException('on purpose');")
}

/// `part:index status` of every step.
fn steps(run: &Value) -> Vec<String> {
    let step = |step: &Value| {
        let text = |field: &str| step[field].as_str().unwrap().to_owned();
        format!("{} {}", text("recipeCommand"), text("status"))
    };
    run["steps"].as_array().unwrap().iter().map(step).collect()
}

/// `name status` of every phase.
fn phases(run: &Value) -> Vec<String> {
    let phase =
        |phase: &Value| format!("{} {}", phase["name"].as_str().unwrap(), phase["status"].as_str().unwrap());
    run["phaseEvidence"].as_array().unwrap().iter().map(phase).collect()
}

/// A JSON file of the run's bundle.
fn bundle(run: &Value, path: &str) -> Value {
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let text = fs::read_to_string(directory.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn printed(run: &Value) -> Vec<&str> {
    run["executions"].as_array().unwrap().iter().filter_map(|one| one["stdout"].as_str()).collect()
}

/// The heavyweight plugin with setup and probes.
fn heavyweight() -> Value {
    json!({
        "inputs": {
            "extra_plugins": [{ "source": "./builder", "slug": "builder", "pluginFile": "builder/builder.php" }],
            "pluginRuntime": {
                "label": "visual-builder-stack",
                "php": { "memoryLimit": "512M", "maxExecutionTime": 120, "iniEntries": { "precision": 5 },
                         "bootstrapIniEntries": { "error_prepend_string": "it's" } },
                "wpConfigDefines": { "WP_DEBUG": true },
                "setup": [{ "command": "wordpress.wp-cli", "args": ["command=option update builder_ready yes"] }],
                "healthProbes": [
                    { "name": "builder-active", "type": "plugin-active", "pluginFile": "builder/builder.php" },
                    { "name": "builder-option", "type": "wp-cli", "command": "option get builder_ready" },
                    { "name": "builder-php", "type": "php",
                      "code": "if (!defined('WP_DEBUG')) { throw new RuntimeException('WP_DEBUG missing'); } echo 'ok';" },
                ],
            },
        },
        "workflow": { "steps": [php(
            "echo json_encode([get_option('builder_ready'), get_option('builder'), WP_DEBUG, ini_get('memory_limit'), \
             ini_get('precision'), ini_get('error_prepend_string'), ini_get('max_execution_time')]);"
        )] },
    })
}

#[test]
fn setup_and_probes_run_before_the_workflow_and_the_second_run_starts_after_them() {
    let bench = Bench::new();
    // A file that was just written is not kept in an image.
    std::thread::sleep(std::time::Duration::from_millis(60));
    let first = bench.run(heavyweight());
    assert_eq!(first["success"], true, "{first:#}");
    assert_eq!(first["schema"], "wp-codebox/recipe-run/v1");
    let order = [
        "extra-plugin.activate:builder/builder.php succeeded",
        "plugin-runtime.setup:0 succeeded",
        "plugin-runtime.health:builder-active succeeded",
        "plugin-runtime.health:builder-option succeeded",
        "plugin-runtime.health:builder-php succeeded",
        "wordpress.run-php succeeded",
    ];
    assert_eq!(steps(&first), order);
    let said = r#"["yes","installed",true,"512M","5","it's","120"]"#;
    assert_eq!(printed(&first).last(), Some(&said));
    let second = bench.run(heavyweight());
    assert_eq!((steps(&second), printed(&second)), (steps(&first), printed(&first)));
    let from_image = |run: &Value| {
        run["steps"].as_array().unwrap().iter().filter(|step| step["fromImage"] == true).count()
    };
    assert_eq!((from_image(&first), from_image(&second)), (0, 5));
    assert_eq!(phases(&second), phases(&first));
    assert_eq!(
        bundle(&second, "files/runtime-evidence/run-attestation.json")["schema"],
        "wp-codebox/run-attestation/v1"
    );
}

/// One phase that fails: its recipe, the failing phase, the code, which steps ran and which not.
fn failing_phases() -> Vec<(&'static str, Value, &'static str, &'static str, Vec<&'static str>)> {
    let with = |more: Value| {
        let mut recipe = json!({ "workflow": {
            "before": [php("echo 'before';")], "steps": [php("echo 'step';")], "after": [php("echo 'after';")],
        } });
        recipe.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        recipe
    };
    let workflow = |before: Value, steps: Value, after: Value| json!({ "workflow": { "before": before, "steps": steps, "after": after } });
    let skipped =
        vec!["wordpress.run-php skipped", "wordpress.run-php skipped", "wordpress.run-php succeeded"];
    let and = |first: &[&'static str]| [first, &skipped].concat();
    vec![
        (
            "blueprint",
            with(json!({ "runtime": { "blueprint": { "steps": [
                { "step": "rm", "path": "/wordpress/wp-content/nothing" },
            ] } }, "inputs": { "extra_plugins": [{ "source": "builder" }] } })),
            "run_blueprint_steps",
            "recipe-phase-failed",
            and(&["blueprint.rm[0] failed", "extra-plugin.activate:builder/builder.php skipped"]),
        ),
        (
            "activation",
            with(json!({ "inputs": {
                "extra_plugins": [{ "source": "broken" }, { "source": "builder" }],
                "fixtureUsers": [{ "name": "ann" }],
            } })),
            "activate_plugins",
            "recipe-phase-failed",
            and(&[
                "extra-plugin.activate:broken/broken.php failed",
                "extra-plugin.activate:builder/builder.php skipped",
                "fixture-user:ann skipped",
            ]),
        ),
        (
            "setup",
            with(json!({ "inputs": { "pluginRuntime": {
                "setup": [fails()], "healthProbes": [{ "name": "p", "type": "php", "code": "echo 1;" }],
            } } })),
            "activate_plugins",
            "recipe-phase-failed",
            and(&["plugin-runtime.setup:0 failed", "plugin-runtime.health:p skipped"]),
        ),
        (
            "health probe",
            with(json!({ "inputs": { "pluginRuntime": { "healthProbes": [
                { "name": "gone", "type": "plugin-active", "pluginFile": "gone/gone.php" },
            ] } } })),
            "activate_plugins",
            "recipe-phase-failed",
            and(&["plugin-runtime.health:gone failed"]),
        ),
        (
            "import",
            with(json!({ "inputs": {
                "fixtureDatabases": [
                    { "name": "good", "version": "1", "source": "dump.sql" },
                    { "name": "bad", "version": "1", "source": "broken.sql" },
                ],
                "fixtureUsers": [{ "name": "ann" }],
            } })),
            "import_fixture_databases",
            "recipe-phase-failed",
            and(&[
                "fixture-database.import:good succeeded",
                "fixture-database.import:bad failed",
                "fixture-user:ann skipped",
            ]),
        ),
        (
            "before",
            workflow(json!([fails()]), json!([php("echo 1;")]), json!([php("echo 1;")])),
            "run_workloads",
            "verify-step-failed",
            vec!["wordpress.run-php failed", "wordpress.run-php skipped", "wordpress.run-php succeeded"],
        ),
        (
            "steps",
            workflow(
                json!([php("echo 1;")]),
                json!([fails(), php("echo 1;")]),
                json!([fails(), php("echo 1;")]),
            ),
            "run_workloads",
            "verify-step-failed",
            vec![
                "wordpress.run-php succeeded",
                "wordpress.run-php failed",
                "wordpress.run-php skipped",
                "wordpress.run-php failed",
                "wordpress.run-php succeeded",
            ],
        ),
        (
            "after",
            workflow(json!([]), json!([php("echo 1;")]), json!([fails()])),
            "run_workloads",
            "verify-step-failed",
            vec!["wordpress.run-php succeeded", "wordpress.run-php failed"],
        ),
        (
            "probes",
            json!({ "probes": [
                { "name": "is-json", "step": php("echo '{\"a\": 1}';"), "expectJson": true },
                { "name": "is-not", "step": php("echo 'text';"), "expectJson": true },
                { "name": "last", "step": php("echo 1;") },
            ] }),
            "run_probes",
            "recipe-probe-failed",
            vec![
                "wordpress.run-php succeeded",
                "probe:is-json succeeded",
                "probe:is-not failed",
                "probe:last skipped",
            ],
        ),
    ]
}

#[test]
fn every_phase_that_fails_says_what_ran_what_did_not_and_leaves_a_bundle() {
    let bench = Bench::new();
    for (what, recipe, phase, code, expected) in failing_phases() {
        let run = bench.run(recipe);
        assert_eq!(run["success"], false, "{what}: {run:#}");
        assert_eq!((run["status"].as_str(), run["exitCode"].as_i64()), (Some("failed"), Some(1)), "{what}");
        assert_eq!(run["error"]["code"], code, "{what}: {run:#}");
        assert_eq!(run["error"]["phase"], phase, "{what}");
        assert_eq!(steps(&run), expected, "{what}: {run:#}");
        let failed: Vec<String> =
            phases(&run).into_iter().filter(|phase| phase.ends_with("failed")).collect();
        assert_eq!(failed, [format!("{phase} failed")], "{what}");
        assert_eq!(phases(&run).last().unwrap(), "collect_artifacts completed", "{what}");

        let outcome = bundle(&run, "files/outcome.json");
        assert_eq!(outcome["failure"]["code"], code, "{what}");
        let evidence = bundle(&run, "files/runtime-evidence/recipe-run.json");
        assert_eq!(evidence["steps"], run["steps"], "{what}");
        assert_eq!(
            bundle(&run, "files/runtime-evidence/run-attestation.json")["schema"],
            "wp-codebox/run-attestation/v1"
        );
        assert!(!run["stepFailures"].as_array().unwrap().is_empty(), "{what}");
        let setting_up =
            matches!(phase, "run_blueprint_steps" | "activate_plugins" | "import_fixture_databases");
        assert_eq!(run["diagnostics"].as_array().unwrap().len(), usize::from(setting_up), "{what}");
        assert_eq!(
            bundle(&run, "files/diagnostics.json")["summary"]["error"].as_u64() > Some(0),
            setting_up,
            "{what}"
        );
    }
}

#[test]
fn setup_and_probes_that_fail_are_diagnosed_by_name() {
    let bench = Bench::new();
    let recipe = |runtime: Value| json!({ "inputs": { "pluginRuntime": runtime } });
    let run = bench.run(recipe(json!({ "setup": [fails()] })));
    let diagnostic = &run["diagnostics"][0];
    assert_eq!(diagnostic["schema"], "wp-codebox/plugin-runtime-diagnostic/v1");
    assert_eq!(
        (diagnostic["phase"].as_str(), diagnostic["severity"].as_str()),
        (Some("setup"), Some("error"))
    );
    let message = diagnostic["message"].as_str().unwrap();
    assert!(
        message.starts_with("Recipe plugin runtime setup[0] failed: ") && message.contains("on purpose"),
        "{message}"
    );
    let probe = json!({ "name": "gone", "type": "plugin-active", "pluginFile": "gone/gone.php" });
    let run = bench.run(recipe(json!({ "healthProbes": [probe] })));
    let message = run["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("Recipe plugin runtime health probe \"gone\" failed: "), "{message}");
}

#[test]
fn a_sandbox_that_cannot_be_had_is_a_run_that_failed_in_its_first_phase() {
    let bench = Bench::new();
    let core = bench.path().join("core");
    fs::create_dir_all(core.join("wp-admin")).unwrap();
    fs::create_dir_all(core.join("wp-includes")).unwrap();
    for file in ["wp-load.php", "wp-settings.php"] {
        fs::write(core.join(file), "<?php exit('no WordPress');").unwrap();
    }
    let run = bench.run(json!({ "runtime": { "assets": { "wordpressDirectory": "core" } } }));
    assert_eq!(run["error"]["code"], "recipe-runtime-create-failed", "{run:#}");
    assert_eq!(phases(&run), ["runtime_startup failed"]);
    assert_eq!(steps(&run), ["wordpress.run-php skipped"]);
    assert_eq!(bundle(&run, "files/outcome.json")["failure"]["code"], "recipe-runtime-create-failed");
}

#[test]
fn a_stop_ends_the_run_at_once_and_keeps_the_bundle() {
    let mut bench = Bench::new();
    bench.stop_at = Some("plugin-runtime.setup:0");
    let run = bench.run(json!({
        "inputs": { "pluginRuntime": { "setup": [php("while (true) {}")] } },
        "workflow": { "steps": [php("echo 1;")], "after": [php("echo 1;")] },
    }));
    assert_eq!(
        (run["status"].as_str(), run["error"]["code"].as_str()),
        (Some("cancelled"), Some("recipe-interrupted")),
        "{run:#}"
    );
    assert_eq!(
        steps(&run),
        ["plugin-runtime.setup:0 failed", "wordpress.run-php skipped", "wordpress.run-php skipped"]
    );
    assert_eq!(bundle(&run, "files/outcome.json")["failure"]["code"], "recipe-interrupted");
}

#[test]
fn a_stop_in_any_phase_ends_the_run_there_and_keeps_the_bundle() {
    let endless = || php("while (true) {}");
    let inputs = |more: Value| json!({ "inputs": more });
    for (recipe, at, phase) in [
        (
            json!({ "runtime": { "blueprint": { "steps": [{ "step": "runPHP", "code": "<?php while (true) {}" }] } } }),
            "blueprint.runPHP[0]",
            "run_blueprint_steps",
        ),
        (
            inputs(json!({ "extra_plugins": [{ "source": "endless" }] })),
            "extra-plugin.activate:endless/endless.php",
            "activate_plugins",
        ),
        (
            inputs(
                json!({ "pluginRuntime": { "healthProbes": [{ "name": "p", "type": "php", "code": "while (true) {}" }] } }),
            ),
            "plugin-runtime.health:p",
            "activate_plugins",
        ),
        (
            inputs(json!({ "fixtureUsers": [{ "name": "ann" }] })),
            "fixture-user:ann",
            "import_fixture_databases",
        ),
        (
            json!({ "workflow": { "before": [endless()], "steps": [php("echo 1;")] } }),
            "wordpress.run-php",
            "run_workloads",
        ),
        (
            json!({ "workflow": { "steps": [{ "command": "wp-codebox.checkpoint-list" }], "after": [endless(), php("echo 1;")] } }),
            "wordpress.run-php",
            "run_workloads",
        ),
        (json!({ "probes": [{ "name": "p", "step": endless() }] }), "probe:p", "run_probes"),
    ] {
        let mut bench = Bench::new();
        let plugin = bench.path().join("endless");
        fs::create_dir(&plugin).unwrap();
        let code = "<?php\n/* Plugin Name: Endless */\nregister_activation_hook(__FILE__, function () { while (true) {} });";
        fs::write(plugin.join("endless.php"), code).unwrap();
        bench.stop_at = Some(at);
        let run = bench.run(recipe);
        let error = &run["error"];
        assert_eq!(run["status"], "cancelled", "{at}: {run:#}");
        assert_eq!((&error["code"], &error["phase"]), (&json!("recipe-interrupted"), &json!(phase)), "{at}");
        assert!(!steps(&run).last().unwrap().ends_with("succeeded"), "{at}: {run:#}");
        assert_eq!(bundle(&run, "files/outcome.json")["failure"]["code"], "recipe-interrupted", "{at}");
    }
}

#[test]
fn mounts_may_come_in_any_order_also_where_one_lies_beneath_another() {
    let bench = Bench::new();
    let run = bench.run(json!({
        "inputs": {
            "mounts": [
                { "source": "builder", "target": "/workspace/a/b" },
                { "source": "site", "target": "/workspace/a" },
                { "source": "site", "target": "/wordpress/wp-content/plugins", "mode": "readonly" },
            ],
            "extra_plugins": [{ "source": "builder" }],
        },
        "workflow": { "steps": [php(
            "file_put_contents('/workspace/a/b/new.txt', 'new'); \
             echo json_encode([is_file('/workspace/a/file.txt'), is_file('/workspace/a/b/builder.php'), \
             is_file(WP_PLUGIN_DIR . '/file.txt'), is_plugin_active('builder/builder.php')]);"
        )] },
    }));
    assert_eq!(printed(&run).last(), Some(&"[true,true,true,true]"), "{run:#}");
    let changed = &bundle(&run, "files/changed-files.json")["files"][0];
    assert_eq!(
        (&changed["path"], &changed["mountTarget"]),
        (&json!("/workspace/a/b/new.txt"), &json!("/workspace/a/b")),
        "{changed:#}"
    );
}

#[test]
fn a_step_has_its_own_deadline_and_the_run_has_another() {
    let bench = Bench::new();
    let endless = |more: Value| {
        let mut step = php("while (true) {}");
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "workflow": { "steps": [step] } })
    };
    let run = bench.run(endless(json!({ "timeoutMs": 200 })));
    assert_eq!(run["error"]["code"], "verify-step-failed", "{run:#}");
    assert_eq!(run["stepFailures"][0]["classification"], "timeout");
    assert_eq!(run["stepFailures"][0]["timeoutMs"], 200);
    let run = bench.attempt_with(endless(json!({})), json!({ "timeout_seconds": 3 })).unwrap();
    assert_eq!(
        (run["status"].as_str(), run["error"]["code"].as_str()),
        (Some("timed_out"), Some("recipe-run-timeout"))
    );
}

#[test]
fn what_may_fail_and_what_is_only_advice() {
    let bench = Bench::new();
    let marked = |mark: &str| {
        let mut step = fails();
        step[mark] = true.into();
        step
    };
    let run = bench.run(json!({ "workflow": { "steps": [marked("advisory"), php("echo 'on';")] } }));
    assert_eq!(run["success"], true, "{run:#}");
    assert_eq!(
        (run["stepFailures"].as_array().unwrap().len(), run["advisoryFailures"].as_array().unwrap().len()),
        (0, 1)
    );
    let run = bench.run(json!({ "workflow": { "steps": [marked("allowFailure"), php("echo 'on';")] } }));
    assert_eq!(steps(&run), ["wordpress.run-php failed", "wordpress.run-php succeeded"]);
    assert_eq!(run["error"]["code"], "verify-step-failed", "{run:#}");
    let run = bench.run(json!({ "probes": [{ "name": "no", "step": fails(), "allowFailure": true }] }));
    assert_eq!(
        (run["success"].as_bool(), run["probes"][0]["status"].as_str()),
        (Some(true), Some("failed")),
        "{run:#}"
    );
}

#[test]
fn everything_that_a_recipe_puts_in_is_there() {
    let bench = Bench::new();
    zip(
        &bench.path().join("zipped.zip"),
        "zipped/zipped.php",
        "<?php\n/* Plugin Name: Zipped */\nadd_filter('zipped', fn () => 'active');",
    );
    let run = bench.attempt(json!({
        "inputs": {
            "mounts": [{ "source": "site", "target": "/workspace/site" }],
            "workspaces": [
                { "seed": { "type": "plugin_scaffold", "slug": "fresh-plugin" } },
                { "seed": { "type": "theme_scaffold", "slug": "fresh-theme", "name": "Fresh" } },
                { "target": "/workspace/copy", "seed": { "type": "directory", "source": "builder", "excludePaths": ["builder.php"] } },
            ],
            "extra_plugins": [
                { "source": "builder" },
                { "source": "zipped.zip" },
                { "source": "builder", "slug": "always", "pluginFile": "always/builder.php", "loadAs": "mu-plugin" },
            ],
            "stagedFiles": [{ "source": "dump.sql", "target": "/tmp/staged.sql" }],
            "runtimeEnv": { "OPEN": "said" },
            "fixtureDatabases": [{ "name": "dump", "version": "1", "source": "dump.sql" }],
            "fixtureUsers": [{ "name": "ann", "role": "editor", "password": "correct-horse-battery" }],
        },
        "workflow": { "steps": [php(
            "activate_plugin('fresh-plugin/fresh-plugin.php'); switch_theme('fresh-theme'); \
             file_put_contents('/workspace/site/file.txt', \"two\\n\"); \
             file_put_contents(WP_PLUGIN_DIR . '/fresh-plugin/more.php', '<?php'); \
             echo json_encode([apply_filters('zipped', 0), is_plugin_active('builder/builder.php'), \
             is_file(WPMU_PLUGIN_DIR . '/contained-runtime/always/builder.php'), is_file('/tmp/staged.sql'), getenv('OPEN'), \
             get_option('dumped'), get_user_by('login', 'ann')->roles, wp_get_theme()->get('Name'), \
             is_plugin_active('fresh-plugin/fresh-plugin.php'), file_exists('/workspace/copy/builder.php')]);"
        )] },
    }));
    let run = run.unwrap();
    assert_eq!(run["success"], true, "{run:#}");
    let said = r#"["active",true,true,true,"said","yes",["editor"],"Fresh",true,false]"#;
    assert_eq!(printed(&run).last(), Some(&said));
    let changed = bundle(&run, "files/changed-files.json");
    let paths: Vec<_> =
        changed["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/wordpress/wp-content/plugins/fresh-plugin/more.php", "/workspace/site/file.txt"]);
    assert_eq!(fs::read_to_string(bench.path().join("site/file.txt")).unwrap(), "one\n");
    assert_eq!(run["fixtureDatabases"][0]["schema"], "wp-codebox/fixture-database-result/v1");
    let database =
        fs::read_to_string(Path::new(run["artifacts"]["directory"].as_str().unwrap()).join("commands.jsonl"))
            .unwrap();
    assert!(
        !database.contains("correct-horse-battery") && !run.to_string().contains("correct-horse-battery")
    );
}

/// An archive of one file.
fn zip(path: &Path, name: &str, content: &str) {
    fs::write(path, archive(&[(name, content.as_bytes(), 0o100_644)])).unwrap();
}

#[test]
fn an_archive_with_a_plugin_in_a_directory_of_the_plugin_activates_the_plugin() {
    let bench = Bench::new();
    let plugin = |name: &str| format!("<?php\n/* Plugin Name: {name} */");
    let files = [("outer/another.php", "B"), ("outer/outer.php", "C"), ("outer/inner/inner.php", "A")];
    let files = files.map(|(path, name)| (path, plugin(name)));
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes(), 0o100_644)).collect();
    fs::write(bench.path().join("outer.zip"), archive(&files)).unwrap();
    let run = bench.run(json!({
        "inputs": { "extra_plugins": [{ "source": "outer.zip" }] },
        "workflow": { "steps": [php("echo json_encode(get_option('active_plugins'));")] },
    }));
    assert_eq!(printed(&run).last(), Some(&r#"["outer\/outer.php"]"#), "{run:#}");
}

#[test]
fn an_archive_with_another_digest_is_refused_before_anything_has_happened() {
    let bench = Bench::new();
    zip(&bench.path().join("zipped.zip"), "zipped/zipped.php", "<?php\n/* Plugin Name: Zipped */");
    let refusal = bench
        .attempt(
            json!({ "inputs": { "extra_plugins": [{ "source": "zipped.zip", "sha256": "0".repeat(64) }] } }),
        )
        .unwrap_err();
    assert_eq!(refusal.code.as_str(), "wp_codebox_recipe_invalid");
    assert_eq!(refusal.facts["issues"][0]["code"], "invalid-source-digest");
    assert!(!bench.path().join("artifacts").exists());
}

#[test]
fn declared_artifacts_are_in_the_bundle_or_fail_the_run() {
    let bench = Bench::new();
    let recipe = |required: bool| {
        json!({
            "inputs": { "workspaces": [{ "target": "/workspace/w", "seed": { "type": "directory", "source": "site" } }] },
            "workflow": { "steps": [php(
                "file_put_contents('/tmp/report.json', '{\"n\":1}'); mkdir('/workspace/w/src'); \
                 file_put_contents('/workspace/w/src/a.txt', 'a'); file_put_contents('/workspace/w/other.txt', 'b');"
            )] },
            "artifacts": {
                "paths": [
                    { "name": "report", "path": "/tmp/report.json", "required": true, "parseJson": true },
                    { "name": "gone", "path": "/tmp/gone", "required": required },
                ],
                "typed": [
                    { "name": "typed", "type": "report", "path": "/tmp/report.json",
                      "payloadSchema": { "type": "object", "required": ["n"] } },
                    { "name": "misfit", "type": "report", "path": "/tmp/report.json",
                      "payloadSchema": { "type": "object", "required": ["m"] } },
                ],
                "workspacePolicy": { "writableRoots": ["src"] },
                "verify": { "strict": true },
            },
        })
    };
    let run = bench.run(recipe(false));
    assert_eq!(run["success"], true, "{run:#}");
    let declared = run["declaredArtifacts"].as_array().unwrap();
    let statuses: Vec<_> = declared.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["collected", "missing", "collected", "failed"]);
    assert_eq!(declared[0]["parsedJson"], json!({ "n": 1 }));
    assert_eq!(bundle(&run, declared[0]["artifactPath"].as_str().unwrap()), json!({ "n": 1 }));
    assert_eq!(run["verification"]["valid"], true);
    let violations = &run["workspacePolicy"]["violations"];
    assert_eq!(
        *violations,
        json!([{ "code": "path-outside-writable-roots", "workspace": "/workspace/w", "path": "other.txt" }])
    );
    assert_eq!(bundle(&run, "files/runtime-evidence/workspace-policy.json")["valid"], false);

    let run = bench.run(recipe(true));
    assert_eq!(run["error"]["code"], "recipe-artifact-collection-failed");
    let mut strict = recipe(false);
    strict["artifacts"]["workspacePolicy"]["strict"] = true.into();
    assert_eq!(bench.run(strict)["error"]["code"], "workspace-policy-failed");
}

#[test]
fn a_policy_that_lacks_a_command_is_refused() {
    let bench = Bench::new();
    let policy = |commands: Value| {
        json!({ "policy": { "network": "deny", "filesystem": "readwrite-mounts", "commands": commands,
                            "secrets": "none", "approvals": "never" } })
    };
    let refusal = bench.attempt_with(json!({}), policy(json!(["wordpress.wp-cli"]))).unwrap_err();
    assert_eq!(refusal.code.as_str(), "runtime-policy-missing-command");
    assert_eq!(refusal.facts["issues"][0]["path"], "$.policy.commands");
    assert!(!bench.path().join("artifacts").exists());
    assert_eq!(bench.attempt_with(json!({}), policy(json!(["wordpress.run-php"]))).unwrap()["success"], true);
}

#[test]
fn the_parent_is_told_where_a_run_is() {
    let bench = Bench::new();
    bench.run(json!({}));
    let told = bench.told.lock().unwrap();
    let told: Vec<String> = told
        .iter()
        .map(|one| {
            assert_eq!(one["schema"], "wp-codebox/recipe-progress/v1");
            format!(
                "{} {}",
                one["type"].as_str().unwrap(),
                one["step"].as_str().or(one["phase"].as_str()).unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "phase-began runtime_startup",
            "phase-began run_workloads",
            "step-began wordpress.run-php",
            "step-ended wordpress.run-php",
            "phase-began collect_artifacts",
        ]
    );
}

/// The recipes that the guides show, by the names of their files.
fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recipes")
}

#[test]
fn every_example_recipe_runs() {
    let bench = Bench::new();
    let mut names: Vec<String> = fs::read_dir(examples())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .filter(|name| name != "bench.json" || command_ids().any(|id| id == "wordpress.bench"))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        let path = examples().join(&name);
        let run = run_recipe(json!({ "recipe": path.to_str().unwrap() }), &bench)
            .unwrap_or_else(|refusal| panic!("{name}: {refusal} {:?}", refusal.facts));
        assert_eq!(run["success"], true, "{name}: {run:#}");
        assert_eq!(run["recipePath"], path.to_str().unwrap(), "{name}");
        assert!(steps(&run).iter().all(|step| step.ends_with(" succeeded")), "{name}: {run:#}");
    }
}

#[test]
fn the_progress_action_is_told_no_secret() {
    let mut bench = Bench::new();
    bench.host.env.insert("TOLD_TOKEN".to_owned(), "s3cr3t-0f-the-parent".to_owned());
    let code = "code=throw new RuntimeException('refused ' . getenv('TOLD_TOKEN'));";
    bench.run(json!({
        "inputs": { "secretEnv": ["TOLD_TOKEN"] },
        "workflow": { "steps": [{ "command": "wordpress.run-php", "args": [code] }] },
    }));
    let told = json!(*bench.told.lock().unwrap()).to_string();
    assert!(told.contains("refused "), "{told}");
    assert!(!told.contains("s3cr3t-0f-the-parent"), "{told}");
}

/// A step whose queries are noted.
fn noted(code: &str, more: Value) -> Value {
    let mut diagnostics = json!({ "capture": ["wpdb-queries"] });
    diagnostics.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut step = php(code);
    step["diagnostics"] = diagnostics;
    step
}

#[test]
fn the_queries_of_a_step_are_noted_also_of_one_that_fails_and_never_those_of_others() {
    let bench = Bench::new();
    let ask = "global $wpdb; foreach ([1, 2, 3] as $n) { $wpdb->get_var(\"SELECT $n AS asked\"); }";
    let mut failing = noted(&format!("{ask} throw new RuntimeException('on purpose');"), json!({}));
    failing["allowFailure"] = true.into();
    let run = bench.run(json!({ "workflow": { "steps": [
        php(ask),
        noted(ask, json!({})),
        noted(ask, json!({ "maxItems": 2 })),
        // After a written row each command loads WordPress anew.
        noted(&format!("{ask} update_option('a', 'b');"), json!({})),
        noted(ask, json!({})),
        failing,
        noted("exit;", json!({})),
    ] } }));
    let queries = |at: usize| run["executions"][at]["diagnostics"]["wpdbQueries"].clone();
    assert_eq!(run["executions"][0].get("diagnostics"), None);
    assert_eq!(run["executions"][1]["diagnostics"]["schema"], "wp-codebox/command-diagnostics/v1");
    for at in [1, 4, 5] {
        assert_eq!(
            (&queries(at)["status"], &queries(at)["count"]),
            (&json!("captured"), &json!(3)),
            "{at}: {run:#}"
        );
        let asked: Vec<_> =
            queries(at)["items"].as_array().unwrap().iter().map(|item| item["query"].clone()).collect();
        assert_eq!(asked, ["SELECT 1 AS asked", "SELECT 2 AS asked", "SELECT 3 AS asked"]);
    }
    assert_eq!((&queries(2)["status"], &queries(2)["dropped"]), (&json!("partial"), &json!(1)));
    assert_eq!(queries(2)["items"].as_array().unwrap().len(), 2);
    assert!(queries(3)["count"].as_u64().unwrap() > 3);
    assert_eq!(queries(6)["status"], "captured");
}

#[test]
fn a_step_that_was_stopped_or_ran_out_of_memory_has_no_queries_and_says_so() {
    let bench = Bench::new();
    let mut large = noted("$a = ''; while (true) { $a .= str_repeat('x', 1 << 20); }", json!({}));
    large["allowFailure"] = true.into();
    let mut slow = noted("while (true) {}", json!({}));
    slow["timeoutMs"] = 500.into();
    let run = bench.run(json!({ "workflow": { "steps": [large, slow] } }));
    for at in [0, 1] {
        let queries = &run["executions"][at]["diagnostics"]["wpdbQueries"];
        assert_eq!(
            (&queries["status"], &queries["reason"]),
            (&json!("unavailable"), &json!("command_stopped")),
            "{run:#}"
        );
    }
    assert_eq!(run["executions"][0]["result"]["error"]["code"], "wp_codebox_run_memory_exhausted");
}

#[test]
fn a_setup_step_whose_queries_are_noted_runs_each_time() {
    let bench = Bench::new();
    let recipe =
        json!({ "inputs": { "pluginRuntime": { "setup": [noted("update_option('a', 'b');", json!({}))] } } });
    for _ in 0..2 {
        let run = bench.run(recipe.clone());
        assert_eq!(run["executions"][0]["diagnostics"]["wpdbQueries"]["status"], "captured", "{run:#}");
        assert_eq!(run["executions"][0]["fromImage"], Value::Null);
    }
}

#[test]
fn a_bundle_says_by_name_what_is_the_parents_and_what_was_observed() {
    let mut bench = Bench::new();
    bench.host.env.insert("SHOP_KEY".to_owned(), "fV8-kq2Lw-77tzR".to_owned());
    bench.host.settings.memory_limit = Some(1 << 30);
    let run = bench.run(json!({ "inputs": {
        "secretEnv": ["SHOP_KEY"],
        "mounts": [{ "source": "site", "target": "/workspace/site" }],
    } }));
    let inheritance = &bundle(&run, "metadata.json")["provenance"]["inheritance"];
    let secret =
        json!({ "name": "SHOP_KEY", "status": "available", "scope": "task", "source": "parent-env" });
    let setting = json!({ "name": "wp_codebox.memory_limit", "status": "inherited", "scope": "operator" });
    assert_eq!(*inheritance, json!({ "connectors": [], "secrets": [secret], "settings": [setting] }));
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let read = |file: &str| -> Vec<Value> {
        let text = fs::read_to_string(directory.join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let observed = read("observations.jsonl");
    assert_eq!(
        (&observed[0]["type"], &observed[0]["data"]["status"]),
        (&json!("runtime-info"), &json!("created"))
    );
    assert_eq!(observed[0]["data"]["id"], run["runtime"]["id"]);
    assert_eq!(
        (&observed[1]["type"], &observed[1]["data"][0]["target"]),
        (&json!("mounts"), &json!("/workspace/site"))
    );
    assert_eq!(observed[1]["schema"], "wp-codebox/runtime-episode-observation/v1");
    assert_eq!(read("events.jsonl").iter().filter(|event| event["type"] == "runtime.observed").count(), 2);
}

#[test]
fn an_image_that_another_recipe_has_made_ready_answers_for_no_health_probe() {
    let bench = Bench::new();
    // A file that was just written is not kept in an image.
    std::thread::sleep(std::time::Duration::from_millis(60));
    let recipe = |runtime: Value| {
        let plugins = json!([{ "source": "./builder", "activate": false }]);
        bench.run(json!({ "inputs": { "extra_plugins": plugins, "pluginRuntime": runtime } }))
    };
    let looks = json!({ "command": "wordpress.plugin-state", "args": ["action=status", "plugin=builder/builder.php"] });
    assert_eq!(recipe(json!({ "setup": [looks] }))["success"], true);
    let asks = json!({ "name": "h", "type": "plugin-active", "pluginFile": "builder/builder.php" });
    let run = recipe(json!({ "healthProbes": [asks] }));
    assert_eq!(run["error"]["code"], "recipe-phase-failed", "{run:#}");
    assert_eq!(steps(&run)[0], "plugin-runtime.health:h failed");
}

#[test]
fn an_image_has_the_evidence_of_its_own_recipe_and_of_no_other_with_the_same_commands() {
    let bench = Bench::new();
    // A file that was just written is not kept in an image.
    std::thread::sleep(std::time::Duration::from_millis(60));
    let code = "<?php return 'the same';";
    let plugins = json!([{ "source": "./builder", "activate": false }]);
    let blueprint = json!({
        "inputs": { "extra_plugins": plugins },
        "runtime": { "blueprint": { "steps": [{ "step": "runPHP", "code": code }] } },
    });
    let step = json!({ "command": "wordpress.run-php", "args": [format!("code={code}")] });
    let setup = json!({ "inputs": { "extra_plugins": plugins, "pluginRuntime": { "setup": [step] } } });
    for (recipe, phase) in
        [(blueprint, "run_blueprint_steps completed"), (setup, "activate_plugins completed")]
    {
        for from_image in [false, true] {
            let run = bench.run(recipe.clone());
            assert_eq!(phases(&run)[2], phase);
            assert_eq!(run["steps"][0]["fromImage"] == true, from_image, "{run:#}");
        }
    }
}

/// Recipes whose last step never ends, and says nothing about the run when it fails.
fn endless_advice() -> [Value; 3] {
    let endless = |more: Value| {
        let mut step = php("while (true) {}");
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    let advice = endless(json!({ "advisory": true }));
    [
        json!({ "workflow": { "steps": [advice] } }),
        json!({ "workflow": { "steps": [{ "command": "inspect-mounted-inputs" }], "after": [advice] } }),
        json!({
            "workflow": { "steps": [{ "command": "inspect-mounted-inputs" }] },
            "probes": [{ "name": "p", "allowFailure": true, "step": endless(json!({})) }],
        }),
    ]
}

#[test]
fn a_run_that_its_deadline_stops_in_an_advisory_step_has_timed_out() {
    let bench = Bench::new();
    for recipe in endless_advice() {
        let run = bench.attempt_with(recipe, json!({ "timeout_seconds": 2 })).unwrap();
        assert_eq!((&run["status"], &run["success"]), (&json!("timed_out"), &json!(false)), "{run:#}");
        assert_eq!(bundle(&run, "files/outcome.json")["failure"]["code"], "recipe-run-timeout");
    }
}

#[test]
fn a_run_that_is_stopped_in_an_advisory_step_is_cancelled() {
    for (recipe, at) in
        endless_advice().into_iter().zip(["wordpress.run-php", "wordpress.run-php", "probe:p"])
    {
        let mut bench = Bench::new();
        bench.stop_at = Some(at);
        let run = bench.run(recipe);
        assert_eq!((&run["status"], &run["success"]), (&json!("cancelled"), &json!(false)), "{run:#}");
        assert!(phases(&run).iter().any(|phase| phase.ends_with("failed")), "{run:#}");
    }
}

#[test]
fn an_advisory_step_that_its_own_deadline_stops_says_nothing_about_the_run() {
    let mut advice = php("while (true) {}");
    advice["advisory"] = true.into();
    advice["timeoutMs"] = 300.into();
    let run = Bench::new().run(json!({ "workflow": { "steps": [php("echo 1;"), advice] } }));
    assert_eq!((&run["status"], &run["success"]), (&json!("completed"), &json!(true)), "{run:#}");
}
