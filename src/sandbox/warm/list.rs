//! What images there are, and which may go.

use super::store::{self, ABOUT, About};
use crate::sandbox::error::SandboxError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// One image on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImageInfo {
    /// Digest of what it was made from, lower-case hexadecimal.
    pub key: String,
    /// Its directory.
    pub path: String,
    /// `base`; `components` for one with components on a base; `prepared` for one that a recipe has
    /// set up.
    pub kind: String,
    pub php_version: String,
    /// The core's directory.
    pub wordpress: String,
    /// Id of the runtime pack.
    pub pack: String,
    /// Sources of what is loaded on top of the core.
    pub components: Vec<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// Seconds since it was used last.
    pub idle_seconds: u64,
    /// What it takes on disk, bytes.
    pub bytes: u64,
}

/// Which images stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Unused for longer: removed.
    pub max_idle: Option<Duration>,
    /// Bytes on disk of all together; the longest unused go first.
    pub max_bytes: Option<u64>,
    pub max_count: Option<usize>,
}

/// What holds unless somebody says otherwise: a month, 4 GiB, 64 images.
impl Default for Retention {
    fn default() -> Retention {
        Retention {
            max_idle: Some(Duration::from_secs(30 * 24 * 3600)),
            max_bytes: Some(4 << 30),
            max_count: Some(64),
        }
    }
}

/// What pruning removed, or would.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pruned {
    pub removed: Vec<ImageInfo>,
    pub kept: usize,
    /// Bytes on disk that were freed.
    pub freed_bytes: u64,
}

/// The images beneath a cache directory, the last used one first.
pub fn list(cache: &Path) -> Result<Vec<ImageInfo>, SandboxError> {
    let root = store::root(cache);
    read(&root).map_err(|source| SandboxError::Cache { path: root, source })
}

/// Removes what `retention` does not keep. `dry_run`: says what it would remove.
pub fn prune(cache: &Path, retention: Retention, dry_run: bool) -> Result<Pruned, SandboxError> {
    let root = store::root(cache);
    prune_in(&root, retention, dry_run).map_err(|source| SandboxError::Cache { path: root, source })
}

/// Keeps a store within bounds after something was added. Not to be able to costs space only.
pub(super) fn tidy(root: &Path) {
    let _ = prune_in(root, Retention::default(), false);
}

fn prune_in(root: &Path, retention: Retention, dry_run: bool) -> io::Result<Pruned> {
    let mut pruned = Pruned::default();
    let mut bytes = 0;
    for image in read(root)? {
        let idle = retention.max_idle.is_some_and(|max| image.idle_seconds > max.as_secs());
        let large = retention.max_bytes.is_some_and(|max| bytes + image.bytes > max);
        let many = retention.max_count.is_some_and(|max| pruned.kept >= max);
        if !idle && !large && !many {
            bytes += image.bytes;
            pruned.kept += 1;
            continue;
        }
        if !dry_run {
            match store::remove(root, &root.join(&image.key)) {
                Ok(()) => {}
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
        }
        pruned.freed_bytes += image.bytes;
        pruned.removed.push(image);
    }
    Ok(pruned)
}

fn read(root: &Path) -> io::Result<Vec<ImageInfo>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut images: Vec<(Reverse<SystemTime>, ImageInfo)> =
        entries.flatten().filter_map(|entry| info(&entry.path(), entry.file_name().to_str()?)).collect();
    images.sort_by(|(a, one), (b, other)| (a, &one.key).cmp(&(b, &other.key)));
    Ok(images.into_iter().map(|(_, image)| image).collect())
}

/// An image and when it was used last. None: not an image, or not readable as one.
fn info(directory: &Path, key: &str) -> Option<(Reverse<SystemTime>, ImageInfo)> {
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let path = directory.join(ABOUT);
    let about: About = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    let used = fs::metadata(&path).ok()?.modified().ok()?;
    let files = fs::read_dir(directory).ok()?.flatten();
    let bytes = files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.blocks() * 512).sum();
    let image = ImageInfo {
        key: key.to_owned(),
        path: directory.display().to_string(),
        kind: about.kind,
        php_version: about.php_version,
        wordpress: about.wordpress,
        pack: about.pack,
        components: about.components,
        created_at: about.created_at,
        idle_seconds: SystemTime::now().duration_since(used).unwrap_or_default().as_secs(),
        bytes,
    };
    Some((Reverse(used), image))
}
