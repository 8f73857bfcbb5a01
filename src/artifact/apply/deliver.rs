//! Handing approved changes to whoever applies them, and recording it.
//!
//! In: [`Ready`]. Out: what the adapter has done. The filter `wp_codebox_apply_approved_artifact`
//! is asked first, the built-in adapter second.
//!
//! Invariant: nothing is handed over before the log says so, and what came of it is in the log too.

use super::approval::{Approved, Extent, Trusted};
use super::audit::{APPLY_AUDIT_SCHEMA, AuditLog, Log, Receipt, error_value};
use super::base::BaseCheck;
use super::error::ApplyError;
use super::request::{ApplyRequest, Ready, requester};
use super::result::ApplyResult;
use super::target;
use crate::artifact::{Store, Verification};
use crate::contract::{Refusal, iso8601};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Schema id of [`Applied`].
pub const APPLY_SCHEMA: &str = "wp-codebox/artifact-apply/v1";

const FILTER: &str = "wp_codebox_apply_approved_artifact";

/// `wp-codebox/artifact-apply/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    pub success: bool,
    pub schema: String,
    pub artifact_id: String,
    pub approved_files: Vec<String>,
    pub patch_sha256: String,
    pub content_digest: String,
    pub verification: Verification,
    pub base: BaseCheck,
    /// Whether nothing was done but to look.
    pub dry_run: bool,
    pub result: ApplyResult,
    /// Where it is recorded; nothing is for a dry run. Keep the hash: it vouches for the log so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<Receipt>,
}

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Apply,
    /// Ask the built-in adapter what it would do. The filter is not asked: an adapter that does not
    /// know of dry runs would apply.
    DryRun,
}

/// Applies the approved files of a bundle.
pub fn apply(
    store: &Store,
    request: &ApplyRequest,
    mode: Mode,
    host: &dyn Host,
) -> Result<Applied, ApplyError> {
    let trusted = Trusted::read(store, request)?.pinned(request)?;
    let approved = trusted.approve(&request.approved_files, Extent::Some)?;
    hand_over(store, approved, request, mode, host)
}

/// Applies what has been read and approved already.
pub fn hand_over(
    store: &Store,
    approved: Approved,
    request: &ApplyRequest,
    mode: Mode,
    host: &dyn Host,
) -> Result<Applied, ApplyError> {
    let ready = Ready::new(approved, request, host)?;
    let (result, audit) = match mode {
        Mode::DryRun => (target::apply(&ready, mode, "", host)?, None),
        Mode::Apply => recorded(store, &ready, host).map(|(result, at)| (result, Some(at)))?,
    };
    let Ready { approved, base, .. } = ready;
    Ok(Applied {
        success: true,
        schema: APPLY_SCHEMA.into(),
        artifact_id: approved.bundle.id,
        approved_files: approved.files,
        patch_sha256: approved.patch_sha256,
        content_digest: approved.bundle.content_digest,
        verification: approved.verification,
        base,
        dry_run: mode == Mode::DryRun,
        result,
        audit,
    })
}

fn recorded(store: &Store, ready: &Ready, host: &dyn Host) -> Result<(ApplyResult, Receipt), ApplyError> {
    // The parent is asked for the path now: after an adapter has thrown, it can be asked no more.
    let log = AuditLog::of(Log::Apply, store.root(), host)?;
    let started = log.append(record(ready, "started", host))?;
    let reference = format!("{}#{}", ready.approved.bundle.id, started.sequence);
    match deliver(ready, &reference, host) {
        Ok(result) => {
            let mut row = record(ready, "success", host);
            row.insert("adapter".into(), result.adapter.as_str().into());
            row.insert("result".into(), serde_json::to_value(&result).unwrap_or_default());
            // The changes are applied. If the disk is full just now, the log still says that they
            // were handed over.
            Ok((result, log.append(row).unwrap_or(started)))
        }
        Err(error) => {
            let adapter = match &error {
                ApplyError::ResultInvalid { adapter, .. } => adapter.clone(),
                ApplyError::ResultMismatch { adapter, .. } => Some(adapter.clone()),
                _ => None,
            };
            let refusal = Refusal::from(error);
            let mut row = record(ready, "failure", host);
            row.insert("adapter".into(), adapter.map_or(Value::Null, Value::from));
            row.insert("error".into(), error_value(&refusal));
            // The caller learns of the failure itself, whether or not it can be recorded.
            let _ = log.append(row);
            Err(refusal.into())
        }
    }
}

fn deliver(ready: &Ready, reference: &str, host: &dyn Host) -> Result<ApplyResult, ApplyError> {
    let payload = json!(ready.payload());
    let answer = host.apply_filters(FILTER, Value::Null, &[payload])?;
    match answer {
        Value::Null => target::apply(ready, Mode::Apply, reference, host),
        answer => ApplyResult::read(&answer, &ready.approved),
    }
}

fn record(ready: &Ready, status: &str, host: &dyn Host) -> Map<String, Value> {
    let Ready { approved, approver, principal, apply_target, .. } = ready;
    let record = json!({
        "schema": APPLY_AUDIT_SCHEMA,
        "timestamp": iso8601(host.now()),
        "status": status,
        "artifact_id": approved.bundle.id,
        "content_digest": approved.bundle.content_digest,
        "patch_sha256": approved.patch_sha256,
        "requester": requester(&approved.bundle),
        "approver": approver,
        "principal": principal,
        "approved_files": approved.files,
        "apply_target": apply_target,
    });
    match record {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}
