//! The changed files that a bundle of our making shows as the run left them, their index, and the
//! blueprint that writes them: held against the list of changed files, which the id vouches for.
//!
//! A file that a secret was taken out of is not what the run left, and cannot be.

use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{BLUEPRINT_PATH, CAPTURED_FILES, MOUNTED_FILES_PATH, captured_path, read_json};
use crate::artifact::{ChangeStatus, ChangedFile, ChangedFiles, NodeKind};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A captured file that a blueprint writes is not read beyond this. Bytes.
const MAX_TEXT: u64 = 8 << 20;

pub fn check(bundle: &mut Checked<'_>, changed: &ChangedFiles, report: &mut Report) {
    let index = read_json(bundle.dir, MOUNTED_FILES_PATH).unwrap_or_default();
    let index = index["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    files(bundle, changed, index, report);
    blueprint(bundle, changed, index, report);
}

fn files(bundle: &mut Checked<'_>, changed: &ChangedFiles, index: &[Value], report: &mut Report) {
    let left = |file: &&ChangedFile| file.kind == NodeKind::File && file.status != ChangeStatus::Deleted;
    let rows: HashMap<String, &ChangedFile> =
        changed.files.iter().filter(left).map(|file| (captured_path(file), file)).collect();
    let mut described: HashMap<&str, &Value> =
        index.iter().filter_map(|row| Some((row["artifactPath"].as_str()?, row))).collect();
    let mut wrong = |at: &str, path: &str, why: &str| {
        report.add(Code::ReviewEvidenceMismatch, at, why, Some(path));
    };
    for path in bundle.beneath(CAPTURED_FILES) {
        let Some(file) = rows.get(&path) else {
            wrong(&path, &path, "The run left no such file.");
            continue;
        };
        let actual = bundle.hashes.of(&path);
        if !file.redacted && !bundle.is_redacted(&path) && file.after_sha256 != actual {
            wrong(&path, &path, "It is not the file that the run left.");
        }
        let told = described.remove(path.as_str()).is_some_and(|row| {
            row["mountIndex"] == file.mount_index
                && row["relativePath"] == *file.relative_path
                && row["target"] == *file.path
                && row["sha256"].as_str() == actual.as_deref()
        });
        if !told {
            wrong(MOUNTED_FILES_PATH, &path, "The index does not have the file as it is.");
        }
    }
    for path in described.into_keys() {
        wrong(MOUNTED_FILES_PATH, path, "The index has a file that the bundle does not have.");
    }
}

/// It writes each captured file that can be written, removes what went, and does nothing else.
fn blueprint(bundle: &Checked<'_>, changed: &ChangedFiles, index: &[Value], report: &mut Report) {
    if !bundle.lists(BLUEPRINT_PATH) || bundle.is_redacted(BLUEPRINT_PATH) {
        return;
    }
    let blueprint = read_json(bundle.dir, BLUEPRINT_PATH).unwrap_or_default();
    let mut wrong = |at: String, why: &str| {
        report.add(Code::ReviewEvidenceMismatch, at, why, Some(BLUEPRINT_PATH));
    };
    let fields = ["$schema", "landingPage", "preferredVersions", "steps"];
    for field in blueprint.as_object().into_iter().flatten().map(|(field, _)| field) {
        if !fields.contains(&field.as_str()) {
            wrong(format!("{BLUEPRINT_PATH}:{field}"), "A blueprint of our making has no such field.");
        }
    }
    let gone: HashSet<&str> = changed
        .files
        .iter()
        .filter_map(|file| match file.status {
            ChangeStatus::Deleted => Some(file.path.as_str()),
            _ => file.renamed_from.as_deref(),
        })
        .collect();
    let mut unwritten: HashMap<&str, &str> = index
        .iter()
        .filter(|row| row["replayable"] == true)
        .filter_map(|row| Some((row["target"].as_str()?, row["artifactPath"].as_str()?)))
        .collect();
    let steps = blueprint["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (i, step) in steps.iter().enumerate() {
        let path = step["path"].as_str().unwrap_or_default();
        let members = step.as_object().map_or(0, |step| step.len());
        let follows = match step["step"].as_str() {
            Some("mkdir") => members == 2,
            Some("rm") => members == 2 && gone.contains(path),
            Some("writeFile") => {
                let captured = unwritten.remove(path).filter(|captured| bundle.lists(captured));
                let bytes = captured.and_then(|captured| bundle.dir.read(captured, MAX_TEXT).ok());
                members == 3
                    && bytes.is_some_and(|bytes| step["data"].as_str().map(str::as_bytes) == Some(&bytes))
            }
            _ => false,
        };
        if !follows {
            wrong(format!("{BLUEPRINT_PATH}:steps[{i}]"), "It does not follow from the captured files.");
        }
    }
    if !unwritten.is_empty() {
        wrong(format!("{BLUEPRINT_PATH}:steps"), "A captured file is not written.");
    }
}
