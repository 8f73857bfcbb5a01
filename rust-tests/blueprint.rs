//! Blueprints in a real sandbox, and blueprints that are refused.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;
use support::php::patient;
use support::site::{spec, value};
use support::zip::archive;
use wp_codebox::recipe::{Issue, LabelledCommand, blueprint, document, fixture};
use wp_codebox::sandbox::{Command, Failure, Policy, Sandbox};

fn sandbox() -> Sandbox {
    let commands = ["wordpress.run-php", "wordpress.wp-cli"];
    Sandbox::create(spec(Policy::allowing(commands)), &patient()).unwrap()
}

fn compile(blueprint: &Value, base: Option<&Path>) -> Result<Vec<LabelledCommand>, Vec<Issue>> {
    blueprint::compile(blueprint, base, "$.runtime.blueprint")
}

fn steps(steps: Value) -> Value {
    json!({ "steps": steps })
}

/// Carries commands out until one fails: its label and why.
fn carry_out(sandbox: &mut Sandbox, commands: &[LabelledCommand]) -> Result<Vec<Value>, (String, Failure)> {
    commands
        .iter()
        .map(|one| {
            let execution = sandbox.execute(&one.command, &patient()).unwrap();
            execution.outcome.map_err(|failure| (one.label.clone(), failure))
        })
        .collect()
}

/// A sandbox in which all of `blueprint` was carried out.
fn applied(blueprint: &Value, base: Option<&Path>) -> Sandbox {
    let mut sandbox = sandbox();
    let commands = compile(blueprint, base).unwrap();
    carry_out(&mut sandbox, &commands).unwrap();
    sandbox
}

/// The label and message of the step that fails.
fn failing(blueprint: &Value, base: Option<&Path>) -> (String, String) {
    let commands = compile(blueprint, base).unwrap();
    let (label, failure) = carry_out(&mut sandbox(), &commands).unwrap_err();
    (label, failure.message)
}

/// Code and path of every issue.
fn issues(blueprint: &Value) -> Vec<(&'static str, String)> {
    let told = |issue: Issue| match issue.code {
        Cow::Borrowed(code) => (code, issue.path),
        Cow::Owned(code) => panic!("{code} stands in no table"),
    };
    compile(blueprint, None).unwrap_err().into_iter().map(told).collect()
}

const PLUGIN: &str = "<?php\n/* Plugin Name: Greeter */\nregister_activation_hook(__FILE__, function () {\n\
    update_option('greeted', get_option('blueprint_activation_' . plugin_basename(__FILE__), 'plain'));\n});\n";

#[test]
fn files_are_made_written_copied_moved_and_removed() {
    let mut sandbox = applied(
        &steps(json!([
            { "step": "mkdir", "path": "/workspace/a/b" },
            { "step": "writeFile", "path": "/workspace/a/one.txt", "data": "one" },
            { "step": "writeFile", "path": "wp-content/two.txt", "data": { "resource": "literal", "name": "x", "contents": "two" } },
            { "step": "writeFiles", "writeToPath": "/workspace/tree", "filesTree": {
                "resource": "literal:directory", "name": "tree",
                "files": { "top.txt": "top", "deep": { "inner.txt": "inner" }, "by/path.txt": "path" },
            } },
            null,
            false,
            { "step": "cp", "fromPath": "/workspace/a/one.txt", "toPath": "/workspace/copy.txt", "progress": { "caption": "Copying", "weight": 2 } },
            { "step": "mv", "fromPath": "/workspace/tree/deep", "toPath": "/workspace/moved" },
            { "step": "rm", "path": "/workspace/a/one.txt" },
            { "step": "rmdir", "path": "/workspace/a/b" },
        ])),
        None,
    );
    let seen = value(
        &mut sandbox,
        "$read = fn ($path) => @file_get_contents($path);
        return [$read('/workspace/copy.txt'), $read('/wordpress/wp-content/two.txt'), $read('/workspace/tree/top.txt'),
            $read('/workspace/tree/by/path.txt'), $read('/workspace/moved/inner.txt'), file_exists('/workspace/tree/deep'),
            file_exists('/workspace/a/one.txt'), file_exists('/workspace/a/b'), is_dir('/workspace/a'), file_exists('/internal/content')];",
    );
    assert_eq!(seen, json!(["one", "two", "top", "path", "inner", false, false, false, true, false]));
}

#[test]
fn plugins_and_themes_are_installed_from_archives_directories_and_single_files() {
    let base = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = base.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write(
        "greeter.zip",
        &archive(&[("greeter/", b"", 0o040_755), ("greeter/greeter.php", PLUGIN.as_bytes(), 0o100_644)]),
    );
    write("themes/plain/style.css", b"/* Theme Name: Plain */");
    write("themes/plain/index.php", b"<?php");
    let mut sandbox = applied(
        &json!({
            "plugins": [{ "resource": "literal:directory", "name": "listed", "files": { "listed.php": PLUGIN } }],
            "steps": [
                { "step": "installPlugin", "pluginData": { "resource": "bundled", "path": "greeter.zip" }, "options": { "activationOptions": { "tone": "warm" } } },
                { "step": "installPlugin", "pluginData": { "resource": "literal", "name": "single.php", "contents": PLUGIN }, "options": { "activate": false, "targetFolderName": "lone" } },
                { "step": "installPlugin", "pluginZipFile": { "resource": "bundled", "path": "./greeter.zip" }, "ifAlreadyInstalled": "skip" },
                { "step": "installPlugin", "pluginData": { "resource": "vfs", "path": "/workspace/none.zip" }, "options": { "onError": "skip-plugin" } },
                { "step": "activatePlugin", "pluginPath": "/wordpress/wp-content/plugins/lone" },
                { "step": "installTheme", "themeData": { "resource": "bundled", "path": "themes/plain" }, "options": { "activate": false } },
                { "step": "activateTheme", "themeFolderName": "plain" },
            ],
        }),
        Some(base.path()),
    );
    let seen = value(
        &mut sandbox,
        "return [get_option('active_plugins'), get_option('greeted'), get_stylesheet(), count(get_option('blueprint_activation_greeter/greeter.php', []))];",
    );
    assert_eq!(seen[0], json!(["greeter/greeter.php", "listed/listed.php", "lone/single.php"]));
    assert_eq!(seen[1], json!("plain"), "the last activation had no options");
    assert_eq!((&seen[2], &seen[3]), (&json!("plain"), &json!(0)));
}

#[test]
fn a_plugin_finds_its_activation_options_and_one_that_is_there_can_be_an_error() {
    let directory =
        json!({ "resource": "literal:directory", "name": "greeter", "files": { "greeter.php": PLUGIN } });
    let install = |more: Value| {
        let mut step = json!({ "step": "installPlugin", "pluginData": directory });
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    let mut sandbox = applied(
        &steps(json!([install(json!({ "options": { "activationOptions": { "tone": "warm" } } }))])),
        None,
    );
    assert_eq!(value(&mut sandbox, "return get_option('greeted');"), json!({ "tone": "warm" }));
    let twice = steps(json!([install(json!({})), install(json!({ "ifAlreadyInstalled": "error" }))]));
    let (label, why) = failing(&twice, None);
    assert_eq!(label, "blueprint.installPlugin[1]");
    assert!(why.contains("installed already"), "{why}");
}

#[test]
fn a_site_gets_options_constants_meta_and_its_address() {
    let mut sandbox = applied(
        &json!({
            "$schema": "https://example.test/schema.json",
            "meta": { "title": "All", "author": "me" },
            "landingPage": "/wp-admin/",
            "preferredVersions": { "php": "8.3", "wp": "latest" },
            "features": { "networking": false },
            "extraLibraries": ["wp-cli"],
            "phpExtensionBundles": ["kitchen-sink"],
            "login": true,
            "siteOptions": { "blogname": "A blueprint" },
            "constants": { "MY_FLAG": true, "MY_NUMBER": 1.5 },
            "steps": [
                { "step": "setSiteOptions", "options": { "blogdescription": "said", "listed": ["a", { "b": 1 }] } },
                { "step": "defineWpConfigConsts", "consts": { "MY_TEXT": "it's \"text\"" }, "method": "define-before-run" },
                { "step": "defineSiteUrl", "siteUrl": "https://example.test/" },
                { "step": "updateUserMeta", "userId": 1, "meta": { "first_name": "Ad\\min" } },
                { "step": "login", "username": "admin", "password": "password" },
            ],
        }),
        None,
    );
    let seen = value(
        &mut sandbox,
        "return [get_option('blogname'), get_option('blogdescription'), get_option('listed'), MY_FLAG, MY_NUMBER, MY_TEXT,
            home_url('/x'), get_option('siteurl'), get_user_meta(1, 'first_name', true)];",
    );
    assert_eq!(
        seen,
        json!(["A blueprint", "said", ["a", { "b": 1 }], true, 1.5, "it's \"text\"", "https://example.test/x", "https://example.test", "Ad\\min"])
    );
}

#[test]
fn code_wp_cli_and_sql_run_and_data_is_reset() {
    let mut sandbox = applied(
        &steps(json!([
            { "step": "runPHP", "code": "<?php require_once '/wordpress/wp-load.php'; update_option('ran', 'php');" },
            { "step": "runPHP", "code": { "filename": "x.php", "content": "<?php update_option('ran_too', 'named');" } },
            { "step": "runPHPWithOptions", "options": {
                "code": "<?php update_option('with', [$_SERVER['REQUEST_URI'], $_GET['q'], getenv('WORD'), $_SERVER['HTTP_X_TEST'], $_SERVER['REQUEST_METHOD']]);",
                "relativeUri": "/page?q=1", "env": { "WORD": "up" }, "headers": { "X-Test": "yes" }, "method": "POST",
            } },
            { "step": "wp-cli", "command": "wp option update from_cli 'two words'" },
            { "step": "wp-cli", "command": ["post", "create", "--post_title=Made", "--post_status=publish"] },
            { "step": "runSql", "sql": { "resource": "literal", "name": "x.sql", "contents":
                "-- a dump; of sorts\n/*!40101 SET NAMES utf8mb4 */;\nLOCK TABLES `wp_options` WRITE;\n\
                INSERT INTO `wp_options` (option_name, option_value, autoload) VALUES ('one;', 'it''s; \\'quoted\\' -- no comment', 'no'), ('two', '# not; one', 'no');\n\
                # another\nDELIMITER //\nUPDATE wp_options SET option_value = 'by; delimiter' WHERE option_name = 'two'//\nDELIMITER ;\nUNLOCK TABLES" } },
            { "step": "resetData", "contentTypes": ["pages", "comments"] },
        ])),
        None,
    );
    let seen = value(
        &mut sandbox,
        "global $wpdb; $count = fn ($type) => (int) $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->posts WHERE post_type = '$type'\");
        return [get_option('ran'), get_option('ran_too'), get_option('with'), get_option('from_cli'), get_option('one;'), get_option('two'),
            $count('page'), $count('post') >= 2, (int) $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->comments\")];",
    );
    assert_eq!(
        seen,
        json!([
            "php",
            "named",
            ["/page?q=1", "1", "up", "yes", "POST"],
            "two words",
            "it's; 'quoted' -- no comment",
            "by; delimiter",
            0,
            true,
            0
        ])
    );
    let mut sandbox = applied(&steps(json!([{ "step": "resetData" }])), None);
    assert_eq!(
        value(
            &mut sandbox,
            "global $wpdb; return [(int) $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->posts\"), wp_insert_post(['post_title' => 'first'])];"
        ),
        json!([0, 1])
    );
}

#[test]
fn archives_are_unpacked_and_hostile_ones_are_not() {
    let base = tempfile::tempdir().unwrap();
    let unzip = |bytes: &[u8]| {
        std::fs::write(base.path().join("a.zip"), bytes).unwrap();
        steps(
            json!([{ "step": "unzip", "zipFile": { "resource": "bundled", "path": "a.zip" }, "extractToPath": "/workspace/out" }]),
        )
    };
    let good = unzip(&archive(&[("d/one.txt", b"one", 0o100_644), ("two.txt", b"two", 0)]));
    let mut sandbox = applied(&good, Some(base.path()));
    assert_eq!(
        value(
            &mut sandbox,
            "return [file_get_contents('/workspace/out/d/one.txt'), file_get_contents('/workspace/out/two.txt')];"
        ),
        json!(["one", "two"])
    );
    let bomb = vec![0_u8; 40 << 20];
    let hostile: [(&str, Vec<u8>, &str); 6] = [
        ("traversal", archive(&[("../evil.php", b"x", 0o100_644)]), "unsafe entry"),
        ("absolute", archive(&[("/evil.php", b"x", 0o100_644)]), "unsafe entry"),
        ("a link", archive(&[("link", b"/internal", 0o120_777)]), "unsafe entry"),
        ("a name twice", archive(&[("a", b"1", 0), ("a", b"2", 0)]), "unsafe entry"),
        ("a bomb", archive(&[("zeros", &bomb, 0)]), "more than it may"),
        ("no archive", b"PK and nothing".to_vec(), "not a zip archive"),
    ];
    for (what, bytes, expected) in hostile {
        let (label, why) = failing(&unzip(&bytes), Some(base.path()));
        assert_eq!(label, "blueprint.unzip[0]");
        assert!(why.contains(expected), "{what}: {why}");
    }
}

#[test]
fn a_failing_step_names_itself_and_ends_the_blueprint() {
    for (step, label) in [
        (json!({ "step": "rm", "path": "/workspace/none" }), "blueprint.rm[1]"),
        (json!({ "step": "rmdir", "path": "/workspace/none" }), "blueprint.rmdir[1]"),
        (json!({ "step": "cp", "fromPath": "/workspace/none", "toPath": "/workspace/x" }), "blueprint.cp[1]"),
        (
            json!({ "step": "writeFile", "path": "/wordpress/wp-load.php", "data": "" }),
            "blueprint.writeFile[1]",
        ),
        (json!({ "step": "activatePlugin", "pluginPath": "none/none.php" }), "blueprint.activatePlugin[1]"),
        (json!({ "step": "activateTheme", "themeFolderName": "none" }), "blueprint.activateTheme[1]"),
        (json!({ "step": "login", "username": "nobody" }), "blueprint.login[1]"),
        (json!({ "step": "updateUserMeta", "userId": 99, "meta": {} }), "blueprint.updateUserMeta[1]"),
        (json!({ "step": "runPHP", "code": "<?php throw new Exception('no');" }), "blueprint.runPHP[1]"),
        (json!({ "step": "wp-cli", "command": "no such" }), "blueprint.wp-cli[1]"),
        (
            json!({ "step": "runSql", "sql": { "resource": "literal", "name": "x", "contents": "SELECT 'open" } }),
            "blueprint.runSql[1]",
        ),
        (
            json!({ "step": "runSql", "sql": { "resource": "literal", "name": "x", "contents": "NOT SQL" } }),
            "blueprint.runSql[1]",
        ),
    ] {
        let (failed, _) =
            failing(&steps(json!([{ "step": "mkdir", "path": "/workspace/fine" }, step])), None);
        assert_eq!(failed, label);
    }
}

#[test]
fn a_link_inside_leads_no_step_to_the_sandbox_s_own_places() {
    let (label, why) = failing(
        &steps(json!([
            { "step": "runPHP", "code": "<?php symlink('/internal/codebox', '/workspace/link');" },
            { "step": "writeFile", "path": "/workspace/link/step.php", "data": "owned" },
        ])),
        None,
    );
    assert_eq!(label, "blueprint.writeFile[1]");
    assert!(why.contains("the sandbox itself needs"), "{why}");
}

#[test]
fn what_needs_the_network_or_is_unknown_is_refused_by_name_and_path() {
    let at = |rest: &str| format!("$.runtime.blueprint.{rest}");
    let refused = json!({
        "preferredVersions": { "php": "8.3", "wp": false },
        "features": { "intl": true },
        "plugins": ["hello-dolly", { "resource": "url", "url": "https://example.test/x.zip" }],
        "constants": { "DB_DIR": "/tmp", "no name": 1 },
        "steps": [
            { "step": "installTheme", "themeData": { "resource": "wordpress.org/themes", "slug": "twentyten" } },
            { "step": "setSiteLanguage", "language": "de_DE" },
            { "step": "enableMultisite" },
            { "step": "juggle" },
            { "step": "mkdir", "path": "/workspace", "extra": 1 },
            { "step": "mkdir" },
            { "step": "writeFiles", "writeToPath": "/workspace", "filesTree": { "resource": "git:directory", "url": "https://example.test/r", "ref": "HEAD" } },
            "login",
            { "step": "installPlugin", "pluginData": { "resource": "vfs", "path": "/tmp/x.zip" }, "options": { "activate": "yes" } },
            { "step": "runPHPWithOptions", "options": { "code": "<?php", "body": "x" } },
            { "step": "wp-cli", "command": "post 'open" },
        ],
    });
    assert_eq!(
        issues(&refused),
        [
            ("unsupported-blueprint-field", at("preferredVersions.wp")),
            ("unsupported-blueprint-field", at("features.intl")),
            ("unsupported-blueprint-resource", at("plugins[0]")),
            ("unsupported-blueprint-resource", at("plugins[1].pluginData")),
            ("invalid-blueprint", at("constants.consts.DB_DIR")),
            ("unsupported-blueprint-resource", at("steps[0].themeData")),
            ("unsupported-blueprint-step", at("steps[1].step")),
            ("unsupported-blueprint-step", at("steps[2].step")),
            ("unsupported-blueprint-step", at("steps[3].step")),
            ("invalid-blueprint", at("steps[4].extra")),
            ("invalid-blueprint", at("steps[5].path")),
            ("unsupported-blueprint-resource", at("steps[6].filesTree")),
            ("invalid-blueprint", at("steps[7]")),
            ("invalid-blueprint", at("steps[8].options.activate")),
            ("invalid-blueprint", at("steps[9].options.body")),
            ("invalid-blueprint", at("steps[10].command")),
        ]
    );
    assert_eq!(issues(&json!({ "unknown": 1 })), [("invalid-blueprint", at("unknown"))]);
    let positional = json!({ "step": "installPlugin", "pluginData": { "resource": "vfs", "path": "/tmp/x" }, "options": [false] });
    assert_eq!(issues(&steps(json!([positional]))), [("invalid-blueprint", at("steps[0].options"))]);
    assert_eq!(issues(&json!([])), [("invalid-blueprint", "$.runtime.blueprint".to_owned())]);
    for (name, _) in blueprint::refused_steps() {
        assert_eq!(issues(&steps(json!([{ "step": name }])))[0].0, "unsupported-blueprint-step", "{name}");
    }
    let many = vec![json!({ "step": "login" }); blueprint::MAX_STEPS + 1];
    assert_eq!(issues(&steps(json!(many))), [("invalid-blueprint", at("steps"))]);
}

#[test]
fn paths_that_leave_or_touch_the_sandbox_s_own_are_refused() {
    for path in [
        "",
        "..",
        "/workspace/../internal",
        "a/../../b",
        "/internal",
        "/internal/codebox/step.php",
        "//internal//x",
        "/./request",
        "/wordpress/wp-config.php",
        "wp-config.php",
        "wp-content/db.php",
        "wp-content/mu-plugins/0-wp-codebox-components.php",
        "/workspace/nul\0",
        "/dev/null",
        "/proc/self",
    ] {
        let found = issues(&steps(json!([{ "step": "writeFile", "path": path, "data": "x" }])));
        assert_eq!(
            found,
            [("invalid-blueprint-path", "$.runtime.blueprint.steps[0].path".to_owned())],
            "{path:?}"
        );
    }
    for path in
        ["/", "/wordpress", "/wordpress/", "wp-content", "/wordpress/wp-content/mu-plugins", "/workspace"]
    {
        let found = issues(&steps(json!([{ "step": "rmdir", "path": path }])));
        assert_eq!(found[0].0, "invalid-blueprint-path", "{path:?}");
    }
    let tree = |name: &str| {
        let files = json!({ name: "x" });
        steps(
            json!([{ "step": "writeFiles", "writeToPath": "/workspace", "filesTree": { "resource": "literal:directory", "name": "t", "files": files } }]),
        )
    };
    for name in ["..", "../x", "/x", "a/../../x", "a\0b", "", "."] {
        assert_eq!(issues(&tree(name))[0].0, "invalid-blueprint-path", "{name:?}");
    }
}

#[test]
fn bundled_files_stay_beside_the_recipe() {
    let outside = tempfile::tempdir().unwrap();
    let base = outside.path().join("recipe");
    std::fs::create_dir_all(base.join("tree")).unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", base.join("link")).unwrap();
    std::os::unix::fs::symlink("../../secret", base.join("tree/link")).unwrap();
    let code = |path: &str, base: Option<&Path>| {
        let step = json!({ "step": "writeFile", "path": "/workspace/x", "data": { "resource": "bundled", "path": path } });
        compile(&steps(json!([step])), base).unwrap_err()[0].code.clone()
    };
    for (path, expected) in [
        ("../secret", "invalid-blueprint-resource"),
        ("link", "invalid-blueprint-resource"),
        ("tree", "invalid-blueprint-resource"),
        ("/etc/passwd", "invalid-blueprint-resource"),
        ("none", "missing-blueprint-resource"),
    ] {
        assert_eq!(code(path, Some(&base)), expected, "{path}");
    }
    assert_eq!(code("x", None), "missing-blueprint-resource");
    let huge = std::fs::File::create(base.join("huge")).unwrap();
    huge.set_len(101 << 20).unwrap();
    assert_eq!(code("huge", Some(&base)), "unbounded-blueprint-resource");
}

#[test]
fn the_blueprint_of_a_bundle_gives_its_files_back() {
    use support::bundle::{draft, json as read_json, room};
    use support::tree::{text, tree};
    let room = room();
    let before = tree([("gone.txt", text("gone")), ("kept.txt", text("old"))]);
    let after = tree([("kept.txt", text("new\n")), ("deep/made.php", text("<?php // 'made'"))]);
    let stored = room.store.write(draft("session", &before, &after)).unwrap();
    let blueprint = read_json(&room.root().join(&stored.bundle.id).join("blueprint.after.json"));
    let mut sandbox = sandbox();
    value(
        &mut sandbox,
        "file_put_contents('/workspace/gone.txt', 'gone'); file_put_contents('/workspace/kept.txt', 'old');",
    );
    carry_out(&mut sandbox, &compile(&blueprint, None).unwrap()).unwrap();
    assert_eq!(
        value(
            &mut sandbox,
            "return [file_exists('/workspace/gone.txt'), file_get_contents('/workspace/kept.txt'), file_get_contents('/workspace/deep/made.php')];"
        ),
        json!([false, "new\n", "<?php // 'made'"])
    );
}

#[test]
fn fixture_databases_and_users_are_there_before_the_workflow() {
    let mut sandbox = sandbox();
    let database: document::FixtureDatabase = serde_json::from_value(json!({
        "name": "orders", "version": "1", "source": "orders.sql", "reset": { "tables": ["wp_comments"] },
    }))
    .unwrap();
    let sql = b"DROP TABLE IF EXISTS `wp_orders`;\nCREATE TABLE `wp_orders` (`id` bigint unsigned NOT NULL AUTO_INCREMENT, `note` longtext, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\nINSERT INTO `wp_orders` VALUES (7,'a;b'),(8,'c');";
    let import =
        fixture::compile_database(&database, sql.as_slice().into(), "$.inputs.fixtureDatabases[0]").unwrap();
    assert_eq!(import.command.label, "fixture-database.import:orders");
    let values = carry_out(&mut sandbox, &[import.command]).unwrap();
    let result = fixture::DatabaseResult::of(&database, import.source_sha256, &values[0]);
    assert_eq!((result.counts.statements, result.counts.truncated), (3, 1));
    assert_eq!(
        value(
            &mut sandbox,
            "global $wpdb; return [$wpdb->get_col('SELECT note FROM wp_orders ORDER BY id'), (int) $wpdb->get_var('SELECT COUNT(*) FROM wp_comments')];"
        ),
        json!([["a;b", "c"], 0])
    );
    let mut bad = database.clone();
    bad.reset.tables = vec!["wp_options`; DROP".to_owned()];
    let issue = fixture::compile_database(&bad, sql.as_slice().into(), "$.x").unwrap_err();
    assert_eq!(
        (issue.code.as_ref(), issue.path.as_str()),
        ("invalid-fixture-reset-table", "$.x.reset.tables[0]")
    );

    let user: document::FixtureUser = serde_json::from_value(json!({
        "name": "editor", "userId": 40, "role": "editor", "password": "correct horse battery", "displayName": "Ed",
    }))
    .unwrap();
    let command = fixture::compile_user(&user);
    assert!(!format!("{:?} {:?}", command, command.command.arguments()).contains("correct horse"));
    carry_out(&mut sandbox, std::slice::from_ref(&command)).unwrap();
    let seen = value(
        &mut sandbox,
        "$user = get_user_by('login', 'editor'); return [$user->ID, $user->roles, $user->display_name, $user->user_email,
            is_wp_error(wp_authenticate('editor', 'correct horse battery'))];",
    );
    assert_eq!(seen, json!([40, ["editor"], "Ed", "editor@example.org", false]));
    // Once more: the same user.
    let again = carry_out(&mut sandbox, &[command]).unwrap();
    assert_eq!(again[0]["created"], json!(false));
}

#[test]
fn a_password_is_in_no_record() {
    let user: document::FixtureUser =
        serde_json::from_value(json!({ "name": "u", "password": "correct horse battery" })).unwrap();
    let execution = sandbox().execute(&fixture::compile_user(&user).command, &patient()).unwrap();
    assert!(execution.outcome.is_ok());
    assert!(!format!("{execution:?}").contains("correct horse"));
}

#[test]
fn every_step_counts_as_a_command_of_the_policy() {
    let commands =
        compile(&steps(json!([{ "step": "login" }, { "step": "wp-cli", "command": "option list" }])), None)
            .unwrap();
    let names: Vec<_> = commands.iter().map(|one| one.command.name()).collect();
    assert_eq!(names, ["wordpress.run-php", "wordpress.wp-cli"]);
    assert!(matches!(commands[0].command, Command::Content(_)));
}

#[test]
fn what_a_blueprint_needs_is_known_without_compiling_it() {
    for (blueprint, expected) in [
        (json!({}), vec!["wordpress.run-php"]),
        (json!({ "siteOptions": { "a": "b" } }), vec!["wordpress.run-php"]),
        (
            steps(json!([{ "step": "wp-cli", "command": "option list" }])),
            vec!["wordpress.run-php", "wordpress.wp-cli"],
        ),
    ] {
        let needed = blueprint::needed_commands(blueprint.as_object().unwrap());
        assert_eq!(needed.iter().copied().collect::<Vec<_>>(), expected, "{blueprint}");
        for one in compile(&blueprint, None).unwrap() {
            assert!(one.command.policy_commands().iter().all(|id| needed.contains(id)), "{}", one.label);
        }
    }
}

#[test]
fn the_guide_names_every_step() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/blueprints.md")).unwrap();
    let (supported, refused) = guide.split_once("\nRefused:").unwrap();
    for name in blueprint::supported_steps() {
        assert!(supported.contains(&format!("`{name}`")), "{name}");
    }
    for (name, _) in blueprint::refused_steps() {
        assert!(refused.split_once("\n\n").unwrap().0.contains(&format!("`{name}`")), "{name}");
    }
}

/// JSON that is a blueprint more or less.
fn almost_a_blueprint() -> impl Strategy<Value = Value> {
    let names: Vec<&'static str> = blueprint::supported_steps().chain(["juggle"]).collect();
    let field = prop::sample::select(vec![
        "path",
        "fromPath",
        "toPath",
        "data",
        "code",
        "options",
        "consts",
        "sql",
        "pluginData",
        "themeData",
        "zipFile",
        "extractToPath",
        "filesTree",
        "writeToPath",
        "command",
        "resource",
        "name",
        "contents",
        "files",
        "progress",
        "meta",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "../x",
            "/internal",
            "a\0b",
            "vfs",
            "literal",
            "bundled",
            "zip",
            "literal:directory"
        ])
        .prop_map(Value::from),
    ];
    let inner = leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(field.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let step = (prop::sample::select(names), inner.clone()).prop_map(|(name, fields)| {
        let mut step = fields.as_object().cloned().unwrap_or_default();
        step.insert("step".into(), name.into());
        Value::Object(step)
    });
    prop_oneof![prop::collection::vec(step, 0..6).prop_map(|list| steps(Value::from(list))), inner]
}

proptest! {
    #[test]
    fn no_blueprint_makes_the_parser_panic(value in almost_a_blueprint()) {
        if let Err(issues) = compile(&value, None) {
            prop_assert!(!issues.is_empty());
            prop_assert!(issues.iter().all(|issue| issue.path.starts_with("$.runtime.blueprint") && !issue.message.is_empty()));
        }
    }
}
