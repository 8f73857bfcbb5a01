//! Listing the store.

use super::Store;
use super::index::Row;
use crate::artifact::ArtifactError;
use crate::artifact::bundle::Bundle;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Schema id of [`ArtifactList`].
pub const ARTIFACT_LIST_SCHEMA: &str = "wp-codebox/artifact-list/v1";

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Which bundles to list. The default is the first page of all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// How many at most (100 if left out).
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub cursor: Option<String>,
    /// Only bundles of this sandbox session.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub session_id: Option<String>,
    /// Only bundles of runs that ended so.
    #[serde(default)]
    pub status: Option<RunStatus>,
    /// Only bundles made at or after this instant (RFC 3339).
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub created_after: Option<String>,
    /// Only bundles made before this instant (RFC 3339).
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub created_before: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Succeeded,
    Failed,
}

/// `wp-codebox/artifact-list/v1`: newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactList {
    pub success: bool,
    pub schema: String,
    pub root: PathBuf,
    pub artifacts: Vec<Bundle>,
    /// How many bundles the query has in all.
    pub total: usize,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Store {
    /// A page of the store. Bundles whose manifest cannot be read are left out; digests are not
    /// checked.
    pub fn list(&self, query: &ListQuery) -> Result<ArtifactList, ArtifactError> {
        let matches = Filter::of(query)?;
        let mut rows: Vec<Row> = self.scan()?.into_iter().filter(|row| matches.row(row)).collect();
        rows.sort_unstable_by(|a, b| b.key().cmp(&a.key()));
        let total = rows.len();
        let from = match &query.cursor {
            None => 0,
            Some(cursor) => {
                let (at, place) = read_cursor(cursor)?;
                rows.partition_point(|row| row.key() >= (at, place.as_str()))
            }
        };
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let page = &rows[from..rows.len().min(from + limit)];
        let next_cursor = (from + page.len() < total).then(|| page.last().map(cursor)).flatten();
        let artifacts = page
            .iter()
            .filter_map(|row| {
                let dir = self.directory(&row.place).ok()?;
                Bundle::glance(&dir, &self.root.join(&row.place)).ok()
            })
            .collect();
        Ok(ArtifactList {
            success: true,
            schema: ARTIFACT_LIST_SCHEMA.into(),
            root: self.root.clone(),
            artifacts,
            total,
            next_cursor,
        })
    }
}

struct Filter<'a> {
    query: &'a ListQuery,
    after: Option<i128>,
    before: Option<i128>,
}

impl<'a> Filter<'a> {
    fn of(query: &'a ListQuery) -> Result<Self, ArtifactError> {
        let instant = |field: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => super::index::nanos(text).map(Some).ok_or_else(|| {
                let why = "not an RFC 3339 instant, such as 2026-01-31T08:00:00Z".into();
                ArtifactError::QueryInvalid { field: field.into(), why }
            }),
        };
        Ok(Filter {
            query,
            after: instant("created_after", &query.created_after)?,
            before: instant("created_before", &query.created_before)?,
        })
    }

    fn row(&self, row: &Row) -> bool {
        let status = match self.query.status {
            None => true,
            Some(RunStatus::Succeeded) => row.status == "succeeded",
            Some(RunStatus::Failed) => row.status == "failed",
        };
        status
            && self.query.session_id.as_ref().is_none_or(|session| *session == row.session_id)
            && self.after.is_none_or(|at| row.created >= at)
            && self.before.is_none_or(|at| row.created < at)
    }
}

pub(in crate::artifact) fn cursor(row: &Row) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{} {}", row.created, row.place))
}

pub(in crate::artifact) fn read_cursor(cursor: &str) -> Result<(i128, String), ArtifactError> {
    let read = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (at, place) = text.split_once(' ')?;
        Some((at.parse().ok()?, place.to_owned()))
    };
    read().ok_or_else(|| ArtifactError::QueryInvalid {
        field: "cursor".into(),
        why: "not a cursor that a list gave".into(),
    })
}
