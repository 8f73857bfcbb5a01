//! What can be seen to be wrong with a recipe before anything has happened: every code, where it is
//! reported, and that all of them are found in one go.

mod recipe;
mod support;

use proptest::prelude::*;
use recipe::{Bench, nearly_valid_recipe, recipe, valid_recipe, zip_digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::php::{pack, runtime_dir};
use wp_codebox::recipe::{Document, INVALID_RECIPE, needed_commands, validate, validate_recipe};

/// What stands in the recipe, the one code, and where.
type Row = (Value, &'static str, &'static str);

fn inputs(inputs: Value) -> Value {
    json!({ "inputs": inputs })
}

fn mount(mount: Value) -> Value {
    inputs(json!({ "mounts": [mount] }))
}

fn plugin(plugin: Value) -> Value {
    inputs(json!({ "extra_plugins": [plugin] }))
}

fn workspace(workspace: Value) -> Value {
    inputs(json!({ "workspaces": [workspace] }))
}

fn runtime(runtime: Value) -> Value {
    inputs(json!({ "pluginRuntime": runtime }))
}

fn probe(probe: Value) -> Value {
    runtime(json!({ "healthProbes": [probe] }))
}

fn step(step: Value) -> Value {
    json!({ "workflow": { "steps": [step] } })
}

fn seed(more: Value) -> Value {
    let mut seed =
        json!({ "type": "fixture", "name": "s", "source": "seed.json", "scopes": { "activeTheme": true } });
    seed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    inputs(json!({ "siteSeeds": [seed] }))
}

fn scope(scopes: Value) -> Value {
    seed(json!({ "scopes": scopes }))
}

fn user(user: Value) -> Value {
    inputs(json!({ "fixtureUsers": [user] }))
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let notes = json!({ "k": "x".repeat(70 << 10) });
    vec![
        // Sources.
        (mount(json!({ "source": " ", "target": "/a" })), "missing-source", "$.inputs.mounts[0].source"),
        (mount(json!({ "source": "gone", "target": "/a" })), "missing-path", "$.inputs.mounts[0].source"),
        (mount(json!({ "source": "https://example.org/a.zip", "target": "/a" })), "unsupported-path", "$.inputs.mounts[0].source"),
        (mount(json!({ "source": "pipe", "target": "/a" })), "invalid-source", "$.inputs.mounts[0].source"),
        (mount(json!({ "type": "directory", "source": "file.txt", "target": "/a" })), "not-directory", "$.inputs.mounts[0].source"),
        (mount(json!({ "type": "file", "source": "plugin", "target": "/a" })), "not-file", "$.inputs.mounts[0].source"),
        (json!({ "runtime": { "stack": { "mounts": [{ "source": "gone", "target": "/a" }] } } }), "missing-path", "$.runtime.stack.mounts[0].source"),
        // Targets.
        (mount(json!({ "source": "plugin", "target": "a" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/a/../b" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/a/" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/internal/codebox" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/wordpress" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/wordpress/index.php" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "file.txt", "target": "/wordpress/wp-load.php" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/wordpress/wp-load.php/beneath" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/wordpress/wp-content/themes" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "file.txt", "target": "/wordpress/wp-content/db.php" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "plugin", "target": "/wordpress/wp-content/db.php/beneath" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "file.txt", "target": "/tmp" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "file.txt", "target": "/workspace" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (mount(json!({ "source": "file.txt", "target": "/wordpress/wp-content/uploads" })), "invalid-sandbox-path", "$.inputs.mounts[0].target"),
        (inputs(json!({ "stagedFiles": [{ "source": "file.txt", "target": "/wordpress/wp-content/plugins" }] })), "invalid-sandbox-path", "$.inputs.stagedFiles[0].target"),
        (inputs(json!({ "mounts": [{ "source": "file.txt", "target": "/a" }, { "source": "plugin", "target": "/a/b" }] })), "invalid-sandbox-path", "$.inputs.mounts[1].target"),
        (inputs(json!({ "mounts": [{ "source": "plugin", "target": "/a/b" }, { "source": "file.txt", "target": "/a" }] })), "invalid-sandbox-path", "$.inputs.mounts[1].target"),
        (inputs(json!({ "mounts": [{ "source": "plugin", "target": "/a" }], "stagedFiles": [{ "source": "file.txt", "target": "/a" }] })), "duplicate-target", "$.inputs.stagedFiles[0].target"),
        (inputs(json!({ "stagedFiles": [{ "source": "gone", "target": "/tmp/a" }] })), "missing-path", "$.inputs.stagedFiles[0].source"),
        (mount(json!({ "source": "plugin", "target": "/a", "metadata": notes })), "invalid-metadata", "$.inputs.mounts[0].metadata"),
        (json!({ "metadata": notes }), "invalid-metadata", "$.metadata"),
        // The WordPress.
        (json!({ "runtime": { "assets": { "wordpressDirectory": "plugin" } } }), "invalid-source", "$.runtime.assets.wordpressDirectory"),
        (json!({ "runtime": { "wp": "latest", "assets": { "wordpressDirectory": "core" } } }), "invalid-source", "$.runtime.assets"),
        (json!({ "runtime": { "assets": {} } }), "missing-source", "$.runtime.assets"),
        (json!({ "runtime": { "assets": { "wordpressDirectory": "core", "wordpressZip": "core.zip" } } }), "invalid-source", "$.runtime.assets"),
        (json!({ "runtime": { "assets": { "wordpressDirectory": "core", "sha256": "0" } } }), "invalid-source-digest", "$.runtime.assets.sha256"),
        (json!({ "runtime": { "assets": { "wordpressZip": "core.zip", "sha256": "0" } } }), "invalid-source-digest", "$.runtime.assets.sha256"),
        (json!({ "runtime": { "assets": { "wordpressZip": "core" } } }), "not-file", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "gone.zip" } } }), "missing-path", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "https://example.org/wordpress.zip" } } }), "unsupported-path", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "pipe" } } }), "invalid-source", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "plugin.zip" } } }), "invalid-source", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "broken.zip" } } }), "invalid-source", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressZip": "hostile.zip" } } }), "invalid-source", "$.runtime.assets.wordpressZip"),
        (json!({ "runtime": { "assets": { "wordpressDirectory": "gone" } } }), "missing-path", "$.runtime.assets.wordpressDirectory"),
        (json!({ "runtime": { "blueprint": { "steps": ["x".repeat(2 << 20)] } } }), "invalid-blueprint", "$.runtime.blueprint"),
        (json!({ "runtime": { "blueprint": { "steps": [{ "step": "setSiteLanguage", "language": "de_DE" }] } } }), "unsupported-blueprint-step", "$.runtime.blueprint.steps[0].step"),
        (json!({ "runtime": { "blueprint": { "landingPage": [] } } }), "invalid-blueprint", "$.runtime.blueprint.landingPage"),
        (json!({ "runtime": { "blueprint": { "plugins": ["akismet"] } } }), "unsupported-blueprint-resource", "$.runtime.blueprint.plugins[0]"),
        (json!({ "runtime": { "blueprint": { "plugins": [{ "resource": "bundled", "path": "gone.zip" }] } } }), "missing-blueprint-resource", "$.runtime.blueprint.plugins[0].pluginData"),
        (json!({ "runtime": { "blueprint": { "features": { "intl": true } } } }), "unsupported-blueprint-field", "$.runtime.blueprint.features.intl"),
        (json!({ "runtime": { "blueprint": { "steps": [{ "step": "runSql", "sql": { "resource": "bundled", "path": "plugin" } }] } } }), "invalid-blueprint-resource", "$.runtime.blueprint.steps[0].sql"),
        (json!({ "runtime": { "blueprint": { "steps": [{ "step": "runSql", "sql": { "resource": "bundled", "path": "large" } }] } } }), "unbounded-blueprint-resource", "$.runtime.blueprint.steps[0].sql"),
        (json!({ "runtime": { "blueprint": { "steps": [{ "step": "mkdir", "path": "/internal/x" }] } } }), "invalid-blueprint-path", "$.runtime.blueprint.steps[0].path"),
        // Workspaces.
        (workspace(json!({ "seed": { "type": "plugin_scaffold" } })), "invalid-slug", "$.inputs.workspaces[0].seed.slug"),
        (workspace(json!({ "seed": { "type": "theme_scaffold", "slug": "../x" } })), "invalid-slug", "$.inputs.workspaces[0].seed.slug"),
        (workspace(json!({ "seed": { "type": "plugin_scaffold", "slug": "x", "source": "plugin" } })), "invalid-source", "$.inputs.workspaces[0].seed.source"),
        (workspace(json!({ "target": "/a", "seed": { "type": "directory" } })), "missing-source", "$.inputs.workspaces[0].seed.source"),
        (workspace(json!({ "target": "/a", "seed": { "type": "directory", "source": "file.txt" } })), "not-directory", "$.inputs.workspaces[0].seed.source"),
        (workspace(json!({ "seed": { "type": "directory", "source": "plugin" } })), "invalid-sandbox-path", "$.inputs.workspaces[0].target"),
        (workspace(json!({ "target": "/a", "seed": { "type": "directory", "source": "plugin", "excludePaths": ["../x"] } })), "invalid-source", "$.inputs.workspaces[0].seed.excludePaths[0]"),
        // Plugins.
        (plugin(json!({})), "missing-source", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "plugin", "sourcePath": "plugin" })), "invalid-source", "$.inputs.extra_plugins[0].sourcePath"),
        (plugin(json!({ "source": "file.txt", "slug": "x" })), "invalid-source", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "plugin", "slug": "a b" })), "invalid-slug", "$.inputs.extra_plugins[0].slug"),
        (plugin(json!({ "source": "plugin", "slug": "x", "pluginFile": "y/plugin.php" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].pluginFile"),
        (plugin(json!({ "source": "plugin", "slug": "x", "pluginFile": "x/../plugin.php" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].pluginFile"),
        (plugin(json!({ "source": "plugin", "slug": "x", "pluginFile": "x/gone.php" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].pluginFile"),
        (plugin(json!({ "source": "nothing" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "plugin", "sourceSubdir": "../x" })), "invalid-source-subdir", "$.inputs.extra_plugins[0].sourceSubdir"),
        (plugin(json!({ "source": "plugin", "sourceSubdir": "gone" })), "invalid-source-subdir", "$.inputs.extra_plugins[0].sourceSubdir"),
        (plugin(json!({ "source": "plugin.zip", "sha256": "0".repeat(64) })), "invalid-source-digest", "$.inputs.extra_plugins[0].sha256"),
        (plugin(json!({ "source": "broken.zip", "slug": "x" })), "invalid-source", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "hostile.zip", "slug": "x" })), "invalid-source", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "nothing.zip", "slug": "x" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "plugin.zip", "pluginFile": "plugin/gone.php" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].pluginFile"),
        (plugin(json!({ "source": "plugin.zip", "sourceSubdir": "gone" })), "invalid-source-subdir", "$.inputs.extra_plugins[0].sourceSubdir"),
        (plugin(json!({ "source": "plugin.zip", "loadAs": "mu-plugin" })), "invalid-source", "$.inputs.extra_plugins[0].source"),
        (plugin(json!({ "source": "plugin", "sha256": zip_digest() })), "invalid-source-digest", "$.inputs.extra_plugins[0].sha256"),
        (inputs(json!({ "extra_plugins": [{ "source": "plugin" }, { "source": "plugin" }] })), "duplicate-target", "$.inputs.extra_plugins[1].slug"),
        // Variables.
        (inputs(json!({ "runtimeEnv": { "lower": "1" } })), "invalid-runtime-env", "$.inputs.runtimeEnv.lower"),
        (inputs(json!({ "runtimeEnv": { "PATH": "/" } })), "invalid-runtime-env", "$.inputs.runtimeEnv.PATH"),
        (inputs(json!({ "runtimeEnv": { "A": "a\u{0}b" } })), "invalid-runtime-env-value", "$.inputs.runtimeEnv.A"),
        (inputs(json!({ "secretEnv": ["HTTP_PROXY"] })), "invalid-secret-env", "$.inputs.secretEnv[0]"),
        (inputs(json!({ "secretEnv": ["NOT_SET_ANYWHERE"] })), "invalid-secret-env", "$.inputs.secretEnv[0]"),
        (inputs(json!({ "secretEnv": ["KNOWN_SECRET", "KNOWN_SECRET"] })), "invalid-secret-env", "$.inputs.secretEnv[1]"),
        (inputs(json!({ "runtimeEnv": { "KNOWN_SECRET": "1" }, "secretEnv": ["KNOWN_SECRET"] })), "invalid-secret-env", "$.inputs.secretEnv[0]"),
        // Plugin runtime.
        (runtime(json!({ "php": { "memoryLimit": "lots" } })), "invalid-plugin-runtime-memory-limit", "$.inputs.pluginRuntime.php.memoryLimit"),
        (runtime(json!({ "php": { "maxExecutionTime": 3601 } })), "invalid-plugin-runtime-max-execution-time", "$.inputs.pluginRuntime.php.maxExecutionTime"),
        (runtime(json!({ "php": { "iniEntries": { "a b": 1 } } })), "invalid-plugin-runtime-php-ini-entry", "$.inputs.pluginRuntime.php.iniEntries.a b"),
        (runtime(json!({ "php": { "iniEntries": { "open_basedir": "/tmp" } } })), "invalid-plugin-runtime-php-ini-entry", "$.inputs.pluginRuntime.php.iniEntries.open_basedir"),
        (runtime(json!({ "php": { "bootstrapIniEntries": { "auto_prepend_file": "/a" } } })), "invalid-plugin-runtime-bootstrap-php-ini-entry", "$.inputs.pluginRuntime.php.bootstrapIniEntries.auto_prepend_file"),
        (runtime(json!({ "php": { "iniEntries": { "a": [] } } })), "invalid-plugin-runtime-php-ini-entry-value", "$.inputs.pluginRuntime.php.iniEntries.a"),
        (runtime(json!({ "php": { "bootstrapIniEntries": { "=": 1 } } })), "invalid-plugin-runtime-bootstrap-php-ini-entry", "$.inputs.pluginRuntime.php.bootstrapIniEntries.="),
        (runtime(json!({ "php": { "bootstrapIniEntries": { "a": "1\nallow_url_include=1" } } })), "invalid-plugin-runtime-bootstrap-php-ini-entry-value", "$.inputs.pluginRuntime.php.bootstrapIniEntries.a"),
        (runtime(json!({ "wpConfigDefines": { "A-B": 1 } })), "invalid-plugin-runtime-wp-config-define", "$.inputs.pluginRuntime.wpConfigDefines.A-B"),
        (runtime(json!({ "wpConfigDefines": { "MULTISITE": true } })), "invalid-plugin-runtime-wp-config-define", "$.inputs.pluginRuntime.wpConfigDefines.MULTISITE"),
        (runtime(json!({ "wpConfigDefines": { "SHORTINIT": true } })), "invalid-plugin-runtime-wp-config-define", "$.inputs.pluginRuntime.wpConfigDefines.SHORTINIT"),
        (runtime(json!({ "wpConfigDefines": { "ABSPATH": "/" } })), "invalid-plugin-runtime-wp-config-define", "$.inputs.pluginRuntime.wpConfigDefines.ABSPATH"),
        (runtime(json!({ "wpConfigDefines": { "DB_NAME": "x" } })), "invalid-plugin-runtime-wp-config-define", "$.inputs.pluginRuntime.wpConfigDefines.DB_NAME"),
        (runtime(json!({ "wpConfigDefines": { "A": {} } })), "invalid-plugin-runtime-wp-config-define-value", "$.inputs.pluginRuntime.wpConfigDefines.A"),
        (runtime(json!({ "setup": [{ "command": "wp-codebox.readiness-probe" }] })), "unsupported-plugin-runtime-setup-command", "$.inputs.pluginRuntime.setup[0].command"),
        (runtime(json!({ "setup": [{ "command": "wordpress.wp-cli" }] })), "missing-command", "$.inputs.pluginRuntime.setup[0].args"),
        (probe(json!({ "name": "a b", "type": "php", "code": "1;" })), "invalid-plugin-runtime-health-probe-name", "$.inputs.pluginRuntime.healthProbes[0].name"),
        (probe(json!({ "name": "a", "type": "plugin-active", "pluginFile": "../a.php" })), "invalid-plugin-runtime-health-probe-plugin", "$.inputs.pluginRuntime.healthProbes[0].pluginFile"),
        (probe(json!({ "name": "a", "type": "php" })), "missing-plugin-runtime-health-probe-code", "$.inputs.pluginRuntime.healthProbes[0].code"),
        (probe(json!({ "name": "a", "type": "wp-cli", "command": " " })), "missing-plugin-runtime-health-probe-command", "$.inputs.pluginRuntime.healthProbes[0].command"),
        (probe(json!({ "name": "a", "type": "http" })), "unsupported-plugin-runtime-health-probe", "$.inputs.pluginRuntime.healthProbes[0].type"),
        // Content.
        (seed(json!({ "name": "../s" })), "invalid-site-seed-name", "$.inputs.siteSeeds[0].name"),
        (seed(json!({ "source": "" })), "invalid-site-seed-source", "$.inputs.siteSeeds[0].source"),
        (seed(json!({ "source": "gone.json" })), "missing-path", "$.inputs.siteSeeds[0].source"),
        (seed(json!({ "source": "file.txt" })), "invalid-site-seed-source", "$.inputs.siteSeeds[0].source"),
        (seed(json!({ "source": "plugin" })), "not-file", "$.inputs.siteSeeds[0].source"),
        (scope(json!({ "terms": { "maxRecords": 1 } })), "invalid-site-seed-scope", "$.inputs.siteSeeds[0].scopes.terms"),
        (scope(json!({ "activePlugins": true })), "invalid-site-seed-scope", "$.inputs.siteSeeds[0].scopes.activePlugins"),
        (seed(json!({ "deterministicIds": { "strategy": "numeric" } })), "unsupported-deterministic-site-seed-ids", "$.inputs.siteSeeds[0].deterministicIds.strategy"),
        (scope(json!({})), "missing-site-seed-scopes", "$.inputs.siteSeeds[0].scopes"),
        (scope(json!({ "posts": {} })), "unbounded-site-seed-scope", "$.inputs.siteSeeds[0].scopes.posts"),
        (scope(json!({ "options": { "maxRecords": 5 } })), "unbounded-site-seed-options", "$.inputs.siteSeeds[0].scopes.options"),
        (scope(json!({ "posts": { "maxRecords": 101 } })), "invalid-site-seed-bound", "$.inputs.siteSeeds[0].scopes.posts.maxRecords"),
        (scope(json!({ "posts": { "ids": vec![1; 101] } })), "invalid-site-seed-bound", "$.inputs.siteSeeds[0].scopes.posts.ids"),
        (scope(json!({ "posts": { "maxRecords": 1, "roles": ["editor"] } })), "invalid-site-seed-scope", "$.inputs.siteSeeds[0].scopes.posts.roles"),
        (scope(json!({ "users": { "maxRecords": 1, "anonymize": false } })), "unsafe-site-seed-users", "$.inputs.siteSeeds[0].scopes.users.anonymize"),
        (scope(json!({ "media": { "maxRecords": 1, "includeFiles": true } })), "unsafe-site-seed-media-files", "$.inputs.siteSeeds[0].scopes.media.includeFiles"),
        (inputs(json!({ "fixtureDatabases": [{ "name": "d", "version": "1", "source": "plugin" }] })), "not-file", "$.inputs.fixtureDatabases[0].source"),
        (inputs(json!({ "fixtureDatabases": [{ "name": "d", "version": "1", "source": "dump.sql", "reset": { "tables": ["wp_posts; --"] } }] })), "invalid-fixture-reset-table", "$.inputs.fixtureDatabases[0].reset.tables[0]"),
        (user(json!({ "name": "a\"b" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].name"),
        (user(json!({ "name": "a", "email": "nobody" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].email"),
        (user(json!({ "name": "a", "role": "Editor" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].role"),
        (inputs(json!({ "fixtureUsers": [{ "name": "a" }, { "name": "b", "username": "A", "email": "b@example.org" }] })), "duplicate-name", "$.inputs.fixtureUsers[1].username"),
        (inputs(json!({ "fixtureUsers": [{ "name": "a" }, { "name": "b", "email": "A@example.org" }] })), "duplicate-name", "$.inputs.fixtureUsers[1].email"),
        (inputs(json!({ "fixtureUsers": [{ "name": "a", "userId": 7 }, { "name": "b", "userId": 7 }] })), "duplicate-name", "$.inputs.fixtureUsers[1].userId"),
        (user(json!({ "name": "a", "userId": 1 })), "duplicate-name", "$.inputs.fixtureUsers[0].userId"),
        (user(json!({ "name": "a", "email": "admin@example.test" })), "duplicate-name", "$.inputs.fixtureUsers[0].email"),
        (user(json!({ "name": "a  b" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].name"),
        (user(json!({ "name": "Seed-User-2" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].name"),
        (user(json!({ "name": "a", "username": "seed-user-2" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].username"),
        (user(json!({ "name": "a", "email": "seed-user-2@example.invalid" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].email"),
        (user(json!({ "name": "@" })), "invalid-fixture-user", "$.inputs.fixtureUsers[0].name"),
        // Steps.
        (step(json!({ "command": "wordpress.nothing" })), "unsupported-command", "$.workflow.steps[0].command"),
        (step(json!({ "command": "wordpress.run-php" })), "missing-code", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;", "code-file=code.php"] })), "ambiguous-code", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code-file=gone.php"] })), "missing-path", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code-file=plugin"] })), "not-file", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;", "bootstrap=maybe"] })), "invalid-bootstrap", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;", "colour=red"] })), "unsupported-argument", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.wp-cli" })), "missing-command", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.wp-cli", "args": ["command=option list", "arguments=post"] })), "ambiguous-command", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.rest-request" })), "missing-path", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.http-request" })), "missing-url", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.ensure-plugin-active" })), "missing-plugin-slug", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wp-codebox.checkpoint-create" })), "missing-name", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wp-codebox.readiness-probe", "args": ["name=x"] })), "missing-type", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.ability" })), "missing-ability-name", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.ability", "args": ["name=a/b", "input={"] })), "invalid-ability-input", "$.workflow.steps[0].args"),
        (step(json!({ "command": "wordpress.wp-cli", "args": ["command=option list"], "diagnostics": { "capture": ["wpdb-queries"] } })), "unsupported-diagnostics", "$.workflow.steps[0].diagnostics"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;", "bootstrap=none"], "diagnostics": { "capture": ["wpdb-queries"] } })), "unsupported-diagnostics", "$.workflow.steps[0].diagnostics"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;"], "diagnostics": { "capture": ["everything"] } })), INVALID_RECIPE, "$"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;"], "diagnostics": { "capture": [] } })), INVALID_RECIPE, "$"),
        (step(json!({ "command": "wordpress.run-php", "args": ["code=1;"], "diagnostics": { "capture": ["wpdb-queries"], "maxItems": 501 } })), INVALID_RECIPE, "$"),
        (step(json!({ "command": "host/nothing" })), "unsupported-command", "$.workflow.steps[0].command"),
        (step(json!({ "command": "host/../price", "args": ["sku=a"] })), "unsupported-command", "$.workflow.steps[0].command"),
        (step(json!({ "command": "host/price" })), "invalid-input", "$.workflow.steps[0].args"),
        (step(json!({ "command": "host/price", "args": ["sku=a", "colour=red"] })), "invalid-input", "$.workflow.steps[0].args"),
        (step(json!({ "command": "host/price", "args": ["a"] })), "unsupported-argument", "$.workflow.steps[0].args"),
        (json!({ "probes": [{ "name": "p", "step": { "command": "host/nothing" } }] }), "unsupported-command", "$.probes[0].step.command"),
        (json!({ "workflow": { "steps": [{ "command": "wordpress.run-php", "args": ["code=1;"] }], "after": [{ "command": "x" }] } }), "unsupported-command", "$.workflow.after[0].command"),
        (json!({ "probes": [{ "name": "p", "step": { "command": "x" } }] }), "unsupported-command", "$.probes[0].step.command"),
        // Artifacts.
        (json!({ "inputs": { "mounts": [{ "source": "plugin", "target": "/a" }] }, "artifacts": { "directory": "plugin/out" } }), "artifacts-mount-conflict", "$.artifacts.directory"),
        (json!({ "inputs": { "mounts": [{ "source": "plugin", "target": "/a" }] }, "artifacts": { "directory": "nothing/../plugin" } }), "artifacts-mount-conflict", "$.artifacts.directory"),
        (json!({ "artifacts": { "directory": "s3://bucket" } }), "unsupported-path", "$.artifacts.directory"),
        (json!({ "artifacts": { "directory": "file.txt" } }), "not-directory", "$.artifacts.directory"),
        (json!({ "artifacts": { "directory": "file.txt/beneath" } }), "not-directory", "$.artifacts.directory"),
        (json!({ "artifacts": { "directory": "pipe" } }), "not-directory", "$.artifacts.directory"),
        (json!({ "artifacts": { "directory": "x".repeat(256) } }), "unsupported-path", "$.artifacts.directory"),
        (plugin(json!({ "source": "plugin", "pluginFile": "plugin/inner/inner.php" })), "invalid-plugin-file", "$.inputs.extra_plugins[0].pluginFile"),
        (inputs(json!({ "extra_plugins": [{ "source": "plugin.zip", "slug": "a" }], "mounts": [{ "source": "nothing", "target": "/wordpress/wp-content/plugins/a/b" }] })), "invalid-sandbox-path", "$.inputs.extra_plugins[0].slug"),
        (json!({ "artifacts": { "workspacePolicy": { "hiddenPaths": ["/etc"] } } }), "invalid-policy-path", "$.artifacts.workspacePolicy.hiddenPaths[0]"),
        (json!({ "artifacts": { "paths": [{ "name": "a", "path": "a" }] } }), "invalid-sandbox-path", "$.artifacts.paths[0].path"),
        (json!({ "artifacts": { "paths": [{ "name": "a", "path": "/a" }], "typed": [{ "name": "a", "type": "t", "path": "/b" }] } }), "duplicate-name", "$.artifacts.typed[0].name"),
        (json!({ "artifacts": { "typed": [{ "name": "a", "type": "t", "path": "/b", "payloadSchema": notes }] } }), "invalid-payload-schema", "$.artifacts.typed[0].payloadSchema"),
        (json!({ "artifacts": { "typed": [{ "name": "a", "type": "t", "path": "/b", "payloadSchema": { "properties": { "n": { "pattern": "^a" } } } }] } }), "invalid-payload-schema", "$.artifacts.typed[0].payloadSchema.properties.n.pattern"),
        (json!({ "artifacts": { "typed": [{ "name": "a", "type": "t", "path": "/b", "payloadSchema": { "additionalProperties": false, "patternProperties": { "^a": true } } }] } }), "invalid-payload-schema", "$.artifacts.typed[0].payloadSchema.patternProperties"),
        // Shape.
        (json!({ "inputs": { "services": [] } }), INVALID_RECIPE, "$"),
        (json!({ "colour": "red" }), INVALID_RECIPE, "$"),
    ]
}

#[test]
fn every_mistake_is_named_with_its_code_and_its_path() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for (more, code, path) in table() {
        let shown: String = more.to_string().chars().take(300).collect();
        let issues = bench.issues(recipe(more));
        let found: Vec<_> = issues.iter().map(|issue| (issue.code.as_ref(), issue.path.as_str())).collect();
        if found != [(code, path)] {
            wrong.push(format!("{shown}\n  {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_version_that_the_pack_has_not_is_refused() {
    let mut bench = Bench::new();
    bench.host.settings.runtime_dir = Some(runtime_dir());
    let (wordpress, php) = (pack().wordpress_version().to_owned(), pack().php_version().to_owned());
    let short = |version: &str| version.rsplit_once('.').unwrap().0.to_owned();
    for wp in [wordpress.clone(), short(&wordpress), "latest".to_owned()] {
        assert_eq!(bench.issues(recipe(json!({ "runtime": { "wp": wp, "phpVersion": short(&php) } }))), []);
    }
    for (more, code, path) in versions() {
        let issues = bench.issues(recipe(more));
        assert_eq!(issues.len(), 1);
        assert_eq!((issues[0].code.as_ref(), issues[0].path.as_str()), (code, path));
    }
}

fn versions() -> Vec<Row> {
    vec![
        (json!({ "runtime": { "wp": "4.2" } }), "unsupported-wordpress-version", "$.runtime.wp"),
        (json!({ "runtime": { "phpVersion": "5.2" } }), "unsupported-php-version", "$.runtime.phpVersion"),
    ]
}

/// A policy with one mistake, its code, and where.
fn policies() -> Vec<Row> {
    let policy = |field: &str, value: Value| {
        let mut policy = json!({
            "network": "deny", "filesystem": "readwrite-mounts", "commands": ["wordpress.run-php"], "secrets": "none",
            "approvals": "never",
        });
        policy[field] = value;
        policy
    };
    vec![
        (policy("network", json!("maybe")), "invalid-network", "$.policy.network"),
        (policy("filesystem", json!("all")), "invalid-filesystem", "$.policy.filesystem"),
        (policy("commands", json!([""])), "invalid-command", "$.policy.commands"),
        (policy("secrets", json!(true)), "invalid-secrets", "$.policy.secrets"),
        (policy("approvals", json!("sometimes")), "invalid-approvals", "$.policy.approvals"),
        (policy("commands", json!([])), "runtime-policy-missing-command", "$.policy.commands"),
        (policy("filesystem", json!("sandbox")), "runtime-policy-violation", "$.policy.filesystem"),
    ]
}

#[test]
fn every_mistake_of_a_policy_is_named() {
    let bench = Bench::new();
    for (policy, code, path) in policies() {
        let issues =
            bench.issues_under(recipe(mount(json!({ "source": "plugin", "target": "/a" }))), Some(policy));
        let found: Vec<_> = issues.iter().map(|issue| (issue.code.as_ref(), issue.path.as_str())).collect();
        assert_eq!(found, [(code, path)]);
    }
}

#[test]
fn the_guide_lists_every_code_and_no_other() {
    let tested: BTreeSet<&str> =
        table().iter().chain(&versions()).chain(&policies()).map(|(_, code, _)| *code).collect();
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes.md")).unwrap();
    let rows =
        guide.split_once("\n## Issues\n").unwrap().1.lines().filter_map(|line| line.strip_prefix("| "));
    let listed: BTreeSet<&str> = rows
        .flat_map(|row| row.split_once(" | ").unwrap().0.split(", "))
        .filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    // Those of arguments stand in one row.
    let of_argument = |code: &&str| ["invalid-bootstrap"].contains(code);
    let missing: Vec<_> = tested.difference(&listed).filter(|code| !of_argument(code)).collect();
    let untested: Vec<_> = listed.difference(&tested).collect();
    assert!(
        missing.is_empty() && untested.is_empty(),
        "not in the guide: {missing:?}; in no test: {untested:?}"
    );
    let unlisted: Vec<String> =
        codes_in_the_source().into_iter().filter(|code| !listed.contains(code.as_str())).collect();
    assert!(unlisted.is_empty(), "in the source alone: {unlisted:?}");
}

/// Every literal of the recipe's room that has the form of a code.
fn codes_in_the_source() -> BTreeSet<String> {
    let prefixes = [
        "invalid-",
        "missing-",
        "unsupported-",
        "not-",
        "duplicate-",
        "unbounded-",
        "unsafe-",
        "ambiguous-",
        "runtime-policy-",
    ];
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/recipe");
    let sources = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    sources
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .flat_map(|entry| {
            let source = fs::read_to_string(entry.path()).unwrap();
            source.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|text| prefixes.iter().any(|prefix| text.starts_with(prefix)))
        .filter(|text| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        .collect()
}

#[test]
fn a_policy_is_held_against_what_the_arguments_of_steps_bring_with_them() {
    let bench = Bench::new();
    let workload = "workloads-json=[{\"id\":\"a\",\"run\":[{\"type\":\"rest-request\",\"path\":\"/\"}]}]";
    let recipe = recipe(step(json!({ "command": "wordpress.bench", "args": ["plugin-slug=x", workload] })));
    let document = Document::of_value(recipe, bench.base()).unwrap();
    assert_eq!(
        needed_commands(&document, document.among(&bench.host.settings, &bench.tools)),
        ["wordpress.bench", "wordpress.rest-request", "wordpress.run-php"]
    );
}

#[test]
fn a_step_gives_a_host_tool_what_its_schema_asks_for() {
    let bench = Bench::new();
    let policy = |commands: Value| {
        json!({ "network": "deny", "filesystem": "readwrite-mounts", "commands": commands, "secrets": "none",
                "approvals": "never" })
    };
    let call = |args: Value| recipe(step(json!({ "command": "host/price", "args": args })));
    let codes = |args: Value| -> Vec<String> {
        bench.issues(call(args)).into_iter().map(|issue| issue.code.into_owned()).collect()
    };
    assert!(codes(json!(["sku=12", "count=3"])).is_empty());
    assert_eq!(codes(json!(["sku=a", "count=three"])), ["invalid-count"]);
    assert_eq!(codes(json!(["sku=a", "count=\"3\""])), ["invalid-input"]);
    assert_eq!(codes(json!(["sku=a", "sku=b"])), ["invalid-sku"]);
    assert_eq!(codes(json!([format!("sku={}", "x".repeat(1 << 20))])), ["invalid-recipe"]);
    let recipe = call(json!(["sku=a"]));
    assert_eq!(bench.issues_under(recipe.clone(), Some(policy(json!(["host/price"])))), []);
    for near in ["host/*", "host/", "host/pric", "host/price2", "HOST/price"] {
        let issues = bench.issues_under(recipe.clone(), Some(policy(json!([near]))));
        let found: Vec<_> = issues.iter().map(|issue| (&*issue.code, issue.message.as_str())).collect();
        assert_eq!(found, [("runtime-policy-missing-command", "the recipe needs host/price")], "{near}");
    }
    let document = Document::of_value(recipe, bench.base()).unwrap();
    assert_eq!(
        needed_commands(&document, document.among(&bench.host.settings, &bench.tools)),
        ["host/price"]
    );
}

#[test]
fn a_host_tool_sets_no_plugin_up() {
    let issues = Bench::new()
        .issues(recipe(runtime(json!({ "setup": [{ "command": "host/price", "args": ["sku=a"] }] }))));
    assert_eq!(issues[0].code, "unsupported-plugin-runtime-setup-command");
}

#[test]
fn a_recipe_that_is_right_has_no_issue() {
    let bench = Bench::new();
    assert_eq!(bench.issues(recipe(json!({}))), []);
    for zip in [
        json!({ "source": "plugin.zip", "slug": "x", "sha256": zip_digest() }),
        json!({ "source": "plugin.zip", "pluginFile": "plugin/plugin.php" }),
        json!({ "source": "plugin.zip", "sourceSubdir": "plugin/inner", "pluginFile": "x/inner.php" }),
    ] {
        assert_eq!(bench.issues(recipe(plugin(zip))), []);
    }
    let administrator =
        json!({ "name": "boss", "username": "admin", "userId": 1, "email": "admin@example.test" });
    assert_eq!(bench.issues(recipe(user(administrator))), []);
}

#[test]
fn all_mistakes_are_found_in_one_go_in_the_order_of_the_sections() {
    let issues = Bench::new().issues(recipe(json!({
        "probes": [{ "name": "p", "step": { "command": "x" } }],
        "workflow": { "steps": [{ "command": "y" }], "before": [{ "command": "z" }] },
        "inputs": {
            "secretEnv": ["lower"],
            "mounts": [{ "source": "gone", "target": "b" }],
        },
    })));
    let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$.inputs.mounts[0].source",
            "$.inputs.mounts[0].target",
            "$.inputs.secretEnv[0]",
            "$.workflow.before[0].command",
            "$.workflow.steps[0].command",
            "$.probes[0].step.command",
        ]
    );
}

#[test]
fn callers_who_are_not_the_operator_name_nothing_outside_the_allowed_roots() {
    let mut bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.path().join("link")).unwrap();
    bench.host.settings.operator = false;
    bench.host.settings.mount_roots = vec![bench.path().to_owned()];
    let inside = recipe(mount(json!({ "source": "plugin", "target": "/a" })));
    assert_eq!(bench.issues(inside), []);
    for source in [outside.path().to_str().unwrap(), "..", "link"] {
        let issues = bench.issues(recipe(mount(json!({ "source": source, "target": "/a" }))));
        assert_eq!(
            issues.iter().map(|issue| issue.code.as_ref()).collect::<Vec<_>>(),
            ["unsupported-path"],
            "{source}"
        );
    }
    let code = step(json!({ "command": "wordpress.run-php", "args": ["code-file=/etc/passwd"] }));
    assert_eq!(bench.issues(recipe(code))[0].code, "unsupported-path");
}

/// Places outside the allowed roots: pairs of one where something is and one where nothing is.
fn outside(bench: &Bench, outside: &Path) -> Vec<[String; 2]> {
    let link = |name: &str, to: &Path| {
        std::os::unix::fs::symlink(to, bench.path().join(name)).unwrap();
        bench.path().join(name).to_str().unwrap().to_owned()
    };
    std::fs::write(outside.join("there"), "text").unwrap();
    std::fs::create_dir(outside.join("directory")).unwrap();
    let above = |path: &Path| {
        format!("{}/../{}", bench.path().display(), path.strip_prefix("/tmp").unwrap().display())
    };
    let (there, gone) = (outside.join("there"), outside.join("gone"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    vec![
        [text(&there), text(&gone)],
        [text(&outside.join("directory")), text(&outside.join("gone/deeper"))],
        [link("to-there", &there), link("to-nothing", &gone)],
        [link("to-directory", outside), link("to-no-directory", &outside.join("no/directory"))],
        [
            format!("{}/there", text(&bench.path().join("to-directory"))),
            format!("{}/gone", text(&bench.path().join("to-directory"))),
        ],
        [above(&there), above(&gone)],
        [
            format!("{}/gone/../../../..{}", bench.path().display(), there.display()),
            format!("{}/gone/../../../..{}", bench.path().display(), gone.display()),
        ],
        [text(&there.join("beneath")), text(&gone.join("beneath"))],
    ]
}

#[test]
fn whether_a_file_outside_the_allowed_roots_exists_is_told_by_no_field() {
    let mut bench = Bench::new();
    let elsewhere = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    let elsewhere = elsewhere.path().canonicalize().unwrap();
    let pairs = outside(&bench, &elsewhere);
    bench.host.settings.operator = false;
    bench.host.settings.mount_roots = vec![bench.path().to_owned()];
    bench.host.settings.artifacts_dir = Some(bench.path().join("bundles"));
    let inputs = |more: Value| recipe(inputs(more));
    type Naming = fn(&str) -> Value;
    let fields: [(&str, Naming); 12] = [
        ("mount", |path| json!({ "inputs": { "mounts": [{ "source": path, "target": "/a" }] } })),
        (
            "typed mount",
            |path| json!({ "inputs": { "mounts": [{ "source": path, "target": "/a", "type": "directory" }] } }),
        ),
        ("staged file", |path| json!({ "inputs": { "stagedFiles": [{ "source": path, "target": "/a" }] } })),
        (
            "workspace",
            |path| json!({ "inputs": { "workspaces": [{ "target": "/a", "seed": { "type": "directory", "source": path } }] } }),
        ),
        ("plugin", |path| json!({ "inputs": { "extra_plugins": [{ "source": path, "slug": "a" }] } })),
        (
            "archive",
            |path| json!({ "inputs": { "extra_plugins": [{ "sourcePath": path, "slug": "a", "sha256": "0".repeat(64) }] } }),
        ),
        (
            "database",
            |path| json!({ "inputs": { "fixtureDatabases": [{ "name": "a", "version": "1", "source": path }] } }),
        ),
        (
            "site seed",
            |path| json!({ "inputs": { "siteSeeds": [{ "type": "fixture", "name": "a", "source": path, "scopes": { "activeTheme": true } }] } }),
        ),
        ("core", |path| json!({ "runtime": { "assets": { "wordpressDirectory": path } } })),
        ("core archive", |path| json!({ "runtime": { "assets": { "wordpressZip": path } } })),
        (
            "code",
            |path| json!({ "workflow": { "steps": [{ "command": "wordpress.run-php", "args": [format!("code-file={path}")] }] } }),
        ),
        ("bundles", |path| json!({ "artifacts": { "directory": path } })),
    ];
    assert_eq!(bench.issues(inputs(json!({}))), []);
    for (field, naming) in fields {
        for pair in &pairs {
            let [there, gone] = pair.each_ref().map(|path| {
                let issues = bench.issues(recipe(naming(path)));
                let told = serde_json::to_string(&issues).unwrap();
                assert_ne!(issues, [], "{field}: {path}");
                told.replace(path.as_str(), "PATH")
            });
            assert_eq!(there, gone, "{field}: {pair:?}");
        }
    }
    for pair in &pairs {
        for input in ["recipe", "base_path", "policy"] {
            let [there, gone] = pair.each_ref().map(|path| {
                let mut asked = json!({ "recipe": recipe(json!({})) });
                asked[input] = path.as_str().into();
                let refusal = validate_recipe(asked, &bench.host).unwrap_err();
                format!("{} {} {:?}", refusal.code.as_str(), refusal.message, refusal.facts)
                    .replace(path.as_str(), "PATH")
            });
            assert_eq!(there, gone, "{input}: {pair:?}");
        }
    }
    // What lies beneath an allowed root is told apart.
    let gone = bench.issues(inputs(json!({ "mounts": [{ "source": "gone/deeper", "target": "/a" }] })));
    assert_eq!(gone[0].code, "missing-path");
}

#[test]
fn a_core_with_a_link_to_a_file_outside_the_allowed_roots_is_refused() {
    let mut bench = Bench::new();
    bench.host.settings.operator = false;
    bench.host.settings.mount_roots = vec![bench.path().to_owned()];
    let asked = recipe(json!({ "runtime": { "assets": { "wordpressDirectory": "core" } } }));
    let optional = bench.path().join("core/xmlrpc.php");
    let issues = |target: Option<&str>| {
        let _ = fs::remove_file(&optional);
        target.iter().for_each(|target| symlink(target, &optional).unwrap());
        let issues = bench.issues(asked.clone());
        issues.into_iter().map(|issue| issue.message).collect::<Vec<_>>()
    };
    assert_eq!(issues(None), Vec::<String>::new());
    assert_eq!(issues(Some("wp-load.php")), Vec::<String>::new());
    let there = issues(Some("/etc/passwd"));
    assert!(there[0].contains("xmlrpc.php in it is a link that leads out of it"), "{there:?}");
    assert_eq!(issues(Some("/etc/no-such-file")), there);
}

#[test]
fn files_that_steps_are_handed_have_a_bound_together() {
    let bench = Bench::new();
    fs::write(bench.path().join("large.php"), format!("<?php {}", " ".repeat(4_000_000))).unwrap();
    let step = json!({ "command": "wordpress.run-php", "args": ["code-file=large.php"] });
    let issues = |count: usize| {
        let (steps, after) = (vec![step.clone(); count], vec![step.clone(); 2]);
        let issues = bench.issues(recipe(json!({ "workflow": { "steps": steps, "after": after } })));
        issues.into_iter().map(|issue| (issue.code.into_owned(), issue.path)).collect::<Vec<_>>()
    };
    assert_eq!(issues(2), []);
    let over = |at: &str| ("invalid-source".to_owned(), format!("$.workflow.{at}.args"));
    assert_eq!(issues(5), [over("steps[4]"), over("after[0]"), over("after[1]")]);
}

#[test]
fn what_a_theme_of_the_pack_has_in_the_way_of_a_mount_is_named() {
    let mut bench = Bench::new();
    bench.host.settings.runtime_dir = Some(runtime_dir());
    let themes = pack().wordpress().join("wp-content/themes");
    let theme =
        fs::read_dir(themes).unwrap().flatten().find(|entry| entry.path().join("style.css").is_file());
    let theme = format!("/wordpress/wp-content/themes/{}", theme.unwrap().file_name().to_str().unwrap());
    let issues = |source: &str, target: String| {
        let issues = bench.issues(recipe(mount(json!({ "source": source, "target": target }))));
        issues.into_iter().map(|issue| issue.code.into_owned()).collect::<Vec<_>>()
    };
    for (source, within) in [("file.txt", ""), ("plugin", "/style.css"), ("plugin", "/style.css/deeper")] {
        assert_eq!(issues(source, format!("{theme}{within}")), ["invalid-sandbox-path"], "{source} {within}");
    }
    for (source, within) in [("plugin", ""), ("plugin", "/new"), ("plugin", "-of-another-name")] {
        assert_eq!(issues(source, format!("{theme}{within}")), [""; 0], "{source} {within}");
    }
}

#[test]
fn a_recipe_without_a_file_has_no_relative_paths() {
    let bench = Bench::new();
    let document =
        Document::of_value(recipe(mount(json!({ "source": "plugin", "target": "/a" }))), None).unwrap();
    let issues = validate(&document, None, &bench.tools, &bench.host).unwrap();
    assert_eq!(issues.iter().map(|issue| issue.code.as_ref()).collect::<Vec<_>>(), ["unsupported-path"]);
}

#[test]
fn a_file_that_is_no_recipe_is_one_issue_and_a_file_that_cannot_be_read_is_refused() {
    let bench = Bench::new();
    let open = |name: &str| {
        let path = bench.path().join(name);
        Document::open(path.to_str().unwrap(), "recipe", &bench.host.settings)
    };
    for (name, content) in [("no.json", "{"), ("list.json", "[1]"), ("deep.json", &"[".repeat(100_000))] {
        fs::write(bench.path().join(name), content).unwrap();
        assert_eq!(open(name).unwrap().unwrap_err().code, INVALID_RECIPE, "{name}");
    }
    for name in ["gone.json", "plugin", "pipe"] {
        assert_eq!(open(name).unwrap_err().facts["field"], "recipe", "{name}");
    }
    let file = fs::File::create(bench.path().join("huge.json")).unwrap();
    file.set_len(1 << 30).unwrap();
    assert!(open("huge.json").unwrap_err().message.contains("at most"));
    fs::write(bench.path().join("recipe.json"), recipe(json!({})).to_string()).unwrap();
    let document = open("recipe.json").unwrap().unwrap();
    assert_eq!(document.base.unwrap(), bench.path().canonicalize().unwrap());
}

#[test]
fn a_policy_that_lacks_a_command_is_refused_for_each() {
    let bench = Bench::new();
    let recipe = recipe(json!({
        "inputs": { "extra_plugins": [{ "source": "plugin" }] },
        "workflow": { "steps": [{ "command": "wordpress.wp-cli", "args": ["command=option list"] }] },
    }));
    let document = Document::of_value(recipe.clone(), bench.base()).unwrap();
    let needed = needed_commands(&document, document.among(&bench.host.settings, &bench.tools));
    assert_eq!(needed, ["wordpress.ensure-plugin-active", "wordpress.wp-cli"]);
    let policy = |commands: Value| {
        json!({
            "network": "deny", "filesystem": "readwrite-mounts", "commands": commands, "secrets": "none",
            "approvals": "never",
        })
    };
    assert_eq!(bench.issues_under(recipe.clone(), Some(policy(json!(needed)))), []);
    let issues = bench.issues_under(recipe.clone(), Some(policy(json!(["wordpress.*"]))));
    assert_eq!(issues.len(), 2);
    for issue in issues {
        assert_eq!(
            (issue.code.as_ref(), issue.path.as_str()),
            ("runtime-policy-missing-command", "$.policy.commands")
        );
    }
    let sandbox = json!({ "network": "deny", "filesystem": "sandbox", "commands": needed, "secrets": "none", "approvals": "never" });
    assert_eq!(bench.issues_under(recipe.clone(), Some(sandbox))[0].path, "$.policy.filesystem");
    let codes: BTreeSet<_> =
        bench.issues_under(recipe, Some(json!({}))).into_iter().map(|issue| issue.code).collect();
    assert_eq!(codes.len(), 5, "each field of a policy is asked for: {codes:?}");
}

#[test]
fn a_policy_without_secrets_does_not_go_with_a_recipe_that_names_some() {
    let bench = Bench::new();
    let recipe = recipe(inputs(json!({ "secretEnv": ["KNOWN_SECRET"] })));
    assert_eq!(bench.issues(recipe.clone()), []);
    let policy = json!({
        "network": "deny", "filesystem": "readwrite-mounts", "commands": ["wordpress.run-php"], "secrets": "none",
        "approvals": "never",
    });
    assert_eq!(bench.issues_under(recipe, Some(policy))[0].path, "$.policy.secrets");
}

#[test]
fn no_message_has_the_value_of_a_secret() {
    let mut bench = Bench::new();
    bench.host.env.insert("SHORT".to_owned(), "abc".to_owned());
    let issues = bench.issues(recipe(inputs(json!({ "secretEnv": ["SHORT"] }))));
    assert_eq!(issues.len(), 1);
    assert!(!issues[0].message.contains("abc"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn recipes_that_are_right_validate(recipe in valid_recipe()) {
        prop_assert_eq!(Bench::new().issues(recipe), []);
    }

    #[test]
    fn a_mistake_anywhere_is_an_issue_with_a_path_and_never_a_panic(recipe in nearly_valid_recipe()) {
        for issue in Bench::new().issues(recipe) {
            prop_assert!(issue.path.starts_with('$') && !issue.code.is_empty() && !issue.message.is_empty());
        }
    }
}
