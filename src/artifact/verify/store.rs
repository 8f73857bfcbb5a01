//! A whole store: every bundle in it, and its audit logs.

use super::{Violation, ViolationCode, verify};
use crate::artifact::apply::{AuditLog, AuditVerdict};
use crate::artifact::bundle::MANIFEST_PATH;
use crate::artifact::store::{cursor, read_cursor};
use crate::artifact::{ArtifactError, Store};
use crate::contract::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Schema id of [`StoreVerification`].
pub const STORE_VERIFICATION_SCHEMA: &str = "wp-codebox/artifact-store-verification/v1";

const DEFAULT_LIMIT: usize = 1000;
const MAX_LIMIT: usize = 10_000;

/// What to verify. The default is the first page of all.
#[derive(Debug, Clone, Default)]
pub struct VerifyQuery {
    /// Only this bundle.
    pub artifact_id: Option<String>,
    /// How many bundles at most (1000 if left out).
    pub limit: Option<usize>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// `wp-codebox/artifact-store-verification/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreVerification {
    /// Whether everything that was looked at verifies.
    pub success: bool,
    pub schema: String,
    pub root: PathBuf,
    /// The same as `success`.
    pub valid: bool,
    /// How many bundles were looked at.
    pub checked: usize,
    /// How many there are.
    pub total: usize,
    pub bundles: Vec<BundleVerdict>,
    /// The audit logs.
    pub audits: Vec<AuditVerdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// What is wrong, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// What is said of one bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BundleVerdict {
    /// Empty if its manifest cannot be read.
    pub artifact_id: String,
    pub directory: PathBuf,
    pub valid: bool,
    pub violations: Vec<Violation>,
    /// How many violations are not listed.
    pub unlisted: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    pub code: String,
    pub message: String,
}

impl StoreVerification {
    /// Of a store that is not there yet.
    pub fn nothing(root: PathBuf) -> Self {
        StoreVerification {
            success: true,
            schema: STORE_VERIFICATION_SCHEMA.into(),
            root,
            valid: true,
            checked: 0,
            total: 0,
            bundles: Vec::new(),
            audits: Vec::new(),
            next_cursor: None,
            error: None,
        }
    }

    fn conclude(mut self) -> Self {
        let bad = self.bundles.iter().filter(|bundle| !bundle.valid).count();
        self.checked = self.bundles.len();
        let logs = self.audits.iter().filter(|log| !log.valid).count();
        self.valid = bad == 0 && logs == 0;
        self.success = self.valid;
        self.error = (!self.valid).then(|| Problem {
            code: Code::ArtifactVerificationFailed.as_str().into(),
            message: format!(
                "{bad} of {} bundles and {logs} of {} audit logs do not verify.",
                self.checked,
                self.audits.len()
            ),
        });
        self
    }
}

impl Store {
    /// Verifies one bundle, or a page of all of them, newest first. Directories whose manifest
    /// cannot be read, and the logs, are part of the first page.
    pub fn verify_all(
        &self,
        query: &VerifyQuery,
        logs: &[AuditLog],
    ) -> Result<StoreVerification, ArtifactError> {
        let mut report = StoreVerification::nothing(self.root().into());
        if let Some(id) = &query.artifact_id {
            let located = self.locate(id)?;
            report.total = 1;
            report.bundles.extend(self.verdict(&located.place));
            return Ok(report.conclude());
        }
        let (mut rows, damaged) = self.scan_with_damaged()?;
        rows.sort_unstable_by(|a, b| b.key().cmp(&a.key()));
        report.total = rows.len() + damaged.len();
        let from = match &query.cursor {
            None => {
                report.bundles.extend(damaged.iter().filter_map(|place| self.verdict(place)));
                for log in logs {
                    let unreadable = |why| {
                        let what = format!("{} cannot be read", log.path.display());
                        ArtifactError::Io { what, why }
                    };
                    report.audits.push(log.verify().map_err(unreadable)?);
                }
                0
            }
            Some(text) => {
                let (at, place) = read_cursor(text)?;
                rows.partition_point(|row| row.key() >= (at, place.as_str()))
            }
        };
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let page = &rows[from..rows.len().min(from + limit)];
        report.bundles.extend(page.iter().filter_map(|row| self.verdict(&row.place)));
        let more = from + page.len() < rows.len();
        report.next_cursor = page.last().filter(|_| more).map(cursor);
        Ok(report.conclude())
    }

    /// `None` for a bundle that was discarded meanwhile.
    fn verdict(&self, place: &str) -> Option<BundleVerdict> {
        let directory = self.root().join(place);
        let dir = self.directory(place).ok()?;
        let verification = verify(&dir, &directory);
        let gone = |violation: &Violation| violation.code == ViolationCode::MissingManifest;
        if verification.violations.iter().any(gone) && !directory.join(MANIFEST_PATH).exists() {
            return None;
        }
        let manifest = verification.manifest.as_ref();
        let id = manifest.and_then(|manifest| manifest["id"].as_str()).unwrap_or_default();
        Some(BundleVerdict {
            artifact_id: id.to_owned(),
            directory,
            valid: verification.valid,
            violations: verification.violations,
            unlisted: verification.unlisted,
        })
    }
}
