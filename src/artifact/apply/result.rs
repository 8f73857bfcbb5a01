//! What an adapter says that it has done.

use super::approval::Approved;
use super::error::ApplyError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

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
/// patch or in the mount, if no other approved file is called so.
fn exactly(applied: &[&str], approved: &Approved, adapter: &str) -> Result<Vec<String>, ApplyError> {
    // The row that a name stands for; none if it stands for several.
    let mut known: HashMap<&str, Option<usize>> = HashMap::new();
    for (i, row) in approved.rows.iter().enumerate() {
        for name in row.other_names() {
            known.entry(name).and_modify(|of| *of = of.filter(|of| *of == i)).or_insert(Some(i));
        }
    }
    known.extend(approved.rows.iter().enumerate().map(|(i, row)| (row.path.as_str(), Some(i))));
    let mut unapproved = BTreeSet::new();
    let mut found = vec![false; approved.rows.len()];
    for name in applied {
        match known.get(name).copied().flatten() {
            Some(row) => found[row] = true,
            None => _ = unapproved.insert((*name).to_owned()),
        }
    }
    let missing = approved.rows.iter().zip(&found).filter(|(_, found)| !**found);
    let unapplied: Vec<String> = missing.map(|(row, _)| row.path.clone()).collect();
    if unapproved.is_empty() && unapplied.is_empty() {
        return Ok(approved.files.clone());
    }
    let unapproved = unapproved.into_iter().collect();
    Err(ApplyError::ResultMismatch { adapter: adapter.into(), unapplied, unapproved })
}
