//! Decisions: approve, reject, request changes.

use crate::deliver::log;
use crate::house::{House, answer, code, house, request};
use crate::support::tree::{text, tree};
use serde_json::{Value, json};
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{ReviewAction, ReviewRequest, review};
use wp_codebox::contract::Code;

const FILTER: &str = "wp_codebox_review_artifact_decision";

fn edited() -> (House, Bundle) {
    let (before, after) = (tree([("a.php", text("one\n"))]), tree([("a.php", text("ONE\n"))]));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    (house, bundle)
}

fn decide(bundle: &Bundle, action: ReviewAction, files: &[&str]) -> ReviewRequest {
    ReviewRequest {
        action,
        apply: request(bundle, files),
        reason: Some("because".into()),
        decided_at: None,
        context: None,
    }
}

#[test]
fn a_rejection_is_recorded_and_leaves_everything_as_it_is() {
    let (house, bundle) = edited();
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| panic!("applied"));
    for action in [ReviewAction::Reject, ReviewAction::RequestChanges] {
        let done = review(&house.room.store, &decide(&bundle, action, &[]), &house.parent).unwrap();
        assert_eq!(done.result["adapter"], "wp-codebox/default-review-decision");
        assert_eq!(done.result["status"], action.as_str());
        assert_eq!(done.decision["reason"], "because");
        assert_eq!(done.decision["approver"]["login"], "ada");
        assert_eq!(done.message["type"], "wp-codebox:artifact-review-decision");
        assert!(done.decision.get("context").is_none());
    }
    let lines = log(&house, "review-audit.jsonl");
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1]["action"], "reject");
    assert_eq!(lines[1]["schema"], "wp-codebox/artifact-review-audit/v1");
}

#[test]
fn an_approval_is_applied_unless_a_filter_takes_it() {
    let (house, bundle) = edited();
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| Ok(answer(&["a.php"])));
    let request = decide(&bundle, ReviewAction::Approve, &["a.php"]);
    let done = review(&house.room.store, &request, &house.parent).unwrap();
    assert_eq!(done.result["schema"], "wp-codebox/artifact-apply/v1");
    assert_eq!(done.result["adapter"], "example/adapter");
    assert_eq!(log(&house, "apply-audit.jsonl").len(), 2);

    house.parent.filter(FILTER, |_, args| {
        assert_eq!(args[0]["decision"]["action"], "approve");
        Ok(json!({ "adapter": "queue", "status": "queued", "url": "https://example.org/1", "x": 1 }))
    });
    let done = review(&house.room.store, &request, &house.parent).unwrap();
    assert_eq!(done.result["status"], "queued");
    assert_eq!(done.result["schema"], "wp-codebox/artifact-review-result/v1");
    assert!(done.result.get("x").is_none());
    assert_eq!(log(&house, "apply-audit.jsonl").len(), 2);
}

#[test]
fn an_approval_names_changed_files() {
    let (house, bundle) = edited();
    let ask = |files: &[&str]| {
        review(&house.room.store, &decide(&bundle, ReviewAction::Approve, files), &house.parent)
    };
    assert_eq!(code(ask(&[])), Code::ApprovedFilesMissing);
    assert_eq!(code(ask(&["b.php"])), Code::ApprovedFilesInvalid);
    assert_eq!(code(ask(&["a.php"])), Code::ApplyAdapterMissing);
    let lines = log(&house, "review-audit.jsonl");
    assert_eq!(lines[1]["status"], "failure");
    assert_eq!(lines[1]["error"]["code"], "wp_codebox_apply_adapter_missing");
}

#[test]
fn a_filters_answer_must_be_a_result() {
    let (house, bundle) = edited();
    for answer in [
        json!(true),
        json!("done"),
        json!([]),
        json!({ "adapter": "x" }),
        json!({ "status": "x" }),
        json!({ "adapter": "", "status": "x" }),
        json!({ "schema": "other", "adapter": "x", "status": "y" }),
    ] {
        let given: Value = answer.clone();
        house.parent.filter(FILTER, move |_, _| Ok(given.clone()));
        let request = decide(&bundle, ReviewAction::Reject, &[]);
        let done = review(&house.room.store, &request, &house.parent);
        assert_eq!(code(done), Code::ReviewResultInvalid, "{answer}");
    }
}
