//! What an adapter says that it has done.

use super::approval::Approved;
use super::error::ApplyError;
use super::rows::ChangedRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};

/// Schema id of [`ApplyResult`].
pub const APPLY_RESULT_SCHEMA: &str = "wp-codebox/apply-result/v1";

/// `wp-codebox/apply-result/v1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApplyResult {
    pub schema: String,
    /// Name of the adapter.
    pub adapter: String,
    /// e.g. `applied`, `pull-request-opened`.
    pub status: String,
    pub target: Map<String, Value>,
    /// The sandbox paths that were applied: exactly the approved ones.
    pub applied_files: Vec<String>,
    /// Where the adapter has recorded it.
    pub audit_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pr_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl ApplyResult {
    /// Reads an adapter's answer, and holds what it applied against what was approved.
    pub fn read(answer: &Value, approved: &Approved) -> Result<ApplyResult, ApplyError> {
        let text = |field: &str| {
            let text = answer[field].as_str().map(str::trim).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let invalid = |why: &str| ApplyError::ResultInvalid { adapter: text("adapter"), why: why.into() };
        let needed = |field: &str| text(field).ok_or_else(|| invalid(&format!("{field} is missing")));
        if !answer.is_object() {
            return Err(invalid("it is no object"));
        }
        if text("schema").as_deref() != Some(APPLY_RESULT_SCHEMA) {
            return Err(invalid("it has another schema"));
        }
        let target = match &answer["target"] {
            Value::Object(target) => target.clone(),
            // PHP has one empty array for both.
            Value::Array(items) if items.is_empty() => Map::new(),
            _ => return Err(invalid("target is no object")),
        };
        let applied: Option<Vec<&str>> =
            answer["applied_files"].as_array().and_then(|files| files.iter().map(Value::as_str).collect());
        let applied = applied.ok_or_else(|| invalid("applied_files is no list of paths"))?;
        let adapter = needed("adapter")?;
        let result = ApplyResult {
            schema: APPLY_RESULT_SCHEMA.into(),
            status: needed("status")?,
            audit_reference: needed("audit_reference")?,
            target,
            applied_files: exactly(&applied, approved, &adapter)?,
            adapter,
            commit: text("commit"),
            commit_url: text("commit_url"),
            pr_url: text("pr_url"),
            branch: text("branch"),
        };
        Ok(result)
    }
}

/// The approved files, if they are what was applied. An adapter may call a file by its path in the
/// patch or in the mount.
fn exactly(applied: &[&str], approved: &Approved, adapter: &str) -> Result<Vec<String>, ApplyError> {
    let known: HashSet<&str> = approved.rows.iter().flat_map(ChangedRow::names).collect();
    let said: HashSet<&str> = applied.iter().copied().collect();
    let unapproved: BTreeSet<&str> = said.difference(&known).copied().collect();
    let unapplied: Vec<String> = approved
        .rows
        .iter()
        .filter(|row| !row.names().any(|name| said.contains(name)))
        .map(|row| row.path.clone())
        .collect();
    if unapproved.is_empty() && unapplied.is_empty() {
        return Ok(approved.files.clone());
    }
    let unapproved = unapproved.into_iter().map(str::to_owned).collect();
    Err(ApplyError::ResultMismatch { adapter: adapter.into(), unapplied, unapproved })
}
