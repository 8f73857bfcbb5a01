//! Which host directories a task or a recipe may name.
//!
//! The operator (WP-CLI, PHP on the command line) may name any. Everyone else stays beneath the
//! configured roots. Paths are compared after symbolic links are resolved, and the resolved path
//! is what gets used: a link swapped later leads nowhere new.

use crate::artifact::real_path;
use crate::contract::{Code, Refusal};
use crate::host::Settings;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why a path leads nowhere that may be used.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// Nothing is there. Said only of what would lie beneath an allowed root.
    #[error("cannot be opened: {0}")]
    Missing(io::Error),
    /// It is not beneath an allowed root, whether or not it exists.
    #[error("lies outside the allowed roots; the filter wp_codebox_allowed_mount_roots adds some")]
    Outside,
}

/// The real path of a mount's or component's source.
pub fn host_source(settings: &Settings, code: Code, field: &str, path: &str) -> Result<PathBuf, Refusal> {
    reach(settings, Path::new(path))
        .map_err(|why| Refusal::field(code, field, format_args!("{path} {why}")).with("path", path))
}

/// The real path of what a caller may name. Callers other than the operator learn nothing of what lies
/// outside the allowed roots, not even whether it exists.
pub(super) fn reach(settings: &Settings, path: &Path) -> Result<PathBuf, Unreachable> {
    let allowed = |path: &Path| settings.operator || beneath_any(path, &settings.mount_roots);
    match std::fs::canonicalize(path) {
        Ok(real) if allowed(&real) => Ok(real),
        Err(error) if settings.operator || real_path(path).is_some_and(|real| allowed(&real)) => {
            Err(Unreachable::Missing(error))
        }
        _ => Err(Unreachable::Outside),
    }
}

fn beneath_any(path: &Path, roots: &[PathBuf]) -> bool {
    roots
        .iter()
        .filter_map(|root| std::fs::canonicalize(root).ok())
        // A root of `/` would allow everything: that is a slip, not a wish.
        .filter(|root| root.parent().is_some())
        .any(|root| path.starts_with(root))
}

/// The content of a file that a task or a recipe names.
pub fn read_host_file(
    settings: &Settings,
    code: Code,
    field: &str,
    path: &str,
    max: u64,
) -> Result<Vec<u8>, Refusal> {
    let source = host_source(settings, code, field, path)?;
    let refused = |why: String| Refusal::field(code, field, why).with("path", path);
    let content = read_plain_file(&source, max + 1).map_err(|error| refused(format!("{path}: {error}")))?;
    if content.len() as u64 > max {
        return Err(refused(format!("{path}: at most {max} bytes")));
    }
    Ok(content)
}

/// The first bytes of a regular file.
pub(super) fn read_plain_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // A named pipe would wait for its other end.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content)?;
    Ok(content)
}
