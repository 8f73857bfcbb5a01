//! Removing a bundle.

use super::{ARTIFACT_SCHEMA, Store, scratch};
use crate::artifact::ArtifactError;
use crate::artifact::bundle::is_bundle_manifest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::CString;

/// `wp-codebox/artifact/v1` after a discard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discarded {
    pub success: bool,
    pub schema: String,
    pub artifact_id: String,
    pub discarded: bool,
}

impl Store {
    /// Removes a bundle, whole or damaged. It disappears in one step; its bytes go after that, and
    /// what a crash leaves of them goes with the next pruning.
    pub fn discard(&self, id: &str) -> Result<Discarded, ArtifactError> {
        let located = self.locate(id)?;
        if !is_bundle_manifest(&located.manifest) {
            return Err(ArtifactError::NotABundle(id.trim().into()));
        }
        self.remove(&located.place)?;
        Ok(Discarded {
            success: true,
            schema: ARTIFACT_SCHEMA.into(),
            artifact_id: id.trim().to_owned(),
            discarded: true,
        })
    }

    /// Removes the bundle at a place beneath the root.
    pub(super) fn remove(&self, place: &str) -> Result<(), ArtifactError> {
        if place.is_empty() {
            return Err(ArtifactError::OutsideRoot);
        }
        let failed = |why| ArtifactError::RootUnwritable { root: self.root.clone(), why };
        let trash = scratch::name("trash");
        match place.rsplit_once('/') {
            None => self.dir.rename(place, &trash).map_err(failed)?,
            Some((outer, name)) => {
                let outer = self.dir.open_dir(outer).map_err(failed)?;
                outer.rename_into(name, &self.dir, &trash).map_err(failed)?;
            }
        }
        let name = CString::new(trash).expect("the name has no NUL");
        self.dir.remove_all(&name).map_err(failed)
    }
}
