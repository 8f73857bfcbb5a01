//! Handing over: the filter first, what it says is checked, and all of it is in the log.

use crate::house::{House, answer, code, everything, house, request};
use crate::support::tree::{Tree, text, tree};
use serde_json::{Value, json};
use std::cell::Cell;
use std::fs;
use std::rc::Rc;
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{Applied, ApplyError, ApplyRequest, AuditLog, Mode, apply};
use wp_codebox::contract::{Code, Refusal};

const FILTER: &str = "wp_codebox_apply_approved_artifact";

fn edit() -> (Tree, Tree) {
    let before = tree([("a.php", text("one\n")), ("b.php", text("two\n"))]);
    (before, tree([("a.php", text("ONE\n")), ("b.php", text("TWO\n"))]))
}

fn edited() -> (House, Bundle) {
    let (before, after) = edit();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    (house, bundle)
}

fn deliver(house: &House, request: &ApplyRequest) -> Result<Applied, ApplyError> {
    apply(&house.room.store, request, Mode::Apply, &house.parent)
}

pub fn log(house: &House, name: &str) -> Vec<Value> {
    let path = house.room.root().join(name);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let verdict = AuditLog { path }.verify().unwrap();
    assert!(verdict.valid, "{verdict:?}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_adapter_gets_the_verified_patch_and_its_answer_is_recorded() {
    let (house, bundle) = edited();
    let called = Rc::new(Cell::new(0));
    let count = called.clone();
    let root = house.room.root();
    house.parent.filter(FILTER, move |value, args| {
        assert_eq!(value, Value::Null);
        count.set(count.get() + 1);
        // It is recorded before it is handed over.
        let lines = fs::read_to_string(root.join("apply-audit.jsonl")).unwrap();
        assert_eq!(lines.lines().count(), 1);
        assert!(lines.contains(r#""status":"started""#));
        let payload = &args[0];
        assert_eq!(payload["approved_files"], json!(["/workspace/a.php"]));
        assert_eq!(payload["artifact_verification"]["valid"], true);
        assert_eq!(payload["changed_files"][0]["path"], "/workspace/a.php");
        assert!(!payload["patch"].as_str().unwrap().contains("b.php"));
        let mut answer = answer(&["a.php"]);
        answer["pr_url"] = json!("https://example.org/pull/1");
        answer["token"] = json!("dropped");
        Ok(answer)
    });
    let applied = deliver(&house, &request(&bundle, &["a.php"])).unwrap();
    assert_eq!(called.get(), 1);
    assert_eq!(applied.result.applied_files, ["/workspace/a.php"]);
    assert_eq!(applied.result.pr_url.as_deref(), Some("https://example.org/pull/1"));
    let lines = log(&house, "apply-audit.jsonl");
    let states: Vec<&Value> = lines.iter().map(|line| &line["status"]).collect();
    assert_eq!(states, ["started", "success"]);
    assert_eq!(lines[1]["adapter"], "example/adapter");
    assert_eq!(lines[1]["approver"]["login"], "ada");
    assert_eq!(lines[1]["artifact_id"], json!(bundle.id));
    assert_eq!(lines[1]["patch_sha256"], json!(applied.patch_sha256));
    assert_eq!(applied.audit.unwrap().hash, lines[1]["hash"]);
}

#[test]
fn without_an_adapter_nothing_is_applied_and_that_is_recorded() {
    let (house, bundle) = edited();
    assert_eq!(code(deliver(&house, &everything(&bundle))), Code::ApplyAdapterMissing);
    let lines = log(&house, "apply-audit.jsonl");
    assert_eq!(lines[1]["status"], "failure");
    assert_eq!(lines[1]["error"]["code"], "wp_codebox_apply_adapter_missing");
}

#[test]
fn a_failing_adapters_own_code_reaches_the_caller_and_the_log() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, _| {
        Err(Refusal::of_parent("forge_offline", "The forge is offline.", json!({ "status": 503 })))
    });
    let refusal = Refusal::from(deliver(&house, &everything(&bundle)).unwrap_err());
    assert_eq!(refusal.code_text(), "forge_offline");
    assert_eq!(refusal.data()["status"], 503);
    let lines = log(&house, "apply-audit.jsonl");
    assert_eq!(lines[1]["error"]["code"], "forge_offline");
}

#[test]
fn an_answer_that_does_not_say_what_was_done_is_refused() {
    let good = || answer(&["a.php", "b.php"]);
    let without = |field: &str| {
        let mut answer = good();
        answer.as_object_mut().unwrap().remove(field);
        answer
    };
    let with = |field: &str, value: Value| {
        let mut answer = good();
        answer[field] = value;
        answer
    };
    for (answer, expected) in [
        (json!(true), Code::ApplyResultInvalid),
        (json!("applied"), Code::ApplyResultInvalid),
        (json!([]), Code::ApplyResultInvalid),
        (without("schema"), Code::ApplyResultInvalid),
        (with("schema", json!("wp-codebox/artifact-apply/v1")), Code::ApplyResultInvalid),
        (without("adapter"), Code::ApplyResultInvalid),
        (without("status"), Code::ApplyResultInvalid),
        (without("audit_reference"), Code::ApplyResultInvalid),
        (with("audit_reference", json!(" ")), Code::ApplyResultInvalid),
        (with("target", json!("branch")), Code::ApplyResultInvalid),
        (without("applied_files"), Code::ApplyResultInvalid),
        (with("applied_files", json!([1])), Code::ApplyResultInvalid),
        (with("applied_files", json!([])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "b.php", "wp-config.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "./b.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "x/../b.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "/workspace//b.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "B.php"])), Code::ApplyResultMismatch),
        (with("applied_files", json!(["a.php", "a.php"])), Code::ApplyResultMismatch),
    ] {
        let (house, bundle) = edited();
        let given = answer.clone();
        house.parent.filter(FILTER, move |_, _| Ok(given.clone()));
        assert_eq!(code(deliver(&house, &everything(&bundle))), expected, "{answer}");
        assert_eq!(log(&house, "apply-audit.jsonl")[1]["status"], "failure");
    }
}

#[test]
fn a_mismatch_names_the_files() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, _| Ok(answer(&["/workspace/a.php", "wp-config.php"])));
    let refusal = Refusal::from(deliver(&house, &everything(&bundle)).unwrap_err());
    assert_eq!(refusal.facts["unapplied"], json!(["/workspace/b.php"]));
    assert_eq!(refusal.facts["unapproved"], json!(["wp-config.php"]));
}

#[test]
fn a_stale_base_is_refused_by_name_before_anything_is_handed_over() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, _| panic!("handed over"));
    fs::write(house.work.join("b.php"), "somebody else's\n").unwrap();
    let refusal = Refusal::from(deliver(&house, &everything(&bundle)).unwrap_err());
    assert_eq!(refusal.code, Code::ApplyBaseStale);
    assert_eq!(refusal.facts["files"], json!(["/workspace/b.php"]));
    assert!(log(&house, "apply-audit.jsonl").is_empty());
    // The other file is as it was.
    house.parent.filter(FILTER, |_, _| Ok(answer(&["a.php"])));
    deliver(&house, &request(&bundle, &["a.php"])).unwrap();
}

#[test]
fn a_base_that_is_not_the_callers_to_look_at_is_unknown() {
    let (mut house, bundle) = edited();
    house.parent.settings.mount_roots.clear();
    fs::write(house.work.join("b.php"), "somebody else's\n").unwrap();
    house.parent.filter(FILTER, |_, _| Ok(answer(&["a.php", "b.php"])));
    let applied = deliver(&house, &everything(&bundle)).unwrap();
    assert_eq!(applied.base.unchecked.len(), 2);
    // The operator may look anywhere.
    house.parent.settings.operator = true;
    assert_eq!(code(deliver(&house, &everything(&bundle))), Code::ApplyBaseStale);
}

#[test]
fn a_tampered_bundle_is_never_handed_over() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, _| panic!("handed over"));
    let tamper: [(&str, &str, Code); 3] = [
        ("files/patch.diff", "+evil\n", Code::ArtifactDigestMismatch),
        ("files/changed-files.json", " ", Code::ArtifactDigestMismatch),
        ("events.jsonl", "{}\n", Code::ArtifactVerificationFailed),
    ];
    for (path, more, expected) in tamper {
        let at = bundle.directory.join(path);
        let was = fs::read(&at).unwrap();
        fs::write(&at, [was.as_slice(), more.as_bytes()].concat()).unwrap();
        assert_eq!(code(deliver(&house, &everything(&bundle))), expected, "{path}");
        fs::write(&at, was).unwrap();
    }
}

#[test]
fn nothing_is_handed_over_that_cannot_be_recorded() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, _| panic!("handed over"));
    house.parent.filter("wp_codebox_apply_audit_path", |_, _| Ok(json!("/proc/no/such/place.jsonl")));
    assert_eq!(code(deliver(&house, &everything(&bundle))), Code::AuditUnwritable);
}

#[test]
fn the_log_may_be_elsewhere() {
    let (house, bundle) = edited();
    let elsewhere = house.room.dir.path().join("elsewhere.jsonl");
    let named = json!(elsewhere);
    house.parent.filter("wp_codebox_apply_audit_path", move |_, _| Ok(named.clone()));
    house.parent.filter(FILTER, |_, _| Ok(answer(&["a.php"])));
    deliver(&house, &request(&bundle, &["a.php"])).unwrap();
    assert_eq!(fs::read_to_string(elsewhere).unwrap().lines().count(), 2);
    assert!(!house.room.root().join("apply-audit.jsonl").exists());
}

#[test]
fn a_name_that_two_approved_files_share_does_not_stand_for_both() {
    let (house, bundle) = edited();
    let bundle = crate::approval::resealed(&house, &bundle, |changed| {
        // As in bundles of another making, where it names the patch in the bundle.
        for row in changed["files"].as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("kind");
            row["patchPath"] = json!("files/diffs/mount-0.patch");
        }
    });
    house.parent.filter(FILTER, |_, _| Ok(answer(&["files/diffs/mount-0.patch"])));
    assert_eq!(code(deliver(&house, &everything(&bundle))), Code::ApplyResultMismatch);
    house.parent.filter(FILTER, |_, _| Ok(answer(&["/workspace/a.php", "b.php"])));
    deliver(&house, &everything(&bundle)).unwrap();
}

#[test]
fn a_review_that_the_id_does_not_vouch_for_is_not_believed() {
    let (house, bundle) = edited();
    house.parent.filter(FILTER, |_, args| {
        let review = &args[0]["artifact"]["review"];
        assert_eq!(review["riskFlags"], json!(["review-not-vouched-for"]));
        assert_eq!(review["stats"]["modified"], 2);
        Ok(answer(&["a.php", "b.php"]))
    });
    let bundle = crate::approval::resealed(&house, &bundle, |_| ());
    crate::support::forge::reseal(&bundle.directory, "files/review.json", |review| {
        review["stats"] = json!({ "total": 0 });
        review["riskFlags"] = json!([]);
    });
    deliver(&house, &everything(&bundle)).unwrap();
}
