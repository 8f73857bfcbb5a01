//! `artifacts.workspacePolicy`: which changes a run made in its workspaces that it must not.

use super::super::document::WorkspacePolicy;
use super::failure::RecipeRunError;
use crate::artifact::MountRecord;
use crate::artifact::patch::is_git_internal;
use crate::contract::{Change, ChangeSet, FileKind, is_default};
use schemars::JsonSchema;
use serde::Serialize;

pub const WORKSPACE_POLICY_SCHEMA: &str = "wp-codebox/workspace-policy-artifacts/v1";

/// Violations that are listed.
const LISTED: usize = 200;

/// `wp-codebox/workspace-policy-artifacts/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceVerdict {
    pub schema: &'static str,
    pub valid: bool,
    /// Whether a violation fails the run.
    pub strict: bool,
    pub writable_roots: Vec<String>,
    pub hidden_paths: Vec<String>,
    pub violations: Vec<WorkspaceViolation>,
    /// How many violations are not listed.
    #[serde(skip_serializing_if = "is_default")]
    pub unlisted: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkspaceViolation {
    /// `path-outside-writable-roots`, `hidden-path`, `nested-git-metadata`, `symlink` or
    /// `too-many-changes`.
    pub code: &'static str,
    /// Sandbox path of the workspace.
    pub workspace: String,
    /// Relative to it.
    pub path: String,
}

/// Looks at every change in a workspace.
pub(super) fn judge(
    policy: &WorkspacePolicy,
    mounts: &[MountRecord],
    changes: &[ChangeSet],
) -> WorkspaceVerdict {
    let mut violations = Vec::new();
    let mut unlisted = 0;
    let in_workspaces = changes.iter().filter(|set| {
        mounts.get(set.mount_index).is_some_and(|mount| mount.metadata["kind"] == "recipe-workspace")
    });
    for set in in_workspaces {
        let mut found: Vec<(&'static str, String)> =
            set.changes.iter().filter_map(|change| Some((broken(policy, change)?, shown(change)))).collect();
        if set.omitted > 0 {
            found.push(("too-many-changes", String::new()));
        }
        for (code, path) in found {
            if violations.len() < LISTED {
                violations.push(WorkspaceViolation { code, workspace: set.mount_target.clone(), path });
            } else {
                unlisted += 1;
            }
        }
    }
    WorkspaceVerdict {
        schema: WORKSPACE_POLICY_SCHEMA,
        valid: violations.is_empty(),
        strict: policy.strict,
        writable_roots: policy.writable_roots.clone(),
        hidden_paths: policy.hidden_paths.clone(),
        violations,
        unlisted,
    }
}

/// The rule that a change breaks.
fn broken(policy: &WorkspacePolicy, change: &Change) -> Option<&'static str> {
    let path = change.path.as_slice();
    let beneath =
        |roots: &[String]| roots.iter().any(|root| is_beneath(path, root.trim_end_matches('/').as_bytes()));
    // The directories above a root come into being with what is in it.
    let above = |roots: &[String]| roots.iter().any(|root| is_beneath(root.as_bytes(), path));
    let directory = change.after.as_ref().is_some_and(|after| after.kind == FileKind::Directory);
    if is_git_internal(path) {
        Some("nested-git-metadata")
    } else if beneath(&policy.hidden_paths) {
        Some("hidden-path")
    } else if change.after.as_ref().is_some_and(|after| after.kind == FileKind::Symlink) {
        Some("symlink")
    } else if policy.writable_roots.is_empty()
        || beneath(&policy.writable_roots)
        || (directory && above(&policy.writable_roots))
    {
        None
    } else {
        Some("path-outside-writable-roots")
    }
}

fn is_beneath(path: &[u8], root: &[u8]) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

fn shown(change: &Change) -> String {
    String::from_utf8_lossy(&change.path).into_owned()
}

/// What a strict policy says of it.
pub(super) fn failure(verdict: &WorkspaceVerdict) -> Option<RecipeRunError> {
    let first = verdict.violations.first().filter(|_| verdict.strict)?;
    let message = format!("The workspace policy is broken: {}: {}.", first.path, first.code);
    Some(RecipeRunError::found("WorkspacePolicyError", "workspace-policy-failed", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_metadata_in_any_spelling_breaks_the_workspace_policy() {
        for path in ["a/.git/config", "a/.GIT/config", "a/git~1/config", "a/.git./config"] {
            let change = Change { path: path.into(), before: None, after: None };
            let rule = broken(&WorkspacePolicy::default(), &change);
            assert_eq!(rule, Some("nested-git-metadata"), "{path}");
        }
    }
}
