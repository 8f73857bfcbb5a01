//! The command table: what is listed, what is refused, and what each command does.

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::php::patient;
use wp_codebox::sandbox::{Arguments, Command, Execution, Policy, Sandbox, command_ids, commands, descriptor, policy_commands};

fn sandbox() -> Sandbox {
    Sandbox::create(support::site::spec(Policy::allowing(command_ids())), &patient()).unwrap()
}

fn object(value: Value) -> Arguments {
    Arguments::of_object(serde_json::from_value(value).unwrap())
}

fn execute(sandbox: &mut Sandbox, id: &str, arguments: Value) -> Execution {
    let command = Command::parse(id, object(arguments)).unwrap();
    sandbox.execute(&command, &patient()).unwrap()
}

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
    ("wp-codebox.readiness-probe", &["type=ability"], "missing-name", "name"),
    ("wp-codebox.readiness-probe", &["type=cat", "name=x"], "invalid-type", "type"),
];

#[test]
fn every_argument_issue_has_its_code_and_names_its_argument() {
    for (id, texts, code, argument) in ISSUES {
        let issue = Command::parse(id, Arguments::of_texts(texts.iter().copied())).unwrap_err();
        assert_eq!((issue.code.as_ref(), issue.argument.as_str()), (*code, *argument), "{id} {texts:?}: {issue}");
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
    let arguments = object(json!({ "name": "a/b", "input": "@input.json" }));
    assert!(arguments.host_files("wordpress.ability").is_empty());
    assert_eq!(Command::parse("wordpress.ability", arguments).unwrap(), Command::ability("a/b", json!("@input.json")));
}

#[test]
fn words_of_a_recipe_are_a_wp_cli_command() {
    let words = |texts: &[&str]| match Command::parse("wordpress.wp-cli", Arguments::of_texts(texts.iter().copied())) {
        Ok(Command::WpCli { arguments }) => arguments,
        other => panic!("{other:?}"),
    };
    assert_eq!(words(&["command=wp option get 'a b'"]), ["option", "get", "a b"]);
    assert_eq!(words(&["post", "list", "--format=json"]), ["post", "list", "--format=json"]);
    assert_eq!(words(&["option update blogname \"a=b\""]), ["option", "update", "blogname", "a=b"]);
    let listed = object(json!({ "arguments": ["eval", "echo 'a b';"] }));
    let command = Command::parse("wordpress.wp-cli", listed).unwrap();
    assert_eq!(command, Command::WpCli { arguments: vec!["eval".to_owned(), "echo 'a b';".to_owned()] });
}

#[test]
fn hostile_arguments_are_refused_and_nothing_panics() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(5 << 20);
    let values = [json!(null), json!(1), json!([]), json!({}), json!(["a", {}]), json!(deep), json!(long), json!("\0")];
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
fn an_ability_is_executed_as_the_user_that_is_named_and_its_result_held_against_a_schema() {
    let mut sandbox = sandbox();
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WPMU_PLUGIN_DIR); return file_put_contents(WPMU_PLUGIN_DIR . '/who.php', '<?php
         add_action(\"wp_abilities_api_categories_init\", fn() => wp_register_ability_category(\"test\", [\"label\" => \"t\", \"description\" => \"t\"]));
         add_action(\"wp_abilities_api_init\", fn() => wp_register_ability(\"test/who\", [\"label\" => \"w\", \"description\" => \"w\", \"category\" => \"test\",
             \"permission_callback\" => \"__return_true\", \"execute_callback\" => fn() => [\"schema\" => \"who/v1\", \"id\" => get_current_user_id()]]));');",
    );
    let mut who = |arguments: Value| execute(&mut sandbox, "wordpress.ability", arguments).outcome;
    assert_eq!(who(json!({ "name": "test/who" })).unwrap()["id"], 1);
    assert_eq!(who(json!({ "name": "test/who", "user": "0" })).unwrap()["id"], 0);
    assert_eq!(who(json!({ "name": "test/who", "user": "admin", "expected-result-schema": "who/v1" })).unwrap()["id"], 1);
    let failure = who(json!({ "name": "test/who", "user": "nobody" })).unwrap_err();
    assert_eq!(failure.data["code"], "user_missing");
    let failure = who(json!({ "name": "test/who", "expected-result-schema": "who/v2" })).unwrap_err();
    assert_eq!((&failure.data["code"], &failure.data["details"]["result"]["id"]), (&json!("ability_result_schema_mismatch"), &json!(1)));
}
