//! From a run to a bundle: which files, which hashes, which id.

mod support;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use support::bundle::{draft, files, json, mount, room};
use support::git;
use support::tree::{self, Tree, text, tree};
use wp_codebox::artifact::{
    AgentRun, ArtifactError, Attachment, AttachmentContent, Draft, Failure, Outcome, SuiteCounts,
    TestResults, TestStatus, TestSuite, WriteStatus, content_digest, manifest_self_hash,
};
use wp_codebox::contract::{CommandRecord, Event, Refusal};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn edit() -> (Tree, Tree) {
    (
        tree([("plugin.php", text("<?php\n$a = 1;\n")), ("old.txt", text("x\n"))]),
        tree([("plugin.php", text("<?php\n$a = 2;\n")), ("inc/new.php", text("<?php\n"))]),
    )
}

fn failed() -> Outcome {
    let code = "wp_codebox_run_timeout".into();
    Outcome::Failed { failure: Failure { code, message: "30 s are over".into(), data: Value::Null } }
}

#[test]
fn the_content_digest_is_the_published_one() {
    // The worked vector of the contract.
    assert_eq!(
        content_digest(b"{}\n", b"").value,
        "6854b4b6771a6872bfe888a86fe7e0d9de00123ef10ccc35b7fc880bfe85df19"
    );
}

#[test]
fn a_bundle_lists_every_file_with_its_hash() {
    let room = room();
    let (before, after) = edit();
    let written = room.store.write(draft("s", &before, &after)).unwrap();
    assert_eq!(written.status, WriteStatus::Created);
    let dir = written.bundle.directory;
    assert_eq!(dir, room.root().canonicalize().unwrap().join(&written.bundle.id));
    assert_eq!(
        files(&dir),
        [
            "blueprint.after-notes.json",
            "blueprint.after.json",
            "commands.jsonl",
            "events.jsonl",
            "files/changed-files.json",
            "files/diagnostics.json",
            "files/diffs.json",
            "files/diffs/mount-0.patch",
            "files/mounted-files.json",
            "files/mounts.json",
            "files/mounts/0/inc/new.php",
            "files/mounts/0/plugin.php",
            "files/outcome.json",
            "files/patch.diff",
            "files/review.json",
            "files/test-results.json",
            "logs/commands.log",
            "logs/runtime.log",
            "manifest.json",
            "metadata.json",
            "observations.jsonl",
        ]
    );
    let manifest = json(&dir.join("manifest.json"));
    let mut listed = Vec::new();
    for row in manifest["files"].as_array().unwrap() {
        let path = row["path"].as_str().unwrap();
        listed.push(path.to_owned());
        let expected = match path {
            "manifest.json" => manifest_self_hash(&manifest),
            path => sha256(&fs::read(dir.join(path)).unwrap()),
        };
        assert_eq!(row["sha256"], json!({ "algorithm": "sha256", "value": expected }), "{path}");
    }
    assert_eq!(listed[0], "manifest.json");
    listed.sort();
    assert_eq!(listed, files(&dir));
}

#[test]
fn changed_files_are_captured_and_a_blueprint_writes_them_again() {
    let room = room();
    let before = tree([
        ("a.php", text("<?php\n")),
        ("old.txt", text("x\n")),
        ("moved.txt", text("same\nsame\nsame\n")),
    ]);
    let after = tree([
        ("a.php", text("<?php\n$b = 2;\n")),
        ("inc/deep/new.php", text("<?php\n// ünï\n")),
        ("image.bin", text("\0\u{2}")),
        ("image.BIN", text("\0\u{1}")),
        ("inc/moved.txt", text("same\nsame\nsame\n")),
    ]);
    let bundle = room.store.write(draft("s", &before, &after)).unwrap().bundle;
    let dir = &bundle.directory;
    assert_eq!(fs::read(dir.join("files/mounts/0/inc/deep/new.php")).unwrap(), "<?php\n// ünï\n".as_bytes());
    assert_eq!(fs::read(dir.join("files/mounts/0/image.BIN")).unwrap(), b"\0\x01");
    let index = json(&dir.join("files/mounted-files.json"));
    let row = |path: &str| {
        let rows = index["files"].as_array().unwrap();
        rows.iter().find(|row| row["relativePath"] == path).cloned().unwrap_or_default()
    };
    assert_eq!(row("a.php")["replayable"], json!(true));
    assert_eq!(row("a.php")["sha256"], json!(sha256(b"<?php\n$b = 2;\n")));
    assert_eq!(row("image.BIN")["replayable"], json!(false));
    // One of two names that differ in case alone.
    let skipped: Vec<_> = index["skipped"].as_array().unwrap().iter().map(|row| &row["reason"]).collect();
    assert_eq!(skipped, [&json!("unusable-name")]);

    let blueprint = json(&dir.join("blueprint.after.json"));
    assert_eq!(blueprint["preferredVersions"], json!({ "php": "8.3", "wp": "7.1.1" }));
    let steps = blueprint["steps"].as_array().unwrap();
    let at = |step: Value| {
        steps.iter().position(|known| *known == step).unwrap_or_else(|| panic!("{step} in {steps:#?}"))
    };
    at(json!({ "step": "rm", "path": "/workspace/old.txt" }));
    at(json!({ "step": "rm", "path": "/workspace/moved.txt" }));
    at(json!({ "step": "writeFile", "path": "/workspace/a.php", "data": "<?php\n$b = 2;\n" }));
    at(json!({ "step": "writeFile", "path": "/workspace/inc/moved.txt", "data": "same\nsame\nsame\n" }));
    assert!(!blueprint.to_string().contains("image."));
    let notes = json(&dir.join("blueprint.after-notes.json"));
    assert_eq!(notes["replayStatus"], json!("partial"));
    assert_eq!(notes["capturedFileCount"], json!(index["files"].as_array().unwrap().len()));
    assert_eq!(notes["skippedFileCount"], json!(1));
    let inspection = serde_json::to_value(room.store.inspect(&bundle.id).unwrap()).unwrap();
    assert_eq!(inspection["verification"]["violations"], json!([]));
}

#[test]
fn what_is_captured_is_bounded() {
    let room = room();
    let big = "x".repeat((1 << 20) + 1);
    let mut after: Tree =
        (0..210).map(|i| (format!("f{i:03}").into_bytes(), text(&format!("{i}\n")))).collect();
    after.insert(b"a-big".to_vec(), text(&big));
    let bundle = room.store.write(draft("s", &Tree::new(), &after)).unwrap().bundle;
    let index = json(&bundle.directory.join("files/mounted-files.json"));
    assert_eq!(index["files"].as_array().unwrap().len(), 200);
    let skipped = index["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 11);
    assert_eq!(skipped[0]["reason"], json!("max-file-bytes-exceeded"));
    assert_eq!(skipped[10]["reason"], json!("max-files-exceeded"));
}

#[test]
fn the_id_follows_from_the_bytes() {
    let room = room();
    let (before, after) = edit();
    let bundle = room.store.write(draft("s", &before, &after)).unwrap().bundle;
    let read = |path: &str| fs::read(bundle.directory.join(path)).unwrap();
    let (changed, patch) = (read("files/changed-files.json"), read("files/patch.diff"));
    let mut covered = b"wp-codebox/artifact-content/v1\nfiles/changed-files.json\n".to_vec();
    covered.extend(&changed);
    covered.extend(b"\nfiles/patch.diff\n");
    covered.extend(&patch);
    assert_eq!(bundle.content_digest, sha256(&covered));
    assert_eq!(bundle.id, format!("artifact-bundle-sha256-{}", bundle.content_digest));
    assert_eq!(
        bundle.manifest.unwrap()["contentDigest"]["inputs"],
        json!(["files/changed-files.json", "files/patch.diff"])
    );
    let metadata = bundle.metadata.unwrap();
    assert_eq!(metadata["id"], json!(bundle.id));
    let review = bundle.review.unwrap();
    assert_eq!(review["artifactId"], json!(bundle.id));
    assert_eq!(review["evidence"]["patchSha256"], json!(sha256(&patch)));
}

#[test]
fn the_same_run_is_the_same_bundle_and_another_run_is_another() {
    let room = room();
    let (before, after) = edit();
    let first = room.store.write(draft("s", &before, &after)).unwrap();
    let again = room.store.write(draft("s", &before, &after)).unwrap();
    assert_eq!(again.status, WriteStatus::Existing);
    assert_eq!(again.bundle.id, first.bundle.id);
    let mut other = draft("s", &before, &after);
    other.commands[0].stdout = "2".into();
    let other = room.store.write(other).unwrap();
    assert_eq!(other.status, WriteStatus::Created);
    assert_ne!(other.bundle.id, first.bundle.id, "same change, other evidence");
    assert_eq!(other.bundle.changed_files.unwrap()["files"], first.bundle.changed_files.unwrap()["files"]);
}

#[test]
fn the_patch_applies_to_the_base() {
    let room = room();
    let (before, after) = edit();
    let bundle = room.store.write(draft("s", &before, &after)).unwrap().bundle;
    for git in git::all() {
        let base = tempfile::tempdir().unwrap();
        tree::write(base.path(), &before);
        git::must(&git, base.path(), &["apply", bundle.paths.patch.to_str().unwrap()]);
        assert_eq!(tree::read(base.path()), after);
    }
}

#[test]
fn a_failed_run_without_changes_has_a_bundle_of_its_own() {
    let room = room();
    let none = Tree::new();
    let mut ids = Vec::new();
    for session in ["first", "second"] {
        let mut draft = draft(session, &none, &none);
        draft.outcome = failed();
        let bundle = room.store.write(draft).unwrap().bundle;
        assert_eq!(fs::read(&bundle.paths.patch).unwrap(), b"");
        let outcome = json(&bundle.directory.join("files/outcome.json"));
        assert_eq!(outcome["status"], "failed");
        assert_eq!(outcome["sessionId"], json!(session));
        assert_eq!(outcome["failure"]["code"], "wp_codebox_run_timeout");
        assert_eq!(outcome["failure"]["message"], "30 s are over");
        let review = bundle.review.unwrap();
        assert_eq!(
            review["summary"],
            "The run failed (wp_codebox_run_timeout). Sandbox produced no file changes."
        );
        assert_eq!(review["riskFlags"], json!(["run-failed"]));
        ids.push(bundle.id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn changed_files_say_what_happened_to_each() {
    let room = room();
    let (before, after) = edit();
    let bundle = room.store.write(draft("s", &before, &after)).unwrap().bundle;
    let changed = bundle.changed_files.unwrap();
    assert_eq!(changed["schema"], "wp-codebox/changed-files/v1");
    assert_eq!(
        changed["files"],
        json!([
            {
                "path": "/workspace/inc/new.php", "relativePath": "inc/new.php", "patchPath": "inc/new.php",
                "mountIndex": 0, "mountTarget": "/workspace", "status": "added", "kind": "file",
                "afterSha256": sha256(b"<?php\n"), "afterMode": "100644", "size": 6, "addedLines": 1
            },
            {
                "path": "/workspace/old.txt", "relativePath": "old.txt", "patchPath": "old.txt",
                "mountIndex": 0, "mountTarget": "/workspace", "status": "deleted", "kind": "file",
                "beforeSha256": sha256(b"x\n"), "beforeMode": "100644", "size": 2,
                "beforeLines": 1, "replacedLines": 1
            },
            {
                "path": "/workspace/plugin.php", "relativePath": "plugin.php", "patchPath": "plugin.php",
                "mountIndex": 0, "mountTarget": "/workspace", "status": "modified", "kind": "file",
                "beforeSha256": sha256(b"<?php\n$a = 1;\n"), "afterSha256": sha256(b"<?php\n$a = 2;\n"),
                "beforeMode": "100644", "afterMode": "100644", "size": 14,
                "beforeLines": 2, "replacedLines": 1, "addedLines": 1
            }
        ])
    );
}

#[test]
fn the_review_flags_what_deserves_a_second_look() {
    let room = room();
    let lines = |word: &str| (0..60).map(|n| format!("{word} {n}\n")).collect::<String>();
    let before = tree([("rewritten.php", text(&lines("a"))), ("tool", text("x\n"))]);
    let mut after = tree([
        ("rewritten.php", text(&lines("b"))),
        ("link", tree::Node::Symlink(b"/etc/passwd".to_vec())),
        (".git/hooks/pre-commit", text("x\n")),
        ("a\u{1b}[2Jb", text("x\n")),
    ]);
    after.insert(b"tool".to_vec(), tree::Node::File { bytes: b"x\n".to_vec(), executable: true });
    let bundle = room.store.write(draft("s", &before, &after)).unwrap().bundle;
    let mut flags: Vec<Value> = bundle.review.unwrap()["riskFlags"].as_array().unwrap().clone();
    flags.sort_by_key(|flag| flag.to_string());
    assert_eq!(
        flags,
        [
            "control-character-in-name:/workspace/a\u{1b}[2Jb",
            "git-internal:/workspace/.git/hooks/pre-commit",
            "made-executable:/workspace/tool",
            "suspicious-full-file-rewrite:/workspace/rewritten.php",
            "symlink:/workspace/link",
        ]
    );
}

#[test]
fn logs_cannot_drive_a_terminal() {
    let room = room();
    let mut draft = draft("s", &Tree::new(), &Tree::new());
    draft.commands[0].stdout = "\u{1b}]0;owned\u{7}\u{9b}2Jok\u{202e}\tx".into();
    draft.log = vec!["a\u{1b}[31mb\nc".into()];
    let bundle = room.store.write(draft).unwrap().bundle;
    for log in ["logs/commands.log", "logs/runtime.log"] {
        let text = fs::read_to_string(bundle.directory.join(log)).unwrap();
        assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{text:?}");
    }
    let log = fs::read_to_string(bundle.directory.join("logs/commands.log")).unwrap();
    assert!(log.contains("stdout: \\u{1b}]0;owned\\u{7}\\u{9b}2Jok\\u{202e}\tx\n"), "{log}");
    let row = fs::read_to_string(bundle.directory.join("commands.jsonl")).unwrap();
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["stdout"], "\u{1b}]0;owned\u{7}\u{9b}2Jok\u{202e}\tx", "the record keeps the bytes");
}

#[test]
fn commands_are_bounded_and_say_what_was_left_out() {
    let room = room();
    let mut draft = draft("s", &Tree::new(), &Tree::new());
    let small = draft.commands[0].clone();
    draft.commands[0].stdout = "é".repeat(1 << 20);
    draft.commands.extend((2..=1200).map(|n| CommandRecord { id: format!("command-{n}"), ..small.clone() }));
    let bundle = room.store.write(draft).unwrap().bundle;
    let text = fs::read_to_string(bundle.directory.join("commands.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1000);
    assert_eq!(rows[0]["stdout"].as_str().unwrap().len(), 1 << 20);
    assert_eq!(rows[0]["artifactCapture"], json!({ "truncated": true, "omittedBytes": 1 << 20 }));
    assert_eq!(rows[998]["id"], "command-999");
    assert_eq!(rows[999]["id"], "command-1200");
    assert_eq!(rows[999]["artifactCapture"]["omittedRecords"], 200);
}

#[test]
fn attachments_go_beneath_files_and_nowhere_else() {
    let room = room();
    let attach = |path: &str| Attachment {
        path: path.into(),
        kind: "agent-result".into(),
        content: AttachmentContent::Json(json!({ "ok": true })),
    };
    let mut good = draft("s", &Tree::new(), &Tree::new());
    good.attachments = vec![attach("agent-result.json"), attach("deep/er/x.json")];
    let bundle = room.store.write(good).unwrap().bundle;
    assert_eq!(json(&bundle.directory.join("files/deep/er/x.json")), json!({ "ok": true }));

    for bad in [
        "../escape",
        "/absolute",
        "a/../../b",
        "",
        "a//b",
        "a\\b",
        "a\nb",
        "review.json",
        "patch.diff",
        "changed-files.json",
        "mounts.json",
        "diffs/mount-0.patch",
        "outcome.json",
    ] {
        let mut hostile = draft("s", &Tree::new(), &Tree::new());
        hostile.attachments = vec![attach(bad)];
        let error = room.store.write(hostile).unwrap_err();
        assert!(matches!(error, ArtifactError::DraftInvalid { .. }), "{bad:?}: {error}");
    }
    let mut twice = draft("s", &Tree::new(), &Tree::new());
    twice.attachments = vec![attach("a.json"), attach("A.json")];
    assert!(matches!(room.store.write(twice), Err(ArtifactError::DraftInvalid { .. })));
    let left: Vec<_> = files(&room.root()).into_iter().filter(|f| f.starts_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_change_set_of_an_unknown_mount_is_refused() {
    let room = room();
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    draft.changes.push(tree::changes("/elsewhere", 1, &before, &after));
    let refusal: Refusal = room.store.write(draft).unwrap_err().into();
    assert!(refusal.message.contains("changes.1.mount_index"), "{refusal}");
}

#[test]
fn two_changed_mounts_have_patches_of_their_own() {
    let room = room();
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    draft.mounts = vec![mount("/workspace"), mount("/wordpress/wp-content/plugins/p"), mount("/data")];
    draft.changes.push(tree::changes("/wordpress/wp-content/plugins/p", 1, &before, &after));
    draft.changes.push(tree::changes("/data", 2, &before, &before));
    let bundle = room.store.write(draft).unwrap().bundle;
    let diffs = json(&bundle.directory.join("files/diffs.json"));
    let seen: Vec<_> =
        diffs.as_array().unwrap().iter().map(|d| (d["status"].clone(), d["artifactPath"].clone())).collect();
    assert_eq!(
        json!(seen),
        json!([
            ["changed", "files/diffs/mount-0.patch"],
            ["changed", "files/diffs/mount-1.patch"],
            ["unchanged", ""]
        ])
    );
    let one = fs::read_to_string(bundle.directory.join("files/diffs/mount-1.patch")).unwrap();
    assert!(one.starts_with("diff --git a/inc/new.php b/inc/new.php\n"), "{one}");
    let all = fs::read_to_string(&bundle.paths.patch).unwrap();
    assert!(all.starts_with("diff --git a/workspace/inc/new.php b/workspace/inc/new.php\n"), "{all}");
    assert!(all.contains("+++ b/wordpress/wp-content/plugins/p/plugin.php\n"), "{all}");
}

#[test]
fn the_review_tells_what_happened_step_by_step() {
    let room = room();
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    let event = |kind: &str, data: Value| Event {
        id: format!("event-{kind}"),
        kind: kind.into(),
        timestamp: "2026-11-20T10:00:00.000Z".into(),
        data,
    };
    draft
        .events
        .push(event("runtime.mounted", json!({ "mount": { "target": "/workspace", "mode": "readwrite" } })));
    draft.events.push(event("runtime.command.started", json!({ "id": "c1", "command": "wordpress.probe" })));
    draft.events.push(event("runtime.command.finished", json!({ "id": "c1", "command": "wordpress.probe" })));
    draft
        .events
        .push(event("runtime.command.started", json!({ "id": "c2", "command": "wordpress.ability" })));
    draft.events.push(event("runtime.artifacts.collected", json!({ "mounts": 1 })));
    draft.agent = Some(AgentRun { commands: vec!["c2".into()], reply: Value::Null });
    let mut long = draft.clone();
    let review = room.store.write(draft).unwrap().bundle.review.unwrap();
    let steps: Vec<_> = review["progress"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["type"].as_str().unwrap(), s["label"].as_str().unwrap()))
        .collect();
    assert_eq!(
        steps,
        [
            ("boot", "WordPress was booted."),
            ("mount", "/workspace was mounted (readwrite)."),
            ("tool-activity", "wordpress.probe was executed."),
            ("agent-start", "The agent began with wordpress.ability."),
            ("artifact", "What changed was collected."),
            ("complete", "The run succeeded."),
        ]
    );
    assert_eq!(review["progress"][3]["component"], "c2");
    assert_eq!(review["progress"][3]["timestamp"], "2026-11-20T10:00:00.000Z");

    let started = event("runtime.command.started", json!({ "id": "c3", "command": "wordpress.run-php" }));
    long.events.extend(std::iter::repeat_n(started, 1000));
    let review = room.store.write(long).unwrap().bundle.review.unwrap();
    let steps = review["progress"].as_array().unwrap();
    assert_eq!(steps.len(), 202);
    assert_eq!(steps[150]["label"], "805 further steps are in events.jsonl.");
}

fn agent(commands: &[&str], reply: Value) -> Option<AgentRun> {
    Some(AgentRun { commands: commands.iter().map(|id| (*id).into()).collect(), reply })
}

fn written(draft: Draft) -> (Value, Value, Value, Value) {
    let room = room();
    let bundle = room.store.write(draft).unwrap().bundle;
    assert_eq!(room.store.inspect(&bundle.id).unwrap().verification.violations, []);
    let read = |name: &str| json(&bundle.directory.join(format!("files/{name}.json")));
    let review = bundle.review.unwrap();
    assert_eq!(review["evidence"]["transcript"], "files/transcript.json");
    assert_eq!(review["evidence"]["agentResult"], "files/agent-result.json");
    assert_eq!(bundle.agent_task_result.unwrap(), read("agent-task-result"));
    assert_eq!(bundle.completion_outcome.unwrap(), read("completion-outcome"));
    (read("transcript"), read("agent-result"), read("agent-task-result"), read("completion-outcome"))
}

#[test]
fn an_agents_run_has_a_transcript_its_results_and_an_outcome() {
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    let stdout = format!("{{\"said\": \"ü\"}}{}", " ".repeat(20_000));
    let own = CommandRecord {
        id: "own".into(),
        command: "wordpress.ability".into(),
        stdout,
        ..draft.commands[0].clone()
    };
    draft.commands.push(own);
    draft.agent =
        agent(&["own"], json!({ "summary": "Done.", "outputs": { "a": 1 }, "diagnostics": "none" }));
    draft.test_results = Some(TestResults::of(vec![TestSuite {
        name: "unit".into(),
        status: TestStatus::Passed,
        counts: SuiteCounts { tests: 2, passed: 2, ..SuiteCounts::default() },
        reported: false,
        raw_log_references: Vec::new(),
    }]));
    let room = room();
    let sha = sha256(&fs::read(room.store.write(draft.clone()).unwrap().bundle.paths.patch).unwrap());
    let (transcript, result, task, outcome) = written(draft);

    assert_eq!(transcript["schema"], "wp-codebox/agent-transcript/v1");
    let execution = &transcript["executions"][0];
    assert_eq!(transcript["executions"].as_array().unwrap().len(), 1);
    assert_eq!((&execution["executionIndex"], &execution["id"]), (&json!(1), &json!("own")));
    assert_eq!(
        (&execution["stdout"]["bytes"], &execution["stdout"]["truncated"]),
        (&json!(20_014), &json!(true))
    );
    assert_eq!(execution["stdout"]["value"].as_str().unwrap().chars().count(), 12_000);
    assert_eq!(execution["parsed"], json!({ "said": "ü" }));

    assert_eq!(result["schema"], "wp-codebox/agent-result/v1");
    assert_eq!((&result["status"], &result["actionable"]), (&json!("completed"), &json!(true)));
    assert_eq!(result["changedFiles"]["count"], 3);
    assert_eq!(
        result["changedFiles"]["statuses"],
        json!({ "added": 1, "modified": 1, "deleted": 1, "renamed": 0, "total": 3 })
    );
    assert_eq!(result["patch"]["sha256"], json!(sha));
    assert_eq!((&result["failures"], result.get("noOpReason")), (&json!([]), None));

    assert_eq!(task["schema"], "wp-codebox/agent-task-result/v1");
    assert_eq!((&task["success"], &task["outputs"]), (&json!(true), &json!({ "a": 1 })));
    // What is not what it should be stands in the raw answer alone.
    assert_eq!((&task["diagnostics"], &task["raw"]["diagnostics"]), (&json!([]), &json!("none")));

    assert_eq!(outcome["schema"], "wp-codebox/sandbox-completion-outcome/v1");
    assert_eq!(
        (&outcome["status"], &outcome["confidence"], &outcome["nextAction"]),
        (&json!("succeeded"), &json!("high"), &json!("promote"))
    );
    assert_eq!(outcome["verification"]["summary"]["passed"], 2);
}

#[test]
fn tests_that_the_agent_only_reports_do_not_promote() {
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    draft.agent = agent(&["command-1"], Value::Null);
    draft.test_results = Some(TestResults::of(vec![TestSuite {
        name: "unit".into(),
        status: TestStatus::Passed,
        counts: SuiteCounts { tests: 2, passed: 2, ..SuiteCounts::default() },
        reported: true,
        raw_log_references: Vec::new(),
    }]));
    let (_, _, _, outcome) = written(draft);
    assert_eq!((&outcome["confidence"], &outcome["nextAction"]), (&json!("medium"), &json!("review")));
    assert!(outcome["riskNotes"][0].as_str().unwrap().contains("reported"), "{outcome}");
}

#[test]
fn an_outcome_is_read_off_the_run_and_not_off_what_the_agent_says() {
    let (before, after) = edit();
    let claims =
        json!({ "success": true, "completion_outcome": { "status": "succeeded" }, "patch": { "bytes": 9 } });
    let none = Tree::new();
    let ended = |before: &Tree, after: &Tree, own: &[&str], outcome: Outcome| {
        let mut draft = draft("s", before, after);
        draft.agent = agent(own, claims.clone());
        draft.outcome = outcome;
        let (_, result, task, outcome) = written(draft);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&result["status"]),
            text(&result["noOpReason"]),
            task["success"].clone(),
            text(&outcome["status"]),
            text(&outcome["nextAction"]),
        )
    };
    let is = |a: &str, b: &str, c: bool, d: &str, e: &str| {
        (a.to_owned(), b.to_owned(), json!(c), d.to_owned(), e.to_owned())
    };
    let fine = || Outcome::Succeeded { summary: None };
    let fatal = || {
        let code = "wp_codebox_run_fatal".into();
        Outcome::Failed { failure: Failure { code, message: "no".into(), data: Value::Null } }
    };
    let own = &["command-1"][..];
    assert_eq!(ended(&before, &after, own, fine()), is("completed", "", true, "succeeded", "review"));
    assert_eq!(
        ended(&none, &none, own, fine()),
        is("completed", "no_file_changes", true, "succeeded", "review")
    );
    assert_eq!(
        ended(&before, &after, own, failed()),
        is("failed", "execution_failed", false, "partial", "retry")
    );
    assert_eq!(
        ended(&none, &none, own, fatal()),
        is("failed", "execution_failed", false, "failed", "review")
    );
    assert_eq!(
        ended(&none, &none, &[], fatal()),
        is("failed", "execution_failed", false, "blocked", "fix-blocker")
    );
}

#[test]
fn what_a_mount_excludes_is_counted_and_nowhere_else() {
    let room = room();
    let before = tree([("build/old.js", text("old\n")), ("src/a.php", text("a\n"))]);
    let after = tree([
        ("build/new.js", text("new\n")),
        ("builder.txt", text("b\n")),
        ("src/a.php", text("b\n")),
        ("src/cache/x", text("x\n")),
        ("notes.log", text("n\n")),
        ("exact", text("e\n")),
    ]);
    let mut draft = draft("s", &before, &after);
    draft.mounts[0].metadata =
        json!({ "artifactExcludePaths": ["build/**", "./src/cache/", "/notes.log", "exact", "", 7] });
    let bundle = room.store.write(draft).unwrap().bundle;
    let changed = bundle.changed_files.unwrap();
    let paths: Vec<_> = changed["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["relativePath"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["builder.txt", "src/a.php"]);
    // The directories that came with them count as well.
    assert!(changed["excluded"].as_u64().unwrap() >= 5, "{changed}");
    let patch = fs::read_to_string(bundle.paths.patch).unwrap();
    for name in ["build/", "cache", "notes.log", "exact"] {
        assert!(!patch.contains(name), "{name}");
    }
    assert!(!bundle.directory.join("files/mounts/0/exact").exists());
    assert_eq!(bundle.review.unwrap()["riskFlags"], json!(["changes-excluded"]));
}

#[test]
fn an_attachment_cannot_stand_in_for_a_document_of_the_agents() {
    let room = room();
    let (before, after) = edit();
    let mut draft = draft("s", &before, &after);
    draft.agent = agent(&[], Value::Null);
    let content = AttachmentContent::Json(json!({ "success": true }));
    draft.attachments =
        vec![Attachment { path: "agent-result.json".into(), kind: "agent-result".into(), content }];
    assert!(matches!(room.store.write(draft), Err(ArtifactError::DraftInvalid { .. })));
}
