//! Why files from a browser do not become a bundle.

use crate::artifact::ArtifactError;
use crate::contract::{Code, Refusal};

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserArtifactError {
    /// The caller must say what its files are: name its schema.
    #[error("schema_id: name the schema of the files")]
    SchemaMissing,

    /// There is nothing to keep.
    #[error("files: at least one file is needed")]
    FilesMissing,

    /// A file has to have `content` or `content_base64`, and not both.
    #[error("files.{index}: {why}")]
    FileInvalid { index: usize, why: &'static str },

    /// The path is empty, leaves its directory, or cannot be a name in a bundle.
    #[error("files.{index}.path: {path:?} cannot be the path of a file in a bundle")]
    PathInvalid { index: usize, path: String },

    /// The root is not a relative directory.
    #[error("root: {0:?} cannot be a directory in a bundle")]
    RootInvalid(String),

    /// Web servers execute such files. Give it another extension.
    #[error("files.{index}.path: files with the extension {extension} are not kept")]
    ExtensionBlocked { index: usize, path: String, extension: String },

    /// Two files would be one.
    #[error("files.{index}.path: {path:?} is there twice")]
    PathDuplicate { index: usize, path: String },

    /// The content is not what its encoding says.
    #[error("files.{index}.content_base64: not base64")]
    Base64Invalid { index: usize },

    /// More than a browser's file may have.
    #[error("files.{index}: {size} bytes, at most {max_size} are kept")]
    FileTooLarge { index: usize, size: usize, max_size: usize },

    /// More than all files together may have.
    #[error("files: more than {max_size} bytes in all")]
    TooLarge { max_size: usize },

    /// The entrypoint must be one of the files.
    #[error("entrypoint: {0:?} is none of the files")]
    EntrypointMissing(String),

    /// The store refused it.
    #[error(transparent)]
    Store(#[from] ArtifactError),
}

impl From<BrowserArtifactError> for Refusal {
    fn from(error: BrowserArtifactError) -> Self {
        use BrowserArtifactError as E;
        let message = format!("{error}.");
        let refuse = |code| Refusal::new(code, message.clone());
        let at = |code, index: usize| refuse(code).with("index", index);
        match error {
            E::SchemaMissing => refuse(Code::BrowserArtifactSchemaMissing).with("field", "schema_id"),
            E::FilesMissing => refuse(Code::BrowserArtifactFilesMissing).with("field", "files"),
            E::FileInvalid { index, .. } => at(Code::BrowserArtifactFileInvalid, index),
            E::PathInvalid { index, path } => at(Code::BrowserArtifactPathInvalid, index).with("path", path),
            E::RootInvalid(root) => {
                refuse(Code::BrowserArtifactPathInvalid).with("field", "root").with("path", root)
            }
            E::ExtensionBlocked { index, path, extension } => {
                at(Code::BrowserArtifactExtensionBlocked, index)
                    .with("path", path)
                    .with("extension", extension)
            }
            E::PathDuplicate { index, path } => {
                at(Code::BrowserArtifactPathDuplicate, index).with("path", path)
            }
            E::Base64Invalid { index } => at(Code::BrowserArtifactBase64Invalid, index),
            E::FileTooLarge { index, size, max_size } => {
                at(Code::BrowserArtifactFileTooLarge, index).with("size", size).with("max_size", max_size)
            }
            E::TooLarge { max_size } => refuse(Code::BrowserArtifactFileTooLarge).with("max_size", max_size),
            E::EntrypointMissing(entrypoint) => {
                refuse(Code::BrowserArtifactEntrypointMissing).with("entrypoint", entrypoint)
            }
            E::Store(error) => error.into(),
        }
    }
}
