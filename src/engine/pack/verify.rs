//! Reading a whole pack again.

use super::hash::sha256_of;
use super::manifest::{MANIFEST, MANIFEST_DIGEST, Manifest};
use super::{Difference, PackError, PackFile};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use walkdir::WalkDir;

/// Compares every file beneath `dir` with `manifest`.
pub(super) fn verify(dir: &Path, manifest: &Manifest) -> Result<(), PackError> {
    let mut differences = Vec::new();
    let mut expected: BTreeMap<String, PackFile> = BTreeMap::new();
    for file in manifest.listed() {
        expected.insert(file.path.to_string(), file.clone());
    }
    for tree in manifest.trees() {
        match tree.read_inventory(dir) {
            Ok(inventory) => {
                expected.extend(inventory.files.into_iter().map(|f| (f.path.to_string(), f)));
            }
            // Reported below, as a missing or changed file. Its tree cannot be judged.
            Err(_) => continue,
        }
    }
    let unknown: Vec<_> = manifest
        .trees()
        .filter(|tree| !expected.keys().any(|path| path.starts_with(&format!("{}/", tree.root))))
        .map(|tree| format!("{}/", tree.root))
        .collect();

    for entry in WalkDir::new(dir).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| unreadable(dir, error.into()))?;
        let name = relative(dir, entry.path());
        if entry.file_type().is_dir() || name == MANIFEST || name == MANIFEST_DIGEST {
            continue;
        }
        match expected.remove(&name) {
            Some(file) => {
                let same = entry.file_type().is_file()
                    && matches(entry.path(), &file).map_err(|e| unreadable(entry.path(), e))?;
                if !same {
                    differences.push(Difference::Changed(name));
                }
            }
            None if unknown.iter().any(|root| name.starts_with(root)) => {}
            None => differences.push(Difference::Surplus(name)),
        }
    }
    differences.extend(expected.into_keys().map(Difference::Missing));
    if differences.is_empty() {
        return Ok(());
    }
    differences.sort_by(|a, b| a.path().cmp(b.path()));
    Err(PackError::Damaged { dir: dir.to_owned(), differences })
}

fn matches(path: &Path, file: &PackFile) -> io::Result<bool> {
    let reader = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    if reader.metadata()?.len() != file.size {
        return Ok(false);
    }
    let (sha256, size) = sha256_of(reader)?;
    Ok(sha256 == file.sha256 && size == file.size)
}

fn relative(dir: &Path, path: &Path) -> String {
    path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned()
}

fn unreadable(path: &Path, source: io::Error) -> PackError {
    PackError::Unreadable { path: path.to_owned(), source }
}
