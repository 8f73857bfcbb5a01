//! A plugin's tests and benchmarks, run in a sandbox.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use support::command::{execute, mount, phpunit, result, sandbox, write};
use wp_codebox::sandbox::Sandbox;

/// A plugin with tests, one of which fails as long as `sum()` is wrong.
fn tested_plugin(root: &Path, sum: &str) {
    let write = |name: &str, text: &str| write(root, name, text);
    write(
        "tested.php",
        &format!(
            "<?php\n/* Plugin Name: Tested */\nadd_action('init', fn() => define('TESTED_INIT', 1));\nregister_activation_hook(__FILE__, fn() => update_option('tested', 'activated'));\nfunction tested_sum($a, $b) {{ return {sum}; }}\n"
        ),
    );
    write("tests/SumTest.php", "<?php\nfinal class SumTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_sum() { $this->assertSame(3, tested_sum(1, 2)); }\n
        public function test_wordpress_and_the_plugin_are_loaded() { $this->assertTrue(defined('TESTED_INIT')); $this->assertSame('activated', get_option('tested')); $this->assertGreaterThan(0, wp_insert_post(['post_title' => 'x'])); }\n
        public function test_later() { $this->markTestSkipped('later'); }\n}\n");
    write("tests/test-env.php", "<?php\nfinal class EnvTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_env() { $this->assertSame('1', getenv('TESTED') ?: '1'); $this->assertTrue(true); }\n}\n");
    write("plain/PlainTest.php", "<?php\nfinal class PlainTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_plain() { $this->assertFalse(function_exists('get_option')); $this->assertSame('yes', PLAIN); }\n}\n");
    write("plain/bootstrap.php", "<?php define('PLAIN', 'yes');");
    write(
        "plain/phpunit.xml",
        "<phpunit bootstrap=\"bootstrap.php\"><testsuites><testsuite name=\"plain\"><directory>.</directory></testsuite></testsuites></phpunit>",
    );
}

fn with_tests(sum: &str, with_phpunit: bool) -> (tempfile::TempDir, Sandbox) {
    let root = tempfile::tempdir().unwrap();
    tested_plugin(root.path(), sum);
    let mut mounts = vec![mount(root.path(), "/wordpress/wp-content/plugins/tested", false)];
    mounts.extend(with_phpunit.then(phpunit));
    (root, sandbox(mounts))
}

#[test]
fn phpunit_runs_a_plugin_s_tests_in_its_wordpress() {
    let (_root, mut sandbox) = with_tests("$a + $b", true);
    let execution = execute(&mut sandbox, "wordpress.phpunit", json!({ "plugin-slug": "tested" }));
    let result =
        execution.outcome.unwrap_or_else(|failure| panic!("{failure:?}\n{}", execution.record.stdout));
    assert_eq!(
        (&result["schema"], &result["status"]),
        (&json!("wp-codebox/phpunit-result/v1"), &json!("passed"))
    );
    assert_eq!(
        (&result["total"], &result["passed"], &result["skipped"], &result["assertions"]),
        (&json!(4), &json!(3), &json!(1), &json!(6)),
        "{result}"
    );
    assert_eq!(execution.record.exit_code, 0);
    // The summary that others read off the output is there as well.
    assert!(
        execution.record.stdout.contains("Tests: 4, Assertions: 6, Skipped: 1."),
        "{}",
        execution.record.stdout
    );

    let one = result_of(
        &mut sandbox,
        json!({ "plugin-slug": "tested", "test-file": "tests/test-env.php", "env-json": { "TESTED": "1" } }),
    );
    assert_eq!(one["total"], 1, "{one}");
    let two = result_of(
        &mut sandbox,
        json!({ "plugin-slug": "tested", "changed-tests-json": ["tests/test-env.php", "tests/SumTest.php"] }),
    );
    assert_eq!(two["total"], 4);
    let filtered = result_of(
        &mut sandbox,
        json!({ "plugin-slug": "tested", "phpunit-args-json": ["--filter", "test_sum"] }),
    );
    assert_eq!((&filtered["total"], &filtered["tests"][0]["name"]), (&json!(1), &json!("test_sum")));
    let listed = result_of(&mut sandbox, json!({ "plugin-slug": "tested", "discovery-only": true }));
    assert_eq!(
        (&listed["schema"], &listed["total"]),
        (&json!("wp-codebox/phpunit-discovery/v1"), &json!(4)),
        "{listed}"
    );
}

fn result_of(sandbox: &mut Sandbox, arguments: Value) -> Value {
    result(sandbox, "wordpress.phpunit", arguments)
}

#[test]
fn phpunit_runs_a_project_with_its_own_bootstrap_and_without_wordpress() {
    let (_root, mut sandbox) = with_tests("0", true);
    let place = "/wordpress/wp-content/plugins/tested/plain";
    let result = result_of(&mut sandbox, json!({ "cwd": place, "bootstrap-mode": "project" }));
    assert_eq!((&result["total"], &result["passed"]), (&json!(1), &json!(1)));
    let named = json!({ "cwd": place, "bootstrap-mode": "project", "phpunit-xml": "phpunit.xml", "project-bootstrap": "bootstrap.php" });
    assert_eq!(result_of(&mut sandbox, named)["status"], "passed");
}

#[test]
fn failed_tests_fail_the_command_and_are_named() {
    let (_root, mut sandbox) = with_tests("$a - $b", true);
    let execution = execute(&mut sandbox, "wordpress.phpunit", json!({ "plugin-slug": "tested" }));
    let failure = execution.outcome.unwrap_err();
    assert_eq!(
        (failure.message.as_str(), &failure.data["code"]),
        ("1 of 4 tests failed.", &json!("phpunit_failed"))
    );
    let details = &failure.data["details"];
    assert_eq!((&details["status"], &details["failures"]), (&json!("failed"), &json!(1)));
    let failed: Vec<&Value> =
        details["tests"].as_array().unwrap().iter().filter(|test| test["status"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["name"]), (1, &json!("test_sum")));
    assert!(failed[0]["message"].as_str().unwrap().contains("-1 is identical to 3"), "{}", failed[0]);
    assert_ne!(execution.record.exit_code, 0);
}

#[test]
fn tests_that_cannot_run_say_why() {
    let (_root, mut sandbox) = with_tests("1", false);
    let mut failure =
        |arguments: Value| execute(&mut sandbox, "wordpress.phpunit", arguments).outcome.unwrap_err();
    let missing = failure(json!({ "plugin-slug": "tested" }));
    assert_eq!(missing.data["code"], "phpunit_missing");
    assert!(
        missing.message.contains("/usr/share/php") && missing.message.contains("composer"),
        "{}",
        missing.message
    );
    assert_eq!(failure(json!({ "plugin-slug": "no-such" })).data["code"], "missing_path");
    let (_root, mut sandbox) = with_tests("1", true);
    let mut failure =
        |arguments: Value| execute(&mut sandbox, "wordpress.phpunit", arguments).outcome.unwrap_err();
    assert_eq!(
        failure(json!({ "plugin-slug": "tested", "test-root": "nowhere" })).data["code"],
        "phpunit_no_tests"
    );
    assert_eq!(
        failure(json!({ "plugin-slug": "tested", "phpunit-args-json": ["--filter", "nothing"] })).data["code"],
        "phpunit_no_tests"
    );
    assert_eq!(
        failure(json!({ "plugin-slug": "tested", "phpunit-xml": "none.xml" })).data["code"],
        "missing_path"
    );
    let broken = failure(
        json!({ "plugin-slug": "tested", "bootstrap-files-json": ["plain/bootstrap.php", "tests/nothing.php"] }),
    );
    assert_eq!(broken.code.as_str(), "wp_codebox_run_fatal", "{broken:?}");
}

/// A plugin with benchmarks.
fn measured_plugin(root: &Path) {
    let write = |name: &str, text: &str| write(root, name, text);
    write(
        "measured.php",
        "<?php /* Plugin Name: Measured */ function measured_work() { return array_sum(range(1, 1000)); }
        register_activation_hook(__FILE__, fn() => update_option('measured_activated', '1'));",
    );
    write("tests/bench/option.php", "<?php return static function (array $context): array {
        static $calls = 0;
        measured_work();
        return ['metrics' => ['calls_count' => ++$calls, 'answer' => 42.5, 'size_bytes' => 10, 'text' => 'no', 'nan' => NAN],
            'metadata' => ['activated' => get_option('measured_activated'), 'shared' => is_dir(getenv('WP_CODEBOX_BENCH_SHARED_STATE')), 'env' => getenv('MEASURED')]];
        };");
    write(
        "tests/bench/plain.php",
        "<?php return fn() => wp_cache_get('seen') ? ['hit_count' => 1] : (wp_cache_set('seen', 1) ? ['hit_count' => 0] : null);",
    );
}

fn with_benchmarks() -> (tempfile::TempDir, Sandbox) {
    let root = tempfile::tempdir().unwrap();
    measured_plugin(root.path());
    let mounts = vec![mount(root.path(), "/wordpress/wp-content/plugins/measured", false)];
    (root, sandbox(mounts))
}

#[test]
fn bench_warms_up_measures_and_gives_percentiles() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "component-id": "the-component", "iterations": 20, "warmup": 2,
        "env-json": { "MEASURED": "yes" }, "scenario-ids-json": ["option"] });
    let results = result(&mut sandbox, "wordpress.bench", asked);
    assert_eq!(
        (&results["schema"], &results["component_id"]),
        (&json!("wp-codebox/bench-results/v1"), &json!("the-component"))
    );
    assert_eq!((&results["iterations"], &results["warmup_iterations"]), (&json!(20), &json!(2)));
    let scenarios = results["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 1);
    let scenario = &scenarios[0];
    assert_eq!(
        (&scenario["id"], &scenario["source"], &scenario["file"]),
        (&json!("option"), &json!("in_tree"), &json!("tests/bench/option.php"))
    );
    assert_eq!(scenario["metadata"], json!({ "activated": "1", "shared": true, "env": "yes" }));
    // Two rounds were not measured: the counter goes from 3 to 22.
    let calls = &scenario["metrics"]["calls_count"];
    assert_eq!((&calls["unit"], &calls["samples"]["count"]), (&json!("count"), &json!(20)));
    for (name, value) in
        [("min", 3.0), ("max", 22.0), ("mean", 12.5), ("p50", 12.0), ("p95", 21.0), ("p99", 22.0)]
    {
        assert_eq!(calls["samples"][name], json!(value), "{name}");
    }
    let names: BTreeSet<&str> = scenario["metrics"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["answer", "calls_count", "duration", "size_bytes"]));
    assert_eq!(scenario["metrics"]["answer"].get("unit"), None);
    assert_eq!(scenario["metrics"]["size_bytes"]["unit"], "bytes");
    let duration = &scenario["metrics"]["duration"];
    assert_eq!((&duration["unit"], &duration["samples"]["count"]), (&json!("ms"), &json!(20)));
    let of = |name: &str| duration["samples"][name].as_f64().unwrap();
    assert!(
        of("min") > 0.0
            && of("min") <= of("p50")
            && of("p50") <= of("p95")
            && of("p95") <= of("p99")
            && of("p99") <= of("max")
    );
    assert!(scenario["memory"]["peak_bytes"].as_u64().unwrap() > 1 << 20);
}

#[test]
fn bench_runs_configured_workloads_between_its_phases_and_resets_what_it_is_told_to() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "iterations": 3, "warmup": 0,
        "workloads-json": [
            { "id": "php", "run": [{ "type": "php", "code": "<?php return ['set_count' => (int) get_option('bench_setup')];" }] },
            { "id": "rest", "run": [{ "type": "rest-request", "path": "/wp/v2/posts" }] },
            { "id": "ability", "run": [{ "type": "ability", "name": "core/get-site-info", "input": {} }] }],
        "scenario-ids-json": ["php", "rest", "ability", "plain"],
        "lifecycle-json": { "setup": [{ "type": "php", "code": "update_option('bench_setup', 7);" }],
            "prepare": [{ "type": "php", "code": "wp_cache_flush();" }],
            "teardown": [{ "type": "php", "code": "delete_option('bench_setup');" }] },
        "reset-policy-json": { "betweenIterations": "object-cache" } });
    let results = result(&mut sandbox, "wordpress.bench", asked);
    let scenario = |id: &str| {
        results["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == id)
            .unwrap_or_else(|| panic!("{id}"))
            .clone()
    };
    assert_eq!(scenario("php")["metrics"]["set_count"]["samples"]["values"], json!([7.0, 7.0, 7.0]));
    assert_eq!((&scenario("rest")["source"], &scenario("rest")["iterations"]), (&json!("config"), &json!(3)));
    assert_eq!(scenario("ability")["diagnostics"], json!([]));
    // The cache was emptied, so nothing was ever found in it.
    assert_eq!(scenario("plain")["metrics"]["hit_count"]["samples"]["values"], json!([0.0, 0.0, 0.0]));
    let phases: Vec<&Value> =
        results["lifecycle"]["phases"].as_array().unwrap().iter().map(|phase| &phase["name"]).collect();
    assert_eq!(phases, ["setup", "prepare", "prepare", "prepare", "prepare", "teardown"]);
    assert_eq!(
        results["reset_policy"]["events"][0],
        json!({ "scenario": "plain", "between": "iterations", "count": 2 })
    );
    assert_eq!(results["reset_policy"]["betweenScenarios"], "none");
    assert_eq!(support::site::value(&mut sandbox, "return get_option('bench_setup', 'gone');"), "gone");
}

#[test]
fn a_workload_that_throws_fails_the_bench_and_the_others_results_stay() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "workloads-json": [
        { "id": "bad", "run": [{ "type": "php", "code": "if ($context['iteration'] === 1) { throw new LogicException('enough'); }" }] }] });
    let failure = execute(&mut sandbox, "wordpress.bench", asked).outcome.unwrap_err();
    assert_eq!(
        (failure.message.as_str(), &failure.data["code"]),
        ("1 of 3 workloads failed: bad: enough", &json!("bench_failed"))
    );
    let details = &failure.data["details"];
    assert_eq!(
        (&details["diagnostics"][0]["code"], &details["diagnostics"][0]["iteration"]),
        (&json!("LogicException"), &json!(1))
    );
    assert_eq!(details["scenarios"].as_array().unwrap().len(), 3);
    assert_eq!(details["scenarios"][0]["iterations"], 3);
    let mut code = |asked: Value| {
        execute(&mut sandbox, "wordpress.bench", asked).outcome.unwrap_err().data["code"].clone()
    };
    assert_eq!(code(json!({ "plugin-slug": "no-such" })), "plugin_not_found");
    assert_eq!(
        code(json!({ "plugin-slug": "measured", "scenario-ids-json": ["none"] })),
        "bench_unknown_scenario"
    );
    assert_eq!(code(json!({ "plugin-slug": "measured", "dependency-slugs": ["none"] })), "plugin_not_found");
}
