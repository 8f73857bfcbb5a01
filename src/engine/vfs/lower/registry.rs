//! Immutable trees of this process, so that sandboxes share what is remembered of them.

use super::LowerTree;
use super::host_dir::HostDir;
use crate::engine::vfs::VfsResult;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Trees kept although no sandbox uses them. A pack and a few component directories fit.
const KEPT: usize = 16;

/// A directory's identity: a tree that replaced another at the same path is a different one.
#[derive(Clone, PartialEq, Eq)]
struct Identity {
    path: PathBuf,
    dev: u64,
    ino: u64,
}

/// In order of last use.
static TREES: Mutex<Vec<(Identity, Arc<LowerTree>)>> = Mutex::new(Vec::new());

pub fn open_dir(path: &Path, immutable: bool) -> VfsResult<Arc<LowerTree>> {
    let root = HostDir::open_root(path)?;
    if !immutable {
        return Ok(Arc::new(LowerTree::Dir(HostDir::new(root, false)?)));
    }
    let stat = rustix::fs::fstat(&root)?;
    let identity = Identity { path: path.to_owned(), dev: stat.st_dev, ino: stat.st_ino };
    let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
    let found = trees.iter().position(|(known, _)| *known == identity);
    let tree = match found {
        Some(at) => trees.remove(at).1,
        None => Arc::new(LowerTree::Dir(HostDir::new(root, true)?)),
    };
    trees.push((identity, tree.clone()));
    if trees.len() > KEPT {
        trees.remove(0);
    }
    Ok(tree)
}
