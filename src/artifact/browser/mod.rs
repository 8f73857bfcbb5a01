//! Files that a browser's sandbox has made, as a bundle.
//!
//! In: files with text or base64 content. Out: their one normal form, and a bundle in the store
//! whose list of changed files has the hash of each.
//!
//! Invariant: the same files in the same order give the same bundle.

mod compose;
mod error;
mod normalize;
mod path;
mod persist;

pub use error::BrowserArtifactError;
pub use normalize::{
    BROWSER_NORMALIZATION_SCHEMA, BrowserFileInput, Described, Encoding, NormalizedBundle, NormalizedFile,
    normalize,
};
pub use persist::{BROWSER_PERSISTENCE_SCHEMA, PersistRequest, Persisted};
