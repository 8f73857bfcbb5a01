//! Asking somebody to decide later.
//!
//! In: an approval that is still to be confirmed. Out: whatever the host's own approval queue says
//! (filter `wp_codebox_stage_pending_apply_artifact`), or a pending apply in the parent WordPress.

use super::approval::{Extent, Trusted};
use super::error::ApplyError;
use super::pending;
use super::request::{ApplyRequest, Ready};
use crate::artifact::Store;
use crate::contract::iso8601;
use crate::host::Host;
use serde_json::{Map, Value, json};

const PREVIEW_SCHEMA: &str = "wp-codebox/pending-apply-preview/v1";
const FILTER: &str = "wp_codebox_stage_pending_apply_artifact";
const SUMMARY: &str = "Apply approved changes of a sandbox.";

/// What to stage.
#[derive(Debug, Clone, Default)]
pub struct StageRequest {
    pub apply: ApplyRequest,
    pub summary: Option<String>,
    pub agent_id: Option<u64>,
    pub user_id: Option<u64>,
    pub context: Option<Map<String, Value>>,
}

/// Stages approved files of a bundle that verifies.
pub fn stage(store: &Store, request: &StageRequest, host: &dyn Host) -> Result<Value, ApplyError> {
    let trusted = Trusted::read(store, &request.apply)?.pinned(&request.apply)?;
    let approved = trusted.approve(&request.apply.approved_files, Extent::Some)?;
    let ready = Ready::new(approved, &request.apply, host)?;
    let bundle = json!(ready.approved.bundle);
    let args = arguments(store, request, &ready);
    match host.apply_filters(FILTER, Value::Null, &[args.clone(), bundle])? {
        Value::Null => {
            let staged = pending::Staged {
                arguments: args,
                patch_sha256: ready.approved.patch_sha256.clone(),
                content_digest: ready.approved.bundle.content_digest.clone(),
                staged_by: ready.principal.clone(),
                staged_at: iso8601(host.now()),
            };
            Ok(json!(pending::insert(staged, host)?))
        }
        answer => Ok(answer),
    }
}

fn arguments(store: &Store, request: &StageRequest, ready: &Ready) -> Value {
    let bundle = &ready.approved.bundle;
    let review = bundle.review.as_ref();
    let summary = request.summary.as_deref().filter(|text| !text.trim().is_empty());
    let reviewed = review.and_then(|review| review["summary"].as_str());
    let mut apply_input = Map::new();
    apply_input.insert("artifact_id".into(), bundle.id.as_str().into());
    apply_input.insert("approved_files".into(), json!(ready.approved.files));
    apply_input.insert("manifest_sha256".into(), ready.approved.manifest_sha256().into());
    apply_input.insert("artifacts_path".into(), json!(store.root()));
    if let Some(approver) = &request.apply.approver {
        apply_input.insert("approver".into(), approver.clone());
    }
    if let Some(target) = &request.apply.apply_target {
        apply_input.insert("apply_target".into(), Value::Object(target.clone()));
    }
    json!({
        "kind": pending::PENDING_KIND,
        "summary": summary.or(reviewed).unwrap_or(SUMMARY),
        "apply_input": apply_input,
        "preview_data": {
            "schema": PREVIEW_SCHEMA,
            "artifact_id": bundle.id,
            "content_digest": bundle.content_digest,
            "created_at": bundle.created_at,
            "verification": ready.approved.verification,
            "approved_files": ready.approved.files,
            "changed_files": bundle.changed_files,
            "test_results": bundle.test_results,
            "review": bundle.review,
        },
        "agent_id": request.agent_id,
        "user_id": request.user_id,
        "context": request.context,
    })
}
