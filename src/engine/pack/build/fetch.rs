//! Archives of npm packages, by way of `npm pack`, and their integrity.

use super::{BuildError, Npm, lock, staging, tools};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The archive, if `downloads` has it already.
pub(super) fn cached(npm: &Npm, downloads: &Path) -> Result<Option<PathBuf>, BuildError> {
    let archive = downloads.join(npm.archive_name());
    match File::open(&archive) {
        Ok(file) => match check(npm, &archive, file)? {
            None => Ok(Some(archive)),
            Some(found) => Err(BuildError::Download {
                path: archive,
                found,
                expected: npm.integrity.to_owned(),
            }),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BuildError::io("open", &archive, error)),
    }
}

/// Fetches the archive into `downloads`. It appears there whole and checked; an interrupted fetch
/// leaves the directory `.fetching`, which the next one clears.
pub(super) fn fetch(npm: &Npm, downloads: &Path) -> Result<PathBuf, BuildError> {
    fs::create_dir_all(downloads).map_err(|e| BuildError::io("create", downloads, e))?;
    let downloads =
        &fs::canonicalize(downloads).map_err(|e| BuildError::io("resolve", downloads, e))?;
    let _lock = lock::exclusive(&downloads.join(".lock"))?;
    // Another builder may have fetched it while this one waited for the lock.
    if let Some(archive) = cached(npm, downloads)? {
        return Ok(archive);
    }
    let scratch = downloads.join(".fetching");
    staging::remove(&scratch)?;
    fs::create_dir(&scratch).map_err(|e| BuildError::io("create", &scratch, e))?;
    let archive = fetch_through(&scratch, npm, downloads);
    staging::remove(&scratch)?;
    archive
}

fn fetch_through(scratch: &Path, npm: &Npm, downloads: &Path) -> Result<PathBuf, BuildError> {
    let mut command = Command::new("npm");
    command
        .args(["pack", "--loglevel=error", "--ignore-scripts", "--pack-destination"])
        .arg(scratch)
        .arg(npm.to_string())
        // Not in the caller's directory, whose project may have npm settings of its own.
        .current_dir(scratch);
    tools::run("npm", &mut command)?;

    let fetched = scratch.join(npm.archive_name());
    let file = File::open(&fetched).map_err(|e| BuildError::io("open", &fetched, e))?;
    if let Some(found) = check(npm, &fetched, file)? {
        let expected = npm.integrity.to_owned();
        return Err(BuildError::Integrity { package: npm.to_string(), found, expected });
    }
    let archive = downloads.join(npm.archive_name());
    fs::rename(&fetched, &archive).map_err(|e| BuildError::io("move to", &archive, e))?;
    Ok(archive)
}

/// The integrity of `file`, if it is not the pinned one.
fn check(npm: &Npm, path: &Path, mut file: File) -> Result<Option<String>, BuildError> {
    let mut hash = Sha512::new();
    io::copy(&mut file, &mut hash).map_err(|e| BuildError::io("read", path, e))?;
    let found = format!("sha512-{}", STANDARD.encode(hash.finalize()));
    Ok((found != npm.integrity).then_some(found))
}
