//! Recipes as they are written: what is read, what is refused, and that the refusal names the field.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wp_codebox::contract::{Code, Input, Refusal};
use wp_codebox::recipe::document::{RECIPE_SCHEMA, Recipe, Switch, UNSUPPORTED};

/// The smallest recipe, with `more` in it.
fn recipe(more: Value) -> Value {
    let mut recipe = json!({
        "schema": RECIPE_SCHEMA,
        "workflow": { "steps": [{ "command": "wordpress.run-php", "args": ["code=echo 1;"] }] },
    });
    recipe.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    recipe
}

fn refused(more: Value) -> Refusal {
    let refusal = Recipe::parse(recipe(more)).expect_err("it should be refused");
    assert_eq!(refusal.code, Code::RecipeInvalid, "{refusal}");
    refusal
}

/// A value in which the dotted way leads to `leaf`.
fn nested(path: &str, leaf: Value) -> Value {
    path.rsplit('.').fold(leaf, |inner, segment| match segment {
        "*" => json!([inner]),
        name => json!({ name: inner }),
    })
}

#[test]
fn the_smallest_recipe_is_read_with_its_defaults() {
    let read = Recipe::parse(recipe(json!({}))).unwrap();
    assert!(read.inputs.mounts.is_empty() && read.probes.is_empty() && read.artifacts.verify.is_none());
    let step = &read.workflow.steps[0];
    assert_eq!(
        (step.command.as_str(), step.allow_failure, step.advisory),
        ("wordpress.run-php", false, false)
    );
}

#[test]
fn everything_that_is_carried_out_can_be_written_and_comes_back() {
    let written = recipe(json!({
        "runtime": {
            "backend": "wordpress-playground", "name": "n", "wp": "7.1", "phpVersion": "8.3",
            "wordpressInstallMode": "install-from-existing-files-if-needed",
            "blueprint": { "steps": [] }, "assets": { "wordpressDirectory": "../wordpress" },
            "stack": { "mounts": [{ "source": "a", "target": "/a", "phase": "post-install" }] },
        },
        "inputs": {
            "mounts": [{
                "type": "file", "source": "a", "target": "/a", "mode": "readonly", "captureArtifacts": false,
                "metadata": { "k": 1 },
            }],
            "workspaces": [
                { "seed": { "type": "plugin_scaffold", "slug": "p", "name": "P" } },
                {
                    "target": "/workspace/d", "mode": "readwrite", "sourceMode": "repo-backed",
                    "seed": { "type": "directory", "source": "d", "excludePaths": ["vendor"] },
                },
            ],
            "extra_plugins": [{
                "source": "p.zip", "sourceSubdir": "p", "slug": "p", "pluginFile": "p/p.php",
                "activate": false, "loadAs": "mu-plugin", "sha256": "00",
            }],
            "stagedFiles": [{ "source": "f", "target": "/tmp/f" }],
            "runtimeEnv": { "A": "1" },
            "secretEnv": ["B"],
            "siteSeeds": [{
                "type": "fixture", "name": "s", "source": "s.json", "format": "json",
                "deterministicIds": { "strategy": "numeric", "onUnsupported": "warn" },
                "scopes": { "posts": { "postTypes": ["page"], "maxRecords": 5 }, "activeTheme": true },
            }],
            "fixtureDatabases": [{
                "name": "d", "version": "1", "source": "d.sql", "format": "sql",
                "reset": { "strategy": "none", "tables": ["wp_x"] },
            }],
            "fixtureUsers": [{ "name": "u", "userId": 7, "role": "editor", "password": "pw" }],
            "pluginRuntime": {
                "label": "l",
                "php": {
                    "memoryLimit": "512M", "maxExecutionTime": 120, "iniEntries": { "a": 1 },
                    "bootstrapIniEntries": { "b": null },
                },
                "wpConfigDefines": { "WP_DEBUG": true },
                "setup": [{ "command": "wordpress.wp-cli", "args": ["command=option list"] }],
                "healthProbes": [{ "name": "h", "type": "php", "code": "echo 1;" }],
            },
        },
        "probes": [{ "name": "p", "step": { "command": "wordpress.run-php" }, "expectJson": true }],
        "artifacts": {
            "directory": "out", "verify": true,
            "workspacePolicy": { "strict": true, "writableRoots": ["src"], "hiddenPaths": [".env"] },
            "paths": [{ "name": "a", "path": "/tmp/a", "required": true }],
            "typed": [{ "name": "b", "type": "t", "path": "/tmp/b", "payloadSchema": { "type": "object" } }],
        },
        "metadata": { "k": "v" },
    }));
    let read = Recipe::parse(written).unwrap();
    let again = Recipe::parse(serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!(read, again);
    let policy = read.artifacts.workspace_policy.and_then(|switch| switch.details()).unwrap();
    assert!(policy.enabled && policy.strict);
    assert_eq!(
        read.artifacts.verify.and_then(|switch: Switch<_>| switch.details()).map(|v| v.strict),
        Some(false)
    );
}

#[test]
fn what_is_not_carried_out_is_refused_by_name() {
    for unsupported in UNSUPPORTED {
        let leaf = unsupported.value.map_or(json!({}), Value::from);
        let refusal = refused(nested(unsupported.path, leaf));
        let shown = unsupported.path.replace('*', "0");
        assert!(refusal.message.starts_with(&format!("{shown}: ")), "{refusal}");
        assert!(refusal.message.contains("not supported"), "{refusal}");
        assert_eq!(refusal.facts["field"], shown);
    }
}

#[test]
fn what_is_not_carried_out_is_refused_even_when_it_is_empty() {
    for empty in [json!([]), json!({}), Value::Null, json!(false)] {
        assert_eq!(refused(json!({ "inputs": { "services": empty } })).facts["field"], "inputs.services");
    }
}

#[test]
fn no_field_that_is_carried_out_is_in_the_list_of_those_that_are_not() {
    for unsupported in UNSUPPORTED.iter().filter(|one| one.value.is_none()) {
        let mut schema = Recipe::schema();
        for segment in unsupported.path.split('.') {
            let forms = schema["anyOf"].as_array();
            schema =
                forms.and_then(|forms| forms.iter().find(|form| form["type"] == "object")).unwrap_or(schema);
            schema = if segment == "*" { &schema["items"] } else { &schema["properties"][segment] };
        }
        assert!(schema.is_null(), "{} is read and refused", unsupported.path);
    }
}

#[test]
fn a_misspelt_field_is_named_with_its_path() {
    for (more, path) in [
        (json!({ "steps": [] }), "steps"),
        (json!({ "inputs": { "extraPlugins": [] } }), "inputs.extraPlugins"),
        (
            json!({ "inputs": { "mounts": [{ "source": "a", "target": "/a", "readonly": true }] } }),
            "inputs.mounts.0.readonly",
        ),
        (
            json!({ "inputs": { "workspaces": [{ "seed": { "type": "directory", "src": "a" } }] } }),
            "inputs.workspaces.0.seed.src",
        ),
        (
            json!({ "artifacts": { "workspacePolicy": { "writeableRoots": [] } } }),
            "artifacts.workspacePolicy.writeableRoots",
        ),
        (json!({ "probes": [{ "name": "n", "step": { "command": "c", "arg": [] } }] }), "probes.0.step.arg"),
    ] {
        let refusal = Recipe::parse(recipe(more)).unwrap_err();
        assert_eq!(refusal.facts["field"], path, "{refusal}");
    }
}

#[test]
fn a_value_of_the_wrong_shape_is_named_with_its_path() {
    for (more, path) in [
        (json!({ "schema": "wp-codebox/workspace-recipe/v2" }), "schema"),
        (json!({ "workflow": { "steps": [] } }), "workflow.steps"),
        (json!({ "workflow": { "steps": [{ "command": "" }] } }), "workflow.steps.0.command"),
        (
            json!({ "workflow": { "steps": [{ "command": "c", "timeoutMs": 0 }] } }),
            "workflow.steps.0.timeoutMs",
        ),
        (
            json!({ "workflow": { "steps": [{ "command": "c", "args": ["a", 1] }] } }),
            "workflow.steps.0.args.1",
        ),
        (json!({ "inputs": { "mounts": [{ "source": "a" }] } }), "inputs.mounts.0.target"),
        (json!({ "inputs": { "runtimeEnv": { "A": 1 } } }), "inputs.runtimeEnv.A"),
        (json!({ "artifacts": { "verify": "yes" } }), "artifacts.verify"),
        (
            json!({ "artifacts": { "workspacePolicy": { "writableRoots": ["a", ""] } } }),
            "artifacts.workspacePolicy.writableRoots.1",
        ),
    ] {
        assert_eq!(refused(more.clone()).facts["field"], path, "{more}");
    }
}

#[test]
fn a_password_is_not_in_what_debugging_prints() {
    let read = Recipe::parse(recipe(
        json!({ "inputs": { "fixtureUsers": [{ "name": "u", "password": "hunter2-hunter2" }] } }),
    ));
    assert!(!format!("{:?}", read.unwrap()).contains("hunter2"));
}

#[test]
fn every_object_of_the_schema_that_has_fields_is_closed() {
    let mut open = BTreeSet::new();
    look(Recipe::schema(), "$", &mut open);
    assert!(open.is_empty(), "{open:?}");

    fn look(schema: &Value, path: &str, open: &mut BTreeSet<String>) {
        let Some(map) = schema.as_object() else { return };
        if map.contains_key("properties") && map.get("additionalProperties") != Some(&Value::Bool(false)) {
            open.insert(path.to_owned());
        }
        for (name, inner) in map.get("properties").and_then(Value::as_object).unwrap_or(&Map::new()) {
            look(inner, &format!("{path}.{name}"), open);
        }
        if let Some(items) = map.get("items") {
            look(items, &format!("{path}[]"), open);
        }
        for form in map.get("anyOf").and_then(Value::as_array).unwrap_or(&Vec::new()) {
            look(form, path, open);
        }
    }
}
