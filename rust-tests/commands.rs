//! The command table: what is listed and what is refused.

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::command::arguments;
use wp_codebox::sandbox::{Arguments, Command, Policy, command_ids, commands, descriptor, policy_commands};

#[test]
fn every_command_has_one_row() {
    let described = commands();
    let ids: BTreeSet<&str> = described.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), described.len());
    assert_eq!(described.iter().map(|row| row.id).collect::<Vec<_>>(), command_ids().collect::<Vec<_>>());
    for row in &described {
        let names: BTreeSet<&str> = row.accepted_args.iter().map(|argument| argument.name).collect();
        assert_eq!(names.len(), row.accepted_args.len(), "{}: two arguments of one name", row.id);
        assert!(row.description.ends_with('.') && row.output_shape.ends_with('.'), "{}", row.id);
        assert!(!policy_commands(row.id).is_empty(), "{}", row.id);
        assert_eq!(descriptor(row.id).unwrap().id, row.id);
    }
    assert!(descriptor("wordpress.rm").is_none());
}

#[test]
fn a_descriptor_is_spelled_as_the_catalogue_spells_it() {
    let row = serde_json::to_value(descriptor("wordpress.ability").unwrap()).unwrap();
    assert_eq!(
        row["acceptedArgs"][0],
        json!({ "name": "name", "description": "Name of the ability.", "required": true })
    );
    assert_eq!(row["acceptedArgs"][1]["format"], "json");
    for key in ["id", "description", "outputShape", "policyRequirement", "recipe", "handler"] {
        assert!(row.get(key).is_some(), "{key}");
    }
}

/// Arguments, and the code and the argument of the issue.
const ISSUES: &[(&str, &[&str], &str, &str)] = &[
    ("wordpress.browser-probe", &["url=/"], "unsupported-command", "command"),
    ("rm", &[], "unsupported-command", "command"),
    ("wordpress.run-php", &[], "missing-code", "code"),
    ("wordpress.run-php", &["code= "], "missing-code", "code"),
    ("wordpress.run-php", &["code=1;", "code=2;"], "invalid-code", "code"),
    ("wordpress.run-php", &["code=1;", "bootstrap=half"], "invalid-bootstrap", "bootstrap"),
    ("wordpress.run-php", &["code=1;", "colour=red"], "unsupported-argument", "colour"),
    ("wordpress.run-php", &["code"], "unsupported-argument", "code"),
    ("wordpress.run-php", &["code-file=nowhere.php"], "missing-path", "code-file"),
    ("wordpress.wp-cli", &[], "missing-command", "command"),
    ("wordpress.wp-cli", &["wp"], "missing-command", "command"),
    ("wordpress.wp-cli", &["command=eval 'never closed"], "invalid-command", "command"),
    ("wordpress.ability", &[], "missing-ability-name", "name"),
    ("wordpress.ability", &["name=a/b", "input={"], "invalid-ability-input", "input"),
    ("wordpress.ability", &["name=a/b", "input=@nowhere.json"], "missing-path", "input"),
    ("wordpress.ensure-plugin-active", &[], "missing-plugin-slug", "plugin"),
    ("wordpress.ensure-plugin-active", &["plugin=a", "slug=a"], "invalid-plugin", "plugin"),
    ("wordpress.plugin-state", &["action=activate"], "missing-plugin-slug", "plugin"),
    ("wordpress.plugin-state", &["action=remove"], "invalid-action", "action"),
    ("wordpress.plugin-state", &["network=perhaps"], "invalid-network", "network"),
    ("wordpress.rest-request", &[], "missing-path", "path"),
    ("wordpress.rest-request", &["path=wp/v2"], "invalid-path", "path"),
    ("wordpress.rest-request", &["path=/wp/v2", "params-json=[1]"], "invalid-params-json", "params-json"),
    ("wordpress.rest-request", &["path=/", "body=a", "body-json={}"], "invalid-body-json", "body-json"),
    (
        "wordpress.rest-request",
        &["path=/", "headers-json={\"a\": 1}"],
        "invalid-headers-json",
        "headers-json",
    ),
    (
        "wordpress.rest-request",
        &["path=/", "headers-json={\"a b\": \"c\"}"],
        "invalid-headers-json",
        "headers-json",
    ),
    (
        "wordpress.rest-request",
        &["path=/", "headers-json={\"a\": \"b\\r\\nc: d\"}"],
        "invalid-headers-json",
        "headers-json",
    ),
    (
        "wordpress.rest-request",
        &["path=/", "headers-json={\"Host\": \"b\"}"],
        "invalid-headers-json",
        "headers-json",
    ),
    ("wordpress.rest-request", &["path=/", "method=GET /"], "invalid-method", "method"),
    ("wordpress.http-request", &[], "missing-url", "url"),
    ("wordpress.http-request", &["url=ftp://localhost/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=//example.com/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=http://user@localhost/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=/a b"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=http:///"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=/", "expect-status=20"], "invalid-expect-status", "expect-status"),
    ("wordpress.phpunit", &[], "missing-plugin-slug", "plugin-slug"),
    ("wordpress.phpunit", &["plugin-slug=../a"], "invalid-plugin-slug", "plugin-slug"),
    ("wordpress.phpunit", &["cwd=tests"], "invalid-cwd", "cwd"),
    ("wordpress.phpunit", &["cwd=/workspace/../internal"], "invalid-cwd", "cwd"),
    ("wordpress.phpunit", &["plugin-slug=a", "test-file=../../b.php"], "invalid-test-file", "test-file"),
    (
        "wordpress.phpunit",
        &["plugin-slug=a", "changed-tests-json=[1]"],
        "invalid-changed-tests-json",
        "changed-tests-json",
    ),
    ("wordpress.phpunit", &["plugin-slug=a", "env-json={\"1A\": \"b\"}"], "invalid-env-json", "env-json"),
    (
        "wordpress.phpunit",
        &["plugin-slug=a", "phpunit-args-json={}"],
        "invalid-phpunit-args-json",
        "phpunit-args-json",
    ),
    (
        "wordpress.phpunit",
        &["plugin-slug=a", "database-type=mysql"],
        "invalid-database-type",
        "database-type",
    ),
    (
        "wordpress.phpunit",
        &["plugin-slug=a", "project-bootstrap=b.php"],
        "invalid-project-bootstrap",
        "project-bootstrap",
    ),
    (
        "wordpress.phpunit",
        &["plugin-slug=a", "discovery-only=perhaps"],
        "invalid-discovery-only",
        "discovery-only",
    ),
    ("wordpress.bench", &[], "missing-plugin-slug", "plugin-slug"),
    ("wordpress.bench", &["plugin-slug=../a"], "invalid-plugin-slug", "plugin-slug"),
    ("wordpress.bench", &["plugin-slug=a", "iterations=0"], "invalid-iterations", "iterations"),
    ("wordpress.bench", &["plugin-slug=a", "iterations=10001"], "invalid-iterations", "iterations"),
    ("wordpress.bench", &["plugin-slug=a", "warmup=many"], "invalid-warmup", "warmup"),
    (
        "wordpress.bench",
        &["plugin-slug=a", "dependency-slugs=b,../c"],
        "invalid-dependency-slugs",
        "dependency-slugs",
    ),
    (
        "wordpress.bench",
        &["plugin-slug=a", "reset-policy-json={\"betweenRuns\": \"none\"}"],
        "invalid-reset-policy",
        "reset-policy-json",
    ),
    (
        "wordpress.bench",
        &["plugin-slug=a", "workloads-json=[{\"id\": \"w\", \"run\": []}]"],
        "invalid-workloads-json",
        "workloads-json",
    ),
    (
        "wordpress.bench",
        &[
            "plugin-slug=a",
            "workloads-json=[{\"id\": \"w\", \"run\": [{\"type\": \"wp-cli\", \"command\": \"x\"}]}]",
        ],
        "invalid-workloads-json",
        "workloads-json",
    ),
    (
        "wordpress.bench",
        &["plugin-slug=a", "workloads-json=[{\"id\": \"w\", \"run\": [{\"type\": \"php\"}]}]"],
        "invalid-workloads-json",
        "workloads-json",
    ),
    (
        "wordpress.bench",
        &["plugin-slug=a", "lifecycle-json={\"measure\": []}"],
        "invalid-lifecycle-json",
        "lifecycle-json",
    ),
    (
        "wordpress.bench",
        &["plugin-slug=a", "bootstrap-files-json=[\"a.php\"]"],
        "invalid-bootstrap-files-json",
        "bootstrap-files-json",
    ),
    (
        "wordpress.capture-state-bundle",
        &["snapshot-include-wp-content=uploads,../.."],
        "invalid-snapshot-include-wp-content",
        "snapshot-include-wp-content",
    ),
    (
        "wordpress.capture-state-bundle",
        &["snapshot-exclude-wp-content=/uploads"],
        "invalid-snapshot-exclude-wp-content",
        "snapshot-exclude-wp-content",
    ),
    ("wordpress.capture-state-bundle", &["label=a\nb"], "invalid-label", "label"),
    ("wp-codebox.agent-sandbox-run", &[], "missing-task", "task"),
    ("wp-codebox.agent-sandbox-run", &["task=x", "max-turns=0"], "invalid-max-turns", "max-turns"),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "runtime-task-json={\"input\": {}}"],
        "invalid-runtime-task-json",
        "runtime-task-json",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "timeout-seconds=0"],
        "invalid-timeout-seconds",
        "timeout-seconds",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "structured-artifacts-json={\"a\": 1}"],
        "invalid-structured-artifacts-json",
        "structured-artifacts-json",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "workspace-context-json=[1]"],
        "invalid-workspace-context-json",
        "workspace-context-json",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "sandbox-tool-policy-json={\"tools\": []}"],
        "invalid-sandbox-tool-policy-json",
        "sandbox-tool-policy-json",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &["task=x", "provider-plugin-slugs=a"],
        "unsupported-argument",
        "provider-plugin-slugs",
    ),
    ("inspect-mounted-inputs", &["path=/"], "unsupported-argument", "path"),
    ("wp-codebox.checkpoint-create", &[], "missing-name", "name"),
    ("wp-codebox.checkpoint-create", &["name=a b"], "invalid-name", "name"),
    ("wp-codebox.checkpoint-create", &["name=../a"], "invalid-name", "name"),
    (
        "wp-codebox.checkpoint-create",
        &["name=a", "metadata-json=[1]"],
        "invalid-metadata-json",
        "metadata-json",
    ),
    ("wp-codebox.checkpoint-restore", &[], "missing-name", "name"),
    ("wp-codebox.checkpoint-list", &["name=a"], "unsupported-argument", "name"),
    ("wp-codebox.readiness-probe", &["type=ability"], "missing-name", "name"),
    ("wp-codebox.readiness-probe", &["type=cat", "name=x"], "invalid-type", "type"),
];

#[test]
fn every_argument_issue_has_its_code_and_names_its_argument() {
    for (id, texts, code, argument) in ISSUES {
        let issue = Command::parse(id, Arguments::of_texts(texts.iter().copied())).unwrap_err();
        assert_eq!(
            (issue.code.as_ref(), issue.argument.as_str()),
            (*code, *argument),
            "{id} {texts:?}: {issue}"
        );
    }
}

#[test]
fn an_argument_that_is_known_from_elsewhere_is_refused_as_not_supported() {
    for (id, argument, why) in [
        ("wp-codebox.agent-sandbox-run", "component", "not supported: a recipe's extra_plugins"),
        ("wp-codebox.agent-sandbox-run", "agent-bundles-json", "not supported: "),
        ("wp-codebox.agent-sandbox-run", "code-file", "not supported: wordpress.run-php"),
        ("wordpress.run-php", "capture-diagnostics", "not supported: a recipe's step has diagnostics"),
        ("wordpress.run-php", "colour", "unknown argument"),
        ("wordpress.wp-cli", "component", "unknown argument"),
    ] {
        let given = Arguments::of_object([(argument.to_owned(), json!("x"))].into());
        let issue = Command::parse(id, given).unwrap_err();
        assert_eq!((issue.code.as_ref(), issue.argument.as_str()), ("unsupported-argument", argument));
        assert!(issue.message.starts_with(why), "{issue}");
    }
}

#[test]
fn a_command_that_is_known_from_elsewhere_is_refused_as_not_supported() {
    for (id, why) in [
        ("wordpress.browser-probe", "not supported"),
        ("wordpress.plugin-check", "not supported"),
        ("wp-codebox/run-fuzz-suite", "not supported"),
        ("wordpress.rm", "no such command"),
        ("wordpress.run-php ", "no such command"),
    ] {
        let issue = Command::parse(id, Arguments::default()).unwrap_err();
        assert_eq!(issue.code, "unsupported-command");
        assert!(issue.message.starts_with(&format!("{id}: {why}; there are wordpress.run-php, ")), "{issue}");
    }
}

#[test]
fn both_code_and_a_file_of_code_is_one_too_many() {
    let mut arguments = Arguments::of_texts(["code=1;", "code-file=a.php"]);
    arguments.hand_in("code-file", b"<?php return 2;".to_vec());
    assert_eq!(Command::parse("wordpress.run-php", arguments).unwrap_err().code, "ambiguous-code");
}

#[test]
fn host_files_are_named_first_and_taken_when_they_are_handed_in() {
    let mut arguments = Arguments::of_texts(["name=a/b", "input=@input.json"]);
    let files = arguments.host_files("wordpress.ability");
    assert_eq!((files.len(), files[0].argument.as_str(), files[0].path.as_str()), (1, "input", "input.json"));
    arguments.hand_in("input", b"{\"a\": [1]}".to_vec());
    let command = Command::parse("wordpress.ability", arguments).unwrap();
    assert_eq!(command, Command::ability("a/b", json!({ "a": [1] })));
    // From PHP a text that begins with @ is a text.
    let from_php = support::command::arguments(json!({ "name": "a/b", "input": "@input.json" }));
    assert!(from_php.host_files("wordpress.ability").is_empty());
    assert_eq!(
        Command::parse("wordpress.ability", from_php).unwrap(),
        Command::ability("a/b", json!("@input.json"))
    );
}

#[test]
fn words_of_a_recipe_are_a_wp_cli_command() {
    let words =
        |texts: &[&str]| match Command::parse("wordpress.wp-cli", Arguments::of_texts(texts.iter().copied()))
        {
            Ok(Command::WpCli { arguments }) => arguments,
            other => panic!("{other:?}"),
        };
    assert_eq!(words(&["command=wp option get 'a b'"]), ["option", "get", "a b"]);
    assert_eq!(words(&["post", "list", "--format=json"]), ["post", "list", "--format=json"]);
    assert_eq!(words(&["option update blogname \"a=b\""]), ["option", "update", "blogname", "a=b"]);
    let listed = arguments(json!({ "arguments": ["eval", "echo 'a b';"] }));
    let command = Command::parse("wordpress.wp-cli", listed).unwrap();
    assert_eq!(command, Command::WpCli { arguments: vec!["eval".to_owned(), "echo 'a b';".to_owned()] });
}

#[test]
fn hostile_arguments_are_refused_and_nothing_panics() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(5 << 20);
    let values = [
        json!(null),
        json!(1),
        json!([]),
        json!({}),
        json!(["a", {}]),
        json!(deep),
        json!(long),
        json!("\0"),
    ];
    for row in commands() {
        for argument in &row.accepted_args {
            for value in &values {
                let given = BTreeMap::from([(argument.name.to_owned(), value.clone())]);
                let parsed = Command::parse(row.id, Arguments::of_object(given));
                assert!(value != &json!(long) || parsed.is_err(), "{} {}", row.id, argument.name);
            }
        }
    }
    let name = "n".repeat(1 << 20);
    let issue = Command::parse(&name, Arguments::default()).unwrap_err();
    assert!(issue.message.len() < 2000);
}

#[test]
fn a_bench_needs_the_commands_that_its_workloads_are() {
    let bench = |workloads: Value| {
        Command::parse(
            "wordpress.bench",
            arguments(json!({ "plugin-slug": "a", "workloads-json": workloads })),
        )
        .unwrap()
    };
    assert_eq!(bench(json!([])).policy_commands(), ["wordpress.bench", "wordpress.run-php"]);
    let rest = bench(
        json!([{ "id": "r", "run": [{ "type": "rest-request", "path": "/" }, { "type": "ability", "name": "a/b" }] }]),
    );
    assert_eq!(
        rest.policy_commands(),
        ["wordpress.bench", "wordpress.run-php", "wordpress.rest-request", "wordpress.ability"]
    );
}

#[test]
fn an_agent_run_is_allowed_by_what_it_stands_for() {
    let command = Command::parse("wp-codebox.agent-sandbox-run", arguments(json!({ "task": "x" }))).unwrap();
    assert_eq!(command.policy_commands(), ["wordpress.run-php", "wordpress.wp-cli"]);
    assert!(Policy::allowing(["wordpress.run-php", "wordpress.wp-cli"]).judge_command(&command).is_ok());
    assert!(
        Policy::allowing(["wp-codebox.agent-sandbox-run", "wordpress.run-php"])
            .judge_command(&command)
            .is_err()
    );
}
