//! What was decided and applied, one line each, for good.
//!
//! In: a record. Out: its place in the log. A log is a file of JSON lines. Each line has a number,
//! the hash of the line before it, and its own: changing, removing or inserting a line breaks the
//! chain from there on. Whoever keeps the last hash that an apply returned also notices a cut tail.
//!
//! Invariant: a line is written whole or not at all, by one writer at a time, and never changed.

mod append;
mod redact;
mod verify;

pub use append::Receipt;
pub use verify::{AuditProblem, AuditVerdict};

use super::error::ApplyError;
use crate::contract::{Refusal, digest_hex, stable_json};
use crate::host::Host;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Schema ids of the lines.
pub const APPLY_AUDIT_SCHEMA: &str = "wp-codebox/apply-audit/v1";
pub const REVIEW_AUDIT_SCHEMA: &str = "wp-codebox/artifact-review-audit/v1";

const RECORD_PREFIX: &[u8] = b"wp-codebox/audit-record/v1\n";

/// The hash before the first line.
const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line is at most so long. Bytes.
const MAX_LINE: usize = 1 << 20;

/// The two logs of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    Apply,
    Review,
}

impl Log {
    pub const ALL: [Log; 2] = [Log::Apply, Log::Review];

    fn file(self) -> &'static str {
        match self {
            Log::Apply => "apply-audit.jsonl",
            Log::Review => "review-audit.jsonl",
        }
    }

    fn filter(self) -> &'static str {
        match self {
            Log::Apply => "wp_codebox_apply_audit_path",
            Log::Review => "wp_codebox_review_audit_path",
        }
    }
}

/// A log, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    pub path: PathBuf,
}

impl AuditLog {
    /// The store's log, unless a filter names another file.
    pub fn of(log: Log, root: &Path, host: &dyn Host) -> Result<AuditLog, Refusal> {
        let default = root.join(log.file());
        let shown = |path: &Path| Value::from(path.to_string_lossy());
        let path = match host.apply_filters(log.filter(), shown(&default), &[shown(root)])? {
            Value::String(path) if path.starts_with('/') && !path.contains('\0') => path.into(),
            _ => default,
        };
        Ok(AuditLog { path })
    }
}

/// The hash of a record, over everything in it but the hash.
fn record_hash(record: &Value) -> String {
    let mut record = record.clone();
    if let Value::Object(map) = &mut record {
        map.remove("hash");
    }
    digest_hex([RECORD_PREFIX, stable_json(&record).as_bytes()])
}

/// What the line after this one has as `previous`: the line's own hash, or that of its bytes if it
/// has none.
fn link(line: &[u8]) -> String {
    let stated = serde_json::from_slice::<Value>(line).ok();
    let stated = stated.as_ref().and_then(|record| record["hash"].as_str());
    stated.map_or_else(|| digest_hex([line]), str::to_owned)
}

/// An error as logs and envelopes show it.
pub fn error_value(error: &Refusal) -> Value {
    json!({ "code": error.code_text(), "message": error.message, "data": error.data() })
}

impl From<append::AppendError> for ApplyError {
    fn from(error: append::AppendError) -> Self {
        ApplyError::Audit { path: error.path, why: error.why }
    }
}
