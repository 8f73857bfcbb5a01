//! A directory of the run's own, made when something is to lie in it.

use crate::contract::{Code, Refusal};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(super) struct Scratch {
    parent: PathBuf,
    directory: Option<TempDir>,
    count: usize,
}

impl Scratch {
    pub(super) fn beneath(cache: &Path) -> Scratch {
        Scratch { parent: cache.to_owned(), directory: None, count: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.directory.is_none()
    }

    /// A new, empty directory, nobody else's to read.
    pub(super) fn directory(&mut self) -> Result<PathBuf, Refusal> {
        if self.directory.is_none() {
            let made = std::fs::create_dir_all(&self.parent)
                .and_then(|()| tempfile::Builder::new().prefix("recipe-").tempdir_in(&self.parent))
                .map_err(unwritable)?;
            self.directory = Some(made);
        }
        let root = self.directory.as_ref().map(TempDir::path).unwrap_or(&self.parent);
        let path = root.join(self.count.to_string());
        self.count += 1;
        std::fs::create_dir(&path).map_err(unwritable)?;
        path.canonicalize().map_err(unwritable)
    }
}

pub(super) fn unwritable(error: std::io::Error) -> Refusal {
    Refusal::new(Code::CacheUnwritable, format!("The cache directory cannot hold a recipe's files: {error}."))
}
