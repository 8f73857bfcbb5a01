//! Reading a whole pack again.

use super::hash::sha256_of;
use super::manifest::{MANIFEST, MANIFEST_DIGEST, Manifest};
use super::{Difference, PackError, PackFile, PackPath};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use walkdir::WalkDir;

impl Manifest {
    /// Compares every file beneath `dir` with this manifest, whose own bytes were compared with their
    /// digest when it was read. The error lists every difference.
    pub fn verify(&self, dir: &Path) -> Result<(), PackError> {
        let mut expected: BTreeMap<String, PackFile> =
            self.listed().map(|file| (file.path.to_string(), file.clone())).collect();
        // Trees whose inventory is lost: it is reported, and nothing can be said of their files.
        let mut unlisted: Vec<&PackPath> = Vec::new();
        for tree in self.trees() {
            let inventory = tree.inventory.path.beneath(dir);
            if !matches(&inventory, &tree.inventory).map_err(|e| unreadable(&inventory, e))? {
                unlisted.push(&tree.root);
                continue;
            }
            let files = tree.read_inventory(dir)?.files;
            expected.extend(files.into_iter().map(|file| (file.path.to_string(), file)));
        }

        let mut differences = Vec::new();
        for entry in WalkDir::new(dir).min_depth(1) {
            let entry = entry.map_err(|error| unreadable(dir, error.into()))?;
            let path = entry.path().strip_prefix(dir).unwrap_or(entry.path());
            let name = path.to_string_lossy().into_owned();
            if entry.file_type().is_dir() || name == MANIFEST || name == MANIFEST_DIGEST {
                continue;
            }
            match expected.remove(&name) {
                Some(file) => {
                    if !matches(entry.path(), &file).map_err(|e| unreadable(entry.path(), e))? {
                        differences.push(Difference::Changed(name));
                    }
                }
                None if unlisted.iter().any(|root| path.starts_with(root.as_str())) => {}
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
}

/// Whether `path` is a regular file (not a link to one) with the bytes that `file` records.
fn matches(path: &Path, file: &PackFile) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() || found.len() != file.size => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    Ok(sha256_of(File::open(path)?)? == (file.sha256.clone(), file.size))
}

fn unreadable(path: &Path, source: io::Error) -> PackError {
    PackError::Unreadable { path: path.to_owned(), source }
}
