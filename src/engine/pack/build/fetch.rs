//! Archives of npm packages, by way of `npm pack`, and their integrity.

use super::{BuildError, Npm, lock, staging, tools};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// The archive's bytes, checked, if `downloads` has it already. They are read once and kept, so that
/// what is unpacked is what was checked.
pub(super) fn cached(npm: &Npm, downloads: &Path) -> Result<Option<Vec<u8>>, BuildError> {
    let path = downloads.join(npm.archive_name());
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BuildError::io("read", &path, error)),
    };
    match integrity(&bytes) {
        found if found == npm.integrity => Ok(Some(bytes)),
        found => Err(BuildError::Download { path, found, expected: npm.integrity.to_owned() }),
    }
}

/// Fetches the archive into `downloads`, where it appears whole and checked, and gives its bytes. An
/// interrupted fetch leaves the directory `.fetching`, which the next one clears.
pub(super) fn fetch(npm: &Npm, downloads: &Path) -> Result<Vec<u8>, BuildError> {
    fs::create_dir_all(downloads).map_err(|e| BuildError::io("create", downloads, e))?;
    let downloads = &fs::canonicalize(downloads).map_err(|e| BuildError::io("resolve", downloads, e))?;
    let _lock = lock::exclusive(&downloads.join(".lock"))?;
    // Another builder may have fetched it while this one waited for the lock.
    if let Some(bytes) = cached(npm, downloads)? {
        return Ok(bytes);
    }
    let scratch = downloads.join(".fetching");
    staging::remove(&scratch)?;
    fs::create_dir(&scratch).map_err(|e| BuildError::io("create", &scratch, e))?;
    let bytes = fetch_through(&scratch, npm, downloads);
    staging::remove(&scratch)?;
    bytes
}

fn fetch_through(scratch: &Path, npm: &Npm, downloads: &Path) -> Result<Vec<u8>, BuildError> {
    let mut command = Command::new("npm");
    command
        .args(["pack", "--loglevel=error", "--ignore-scripts", "--pack-destination"])
        .arg(scratch)
        .arg(npm.to_string())
        // Not in the caller's directory, whose project may have npm settings of its own.
        .current_dir(scratch);
    tools::run("npm", &mut command)?;

    let fetched = scratch.join(npm.archive_name());
    let bytes = fs::read(&fetched).map_err(|e| BuildError::io("read", &fetched, e))?;
    let found = integrity(&bytes);
    if found != npm.integrity {
        let expected = npm.integrity.to_owned();
        return Err(BuildError::Integrity { package: npm.to_string(), found, expected });
    }
    let archive = downloads.join(npm.archive_name());
    fs::rename(&fetched, &archive).map_err(|e| BuildError::io("move to", &archive, e))?;
    Ok(bytes)
}

/// Subresource integrity: `sha512-` and base64.
fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}
