//! What is approved, and the patch of exactly that.

use crate::house::{code, everything, house, request};
use crate::support::git;
use crate::support::tree::{self, Node, Tree, text, tree};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wp_codebox::artifact::apply::{Preflight, StageRequest, preflight, stage};
use wp_codebox::artifact::patch::parse;
use wp_codebox::artifact::{Bundle, verify_bundle};
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
    nothing.approved_files = vec![" ".into()];
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

/// Changes changed-files.json and makes everything else fit, as whoever makes bundles could.
fn reseal(bundle: &Bundle, change: impl FnOnce(&mut Value)) -> std::path::PathBuf {
    let dir = &bundle.directory;
    let read = |path: &str| -> Value { serde_json::from_slice(&fs::read(dir.join(path)).unwrap()).unwrap() };
    let write = |path: &str, value: &Value| {
        fs::write(dir.join(path), serde_json::to_vec_pretty(value).unwrap()).unwrap();
    };
    let mut changed = read("files/changed-files.json");
    change(&mut changed);
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
        if value.get("evidence").is_some_and(Value::is_object) {
            value["evidence"]["artifactContentDigest"] = json!(digest);
            value["evidence"]["patchSha256"] =
                json!(digest_hex([fs::read(dir.join("files/patch.diff")).unwrap().as_slice()]));
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
    let verified = verify_bundle(&place).unwrap();
    assert_eq!(verified.violations, []);
    place
}

pub fn resealed(house: &crate::house::House, bundle: &Bundle, change: impl FnOnce(&mut Value)) -> Bundle {
    let place = reseal(bundle, change);
    let id = place.file_name().unwrap().to_str().unwrap();
    house.room.store.get_strict(id).unwrap()
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
    let bundle = with_patch(&house, &bundle, patch);
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
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", Code::ApprovedPatchMissing),
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
