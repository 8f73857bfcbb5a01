//! A directory with what recipes name, and generators of recipes that name it.

#![allow(dead_code)] // Each test file uses its part.

mod fields;

use crate::support::php::runtime_dir;
use crate::support::site::cache;
use crate::support::zip::archive;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wp_codebox::contract::{Refusal, digest_hex};
use wp_codebox::host::{PlainHost, Settings};
use wp_codebox::recipe::document::RECIPE_SCHEMA;
use wp_codebox::recipe::{Document, HostTool, Issue, run_recipe, validate};

/// A plugin's archive.
fn zip() -> Vec<u8> {
    archive(&[
        ("plugin/plugin.php", b"<?php\n/* Plugin Name: Plugin */", 0o100_644),
        ("plugin/inner/inner.php", b"<?php\n/* Plugin Name: Inner */", 0o100_644),
    ])
}

/// A variable of the parent.
pub fn secret_name() -> &'static str {
    "KNOWN_SECRET"
}

pub fn zip_digest() -> String {
    digest_hex([&zip()[..]])
}

/// A recipe's directory.
pub struct Bench {
    directory: TempDir,
    pub host: PlainHost,
    /// Tools that the parent has registered.
    pub tools: Vec<HostTool>,
}

impl Bench {
    pub fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (path, content) in [
            ("plugin/plugin.php", "<?php\n/* Plugin Name: Plugin */"),
            ("plugin/inner/inner.php", "<?php\n/* Plugin Name: Inner */"),
            ("nothing/readme.txt", "no plugin"),
            ("core/wp-load.php", "<?php"),
            ("core/wp-settings.php", "<?php"),
            ("core/wp-admin/index.php", "<?php"),
            ("core/wp-includes/version.php", "<?php"),
            ("file.txt", "text"),
            ("code.php", "<?php echo 1;"),
            (
                "seed.json",
                r#"{ "activeTheme": "twentytwentyfive", "posts": [], "users": [], "media": [], "options": {} }"#,
            ),
            ("dump.sql", "SELECT 1;"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for (name, bytes) in [
            ("plugin.zip", zip()),
            ("broken.zip", b"PK\x03\x04 not much of an archive".to_vec()),
            ("hostile.zip", archive(&[("../plugin.php", b"<?php", 0o100_644)])),
            (
                "core.zip",
                archive(&[
                    ("wordpress/wp-load.php", b"<?php", 0o100_644),
                    ("wordpress/wp-settings.php", b"<?php", 0o100_644),
                    ("wordpress/wp-admin/index.php", b"<?php", 0o100_644),
                    ("wordpress/wp-includes/version.php", b"<?php", 0o100_644),
                ]),
            ),
            ("nothing.zip", archive(&[("nothing/readme.txt", b"no plugin", 0o100_644)])),
        ] {
            fs::write(root.join(name), bytes).unwrap();
        }
        // Larger than all that a blueprint may bring, and nothing on the disk.
        fs::File::create(root.join("large")).unwrap().set_len(101 << 20).unwrap();
        let fifo = std::ffi::CString::new(root.join("pipe").to_str().unwrap()).unwrap();
        // SAFETY: a path that ends in NUL and lives through the call.
        assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
        let mut host = PlainHost {
            settings: Settings { operator: true, ..Settings::default() },
            ..PlainHost::default()
        };
        host.env.insert(secret_name().to_owned(), "correct-horse-battery".to_owned());
        let tool = json!({ "name": "host/price", "input_schema": {
            "properties": { "sku": { "type": "string" }, "count": { "type": "integer" } },
            "required": ["sku"], "additionalProperties": false,
        } });
        Bench { directory, host, tools: vec![serde_json::from_value(tool).unwrap()] }
    }

    /// With all that a run needs.
    pub fn able_to_run() -> Bench {
        let mut bench = Bench::new();
        bench.host.settings.runtime_dir = Some(runtime_dir());
        bench.host.settings.cache_dir = Some(cache());
        bench.host.settings.artifacts_dir = Some(bench.path().join("bundles"));
        bench
    }

    /// Runs a recipe. A refusal is one that validating should have been.
    pub fn run(&self, recipe: &Value, timeout_seconds: u64) -> Result<Value, Refusal> {
        let input = json!({ "recipe": recipe, "base_path": self.path(), "timeout_seconds": timeout_seconds });
        run_recipe(input, &self.host)
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn base(&self) -> Option<PathBuf> {
        Some(self.path().to_owned())
    }

    /// The issues of a recipe that has the right shape.
    pub fn issues(&self, recipe: Value) -> Vec<Issue> {
        self.issues_under(recipe, None)
    }

    pub fn issues_under(&self, recipe: Value, policy: Option<Value>) -> Vec<Issue> {
        match Document::of_value(recipe, self.base()) {
            Ok(document) => validate(&document, policy.as_ref(), &self.tools, &self.host).unwrap(),
            Err(issue) => vec![issue],
        }
    }
}

/// The smallest recipe, with `more` in it.
pub fn recipe(more: Value) -> Value {
    let mut recipe = json!({
        "schema": RECIPE_SCHEMA,
        "workflow": { "steps": [{ "command": "wordpress.run-php", "args": ["code=echo 1;"] }] },
    });
    recipe.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    recipe
}

/// Recipes that are right: what they name is in a [`Bench`].
pub fn valid_recipe() -> impl Strategy<Value = Value> {
    let put_in = (mounts(), workspaces(), plugin(), environment(), plugin_runtime(), fields::content());
    let done = (fields::workflow(), fields::probes(), artifacts());
    (fields::runtime(), put_in, done).prop_map(
        |(
            runtime,
            (mounts, workspaces, plugins, environment, plugin_runtime, content),
            (workflow, probes, artifacts),
        )| {
            let mut inputs = json!({
                "mounts": mounts,
                "workspaces": workspaces,
                "extra_plugins": plugins,
                "runtimeEnv": environment,
                "pluginRuntime": plugin_runtime,
            });
            inputs.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
            recipe(json!({
                "runtime": runtime,
                "inputs": inputs,
                "workflow": workflow,
                "probes": probes,
                "artifacts": artifacts,
                "metadata": { "author": "a generator" },
            }))
        },
    )
}

/// Recipes with one thing in them that may be wrong.
pub fn nearly_valid_recipe() -> impl Strategy<Value = Value> {
    (valid_recipe(), any::<prop::sample::Index>(), hostile_value()).prop_map(|(mut recipe, which, value)| {
        let mut leaves = Vec::new();
        collect(&recipe, String::new(), &mut leaves);
        let pointer = which.get(&leaves);
        *recipe.pointer_mut(pointer).unwrap() = value;
        recipe
    })
}

/// JSON pointers of everything that is no list and no object.
fn collect(value: &Value, at: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, inner)| {
                collect(inner, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), leaves);
            });
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, inner)| collect(inner, format!("{at}/{index}"), leaves));
        }
        _ => leaves.push(at),
    }
}

fn hostile_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            " ",
            "/",
            "..",
            "../..",
            "/etc/passwd",
            "pipe",
            "\0",
            "/wordpress",
            "/internal/codebox",
            "/tmp",
            "/workspace",
            "/usr/share",
            "/wordpress/index.php",
            "/wordpress/wp-content/uploads",
            "/workspace//x/",
            "http://example.org/a.zip",
            "wordpress.nothing",
            "code=",
            "=",
            "HTTP_PROXY",
            "plugin/../../plugin.php",
        ])
        .prop_map(Value::from),
    ]
}

fn mounts() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(
        "[a-z]{1,8}",
        (
            prop::sample::select(vec!["plugin", "./plugin/inner", "file.txt"]),
            prop::sample::select(vec!["readonly", "readwrite"]),
            any::<bool>(),
        ),
        0..4,
    )
    .prop_map(|mounts| {
        let mount = |(name, (source, mode, capture)): (String, (&str, &str, bool))| {
            json!({
                "source": source, "target": format!("/workspace/mount-{name}"), "mode": mode,
                "captureArtifacts": capture,
            })
        };
        mounts.into_iter().map(mount).collect()
    })
}

fn workspaces() -> impl Strategy<Value = Value> {
    let scaffold =
        "[a-z][a-z0-9]{0,8}".prop_map(|slug| json!({ "seed": { "type": "plugin_scaffold", "slug": slug } }));
    let directory = Just(json!({
        "target": "/workspace/directory",
        "seed": { "type": "directory", "source": "plugin", "excludePaths": ["inner/**"] },
    }));
    prop_oneof![
        Just(json!([])),
        scaffold.prop_map(|one| json!([one])),
        directory.prop_map(|one| json!([one]))
    ]
}

fn plugin() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!([])),
        (any::<bool>(), prop::sample::select(vec!["plugin", "mu-plugin"])).prop_map(|(activate, load)| {
            json!([{ "source": "plugin", "slug": "the-plugin", "pluginFile": "the-plugin/plugin.php",
                     "activate": activate, "loadAs": load }])
        }),
        Just(json!([{ "sourcePath": "plugin", "sourceSubdir": "inner" }])),
        Just(fields::zipped()),
    ]
}

fn environment() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("A_[A-Z0-9_]{0,10}", "[ -~]{0,20}", 0..3)
        .prop_map(|variables| serde_json::to_value(variables).unwrap())
}

fn plugin_runtime() -> impl Strategy<Value = Value> {
    (1u32..512, 0i64..3600, "[ -~]{0,10}").prop_map(|(memory, seconds, text)| {
        json!({
            "php": {
                "memoryLimit": format!("{memory}M"), "maxExecutionTime": seconds,
                "iniEntries": { "precision": 14 }, "bootstrapIniEntries": { "error_prepend_string": text },
            },
            "wpConfigDefines": { "WP_DEBUG": true, "A_TEXT": text, "NOTHING": null },
            "setup": [{ "command": "wordpress.wp-cli", "args": ["command=option update a b"] }],
            "healthProbes": [{ "name": "one", "type": "php", "code": "echo 1;" }],
        })
    })
}

fn artifacts() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({
            "directory": "artifacts", "verify": true, "workspacePolicy": { "writableRoots": ["src"] },
            "paths": [{ "name": "a", "path": "/workspace/a", "parseJson": true }],
            "typed": [{ "name": "b", "type": "report", "path": "/tmp/b", "contentType": "text/plain",
                        "payloadSchema": { "type": "object" }, "metadata": { "a": 1 } }],
        })),
    ]
}
