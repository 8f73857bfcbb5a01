//! The built-in adapter: approved changes go to a directory, or to a branch of a git repository, that
//! the operator has configured. Without configuration there is none.
//!
//! In: [`Ready`] changes. Out: a `wp-codebox/apply-result/v1`.
//!
//! Invariants: all files or none; nothing but the approved files is touched; no symlink is written,
//! followed or replaced, and nothing that git could take for its own directory; a file that is not
//! what the sandbox began with stops everything.

mod commit;
mod config;
mod directory;
mod git;
mod journal;
mod plan;

pub use config::{TargetConfig, TargetKind};

use super::deliver::Mode;
use super::error::ApplyError;
use super::request::Ready;
use super::result::{APPLY_RESULT_SCHEMA, ApplyResult};
use crate::host::Host;
use serde_json::{Map, json};

/// What a target did.
struct Done {
    commit: Option<String>,
    branch: Option<String>,
}

/// Applies, or says what would be applied. `reference` is where the apply is recorded.
pub fn apply(ready: &Ready, mode: Mode, reference: &str, host: &dyn Host) -> Result<ApplyResult, ApplyError> {
    let target = config::choose(ready, host)?;
    let done = match target.kind {
        TargetKind::Directory => directory::apply(&target, ready, mode)?,
        TargetKind::Git => git::apply(&target, ready, mode, host)?,
    };
    let mut shown = Map::new();
    shown.insert("name".into(), target.name.as_str().into());
    shown.insert("kind".into(), json!(target.kind));
    shown.insert("path".into(), json!(target.path));
    if let Some(branch) = &done.branch {
        shown.insert("branch".into(), branch.as_str().into());
    }
    let adapter = match target.kind {
        TargetKind::Directory => "wp-codebox/directory",
        TargetKind::Git => "wp-codebox/git",
    };
    Ok(ApplyResult {
        schema: APPLY_RESULT_SCHEMA.into(),
        adapter: adapter.into(),
        status: if mode == Mode::DryRun { "dry-run" } else { "applied" }.into(),
        target: shown,
        applied_files: ready.approved.files.clone(),
        audit_reference: reference.into(),
        commit: done.commit,
        branch: done.branch,
        ..ApplyResult::default()
    })
}
