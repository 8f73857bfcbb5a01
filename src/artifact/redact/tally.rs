//! What was redacted: `wp-codebox/artifact-redaction/v1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Schema id of [`Redaction`].
pub const REDACTION_SCHEMA: &str = "wp-codebox/artifact-redaction/v1";

/// How many secrets of each kind were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    kinds: BTreeMap<&'static str, u64>,
}

impl Found {
    pub fn add(&mut self, kind: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    pub fn total(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// The kinds that were found, in the order of their names.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.keys().copied()
    }

    pub fn absorb(&mut self, other: &Found) {
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
    }
}

/// What was found, by the bundle's file that holds the markers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    files: BTreeMap<String, Found>,
}

impl Tally {
    pub fn add(&mut self, path: &str, found: &Found) {
        if !found.is_empty() {
            self.files.entry(path.to_owned()).or_default().absorb(found);
        }
    }

    /// What was found in one file.
    pub fn of(&self, path: &str) -> Option<&Found> {
        self.files.get(path)
    }

    pub fn summary(&self) -> Redaction {
        let mut all = Found::default();
        self.files.values().for_each(|found| all.absorb(found));
        let named =
            |found: &Found| found.kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        Redaction {
            schema: REDACTION_SCHEMA.to_owned(),
            status: if all.is_empty() { RedactionStatus::Clean } else { RedactionStatus::Redacted },
            total: all.total(),
            by_kind: named(&all),
            artifacts: self
                .files
                .iter()
                .map(|(path, found)| RedactedArtifact {
                    path: path.clone(),
                    count: found.total(),
                    kinds: named(found),
                })
                .collect(),
        }
    }
}

/// `wp-codebox/artifact-redaction/v1`. Names files and kinds, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redaction {
    pub schema: String,
    pub status: RedactionStatus,
    /// Secrets that were replaced.
    pub total: u64,
    pub by_kind: BTreeMap<String, u64>,
    /// Files with at least one.
    pub artifacts: Vec<RedactedArtifact>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedactionStatus {
    Clean,
    Redacted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedactedArtifact {
    pub path: String,
    pub count: u64,
    pub kinds: BTreeMap<String, u64>,
}
