//! `artifacts`.

use super::super::document::Artifacts;
use super::context::Context;
use crate::artifact::{real_path, store_directory, unsupported_keywords};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Longest name of a directory, and longest path to where bundles are, bytes.
const NAME_BYTES: usize = 255;
const PATH_BYTES: usize = 3072;

/// Cap on a payload's schema, bytes of its JSON.
const SCHEMA_BYTES: usize = 64 << 10;

pub(super) fn check(artifacts: &Artifacts, context: &mut Context<'_>) {
    let at = "$.artifacts";
    if let Some(directory) = &artifacts.directory {
        check_directory(directory, &format!("{at}.directory"), context);
    }
    if let Some(policy) = artifacts.workspace_policy.as_ref().and_then(|switch| switch.details()) {
        for (list, paths) in
            [("writableRoots", &policy.writable_roots), ("hiddenPaths", &policy.hidden_paths)]
        {
            for (index, path) in paths.iter().enumerate() {
                let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
                if !plain || path.contains('\0') {
                    let field = format!("{at}.workspacePolicy.{list}[{index}]");
                    context.issue(
                        "invalid-policy-path",
                        field,
                        "relative to a workspace, without `.` and `..`",
                    );
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    for (index, artifact) in artifacts.paths.iter().enumerate() {
        let at = format!("{at}.paths[{index}]");
        check_name(&artifact.name, &at, &mut names, context);
        context.inside(&format!("{at}.path"), &artifact.path);
        context.notes(&format!("{at}.metadata"), &artifact.metadata);
    }
    for (index, artifact) in artifacts.typed.iter().enumerate() {
        let at = format!("{at}.typed[{index}]");
        check_name(&artifact.name, &at, &mut names, context);
        context.inside(&format!("{at}.path"), &artifact.path);
        if let Some(schema) = &artifact.payload_schema {
            let (code, at) = ("invalid-payload-schema", format!("{at}.payloadSchema"));
            if context.sized(code, &at, schema, SCHEMA_BYTES) {
                for unsupported in unsupported_keywords(schema) {
                    context.issue(code, format!("{at}{}", unsupported.path), unsupported.message);
                }
            }
        }
        context.notes(&format!("{at}.metadata"), &artifact.metadata);
    }
}

fn check_name<'a>(name: &'a str, at: &str, taken: &mut BTreeSet<&'a str>, context: &mut Context<'_>) {
    if !taken.insert(name) {
        context.issue("duplicate-name", format!("{at}.name"), "another declared artifact has this name");
    }
}

/// The bundle must not be written into what the sandbox reads, nor the sandbox read bundles.
fn check_directory(directory: &str, field: &str, context: &mut Context<'_>) {
    let Some(path) = context.host_path(field, directory) else { return };
    let path = without_dots(&path);
    let allowed = path.to_str().map(|path| store_directory(context.settings, Some(path)));
    if let Some(Err(refusal)) = allowed {
        context.issue("unsupported-path", field, refusal.message);
        return;
    }
    let long = path.components().any(|part| part.as_os_str().len() > NAME_BYTES);
    if long || path.as_os_str().len() > PATH_BYTES {
        context.issue("unsupported-path", field, "no directory can have so long a name");
        return;
    }
    if path.ancestors().find(|above| above.exists()).is_some_and(|above| !above.is_dir()) {
        context.issue("not-directory", field, "it is no directory, or lies beneath what is none");
        return;
    }
    let real = real_path(&path).unwrap_or(path);
    let conflict = context.mounted.iter().find(|mount| real.starts_with(mount) || mount.starts_with(&real));
    if let Some(mount) = conflict {
        let message = format!("it overlaps {}, which the sandbox has", mount.display());
        context.issue("artifacts-mount-conflict", field, message);
    }
}

/// The path with `..` taken literally.
pub(in crate::recipe) fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut so_far, part| {
        match part {
            Component::ParentDir => _ = so_far.pop(),
            Component::CurDir => {}
            part => so_far.push(part),
        }
        so_far
    })
}
