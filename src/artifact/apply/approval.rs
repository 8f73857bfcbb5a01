//! Which of a bundle's changes are approved, and the patch of exactly these.
//!
//! In: an id, and the names of files. Out: [`Approved`], which nothing but this file makes: its
//! bundle verifies, its files are among the changed ones, the bundle has their whole content, and
//! its patch touches them and nothing else.

use super::error::ApplyError;
use super::filter::filter;
use super::named::Named;
use super::request::ApplyRequest;
use super::rows::{ChangedRow, rows};
use crate::artifact::bundle::{
    Limits, MANIFEST_PATH, METADATA_PATH, REVIEW_PATH, TEST_RESULTS_PATH, parse_document,
};
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH};
use crate::artifact::verify::{IdCovers, verify};
use crate::artifact::{ArtifactError, Bundle, Store, Verification};
use crate::contract::digest_hex;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Larger patches are not applied. Bytes.
const MAX_PATCH: u64 = 64 << 20;
const MAX_CHANGED_FILES: u64 = 64 << 20;

const MAX_DOCUMENT: u64 = 64 << 20;

/// The risk flag of a review that its maker could have written as they liked.
const NOT_VOUCHED_FOR: &str = "review-not-vouched-for";

/// A bundle that verifies, with the two files that its id is made of.
#[derive(Debug)]
pub struct Trusted {
    pub bundle: Bundle,
    pub verification: Verification,
    pub rows: Vec<ChangedRow>,
    pub patch: Vec<u8>,
}

/// Approved changes of a bundle.
#[derive(Debug)]
pub struct Approved {
    pub bundle: Bundle,
    pub verification: Verification,
    /// The sandbox paths that are approved, each once, as the approval names them.
    pub files: Vec<String>,
    /// Their rows, in the same order.
    pub rows: Vec<ChangedRow>,
    /// Every path that the bundle lists as changed.
    pub changed_files: Vec<String>,
    /// The patch of the approved files.
    pub patch: String,
    pub patch_sha256: String,
}

/// How much has to be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is named.
    Some,
    /// Everything that the patch carries.
    All,
}

impl Trusted {
    /// Verifies the bundle and reads what it is about. The bytes are those that were verified, even
    /// if somebody changes the files meanwhile.
    pub fn read(store: &Store, request: &ApplyRequest) -> Result<Trusted, ApplyError> {
        let located = store.locate(&request.artifact_id)?;
        let mut bundle = store.read(&located, Limits::Strict)?;
        let verification = verify(&located.dir, &bundle.directory).into_result()?;
        // Before anything comes of it, whoever reads it for whatever purpose.
        if request.manifest_sha256.as_ref().is_some_and(|seen| *seen != manifest_sha256(&verification)) {
            return Err(ApplyError::BundleChanged(bundle.id));
        }
        let read = |path: &str, limit| -> Result<Vec<u8>, ApplyError> {
            let bytes = located
                .dir
                .read(path, limit)
                .map_err(|why| ArtifactError::FileUnusable { path: path.to_owned(), why: why.to_string() })?;
            let stated = stated_hash(&verification, path).unwrap_or_default();
            let actual = digest_hex([bytes.as_slice()]);
            if actual == stated {
                Ok(bytes)
            } else {
                Err(ArtifactError::DigestMismatch { stated, actual }.into())
            }
        };
        let patch = read(PATCH_PATH, MAX_PATCH)?;
        let changed = read(CHANGED_FILES_PATH, MAX_CHANGED_FILES)?;
        let rows = rows(&changed)?;
        let documents = [
            (METADATA_PATH, &mut bundle.metadata),
            (REVIEW_PATH, &mut bundle.review),
            (TEST_RESULTS_PATH, &mut bundle.test_results),
            (CHANGED_FILES_PATH, &mut bundle.changed_files),
        ];
        for (path, document) in documents {
            if document.is_some() {
                *document = Some(parse_document(path, &read(path, MAX_DOCUMENT)?)?);
            }
        }
        if bundle.changed_files.as_ref().is_some_and(|changed| changed["evidence"].is_null())
            && let Some(review) = &mut bundle.review
        {
            distrust(review, &rows);
        }
        Ok(Trusted { bundle, verification, rows, patch })
    }

    /// Refuses a bundle whose id vouches for no byte of it, unless the request says by the hash of the
    /// manifest which one it is about.
    pub fn pinned(self, request: &ApplyRequest) -> Result<Trusted, ApplyError> {
        let vouched_for = matches!(self.verification.id_covers, IdCovers::Changes | IdCovers::Everything);
        match vouched_for || request.manifest_sha256.is_some() {
            true => Ok(self),
            false => Err(ApplyError::Unpinned(self.bundle.id)),
        }
    }

    /// Those of the names that are changed files, as a decision against them records it.
    pub fn changed_among(&self, named: &Named) -> Result<Vec<String>, ApplyError> {
        let paths: HashSet<&str> = self.rows.iter().map(|row| row.path.as_str()).collect();
        let (known, unknown): (Vec<_>, Vec<_>) =
            named.among(paths.iter().copied())?.into_iter().partition(|name| paths.contains(name.as_str()));
        if unknown.is_empty() { Ok(known) } else { Err(ApplyError::NotChanged(unknown)) }
    }

    /// What is left if only these files are approved.
    pub fn approve(self, approved: &Named, extent: Extent) -> Result<Approved, ApplyError> {
        let by_path: HashMap<&str, &ChangedRow> =
            self.rows.iter().rev().map(|row| (row.path.as_str(), row)).collect();
        // Names may begin and end with white space: what is a changed file as it stands is that one.
        let exact = |file: &String| match by_path.contains_key(file.as_str()) {
            true => file.clone(),
            false => file.trim().to_owned(),
        };
        let approved = approved.among(self.rows.iter().map(|row| row.path.as_str()))?;
        let mut seen = HashSet::new();
        let files: Vec<String> =
            approved.iter().map(exact).filter(|file| !file.is_empty() && seen.insert(file.clone())).collect();
        if files.is_empty() {
            return Err(ApplyError::NothingApproved);
        }
        let find = |file: &String| by_path.get(file.as_str()).copied();
        let unknown: Vec<String> = files.iter().filter(|file| find(file).is_none()).cloned().collect();
        if !unknown.is_empty() {
            return Err(ApplyError::NotChanged(unknown));
        }
        let rows: Vec<ChangedRow> = files.iter().filter_map(find).cloned().collect();
        let named = |rows: &mut dyn Iterator<Item = &ChangedRow>| -> Vec<String> {
            rows.map(|row| row.path.clone()).collect()
        };
        let missing =
            named(&mut self.rows.iter().filter(|row| row.is_carried() && !seen.contains(&row.path)));
        if extent == Extent::All && !missing.is_empty() {
            return Err(ApplyError::Incomplete(missing));
        }
        let unusable = named(&mut rows.iter().filter(|row| row.is_unusable()));
        if !unusable.is_empty() {
            return Err(ApplyError::Unusable(unusable));
        }
        if self.patch.trim_ascii().is_empty() {
            return Err(ArtifactError::PatchMissing.into());
        }
        let others: Vec<&ChangedRow> = self.rows.iter().filter(|row| !seen.contains(&row.path)).collect();
        let patch = String::from_utf8(filter(&self.patch, &rows, &others)?)
            .map_err(|_| ApplyError::Unfilterable("it is not UTF-8".into()))?;
        Ok(Approved {
            patch_sha256: digest_hex([patch.as_bytes()]),
            changed_files: named(&mut self.rows.iter()),
            bundle: self.bundle,
            verification: self.verification,
            files,
            rows,
            patch,
        })
    }
}

impl Approved {
    /// The hash of the manifest, which has the hash of every other file in it.
    pub fn manifest_sha256(&self) -> String {
        manifest_sha256(&self.verification)
    }
}

fn manifest_sha256(verification: &Verification) -> String {
    stated_hash(verification, MANIFEST_PATH).unwrap_or_default()
}

/// Of a review that the id does not vouch for, nothing that can be counted is believed.
fn distrust(review: &mut Value, rows: &[ChangedRow]) {
    let count = |statuses: &[&str]| {
        rows.iter()
            .filter(|row| row.status.as_deref().is_some_and(|status| statuses.contains(&status)))
            .count()
    };
    review["stats"] = json!({
        "added": count(&["added"]),
        "modified": count(&["modified"]),
        "deleted": count(&["deleted", "removed"]),
        "renamed": count(&["renamed"]),
        "total": rows.len(),
    });
    let flags = review["riskFlags"].as_array().cloned().unwrap_or_default();
    review["riskFlags"] = [Value::from(NOT_VOUCHED_FOR)].into_iter().chain(flags).collect();
}

fn stated_hash(verification: &Verification, path: &str) -> Option<String> {
    let files = verification.manifest.as_ref()?["files"].as_array()?;
    let row = files.iter().find(|row| row["path"] == path)?;
    row["sha256"]["value"].as_str().map(str::to_owned)
}
