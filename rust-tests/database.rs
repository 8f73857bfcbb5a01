//! What a sandbox did to its database, read off files that SQLite itself wrote.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;
use support::php::Php;
use wp_codebox::artifact::{
    DatabaseChanges, DatabaseStatus, Found, Redactor, RowStatus, Secret, TableStatus,
};
use wp_codebox::contract::DatabaseFiles;

const SECRET: &str = "s3cr3t-Zx9Qw7Lm5Kp2";

/// Two databases: `before` makes one, `after` goes on from there. Both run with `$db`, a PDO.
fn files(before: &str, after: &str) -> DatabaseFiles {
    let mut php = Php::boot();
    let open =
        "$db = new PDO('sqlite:/tmp/a.sqlite', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);";
    assert_eq!(
        php.run(&format!("{open} {before} $db = $add = null; copy('/tmp/a.sqlite', '/tmp/b.sqlite');")),
        ""
    );
    assert_eq!(
        php.run(&format!(
            "{open} {after}
            // As they are while the database is open: a log is still beside it.
            copy('/tmp/a.sqlite', '/tmp/c.sqlite');
            is_file('/tmp/a.sqlite-wal') ? copy('/tmp/a.sqlite-wal', '/tmp/c.sqlite-wal') : touch('/tmp/c.sqlite-wal');"
        )),
        ""
    );
    let read = |path: &str| php.guest.vfs().host_read(path, 64 << 20).unwrap();
    DatabaseFiles {
        before: read("/tmp/b.sqlite"),
        after: read("/tmp/c.sqlite"),
        after_log: read("/tmp/c.sqlite-wal"),
    }
}

fn changes(before: &str, after: &str) -> DatabaseChanges {
    DatabaseChanges::of(&files(before, after), &redactor(), &mut Found::default())
}

fn redactor() -> Redactor {
    Redactor::new(&[Secret::new("API_KEY", SECRET).unwrap()])
}

const OPTIONS: &str = "$db->exec('CREATE TABLE `wp_options` (
    `option_id` INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- the key, and more
    `option_name` TEXT COLLATE NOCASE NOT NULL DEFAULT \\'a,b(c\\',
    \"option value\" TEXT, amount REAL, data BLOB,
    CONSTRAINT once UNIQUE (`option_name`))');
    $add = $db->prepare('INSERT INTO wp_options VALUES (?, ?, ?, ?, ?)');
    foreach ([1, 2, 3] as $id) { $add->execute([$id, \"name$id\", \"value $id\", $id / 2, null]); }";

#[test]
fn rows_that_came_changed_and_went() {
    let changes = changes(
        OPTIONS,
        "$db->exec(\"UPDATE wp_options SET `option value` = 'new' WHERE option_id = 2\");
        $db->exec('DELETE FROM wp_options WHERE option_id = 1');
        $db->exec(\"INSERT INTO wp_options VALUES (-7, 'fourth', 'ünï', 1.25, x'00ff')\");",
    );
    assert_eq!(changes.status, DatabaseStatus::Changed);
    assert_eq!(
        serde_json::to_value(changes.summary).unwrap(),
        json!({ "tables": 1, "added": 1, "changed": 1, "removed": 1 })
    );
    assert_eq!(changes.tables.len(), 1);
    let digest = wp_codebox::contract::digest_hex([&[0u8, 255][..]]);
    assert_eq!(
        serde_json::to_value(&changes.tables[0].rows).unwrap(),
        json!([
            { "change": "added", "key": -7, "after": {
                "option_id": -7, "option_name": "fourth", "option value": "ünï", "amount": 1.25,
                "data": { "bytes": 2, "sha256": digest },
            } },
            { "change": "removed", "key": 1, "before": {
                "option_id": 1, "option_name": "name1", "option value": "value 1", "amount": 0.5, "data": null,
            } },
            { "change": "changed", "key": 2, "before": { "option value": "value 2" }, "after": { "option value": "new" } },
        ])
    );
}

#[test]
fn what_is_as_before_is_not_told() {
    let same = changes(OPTIONS, "$db->exec('UPDATE wp_options SET amount = amount'); $db->exec('ANALYZE');");
    assert_eq!((same.status, same.tables.len()), (DatabaseStatus::Unchanged, 0));
    let untouched = changes(OPTIONS, "");
    assert_eq!((untouched.status, untouched.reason), (DatabaseStatus::Unchanged, None));
}

#[test]
fn tables_that_came_and_went() {
    let changes = changes(
        &format!(
            "{OPTIONS} $db->exec('CREATE TABLE old (a)'); $db->exec('INSERT INTO old VALUES (1), (2)');"
        ),
        "$db->exec('DROP TABLE old');
        $db->exec('CREATE TABLE empty (a, PRIMARY KEY (a))');
        $db->exec('CREATE TABLE \"new\" (id INTEGER, \"sp ace\" TEXT, PRIMARY KEY (id))');
        $db->exec(\"INSERT INTO new VALUES (9, 'x')\");
        $db->exec('CREATE TABLE _wp_sqlite_own (a)');",
    );
    let told: Vec<_> =
        changes.tables.iter().map(|t| (t.name.as_str(), t.status, t.added, t.removed)).collect();
    assert_eq!(
        told,
        [
            ("empty", TableStatus::Created, 0, 0),
            ("new", TableStatus::Created, 1, 0),
            ("old", TableStatus::Dropped, 0, 2),
        ]
    );
    assert_eq!(changes.tables[1].rows[0].after, json!({ "id": 9, "sp ace": "x" }).as_object().cloned());
}

#[test]
fn the_write_ahead_log_counts() {
    let files = files(
        &format!("$db->exec('PRAGMA journal_mode = WAL'); {OPTIONS}"),
        "$db->exec('PRAGMA wal_autocheckpoint = 0');
        $db->exec(\"UPDATE wp_options SET option_name = 'logged' WHERE option_id = 3\");
        $db->beginTransaction();
        $db->exec(\"UPDATE wp_options SET option_name = 'never committed' WHERE option_id = 1\");",
    );
    assert!(!files.after_log.is_empty(), "nothing is in the log");
    let changes = DatabaseChanges::of(&files, &redactor(), &mut Found::default());
    assert_eq!(changes.summary.changed, 1);
    assert_eq!(changes.tables[0].rows[0].after, json!({ "option_name": "logged" }).as_object().cloned());
}

#[test]
fn one_row_among_many_and_rows_longer_than_a_page() {
    let changes = changes(
        &format!(
            "{OPTIONS} $db->beginTransaction();
            for ($id = 10; $id < 20010; $id++) {{ $add->execute([$id, \"n$id\", str_repeat('x', $id % 50), 0, null]); }}
            $add->execute([30000, 'long', str_repeat('long ', 20000), 0, str_repeat(\"\\x01\", 70000)]);
            $db->commit();"
        ),
        "$db->exec(\"UPDATE wp_options SET `option value` = 'changed' WHERE option_id = 12345\");
        $db->exec(\"UPDATE wp_options SET `option value` = `option value` || 'end' WHERE option_id = 30000\");",
    );
    assert_eq!((changes.summary.changed, changes.summary.added, changes.summary.removed), (2, 0, 0));
    let rows = &changes.tables[0].rows;
    assert_eq!(rows[0].key, 12345);
    // They differ behind what is shown.
    let shown = |row: &Option<serde_json::Map<String, Value>>| {
        row.as_ref().unwrap()["option value"].as_str().unwrap().to_owned()
    };
    assert!(shown(&rows[1].before).ends_with("… (97952 bytes more)"), "{}", shown(&rows[1].before));
    assert!(shown(&rows[1].after).ends_with("… (97955 bytes more)"));
    assert!(!rows[1].after.as_ref().unwrap().contains_key("data"));
}

#[test]
fn what_is_too_much_is_counted() {
    let changes = changes(
        OPTIONS,
        "$db->beginTransaction();
        for ($id = 10; $id < 1010; $id++) { $add = $add ?? $db->prepare('INSERT INTO wp_options VALUES (?, ?, ?, 0, null)');
            $add->execute([$id, \"n$id\", 'x']); }
        $db->commit();",
    );
    assert_eq!(
        (changes.summary.added, changes.tables[0].rows.len(), changes.tables[0].omitted_rows),
        (1000, 100, 900)
    );
}

#[test]
fn secrets_are_taken_out_before_texts_are_cut() {
    let changes = changes(
        OPTIONS,
        &format!(
            "$add = $db->prepare('INSERT INTO wp_options VALUES (?, ?, ?, 0, ?)');
            $add->execute([5, 'key', '{SECRET}', null]);
            $add->execute([6, '{SECRET}', str_repeat('-', 2040) . '{SECRET}', gzencode('{SECRET}')]);
            $add->execute([7, 'json', json_encode(['a' => base64_encode('u:{SECRET}')]), null]);"
        ),
    );
    let shown = serde_json::to_string(&changes).unwrap();
    for part in ["s3cr3t", "Zx9Qw7", "Lm5Kp2"] {
        assert!(!shown.contains(part), "{shown}");
    }
    assert_eq!(changes.tables[0].rows[0].change, RowStatus::Added);
    assert_eq!(
        changes.tables[0].rows[0].after.as_ref().unwrap()["option value"],
        "[REDACTED:configured-secret-value]"
    );
    assert_eq!(changes.tables[0].rows[1].after.as_ref().unwrap()["data"].get("sha256"), None);
}

#[test]
fn what_cannot_be_read_is_said() {
    let unreadable = |files: &DatabaseFiles| {
        let changes = DatabaseChanges::of(files, &redactor(), &mut Found::default());
        assert_eq!(changes.status, DatabaseStatus::Unavailable);
        changes.reason.unwrap()
    };
    let good = files(OPTIONS, "$db->exec('DELETE FROM wp_options');");
    assert!(unreadable(&DatabaseFiles { after: Vec::new(), ..good.clone() }).contains("no database"));
    assert!(unreadable(&DatabaseFiles { after: b"<?php".repeat(100), ..good.clone() }).contains("damaged"));
    let changes = changes(OPTIONS, "$db->exec('CREATE TABLE odd (a PRIMARY KEY) WITHOUT ROWID');");
    assert_eq!(changes.tables[0].reason.as_deref(), Some("tables WITHOUT ROWID are not read"));
    let utf16 = files(
        "$db->exec('PRAGMA encoding = \"UTF-16\"'); $db->exec('CREATE TABLE a (b)');",
        "$db->exec('DROP TABLE a');",
    );
    assert!(unreadable(&utf16).contains("UTF-8"));
}

fn good() -> &'static DatabaseFiles {
    static FILES: OnceLock<DatabaseFiles> = OnceLock::new();
    FILES.get_or_init(|| {
        files(
            &format!("{OPTIONS} $add->execute([9, 'long', str_repeat('x', 9000), 1, null]);"),
            "$db->exec('PRAGMA journal_mode = WAL'); $db->exec('PRAGMA wal_autocheckpoint = 0');
            $db->exec(\"UPDATE wp_options SET option_name = option_name || 'x'\");",
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_harm_nobody(
        bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        log in any::<bool>(),
    ) {
        let mut files = good().clone();
        let harmed = if log { &mut files.after_log } else { &mut files.after };
        for (at, byte) in bytes {
            let at = at.index(harmed.len());
            harmed[at] = byte;
        }
        if let Some(cut) = cut {
            let len = cut.index(harmed.len());
            harmed.truncate(len);
        }
        let changes = DatabaseChanges::of(&files, &redactor(), &mut Found::default());
        prop_assert!(serde_json::to_vec(&changes).unwrap().len() < 8 << 20);
    }
}
