//! Which host directories a task or a recipe may name.
//!
//! The operator (WP-CLI, PHP on the command line) may name any. Everyone else stays beneath the
//! configured roots. Paths are compared after symbolic links are resolved, and the resolved path
//! is what gets used: a link swapped later leads nowhere new.

use crate::contract::{Code, Refusal};
use crate::host::Settings;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The real path of a mount's or component's source.
pub fn host_source(settings: &Settings, code: Code, field: &str, path: &str) -> Result<PathBuf, Refusal> {
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
    let read = || {
        // A named pipe would wait for its other end.
        let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&source)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("not a file"));
        }
        let mut content = Vec::new();
        file.take(max + 1).read_to_end(&mut content)?;
        Ok(content)
    };
    let content = read().map_err(|error| refused(format!("{path}: {error}")))?;
    if content.len() as u64 > max {
        return Err(refused(format!("{path}: at most {max} bytes")));
    }
    Ok(content)
}
