//! What a reviewer opens beside the patch is what follows from it and from the list of changed files,
//! whoever made the bundle and fitted every digest to the lie.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::bundle::{Room, draft, mount, room};
use support::forge::{edit, remake};
use support::tree::{Tree, changes, text, tree};
use wp_codebox::artifact::{AgentRun, Draft, Redactor, Secret, ViolationCode as Code, verify_bundle};

fn before() -> Tree {
    tree([("a.php", text("<?php\n$a = 1;\n")), ("gone.txt", text("gone\n"))])
}

fn after() -> Tree {
    tree([("a.php", text("<?php\n$a = 2;\n")), ("inc/new.php", text("<?php\n// new\n"))])
}

/// A run of an agent that changed `mounts` mounts.
fn run(mounts: usize) -> Draft {
    let mut draft = draft("s", &before(), &after());
    for index in 1..mounts {
        let target = format!("/other-{index}");
        draft.mounts.push(mount(&target));
        draft.changes.push(changes(&target, index, &before(), &after()));
    }
    draft.agent = Some(AgentRun { commands: vec!["command-1".into()], reply: Value::Null });
    draft
}

fn written(room: &Room, draft: Draft) -> PathBuf {
    room.store.write(draft).unwrap().bundle.directory
}

fn violations(dir: &Path) -> Vec<(Code, String)> {
    verify_bundle(dir).unwrap().violations.into_iter().map(|found| (found.code, found.path)).collect()
}

/// What is said of a bundle whose maker has spoilt it.
fn lied(mounts: usize, lie: impl FnOnce(&Path)) -> Vec<String> {
    let room = room();
    let dir = written(&room, run(mounts));
    remake(&dir);
    assert_eq!(violations(&dir), []);
    lie(&dir);
    remake(&dir);
    let found = violations(&dir);
    assert!(found.iter().all(|(code, _)| *code == Code::ReviewEvidenceMismatch), "{found:?}");
    found.into_iter().map(|(_, path)| path).collect()
}

#[test]
fn a_captured_file_that_is_not_what_the_run_left() {
    let harmless = |dir: &Path| fs::write(dir.join("files/mounts/0/a.php"), "<?php\n// harmless\n").unwrap();
    let found = lied(1, harmless);
    assert!(found.contains(&"files/mounts/0/a.php".to_owned()), "{found:?}");
    assert!(found.contains(&"files/mounted-files.json".to_owned()), "{found:?}");
    let index = |change: fn(&mut Value)| lied(1, |dir| edit(dir, "files/mounted-files.json", change));
    for change in [
        |index: &mut Value| index["files"][0]["sha256"] = json!("0".repeat(64)),
        |index: &mut Value| index["files"][0]["target"] = json!("/workspace/b.php"),
        |index: &mut Value| index["files"][0]["relativePath"] = json!("b.php"),
        |index: &mut Value| drop(index["files"].as_array_mut().unwrap().remove(0)),
        |index: &mut Value| index["files"][0]["artifactPath"] = json!("files/outcome.json"),
    ] {
        assert!(index(change).contains(&"files/mounted-files.json".to_owned()));
    }
}

#[test]
fn a_mounts_own_patch_that_is_not_its_part_of_the_combined_one() {
    for mounts in [1, 3] {
        for spoil in [
            |_: String| "nothing\n".to_owned(),
            |_: String| String::new(),
            |patch: String| patch.replace("+$a = 2;", "+$a = 3;"),
            |patch: String| patch.replace("new.php", "old.php"),
            |patch: String| patch.replace("@@ -1,2 +1,2 @@", "@@ -2,2 +2,2 @@"),
            |patch: String| patch.replace("100644", "100755"),
            |patch: String| patch[..patch.rfind("diff --git").unwrap()].to_owned(),
            |patch: String| format!("{patch}{}", patch.replace(".php", ".inc")),
        ] {
            let path = format!("files/diffs/mount-{}.patch", mounts - 1);
            let found = lied(mounts, |dir| {
                let patch = fs::read_to_string(dir.join(&path)).unwrap();
                fs::write(dir.join(&path), spoil(patch)).unwrap();
            });
            assert_eq!(found, [path]);
        }
    }
}

#[test]
fn a_blueprint_that_does_something_else() {
    let spoils: [fn(&mut Value); 6] = [
        |blueprint| blueprint["steps"] = json!([]),
        |blueprint| blueprint["plugins"] = json!(["evil"]),
        |blueprint| {
            blueprint["steps"].as_array_mut().unwrap().push(json!({ "step": "runPHP", "code": "evil();" }));
        },
        |blueprint| {
            blueprint["steps"].as_array_mut().unwrap().push(json!({ "step": "rm", "path": "/wordpress" }));
        },
        |blueprint| {
            let steps = blueprint["steps"].as_array_mut().unwrap();
            let write = steps.iter_mut().find(|step| step["step"] == "writeFile").unwrap();
            write["data"] = json!("<?php evil();");
        },
        |blueprint| {
            let steps = blueprint["steps"].as_array_mut().unwrap();
            let again = steps.iter().find(|step| step["step"] == "writeFile").unwrap().clone();
            steps.push(again);
        },
    ];
    for spoil in spoils {
        let found = lied(1, |dir| edit(dir, "blueprint.after.json", spoil));
        assert!(found.iter().all(|path| path.starts_with("blueprint.after.json:")) && !found.is_empty());
    }
}

#[test]
fn evidence_that_lies_elsewhere() {
    for (file, field, key) in [
        ("files/review.json", "evidence", "patch"),
        ("files/review.json", "evidence", "changedFiles"),
        ("files/review.json", "evidence", "testResults"),
        ("files/review.json", "evidence", "more"),
        ("metadata.json", "artifacts", "patch"),
        ("metadata.json", "artifacts", "completionOutcome"),
        ("metadata.json", "artifacts", "more"),
    ] {
        let found = lied(1, |dir| {
            // Also of a file with the same content.
            edit(dir, file, |document| document[field][key] = json!("files/diffs/mount-0.patch"));
        });
        assert!(found.contains(&format!("{file}:{field}.{key}")), "{found:?}");
    }
}

#[test]
fn an_outcome_that_promotes_what_was_never_tested() {
    let found = lied(1, |dir| {
        edit(dir, "files/completion-outcome.json", |outcome| {
            outcome["nextAction"] = json!("promote");
            outcome["confidence"] = json!("high");
            outcome["verification"]["status"] = json!("passed");
            outcome["changedFiles"]["count"] = json!(0);
        });
    });
    let fields = ["changedFiles", "confidence", "nextAction", "verification"];
    assert_eq!(found, fields.map(|field| format!("files/completion-outcome.json:{field}")));
    let spoils: [(&str, fn(&mut Value)); 8] = [
        ("completion-outcome", |outcome| outcome["riskNotes"] = json!(["none"])),
        ("completion-outcome", |outcome| outcome["approved"] = json!(true)),
        ("completion-outcome", |outcome| outcome["provenance"]["agent"] = json!({ "name": "the owner" })),
        ("agent-result", |result| result["actionable"] = json!(false)),
        ("agent-result", |result| result["changedFiles"]["paths"] = json!([])),
        ("agent-result", |result| result["failures"] = json!([{ "message": "none" }])),
        ("agent-result", |result| result["artifacts"] = json!([{ "kind": "x", "path": "files/x" }])),
        ("agent-task-result", |result| result["status"] = json!("failed")),
    ];
    for (name, spoil) in spoils {
        let path = format!("files/{name}.json");
        let found = lied(1, |dir| edit(dir, &path, spoil));
        assert!(found.len() == 1 && found[0].starts_with(&path), "{name}: {found:?}");
    }
}

#[test]
fn what_was_redacted_or_left_out_verifies() {
    const VALUE: &str = "correct-horse-battery-staple";
    let secret = |value: &str| text(&format!("<?php\n// {value}\n{}", "// line\n".repeat(40)));
    let shown =
        |value: &str, end: &str| text(&format!("<?php\n// {value}\n{}{end}\n", "// line\n".repeat(40)));
    let before = tree([("shown.php", secret("x")), ("near.php", secret(VALUE))]);
    let large = "x".repeat(2 << 20);
    let after = tree([
        // In the patch; in the captured file alone; too large to be captured; its name told nowhere.
        ("shown.php", shown(VALUE, "// end")),
        ("near.php", shown(VALUE, "// end")),
        ("large.txt", text(&large)),
        (&format!("{VALUE}.php"), text("<?php\n")),
        ("Straße %41.php", text("<?php\n")),
    ]);
    for mounts in [1, 2] {
        let mut draft = run(1);
        draft.redactor = std::sync::Arc::new(Redactor::new(&[Secret::new("TOKEN", VALUE).unwrap()]));
        draft.changes = vec![changes("/workspace", 0, &before, &after)];
        for index in 1..mounts {
            draft.mounts.push(mount("/other"));
            draft.changes.push(changes("/other", index, &before, &after));
        }
        let room = room();
        let dir = written(&room, draft);
        assert_eq!(violations(&dir), []);
        let index = support::bundle::json(&dir.join("files/mounted-files.json"));
        assert!(index["files"].as_array().unwrap().iter().any(|file| file["replayable"] == false));
    }
}
