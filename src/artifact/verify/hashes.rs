//! Hashes of files, and the digests over them.

use super::{Checked, IdCovers, Report, ViolationCode as Code};
use crate::artifact::bundle::{MANIFEST_PATH, METADATA_PATH, REVIEW_PATH, read_json, recompute};
use crate::artifact::confined::Dir;
use crate::artifact::digest::{
    CHANGED_FILES_PATH, FILE_LIST_INPUT, ID_PREFIX, PATCH_PATH, bundle_id, evidence_digest,
    file_list_digests, is_sha256_hex, manifest_self_hashes,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;

/// Hashes each file once.
pub struct Hashes<'a> {
    dir: &'a Dir,
    known: HashMap<String, Option<String>>,
}

impl<'a> Hashes<'a> {
    pub fn new(dir: &'a Dir) -> Self {
        Hashes { dir, known: HashMap::new() }
    }

    /// The sha256 of a file's bytes, if it can be read.
    pub fn of(&mut self, path: &str) -> Option<String> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let read = || {
            let mut hash = Sha256::new();
            io::copy(&mut self.dir.open_file(path).ok()?.0, &mut hash).ok()?;
            Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>())
        };
        let value = read();
        self.known.insert(path.into(), value.clone());
        value
    }
}

/// `{algorithm: "sha256", value: <lower-case hexadecimal>}`
pub fn stated(digest: &Value) -> Option<&str> {
    let value = digest["value"].as_str().filter(|value| is_sha256_hex(value))?;
    (digest["algorithm"] == "sha256").then_some(value)
}

pub fn check(bundle: &mut Checked<'_>, report: &mut Report) -> IdCovers {
    each_file(bundle, report);
    content(bundle, report);
    let has_evidence = evidence(bundle, report);
    match is_by_list(bundle) {
        _ if !bundle.id().starts_with(ID_PREFIX) => IdCovers::Nothing,
        true => IdCovers::FileList,
        false if has_evidence => IdCovers::Everything,
        false => IdCovers::Changes,
    }
}

fn is_by_list(bundle: &Checked<'_>) -> bool {
    let inputs = bundle.manifest["contentDigest"]["inputs"].as_array();
    inputs.is_some_and(|inputs| inputs.iter().eq([FILE_LIST_INPUT]))
}

fn each_file(bundle: &mut Checked<'_>, report: &mut Report) {
    let rows: Vec<(usize, String, Option<String>)> = bundle
        .rows()
        .map(|(i, path, row)| (i, path.into(), stated(&row["sha256"]).map(Into::into)))
        .collect();
    for (i, path, stated) in rows {
        let at = format!("manifest.files[{i}].sha256");
        let Some(stated) = stated else {
            let why = "The entry has no lower-case sha256.";
            report.add(Code::MissingFileHash, at, why, Some(&path));
            continue;
        };
        let matches = if path == MANIFEST_PATH {
            manifest_self_hashes(bundle.manifest).contains(&stated)
        } else {
            // A file that cannot be read has been reported as missing or unsafe.
            bundle.hashes.of(&path).is_none_or(|actual| actual == stated)
        };
        if !matches {
            let why = "The file's bytes do not have the hash that the manifest states.";
            report.add(Code::FileHashMismatch, at, why, Some(&path));
        }
    }
}

fn content(bundle: &Checked<'_>, report: &mut Report) {
    let stated = bundle.content_digest();
    let matches = if is_by_list(bundle) {
        file_list_digests(bundle.manifest).iter().any(|actual| actual == stated)
    } else {
        recompute(bundle.dir, bundle.manifest).is_ok_and(|actual| actual == stated)
    };
    if !matches {
        let why = "The content digest is not that of what it covers.";
        report.add(Code::DigestMismatch, "manifest.contentDigest.value", why, None);
    }
    if bundle.id().starts_with(ID_PREFIX) && bundle.id() != bundle_id(stated) {
        let why = "The id is not that of the content digest.";
        report.add(Code::BundleIdMismatch, "manifest.id", why, None);
    }
}

/// The digest in changed-files.json covers every payload file that the content digest does not.
/// Whether there is one.
fn evidence(bundle: &mut Checked<'_>, report: &mut Report) -> bool {
    let Ok(changed) = read_json(bundle.dir, CHANGED_FILES_PATH) else { return false };
    if changed["evidence"].is_null() {
        return false;
    }
    let own = [MANIFEST_PATH, METADATA_PATH, REVIEW_PATH, CHANGED_FILES_PATH, PATCH_PATH];
    let covered: Vec<String> =
        bundle.rows().map(|(_, p, _)| p.to_owned()).filter(|p| !own.contains(&p.as_str())).collect();
    let hashed: Vec<(String, String)> =
        covered.into_iter().filter_map(|path| Some((path.clone(), bundle.hashes.of(&path)?))).collect();
    let actual = evidence_digest(hashed.iter().map(|(path, hash)| (path.as_str(), hash.as_str())));
    if stated(&changed["evidence"]) != Some(&actual.value) {
        report.add(
            Code::DigestMismatch,
            format!("{CHANGED_FILES_PATH}:evidence"),
            "The evidence digest is not that of the bundle's other files.",
            Some(CHANGED_FILES_PATH),
        );
    }
    true
}
