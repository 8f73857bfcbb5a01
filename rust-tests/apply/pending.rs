//! Staged, accepted, rejected: once, by one, and as it was staged.

use crate::deliver::log;
use crate::house::{House, answer, code, house, request};
use crate::support::forge::{edit, reseal, seal};
use crate::support::tree::{Node, text, tree};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{
    Mode, PendingApply, PendingState, StageRequest, accept, apply, list_pending, pending_artifacts, reject,
    stage,
};
use wp_codebox::contract::{Code, Refusal};

fn staged() -> (House, Bundle, PendingApply) {
    let (before, after) = (
        tree([("a.php", text("one\n")), ("b.php", text("two\n"))]),
        tree([("a.php", text("ONE\n")), ("b.php", text("TWO\n"))]),
    );
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let request = StageRequest {
        apply: request(&bundle, &["a.php"]),
        summary: Some("Please look".into()),
        ..Default::default()
    };
    let pending = stage(&house.room.store, &request, &house.parent).unwrap();
    (house, bundle, serde_json::from_value(pending).unwrap())
}

fn state(house: &House, id: &str) -> PendingState {
    let list = list_pending(None, 100, 0, &house.parent).unwrap().pending;
    list.into_iter().find(|pending| pending.pending_id == id).unwrap().state
}

#[test]
fn what_is_staged_is_shown_and_accepted_once() {
    let (house, bundle, pending) = staged();
    assert_eq!(pending.state, PendingState::Pending);
    assert_eq!(pending.summary, "Please look");
    assert_eq!(pending.preview_data["schema"], "wp-codebox/pending-apply-preview/v1");
    assert_eq!(pending.preview_data["approved_files"], json!(["/workspace/a.php"]));
    assert!(pending.preview_data["review"]["summary"].is_string());
    assert_eq!(pending_artifacts(&house.parent).unwrap(), [bundle.id.clone()].into());

    house.apply_here();
    let done = accept(&pending.pending_id, Some("fine".into()), &house.parent).unwrap();
    assert_eq!(done.state, PendingState::Applied);
    assert_eq!(fs::read_to_string(house.work.join("a.php")).unwrap(), "ONE\n");
    assert_eq!(fs::read_to_string(house.work.join("b.php")).unwrap(), "two\n");
    assert_eq!(done.decision.decided_by["login"], "ada");
    assert_eq!(log(&house, "apply-audit.jsonl").len(), 2);
    for again in
        [accept(&pending.pending_id, None, &house.parent), reject(&pending.pending_id, None, &house.parent)]
    {
        let refusal = Refusal::from(again.unwrap_err());
        assert_eq!(refusal.code, Code::PendingApplyDecided);
        assert_eq!(refusal.facts["state"], "applied");
    }
    assert!(pending_artifacts(&house.parent).unwrap().is_empty());
}

#[test]
fn what_is_rejected_is_never_applied() {
    let (house, _, pending) = staged();
    house.apply_here();
    let done = reject(&pending.pending_id, Some("no".into()), &house.parent).unwrap();
    assert_eq!((done.state, done.apply), (PendingState::Rejected, None));
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::PendingApplyDecided);
    assert_eq!(fs::read_to_string(house.work.join("a.php")).unwrap(), "one\n");
    let kept = list_pending(Some(PendingState::Rejected), 10, 0, &house.parent).unwrap().pending;
    assert_eq!(kept[0].decision.as_ref().unwrap().reason.as_deref(), Some("no"));
    let lines = log(&house, "review-audit.jsonl");
    assert_eq!((lines.len(), &lines[0]["action"]), (1, &json!("reject")));
    assert_eq!(lines[0]["pending_id"], json!(pending.pending_id));
    assert_eq!(lines[0]["approver"]["login"], "ada");
    assert_eq!(lines[0]["decision"]["reason"], "no");
}

#[test]
fn a_failed_apply_says_why_and_may_be_tried_again() {
    let (house, _, pending) = staged();
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::ApplyAdapterMissing);
    let failed = &list_pending(Some(PendingState::Failed), 10, 0, &house.parent).unwrap().pending[0];
    assert_eq!(failed.error.as_ref().unwrap()["code"], "wp_codebox_apply_adapter_missing");
    house.apply_here();
    accept(&pending.pending_id, None, &house.parent).unwrap();
    assert_eq!(state(&house, &pending.pending_id), PendingState::Applied);
}

#[test]
fn a_base_that_became_stale_since_staging_is_refused() {
    let (house, _, pending) = staged();
    house.apply_here();
    fs::write(house.work.join("a.php"), "changed\n").unwrap();
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::ApplyBaseStale);
    assert_eq!(state(&house, &pending.pending_id), PendingState::Failed);
    assert_eq!(fs::read_to_string(house.work.join("a.php")).unwrap(), "changed\n");
}

#[test]
fn a_bundle_that_was_tampered_with_or_discarded_since_staging_is_refused() {
    let (house, bundle, pending) = staged();
    house.apply_here();
    let patch = fs::read(&bundle.paths.patch).unwrap();
    fs::write(&bundle.paths.patch, [&patch[..], b"\n"].concat()).unwrap();
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::ArtifactDigestMismatch);
    house.room.store.discard(&bundle.id).unwrap();
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::ArtifactNotFound);
    assert_eq!(fs::read_to_string(house.work.join("a.php")).unwrap(), "one\n");
}

/// Changes a file of the bundle and makes all hashes in it fit: the id cannot tell.
fn rewrite(bundle: &Bundle, path: &str, change: impl FnOnce(&mut Value)) {
    reseal(&bundle.directory, path, change);
}

#[test]
fn a_review_whose_risk_flags_were_taken_out_between_staging_and_accept_is_refused() {
    let (before, after) = (
        tree([("a.sh", text("one\n"))]),
        tree([("a.sh", Node::File { bytes: b"ONE\n".to_vec(), executable: true })]),
    );
    let house = house(&before);
    house.apply_here();
    let bundle = house.run(&before, &after);
    assert_eq!(bundle.review.as_ref().unwrap()["riskFlags"], json!(["made-executable:/workspace/a.sh"]));
    let stage_it = || {
        let request = StageRequest { apply: request(&bundle, &["a.sh"]), ..Default::default() };
        stage(&house.room.store, &request, &house.parent)
    };
    let pending: PendingApply = serde_json::from_value(stage_it().unwrap()).unwrap();
    rewrite(&bundle, "files/review.json", |review| review["riskFlags"] = json!([]));
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::ArtifactVerificationFailed);
    assert_eq!(code(stage_it()), Code::ArtifactVerificationFailed);
    assert_eq!(house.now(), before);
}

#[test]
fn anything_in_the_bundle_that_was_changed_between_staging_and_accept_is_refused() {
    let (house, bundle, pending) = staged();
    house.apply_here();
    // The manifest says nothing that the id covers here.
    edit(&bundle.directory, "manifest.json", |manifest| manifest["runtime"]["id"] = json!("another"));
    seal(&bundle.directory);
    assert!(house.room.store.inspect(&bundle.id).unwrap().verification.valid);
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::PendingApplyChanged);
    assert_eq!(fs::read_to_string(house.work.join("a.php")).unwrap(), "one\n");
    // A host's own queue hands the hash back, and it is held against the bundle there too.
    let mut direct = request(&bundle, &["a.php"]);
    direct.manifest_sha256 = pending.apply_input["manifest_sha256"].as_str().map(str::to_owned);
    assert_eq!(
        code(apply(&house.room.store, &direct, Mode::Apply, &house.parent)),
        Code::PendingApplyChanged
    );
}

#[test]
fn a_row_that_was_changed_in_the_table_applies_nothing_else() {
    let (house, _, pending) = staged();
    house.apply_here();
    {
        let mut rows = house.parent.table.as_ref().unwrap().rows.lock().unwrap();
        let mut body: Value = serde_json::from_str(&rows[0].body).unwrap();
        body["apply_input"]["approved_files"] = json!(["/workspace/b.php"]);
        rows[0].body = body.to_string();
    }
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::PendingApplyChanged);
    assert_eq!(fs::read_to_string(house.work.join("b.php")).unwrap(), "two\n");
}

#[test]
fn while_one_accepts_nobody_else_can() {
    let (house, _, pending) = staged();
    let id = pending.pending_id.clone();
    // The adapter runs between the two steps of an accept; another accept comes then.
    let rows = |house: &House| house.parent.table.as_ref().unwrap().rows.lock().unwrap()[0].clone();
    {
        let table = house.parent.table.as_ref().unwrap();
        let mut rows = table.rows.lock().unwrap();
        let mut body: Value = serde_json::from_str(&rows[0].body).unwrap();
        body["state"] = json!("applying");
        body["decision"] = json!({
            "decision": "accepted",
            "decided_by": null,
            "decided_at": wp_codebox::contract::iso8601(std::time::SystemTime::now()),
        });
        rows[0].state = "applying".into();
        rows[0].body = body.to_string();
    }
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| Ok(answer(&["a.php"])));
    assert_eq!(code(accept(&id, None, &house.parent)), Code::PendingApplyDecided);
    assert_eq!(code(reject(&id, None, &house.parent)), Code::PendingApplyDecided);
    assert_eq!(rows(&house).revision, 1);
    // Nobody ended it: a quarter of an hour later it counts as interrupted.
    house.parent.later.set(Duration::from_secs(16 * 60));
    accept(&id, None, &house.parent).unwrap();
    assert_eq!(state(&house, &id), PendingState::Applied);
}

#[test]
fn a_filter_can_forbid_and_knows_who_asks() {
    let (house, _, pending) = staged();
    house.parent.filter("wp_codebox_can_resolve_pending_apply_artifact", |allowed, args| {
        assert_eq!((allowed, &args[2]), (json!(true), &json!(7)));
        assert!(args[0]["apply_input"].is_object());
        Ok(json!(args[1] == "rejected"))
    });
    assert_eq!(code(accept(&pending.pending_id, None, &house.parent)), Code::Forbidden);
    assert_eq!(state(&house, &pending.pending_id), PendingState::Pending);
    reject(&pending.pending_id, None, &house.parent).unwrap();
}

#[test]
fn ids_are_refused_before_they_are_looked_for() {
    let (house, _, _) = staged();
    for id in ["", "pending-", "pending-../../x", "1", &format!("pending-{}", "0".repeat(32))] {
        assert_eq!(code(accept(id, None, &house.parent)), Code::PendingApplyNotFound, "{id:?}");
    }
}

#[test]
fn a_hosts_own_queue_is_asked_first_and_its_word_is_returned() {
    let (house, bundle, _) = staged();
    house.parent.filter("wp_codebox_stage_pending_apply_artifact", |value, args| {
        assert_eq!(value, Value::Null);
        assert_eq!(args[0]["kind"], "wp_codebox_apply_back");
        assert_eq!(args[0]["apply_input"]["approved_files"], json!(["/workspace/b.php"]));
        assert!(args[1]["id"].is_string());
        Ok(json!({ "action_id": 42 }))
    });
    let request = StageRequest { apply: request(&bundle, &["b.php"]), ..Default::default() };
    let said = stage(&house.room.store, &request, &house.parent).unwrap();
    assert_eq!(said, json!({ "action_id": 42 }));
    assert_eq!(list_pending(None, 10, 0, &house.parent).unwrap().pending.len(), 1);
}

#[test]
fn without_wordpress_and_without_a_queue_staging_fails_closed() {
    let (mut house, bundle, _) = staged();
    house.parent.table = None;
    let request = StageRequest { apply: request(&bundle, &["a.php"]), ..Default::default() };
    assert_eq!(code(stage(&house.room.store, &request, &house.parent)), Code::PendingApplyUnavailable);
    assert!(pending_artifacts(&house.parent).unwrap().is_empty());
}

#[test]
fn more_than_a_thousand_pending_applies_are_all_remembered_when_bundles_are_pruned() {
    let (house, _, pending) = staged();
    {
        let table = house.parent.table.as_ref().unwrap();
        let mut rows = table.rows.lock().unwrap();
        let first = rows[0].clone();
        for n in 0..1234 {
            let mut pending = pending.clone();
            pending.pending_id = format!("pending-{n:032x}");
            pending.apply_input["artifact_id"] = json!(format!("bundle-{n}"));
            let (id, body) = (pending.pending_id.clone(), serde_json::to_string(&pending).unwrap());
            rows.push(wp_codebox::host::Record { id, body, ..first.clone() });
        }
        // One that nobody can read is nobody's reason to keep anything, nor to forget the others.
        rows.push(wp_codebox::host::Record { id: "pending-x".into(), body: "{".into(), ..first });
    }
    let needed = pending_artifacts(&house.parent).unwrap();
    assert_eq!(needed.len(), 1235);
    assert!((0..1234).all(|n| needed.contains(&format!("bundle-{n}"))));
}

#[test]
fn an_accept_that_began_in_a_time_to_come_does_not_block_for_ever() {
    let (house, _, pending) = staged();
    house.apply_here();
    {
        let mut rows = house.parent.table.as_ref().unwrap().rows.lock().unwrap();
        let mut body: Value = serde_json::from_str(&rows[0].body).unwrap();
        body["state"] = json!("applying");
        body["decision"] =
            json!({ "decision": "accepted", "decided_by": null, "decided_at": "2999-01-01T00:00:00.000Z" });
        rows[0].state = "applying".into();
        rows[0].body = body.to_string();
    }
    accept(&pending.pending_id, None, &house.parent).unwrap();
    assert_eq!(state(&house, &pending.pending_id), PendingState::Applied);
}

#[test]
fn whoever_accepts_is_the_approver_whatever_name_was_given_when_it_was_staged() {
    let (house, bundle, _) = staged();
    house.apply_here();
    let mut request = request(&bundle, &["b.php"]);
    request.approver = Some(json!("the owner"));
    let staged = StageRequest { apply: request, ..Default::default() };
    let staged = stage(&house.room.store, &staged, &house.parent).unwrap();
    accept(staged["pending_id"].as_str().unwrap(), None, &house.parent).unwrap();
    let lines = log(&house, "apply-audit.jsonl");
    assert!(lines.iter().all(|line| line["approver"]["login"] == "ada"), "{lines:?}");
}
