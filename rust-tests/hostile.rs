//! Bundles that were made to do harm, one attack a test. Each is tried twice: as what somebody imports,
//! and as what lies in the store already, which every operation that trusts a bundle must notice.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use support::bundle::{Room, draft, files, json as read, room};
use support::forge::{edit, reseal, seal};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{ImportOperation, ImportRequest, ListQuery, VerifyQuery};

/// A file beside the store that nobody may touch, and its content.
const WITNESS: (&str, &str) = ("witness", "as it was\n");

/// A store with one bundle, beside a witness.
fn site() -> (Room, String) {
    let room = room();
    fs::write(room.dir.path().join(WITNESS.0), WITNESS.1).unwrap();
    let after = tree([("x.php", text("<?php\n")), ("dir/y.txt", text("y\n"))]);
    let id = room.store.write(draft("a", &Tree::new(), &after)).unwrap().bundle.id;
    (room, id)
}

fn outside(room: &Room) -> Vec<String> {
    files(room.dir.path()).into_iter().filter(|name| !name.starts_with("artifacts/")).collect()
}

/// Spoils the bundle outside of a store, and imports it.
fn imported(spoil: &dyn Fn(&Path)) {
    let (room, id) = site();
    let source = room.dir.path().join("source");
    fs::rename(room.root().join(&id), &source).unwrap();
    spoil(&source);
    let before = outside(&room);
    for replace in [false, true] {
        let request =
            ImportRequest { source_bundle_path: Some(source.clone()), replace, ..Default::default() };
        room.store.import(&request, ImportOperation::Import).unwrap_err();
    }
    let left: Vec<String> = files(&room.root()).into_iter().filter(|name| name != ".index").collect();
    assert_eq!(left, [".htaccess", "index.php", "web.config"]);
    assert_eq!(outside(&room), before);
    assert_eq!(fs::read_to_string(room.dir.path().join(WITNESS.0)).unwrap(), WITNESS.1);
}

/// Spoils the bundle in the store, and does everything with it.
fn stored(spoil: &dyn Fn(&Path)) {
    let (room, id) = site();
    let good = room.store.write(draft("good", &Tree::new(), &tree([("g", text("g\n"))]))).unwrap().bundle.id;
    spoil(&room.root().join(&id));
    let before = outside(&room);
    assert!(room.store.verified(&id).is_err(), "it is trusted");
    let report = room.store.verify_all(&VerifyQuery::default(), &[]).unwrap();
    assert!(!report.valid || report.checked == 1, "{report:#?}");
    // These read it as it is, or say why they cannot; the other bundle is there in any case.
    let _ = (room.store.get(&id), room.store.get_strict(&id), room.store.inspect(&id));
    let listed = serde_json::to_value(room.store.list(&ListQuery::default()).unwrap()).unwrap();
    assert!(listed["artifacts"].as_array().unwrap().iter().any(|row| row["id"] == json!(good)));
    room.store.verified(&good).unwrap();
    let _ = room.store.discard(&id);
    assert_eq!(outside(&room), before);
    assert_eq!(fs::read_to_string(room.dir.path().join(WITNESS.0)).unwrap(), WITNESS.1);
}

/// One test for each attack.
macro_rules! attacks {
    ($($name:ident: $spoil:expr;)*) => {
        $(
            #[test]
            fn $name() {
                imported(&$spoil);
                stored(&$spoil);
            }
        )*
    };
}

attacks! {
    a_path_that_leaves_the_bundle: |dir: &Path| list(dir, "../../witness");
    a_path_that_leaves_and_comes_back: |dir: &Path| list(dir, "files/../../witness");
    an_absolute_path: |dir: &Path| list(dir, "/etc/passwd");
    a_path_of_another_system: |dir: &Path| list(dir, "files\\..\\..\\witness");
    a_path_with_a_scheme: |dir: &Path| list(dir, "file:///etc/passwd");
    a_path_with_a_nul: |dir: &Path| list(dir, "files/x\0y");
    a_digest_over_files_elsewhere: |dir: &Path| {
        edit(dir, "manifest.json", |m| m["contentDigest"]["inputs"] = json!(["../../witness"]));
        seal(dir);
    };
    a_symlink_to_a_file_of_the_host: |dir: &Path| instead(dir, |at| symlink("/etc/passwd", at).unwrap());
    a_symlink_to_a_file_of_the_same_bundle: |dir: &Path| instead(dir, |at| symlink("commands.jsonl", at).unwrap());
    a_symlink_to_nothing: |dir: &Path| instead(dir, |at| symlink("/nonexistent", at).unwrap());
    a_symlink_to_itself: |dir: &Path| instead(dir, |at| symlink("events.jsonl", at).unwrap());
    a_symlink_in_the_place_of_a_directory: |dir: &Path| {
        fs::rename(dir.join("files"), dir.with_extension("moved")).unwrap();
        symlink(dir.with_extension("moved"), dir.join("files")).unwrap();
    };
    a_symlink_that_the_manifest_does_not_list: |dir: &Path| symlink("/", dir.join("root")).unwrap();
    a_symlink_in_the_place_of_the_manifest: |dir: &Path| {
        fs::rename(dir.join("manifest.json"), dir.with_extension("json")).unwrap();
        symlink(dir.with_extension("json"), dir.join("manifest.json")).unwrap();
    };
    a_hardlink_to_a_file_of_the_host: |dir: &Path| {
        instead(dir, |at| fs::hard_link(above(dir).join(WITNESS.0), at).unwrap());
    };
    a_hardlink_between_two_files_of_the_bundle: |dir: &Path| {
        instead(dir, |at| fs::hard_link(dir.join("observations.jsonl"), at).unwrap());
    };
    a_pipe: |dir: &Path| instead(dir, |at| assert!(Command::new("mkfifo").arg(at).status().unwrap().success()));
    a_socket: |dir: &Path| {
        // The name of a socket has to be short where it is made.
        let short = above(dir).join("s");
        drop(UnixListener::bind(&short).unwrap());
        instead(dir, |at| fs::rename(&short, at).unwrap());
    };
    a_directory_in_the_place_of_a_file: |dir: &Path| instead(dir, |at| fs::create_dir(at).unwrap());
    a_file_that_the_manifest_does_not_list: |dir: &Path| fs::write(dir.join("files/extra"), "").unwrap();
    a_file_that_is_missing: |dir: &Path| instead(dir, |_| ());
    a_file_that_is_listed_twice: |dir: &Path| list(dir, "files/patch.diff");
    a_file_in_another_case: |dir: &Path| {
        fs::write(dir.join("files/PATCH.diff"), "").unwrap();
        list(dir, "files/PATCH.diff");
    };
    a_file_that_another_file_lies_beneath: |dir: &Path| list(dir, "files/patch.diff/x");
    an_id_that_leaves_the_store: |dir: &Path| name(dir, "../evil");
    an_id_that_is_an_absolute_path: |dir: &Path| name(dir, "/tmp/evil");
    an_id_that_is_a_name_of_the_stores_own: |dir: &Path| name(dir, ".tmp-0123456789abcdef");
    an_id_of_another_bundle: |dir: &Path| name(dir, &format!("artifact-bundle-sha256-{}", "1".repeat(64)));
    a_manifest_that_is_a_megabyte_deep: |dir: &Path| fs::write(dir.join("manifest.json"), "[".repeat(1 << 20)).unwrap();
    a_manifest_with_a_field_a_megabyte_deep: |dir: &Path| {
        let text = fs::read_to_string(dir.join("manifest.json")).unwrap();
        let deep = format!("{{\"x\": {}{},", "[".repeat(1 << 20), "]".repeat(1 << 20));
        fs::write(dir.join("manifest.json"), text.replacen('{', &deep, 1)).unwrap();
    };
    changed_files_that_are_a_megabyte_deep: |dir: &Path| deep(dir, "files/changed-files.json");
    a_review_that_is_a_megabyte_deep: |dir: &Path| deep(dir, "files/review.json");
    metadata_that_are_a_megabyte_deep: |dir: &Path| deep(dir, "metadata.json");
    a_manifest_without_an_end: |dir: &Path| {
        fs::File::options().write(true).open(dir.join("manifest.json")).unwrap().set_len(1 << 40).unwrap();
    };
    a_document_without_an_end: |dir: &Path| {
        fs::File::options().write(true).open(dir.join("files/changed-files.json")).unwrap().set_len(1 << 40).unwrap();
    };
    directories_without_an_end: |dir: &Path| fs::create_dir_all(dir.join("d/".repeat(200))).unwrap();
    a_patch_that_was_exchanged: |dir: &Path| fs::write(dir.join("files/patch.diff"), "evil\n").unwrap();
    a_review_of_other_files: |dir: &Path| {
        reseal(dir, "files/review.json", |review| review["changedFiles"][0]["path"] = "/workspace/other".into());
    };
}

/// The directory that everything lies in.
fn above(dir: &Path) -> &Path {
    dir.ancestors().find(|at| at.join(WITNESS.0).exists()).unwrap()
}

/// Makes the manifest list one more file, with hashes as they should be.
fn list(dir: &Path, path: &str) {
    edit(dir, "manifest.json", |manifest| {
        let mut row = manifest["files"][1].clone();
        row["path"] = path.into();
        manifest["files"].as_array_mut().unwrap().push(row);
    });
    seal(dir);
}

/// Puts something in the place of a file that the manifest lists.
fn instead(dir: &Path, put: impl Fn(&Path)) {
    fs::remove_file(dir.join("events.jsonl")).unwrap();
    put(&dir.join("events.jsonl"));
}

fn name(dir: &Path, id: &str) {
    edit(dir, "manifest.json", |manifest| manifest["id"] = id.into());
    seal(dir);
}

/// A document that nests deeper than anybody can follow, listed with its hash.
fn deep(dir: &Path, path: &str) {
    reseal(dir, path, |_| ());
    let text = format!("{{\"schema\": {}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    fs::write(dir.join(path), &text).unwrap();
    let hash = support::forge::sha256(&[&text]);
    edit(dir, "manifest.json", |manifest| {
        let rows: &mut Vec<Value> = manifest["files"].as_array_mut().unwrap();
        rows.iter_mut().find(|row| row["path"] == path).unwrap()["sha256"]["value"] = hash.into();
    });
    seal(dir);
}

#[test]
fn a_bundle_that_nobody_spoilt_is_imported() {
    let (room, id) = site();
    let source = room.dir.path().join("source");
    fs::rename(room.root().join(&id), &source).unwrap();
    let request = ImportRequest { source_bundle_path: Some(source.clone()), ..Default::default() };
    room.store.import(&request, ImportOperation::Import).unwrap();
    assert_eq!(read(&source.join("manifest.json")), read(&room.root().join(&id).join("manifest.json")));
}
