//! Reading a bundle back, trusting nothing that is in it.

use super::paths::{
    AGENT_TASK_RESULT_PATH, COMPLETION_OUTCOME_PATH, MANIFEST_PATH, METADATA_PATH, REVIEW_PATH,
    TEST_RESULTS_PATH,
};
use super::staging::Documents;
use super::unique::Unique;
use crate::artifact::ArtifactError;
use crate::artifact::confined::Dir;
use crate::artifact::digest::{
    CHANGED_FILES_PATH, FILE_LIST_INPUT, ID_PREFIX, PATCH_PATH, bundle_id, digest_of_parts,
    file_list_digests, is_sha256_hex,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

/// The largest JSON file that is read from a bundle. Bytes.
const MAX_JSON: u64 = 64 << 20;
/// The largest manifest. Bytes.
const MAX_MANIFEST: u64 = 16 << 20;

/// A bundle as callers see it. `directory` and `paths` are absolute paths of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    pub id: String,
    /// Lower-case hexadecimal; empty for a bundle without one.
    pub content_digest: String,
    pub created_at: String,
    pub directory: PathBuf,
    pub paths: BundlePaths,
    pub has_patch: bool,
    pub has_changed_files: bool,
    pub has_test_results: bool,
    pub has_review: bool,
    /// The documents, where they were asked for and are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_files: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_results: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Value>,
    /// What the agent answered, and how far its work got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_task_result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_outcome: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundlePaths {
    pub manifest: PathBuf,
    pub metadata: PathBuf,
    pub changed_files: PathBuf,
    pub patch: PathBuf,
    pub test_results: PathBuf,
    pub review: PathBuf,
}

/// How much of a bundle is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// The documents, unchecked: for bundles of another making, and damaged ones.
    Generic,
    /// The documents, and the digest and the id recomputed from the bytes.
    Strict,
}

/// What a list says of a bundle; a manifest's other members are not kept.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    id: Value,
    content_digest: Value,
    created_at: Value,
}

impl Head {
    fn of(manifest: &Value) -> Head {
        Head {
            id: manifest["id"].clone(),
            content_digest: manifest["contentDigest"].clone(),
            created_at: manifest["createdAt"].clone(),
        }
    }
}

fn is_file_of(dir: &Dir) -> impl Fn(&str) -> bool {
    |path| dir.open_file(path).is_ok()
}

impl Bundle {
    /// Only what the manifest says of the bundle in `dir`, which is at `directory`: no document, no
    /// digest.
    pub(in crate::artifact) fn glance(dir: &Dir, directory: &Path) -> Result<Bundle, ArtifactError> {
        let head: Head = parse_as(MANIFEST_PATH, &read(dir, MANIFEST_PATH, MAX_MANIFEST)?)?;
        check_id(&head.id)?;
        Ok(Bundle::described(&head, is_file_of(dir), directory))
    }

    fn described(head: &Head, has: impl Fn(&str) -> bool, directory: &Path) -> Bundle {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let at = |path: &str| directory.join(path);
        Bundle {
            id: text(&head.id),
            content_digest: text(&head.content_digest["value"]),
            created_at: text(&head.created_at),
            directory: directory.to_owned(),
            paths: BundlePaths {
                manifest: at(MANIFEST_PATH),
                metadata: at(METADATA_PATH),
                changed_files: at(CHANGED_FILES_PATH),
                patch: at(PATCH_PATH),
                test_results: at(TEST_RESULTS_PATH),
                review: at(REVIEW_PATH),
            },
            has_patch: has(PATCH_PATH),
            has_changed_files: has(CHANGED_FILES_PATH),
            has_test_results: has(TEST_RESULTS_PATH),
            has_review: has(REVIEW_PATH),
            manifest: None,
            metadata: None,
            changed_files: None,
            test_results: None,
            review: None,
            agent_task_result: None,
            completion_outcome: None,
        }
    }

    /// The bundle in `dir`, which is at `directory`.
    pub(in crate::artifact) fn of(
        manifest: Value,
        dir: &Dir,
        directory: &Path,
        limits: Limits,
    ) -> Result<Bundle, ArtifactError> {
        let mut bundle = Bundle::described(&Head::of(&manifest), is_file_of(dir), directory);
        if limits == Limits::Strict {
            check_content(dir, &manifest, &bundle)?;
        }
        bundle.add_documents(|path| optional(dir, path, limits))?;
        bundle.manifest = Some(manifest);
        Ok(bundle)
    }

    /// The bundle that was just written to `directory`, as [`Bundle::of`] would read it.
    pub(super) fn written(manifest: Value, mut documents: Documents, directory: &Path) -> Bundle {
        let mut bundle = Bundle::described(&Head::of(&manifest), |_| true, directory);
        bundle.has_test_results = documents.contains_key(TEST_RESULTS_PATH);
        let taken: Result<(), Infallible> = bundle.add_documents(|path| Ok(documents.remove(path)));
        let Ok(()) = taken;
        bundle.manifest = Some(manifest);
        bundle
    }

    fn add_documents<E>(
        &mut self,
        mut document: impl FnMut(&str) -> Result<Option<Value>, E>,
    ) -> Result<(), E> {
        self.metadata = document(METADATA_PATH)?;
        self.changed_files = document(CHANGED_FILES_PATH)?;
        self.test_results = document(TEST_RESULTS_PATH)?;
        self.review = document(REVIEW_PATH)?;
        self.agent_task_result = document(AGENT_TASK_RESULT_PATH)?;
        self.completion_outcome = document(COMPLETION_OUTCOME_PATH)?;
        Ok(())
    }
}

/// `None` for a file that is not there; in a generic reading also for one that is no JSON.
fn optional(dir: &Dir, path: &str, limits: Limits) -> Result<Option<Value>, ArtifactError> {
    match read_json(dir, path) {
        Ok(value) => Ok(Some(value)),
        Err(ArtifactError::FileMissing(_)) => Ok(None),
        Err(_) if limits == Limits::Generic => Ok(None),
        Err(e) => Err(e),
    }
}

/// The manifest, whatever is in it.
pub fn read_manifest_raw(dir: &Dir) -> Result<Value, ArtifactError> {
    parse_document(MANIFEST_PATH, &read(dir, MANIFEST_PATH, MAX_MANIFEST)?)
}

/// The manifest, with an id that may name a bundle.
pub fn read_manifest(dir: &Dir) -> Result<Value, ArtifactError> {
    let manifest = read_manifest_raw(dir)?;
    check_id(&manifest["id"])?;
    Ok(manifest)
}

/// Whether a manifest is a bundle's, sound or not: web applications have files of that name, too.
pub fn is_bundle_manifest(manifest: &Value) -> bool {
    manifest["contentDigest"].is_object() && manifest["files"].is_array() && manifest["createdAt"].is_string()
}

fn check_id(id: &Value) -> Result<(), ArtifactError> {
    match id.as_str() {
        Some(id) if is_plausible_id(id) => Ok(()),
        Some(id) => Err(ArtifactError::ManifestInvalid(format!("{id:?} cannot be an id"))),
        None => Err(ArtifactError::ManifestInvalid("it has no id".into())),
    }
}

pub fn read_json(dir: &Dir, path: &str) -> Result<Value, ArtifactError> {
    parse_document(path, &read(dir, path, MAX_JSON)?)
}

/// What any bundle's id looks like: a single segment of harmless characters. Ids are also used as
/// directory names.
pub fn is_plausible_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && id.as_bytes()[0].is_ascii_alphanumeric()
}

fn read(dir: &Dir, path: &str, limit: u64) -> Result<Vec<u8>, ArtifactError> {
    dir.read(path, limit).map_err(|why| file_error(path, why))
}

/// A JSON document of a bundle: an object.
pub fn parse_document(path: &str, bytes: &[u8]) -> Result<Value, ArtifactError> {
    let Unique(value) = parse_as(path, bytes)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(ArtifactError::JsonInvalid { path: path.into(), why: "not an object".into() })
    }
}

fn parse_as<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, ArtifactError> {
    serde_json::from_slice(bytes)
        .map_err(|e| ArtifactError::JsonInvalid { path: path.into(), why: e.to_string() })
}

/// What an error of the file system says about the bundle.
pub fn file_error(path: &str, why: io::Error) -> ArtifactError {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(&why);
    match why.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ArtifactError::FileMissing(path.into()),
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => {
            ArtifactError::FileUnusable { path: path.into(), why: why.to_string() }
        }
        _ if matches!(errno, Some(Errno::LOOP | Errno::XDEV | Errno::NXIO)) => {
            ArtifactError::FileUnusable { path: path.into(), why: "not a regular file".into() }
        }
        _ => ArtifactError::Io { what: format!("{path} cannot be read"), why },
    }
}

/// The strict rules: both files are there, the digest is that of the bytes, the id that of the
/// digest.
fn check_content(dir: &Dir, manifest: &Value, bundle: &Bundle) -> Result<(), ArtifactError> {
    if !bundle.has_changed_files {
        return Err(ArtifactError::ChangedFilesMissing);
    }
    if !bundle.has_patch {
        return Err(ArtifactError::PatchMissing);
    }
    let stated = bundle.content_digest.clone();
    if !is_sha256_hex(&stated) {
        return Err(ArtifactError::DigestMissing);
    }
    let actual = recompute(dir, manifest)?;
    if actual != stated {
        return Err(ArtifactError::DigestMismatch { stated, actual });
    }
    if bundle.id.starts_with(ID_PREFIX) && bundle.id != bundle_id(&stated) {
        return Err(ArtifactError::IdMismatch { id: bundle.id.clone(), digest: stated });
    }
    Ok(())
}

/// The content digest that the bytes have, by the rule that the manifest names.
pub fn recompute(dir: &Dir, manifest: &Value) -> Result<String, ArtifactError> {
    let inputs: Option<Vec<&str>> = manifest["contentDigest"]["inputs"]
        .as_array()
        .map(|inputs| inputs.iter().map(|i| i.as_str().unwrap_or_default()).collect());
    match inputs.as_deref() {
        None | Some([]) => Err(ArtifactError::DigestMissing),
        Some([FILE_LIST_INPUT]) => {
            let stated = manifest["contentDigest"]["value"].as_str().unwrap_or_default();
            let [ours, other] = file_list_digests(manifest);
            Ok(if other == stated { other } else { ours })
        }
        Some(inputs @ [CHANGED_FILES_PATH, PATCH_PATH]) => digest_of_parts(dir, inputs)
            .map(|digest| digest.value)
            .map_err(|why| file_error(&inputs.join(" or "), why)),
        // Whoever made the bundle does not choose what its id vouches for.
        Some(_) => {
            let why = format!(
                "contentDigest.inputs must be [{CHANGED_FILES_PATH}, {PATCH_PATH}] or [{FILE_LIST_INPUT}]"
            );
            Err(ArtifactError::ManifestInvalid(why))
        }
    }
}
