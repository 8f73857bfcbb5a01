//! What is asked for, on whose behalf, and what the adapters are told of it.

use super::approval::Approved;
use super::base::{self, BaseCheck};
use super::error::ApplyError;
use super::named::Named;
use super::rows::ChangedRow;
use crate::artifact::{Bundle, Verification};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Which files of which bundle are to be applied, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApplyRequest {
    pub artifact_id: String,
    pub approved_files: Named,
    /// Who approves, if it is not the current user.
    pub approver: Option<Value>,
    /// For adapters; the built-in one reads `name`.
    pub apply_target: Option<Map<String, Value>>,
    /// The hash of the manifest as it was when somebody looked at the bundle: nothing in it may have
    /// changed since.
    pub manifest_sha256: Option<String>,
}

/// What an adapter gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Payload {
    pub artifact_id: String,
    pub artifact: Bundle,
    pub approved_files: Vec<String>,
    pub approver: Value,
    /// Who is really there: the user who is logged in, or the operator at the shell.
    pub principal: Value,
    pub apply_target: Map<String, Value>,
    /// The patch of exactly the approved files.
    pub patch: String,
    pub patch_sha256: String,
    /// The rows of the approved files, with their hashes before and after.
    pub changed_files: Vec<ChangedRow>,
    pub artifact_content_digest: String,
    pub artifact_verification: Verification,
}

/// Approved changes whose base is not stale, ready to be handed over.
#[derive(Debug)]
pub struct Ready {
    pub approved: Approved,
    pub base: BaseCheck,
    pub approver: Value,
    pub principal: Value,
    pub apply_target: Map<String, Value>,
}

impl Ready {
    pub fn new(approved: Approved, request: &ApplyRequest, host: &dyn Host) -> Result<Ready, ApplyError> {
        let base = base::check(&approved.rows, approved.bundle.metadata.as_ref(), &host.settings()?)?;
        let principal = principal(host)?;
        let named =
            |value: &Value| !matches!(value, Value::Null) && *value != json!("") && *value != json!([]);
        let approver = request.approver.clone().filter(named).unwrap_or_else(|| principal.clone());
        let apply_target = request.apply_target.clone().unwrap_or_default();
        Ok(Ready { approved, base, approver, principal, apply_target })
    }

    pub fn payload(&self) -> Payload {
        let Approved { bundle, verification, files, rows, patch, patch_sha256, .. } = &self.approved;
        Payload {
            artifact_id: bundle.id.clone(),
            artifact: bundle.clone(),
            approved_files: files.clone(),
            approver: self.approver.clone(),
            principal: self.principal.clone(),
            apply_target: self.apply_target.clone(),
            patch: patch.clone(),
            patch_sha256: patch_sha256.clone(),
            changed_files: rows.clone(),
            artifact_content_digest: bundle.content_digest.clone(),
            artifact_verification: verification.clone(),
        }
    }
}

/// The user who is logged in, or the operator.
pub fn principal(host: &dyn Host) -> Result<Value, ApplyError> {
    Ok(match host.current_user() {
        Some(user) => json!({ "kind": "user", "id": user.id, "login": user.login }),
        None if host.settings()?.operator => json!({ "kind": "operator" }),
        None => Value::Null,
    })
}

/// Who asked for the work that the bundle is the result of, if it says so.
pub fn requester(bundle: &Bundle) -> Option<Value> {
    let documents = [bundle.metadata.as_ref(), bundle.review.as_ref()];
    documents.into_iter().flatten().find_map(|document| {
        let task = &document["provenance"]["task"];
        ["requester", "requested_by", "principal", "user"]
            .into_iter()
            .map(|field| &task[field])
            .find(|value| !value.is_null() && **value != json!("") && **value != json!([]))
            .cloned()
    })
}
