//! What can go wrong in this room, and what a caller can do about it.

use super::Verification;
use crate::contract::{Code, Refusal};
use std::io;
use std::path::PathBuf;

/// Why an operation on artifacts was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The store's directory is not there, or is not a directory. Configure one, or run a task
    /// first: writing creates it.
    #[error("the artifacts root {} is not a directory", .0.display())]
    RootMissing(PathBuf),

    /// The store's directory cannot be created or written. Check its owner, its permissions and
    /// the space on its disk.
    #[error("the artifacts root {} cannot be written: {why}", root.display())]
    RootUnwritable { root: PathBuf, why: io::Error },

    /// An id is needed and none was given.
    #[error("artifact_id is empty: name a bundle, as in the list of artifacts")]
    IdMissing,

    /// The id cannot be a bundle's. Ids are taken from lists, not made up.
    #[error("{0:?} cannot be the id of a bundle")]
    IdInvalid(String),

    /// The store has no such bundle: it was discarded or pruned, or lies in another store.
    #[error("no artifact with the id {0} is in the store")]
    NotFound(String),

    /// A file that the bundle must have is missing. The bundle is damaged; import it again.
    #[error("the bundle lacks {0}")]
    FileMissing(String),

    /// A file of the bundle is not what it should be: not a regular file, or larger than any that
    /// we write. The bundle is damaged or was made to do harm; discard it.
    #[error("{path} cannot be used: {why}")]
    FileUnusable { path: String, why: String },

    /// A JSON file of the bundle does not parse.
    #[error("{path} is not the JSON that it should be: {why}")]
    JsonInvalid { path: String, why: String },

    /// The manifest has no usable id or list of files.
    #[error("manifest.json is not a manifest: {0}")]
    ManifestInvalid(String),

    /// The bundle carries no changed-files list, so nothing can be said of its changes.
    #[error("the bundle lacks files/changed-files.json")]
    ChangedFilesMissing,

    /// The bundle carries no patch, or an empty one where one is needed.
    #[error("the bundle has no patch")]
    PatchMissing,

    /// The manifest names no content digest.
    #[error("manifest.json names no content digest")]
    DigestMissing,

    /// The bytes are not those that were digested: the bundle was changed after it was written.
    #[error("the bundle's content has the digest {actual}, its manifest says {stated}")]
    DigestMismatch { stated: String, actual: String },

    /// The id is not that of the content digest.
    #[error("the bundle's id {id} is not that of its content digest {digest}")]
    IdMismatch { id: String, digest: String },

    /// The bundle breaks rules that every trusted bundle keeps: it was changed, or made by
    /// something else. The violations say where; discard it, or import it again from its source.
    #[error("the bundle does not verify: {}", first_violation(.0))]
    VerificationFailed(Box<Verification>),

    /// The bundle is not one that the store can remove: it is the root itself.
    #[error("the bundle is the artifacts root itself; remove it by hand")]
    OutsideRoot,

    /// The directory has a `manifest.json` that is not a bundle's. Remove it by hand, if it is to go.
    #[error("the manifest of {0} is not a bundle's, so it is not removed")]
    NotABundle(String),

    /// A store in a bundle would put files of its own there, and the bundle would never verify again.
    /// Name another directory.
    #[error("{} is a bundle or part of one, or a directory of a store's own, and cannot be a store", .0.display())]
    RootWithinAnother(PathBuf),

    /// Nothing is where the source of an import should be, or no source was named.
    #[error("no bundle is at {:?}", .0.display().to_string())]
    ImportSourceMissing(PathBuf),

    /// The source lies outside the directories that bundles may be imported from.
    #[error("{} lies outside the directories that bundles may be imported from", .0.display())]
    ImportSourceForbidden(PathBuf),

    /// The manifest is not that of the bundle, or the source is neither directory nor archive.
    #[error("{} is not the manifest or the directory of the bundle", .0.display())]
    ImportSourceInvalid(PathBuf),

    /// The source has something in it that no bundle has.
    #[error("the bundle is not imported: {0}")]
    ImportSourceUnsafe(String),

    /// The archive is damaged or was made to do harm.
    #[error("the archive is not unpacked: {why}")]
    ZipInvalid { reason: &'static str, why: String },

    /// The bundle is another one than expected.
    #[error("the bundle has the id {actual}, not {expected}")]
    ImportIdMismatch { expected: String, actual: String },

    /// The bundle has other content than expected, or than the one of its id in the store.
    #[error("the bundle has the content digest {actual}, not {expected}")]
    ImportDigestMismatch { expected: String, actual: String },

    /// The store has a sound bundle of this id that is not the same, be it in a review or a time, and
    /// nothing says which of them is the true one. Discard the one in the store, then import.
    #[error("the store has another bundle with the id {0}, and it is sound; discard that one first")]
    ImportReplacesAnother(String),

    /// The bundle could not be copied. Nothing of it is left behind. Check permissions and space.
    #[error("the bundle could not be copied: {0}")]
    ImportCopyFailed(io::Error),

    /// The copy could not be given its name. Nothing of it is left behind.
    #[error("the bundle could not be put in its place: {0}")]
    ImportFinalizeFailed(io::Error),

    /// A filter or a cursor of a list does not read. Correct the named field.
    #[error("{field}: {why}")]
    QueryInvalid { field: String, why: String },

    /// What a run hands over cannot become a bundle. A defect of the caller.
    #[error("{field}: {why}")]
    DraftInvalid { field: String, why: String },

    /// The bundle could not be written. Nothing of it is left behind. Check permissions and space.
    #[error("the bundle could not be written: {0}")]
    PersistFailed(io::Error),

    /// Reading from the store failed for a reason that lies outside the bundle.
    #[error("{what}: {why}")]
    Io { what: String, why: io::Error },
}

impl ArtifactError {
    fn code(&self) -> Code {
        match self {
            ArtifactError::RootMissing(_) => Code::ArtifactsRootMissing,
            ArtifactError::RootUnwritable { .. } => Code::ArtifactsRootUnwritable,
            ArtifactError::IdMissing => Code::ArtifactIdMissing,
            ArtifactError::IdInvalid(_) => Code::ArtifactIdInvalid,
            ArtifactError::NotFound(_) => Code::ArtifactNotFound,
            ArtifactError::FileMissing(_) => Code::ArtifactFileMissing,
            ArtifactError::FileUnusable { .. } => Code::ArtifactFileMissing,
            ArtifactError::JsonInvalid { .. } => Code::ArtifactJsonInvalid,
            ArtifactError::ManifestInvalid(_) => Code::ManifestInvalid,
            ArtifactError::ChangedFilesMissing => Code::ChangedFilesMissing,
            ArtifactError::PatchMissing => Code::PatchMissing,
            ArtifactError::DigestMissing => Code::ArtifactDigestMissing,
            ArtifactError::DigestMismatch { .. } => Code::ArtifactDigestMismatch,
            ArtifactError::IdMismatch { .. } => Code::ArtifactIdMismatch,
            ArtifactError::VerificationFailed(_) => Code::ArtifactVerificationFailed,
            ArtifactError::OutsideRoot => Code::ArtifactOutsideRoot,
            ArtifactError::NotABundle(_) => Code::ManifestInvalid,
            ArtifactError::RootWithinAnother(_) => Code::ArtifactsRootForbidden,
            ArtifactError::ImportSourceMissing(_) => Code::ArtifactImportSourceMissing,
            ArtifactError::ImportSourceForbidden(_) => Code::ArtifactImportSourceForbidden,
            ArtifactError::ImportSourceInvalid(_) | ArtifactError::ImportSourceUnsafe(_) => {
                Code::ArtifactImportSourceInvalid
            }
            ArtifactError::ZipInvalid { .. } => Code::ZipArchiveInvalid,
            ArtifactError::ImportIdMismatch { .. } => Code::ArtifactImportIdMismatch,
            ArtifactError::ImportDigestMismatch { .. } => Code::ArtifactImportDigestMismatch,
            ArtifactError::ImportReplacesAnother(_) => Code::ArtifactImportReplacesAnother,
            ArtifactError::ImportCopyFailed(_) => Code::ArtifactImportCopyFailed,
            ArtifactError::ImportFinalizeFailed(_) => Code::ArtifactImportFinalizeFailed,
            ArtifactError::QueryInvalid { .. } => Code::InputInvalid,
            ArtifactError::DraftInvalid { .. } => Code::Internal,
            ArtifactError::PersistFailed(_) => Code::ArtifactPersistFailed,
            ArtifactError::Io { .. } => Code::ArtifactUnreadable,
        }
    }
}

impl From<ArtifactError> for Refusal {
    fn from(error: ArtifactError) -> Self {
        let code = error.code();
        let refusal = Refusal::new(code, sentence(&error.to_string()));
        match error {
            ArtifactError::QueryInvalid { field, why } | ArtifactError::DraftInvalid { field, why } => {
                Refusal::field(code, &field, why)
            }
            ArtifactError::IdMissing => refusal.with("field", "artifact_id"),
            ArtifactError::IdInvalid(id)
            | ArtifactError::NotFound(id)
            | ArtifactError::NotABundle(id)
            | ArtifactError::ImportReplacesAnother(id) => {
                refusal.with("field", "artifact_id").with("artifact_id", id)
            }
            ArtifactError::ZipInvalid { reason, .. } => refusal.with("reason", reason),
            ArtifactError::ImportIdMismatch { expected, actual }
            | ArtifactError::ImportDigestMismatch { expected, actual } => {
                refusal.with("expected", expected).with("actual", actual)
            }
            ArtifactError::ImportSourceMissing(path)
            | ArtifactError::ImportSourceForbidden(path)
            | ArtifactError::ImportSourceInvalid(path) => refusal.with("path", path.display().to_string()),
            ArtifactError::VerificationFailed(verification) => {
                let violations = serde_json::to_value(&verification.violations);
                refusal
                    .with("schema", verification.schema)
                    .with("valid", false)
                    .with("violations", violations.unwrap_or_default())
            }
            ArtifactError::FileMissing(path)
            | ArtifactError::FileUnusable { path, .. }
            | ArtifactError::JsonInvalid { path, .. } => refusal.with("path", path),
            ArtifactError::DigestMismatch { stated, actual } => {
                refusal.with("stated", stated).with("actual", actual)
            }
            ArtifactError::RootMissing(root)
            | ArtifactError::RootUnwritable { root, .. }
            | ArtifactError::RootWithinAnother(root) => refusal.with("root", root.display().to_string()),
            _ => refusal,
        }
    }
}

fn first_violation(verification: &Verification) -> String {
    match verification.violations.first() {
        Some(first) => format!("{}: {}", first.path, first.message.trim_end_matches('.')),
        None => "no rule is named".into(),
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => String::new(),
    }
}
