//! No secret is anywhere in a bundle, and the bundle is still one.

use super::encodings::ALL;
use super::support::bundle::{draft, files, json, room};
use super::support::git;
use super::support::tree::{self, text, tree};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use wp_codebox::artifact::{
    AgentRun, Attachment, AttachmentContent, Bundle, Diagnostic, Draft, Failure, Observation, Outcome,
    Redactor, Secret, Severity,
};
use wp_codebox::contract::{CommandRecord, Event};

const VALUE: &str = "s3cr3t/Zx9+Qw7'Lm5\"Kp2";
/// What no spelling of the value leaves in one piece, and what each of them holds of it.
const PARTS: [&str; 5] =
    ["s3cr3t/Zx9", "s3cr3t%2FZx9", "Qw7'Lm5", "7333637233742f5a78", "czNjcjN0L1p4OStRdz"];
const MARKER: &str = "[REDACTED:configured-secret-value]";

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(&[Secret::new("API_KEY", VALUE).unwrap()]))
}

fn every_spelling() -> String {
    ALL.iter().map(|(name, encode)| format!("{name}: {}\n", encode(VALUE))).collect()
}

/// A run that puts the secret wherever it can.
fn leaky() -> Draft {
    let spellings = every_spelling();
    let before = tree([("a.php", text("<?php\n$a = 1;\n$b = 2;\n")), ("old.txt", text("old\n"))]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(spellings.as_bytes()).unwrap();
    let packed = String::from_utf8_lossy(&gzip.finish().unwrap()).into_owned();
    let after = tree([
        ("a.php", text(&format!("<?php\n$a = getenv( 'API_KEY' );\n// {VALUE}\n$b = 2;\n"))),
        ("clean.php", text("<?php\n$c = 3;\n")),
        ("packed.bin", text(&format!("\0{VALUE}{packed}"))),
        ("spellings.txt", text(&spellings)),
        (&format!("named-{}.txt", ALL[4].1(VALUE)), text("x\n")),
    ]);
    let mut draft = draft("session", &before, &after);
    draft.redactor = redactor();
    let failure = Failure {
        code: "wp_codebox_run_fatal".into(),
        message: format!("Uncaught {VALUE}"),
        data: json!({ "trace": spellings }),
    };
    draft.outcome = Outcome::Failed { failure };
    draft.provenance.task = Some(json!({ "goal": format!("Use {VALUE}"), "secret_env": ["API_KEY"] }));
    draft.mounts[0].metadata = json!({ "note": VALUE });
    let encoded = ALL[7].1(VALUE);
    draft.commands = vec![CommandRecord {
        id: "command-1".into(),
        command: "wordpress.run-php".into(),
        args: vec![format!("input={}", json!({ "key": VALUE }))],
        stdout: format!("{spellings}\n{encoded}"),
        stderr: spellings.clone(),
        result: json!([{ VALUE: VALUE }]),
        started_at: "2026-11-20T10:00:00.000Z".into(),
        finished_at: "2026-11-20T10:00:01.000Z".into(),
        ..CommandRecord::default()
    }];
    draft.log = spellings.lines().map(str::to_owned).collect();
    draft.events.push(Event {
        id: "event-2".into(),
        kind: "runtime.command.started".into(),
        timestamp: "2026-11-20T10:00:00.000Z".into(),
        data: json!({ "args": [format!("code=echo '{VALUE}';")] }),
    });
    draft.observations = vec![Observation {
        id: "observation-1".into(),
        kind: "files".into(),
        data: json!({ "listing": spellings }),
        observed_at: "2026-11-20T10:00:00.000Z".into(),
        artifact_refs: Vec::new(),
    }];
    draft.diagnostics = vec![Diagnostic {
        id: "d".into(),
        kind: "php-error".into(),
        severity: Severity::Error,
        message: VALUE.into(),
        category: None,
        source: None,
        path: None,
        details: json!({ VALUE: 1 }),
    }];
    draft.agent =
        Some(AgentRun { commands: vec!["command-1".into()], reply: json!({ "reply": spellings, VALUE: 1 }) });
    let attachment =
        |path: &str, content| Attachment { path: path.into(), kind: "agent-result".into(), content };
    draft.attachments = vec![
        attachment("findings.json", AttachmentContent::Json(json!({ "reply": spellings }))),
        attachment("notes.txt", AttachmentContent::Text(spellings.clone())),
        attachment(
            "page.html",
            AttachmentContent::Bytes { content_type: "text/html".into(), bytes: spellings.into_bytes() },
        ),
    ];
    draft
}

fn write(draft: Draft) -> (super::support::bundle::Room, Bundle) {
    let room = room();
    let bundle = room.store.write(draft).unwrap().bundle;
    (room, bundle)
}

fn entry<'v>(changed: &'v Value, path: &str) -> &'v Value {
    let files = changed["files"].as_array().unwrap();
    files.iter().find(|file| file["relativePath"].as_str().unwrap().contains(path)).unwrap()
}

fn assert_no_secret(directory: &Path) {
    for name in files(directory) {
        let bytes = fs::read(directory.join(&name)).unwrap();
        let shown = String::from_utf8_lossy(&bytes);
        for part in PARTS {
            assert!(!shown.contains(part), "{part} in {name}");
        }
        assert!(!redactor().holds(&bytes), "{name}");
        if name.ends_with(".json") {
            serde_json::from_slice::<Value>(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        if name.ends_with(".jsonl") {
            shown.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
        }
    }
}

#[test]
fn no_secret_is_anywhere_in_a_bundle() {
    let (_room, bundle) = write(leaky());
    assert_no_secret(&bundle.directory);
}

#[test]
fn a_redacted_bundle_verifies() {
    let (room, bundle) = write(leaky());
    let inspection = serde_json::to_value(room.store.inspect(&bundle.id).unwrap()).unwrap();
    assert_eq!(inspection["verification"]["violations"], json!([]));
}

#[test]
fn redacted_files_are_marked_and_others_are_not() {
    let (_room, bundle) = write(leaky());
    let changed = json(&bundle.directory.join("files/changed-files.json"));
    for path in ["a.php", "packed.bin", "spellings.txt", "named-"] {
        assert_eq!(entry(&changed, path)["redacted"], json!(true), "{path}");
    }
    for path in ["clean.php", "old.txt"] {
        assert_eq!(entry(&changed, path).get("redacted"), None, "{path}");
    }
    assert_eq!(entry(&changed, "packed.bin")["omitted"], json!("secret"));
    let patch = fs::read_to_string(bundle.directory.join("files/patch.diff")).unwrap();
    assert!(
        patch.contains("+$a = getenv( 'API_KEY' );") && patch.contains(&format!("+// {MARKER}")),
        "{patch}"
    );
    let review = bundle.review.unwrap();
    let flags: Vec<&str> =
        review["riskFlags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
    assert!(flags.contains(&"secrets-redacted") && flags.contains(&"redacted:/workspace/a.php"), "{flags:?}");
}

#[test]
fn a_redacted_patch_still_parses_and_applies() {
    let (_room, bundle) = write(leaky());
    let patch = bundle.directory.join("files/patch.diff");
    let before = tree([("a.php", text("<?php\n$a = 1;\n$b = 2;\n")), ("old.txt", text("old\n"))]);
    for git in git::all() {
        let dir = tempfile::tempdir().unwrap();
        tree::write(dir.path(), &before);
        let output = git::run(&git, dir.path(), &["apply", patch.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown = fs::read_to_string(dir.path().join("a.php")).unwrap();
        assert_eq!(shown, format!("<?php\n$a = getenv( 'API_KEY' );\n// {MARKER}\n$b = 2;\n"));
    }
}

#[test]
fn metadata_and_review_say_what_was_redacted() {
    let (_room, bundle) = write(leaky());
    let metadata = bundle.metadata.unwrap();
    let redaction = &metadata["redaction"];
    assert_eq!(redaction["schema"], "wp-codebox/artifact-redaction/v1");
    assert_eq!(redaction["status"], "redacted");
    assert_eq!(bundle.review.unwrap()["redaction"], *redaction);
    let rows = redaction["artifacts"].as_array().unwrap();
    let sum: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(redaction["total"], json!(sum));
    let paths: Vec<&str> = rows.iter().map(|row| row["path"].as_str().unwrap()).collect();
    for path in [
        "commands.jsonl",
        "events.jsonl",
        "files/patch.diff",
        "files/findings.json",
        "files/agent-task-result.json",
        "metadata.json",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    assert_eq!(metadata["provenance"]["task"]["secret_env"], json!(["API_KEY"]));
}

#[test]
fn a_clean_bundle_says_so() {
    let (_room, bundle) = write(draft("s", &tree([]), &tree([("a", text("b\n"))])));
    let metadata = bundle.metadata.unwrap();
    assert_eq!(
        metadata["redaction"],
        json!({
            "schema": "wp-codebox/artifact-redaction/v1",
            "status": "clean",
            "total": 0,
            "byKind": {},
            "artifacts": [],
        })
    );
    assert_eq!(bundle.review.unwrap().get("redaction"), None);
}

#[test]
fn a_secret_wrapped_over_lines_of_output_is_gone_from_the_logs_too() {
    let mut draft = draft("s", &tree([]), &tree([]));
    draft.redactor = redactor();
    let wrapped = ALL.iter().find(|(name, _)| *name == "base64 in lines").unwrap().1(VALUE);
    draft.log = wrapped.lines().map(str::to_owned).collect();
    draft.commands[0].stdout = wrapped.clone();
    let lines = draft.log.len();
    let (_room, bundle) = write(draft);
    for name in ["logs/runtime.log", "logs/commands.log", "commands.jsonl"] {
        let shown = fs::read_to_string(bundle.directory.join(name)).unwrap();
        assert!(shown.contains(MARKER), "{name}: {shown}");
    }
    let log = fs::read_to_string(bundle.directory.join("logs/runtime.log")).unwrap();
    assert_eq!(log.lines().count(), lines);
}

#[test]
fn the_manifest_says_of_each_file_whether_something_was_taken_out() {
    let (_room, bundle) = write(leaky());
    let manifest = bundle.manifest.unwrap();
    for row in manifest["files"].as_array().unwrap() {
        let path = row["path"].as_str().unwrap();
        let bytes = fs::read(bundle.directory.join(path)).unwrap();
        let marked = String::from_utf8_lossy(&bytes).contains("[REDACTED:");
        let policy = if marked { "applied" } else { "none" };
        // The list of captured files shows the names of files, which were redacted where they are.
        assert_eq!(row["redaction"]["policy"], policy, "{path}");
        let reason = marked.then_some("Replaced: configured-secret-value.");
        assert_eq!(row["redaction"]["reason"].as_str(), reason, "{path}");
    }
    for path in ["files/patch.diff", "files/diffs/mount-0.patch", "files/mounts/0/a.php", "logs/commands.log"]
    {
        let row = manifest["files"].as_array().unwrap().iter().find(|row| row["path"] == path).unwrap();
        assert_eq!(row["redaction"]["policy"], "applied", "{path}");
    }
}

#[test]
fn a_blueprint_writes_no_marker_and_says_what_it_leaves_out() {
    let long = "<?php // a line that both have\n".repeat(20);
    let named = format!("{VALUE}.txt");
    let before = tree([
        ("old.php", text(&long)),
        ("gone.php", text(&format!("<?php return 'nothing like any other';\n# {VALUE}\n"))),
        (&named, text("one\n")),
    ]);
    let after = tree([
        ("token.php", text(&format!("<?php // {VALUE}\n"))),
        ("moved.php", text(&format!("{long}// {VALUE}\n"))),
        ("fine.php", text("<?php // fine\n")),
    ]);
    let mut draft = draft("session", &before, &after);
    draft.redactor = redactor();
    let room = room();
    let dir = room.store.write(draft).unwrap().bundle.directory;
    let listed = json(&dir.join("files/mounted-files.json"));
    let replayable: Vec<(&str, bool)> = listed["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["relativePath"].as_str().unwrap(), file["replayable"].as_bool().unwrap()))
        .collect();
    assert_eq!(replayable, [("fine.php", true), ("moved.php", false), ("token.php", false)]);
    let blueprint = json(&dir.join("blueprint.after.json"));
    assert!(!blueprint.to_string().contains("REDACTED"), "{blueprint}");
    // What is not written under its new name stays under its old one.
    let steps: Vec<&Value> =
        blueprint["steps"].as_array().unwrap().iter().filter(|step| step["step"] != "mkdir").collect();
    assert_eq!(
        steps,
        [
            &json!({ "step": "rm", "path": "/workspace/gone.php" }),
            &json!({ "step": "writeFile", "path": "/workspace/fine.php", "data": "<?php // fine\n" })
        ]
    );
    let notes = json(&dir.join("blueprint.after-notes.json"));
    assert_eq!(notes["redactedFiles"].as_array().unwrap().len(), 4, "{notes}");
    assert!(!notes.to_string().contains(VALUE), "{notes}");
}
