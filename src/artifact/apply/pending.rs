//! Pending applies that the parent WordPress keeps.
//!
//! In: what was staged, and a decision. Out: the pending apply as it then is.
//!
//! Invariants: every step from one state to the next is taken in one step in the database, by one
//! caller; what is applied is what was staged, to the byte.

use super::approval::{Extent, Trusted};
use super::audit::{AuditLog, Log, REVIEW_AUDIT_SCHEMA, error_value};
use super::deliver::{Applied, Mode, hand_over};
use super::error::ApplyError;
use super::request::{ApplyRequest, principal};
use crate::artifact::{Store, store_directory};
use crate::contract::{Refusal, iso8601, parse_iso8601};
use crate::host::{Host, Record, Records};
use rustix::rand::{GetRandomFlags, getrandom};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a pending apply is to a host that has pending actions of many kinds.
pub const PENDING_KIND: &str = "wp_codebox_apply_back";
/// Schema ids.
pub const PENDING_APPLY_SCHEMA: &str = "wp-codebox/pending-apply/v1";
pub const PENDING_APPLY_LIST_SCHEMA: &str = "wp-codebox/pending-apply-list/v1";
pub const PENDING_APPLY_RESOLUTION_SCHEMA: &str = "wp-codebox/pending-apply-resolution/v1";

/// The kind of our rows.
const RECORD_KIND: &str = "pending-apply";
const MAY_RESOLVE: &str = "wp_codebox_can_resolve_pending_apply_artifact";

/// The documents of a preview are not kept if they are larger; the bundle has them. Bytes.
const MAX_PREVIEW: usize = 1 << 20;

/// An apply that has not ended after this long was interrupted, and may be decided again.
const INTERRUPTED: Duration = Duration::from_secs(15 * 60);

/// Pending applies are looked at page by page, in which a page begins with the end of the one before:
/// rows that others decide meanwhile leave, and what comes after them moves up.
const PAGE: usize = 100;
const OVERLAP: usize = 20;
/// With more of them nothing is pruned.
const MAX_PENDING: usize = 100_000;

/// What is staged.
#[derive(Debug, Clone)]
pub struct Staged {
    /// `kind`, `summary`, `apply_input`, `preview_data`, …
    pub arguments: Value,
    pub patch_sha256: String,
    pub content_digest: String,
    pub staged_by: Value,
    pub staged_at: String,
}

/// Where a pending apply is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PendingState {
    Pending,
    /// Accepted, and on its way to the adapter.
    Applying,
    Applied,
    /// Accepted, and the adapter or a check refused. It may be decided again.
    Failed,
    Rejected,
}

impl PendingState {
    const OPEN: [PendingState; 3] = [PendingState::Pending, PendingState::Applying, PendingState::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            PendingState::Pending => "pending",
            PendingState::Applying => "applying",
            PendingState::Applied => "applied",
            PendingState::Failed => "failed",
            PendingState::Rejected => "rejected",
        }
    }
}

/// `wp-codebox/pending-apply/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PendingApply {
    pub success: bool,
    pub schema: String,
    pub pending_id: String,
    pub state: PendingState,
    /// The bundle.
    #[serde(default)]
    pub artifact_id: String,
    /// `wp_codebox_apply_back`.
    pub kind: String,
    pub summary: String,
    /// What accepting hands to apply-approved-artifact.
    pub apply_input: Map<String, Value>,
    pub content_digest: String,
    pub patch_sha256: String,
    /// What a reviewer looks at.
    pub preview_data: Map<String, Value>,
    #[serde(default)]
    pub agent_id: Option<u64>,
    #[serde(default)]
    pub user_id: Option<u64>,
    #[serde(default)]
    pub context: Option<Map<String, Value>>,
    pub staged_by: Value,
    pub staged_at: String,
    /// The last decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<PendingDecision>,
    /// What the adapter has done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PendingDecision {
    /// `accepted` or `rejected`.
    pub decision: Verdict,
    pub decided_by: Value,
    pub decided_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accepted,
    Rejected,
}

/// `wp-codebox/pending-apply-list/v1`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PendingList {
    pub success: bool,
    pub schema: String,
    pub pending: Vec<PendingApply>,
    /// Where the next page begins, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<usize>,
}

/// `wp-codebox/pending-apply-resolution/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    pub success: bool,
    pub schema: String,
    pub pending_id: String,
    pub state: PendingState,
    pub decision: PendingDecision,
    /// What accepting has done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<Applied>,
}

/// Keeps a staged apply until it is decided.
pub fn insert(staged: Staged, host: &dyn Host) -> Result<PendingApply, ApplyError> {
    let records = records(host)?;
    let mut arguments = staged.arguments;
    let mut take = |field: &str| arguments.get_mut(field).map(Value::take).unwrap_or_default();
    let object = |value: Value| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let mut preview_data = object(take("preview_data"));
    for document in ["changed_files", "review", "test_results", "verification"] {
        if Value::Object(preview_data.clone()).to_string().len() > MAX_PREVIEW {
            preview_data.insert(document.into(), Value::Null);
        }
    }
    let pending = PendingApply {
        success: true,
        schema: PENDING_APPLY_SCHEMA.into(),
        pending_id: new_id(),
        state: PendingState::Pending,
        artifact_id: text(preview_data["artifact_id"].clone()),
        kind: PENDING_KIND.into(),
        summary: text(take("summary")),
        apply_input: object(take("apply_input")),
        preview_data,
        agent_id: take("agent_id").as_u64(),
        user_id: take("user_id").as_u64(),
        context: Some(take("context")).filter(Value::is_object).map(object),
        content_digest: staged.content_digest,
        patch_sha256: staged.patch_sha256,
        staged_by: staged.staged_by,
        staged_at: staged.staged_at,
        decision: None,
        result: None,
        error: None,
    };
    match records.insert(&pending.record(1)?)? {
        true => Ok(pending),
        false => Err(ApplyError::PendingDecided { id: pending.pending_id, state: "there".into() }),
    }
}

/// A page of the pending applies, of one state or of all.
pub fn list(
    state: Option<PendingState>,
    limit: usize,
    offset: usize,
    host: &dyn Host,
) -> Result<PendingList, ApplyError> {
    let state = state.map(PendingState::as_str);
    let rows = records(host)?.list(RECORD_KIND, state, limit, offset)?;
    let next_offset = (rows.len() == limit).then_some(offset + limit);
    let pending = rows.iter().filter_map(|row| PendingApply::of(row).ok()).collect();
    Ok(PendingList { success: true, schema: PENDING_APPLY_LIST_SCHEMA.into(), pending, next_offset })
}

/// The bundles that pending applies still need: all of them, or an error.
pub fn pending_artifacts(host: &dyn Host) -> Result<BTreeSet<String>, Refusal> {
    let mut ids = BTreeSet::new();
    let Some(records) = host.records() else { return Ok(ids) };
    for state in PendingState::OPEN {
        let mut offset = 0;
        loop {
            let rows = records.list(RECORD_KIND, Some(state.as_str()), PAGE, offset)?;
            // One that cannot be read cannot be accepted either.
            for pending in rows.iter().filter_map(|row| PendingApply::of(row).ok()) {
                let id = pending.apply_input.get("artifact_id").and_then(Value::as_str);
                ids.extend(id.map(str::to_owned));
            }
            if rows.len() < PAGE {
                break;
            }
            offset += PAGE - OVERLAP;
            if offset > MAX_PENDING {
                return Err(ApplyError::TooManyPending(MAX_PENDING).into());
            }
        }
    }
    Ok(ids)
}

/// Accepts: what was staged is applied. The state afterwards is `applied`, or `failed` and the
/// reason is returned.
pub fn accept(id: &str, reason: Option<String>, host: &dyn Host) -> Result<Resolution, ApplyError> {
    let records = records(host)?;
    let (row, mut pending) = undecided(id, host, records)?;
    let decision = decide(Verdict::Accepted, reason, &pending, host)?;
    pending.state = PendingState::Applying;
    pending.decision = Some(decision.clone());
    (pending.result, pending.error) = (None, None);
    let row = step(&row, &pending, records)?;
    let (outcome, applied) = match carry_out(&pending, host) {
        Ok(applied) => {
            pending.state = PendingState::Applied;
            pending.result = serde_json::to_value(&applied.result).ok();
            (Ok(()), Some(applied))
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            pending.state = PendingState::Failed;
            pending.error = Some(error_value(&refusal));
            (Err(refusal), None)
        }
    };
    let kept = step(&row, &pending, records);
    outcome?;
    kept?;
    Ok(Resolution {
        success: true,
        schema: PENDING_APPLY_RESOLUTION_SCHEMA.into(),
        pending_id: pending.pending_id,
        state: pending.state,
        decision,
        apply: applied,
    })
}

/// Rejects: the bundle stays as it is, and nothing is applied.
pub fn reject(id: &str, reason: Option<String>, host: &dyn Host) -> Result<Resolution, ApplyError> {
    let records = records(host)?;
    let (row, mut pending) = undecided(id, host, records)?;
    let decision = decide(Verdict::Rejected, reason, &pending, host)?;
    pending.state = PendingState::Rejected;
    pending.decision = Some(decision.clone());
    step(&row, &pending, records)?;
    // It is decided, whether or not the store is still there to record it in.
    let _ = record_rejection(&pending, &decision, host);
    Ok(Resolution {
        success: true,
        schema: PENDING_APPLY_RESOLUTION_SCHEMA.into(),
        pending_id: pending.pending_id,
        state: pending.state,
        decision,
        apply: None,
    })
}

fn record_rejection(
    pending: &PendingApply,
    decision: &PendingDecision,
    host: &dyn Host,
) -> Result<(), ApplyError> {
    let root = pending.apply_input.get("artifacts_path").and_then(Value::as_str);
    let store = Store::open_existing(&store_directory(&host.settings()?, root)?)?;
    let record = json!({
        "schema": REVIEW_AUDIT_SCHEMA,
        "timestamp": decision.decided_at,
        "status": "success",
        "action": "reject",
        "artifact_id": pending.artifact_id,
        "content_digest": pending.content_digest,
        "pending_id": pending.pending_id,
        "approver": decision.decided_by,
        "principal": decision.decided_by,
        "approved_files": pending.apply_input.get("approved_files"),
        "decision": decision,
    });
    if let Value::Object(record) = record {
        AuditLog::of(Log::Review, store.root(), host)?.append(record)?;
    }
    Ok(())
}

/// The pending apply, if a decision about it is still possible.
fn undecided(id: &str, host: &dyn Host, records: &dyn Records) -> Result<(Record, PendingApply), ApplyError> {
    let id = id.trim();
    let unknown = || ApplyError::PendingUnknown(id.to_owned());
    if !is_id(id) {
        return Err(unknown());
    }
    let row = records.get(RECORD_KIND, id)?.ok_or_else(unknown)?;
    let pending = PendingApply::of(&row)?;
    let since = pending.decision.as_ref().and_then(|made| parse_iso8601(&made.decided_at));
    // A clock that was set back makes it a time to come: that must not last for ever either.
    let away = |at| host.now().duration_since(at).unwrap_or_else(|ahead| ahead.duration());
    let interrupted = || since.is_none_or(|at| away(at) > INTERRUPTED);
    let open = match pending.state {
        PendingState::Pending | PendingState::Failed => true,
        PendingState::Applying => interrupted(),
        PendingState::Applied | PendingState::Rejected => false,
    };
    match open {
        true => Ok((row, pending)),
        false => {
            Err(ApplyError::PendingDecided { id: pending.pending_id, state: pending.state.as_str().into() })
        }
    }
}

/// The decision, if the current user may take it. Who gets here may already decide by the ability's
/// own permission, or is the operator; the filter can only forbid.
fn decide(
    verdict: Verdict,
    reason: Option<String>,
    pending: &PendingApply,
    host: &dyn Host,
) -> Result<PendingDecision, ApplyError> {
    let user = host.current_user().map_or(0, |user| user.id);
    let word = match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Rejected => "rejected",
    };
    let payload = serde_json::to_value(pending).unwrap_or_default();
    let may = host.apply_filters(MAY_RESOLVE, true.into(), &[payload, word.into(), user.into()])?;
    if may != Value::Bool(true) {
        return Err(ApplyError::Forbidden(pending.pending_id.clone()));
    }
    Ok(PendingDecision {
        decision: verdict,
        decided_by: principal(host)?,
        decided_at: iso8601(host.now()),
        reason: reason.filter(|text| !text.trim().is_empty()),
    })
}

fn carry_out(pending: &PendingApply, host: &dyn Host) -> Result<Applied, ApplyError> {
    let input = &pending.apply_input;
    let text = |field: &str| input.get(field).and_then(Value::as_str).map(str::to_owned);
    let request = ApplyRequest {
        artifact_id: text("artifact_id").unwrap_or_default(),
        approved_files: strings(input.get("approved_files")).into(),
        // Whoever accepts has approved, whatever name was given when it was staged.
        approver: pending.decision.as_ref().map(|made| made.decided_by.clone()),
        apply_target: input.get("apply_target").and_then(Value::as_object).cloned(),
        manifest_sha256: Some(text("manifest_sha256").unwrap_or_default()),
    };
    let root = store_directory(&host.settings()?, text("artifacts_path").as_deref())?;
    let store = Store::open_existing(&root)?;
    let changed = || ApplyError::PendingChanged(pending.pending_id.clone());
    let trusted = Trusted::read(&store, &request).map_err(|why| match why {
        ApplyError::BundleChanged(_) => changed(),
        why => why,
    })?;
    let approved = trusted.approve(&request.approved_files, Extent::Some)?;
    if approved.patch_sha256 != pending.patch_sha256
        || approved.bundle.content_digest != pending.content_digest
    {
        return Err(changed());
    }
    hand_over(&store, approved, &request, Mode::Apply, host)
}

/// Takes one step; refuses if somebody else has taken one since the row was read.
fn step(row: &Record, pending: &PendingApply, records: &dyn Records) -> Result<Record, ApplyError> {
    let next = pending.record(row.revision)?;
    if !records.swap(&next)? {
        let now = records.get(RECORD_KIND, &pending.pending_id)?;
        let state = now.map_or_else(|| "gone".into(), |now| now.state);
        return Err(ApplyError::PendingDecided { id: pending.pending_id.clone(), state });
    }
    Ok(Record { revision: row.revision + 1, ..next })
}

impl PendingApply {
    fn of(row: &Record) -> Result<Self, ApplyError> {
        serde_json::from_str(&row.body).map_err(|_| ApplyError::PendingUnknown(row.id.clone()))
    }

    fn record(&self, revision: u64) -> Result<Record, ApplyError> {
        Ok(Record {
            kind: RECORD_KIND.into(),
            id: self.pending_id.clone(),
            state: self.state.as_str().into(),
            revision,
            body: serde_json::to_string(self)
                .map_err(|_| ApplyError::PendingChanged(self.pending_id.clone()))?,
        })
    }
}

fn records(host: &dyn Host) -> Result<&dyn Records, ApplyError> {
    host.records().ok_or(ApplyError::NoPending)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn new_id() -> String {
    let mut random = [0; 16];
    // The first 256 bytes are never cut short once the pool is ready, and this waits until it is.
    let filled = getrandom(&mut random[..], GetRandomFlags::empty());
    debug_assert!(filled.is_ok());
    format!("pending-{:032x}", u128::from_ne_bytes(random))
}

fn is_id(id: &str) -> bool {
    id.strip_prefix("pending-").is_some_and(|hex| {
        hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}
