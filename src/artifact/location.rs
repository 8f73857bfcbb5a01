//! Which directory is the store of a call.

use crate::contract::{Code, Refusal};
use crate::host::Settings;
use std::path::{Component, Path, PathBuf};

/// The store that a call means: `requested` (its `artifacts_path`), else the configured one.
///
/// The operator may name any directory. Everyone else stays beneath the configured root or an
/// allowed one, links resolved.
pub fn store_directory(settings: &Settings, requested: Option<&str>) -> Result<PathBuf, Refusal> {
    let Some(requested) = requested.filter(|path| !path.trim().is_empty()) else {
        return settings.artifacts_dir.clone().ok_or_else(|| {
            Refusal::new(
                Code::ArtifactsRootMissing,
                "No artifacts directory is configured: set wp_codebox.artifacts_dir (or WP_CODEBOX_ARTIFACTS_DIR).",
            )
        });
    };
    let path = Path::new(requested);
    let refuse = |code, why: &str| Err(Refusal::field(code, "artifacts_path", why).with("path", requested));
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return refuse(Code::ArtifactsRootMissing, "an absolute path without `..` is needed");
    }
    if settings.operator {
        return Ok(path.to_owned());
    }
    let mut roots =
        settings.artifacts_dir.iter().chain(&settings.artifact_roots).filter_map(|root| real_path(root));
    if let Some(real) = real_path(path)
        && roots.any(|root| real.starts_with(&root))
    {
        return Ok(real);
    }
    refuse(
        Code::ArtifactsRootForbidden,
        "lies outside the configured artifacts directory; the filter wp_codebox_allowed_artifact_roots adds roots",
    )
}

/// The real path of what exists, and the rest as it is named. `None`: nobody can tell where it leads, as
/// with a link to nothing, or with `..` in what does not exist.
pub fn real_path(path: &Path) -> Option<PathBuf> {
    let exists = |ancestor: &Path| {
        Some((std::fs::canonicalize(ancestor).ok()?, path.strip_prefix(ancestor).ok()?.to_owned()))
    };
    let (real, rest) = path.ancestors().find_map(exists)?;
    let Some(first) = rest.components().next() else { return Some(real) };
    let plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    let is_there = real.join(first).symlink_metadata().is_ok();
    (plain && !is_there).then(|| real.join(rest))
}
