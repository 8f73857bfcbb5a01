//! The store: bundles in a directory.
//!
//! In: drafts, ids, queries. Out: bundles and envelopes.
//!
//! Invariants:
//! * A bundle appears under its id in one rename, whole, or not at all; it is never overwritten.
//! * Names that begin with a dot are the store's own: half-made (`.tmp-…`), discarded (`.trash-…`)
//!   and the index. Whatever a crash leaves of them is removed later and is never listed.
//! * Nothing outside the root is touched: every path is walked from the root's descriptor,
//!   symlinks are not followed.

mod copy;
mod discard;
mod import;
mod index;
mod list;
mod prune;
mod root;
mod scratch;
mod write;
mod zip;

pub use discard::Discarded;
pub use import::{
    BundleRef, ImportOperation, ImportRequest, ImportStatus, RESULT_ENVELOPE_SCHEMA, ResultEnvelope,
};
pub use list::{ARTIFACT_LIST_SCHEMA, ArtifactList, ListQuery, RunStatus};
pub use prune::{Left, LeftReason, PRUNE_SCHEMA, PruneReason, PruneReport, Pruned, Retention};
pub use write::{WriteStatus, Written};
pub use zip::{ZipError, names as zip_names, unpack_some as unpack_zip};

pub(in crate::artifact) use list::{cursor, read_cursor};

use super::ArtifactError;
use super::bundle::{Bundle, Limits, is_plausible_id, read_manifest};
use super::confined::Dir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Schema id of [`ArtifactEnvelope`].
pub const ARTIFACT_SCHEMA: &str = "wp-codebox/artifact/v1";

/// A directory of bundles.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    dir: Dir,
}

/// `wp-codebox/artifact/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactEnvelope {
    pub success: bool,
    pub schema: String,
    pub artifact: Bundle,
}

/// A bundle in the store.
pub(in crate::artifact) struct Located {
    /// Relative to the root, `/` between segments.
    pub place: String,
    pub dir: Dir,
    pub manifest: serde_json::Value,
}

impl Store {
    /// The store at `root`, made if need be: for the operator's eyes only (mode 0700), with files
    /// that keep web servers from serving it.
    pub fn open(root: &Path) -> Result<Store, ArtifactError> {
        root::refuse_within_another(root)?;
        root::create(root).map_err(|why| ArtifactError::RootUnwritable { root: root.into(), why })?;
        let store = Store::open_existing(root)?;
        root::write_deny_files(&store.dir)
            .map_err(|why| ArtifactError::RootUnwritable { root: root.into(), why })?;
        Ok(store)
    }

    /// The store at `root`, which must be there; it may be read-only.
    pub fn open_existing(root: &Path) -> Result<Store, ArtifactError> {
        let missing = |_| ArtifactError::RootMissing(root.into());
        let root = root.canonicalize().map_err(missing)?;
        root::refuse_within_another(&root)?;
        let dir = Dir::open_trusted(&root).map_err(missing)?;
        Ok(Store { root, dir })
    }

    /// The canonical path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One bundle: checked if it is one of ours and whole, otherwise as it is.
    pub fn get(&self, id: &str) -> Result<ArtifactEnvelope, ArtifactError> {
        let located = self.locate(id)?;
        let artifact = match self.read(&located, Limits::Strict) {
            Ok(bundle) => bundle,
            Err(_) => self.read(&located, Limits::Generic)?,
        };
        Ok(ArtifactEnvelope { success: true, schema: ARTIFACT_SCHEMA.into(), artifact })
    }

    /// One bundle whose digest and id are those of its bytes.
    pub fn get_strict(&self, id: &str) -> Result<Bundle, ArtifactError> {
        self.read(&self.locate(id)?, Limits::Strict)
    }

    pub(in crate::artifact) fn read(
        &self,
        located: &Located,
        limits: Limits,
    ) -> Result<Bundle, ArtifactError> {
        let directory = self.root.join(&located.place);
        Bundle::of(located.manifest.clone(), &located.dir, &directory, limits)
    }

    /// Finds the bundle whose manifest has this id: where it should be, or anywhere that bundles
    /// are looked for.
    pub(in crate::artifact) fn locate(&self, id: &str) -> Result<Located, ArtifactError> {
        let id = id.trim();
        if id.is_empty() {
            return Err(ArtifactError::IdMissing);
        }
        if !is_plausible_id(id) {
            return Err(ArtifactError::IdInvalid(id.into()));
        }
        if let Some(located) = self.at(id).filter(|located| located.manifest["id"] == id) {
            return Ok(located);
        }
        self.scan()?
            .into_iter()
            .filter(|row| row.id == id)
            .find_map(|row| self.at(&row.place).filter(|located| located.manifest["id"] == id))
            .ok_or_else(|| ArtifactError::NotFound(id.into()))
    }

    /// The directory at a place beneath the root; the root itself if the place is empty.
    pub(in crate::artifact) fn directory(&self, place: &str) -> std::io::Result<Dir> {
        match place {
            "" => self.dir.open_dir_c(c"."),
            place => self.dir.open_dir(place),
        }
    }

    /// The bundle at a place beneath the root, if there is one.
    pub(in crate::artifact) fn at(&self, place: &str) -> Option<Located> {
        let dir = self.directory(place).ok()?;
        let manifest = read_manifest(&dir).ok()?;
        Some(Located { place: place.into(), dir, manifest })
    }
}
