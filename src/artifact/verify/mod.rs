//! Is a bundle what it says it is?
//!
//! In: a directory. Out: `wp-codebox/artifact-bundle-verification/v1`, with every rule that it
//! breaks. Bundles of the reference implementation are held to the rules for what only they have.
//!
//! Invariant: a bundle that verifies has no file that its manifest does not vouch for, none that
//! is not a plain file of its own, and an id that follows from its bytes. Nothing is executed and
//! nothing outside the directory is opened.

mod agent;
mod browser;
mod captured;
mod conclusions;
mod foreign;
mod hashes;
mod layout;
mod mount_patches;
mod payload_schema;
mod references;
mod rows;
mod store;

pub use payload_schema::{Unsupported, check as check_payload, unsupported as unsupported_keywords};
pub use store::{BundleVerdict, STORE_VERIFICATION_SCHEMA, StoreVerification, VerifyQuery};

use super::bundle::{MANIFEST_PATH, read_manifest_raw};
use super::confined::Dir;
use super::{ArtifactError, Bundle, Store};
use crate::artifact::bundle::Limits;
use crate::contract::is_default;
use hashes::Hashes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Schema id of [`Verification`].
pub const VERIFICATION_SCHEMA: &str = "wp-codebox/artifact-bundle-verification/v1";
/// Schema id of [`Inspection`].
pub const INSPECTION_SCHEMA: &str = "wp-codebox/artifact-inspection/v1";

/// Violations beyond this are only counted.
const MAX_VIOLATIONS: usize = 500;

/// `wp-codebox/artifact-bundle-verification/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    pub schema: String,
    pub bundle_directory: PathBuf,
    pub valid: bool,
    pub violations: Vec<Violation>,
    /// How many violations are not listed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unlisted: usize,
    /// What the id vouches for.
    #[serde(default)]
    pub id_covers: IdCovers,
    /// If it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Value>,
}

/// What nobody can change in a bundle without giving it another id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdCovers {
    /// The id follows from nothing.
    #[default]
    Nothing,
    /// Names and kinds of the files, and no byte of them.
    FileList,
    /// The list of changed files and the patch.
    Changes,
    /// Every byte but the manifest's: a bundle of our making.
    Everything,
}

/// One rule, broken at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    pub code: ViolationCode,
    /// e.g. `manifest.files[3].sha256` or `files/review.json:evidence.patch`.
    pub path: String,
    pub message: String,
    /// The file of the bundle that is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationCode {
    MissingManifest,
    MalformedManifest,
    InvalidManifestShape,
    InvalidPath,
    MissingFile,
    OrphanedFile,
    DigestMismatch,
    MissingFileHash,
    FileHashMismatch,
    BundleIdMismatch,
    MalformedReference,
    ReviewEvidenceMismatch,
    UnsafeFile,
    Hardlink,
    PayloadSchemaViolation,
}

/// `wp-codebox/artifact-inspection/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    pub success: bool,
    pub schema: String,
    pub artifact: Bundle,
    pub verification: Verification,
}

/// Verifies the bundle at a path that the operator names.
pub fn verify_bundle(directory: &Path) -> Result<Verification, ArtifactError> {
    let unreadable = |why| ArtifactError::Io { what: directory.display().to_string(), why };
    let directory = directory.canonicalize().map_err(unreadable)?;
    let dir = Dir::open_trusted(&directory).map_err(unreadable)?;
    Ok(verify(&dir, &directory))
}

impl Store {
    /// One bundle and what verification says of it.
    pub fn inspect(&self, id: &str) -> Result<Inspection, ArtifactError> {
        let artifact = self.get(id)?.artifact;
        let located = self.locate(id)?;
        let verification = verify(&located.dir, &artifact.directory);
        Ok(Inspection { success: true, schema: INSPECTION_SCHEMA.into(), artifact, verification })
    }

    /// One bundle that verifies: what every operation that trusts a bundle begins with.
    pub fn verified(&self, id: &str) -> Result<(Bundle, Verification), ArtifactError> {
        let located = self.locate(id)?;
        let bundle = self.read(&located, Limits::Strict)?;
        let verification = verify(&located.dir, &bundle.directory);
        verification.clone().into_result()?;
        Ok((bundle, verification))
    }
}

impl Verification {
    /// The violations as an error, if there are any.
    pub fn into_result(self) -> Result<Verification, ArtifactError> {
        if self.valid { Ok(self) } else { Err(ArtifactError::VerificationFailed(Box::new(self))) }
    }
}

/// Verifies the bundle in `dir`, which is at `directory`.
pub(in crate::artifact) fn verify(dir: &Dir, directory: &Path) -> Verification {
    let mut report = Report::default();
    let mut id_covers = IdCovers::default();
    let manifest = match read_manifest_raw(dir) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            let code = match error {
                ArtifactError::FileMissing(_) => ViolationCode::MissingManifest,
                _ => ViolationCode::MalformedManifest,
            };
            report.add(code, MANIFEST_PATH, error.to_string(), Some(MANIFEST_PATH));
            None
        }
    };
    if let Some(manifest) = &manifest
        && layout::shape(manifest, &mut report)
    {
        let listed = manifest["files"].as_array().into_iter().flatten();
        let listed = listed.filter_map(|row| row["path"].as_str()).collect();
        let mut bundle = Checked { dir, manifest, listed, hashes: Hashes::new(dir) };
        if layout::files(&bundle, &mut report) {
            id_covers = hashes::check(&mut bundle, &mut report);
            references::check(&mut bundle, &mut report);
            conclusions::check(&mut bundle, &mut report);
            rows::check(&bundle, &mut report);
            browser::check(&mut bundle, &mut report);
            foreign::check(&mut bundle, &mut report);
        }
    }
    Verification {
        schema: VERIFICATION_SCHEMA.into(),
        bundle_directory: directory.into(),
        valid: report.violations.is_empty(),
        violations: report.violations,
        unlisted: report.unlisted,
        id_covers,
        manifest,
    }
}

/// A bundle whose manifest has the right shape.
struct Checked<'a> {
    dir: &'a Dir,
    manifest: &'a Value,
    listed: HashSet<&'a str>,
    hashes: Hashes<'a>,
}

impl Checked<'_> {
    fn id(&self) -> &str {
        self.manifest["id"].as_str().unwrap_or_default()
    }

    fn content_digest(&self) -> &str {
        self.manifest["contentDigest"]["value"].as_str().unwrap_or_default()
    }

    /// The rows of the manifest's file list with their positions.
    fn rows(&self) -> impl Iterator<Item = (usize, &str, &Value)> {
        let rows = self.manifest["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().enumerate().map(|(i, row)| (i, row["path"].as_str().unwrap_or_default(), row))
    }

    fn lists(&self, path: &str) -> bool {
        self.listed.contains(path)
    }

    /// Whether the manifest says that secrets were taken out of a file.
    fn is_redacted(&self, path: &str) -> bool {
        let mut rows = self.rows().filter(|(_, listed, _)| *listed == path);
        rows.any(|(_, _, row)| row["redaction"]["policy"] == "applied")
    }

    /// The paths of the listed files beneath a directory.
    fn beneath(&self, directory: &str) -> Vec<String> {
        self.rows().map(|(_, path, _)| path.to_owned()).filter(|path| path.starts_with(directory)).collect()
    }

    /// The paths of the listed files of one kind.
    fn of_kind(&self, kind: &str) -> Vec<String> {
        self.rows().filter(|(_, _, row)| row["kind"] == kind).map(|(_, p, _)| p.to_owned()).collect()
    }
}

/// What was found.
#[derive(Default)]
struct Report {
    violations: Vec<Violation>,
    unlisted: usize,
}

impl Report {
    fn add(
        &mut self,
        code: ViolationCode,
        path: impl Into<String>,
        message: impl Into<String>,
        file: Option<&str>,
    ) {
        if self.violations.len() == MAX_VIOLATIONS {
            self.unlisted += 1;
            return;
        }
        let (path, message) = (path.into(), message.into());
        self.violations.push(Violation { code, path, message, file: file.map(Into::into) });
    }
}
