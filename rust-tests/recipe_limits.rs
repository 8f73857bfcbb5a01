//! Runs that reach a limit: of time, of what is kept, of what JSON can carry.

mod recipe;
mod support;

use recipe::{Bench, recipe};
use serde_json::{Value, json};
use std::time::Duration;

fn php(code: &str) -> Value {
    json!({ "command": "wordpress.run-php", "args": [format!("code={code}")] })
}

fn endless() -> Value {
    php("while (true) {}")
}

fn with(mut step: Value, more: Value) -> Value {
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

fn checkpoint(what: &str) -> Value {
    json!({ "command": format!("wp-codebox.checkpoint-{what}"), "args": ["name=clean"] })
}

fn run(bench: &Bench, more: Value, seconds: u64) -> Value {
    bench.run(&recipe(more), seconds).unwrap()
}

/// Status, code and phase of a run that failed.
fn ended(run: &Value) -> [&str; 3] {
    let text = |pointer| run.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    [text("/status"), text("/error/code"), text("/error/phase")]
}

fn statuses(run: &Value) -> Vec<&str> {
    run["steps"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect()
}

fn omitted(execution: &Value) -> bool {
    execution["result"]["json"]["schema"] == "wp-codebox/omitted-value/v1"
}

#[test]
fn many_large_results_grow_neither_memory_nor_the_answer_without_bound() {
    let bench = Bench::able_to_run();
    let large = || php("return str_repeat('x', 15 << 20);");
    let run = run(&bench, json!({ "workflow": { "steps": vec![large(); 6] } }), 300);
    assert_eq!(run["success"], true, "{}", run["error"]);
    let executions = run["executions"].as_array().unwrap();
    let kept: Vec<bool> = executions.iter().map(|one| !omitted(one)).collect();
    assert_eq!(kept, [true, true, true, false, false, false]);
    assert!(executions[5]["result"]["json"]["bytes"].as_u64().unwrap() >= 15 << 20);
    assert!(run.to_string().len() < 64 << 20);
}

#[test]
fn after_returns_to_a_checkpoint_and_goes_on_where_a_step_was_stopped() {
    let bench = Bench::able_to_run();
    let run = run(
        &bench,
        json!({ "workflow": {
            "before": [checkpoint("create")],
            "steps": [with(endless(), json!({ "timeoutMs": 300 })), php("echo 1;")],
            "after": [
                php("echo 'cannot run';"),
                json!({ "command": "wp-codebox.checkpoint-list" }),
                checkpoint("restore"),
                php("echo 'tidied';"),
            ],
        } }),
        60,
    );
    let expected = ["succeeded", "failed", "skipped", "skipped", "succeeded", "succeeded", "succeeded"];
    assert_eq!(statuses(&run), expected, "{run:#}");
    assert_eq!(ended(&run), ["failed", "verify-step-failed", "run_workloads"]);
    assert_eq!(run["executions"].as_array().unwrap().last().unwrap()["stdout"], "tidied");
}

#[test]
fn a_step_that_may_fail_and_was_stopped_is_followed_by_a_return_to_a_checkpoint() {
    let bench = Bench::able_to_run();
    let stopped = with(endless(), json!({ "timeoutMs": 300, "advisory": true }));
    let run = run(
        &bench,
        json!({ "workflow": { "steps": [
            checkpoint("create"), stopped.clone(), checkpoint("restore"), php("echo 'on';"), stopped, php("echo 1;"),
        ], "after": [php("echo 1;")] } }),
        60,
    );
    let expected = ["succeeded", "failed", "succeeded", "succeeded", "failed", "skipped", "skipped"];
    assert_eq!(statuses(&run), expected, "{run:#}");
    // Nothing that counts has failed but this: what was to follow could not.
    assert_eq!(ended(&run), ["failed", "verify-step-failed", "run_workloads"]);
    assert!(run["error"]["message"].as_str().unwrap().contains("Returning to a checkpoint"), "{run:#}");
}

#[test]
fn after_runs_when_the_deadline_of_the_run_has_stopped_the_sandbox() {
    let mut bench = Bench::able_to_run();
    run(&bench, json!({}), 60);
    bench.host.settings.max_timeout = Some(Duration::from_secs(8));
    let run = run(
        &bench,
        json!({ "workflow": {
            "before": [checkpoint("create")],
            "steps": [endless()],
            "after": [checkpoint("restore"), endless()],
        } }),
        60,
    );
    assert_eq!(statuses(&run), ["succeeded", "failed", "succeeded", "failed"], "{run:#}");
    assert_eq!(ended(&run), ["timed_out", "recipe-run-timeout", "run_workloads"]);
    let limits: Vec<_> =
        run["stepFailures"].as_array().unwrap().iter().map(|one| &one["timeoutMs"]).collect();
    // A tenth of what the operator allows is left to `after`, and nothing exceeds it.
    assert_eq!(limits, [7220, 8000]);
}

#[test]
fn whose_deadline_it_was_says_the_status_also_where_a_step_has_one_of_its_own() {
    let bench = Bench::able_to_run();
    let step = |milliseconds: u64| with(endless(), json!({ "timeoutMs": milliseconds }));
    let workflow = |milliseconds| json!({ "workflow": { "steps": [step(milliseconds)] } });
    let setup = |milliseconds| json!({ "inputs": { "pluginRuntime": { "setup": [step(milliseconds)] } } });
    let probe = |milliseconds| json!({ "probes": [{ "name": "one", "step": step(milliseconds) }] });
    for (recipe, seconds, expected, limit) in [
        (workflow(300), 60, ["failed", "verify-step-failed", "run_workloads"], 300),
        (workflow(60_000), 4, ["timed_out", "recipe-run-timeout", "run_workloads"], 4000),
        // The run's deadline is 200 ms before its end, so that what is there can be collected.
        (workflow(4000), 4, ["timed_out", "recipe-run-timeout", "run_workloads"], 4000),
        (setup(300), 60, ["failed", "recipe-phase-failed", "activate_plugins"], 300),
        (setup(60_000), 4, ["timed_out", "recipe-run-timeout", "activate_plugins"], 4000),
        (probe(300), 60, ["failed", "recipe-probe-failed", "run_probes"], 300),
        (probe(60_000), 4, ["timed_out", "recipe-run-timeout", "run_probes"], 4000),
    ] {
        let run = run(&bench, recipe, seconds);
        assert_eq!(ended(&run), expected, "{run:#}");
        let failure = &run["stepFailures"][0];
        assert_eq!((&failure["classification"], &failure["timeoutMs"]), (&json!("timeout"), &json!(limit)));
    }
}

/// A step's failure: its code and its message.
fn failure(bench: &Bench, code: &str) -> (String, String) {
    let run = run(bench, json!({ "workflow": { "steps": [php(code)] } }), 60);
    let cause = &run["error"]["cause"];
    let text = |field: &str| cause[field].as_str().unwrap_or_else(|| panic!("{code}: {run:#}")).to_owned();
    (text("code"), text("message"))
}

#[test]
fn a_result_that_json_cannot_carry_is_a_failure_that_says_why() {
    let bench = Bench::able_to_run();
    let nested =
        |levels: usize| format!("$a = 1; for ($i = 0; $i < {levels}; $i++) {{ $a = array($a); }} return $a;");
    for (code, why) in [
        (nested(101).as_str(), "it nests deeper than 100 levels"),
        (&nested(130), "it nests deeper than 100 levels"),
        (&nested(3000), "it nests deeper than 100 levels"),
        ("return NAN;", "a number in it is infinite or not a number"),
        ("return array('a' => -INF);", "a number in it is infinite or not a number"),
        ("$a = array(); $a['a'] = &$a; return $a;", "it nests deeper than 100 levels"),
        (
            "return new class { public $me; function __construct() { $this->me = $this; } };",
            "it contains itself",
        ),
        ("return fopen('php://memory', 'r');", "a resource or another thing in it that has no JSON"),
        (
            "return new class implements JsonSerializable { function jsonSerialize(): mixed { throw new LogicException('shy'); } };",
            "LogicException: shy",
        ),
    ] {
        let (failed, message) = failure(&bench, code);
        assert_eq!(failed, "wp_codebox_run_failed", "{code}: {message}");
        assert!(
            message.starts_with("The result cannot be told as JSON: ") && message.contains(why),
            "{message}"
        );
    }
}

#[test]
fn an_outcome_that_the_guest_wrote_itself_is_a_failure_that_says_why() {
    let bench = Bench::able_to_run();
    // What the guest's own code is asked for in place of PHP's function.
    let forged = |outcome: &str| {
        format!(
            "namespace WP_Codebox\\Sandbox; function file_put_contents() {{ \\file_put_contents(OUTCOME, {outcome}); }} return 1;"
        )
    };
    for (outcome, why) in [
        (r#"'{"status":"ok","value":' . str_repeat('[', 200)"#, "recursion limit exceeded"),
        (
            r#"'{"status":"ok","value":' . str_repeat('[', 110) . str_repeat(']', 110) . '}'"#,
            "nests deeper than 100",
        ),
        (r#"'{"status":"ok","status":"ok"}'"#, "duplicate field"),
        (r#"'{"status":"ok","value":1e999}'"#, "out of range"),
        (r#"'{"status":"ok","value":"' . "\xff" . '"}'"#, "invalid unicode"),
        ("'nothing'", "expected"),
    ] {
        let (code, message) = failure(&bench, &forged(outcome));
        assert_eq!(code, "wp_codebox_run_failed", "{outcome}: {message}");
        assert!(
            message.starts_with("The command's outcome cannot be read: ") && message.contains(why),
            "{message}"
        );
    }
}

#[test]
fn a_result_at_the_edge_of_json_comes_back_as_it_is() {
    let bench = Bench::able_to_run();
    let result = |code: &str| {
        let run = run(&bench, json!({ "workflow": { "steps": [php(code)] } }), 60);
        assert_eq!(run["success"], true, "{code}: {run:#}");
        run["executions"][0]["result"]["json"].clone()
    };
    let mut deep = json!(1);
    (0..100).for_each(|_| deep = json!([deep]));
    assert_eq!(result("$a = 1; for ($i = 0; $i < 100; $i++) { $a = array($a); } return $a;"), deep);
    assert_eq!(result(r#"return "a\xffb";"#), json!("a\u{fffd}b"));
    assert_eq!(result("return array(PHP_INT_MAX, PHP_INT_MIN);"), json!([i64::MAX, i64::MIN]));
    assert_eq!(result("return 1.5e300;"), json!(1.5e300));
    assert_eq!(
        result("$o = new stdClass; $o->{'a'} = 1; return array($o, new ArrayObject());"),
        json!([{ "a": 1 }, {}])
    );
}

#[test]
fn what_an_error_says_of_itself_is_told_as_far_as_json_carries_it() {
    let bench = Bench::able_to_run();
    let cause = |code: &str| {
        let run = run(&bench, json!({ "workflow": { "steps": [php(code)] } }), 60);
        run["error"]["cause"].clone()
    };
    let thrown = cause("throw new RuntimeException(\"bad \\xff text\");");
    assert_eq!(thrown["code"], "wp_codebox_run_fatal");
    assert!(thrown["message"].as_str().unwrap().contains("bad \u{fffd} text"), "{thrown:#}");
    let error = |data: &str| {
        format!("$d = {data}; throw WP_Codebox\\Sandbox\\Failed::from(new WP_Error('no', 'refused', $d));")
    };
    let refused = cause(&error("array('status' => 404, 'rate' => NAN)"));
    assert_eq!(refused["message"], "refused");
    assert_eq!(
        refused["data"]["details"],
        json!({ "status": 404, "omitted": "a number in it is infinite or not a number" })
    );
    let refused = cause(&error("array(1); for ($i = 0; $i < 3000; $i++) { $d = array($d); }"));
    assert_eq!(refused["data"]["details"], json!({ "omitted": "it nests deeper than 100 levels" }));
}

#[test]
fn json_that_a_probe_prints_too_deep_fails_by_that_name() {
    let bench = Bench::able_to_run();
    let step = php("echo str_repeat('[', 110) . str_repeat(']', 110);");
    let run = run(&bench, json!({ "probes": [{ "name": "deep", "step": step, "expectJson": true }] }), 60);
    assert_eq!(ended(&run), ["failed", "recipe-probe-failed", "run_probes"]);
    assert!(run["error"]["message"].as_str().unwrap().contains("nests deeper than 100 levels"), "{run:#}");
}
