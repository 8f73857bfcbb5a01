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
    let real = resolve(path);
    let roots = settings.artifacts_dir.iter().chain(&settings.artifact_roots);
    if roots.map(|root| resolve(root)).any(|root| real.starts_with(&root)) {
        return Ok(real);
    }
    refuse(
        Code::ArtifactsRootForbidden,
        "lies outside the configured artifacts directory; the filter wp_codebox_allowed_artifact_roots adds roots",
    )
}

/// The real path of what exists, and the rest as it is named.
fn resolve(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return real.join(rest);
        }
    }
    path.to_owned()
}
