//! What a capture of WordPress's state holds, and what it leaves out.

mod support;

use serde_json::{Value, json};
use support::command::{arguments, execute, mount, sandbox};
use wp_codebox::sandbox::{Command, Execution, Sandbox};

fn capture(sandbox: &mut Sandbox, asked: Value) -> Execution {
    execute(sandbox, "wordpress.capture-state-bundle", asked)
}

fn captured(sandbox: &mut Sandbox, arguments: Value) -> Value {
    capture(sandbox, arguments).outcome.unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn table<'a>(capture: &'a Value, name: &str) -> Option<&'a Value> {
    capture["snapshot"]["database"]["tables"].as_array().unwrap().iter().find(|table| table["name"] == name)
}

/// The rows as objects.
fn rows(capture: &Value, name: &str) -> Vec<Value> {
    let table = table(capture, name).unwrap_or_else(|| panic!("{name}"));
    let columns: Vec<&str> =
        table["columns"].as_array().unwrap().iter().map(|column| column.as_str().unwrap()).collect();
    let row = |row: &Value| {
        columns
            .iter()
            .zip(row.as_array().unwrap())
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    table["rows"].as_array().unwrap().iter().map(row).collect()
}

fn paths(capture: &Value) -> Vec<&str> {
    capture["snapshot"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect()
}

#[test]
fn a_capture_has_the_database_and_what_was_added_to_wp_content() {
    let mut sandbox = sandbox(Vec::new());
    let untouched = captured(&mut sandbox, json!({}));
    assert_eq!(paths(&untouched), Vec::<&str>::new(), "the host's own files are no state");
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WP_CONTENT_DIR . '/uploads/2026');
         file_put_contents(WP_CONTENT_DIR . '/uploads/2026/a.txt', 'text');
         file_put_contents(WP_CONTENT_DIR . '/uploads/b.bin', \"\\xff\\x00\");
         wp_mkdir_p(WP_PLUGIN_DIR . '/p'); file_put_contents(WP_PLUGIN_DIR . '/p/p.php', '<?php /* Plugin Name: P */');
         activate_plugin('p/p.php'); update_option('colour', \"gr\u{fc}n\");
         global $wpdb; $wpdb->query(\"CREATE TABLE {$wpdb->prefix}own (id int, data blob)\");
         return wp_insert_post(['post_title' => 'Captured', 'post_status' => 'publish', 'post_type' => 'page', 'meta_input' => ['k' => 'v']]);",
    );
    let capture = captured(&mut sandbox, json!({ "label": "after" }));
    assert_eq!(capture["schema"], "wp-codebox/wordpress-state-bundle-capture/v1");
    assert_eq!(
        (&capture["label"], &capture["snapshot"]["schema"], &capture["snapshot"]["version"]),
        (&json!("after"), &json!("wp-codebox/wordpress-runtime-snapshot/v1"), &json!(1))
    );
    assert_eq!(paths(&capture), ["plugins/p/p.php", "uploads/2026/a.txt", "uploads/b.bin"]);
    let files = &capture["snapshot"]["files"];
    assert_eq!(
        (&files[1]["encoding"], &files[1]["content"], &files[1]["size"]),
        (&json!("utf-8"), &json!("text"), &json!(4))
    );
    assert_eq!((&files[2]["encoding"], &files[2]["content"]), (&json!("base64"), &json!("/wA=")));
    assert_eq!(files[1]["sha256"], "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1");
    let option = |name: &str| {
        rows(&capture, "wp_options").into_iter().find(|row| row["option_name"] == name).unwrap()["option_value"].clone()
    };
    assert_eq!((option("colour"), option("blogname")), (json!("gr\u{fc}n"), json!("WP Codebox")));
    assert!(rows(&capture, "wp_posts").iter().any(|row| row["post_title"] == "Captured"));
    assert!(table(&capture, "wp_own").unwrap()["create"].as_str().unwrap().contains("CREATE TABLE"));
    let metadata = &capture["snapshot"]["metadata"];
    assert_eq!((&metadata["activePlugins"], &metadata["tablePrefix"]), (&json!(["p/p.php"]), &json!("wp_")));
    assert!(metadata["runtime"]["phpVersion"].as_str().unwrap().starts_with("8."));
    assert_eq!(capture["summary"]["files"], 3);
    // Digests cover what is there: the same state, the same digests.
    let again = captured(&mut sandbox, json!({}));
    assert_eq!(again["snapshot"]["hashes"]["files"], capture["snapshot"]["hashes"]["files"]);
    assert_ne!(untouched["snapshot"]["hashes"], capture["snapshot"]["hashes"]);
    assert_ne!(again["snapshot"]["id"], capture["snapshot"]["id"]);
}

#[test]
fn a_capture_holds_no_more_than_was_asked_for() {
    let mut sandbox = sandbox(Vec::new());
    support::site::value(
        &mut sandbox,
        "foreach (['uploads/keep/a', 'uploads/drop/b', 'cache/c'] as $file) { $path = WP_CONTENT_DIR . '/' . $file; wp_mkdir_p(dirname($path)); file_put_contents($path, 'x'); }
         return wp_insert_post(['post_title' => 'A page', 'post_status' => 'publish', 'post_type' => 'page', 'meta_input' => ['k' => 'v']]);",
    );
    let narrow = captured(
        &mut sandbox,
        json!({ "snapshot-include-wp-content": ["uploads"], "snapshot-exclude-wp-content": "uploads/drop/",
            "snapshot-database-tables": "options, posts,postmeta", "snapshot-option-names": ["blogname"], "snapshot-post-types": ["page"] }),
    );
    assert_eq!(paths(&narrow), ["uploads/keep/a"]);
    let tables: Vec<&Value> = narrow["snapshot"]["database"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| &table["name"])
        .collect();
    assert_eq!(tables.len(), 3, "{tables:?}");
    assert_eq!(rows(&narrow, "wp_options").len(), 1);
    assert!(rows(&narrow, "wp_posts").iter().all(|row| row["post_type"] == "page"));
    assert!(rows(&narrow, "wp_postmeta").iter().any(|row| row["meta_key"] == "k"));
    let without = captured(&mut sandbox, json!({ "snapshot-exclude-database-tables": "wp_users,usermeta" }));
    assert!(
        table(&without, "wp_users").is_none()
            && table(&without, "wp_usermeta").is_none()
            && table(&without, "wp_posts").is_some()
    );
    let failure =
        capture(&mut sandbox, json!({ "snapshot-database-tables": "wp_none; DROP TABLE wp_posts" }))
            .outcome
            .unwrap_err();
    assert_eq!(failure.data["code"], "state_no_table");
    // What comes from the caller is a value, whatever it looks like.
    let hostile = captured(
        &mut sandbox,
        json!({ "snapshot-option-names": ["') OR 1=1 -- "], "snapshot-post-types": ["'; DELETE FROM wp_posts; --"] }),
    );
    assert_eq!((rows(&hostile, "wp_options").len(), rows(&hostile, "wp_posts").len()), (0, 0));
    assert!(rows(&captured(&mut sandbox, json!({})), "wp_posts").len() > 1);
}

#[test]
fn a_state_that_is_too_large_is_refused_with_the_remedy() {
    let mut sandbox = sandbox(Vec::new());
    support::site::value(
        &mut sandbox,
        "for ($i = 0; $i < 10; $i++) { update_option(\"large$i\", str_repeat('x', 1 << 20), false); }",
    );
    let failure = capture(&mut sandbox, json!({})).outcome.unwrap_err();
    assert_eq!(failure.data["code"], "state_too_large");
    assert!(failure.message.contains("snapshot-database-tables"), "{}", failure.message);
    captured(&mut sandbox, json!({ "snapshot-option-names": "blogname" }));
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WP_CONTENT_DIR . '/uploads'); return file_put_contents(WP_CONTENT_DIR . '/uploads/large', str_repeat('x', 17 << 20));",
    );
    let execution = capture(&mut sandbox, json!({ "snapshot-option-names": "blogname" }));
    assert!(execution.outcome.unwrap_err().message.contains("snapshot-exclude-wp-content"));
    assert_eq!(execution.record.exit_code, 1);
    captured(
        &mut sandbox,
        json!({ "snapshot-option-names": "blogname", "snapshot-exclude-wp-content": "uploads" }),
    );
}

#[test]
fn mounts_are_no_part_of_the_state() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("m.php"), "<?php /* Plugin Name: M */").unwrap();
    let mut sandbox = sandbox(vec![mount(root.path(), "/wordpress/wp-content/plugins/m", true)]);
    support::site::value(&mut sandbox, "return file_put_contents(WP_PLUGIN_DIR . '/m/new.php', 'x');");
    assert_eq!(paths(&captured(&mut sandbox, json!({}))), Vec::<&str>::new());
}

#[test]
fn a_capture_asks_nobody_when_only_writing_is_asked_about() {
    assert!(!Command::parse("wordpress.capture-state-bundle", arguments(json!({}))).unwrap().can_write());
}
