//! Writing a bundle.

use super::Store;
use super::scratch::Scratch;
use crate::artifact::bundle::{Bundle, compose};
use crate::artifact::confined::Dir;
use crate::artifact::{ArtifactError, Draft};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io;

/// Whether a bundle is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WriteStatus {
    Created,
    /// The very same bundle was there already. Nothing was written.
    Existing,
}

/// A bundle that is in the store.
#[derive(Debug, Clone)]
pub struct Written {
    pub status: WriteStatus,
    pub bundle: Bundle,
}

impl Store {
    /// Turns a draft into a bundle: whole and on the disk when this returns, or not there at all.
    pub fn write(&self, draft: Draft) -> Result<Written, ArtifactError> {
        let mut composed = None;
        let (id, status) = self.write_with(|dir| Ok(composed.insert(compose(&draft, dir)?).id.clone()))?;
        // What was just written is known; what was there already has to prove itself.
        let bundle = match (status, composed) {
            (WriteStatus::Created, Some(composed)) => composed.at(&self.root.join(&id)),
            _ => self.get_strict(&id)?,
        };
        Ok(Written { status, bundle })
    }

    /// The same for any way of composing a bundle: `compose` fills an empty directory and says what
    /// the id is.
    pub(in crate::artifact) fn write_with(
        &self,
        compose: impl FnOnce(&Dir) -> Result<String, ArtifactError>,
    ) -> Result<(String, WriteStatus), ArtifactError> {
        let scratch = Scratch::new(&self.dir)
            .map_err(|why| ArtifactError::RootUnwritable { root: self.root.clone(), why })?;
        let id = compose(&scratch.dir)?;
        scratch.dir.sync_file_system().map_err(ArtifactError::PersistFailed)?;
        let status = match scratch.commit(&id) {
            Ok(()) => {
                self.dir.sync().map_err(ArtifactError::PersistFailed)?;
                WriteStatus::Created
            }
            Err((_, why)) if is_taken(&why) => WriteStatus::Existing,
            Err((_, why)) => return Err(ArtifactError::PersistFailed(why)),
        };
        Ok((id, status))
    }

    /// Whether a bundle of this id is where bundles of the store are.
    pub(in crate::artifact) fn holds(&self, id: &str) -> bool {
        self.at(id).is_some()
    }
}

pub(super) fn is_taken(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory
    )
}
