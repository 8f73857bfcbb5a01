//! `files/review.json`: what a person decides on.

use super::manifest::to_value;
use super::progress::ProgressStep;
use crate::artifact::changed_files::{ChangeStatus, ChangedFile, ChangedFiles, NodeKind, Omission};
use crate::artifact::{Outcome, Provenance, Redaction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Schema id of [`Review`].
pub const ARTIFACT_REVIEW_SCHEMA: &str = "wp-codebox/artifact-review/v1";

/// A file with at least this many lines, of which at least this part (percent) was replaced, has
/// been rewritten rather than edited.
const REWRITE_LINES: u64 = 50;
const REWRITE_PERCENT: u64 = 80;
/// Flags beyond this are summed up: the changed-files list has the rest.
const MAX_RISK_FLAGS: usize = 200;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    pub schema: String,
    pub artifact_id: String,
    pub created_at: String,
    pub summary: String,
    pub stats: ReviewStats,
    pub changed_files: Vec<ReviewFile>,
    /// What happened, step by step.
    #[serde(default)]
    pub progress: Vec<ProgressStep>,
    pub actions: Vec<ReviewAction>,
    pub evidence: ReviewEvidence,
    pub provenance: Provenance,
    /// `flag` or `flag:path`.
    pub risk_flags: Vec<String>,
    /// What was taken out of the bundle, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewStats {
    pub added: usize,
    pub modified: usize,
    pub deleted: usize,
    pub renamed: usize,
    pub total: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewFile {
    pub path: String,
    pub status: ChangeStatus,
    /// `modified inc/x.php`.
    pub label: String,
    pub mount_target: String,
    pub relative_path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewAction {
    /// `approve`, `approve-files`, `discard` or `iterate`.
    pub action: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requires_approved_files: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewEvidence {
    pub artifact_content_digest: String,
    pub changed_files: String,
    pub patch: String,
    pub patch_sha256: String,
    pub diagnostics: String,
    pub test_results: String,
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_changes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_result: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

impl ReviewStats {
    pub fn of(files: &[ChangedFile]) -> Self {
        let mut stats = ReviewStats { total: files.len(), ..Default::default() };
        for file in files {
            *match file.status {
                ChangeStatus::Added => &mut stats.added,
                ChangeStatus::Modified => &mut stats.modified,
                ChangeStatus::Deleted => &mut stats.deleted,
                ChangeStatus::Renamed => &mut stats.renamed,
            } += 1;
        }
        stats
    }
}

impl ReviewFile {
    fn of(file: &ChangedFile) -> Self {
        ReviewFile {
            path: file.path.clone(),
            status: file.status,
            label: format!("{} {}", file.status.as_str(), file.relative_path),
            mount_target: file.mount_target.clone(),
            relative_path: file.relative_path.clone(),
        }
    }
}

/// What follows from the rest of the bundle, by the review's fields: never believed, always worked
/// out anew.
pub fn derived(outcome: &Outcome, changed: &ChangedFiles, redaction: &Redaction) -> Map<String, Value> {
    let files: Vec<ReviewFile> = changed.files.iter().map(ReviewFile::of).collect();
    Map::from_iter([
        ("summary".to_owned(), summary(outcome, changed).into()),
        ("stats".to_owned(), to_value(&ReviewStats::of(&changed.files))),
        ("changedFiles".to_owned(), to_value(&files)),
        ("riskFlags".to_owned(), risk_flags(outcome, changed, redaction).into()),
    ])
}

/// What can be done with a bundle.
pub fn actions() -> Vec<ReviewAction> {
    [("approve", true), ("approve-files", true), ("discard", false), ("iterate", false)]
        .map(|(action, requires_approved_files)| ReviewAction {
            action: action.into(),
            requires_approved_files,
        })
        .into()
}

/// One sentence.
pub fn summary(outcome: &Outcome, changed: &ChangedFiles) -> String {
    let changes = match changed.files.len() + changed.unlisted {
        0 => "Sandbox produced no file changes.".to_owned(),
        1 => "Sandbox produced changes in 1 file.".to_owned(),
        n => format!("Sandbox produced changes in {n} files."),
    };
    match outcome {
        Outcome::Succeeded { .. } => changes,
        Outcome::Failed { failure } => format!("The run failed ({}). {changes}", failure.code),
    }
}

/// What a reviewer should look at twice.
fn risk_flags(outcome: &Outcome, changed: &ChangedFiles, redaction: &Redaction) -> Vec<String> {
    let mut flags = Vec::new();
    if matches!(outcome, Outcome::Failed { .. }) {
        flags.push("run-failed".into());
    }
    if redaction.total > 0 || changed.files.iter().any(|file| file.redacted) {
        flags.push("secrets-redacted".into());
    }
    if changed.unlisted > 0 {
        flags.push("changes-not-listed".into());
    }
    if changed.excluded > 0 {
        flags.push("changes-excluded".into());
    }
    let all: Vec<String> = changed.files.iter().flat_map(file_flags).collect();
    let more = all.len().saturating_sub(MAX_RISK_FLAGS);
    flags.extend(all.into_iter().take(MAX_RISK_FLAGS));
    if more > 0 {
        flags.push(format!("further-flags:{more}"));
    }
    flags
}

fn file_flags(file: &ChangedFile) -> Vec<String> {
    let replaced = file.replaced_lines.unwrap_or_default();
    let rewritten = file
        .before_lines
        .is_some_and(|lines| lines >= REWRITE_LINES && replaced * 100 >= lines * REWRITE_PERCENT);
    let executable = |mode: &Option<String>| {
        let mode = mode.as_deref().filter(|_| file.kind == NodeKind::File);
        mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or_default() & 0o111
    };
    let (was, is) = (executable(&file.before_mode), executable(&file.after_mode));
    // A bit for others before hides nothing: what a patch gives is the owner's.
    let made_executable = is != 0 && was == 0 || is & !was & 0o100 != 0;
    let gone = file.status == ChangeStatus::Deleted;
    [
        (file.redacted, "redacted"),
        (rewritten && !gone, "suspicious-full-file-rewrite"),
        (file.truncated, "content-omitted"),
        (file.omitted == Some(Omission::GitInternal), "git-internal"),
        (file.kind == NodeKind::Symlink && !gone, "symlink"),
        (made_executable, "made-executable"),
        (file.path.chars().any(char::is_control), "control-character-in-name"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, flag)| format!("{flag}:{}", file.path))
    .collect()
}
