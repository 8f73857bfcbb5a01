//! Bundles that the reference implementation made: read, imported, reviewed and applied as our own are,
//! whichever of its two digests they have.

use crate::house::{House, code, everything, house};
use crate::support::bundle::files;
use crate::support::forge::{Foreign, sha256};
use crate::support::tree::{Tree, text, tree};
use serde_json::{Value, json};
use std::fs;
use wp_codebox::artifact::apply::{
    ApplyRequest, Mode, ReviewAction, ReviewRequest, StageRequest, apply, preflight, review, stage,
};
use wp_codebox::artifact::{Bundle, ImportOperation, ImportRequest, ImportStatus, ListQuery};
use wp_codebox::contract::{Code, Refusal};

const PATCH: &str = "diff --git a/edit.php b/edit.php
--- a/edit.php
+++ b/edit.php
@@ -1,3 +1,3 @@
 one
-two
+2
 three
diff --git a/inc/new.php b/inc/new.php
new file mode 100644
--- /dev/null
+++ b/inc/new.php
@@ -0,0 +1 @@
+new
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
";

fn before() -> Tree {
    tree([("edit.php", text("one\ntwo\nthree\n")), ("gone.txt", text("bye\n")), ("kept.txt", text("kept\n"))])
}

fn after() -> Tree {
    tree([
        ("edit.php", text("one\n2\nthree\n")),
        ("inc/new.php", text("new\n")),
        ("kept.txt", text("kept\n")),
    ])
}

/// A row as the reference writes it: it knows neither kinds nor sizes.
fn row(status: &str, path: &str, before: Option<&str>, after: Option<&str>, patch: &str) -> Value {
    let mut row = json!({
        "path": format!("/workspace/{path}"),
        "status": status,
        "mountIndex": 0,
        "mountTarget": "/workspace",
        "relativePath": path,
        "patchPath": patch.replace("{}", path),
    });
    for (side, content) in [("before", before), ("after", after)] {
        if let Some(content) = content {
            row[format!("{side}Sha256")] = sha256(&[content]).into();
            row[format!("{side}Mode")] = "100644".into();
        }
    }
    row
}

/// Imports what the reference would have written. `patch_path` is what the rows call their patch.
fn imported(house: &House, by_list: bool, patch_path: &str) -> Bundle {
    let rows = json!([
        row("deleted", "gone.txt", Some("bye\n"), None, patch_path),
        row("modified", "edit.php", Some("one\ntwo\nthree\n"), Some("one\n2\nthree\n"), patch_path),
        row("added", "inc/new.php", None, Some("new\n"), patch_path),
    ]);
    let changed = json!({ "schema": "wp-codebox/changed-files/v1", "files": rows });
    let mut foreign = Foreign::of(&changed, PATCH);
    let mounts =
        json!([{ "type": "directory", "source": house.work, "target": "/workspace", "mode": "readwrite" }]);
    foreign.add_json(
        "metadata.json",
        "metadata",
        &json!({ "mounts": mounts, "artifacts": { "patch": "files/patch.diff" } }),
    );
    let manifest = foreign.write(by_list);
    let request = ImportRequest { source_bundle_path: Some(foreign.dir.path().into()), ..Default::default() };
    let envelope = house.room.store.import(&request, ImportOperation::Import).unwrap();
    assert_eq!(envelope.status, ImportStatus::Created);
    let bundle = house.room.store.get(&envelope.artifact_bundle.id).unwrap().artifact;
    assert_eq!(json!(bundle.id), manifest["id"]);
    assert_eq!(files(&bundle.directory), files(foreign.dir.path()));
    bundle
}

/// The hash of the manifest, as somebody sends it who has looked at the bundle.
fn seen(bundle: &Bundle) -> Option<String> {
    let rows = bundle.manifest.as_ref().unwrap()["files"].as_array().unwrap();
    let own = rows.iter().find(|row| row["path"] == "manifest.json").unwrap();
    own["sha256"]["value"].as_str().map(str::to_owned)
}

#[test]
fn a_bundle_of_the_reference_is_imported_listed_and_applied() {
    for by_list in [true, false] {
        for patch_path in ["{}", "files/diffs/mount-0.patch"] {
            let house = house(&before());
            house.apply_here();
            let bundle = imported(&house, by_list, patch_path);
            let listed = house.room.store.list(&ListQuery::default()).unwrap();
            assert_eq!(listed.total, 1);
            assert!(house.room.store.inspect(&bundle.id).unwrap().verification.valid);
            let ready = preflight(&house.room.store, &everything(&bundle), &house.parent).unwrap();
            assert_eq!(ready.payload.patch, PATCH, "{by_list} {patch_path}");
            let request = ApplyRequest { manifest_sha256: seen(&bundle), ..everything(&bundle) };
            apply(&house.room.store, &request, Mode::Apply, &house.parent).unwrap();
            assert_eq!(house.now(), after());
        }
    }
}

#[test]
fn one_file_of_a_bundle_of_the_reference_is_one_block() {
    let house = house(&before());
    house.apply_here();
    let bundle = imported(&house, true, "files/diffs/mount-0.patch");
    let request = ApplyRequest {
        artifact_id: bundle.id.clone(),
        approved_files: vec!["/workspace/edit.php".to_owned()].into(),
        manifest_sha256: seen(&bundle),
        ..ApplyRequest::default()
    };
    apply(&house.room.store, &request, Mode::Apply, &house.parent).unwrap();
    let mut expected = before();
    expected.insert(b"edit.php".to_vec(), text("one\n2\nthree\n"));
    assert_eq!(house.now(), expected);
}

#[test]
fn a_bundle_of_the_reference_with_another_patch_is_refused_though_its_id_does_not_cover_it() {
    // Its newer digest covers the list of files alone: the hashes of the files have to say it.
    let house = house(&before());
    house.apply_here();
    let bundle = imported(&house, true, "{}");
    let evil = PATCH.replace("+new\n", "+evil\n");
    fs::write(&bundle.paths.patch, evil).unwrap();
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::ArtifactVerificationFailed);
    assert_eq!(house.now(), before());
}

#[test]
fn an_id_that_covers_no_byte_is_not_enough_to_approve_by() {
    // Two bundles with other bytes would have this id: the hash of the manifest says which was seen.
    let house = house(&before());
    house.apply_here();
    let bundle = imported(&house, true, "{}");
    let (store, wanted) = (&house.room.store, everything(&bundle));
    let staged = StageRequest { apply: wanted.clone(), ..Default::default() };
    let decision = |action, apply: &ApplyRequest| ReviewRequest {
        action,
        apply: apply.clone(),
        reason: None,
        decided_at: None,
        context: None,
    };
    let approval = decision(ReviewAction::Approve, &wanted);
    for refusal in [
        stage(store, &staged, &house.parent).map(drop).unwrap_err(),
        review(store, &approval, &house.parent).map(drop).unwrap_err(),
        apply(store, &wanted, Mode::Apply, &house.parent).map(drop).unwrap_err(),
        apply(store, &wanted, Mode::DryRun, &house.parent).map(drop).unwrap_err(),
    ] {
        let refusal = Refusal::from(refusal);
        assert_eq!(refusal.code, Code::PendingApplyChanged);
        assert_eq!(refusal.facts["field"], "manifest_sha256");
    }
    assert_eq!(house.now(), before());
    // Looking and saying no need none.
    preflight(store, &wanted, &house.parent).unwrap();
    review(store, &decision(ReviewAction::Reject, &wanted), &house.parent).unwrap();
    let seen = ApplyRequest { manifest_sha256: seen(&bundle), ..wanted };
    review(store, &decision(ReviewAction::Approve, &seen), &house.parent).unwrap();
    assert_eq!(house.now(), after());
}
