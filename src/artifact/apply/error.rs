//! Why changes are not reviewed, staged or applied, and what a caller can do about it.

use crate::artifact::ArtifactError;
use crate::artifact::patch::{Misfit, PatchError};
use crate::contract::{Code, Refusal};
use serde_json::Value;
use std::io;
use std::path::PathBuf;

/// What keeps changes from being applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The bundle cannot be trusted, or is not there.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),

    /// Approval is always of named files.
    #[error("approved_files: name the files that are approved")]
    NothingApproved,

    /// The bundle lists other files as changed.
    #[error("approved_files: the bundle has not changed {}", names(.0))]
    NotChanged(Vec<String>),

    /// In a text with commas between the names, one could belong to the name of a changed file. Give a
    /// list: `["/workspace/a,b.php"]`.
    #[error(
        "approved_files: a comma belongs to the name of {}, or stands between names: give a JSON list of \
         names", names(.0)
    )]
    Ambiguous(Vec<String>),

    /// A preflight is of the whole bundle. Approve these files too, or apply without a preflight.
    #[error("approved_files: not approved: {}", names(.0))]
    Incomplete(Vec<String>),

    /// A secret was replaced in what the bundle has of these files, or a limit cut it: applying it
    /// would write the replacement. Run the task again without the secret in these files, or with a
    /// higher limit.
    #[error("approved_files: the bundle does not have the content of {}", names(.0))]
    Unusable(Vec<String>),

    /// The list of changed files is not one.
    #[error("files/changed-files.json cannot be used: {0}")]
    ChangedFilesInvalid(String),

    /// The rows of the approved files have no path that a patch could name.
    #[error("approved_files: no path in a patch belongs to {}", names(.0))]
    NoPatchPath(Vec<String>),

    /// The patch says nothing of these files, or moves files that are not approved. Approve both
    /// names of a moved file.
    #[error("approved_files: the patch does not carry {} by itself", names(.0))]
    NotInPatch(Vec<String>),

    /// Nothing is left of the patch.
    #[error("nothing of the patch is approved")]
    Empty,

    /// The patch does what no patch may do, or is none.
    #[error("files/patch.diff cannot be used: {0}")]
    Patch(#[from] PatchError),

    /// The patch is not text, or one path in it stands for two files.
    #[error("files/patch.diff cannot be used: {0}")]
    Unfilterable(String),

    /// These files are not what they were when the sandbox began. Run the task again.
    #[error("not what the sandbox began with: {}", names(.0))]
    Stale(Vec<String>),

    /// Nobody applies changes here. Configure a target, or add a filter.
    #[error(
        "nothing applies approved artifacts here: add the filter wp_codebox_apply_approved_artifact, \
         or configure a target of the built-in adapter"
    )]
    NoAdapter,

    /// The adapter's answer does not say what it has done.
    #[error("the apply adapter's answer is not a wp-codebox/apply-result/v1: {why}")]
    ResultInvalid { adapter: Option<String>, why: String },

    /// The adapter says that it has applied something else. Look at the target.
    #[error("the apply adapter {adapter} did not apply exactly what was approved")]
    ResultMismatch { adapter: String, unapplied: Vec<String>, unapproved: Vec<String> },

    /// No target of that name is configured, or it cannot be used.
    #[error("apply_target: {0}")]
    Target(String),

    /// The built-in adapter does not write this. Apply it by hand, or with an adapter of your own.
    #[error("{path} is not applied: {why}")]
    Refused { path: String, why: &'static str },

    /// The built-in adapter does not work this content out.
    #[error("{path} is not applied: {misfit}")]
    Unreadable { path: String, misfit: Misfit },

    /// Another apply holds the target. Try again.
    #[error("another apply to {} is going on", .0.display())]
    Busy(PathBuf),

    /// Writing failed; everything is as it was.
    #[error("{what}: {why}. Nothing was changed")]
    Write { what: String, why: io::Error },

    /// Git failed; no branch was moved.
    #[error("git {what} failed: {why}. Nothing was changed")]
    Git { what: String, why: String },

    /// Nothing is applied that cannot be recorded.
    #[error("the audit log {} cannot be written: {why}", path.display())]
    Audit { path: PathBuf, why: io::Error },

    /// A review must say what it decides.
    #[error("action: approve, reject or request-changes")]
    ActionMissing,

    /// The filter for review decisions gave something else than a result.
    #[error("the review filter's answer cannot be used: {0}")]
    ReviewResultInvalid(String),

    /// There is no WordPress to keep the pending apply, and no filter that does.
    #[error(
        "nothing keeps pending applies here: add the filter wp_codebox_stage_pending_apply_artifact, \
         or use the plugin"
    )]
    NoPending,

    /// The id is not that of a pending apply.
    #[error("no pending apply has the id {0}")]
    PendingUnknown(String),

    /// Nobody could say which bundles are still needed, so none is pruned. Decide about some of them.
    #[error("there are more than {0} pending applies")]
    TooManyPending(usize),

    /// Somebody was faster.
    #[error("the pending apply {id} is {state} already")]
    PendingDecided { id: String, state: String },

    /// The bundle, or what is approved of it, is not what was staged. Stage it again.
    #[error("what the pending apply {0} would apply is not what was staged")]
    PendingChanged(String),

    /// Something in the bundle was changed since somebody looked at it. Look again.
    #[error("manifest_sha256: the bundle {0} was changed since")]
    BundleChanged(String),

    /// The id covers the list of the bundle's files and not their bytes. Give the hash of the manifest that
    /// you have looked at.
    #[error("manifest_sha256: the id of {0} does not cover the bytes of its files: say which were looked at")]
    Unpinned(String),

    /// The filter wp_codebox_can_resolve_pending_apply_artifact says no.
    #[error("you may not decide about the pending apply {0}")]
    Forbidden(String),

    /// The parent's own code refused.
    #[error(transparent)]
    Host(#[from] Refusal),
}

impl ApplyError {
    fn code(&self) -> Code {
        match self {
            ApplyError::Artifact(_) | ApplyError::Host(_) => Code::HostRefused,
            ApplyError::NothingApproved => Code::ApprovedFilesMissing,
            ApplyError::NotChanged(_) | ApplyError::Ambiguous(_) => Code::ApprovedFilesInvalid,
            ApplyError::Incomplete(_) => Code::ApprovedFilesIncomplete,
            ApplyError::Unusable(_) => Code::ApprovedFilesUnusable,
            ApplyError::ChangedFilesInvalid(_) => Code::ChangedFilesInvalid,
            ApplyError::NoPatchPath(_) => Code::ApprovedPatchPathsMissing,
            ApplyError::NotInPatch(_) => Code::ApprovedPatchMissing,
            ApplyError::Empty => Code::ApprovedPatchEmpty,
            ApplyError::Patch(_) | ApplyError::Unfilterable(_) => Code::PatchUnfilterable,
            ApplyError::Stale(_) => Code::ApplyBaseStale,
            ApplyError::NoAdapter => Code::ApplyAdapterMissing,
            ApplyError::ResultInvalid { .. } => Code::ApplyResultInvalid,
            ApplyError::ResultMismatch { .. } => Code::ApplyResultMismatch,
            ApplyError::Target(_) => Code::ApplyTargetInvalid,
            ApplyError::Refused { .. } | ApplyError::Unreadable { .. } => Code::ApplyPathRefused,
            ApplyError::Busy(_) => Code::ApplyTargetBusy,
            ApplyError::Write { .. } | ApplyError::Git { .. } => Code::ApplyWriteFailed,
            ApplyError::Audit { .. } => Code::AuditUnwritable,
            ApplyError::ActionMissing => Code::ReviewActionMissing,
            ApplyError::ReviewResultInvalid(_) => Code::ReviewResultInvalid,
            ApplyError::NoPending => Code::PendingApplyUnavailable,
            ApplyError::PendingUnknown(_) => Code::PendingApplyNotFound,
            ApplyError::PendingDecided { .. } | ApplyError::TooManyPending(_) => Code::PendingApplyDecided,
            ApplyError::PendingChanged(_) | ApplyError::BundleChanged(_) | ApplyError::Unpinned(_) => {
                Code::PendingApplyChanged
            }
            ApplyError::Forbidden(_) => Code::Forbidden,
        }
    }
}

impl From<ApplyError> for Refusal {
    fn from(error: ApplyError) -> Self {
        let refusal = Refusal::new(error.code(), sentence(&error.to_string()));
        match error {
            ApplyError::Artifact(error) => error.into(),
            ApplyError::Host(refusal) => refusal,
            ApplyError::NothingApproved => refusal.with("field", "approved_files"),
            ApplyError::NotChanged(files)
            | ApplyError::Ambiguous(files)
            | ApplyError::Incomplete(files)
            | ApplyError::Unusable(files)
            | ApplyError::NoPatchPath(files)
            | ApplyError::NotInPatch(files) => refusal.with("field", "approved_files").with("files", files),
            ApplyError::Stale(files) => refusal.with("files", files),
            ApplyError::ResultInvalid { adapter, .. } => {
                refusal.with("adapter", adapter.map_or(Value::Null, Value::from))
            }
            ApplyError::ResultMismatch { adapter, unapplied, unapproved } => {
                refusal.with("adapter", adapter).with("unapplied", unapplied).with("unapproved", unapproved)
            }
            ApplyError::Refused { path, .. } | ApplyError::Unreadable { path, .. } => {
                refusal.with("files", vec![path])
            }
            ApplyError::Target(_) => refusal.with("field", "apply_target"),
            ApplyError::BundleChanged(_) | ApplyError::Unpinned(_) => {
                refusal.with("field", "manifest_sha256")
            }
            ApplyError::ActionMissing => refusal.with("field", "action"),
            ApplyError::PendingUnknown(id) | ApplyError::PendingChanged(id) => refusal.with("pending_id", id),
            ApplyError::PendingDecided { id, state } => refusal.with("pending_id", id).with("state", state),
            _ => refusal,
        }
    }
}

/// So many names stand in a message; the data has them all.
const NAMES_SHOWN: usize = 5;

fn names(all: &[String]) -> String {
    let shown: Vec<String> =
        all.iter().take(NAMES_SHOWN).map(|name| crate::contract::shown(name, 200)).collect();
    match all.len().saturating_sub(NAMES_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// With a capital, unless it begins with a field's name, and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let field = text.split(' ').next().is_some_and(|word| word.ends_with(':'));
    match chars.next() {
        Some(first) if !field => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        _ => format!("{text}."),
    }
}
