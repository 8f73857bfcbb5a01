//! Archives of npm packages, by way of `npm pack`, and their integrity.

use super::{BuildError, Npm, tools};
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

/// Fetches the archive into `downloads`. It appears there whole and checked.
pub(super) fn fetch(npm: &Npm, downloads: &Path) -> Result<PathBuf, BuildError> {
    fs::create_dir_all(downloads).map_err(|e| BuildError::io("create", downloads, e))?;
    let scratch = tempfile::Builder::new()
        .prefix(".fetch-")
        .tempdir_in(downloads)
        .map_err(|e| BuildError::io("create a directory in", downloads, e))?;
    let mut command = Command::new("npm");
    command
        .args(["pack", "--loglevel=error", "--ignore-scripts", "--pack-destination"])
        .arg(scratch.path())
        .arg(npm.to_string())
        .current_dir(scratch.path());
    tools::run("npm", &mut command)?;

    let fetched = scratch.path().join(npm.archive_name());
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
