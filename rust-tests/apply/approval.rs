//! What is approved, and the patch of exactly that.

use crate::house::{code, everything, house, request};
use crate::support::git;
use crate::support::tree::{self, Node, Tree, text, tree};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wp_codebox::artifact::apply::{Mode, Named, Preflight, StageRequest, apply, preflight, stage};
use wp_codebox::artifact::patch::parse;
use wp_codebox::artifact::{Bundle, conclusions_digest};
use wp_codebox::contract::{Code, Refusal, digest_hex, stable_json};

fn three() -> (Tree, Tree) {
    let before = tree([("a.php", text("one\n")), ("b.php", text("two\n")), ("c d.txt", text("x\n"))]);
    let after = tree([("a.php", text("ONE\n")), ("b.php", text("TWO\n")), ("c d.txt", text("y\n"))]);
    (before, after)
}

/// The patch that somebody who approves these files would have applied.
fn staged_patch(house: &crate::house::House, bundle: &Bundle, files: &[&str]) -> String {
    let seen = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let copy = seen.clone();
    house.parent.filter("wp_codebox_apply_approved_artifact", move |_, args| {
        *copy.borrow_mut() = args[0]["patch"].as_str().unwrap().to_owned();
        let files: Vec<&str> =
            args[0]["approved_files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
        Ok(crate::house::answer(&files))
    });
    let mode = wp_codebox::artifact::apply::Mode::Apply;
    wp_codebox::artifact::apply::apply(&house.room.store, &request(bundle, files), mode, &house.parent)
        .unwrap();
    seen.borrow().clone()
}

fn flight(house: &crate::house::House, bundle: &Bundle, files: &[&str]) -> Result<Preflight, Refusal> {
    preflight(&house.room.store, &request(bundle, files), &house.parent).map_err(Into::into)
}

#[test]
fn all_files_give_the_patch_byte_for_byte_and_one_gives_its_block() {
    let (before, after) = three();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let whole = fs::read_to_string(&bundle.paths.patch).unwrap();
    assert_eq!(staged_patch(&house, &bundle, &["a.php", "b.php", "c d.txt"]), whole);
    for (name, start) in [("a.php", "diff --git a/a.php"), ("c d.txt", "diff --git a/c d.txt")] {
        let one = staged_patch(&house, &bundle, &[name]);
        assert!(one.starts_with(start), "{one}");
        let blocks = parse(one.as_bytes()).unwrap();
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].path(), name.as_bytes());
        assert!(whole.contains(&one));
    }
}

#[test]
fn a_preflight_needs_every_file_and_says_which_is_missing() {
    let (before, after) = three();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let done = flight(&house, &bundle, &["a.php", "b.php", " c d.txt ", "b.php"]);
    // White space around a name is not part of it; a name that ends so cannot be approved.
    let refusal = done.unwrap_err();
    assert_eq!(refusal.code, Code::ApprovedFilesInvalid);

    let done = preflight(&house.room.store, &everything(&bundle), &house.parent).unwrap();
    assert_eq!(done.approved_files, done.changed_files);
    assert_eq!(done.patch_sha256, digest_hex([done.payload.patch.as_bytes()]));
    assert_eq!(done.payload.approver["login"], "ada");
    assert_eq!(done.base.checked, 3);

    let refusal = flight(&house, &bundle, &["a.php"]).unwrap_err();
    assert_eq!(refusal.code, Code::ApprovedFilesIncomplete);
    assert_eq!(refusal.facts["files"], json!(["/workspace/b.php", "/workspace/c d.txt"]));
}

#[test]
fn names_that_are_not_changed_are_refused_by_name_everywhere() {
    let (before, after) = three();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let wanted = request(&bundle, &["a.php", "nope.php", "../etc/passwd"]);
    for refused in [
        preflight(&house.room.store, &wanted, &house.parent).map(drop),
        stage(
            &house.room.store,
            &StageRequest { apply: wanted.clone(), ..Default::default() },
            &house.parent,
        )
        .map(drop),
    ] {
        let refusal = Refusal::from(refused.unwrap_err());
        assert_eq!(refusal.code, Code::ApprovedFilesInvalid);
        assert_eq!(refusal.facts["files"], json!(["/workspace/nope.php", "/workspace/../etc/passwd"]));
    }
    assert!(house.parent.table.as_ref().unwrap().rows.lock().unwrap().is_empty());
    let mut nothing = request(&bundle, &[]);
    nothing.approved_files = vec![" ".to_owned()].into();
    assert_eq!(code(preflight(&house.room.store, &nothing, &house.parent)), Code::ApprovedFilesMissing);
}

#[test]
fn a_moved_file_is_approved_by_its_new_name_and_brings_the_old_one() {
    let body: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let before = tree([("old name.txt", text(&body)), ("other.txt", text("x\n"))]);
    let after = tree([("new/name.txt", text(&body)), ("other.txt", text("y\n"))]);
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let patch = staged_patch(&house, &bundle, &["new/name.txt"]);
    assert!(patch.contains("rename from old name.txt"), "{patch}");
    assert!(!patch.contains("other.txt"));
    let old = request(&bundle, &["old name.txt"]);
    assert_eq!(code(preflight(&house.room.store, &old, &house.parent)), Code::ApprovedFilesInvalid);
}

/// Whose bundle it says it is. Those of another making lack two of our digests, and less is held against
/// their lists.
#[derive(Clone, Copy, PartialEq)]
pub enum Making {
    Ours,
    Another,
}

/// What our reviews say of these rows, but for flags.
fn derived(rows: &[Value]) -> Value {
    let count = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    let files: Vec<Value> = rows
        .iter()
        .map(|row| {
            let label = format!("{} {}", row["status"].as_str()?, row["relativePath"].as_str()?);
            let (path, status) = (&row["path"], &row["status"]);
            let (mount, relative) = (&row["mountTarget"], &row["relativePath"]);
            Some(json!({ "path": path, "status": status, "label": label, "mountTarget": mount, "relativePath": relative }))
        })
        .map(|file| file.unwrap_or_default())
        .collect();
    let summary = match rows.len() {
        1 => "Sandbox produced changes in 1 file.".to_owned(),
        n => format!("Sandbox produced changes in {n} files."),
    };
    json!({
        "summary": summary,
        "stats": {
            "added": count("added"), "modified": count("modified"), "deleted": count("deleted"),
            "renamed": count("renamed"), "total": rows.len(),
        },
        "changedFiles": files,
        "riskFlags": [],
    })
}

/// The digest of the files that the id covers only through it.
fn evidence(dir: &Path, manifest: &Value) -> Value {
    let own = [
        "manifest.json",
        "metadata.json",
        "files/review.json",
        "files/changed-files.json",
        "files/patch.diff",
    ];
    let rows = manifest["files"].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap());
    let mut paths: Vec<&str> = rows.filter(|path| !own.contains(path)).collect();
    paths.sort_unstable();
    let list: Vec<Value> = paths
        .into_iter()
        .map(|path| json!({ "path": path, "sha256": digest_hex([fs::read(dir.join(path)).unwrap().as_slice()]) }))
        .collect();
    let canonical = stable_json(&json!(list));
    let value = digest_hex([b"wp-codebox/artifact-evidence/v1\n".as_slice(), canonical.as_bytes()]);
    json!({ "algorithm": "sha256", "value": value })
}

/// Changes changed-files.json and makes everything else fit, as whoever makes bundles could.
fn reseal(bundle: &Bundle, making: Making, change: impl FnOnce(&mut Value)) -> std::path::PathBuf {
    let dir = &bundle.directory;
    let read = |path: &str| -> Value { serde_json::from_slice(&fs::read(dir.join(path)).unwrap()).unwrap() };
    let write = |path: &str, value: &Value| {
        fs::write(dir.join(path), serde_json::to_vec_pretty(value).unwrap()).unwrap();
    };
    let mut changed = read("files/changed-files.json");
    change(&mut changed);
    let patch_sha256 = digest_hex([fs::read(dir.join("files/patch.diff")).unwrap().as_slice()]);
    if making == Making::Ours {
        let mut review = read("files/review.json");
        let all = derived(changed["files"].as_array().unwrap());
        review.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
        review["evidence"]["patchSha256"] = json!(patch_sha256);
        write("files/review.json", &review);
        fs::copy(dir.join("files/patch.diff"), dir.join("files/diffs/mount-0.patch")).unwrap();
        changed["evidence"] = evidence(dir, &read("manifest.json"));
        changed["conclusions"] = json!(conclusions_digest(&review, &read("metadata.json")));
    } else {
        changed
            .as_object_mut()
            .unwrap()
            .retain(|field, _| !["evidence", "conclusions"].contains(&field.as_str()));
    }
    write("files/changed-files.json", &changed);
    let digest = wp_codebox::artifact::content_digest(
        &fs::read(dir.join("files/changed-files.json")).unwrap(),
        &fs::read(dir.join("files/patch.diff")).unwrap(),
    )
    .value;
    let id = format!("artifact-bundle-sha256-{digest}");
    for path in ["metadata.json", "files/review.json"] {
        let mut value = read(path);
        for key in ["id", "artifactId"] {
            if value.get(key).is_some() {
                value[key] = json!(id);
            }
        }
        if value.get("contentDigest").is_some() {
            value["contentDigest"]["value"] = json!(digest);
        }
        if making == Making::Another && value.get("changedFiles").is_some() {
            value["changedFiles"] = changed["files"].clone();
        }
        if value.get("evidence").is_some_and(Value::is_object) {
            value["evidence"]["artifactContentDigest"] = json!(digest);
            value["evidence"]["patchSha256"] = json!(patch_sha256);
        }
        write(path, &value);
    }
    let mut manifest = read("manifest.json");
    manifest["id"] = json!(id);
    manifest["contentDigest"]["value"] = json!(digest);
    for row in manifest["files"].as_array_mut().unwrap() {
        let path = row["path"].as_str().unwrap().to_owned();
        row["sha256"]["value"] = match path.as_str() {
            "manifest.json" => json!("0".repeat(64)),
            path => json!(digest_hex([fs::read(dir.join(path)).unwrap().as_slice()])),
        };
    }
    let own = stable_json(&manifest);
    let own = digest_hex([b"wp-codebox/artifact-manifest-self/v1\n".as_slice(), own.as_bytes()]);
    for row in manifest["files"].as_array_mut().unwrap() {
        if row["path"] == "manifest.json" {
            row["sha256"]["value"] = json!(own);
        }
    }
    write("manifest.json", &manifest);
    let place = dir.parent().unwrap().join(&id);
    fs::rename(dir, &place).unwrap();
    place
}

/// The bundle as its maker changed it, with digests that are right.
pub fn remade(
    house: &crate::house::House,
    bundle: &Bundle,
    making: Making,
    change: impl FnOnce(&mut Value),
) -> Bundle {
    let place = reseal(bundle, making, change);
    let id = place.file_name().unwrap().to_str().unwrap();
    house.room.store.get_strict(id).unwrap()
}

pub fn resealed(house: &crate::house::House, bundle: &Bundle, change: impl FnOnce(&mut Value)) -> Bundle {
    remade(house, bundle, Making::Another, change)
}

/// A bundle with another patch, which everything in it agrees with.
pub fn with_patch(house: &crate::house::House, bundle: &Bundle, patch: &str) -> Bundle {
    fs::write(&bundle.paths.patch, patch).unwrap();
    // The mount's own patch is evidence, and stays what it was.
    resealed(house, bundle, |_| ())
}

#[test]
fn a_redacted_or_truncated_file_is_refused_by_name_and_the_others_are_not() {
    let (before, after) = three();
    for marker in ["redacted", "truncated"] {
        let house = house(&before);
        let bundle = house.run(&before, &after);
        let bundle = resealed(&house, &bundle, |changed| changed["files"][1][marker] = json!(true));
        let refusal = flight(&house, &bundle, &["a.php", "b.php", "c d.txt"]).unwrap_err();
        assert_eq!(refusal.code, Code::ApprovedFilesUnusable);
        assert_eq!(refusal.facts["files"], json!(["/workspace/b.php"]));
        let wanted = request(&bundle, &["b.php"]);
        let staged =
            stage(&house.room.store, &StageRequest { apply: wanted, ..Default::default() }, &house.parent);
        assert_eq!(code(staged), Code::ApprovedFilesUnusable);
        assert!(staged_patch(&house, &bundle, &["a.php"]).contains("ONE"));
    }
}

#[test]
fn what_a_patch_cannot_carry_is_not_needed_and_cannot_be_approved() {
    let (before, mut after) = three();
    after.insert(b"empty/.keep".to_vec(), text(""));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let bundle = resealed(&house, &bundle, |changed| {
        let rows = changed["files"].as_array_mut().unwrap();
        let mut row = rows[0].clone();
        row["path"] = json!("/workspace/dir");
        row["relativePath"] = json!("dir");
        row["omitted"] = json!("directory");
        row.as_object_mut().unwrap().remove("patchPath");
        rows.push(row);
    });
    flight(&house, &bundle, &["a.php", "b.php", "c d.txt", "empty/.keep"]).unwrap();
    let refusal = flight(&house, &bundle, &["a.php", "b.php", "c d.txt", "empty/.keep", "dir"]).unwrap_err();
    assert_eq!(refusal.code, Code::ApprovedPatchMissing);
    assert_eq!(refusal.facts["files"], json!(["/workspace/dir"]));
}

#[test]
fn a_block_that_touches_more_than_is_approved_is_refused() {
    let (before, after) = three();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    // The patch moves b.php away under cover of a.php.
    let patch = "diff --git a/b.php b/a.php\nsimilarity index 100%\nrename from b.php\nrename to a.php\n";
    fs::write(&bundle.paths.patch, patch).unwrap();
    // Its maker says nothing of either.
    let bundle = resealed(&house, &bundle, |changed| {
        changed["files"] = ["a.php", "b.php"]
            .map(|name| json!({ "path": format!("/workspace/{name}"), "relativePath": name }))
            .into();
    });
    let refusal = flight(&house, &bundle, &["a.php"]).unwrap_err();
    assert_eq!(refusal.code, Code::ApprovedFilesIncomplete);
    let staged = StageRequest { apply: request(&bundle, &["a.php"]), ..Default::default() };
    assert_eq!(code(stage(&house.room.store, &staged, &house.parent)), Code::ApprovedPatchMissing);
}

#[test]
fn a_patch_that_is_none_is_refused() {
    let (before, after) = three();
    for (patch, expected) in [
        ("", Code::PatchMissing),
        ("\n \n", Code::PatchMissing),
        ("hello\n", Code::PatchUnfilterable),
        ("--- a/a.php\n+++ b/a.php\n@@ -1 +1 @@\n-one\n+ONE\n", Code::PatchUnfilterable),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", Code::ArtifactVerificationFailed),
    ] {
        let house = house(&before);
        let bundle = house.run(&before, &after);
        let bundle = with_patch(&house, &bundle, patch);
        let staged = StageRequest { apply: request(&bundle, &["a.php"]), ..Default::default() };
        assert_eq!(code(stage(&house.room.store, &staged, &house.parent)), expected, "{patch:?}");
    }
}

#[test]
fn any_selection_of_files_is_what_git_makes_of_that_selection() {
    let names = ["a.txt", "b/c.txt", "b/d e.txt", "\u{e9}.txt", "z.bin", "run.sh"];
    let before: Tree =
        names[..4].iter().map(|n| (n.as_bytes().to_vec(), text(&format!("{n}\nold\n")))).collect();
    let mut after: Tree = before.clone();
    after.insert(b"a.txt".to_vec(), text("new\n"));
    after.remove(b"b/c.txt".as_slice());
    after.insert(b"b/d e.txt".to_vec(), text("no newline"));
    after.insert("\u{e9}.txt".as_bytes().to_vec(), text("caf\u{e9}\n"));
    after.insert(b"z.bin".to_vec(), Node::File { bytes: vec![0, 1, 2, 255], executable: false });
    after.insert(b"run.sh".to_vec(), Node::File { bytes: b"#!/bin/sh\n".to_vec(), executable: true });
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let git = &git::all()[0];
    for selection in 1..1 << names.len() {
        let chosen: Vec<&str> =
            names.iter().enumerate().filter(|(i, _)| selection & 1 << i != 0).map(|(_, n)| *n).collect();
        let patch = staged_patch(&house, &bundle, &chosen);
        let dir = tempfile::tempdir().unwrap();
        tree::write(dir.path(), &before);
        let file = dir.path().parent().unwrap().join(format!("{selection}.patch"));
        fs::write(&file, &patch).unwrap();
        git::must(git, dir.path(), &["apply", Path::new(&file).to_str().unwrap()]);
        fs::remove_file(&file).unwrap();
        let mut expected = before.clone();
        for name in &chosen {
            match after.get(name.as_bytes()) {
                Some(node) => _ = expected.insert(name.as_bytes().to_vec(), node.clone()),
                None => _ = expected.remove(name.as_bytes()),
            }
        }
        assert_eq!(tree::show(&tree::read(dir.path())), tree::show(&expected), "{chosen:?}");
    }
}

#[test]
fn a_name_that_ends_in_a_space_is_approved_as_itself() {
    let before = tree([("a.php", text("one\n")), ("a.php ", text("other\n"))]);
    let after = tree([("a.php", text("ONE\n")), ("a.php ", text("OTHER\n"))]);
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let patch = staged_patch(&house, &bundle, &["a.php "]);
    assert!(patch.contains("+OTHER") && !patch.contains("+ONE"), "{patch}");
    // White space around a name that no changed file has is still nothing.
    let patch = staged_patch(&house, &bundle, &["a.php  "]);
    assert!(patch.contains("+ONE") && !patch.contains("+OTHER"), "{patch}");
}

/// What an apply of `a.php` says whose row is spoiled; nothing may be written.
fn spoiled(patch: Option<&str>, spoil: impl Fn(&mut Value)) -> Refusal {
    let (before, after) = three();
    let house = house(&before);
    house.apply_here();
    let bundle = house.run(&before, &after);
    if let Some(patch) = patch {
        fs::write(&bundle.paths.patch, patch).unwrap();
    }
    let bundle = resealed(&house, &bundle, |changed| {
        let rows = changed["files"].as_array_mut().unwrap();
        rows.retain(|row| row["relativePath"] == "a.php");
        spoil(&mut rows[0]);
    });
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(house.now(), before);
    done.unwrap_err().into()
}

/// The refusal is one of a row that disagrees with the patch, for this reason.
fn disagrees(patch: Option<&str>, why: &str, spoil: impl Fn(&mut Value)) {
    let refusal = spoiled(patch, spoil);
    assert_eq!(refusal.code, Code::ArtifactVerificationFailed, "{refusal}");
    assert!(refusal.facts["violations"].to_string().contains(why), "{:?}", refusal.facts);
}

/// Takes what a row says of its content away, so that something else has to notice.
fn silent(row: &mut Value) {
    for field in ["beforeSha256", "afterSha256", "replacedLines", "addedLines", "afterMode", "beforeMode"] {
        row.as_object_mut().unwrap().remove(field);
    }
}

#[test]
fn a_row_whose_names_are_of_two_files_is_refused() {
    // The approval would be of one, and the patch of the other.
    disagrees(None, "relativePath names another file", |row| row["path"] = json!("/workspace/readme.txt"));
    disagrees(None, "mountTarget is not the target", |row| row["mountTarget"] = json!("/elsewhere"));
    disagrees(None, "relativePath names another file", |row| {
        row.as_object_mut().unwrap().retain(|field, _| !["kind", "mountTarget"].contains(&field.as_str()));
        row["relativePath"] = json!("b.php");
    });
    disagrees(None, "patchPath names another file", |row| {
        row["path"] = json!("/workspace/readme.txt");
        row["relativePath"] = json!("readme.txt");
    });
    disagrees(None, "relativePath is missing", |row| {
        row.as_object_mut().unwrap().remove("relativePath");
        row["patchPath"] = json!("b.php");
    });
}

#[test]
fn a_patch_that_deletes_a_file_whose_row_keeps_it_is_refused() {
    let deleted = "diff --git a/a.php b/a.php\ndeleted file mode 100644\n--- a/a.php\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n";
    disagrees(Some(deleted), "does not do what the status says", |_| ());
    disagrees(Some(deleted), "does not do what the status says", silent);
    disagrees(Some(deleted), "deletes a file that the row keeps", |row| {
        row.as_object_mut().unwrap().remove("kind");
    });
}

#[test]
fn a_patch_that_keeps_a_file_whose_row_deletes_it_is_refused() {
    disagrees(None, "does not do what the status says", |row| row["status"] = json!("deleted"));
    disagrees(None, "keeps a file whose status is deleted", |row| {
        row.as_object_mut().unwrap().remove("kind");
        row["status"] = json!("removed");
    });
}

#[test]
fn a_patch_that_makes_a_plain_file_executable_is_refused() {
    let executable = "diff --git a/a.php b/a.php\nold mode 100644\nnew mode 100755\n";
    disagrees(Some(executable), "another mode than the row", |_| ());
    disagrees(Some(executable), "another mode than the row", |row| {
        silent(row);
        row.as_object_mut().unwrap().remove("kind");
        row["afterMode"] = json!("100644");
    });
}

#[test]
fn a_patch_that_moves_a_file_whose_status_is_not_renamed_is_refused() {
    let moved = "diff --git a/b.php b/a.php\nsimilarity index 100%\nrename from b.php\nrename to a.php\n";
    disagrees(Some(moved), "the status is not renamed", |row| {
        row.as_object_mut().unwrap().remove("kind");
        row["status"] = json!("added");
        row["renamedFrom"] = json!("/workspace/b.php");
    });
}

#[test]
fn a_patch_that_moves_a_file_away_whose_own_row_keeps_it_is_refused() {
    let (before, after) = three();
    let house = house(&before);
    house.apply_here();
    let bundle = house.run(&before, &after);
    let moved = "diff --git a/b.php b/a.php\nsimilarity index 100%\nrename from b.php\nrename to a.php\n";
    fs::write(&bundle.paths.patch, moved).unwrap();
    let bundle = resealed(&house, &bundle, |changed| {
        let rows = changed["files"].as_array_mut().unwrap();
        rows.retain(|row| row["relativePath"] != "c d.txt");
        rows.iter_mut().for_each(silent);
        rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("kind")));
    });
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    let refusal = Refusal::from(done.unwrap_err());
    assert_eq!(refusal.code, Code::ArtifactVerificationFailed);
    let violations = refusal.facts["violations"].to_string();
    assert!(violations.contains("the patch deletes a file that the row keeps"), "{violations}");
    assert_eq!(house.now(), before);
}

#[test]
fn a_symlink_that_the_review_shows_as_a_file_is_refused_whoever_applies_it() {
    let link = "diff --git a/a.php b/a.php\ndeleted file mode 100644\n--- a/a.php\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n\
        diff --git a/a.php b/a.php\nnew file mode 120000\n--- /dev/null\n+++ b/a.php\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n";
    disagrees(Some(link), "another kind of file", |_| ());
    disagrees(Some(link), "another kind of file", |row| {
        silent(row);
        row.as_object_mut().unwrap().remove("kind");
        row["afterMode"] = json!("100644");
    });
}

#[test]
fn a_rewrite_that_the_review_shows_as_an_edit_is_refused() {
    let why = "another number of lines";
    disagrees(None, why, |row| row["replacedLines"] = json!(0));
    disagrees(None, why, |row| row["addedLines"] = json!(7));
    let binary = "diff --git a/a.php b/a.php\nindex 5626abf0f72e58d7a153368ba57db4c673c0e171..f719efd430d52bcfc8566a43b2eb655688d38871 100644\nGIT binary patch\nliteral 4\nLc$|G=;r{>t0e}F$\n\nliteral 4\nLc$|G=;r{>t0e}F$\n\n";
    disagrees(Some(binary), why, |_| ());
}

/// An approval as somebody types it.
fn typed(house: &crate::house::House, bundle: &Bundle, text: &str) -> Result<Vec<String>, Refusal> {
    let mut request = request(bundle, &[]);
    request.approved_files = Named::Text(text.into());
    let staged = StageRequest { apply: request, ..Default::default() };
    let staged = stage(&house.room.store, &staged, &house.parent)?;
    Ok(serde_json::from_value(staged["apply_input"]["approved_files"].clone()).unwrap())
}

#[test]
fn a_comma_in_a_name_is_never_taken_for_one_between_names() {
    let names = ["a.php", "b.php", "a,b.php", "c", "c,", "d, e", "a.php,/workspace/b.php"];
    let tree_of = |content: &str| -> Tree {
        names.iter().map(|name| (name.as_bytes().to_vec(), text(&format!("{name} {content}\n")))).collect()
    };
    let (before, after) = (tree_of("before"), tree_of("after"));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    // Two other files, or the one whose name is made of theirs: nobody can say.
    for (text, meant) in [
        ("/workspace/a,b.php", "/workspace/a,b.php"),
        ("/workspace/b.php,/workspace/a , b.php", "/workspace/a,b.php"),
        ("/workspace/c,", "/workspace/c,"),
        ("/workspace/d, e", "/workspace/d, e"),
        ("/workspace/a.php,/workspace/b.php", "/workspace/a.php,/workspace/b.php"),
    ] {
        let refusal = typed(&house, &bundle, text).unwrap_err();
        assert_eq!(refusal.code, Code::ApprovedFilesInvalid, "{text}");
        assert_eq!(refusal.facts["files"], json!([meant]), "{text}");
        assert!(refusal.message.contains("JSON list"), "{refusal}");
    }
    assert_eq!(
        typed(&house, &bundle, " /workspace/b.php , /workspace/c ").unwrap(),
        ["/workspace/b.php", "/workspace/c"]
    );
    assert_eq!(typed(&house, &bundle, "/workspace/nope,b.php").unwrap_err().code, Code::ApprovedFilesInvalid);
    // A list says exactly what it says.
    for name in names {
        let blocks = parse(staged_patch(&house, &bundle, &[name]).as_bytes()).unwrap();
        assert_eq!((blocks.len(), blocks[0].path()), (1, name.as_bytes()), "{name}");
    }
    let two = staged_patch(&house, &bundle, &["a.php", "b.php"]);
    assert_eq!(parse(two.as_bytes()).unwrap().len(), 2);
}
