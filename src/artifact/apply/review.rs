//! A reviewer's decision about a bundle.
//!
//! In: approve, reject or request changes. Out: what the filter `wp_codebox_review_artifact_decision`
//! made of it. Without a filter an approval is applied, and any other decision is recorded.

use super::approval::{Approved, Extent, Trusted};
use super::audit::{AuditLog, Log, REVIEW_AUDIT_SCHEMA, Receipt, error_value};
use super::deliver::{APPLY_SCHEMA, Mode, apply};
use super::error::ApplyError;
use super::request::{ApplyRequest, principal, requester};
use crate::artifact::{Bundle, Store, Verification};
use crate::contract::{Refusal, iso8601};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Schema id of [`Reviewed`], and of what the filter returns.
pub const REVIEW_RESULT_SCHEMA: &str = "wp-codebox/artifact-review-result/v1";
const DECISION_SCHEMA: &str = "wp-codebox/artifact-review-decision/v1";
const MESSAGE_TYPE: &str = "wp-codebox:artifact-review-decision";
const FILTER: &str = "wp_codebox_review_artifact_decision";

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewAction {
    Approve,
    Reject,
    RequestChanges,
}

impl ReviewAction {
    pub fn as_str(self) -> &'static str {
        match self {
            ReviewAction::Approve => "approve",
            ReviewAction::Reject => "reject",
            ReviewAction::RequestChanges => "request-changes",
        }
    }
}

/// A decision, and what it is about.
#[derive(Debug, Clone)]
pub struct ReviewRequest {
    pub action: ReviewAction,
    pub apply: ApplyRequest,
    pub reason: Option<String>,
    /// When, if not now. RFC 3339.
    pub decided_at: Option<String>,
    pub context: Option<Map<String, Value>>,
}

/// `wp-codebox/artifact-review-result/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reviewed {
    pub success: bool,
    pub schema: String,
    pub artifact_id: String,
    pub action: ReviewAction,
    pub approved_files: Vec<String>,
    pub content_digest: String,
    pub verification: Verification,
    pub decision: Map<String, Value>,
    /// The decision as a message: `type` and `payload`.
    pub message: Map<String, Value>,
    pub result: Map<String, Value>,
    pub audit: Receipt,
}

/// Decides about a bundle that verifies.
pub fn review(store: &Store, request: &ReviewRequest, host: &dyn Host) -> Result<Reviewed, ApplyError> {
    let trusted = Trusted::read(store, &request.apply)?;
    let (bundle, verification) = (trusted.bundle.clone(), trusted.verification.clone());
    let approved_files = match request.action {
        ReviewAction::Approve => {
            let trusted = trusted.pinned(&request.apply)?;
            let approved = trusted.approve(&request.apply.approved_files, Extent::Some)?;
            let Approved { files, .. } = approved;
            files
        }
        _ => trusted.changed_among(&request.apply.approved_files)?,
    };
    let principal = principal(host)?;
    let decision = decision(request, &bundle, &approved_files, &principal, host);
    let message = object(json!({ "type": MESSAGE_TYPE, "payload": decision }));
    let log = AuditLog::of(Log::Review, store.root(), host)?;
    let about = About { decision: &decision, bundle: &bundle, principal: &principal };
    log.append(about.record("started", host))?;

    let asked = json!({
        "decision": decision,
        "message": message,
        "artifact": bundle,
        "artifact_verification": verification,
    });
    match carry_out(store, request, &decision, asked, host) {
        Ok(result) => {
            let mut row = about.record("success", host);
            row.insert("adapter".into(), result["adapter"].clone());
            row.insert("result".into(), Value::Object(result.clone()));
            Ok(Reviewed {
                success: true,
                schema: REVIEW_RESULT_SCHEMA.into(),
                artifact_id: bundle.id.clone(),
                action: request.action,
                approved_files,
                content_digest: bundle.content_digest.clone(),
                verification,
                decision: decision.clone(),
                message,
                result,
                audit: log.append(row)?,
            })
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            let mut row = about.record("failure", host);
            row.insert("error".into(), error_value(&refusal));
            // The caller learns of the failure itself, whether or not it can be recorded.
            let _ = log.append(row);
            Err(refusal.into())
        }
    }
}

fn carry_out(
    store: &Store,
    request: &ReviewRequest,
    decision: &Map<String, Value>,
    asked: Value,
    host: &dyn Host,
) -> Result<Map<String, Value>, ApplyError> {
    let answer = host.apply_filters(FILTER, Value::Null, &[asked])?;
    match (answer, request.action) {
        (Value::Null, ReviewAction::Approve) => {
            let applied = apply(store, &request.apply, Mode::Apply, host)?;
            Ok(object(json!({
                "schema": APPLY_SCHEMA,
                "adapter": applied.result.adapter,
                "status": applied.result.status,
                "audit_reference": applied.result.audit_reference,
                "target": applied.result.target,
                "apply": applied,
            })))
        }
        (Value::Null, action) => {
            let id = request.apply.artifact_id.trim();
            let at = decision["decided_at"].as_str().unwrap_or_default();
            Ok(object(json!({
                "schema": REVIEW_RESULT_SCHEMA,
                "adapter": "wp-codebox/default-review-decision",
                "status": action.as_str(),
                "audit_reference": format!("{id}#{at}"),
            })))
        }
        (Value::Object(answer), _) => checked(answer),
        _ => Err(ApplyError::ReviewResultInvalid("it is no object".into())),
    }
}

/// The filter's answer, without what nobody knows.
fn checked(answer: Map<String, Value>) -> Result<Map<String, Value>, ApplyError> {
    let invalid = |why: &str| ApplyError::ReviewResultInvalid(why.into());
    let schema = answer.get("schema").and_then(Value::as_str);
    if answer.contains_key("schema") && !matches!(schema, Some(REVIEW_RESULT_SCHEMA | APPLY_SCHEMA)) {
        return Err(invalid("it has another schema"));
    }
    for field in ["adapter", "status"] {
        if answer.get(field).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            return Err(invalid(&format!("{field} is missing")));
        }
    }
    const KEPT: [&str; 8] =
        ["schema", "adapter", "status", "audit_reference", "url", "pr_url", "comment_url", "target"];
    let mut kept: Map<String, Value> =
        answer.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
    kept.entry("schema").or_insert_with(|| REVIEW_RESULT_SCHEMA.into());
    Ok(kept)
}

fn decision(
    request: &ReviewRequest,
    bundle: &Bundle,
    approved_files: &[String],
    principal: &Value,
    host: &dyn Host,
) -> Map<String, Value> {
    let provenance = |document: &Option<Value>| {
        document.as_ref().map_or(Value::Null, |document| document["provenance"].clone())
    };
    let decision = object(json!({
        "schema": DECISION_SCHEMA,
        "action": request.action,
        "artifact_id": bundle.id,
        "approved_files": approved_files,
        "approver": request.apply.approver.as_ref().unwrap_or(principal),
        "reason": request.reason,
        "decided_at": request.decided_at.clone().unwrap_or_else(|| iso8601(host.now())),
        "source": "wp-codebox/wordpress-plugin",
        "provenance": {
            "artifact": provenance(&bundle.metadata),
            "review": provenance(&bundle.review),
        },
        "content_digest": bundle.content_digest,
        "apply_target": request.apply.apply_target,
        "requester": requester(bundle),
        "context": request.context,
    }));
    decision.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

struct About<'a> {
    decision: &'a Map<String, Value>,
    bundle: &'a Bundle,
    principal: &'a Value,
}

impl About<'_> {
    fn record(&self, status: &str, host: &dyn Host) -> Map<String, Value> {
        object(json!({
            "schema": REVIEW_AUDIT_SCHEMA,
            "timestamp": iso8601(host.now()),
            "status": status,
            "action": self.decision["action"],
            "artifact_id": self.bundle.id,
            "content_digest": self.bundle.content_digest,
            "requester": requester(self.bundle),
            "approver": self.decision.get("approver"),
            "principal": self.principal,
            "approved_files": self.decision["approved_files"],
            "decision": self.decision,
        }))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
