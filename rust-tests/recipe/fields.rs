//! Generators for the fields of a recipe: steps of every kind, and what is put into a sandbox.

use super::{secret_name, zip_digest};
use proptest::prelude::*;
use serde_json::{Value, json};

fn args(command: &'static str, args: &[&str]) -> Value {
    json!({ "command": command, "args": args })
}

/// Steps that succeed in every sandbox, one of each kind and of each argument.
fn sound_step() -> impl Strategy<Value = Value> {
    let text = "[a-z ]{1,20}";
    let printing = text.prop_map(|text| args("wordpress.run-php", &[&format!("code=echo '{text}';")]));
    let kept = "[A-Za-z0-9._-]{1,40}".prop_map(|name| {
        let metadata = format!("metadata-json={{\"by\":\"{name}\"}}");
        args("wp-codebox.checkpoint-create", &[&format!("name={name}"), &metadata])
    });
    let option = ("[a-z_]{1,30}", "[ -&(-~]{1,20}").prop_map(|(name, value)| {
        json!({ "command": "wordpress.wp-cli", "args": ["arguments=option", "arguments=update",
                format!("arguments=p_{name}"), format!("arguments=x{value}")] })
    });
    let fixed = prop::sample::select(vec![
        args("wordpress.run-php", &["code-file=code.php", "bootstrap=none"]),
        args("wordpress.run-php", &["code=return array('a' => 1);", "bootstrap=wordpress"]),
        args("wordpress.wp-cli", &["option", "get", "home"]),
        args("wordpress.wp-cli", &["command=plugin list --format=json"]),
        args("wordpress.ability", &["name=core/get-site-info", "input={}"]),
        args("wordpress.ability", &["name=core/get-site-info", "user=admin"]),
        args("wordpress.plugin-state", &["action=report"]),
        args("wordpress.rest-request", &["path=/wp/v2/types", "method=GET", "user=1"]),
        args(
            "wordpress.rest-request",
            &["path=/wp-json/wp/v2/posts?per_page=1", "params-json={\"context\":\"view\"}"],
        ),
        args("wordpress.rest-request", &["path=/wp/v2/posts", "method=POST", "body-json={\"title\":\"a\"}"]),
        args(
            "wordpress.http-request",
            &["url=/", "expect-status=200", "headers-json={\"Accept\":\"text/html\"}"],
        ),
        args("wordpress.http-request", &["url=/wp-login.php", "user=admin"]),
        args("wordpress.capture-state-bundle", &["label=now", "snapshot-option-names=home,siteurl"]),
        args(
            "wordpress.capture-state-bundle",
            &["snapshot-include-wp-content=plugins", "snapshot-post-types=post"],
        ),
        args("inspect-mounted-inputs", &[]),
        args("wp-codebox.checkpoint-list", &[]),
    ]);
    prop_oneof![printing, kept, option, fixed.clone(), fixed]
}

/// Steps that are understood, and may fail when they run.
fn doubtful_step() -> impl Strategy<Value = Value> {
    let fixed = prop::sample::select(vec![
        args("wp-codebox.checkpoint-restore", &["name=nothing"]),
        args("wordpress.ability", &["name=no/such", "input=[1]", "expected-result-schema=a/b"]),
        args("wordpress.ensure-plugin-active", &["plugin=nothing/nothing.php"]),
        args("wordpress.plugin-state", &["action=activate", "plugin=nothing/nothing.php", "network=true"]),
        args("wordpress.rest-request", &["path=/no/such/route", "method=DELETE", "user=0"]),
        args("wordpress.http-request", &["url=/?p=12345", "expect-status=200"]),
        args(
            "wordpress.bench",
            &["plugin-slug=nothing", "iterations=1", "warmup=0", "env-json={\"A\":\"b\"}"],
        ),
        args("wordpress.phpunit", &["plugin-slug=nothing", "discovery-only=true", "test-root=tests"]),
        args("wp-codebox.agent-sandbox-run", &["task=do nothing", "max-turns=1"]),
        args("wordpress.wp-cli", &["command=no-such-command"]),
        args("wordpress.run-php", &["code=exit( 3 );"]),
        args("wordpress.run-php", &["code=nothing();"]),
        args("wordpress.run-php", &["code=this is no PHP"]),
    ]);
    fixed.prop_map(|mut step| {
        step["advisory"] = true.into();
        step
    })
}

/// What any step may have beside its command.
fn dressed(step: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (
        step,
        prop::option::of(60_000u64..300_000),
        any::<bool>(),
        any::<bool>(),
        prop::option::of("[ -~]{0,20}"),
    )
        .prop_map(|(mut step, timeout, allow, advisory, note)| {
            if let Some(timeout) = timeout {
                step["timeoutMs"] = timeout.into();
            }
            if allow {
                step["allowFailure"] = true.into();
            }
            if advisory {
                step["advisory"] = true.into();
            }
            if let Some(note) = note {
                step["metadata"] = json!({ "note": note });
            }
            step
        })
}

fn steps(most: usize) -> impl Strategy<Value = Value> {
    let step = prop_oneof![4 => dressed(sound_step()).boxed(), 1 => doubtful_step().boxed()];
    prop::collection::vec(step, 0..most).prop_map(Value::from)
}

pub fn workflow() -> impl Strategy<Value = Value> {
    let needed = dressed(sound_step());
    (steps(3), needed, steps(4), steps(3)).prop_map(|(before, needed, more, after)| {
        let mut all = vec![needed];
        all.extend(more.as_array().unwrap().iter().cloned());
        json!({ "before": before, "steps": all, "after": after })
    })
}

pub fn probes() -> impl Strategy<Value = Value> {
    let json = Just(json!({ "command": "wordpress.run-php", "args": ["code=echo '{\"a\":[1]}';"] }));
    let probe = prop_oneof![
        dressed(json).prop_map(|step| json!({ "step": step, "expectJson": true })),
        dressed(sound_step()).prop_map(|step| json!({ "step": step, "metadata": { "a": 1 } })),
        doubtful_step().prop_map(|step| json!({ "step": step, "allowFailure": true })),
    ];
    prop::collection::vec(probe, 0..3).prop_map(|mut probes| {
        for (index, probe) in probes.iter_mut().enumerate() {
            probe["name"] = format!("probe {index}").into();
        }
        probes.into()
    })
}

pub fn runtime() -> impl Strategy<Value = Value> {
    let blueprint = prop::collection::vec(
        prop::sample::select(vec![
            json!({ "step": "mkdir", "path": "/wordpress/wp-content/made" }),
            json!({ "step": "writeFile", "path": "/wordpress/wp-content/written.txt", "data": "text" }),
            json!({ "step": "setSiteOptions", "options": { "blogname": "Named" } }),
            json!({ "step": "runPHP", "code": "<?php require '/wordpress/wp-load.php'; update_option('a', 'b');" }),
            json!({ "step": "wp-cli", "command": "wp option update c d" }),
            json!({ "step": "login", "username": "admin" }),
            json!({ "step": "defineWpConfigConsts", "consts": { "A_CONSTANT": 1 } }),
        ]),
        0..3,
    );
    (
        prop::sample::select(vec![Value::Null, "latest".into(), "pack".into(), "7".into()]),
        prop::sample::select(vec![Value::Null, "8.3".into(), "8".into()]),
        prop::option::of(blueprint),
        any::<bool>(),
    )
        .prop_map(|(wp, php, blueprint, stack)| {
            let mut runtime = json!({ "name": "a name" });
            if !wp.is_null() {
                runtime["wp"] = wp;
            }
            if !php.is_null() {
                runtime["phpVersion"] = php;
            }
            if let Some(steps) = blueprint {
                runtime["blueprint"] = json!({ "steps": steps });
            }
            if stack {
                runtime["stack"] =
                    json!({ "mounts": [{ "source": "nothing", "target": "/workspace/stack" }] });
            }
            runtime
        })
}

/// What is put in beside mounts, workspaces and plugins.
pub fn content() -> impl Strategy<Value = Value> {
    let file = prop::sample::select(vec![("file.txt", "/tmp/staged.txt"), ("plugin", "/workspace/staged")]);
    let staged = prop::option::of(file).prop_map(|file| {
        file.map_or(json!([]), |(source, target)| json!([{ "source": source, "target": target }]))
    });
    let users = prop::collection::btree_map(
        "[a-z]{1,12}",
        (
            prop::sample::select(vec!["administrator", "editor", "author", "contributor", "subscriber"]),
            prop::option::of(2u64..100_000),
            prop::option::of("[!-~]{12,30}"),
            prop::option::of("[ -~]{1,20}"),
        ),
        0..3,
    )
    .prop_map(|users| {
        let mut numbers = std::collections::BTreeSet::new();
        let user = |(name, (role, number, password, shown)): (
            String,
            (&str, Option<u64>, Option<String>, Option<String>),
        )| {
            let mut user = json!({ "name": name, "role": role, "username": format!("user-{name}") });
            if let Some(number) = number.filter(|number| numbers.insert(*number)) {
                user["userId"] = number.into();
            }
            if let Some(password) = password {
                user["password"] = password.into();
            }
            if let Some(shown) = shown {
                user["displayName"] = shown.into();
            }
            user
        };
        Value::from(users.into_iter().map(user).collect::<Vec<_>>())
    });
    let database = any::<bool>().prop_map(|is_there| match is_there {
        true => json!([{ "name": "dump", "version": "1", "source": "dump.sql", "reset": { "strategy": "truncate-tables", "tables": ["wp_comments"] } }]),
        false => json!([]),
    });
    let seed = any::<bool>().prop_map(|is_there| match is_there {
        true => json!([{ "type": "fixture", "name": "seed", "source": "seed.json", "scopes": { "activeTheme": true } }]),
        false => json!([]),
    });
    (staged, users, database, seed, any::<bool>()).prop_map(|(staged, users, databases, seeds, secret)| {
        let secrets = if secret { json!([secret_name()]) } else { json!([]) };
        json!({
            "stagedFiles": staged, "fixtureUsers": users, "fixtureDatabases": databases,
            "siteSeeds": seeds, "secretEnv": secrets,
        })
    })
}

/// A plugin from a zip, beside those from directories.
pub fn zipped() -> Value {
    json!([{ "source": "plugin.zip", "sha256": zip_digest(), "metadata": { "from": "zip" } }])
}
