//! Bundles whose maker can compute every digest, and whose rows, patch and mounts speak of different files
//! or changes: none of them verifies, and nothing that trusts a bundle takes it.

use crate::approval::{Making, remade};
use crate::house::{House, code, everything, house, request};
use crate::support::bundle::{draft, mount};
use crate::support::forge::edit;
use crate::support::tree::{self, Node, Tree, text, tree};
use serde_json::{Value, json};
use std::fs;
use wp_codebox::artifact::apply::{
    Mode, ReviewAction, ReviewRequest, StageRequest, apply, preflight, review, stage,
};
use wp_codebox::artifact::{Bundle, verify_bundle};
use wp_codebox::contract::{Code, FileKind, digest_hex};

const A: &str = "diff --git a/a.php b/a.php\n--- a/a.php\n+++ b/a.php\n@@ -1 +1 @@\n-one\n+EVIL\n";
const INDEX: &str =
    "diff --git a/index.php b/index.php\n--- a/index.php\n+++ b/index.php\n@@ -1 +1 @@\n-root\n+EVIL\n";

fn files() -> Tree {
    tree([
        ("a.php", text("one\n")),
        ("index.php", text("root\n")),
        ("inc/index.php", text("inc\n")),
        ("long.txt", text(&(0..60).map(|n| format!("{n}\n")).collect::<String>())),
    ])
}

fn digest(content: &str) -> Value {
    json!(digest_hex([content.as_bytes()]))
}

/// A row as we write it, of an edit of one line.
fn row(relative: &str, before: &str, after: &str) -> Value {
    json!({
        "path": format!("/workspace/{relative}"),
        "relativePath": relative,
        "patchPath": relative,
        "mountIndex": 0,
        "mountTarget": "/workspace",
        "status": "modified",
        "kind": "file",
        "beforeSha256": digest(before),
        "afterSha256": digest(after),
        "beforeMode": "100644",
        "afterMode": "100644",
        "size": after.len(),
        "beforeLines": 1,
        "replacedLines": 1,
        "addedLines": 1,
    })
}

fn edited(change: impl FnOnce(&mut Value)) -> Value {
    let mut row = row("a.php", "one\n", "EVIL\n");
    change(&mut row);
    row
}

fn without(row: &mut Value, fields: &[&str]) {
    fields.iter().for_each(|field| drop(row.as_object_mut().unwrap().remove(*field)));
}

/// A bundle of ours with these rows and this patch, everything else of it fitted to them.
fn forged(house: &House, rows: Vec<Value>, patch: &str) -> Bundle {
    // What is captured of the files is what the rows say.
    let mut after = files();
    for row in &rows {
        let relative = row["relativePath"].as_str().unwrap_or_default();
        if row["path"] == format!("/workspace/{relative}") {
            let content = if row["status"] == "added" { "c\n" } else { "EVIL\n" };
            after.insert(relative.as_bytes().to_vec(), text(content));
        }
    }
    // A row that lies has nothing captured, and a run has changed something.
    if after == files() {
        after.insert(b"a.php".to_vec(), text("EVIL\n"));
    }
    let bundle = house.run(&files(), &after);
    fs::write(&bundle.paths.patch, patch).unwrap();
    remade(house, &bundle, Making::Ours, |changed| changed["files"] = json!(rows))
}

/// Nothing that trusts a bundle trusts this one, and the words say why.
#[track_caller]
fn refused_everywhere(house: &House, bundle: &Bundle, why: &str) {
    let verified = verify_bundle(&bundle.directory).unwrap();
    assert!(verified.violations.iter().any(|violation| violation.message.contains(why)), "{verified:?}");
    let was = house.now();
    let wanted = everything(bundle);
    let store = &house.room.store;
    let approval = ReviewRequest {
        action: ReviewAction::Approve,
        apply: wanted.clone(),
        reason: None,
        decided_at: None,
        context: None,
    };
    let staged = StageRequest { apply: wanted.clone(), ..Default::default() };
    let expected = Code::ArtifactVerificationFailed;
    assert_eq!(code(preflight(store, &wanted, &house.parent)), expected);
    assert_eq!(code(stage(store, &staged, &house.parent)), expected);
    assert_eq!(code(review(store, &approval, &house.parent)), expected);
    assert_eq!(code(apply(store, &wanted, Mode::Apply, &house.parent)), expected);
    assert_eq!(tree::show(&house.now()), tree::show(&was));
}

#[track_caller]
fn refused(rows: Vec<Value>, patch: &str, why: &str) {
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, rows, patch);
    refused_everywhere(&house, &bundle, why);
}

#[test]
fn a_bundle_that_is_forged_and_honest_is_applied() {
    // The forger's tools are not what the other tests fail by.
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, vec![edited(|_| ())], A);
    assert_eq!(verify_bundle(&bundle.directory).unwrap().violations, []);
    apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent).unwrap();
    assert_eq!(house.now()[b"a.php".as_slice()], text("EVIL\n"));
}

#[test]
fn a_row_does_not_say_where_its_mount_is() {
    let lie = |change: fn(&mut Value)| {
        let mut row = row("index.php", "root\n", "EVIL\n");
        row["path"] = json!("/workspace/inc/index.php");
        change(&mut row);
        row
    };
    let target = "mountTarget is not the target of the mount";
    refused(vec![lie(|row| row["mountTarget"] = json!("/workspace/inc"))], INDEX, target);
    refused(vec![lie(|row| row["mountTarget"] = row["path"].clone())], INDEX, target);
    refused(vec![lie(|_| ())], INDEX, "relativePath names another file");
    refused(vec![lie(|row| without(row, &["mountTarget"]))], INDEX, target);
    refused(vec![edited(|row| row["mountIndex"] = json!(9))], A, "mountIndex is that of no mount");
    refused(vec![edited(|row| without(row, &["mountIndex"]))], A, "mountIndex is missing");
    // A mount that is a directory has no path of its own.
    let own = edited(|row| {
        row["path"] = json!("/workspace");
        row["relativePath"] = json!("workspace");
    });
    refused(vec![own], A, "relativePath names another file");
}

#[test]
fn metadata_does_not_say_where_a_mount_is() {
    let house = house(&files());
    house.apply_here();
    let mut row = row("index.php", "root\n", "EVIL\n");
    row["path"] = json!("/workspace/inc/index.php");
    row["mountTarget"] = json!("/workspace/inc");
    let bundle = forged(&house, vec![row], INDEX);
    edit(&bundle.directory, "metadata.json", |metadata| {
        metadata["mounts"][0]["target"] = json!("/workspace/inc");
    });
    let bundle = remade(&house, &bundle, Making::Ours, |_| ());
    refused_everywhere(&house, &bundle, "They are not those of files/mounts.json");
}

#[test]
fn the_name_in_the_patch_has_no_prefix_of_the_makers_choice() {
    let patch = INDEX.replace("index.php", "inc/index.php");
    let mut row = row("index.php", "root\n", "EVIL\n");
    row["patchPath"] = json!("inc/index.php");
    refused(vec![row], &patch, "patchPath names another file");
}

#[test]
fn added_does_not_modify() {
    let why = "the patch does not do what the status says";
    let rows = |row: &mut Value| {
        row["status"] = json!("added");
        without(row, &["beforeSha256", "beforeMode", "beforeLines", "replacedLines"]);
    };
    refused(vec![edited(rows)], A, why);
    refused(vec![edited(|row| row["status"] = json!("added"))], A, why);
}

#[test]
fn no_hash_mode_or_count_is_left_out() {
    let sides = "mode and hash of one side disagree";
    refused(vec![edited(|row| without(row, &["beforeSha256"]))], A, sides);
    refused(vec![edited(|row| without(row, &["afterSha256"]))], A, sides);
    refused(vec![edited(|row| without(row, &["afterMode"]))], A, sides);
    let both = edited(|row| without(row, &["beforeSha256", "beforeMode"]));
    refused(vec![both], A, "the patch does not do what the status says");
    refused(vec![edited(|row| without(row, &["replacedLines"]))], A, "another number of lines");
    refused(vec![edited(|row| without(row, &["addedLines"]))], A, "another number of lines");
    refused(vec![edited(|row| without(row, &["beforeLines"]))], A, "beforeLines");
    refused(vec![edited(|row| row["binary"] = json!(true))], A, "binary");
    refused(vec![edited(|row| without(row, &["kind"]))], A, "kind is missing");
}

#[test]
fn modified_does_not_create() {
    let patch = "diff --git a/a.php b/a.php\nnew file mode 100644\n--- /dev/null\n+++ b/a.php\n@@ -0,0 +1 @@\n+EVIL\n";
    refused(vec![edited(|row| row["replacedLines"] = json!(0))], patch, "what the status says");
}

#[test]
fn renamed_moves_exactly_the_file_that_is_named() {
    let renamed = |from: &'static str| {
        edited(|row| {
            row["status"] = json!("renamed");
            row["renamedFrom"] = json!(from);
        })
    };
    let patch = "diff --git a/index.php b/a.php\nsimilarity index 50%\nrename from index.php\nrename to a.php\n--- a/index.php\n+++ b/a.php\n@@ -1 +1 @@\n-one\n+EVIL\n";
    refused(vec![renamed("/workspace/inc/index.php")], patch, "another file than renamedFrom");
    refused(vec![renamed("/elsewhere/index.php")], patch, "renamedFrom is not beneath the mount");
    refused(vec![renamed("/workspace/index.php")], A, "what the status says");
    refused(vec![edited(|_| ())], patch, "what the status says");
}

#[test]
fn what_is_said_to_be_left_out_is_not_in_the_patch() {
    let why = "said to be left out";
    refused(vec![edited(|row| row["omitted"] = json!("permissions-only"))], A, why);
    let nameless = edited(|row| {
        row["omitted"] = json!("permissions-only");
        without(row, &["patchPath"]);
    });
    refused(vec![nameless], A, "no row names");
}

#[test]
fn a_name_has_one_spelling() {
    let spelled = edited(|row| {
        row["path"] = json!("/workspace/%61.php");
        row["relativePath"] = json!("%61.php");
        row["patchPath"] = json!("%61.php");
        row["pathEncoding"] = json!("percent");
    });
    refused(vec![spelled], A, "another spelling");
}

#[test]
fn a_path_has_one_row() {
    let other = edited(|row| {
        row["status"] = json!("added");
        row["omitted"] = json!("permissions-only");
        without(row, &["patchPath"]);
    });
    refused(vec![edited(|_| ()), other], A, "the path is that of another row too");
}

#[test]
fn every_block_has_a_row_and_every_row_its_block() {
    let config = "diff --git a/wp-config.php b/wp-config.php\nnew file mode 100644\n--- /dev/null\n+++ b/wp-config.php\n@@ -0,0 +1 @@\n+evil\n";
    refused(vec![edited(|_| ())], &format!("{A}{config}"), "no row names \"wp-config.php\"");
    refused(
        vec![edited(|_| ()), row("index.php", "root\n", "EVIL\n")],
        A,
        "the patch does not have the change",
    );
}

#[test]
fn a_mode_before_that_is_a_lie_does_not_hide_that_a_file_becomes_executable() {
    // The patch says what the mode was.
    let patch = A.replace("--- a", "old mode 100644\nnew mode 100755\n--- a");
    let executable = |row: &mut Value| {
        row["beforeMode"] = json!("100755");
        row["afterMode"] = json!("100755");
    };
    refused(vec![edited(executable)], &patch, "another mode than the row");
    // It says the same lie: the file itself is asked.
    let patch = A.replace("--- a", "index 5626abf..ca6bc4c 100755\n--- a");
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, vec![edited(executable)], &patch);
    assert_eq!(verify_bundle(&bundle.directory).unwrap().violations, []);
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::ApplyBaseStale);
    assert_eq!(house.now(), files());
}

#[test]
fn a_bit_for_others_does_not_hide_that_a_file_becomes_executable() {
    let (before, after) = (tree([("run", text("1\n"))]), tree([("run", text("2\n"))]));
    let house = house(&before);
    let mut draft = draft("session-1", &before, &after);
    for change in &mut draft.changes[0].changes {
        change.before.as_mut().unwrap().mode = 0o611;
        change.after.as_mut().unwrap().mode = 0o755;
    }
    let bundle = house.room.store.write(draft).unwrap().bundle;
    assert_eq!(bundle.review.unwrap()["riskFlags"], json!(["made-executable:/workspace/run"]));
}

#[test]
fn lines_before_that_are_a_lie_do_not_hide_that_a_file_is_rewritten() {
    let old: String = (0..60).map(|n| format!("{n}\n")).collect();
    let removed: String = (0..60).map(|n| format!("-{n}\n")).collect();
    let patch = format!(
        "diff --git a/long.txt b/long.txt\n--- a/long.txt\n+++ b/long.txt\n@@ -1,60 +1 @@\n{removed}+EVIL\n"
    );
    let claim = |lines: u64| {
        let mut row = row("long.txt", &old, "EVIL\n");
        row["replacedLines"] = json!(60);
        row["beforeLines"] = json!(lines);
        row
    };
    refused(vec![claim(40)], &patch, "beforeLines");
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, vec![claim(100_000)], &patch);
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::ApplyBaseStale);
    assert_eq!(house.now(), files());
}

#[test]
fn a_size_that_is_a_lie_is_refused() {
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, vec![edited(|row| row["size"] = json!(7_000_000))], A);
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::ApplyPathRefused);
    assert_eq!(house.now(), files());
}

#[test]
fn a_file_beneath_a_file_is_refused_and_not_lost() {
    let made = |name: &str| {
        let mut row = row(name, "", "c\n");
        row["status"] = json!("added");
        without(&mut row, &["beforeSha256", "beforeMode", "beforeLines", "replacedLines"]);
        row
    };
    let patch: String = ["x", "x/y"]
        .map(|name| {
            format!("diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+c\n")
        })
        .concat();
    refused(vec![made("x"), made("x/y")], &patch, "\"x/y\" would be beneath a file");
    // On some file systems this is the same; the bundle may be of another.
    let house = house(&files());
    house.apply_here();
    let bundle = forged(&house, vec![made("x"), made("X/y")], &patch.replace("x/y", "X/y"));
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::PatchUnfilterable);
    assert_eq!(house.now(), files());
}

#[test]
fn a_row_of_another_making_is_held_to_the_recorded_mounts() {
    let house = house(&files());
    house.apply_here();
    let row =
        json!({ "path": "/workspace/inc/index.php", "relativePath": "index.php", "status": "modified" });
    let bundle = forged(&house, vec![edited(|_| ())], INDEX);
    let bundle = remade(&house, &bundle, Making::Another, |changed| changed["files"] = json!([row]));
    refused_everywhere(&house, &bundle, "relativePath names another file");
    // Both names that it could have in the patch are there.
    let row = json!({ "path": "/workspace/index.php", "relativePath": "index.php", "status": "modified" });
    let both = format!(
        "{INDEX}diff --git a/workspace/index.php b/workspace/index.php\nnew file mode 100644\n--- /dev/null\n+++ b/workspace/index.php\n@@ -0,0 +1 @@\n+two\n"
    );
    fs::write(&bundle.paths.patch, both).unwrap();
    let bundle = remade(&house, &bundle, Making::Another, |changed| changed["files"] = json!([row]));
    refused_everywhere(&house, &bundle, "both names");
}

#[test]
fn a_row_of_no_known_mount_goes_to_no_target_that_takes_any() {
    let house = house(&files());
    house.apply_here();
    let row =
        json!({ "path": "/workspace/inc/index.php", "relativePath": "index.php", "status": "modified" });
    let bundle = forged(&house, vec![edited(|_| ())], INDEX);
    edit(&bundle.directory, "metadata.json", |metadata| metadata["mounts"] = json!([]));
    let bundle = remade(&house, &bundle, Making::Another, |changed| changed["files"] = json!([row]));
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::ApplyTargetInvalid);
    assert_eq!(house.now(), files());
}

#[test]
fn a_block_that_could_be_another_files_is_nobodys() {
    let house = house(&files());
    house.apply_here();
    let row = |mount: &str| json!({ "path": format!("{mount}/index.php"), "relativePath": "index.php", "mountTarget": mount, "status": "modified" });
    let bundle = forged(&house, vec![edited(|_| ())], INDEX);
    edit(&bundle.directory, "metadata.json", |metadata| metadata["mounts"] = json!([]));
    let rows = json!([row("/workspace"), row("/other")]);
    let bundle = remade(&house, &bundle, Making::Another, |changed| changed["files"] = rows);
    let done = apply(&house.room.store, &request(&bundle, &["index.php"]), Mode::Apply, &house.parent);
    assert_eq!(code(done), Code::PatchUnfilterable);
    assert_eq!(house.now(), files());
}

#[test]
fn an_index_that_is_out_of_range_does_not_make_a_stale_base_unknown() {
    let house = house(&files());
    let row = json!({
        "path": "/workspace/a.php", "relativePath": "a.php", "mountTarget": "/workspace", "mountIndex": 9,
        "status": "modified", "beforeSha256": digest("something else\n"),
    });
    let bundle = forged(&house, vec![edited(|_| ())], A);
    let bundle = remade(&house, &bundle, Making::Another, |changed| changed["files"] = json!([row]));
    let done = preflight(&house.room.store, &everything(&bundle), &house.parent);
    assert_eq!(code(done), Code::ApplyBaseStale);
}

/// Every kind of change, in several mounts of which one is a file.
#[test]
fn what_we_write_verifies_whatever_changes() {
    let script = |content: &str| Node::File { bytes: content.into(), executable: true };
    let binary = |bytes: &[u8]| Node::File { bytes: bytes.to_vec(), executable: false };
    let body: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let before = tree([
        ("edit", text("one\ntwo\n")),
        ("gone", text("x\n")),
        ("mode", text("m\n")),
        ("moved", text(&body)),
        ("binary", binary(b"\0one")),
        ("link", Node::Symlink(b"edit".to_vec())),
        ("swap", text("file\n")),
        ("swapped", Node::Symlink(b"edit".to_vec())),
        ("packed", Node::Symlink(b"edit".to_vec())),
        ("file", text("f\n")),
        ("dir/inner", text("i\n")),
        ("empty", text("")),
        ("secret", text("a\n")),
    ]);
    let after = tree([
        ("edit", text("one\n2\n")),
        ("mode", script("m\n")),
        ("new/%41 moved", script(&format!("{body}more\n"))),
        ("binary", binary(b"\0two")),
        ("link", Node::Symlink(b"moved".to_vec())),
        ("swap", Node::Symlink(b"edit".to_vec())),
        ("swapped", text("file\n")),
        ("packed", binary(b"\0\xff")),
        ("file/inner", text("f2\n")),
        ("dir", text("d\n")),
        ("new empty", text("")),
        ("secret", text("ghp_0123456789abcdefghijABCDEFGHIJ456789\n")),
        ("ghp_0123456789abcdefghijABCDEFGHIJ456789", text("named\n")),
        ("none.bin", binary(b"")),
    ]);
    let one = tree::changes("/workspace/one.php", 1, &tree([("", text("1\n"))]), &tree([("", text("2\n"))]));
    let other = tree::changes("/other%41/", 2, &Tree::new(), &tree([("edit", text("1\n"))]));
    let whole = tree::changes("/workspace", 0, &before, &after);
    for sets in [vec![whole.clone()], vec![one.clone()], vec![whole, one, other]] {
        let room = crate::support::bundle::room();
        let mut draft = draft("s", &before, &after);
        draft.mounts = vec![mount("/workspace"), mount("/workspace/one.php"), mount("/other%41/")];
        draft.mounts[1].kind = "file".into();
        draft.changes = sets;
        for change in draft.changes.iter_mut().flat_map(|set| &mut set.changes) {
            // A change of permissions that no patch carries.
            if let Some(state) = change.after.as_mut().filter(|state| state.kind == FileKind::Regular) {
                state.mode |= 0o011;
            }
        }
        let bundle = room.store.write(draft).unwrap().bundle;
        assert_eq!(verify_bundle(&bundle.directory).unwrap().violations, []);
    }
}

#[test]
fn a_review_that_is_about_another_manifest_records_nothing() {
    let house = house(&files());
    let bundle = forged(&house, vec![edited(|_| ())], A);
    let logs = || fs::read_dir(house.room.root()).unwrap().count();
    let before = logs();
    for action in [ReviewAction::Reject, ReviewAction::RequestChanges, ReviewAction::Approve] {
        house.parent.filter("wp_codebox_review_artifact_decision", |_, _| panic!("asked"));
        let mut apply = everything(&bundle);
        apply.manifest_sha256 = Some("0".repeat(64));
        let decision = ReviewRequest { action, apply, reason: None, decided_at: None, context: None };
        let done = review(&house.room.store, &decision, &house.parent);
        assert_eq!(code(done), Code::PendingApplyChanged);
    }
    assert_eq!(logs(), before);
    // And a rejection names changed files alone.
    let decision = ReviewRequest {
        action: ReviewAction::Reject,
        apply: request(&bundle, &["nope.php"]),
        reason: None,
        decided_at: None,
        context: None,
    };
    assert_eq!(code(review(&house.room.store, &decision, &house.parent)), Code::ApprovedFilesInvalid);
}
