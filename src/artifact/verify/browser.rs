//! Files that the list of changed files says lie in the bundle are there, with the bytes that it names:
//! the id of a browser's bundle vouches for that list, and through it for them.

use super::references::reference;
use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::read_json;
use crate::artifact::digest::{CHANGED_FILES_PATH, is_sha256_hex};
use std::collections::HashSet;

/// Where a browser's files lie.
const DIRECTORY: &str = "files/browser/";

pub fn check(bundle: &mut Checked<'_>, report: &mut Report) {
    let changed = read_json(bundle.dir, CHANGED_FILES_PATH).unwrap_or_default();
    let rows = changed["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut known = HashSet::new();
    for (i, row) in rows.iter().enumerate() {
        let Some(path) = row["artifactPath"].as_str() else { continue };
        known.insert(path);
        let at = |field: &str| format!("{CHANGED_FILES_PATH}:files[{i}].{field}");
        if !reference(bundle, path, &at("artifactPath"), report) {
            continue;
        }
        let stated = row["sha256"].as_str().filter(|sha256| is_sha256_hex(sha256));
        if stated.is_some() && stated != bundle.hashes.of(path).as_deref() {
            let why = "It is not the file that was changed.";
            report.add(Code::FileHashMismatch, at("sha256"), why, Some(path));
        }
    }
    if known.is_empty() {
        return;
    }
    for path in bundle.beneath(DIRECTORY).into_iter().filter(|path| !known.contains(path.as_str())) {
        let why = "The list of changed files does not have it.";
        report.add(Code::OrphanedFile, path.as_str(), why, Some(&path));
    }
}
