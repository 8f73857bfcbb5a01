//! Which host directories a task may name.
//!
//! The operator (WP-CLI, PHP on the command line) may name any. Everyone else stays beneath the
//! configured roots. Paths are compared after symbolic links are resolved, and the resolved path
//! is what gets used: a link swapped later leads nowhere new.

use crate::contract::{Code, Refusal};
use crate::host::Settings;
use std::path::{Path, PathBuf};

/// The real path of a mount's or component's source.
pub(super) fn source(settings: &Settings, code: Code, field: &str, path: &str) -> Result<PathBuf, Refusal> {
    let real = std::fs::canonicalize(path).map_err(|error| {
        Refusal::field(code, field, format_args!("{path} cannot be opened: {error}")).with("path", path)
    })?;
    if settings.operator || beneath_any(&real, &settings.mount_roots) {
        return Ok(real);
    }
    Err(Refusal::field(
        code,
        field,
        format_args!(
            "{path} lies outside the allowed roots; the filter wp_codebox_allowed_mount_roots adds some"
        ),
    )
    .with("path", path))
}

fn beneath_any(path: &Path, roots: &[PathBuf]) -> bool {
    roots
        .iter()
        .filter_map(|root| std::fs::canonicalize(root).ok())
        // A root of `/` would allow everything: that is a slip, not a wish.
        .filter(|root| root.parent().is_some())
        .any(|root| path.starts_with(root))
}
