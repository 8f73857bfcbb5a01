//! A directory of the parent host.

use super::Done;
use super::commit::commit;
use super::config::TargetConfig;
use super::journal::recover;
use super::plan::{Base, plan};
use crate::artifact::apply::deliver::Mode;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::request::Ready;
use crate::artifact::apply::tree::{Node, Tree};
use std::io;

impl Base for Tree {
    fn node(&self, path: &str) -> io::Result<Node> {
        self.read(path.as_bytes())
    }
}

pub fn apply(target: &TargetConfig, ready: &Ready, mode: Mode) -> Result<Done, ApplyError> {
    let unusable = |why: io::Error| ApplyError::Target(format!("{}: {why}", target.path.display()));
    let tree = Tree::open(&target.path).map_err(unusable)?;
    if !tree.dir.try_lock().map_err(unusable)? {
        return Err(ApplyError::Busy(tree.path));
    }
    if mode == Mode::Apply {
        recover(&tree)?;
    }
    let changes = plan(&ready.approved, &tree)?;
    if mode == Mode::Apply {
        commit(&tree, &changes)?;
    }
    Ok(Done { commit: None, branch: None })
}
