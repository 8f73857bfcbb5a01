//! What a sandbox did to its database: `files/database-changes.json`.
//!
//! In: the two database files and the write-ahead log, as bytes. Out: for each table the rows that
//! came, changed and went, bounded and without secrets.
//!
//! The files are read here and not by SQLite: the second one comes from a hostile guest, and this
//! reader is safe Rust. It reads what WordPress's tables are made of, and says so where it cannot.
//!
//! Invariant: pages that did not change are not read, and nothing in a file can make the reader
//! follow a loop, leave the file or use more than its budget.

mod diff;
mod image;
mod record;
mod schema;
mod tree;

use super::redact::{Found, Redactor};
use crate::contract::{DatabaseFiles, is_default};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Schema id of [`DatabaseChanges`].
pub const DATABASE_CHANGES_SCHEMA: &str = "wp-codebox/database-changes/v1";
pub const DATABASE_CHANGES_PATH: &str = "files/database-changes.json";

/// `wp-codebox/database-changes/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseChanges {
    pub schema: String,
    pub status: DatabaseStatus,
    /// Why it is not known what changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub summary: DatabaseSummary,
    /// Tables that changed, by name. SQLite's own and those of its MySQL emulation are left out.
    pub tables: Vec<TableChanges>,
    /// Further tables that changed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub omitted_tables: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseStatus {
    Unchanged,
    Changed,
    /// The database could not be read.
    Unavailable,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseSummary {
    pub tables: u64,
    pub added: u64,
    pub changed: u64,
    pub removed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableChanges {
    pub name: String,
    pub status: TableStatus,
    /// Rows that came, changed and went.
    pub added: u64,
    pub changed: u64,
    pub removed: u64,
    /// The first of them, by key.
    pub rows: Vec<RowChange>,
    /// How many are counted and not shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub omitted_rows: u64,
    /// Why the table's rows are not known, or not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableStatus {
    Created,
    Changed,
    Dropped,
}

/// One row. Long texts are cut and say so; bytes are given as their number and digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RowChange {
    pub change: RowStatus,
    /// The row's number, which is also its integer primary key.
    pub key: i64,
    /// The row before, of a changed one those columns that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Map<String, Value>>,
    /// The same after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowStatus {
    Added,
    Changed,
    Removed,
}

impl DatabaseChanges {
    /// Compares the files of a sandbox's database. `found` is told what was redacted.
    pub fn of(files: &DatabaseFiles, redactor: &Redactor, found: &mut Found) -> DatabaseChanges {
        diff::diff(files, redactor, found).unwrap_or_else(|why| DatabaseChanges {
            status: DatabaseStatus::Unavailable,
            reason: Some(why.to_string()),
            ..DatabaseChanges::unchanged()
        })
    }

    fn unchanged() -> DatabaseChanges {
        DatabaseChanges {
            schema: DATABASE_CHANGES_SCHEMA.to_owned(),
            status: DatabaseStatus::Unchanged,
            reason: None,
            summary: DatabaseSummary::default(),
            tables: Vec::new(),
            omitted_tables: 0,
        }
    }
}

/// Why a database, or a part of it, is not read. Public as text only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    /// The guest removed it, or never opened it.
    #[error("there is no database")]
    Missing,
    /// Bytes that SQLite does not write.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// SQLite can do that; WordPress does not ask for it.
    #[error("{0} are not read")]
    Unsupported(&'static str),
    /// See [`tree::Budget`].
    #[error("more has changed than is read")]
    TooMuch,
}
