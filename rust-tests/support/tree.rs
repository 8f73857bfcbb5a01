//! File trees in memory and on disk, and the changes between two of them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wp_codebox::contract::{Change, ChangeSet, FileKind, FileState};

#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    File { bytes: Vec<u8>, executable: bool },
    Symlink(Vec<u8>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::File { bytes, executable: true } => write!(f, "executable \"{}\"", bytes.escape_ascii()),
            Node::File { bytes, .. } => write!(f, "file \"{}\"", bytes.escape_ascii()),
            Node::Symlink(target) => write!(f, "symlink to \"{}\"", target.escape_ascii()),
        }
    }
}

/// A tree as a person reads it.
pub fn show(tree: &Tree) -> String {
    tree.iter().map(|(path, node)| format!("\n  \"{}\": {node:?}", path.escape_ascii())).collect()
}

/// Files and symlinks by path; directories are implied.
pub type Tree = BTreeMap<Vec<u8>, Node>;

pub fn text(content: &str) -> Node {
    Node::File { bytes: content.as_bytes().to_vec(), executable: false }
}

pub fn tree<const N: usize>(nodes: [(&str, Node); N]) -> Tree {
    nodes.into_iter().map(|(path, node)| (path.as_bytes().to_vec(), node)).collect()
}

fn host(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path))
}

pub fn write(root: &Path, tree: &Tree) {
    for (path, node) in tree {
        let at = host(root, path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        match node {
            Node::File { bytes, executable } => {
                fs::write(&at, bytes).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
            }
            Node::Symlink(target) => symlink(OsStr::from_bytes(target), &at).unwrap(),
        }
    }
}

/// Everything beneath `root` but git's directory.
pub fn read(root: &Path) -> Tree {
    fn walk(root: &Path, at: &Path, tree: &mut Tree) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path == root.join(".git") {
                continue;
            }
            let kind = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            if kind.is_dir() {
                walk(root, &path, tree);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).unwrap().into_os_string().into_vec();
                tree.insert(name, Node::Symlink(target));
            } else {
                let executable = kind.permissions().mode() & 0o100 != 0;
                tree.insert(name, Node::File { bytes: fs::read(&path).unwrap(), executable });
            }
        }
    }
    let mut tree = Tree::new();
    walk(root, root, &mut tree);
    tree
}

fn state(node: &Node) -> FileState {
    let (kind, mode, bytes) = match node {
        Node::File { bytes, executable } => {
            (FileKind::Regular, if *executable { 0o755 } else { 0o644 }, bytes)
        }
        Node::Symlink(target) => (FileKind::Symlink, 0o777, target),
    };
    FileState { kind, mode, size: bytes.len() as u64, content: Arc::new(bytes.clone()) }
}

fn directories(tree: &Tree) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = tree
        .keys()
        .flat_map(|path| {
            path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| path[..i].to_vec())
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn directory() -> FileState {
    FileState { kind: FileKind::Directory, mode: 0o755, size: 0, content: Arc::new(Vec::new()) }
}

/// What an overlay would report: files and symlinks that differ, directories that came or went.
pub fn changes(target: &str, index: usize, before: &Tree, after: &Tree) -> ChangeSet {
    let mut sides: BTreeMap<Vec<u8>, (Option<FileState>, Option<FileState>)> = BTreeMap::new();
    for (path, node) in before.iter().filter(|(path, node)| after.get(*path) != Some(*node)) {
        sides.entry(path.clone()).or_default().0 = Some(state(node));
    }
    for (path, node) in after.iter().filter(|(path, node)| before.get(*path) != Some(*node)) {
        sides.entry(path.clone()).or_default().1 = Some(state(node));
    }
    let (old, new) = (directories(before), directories(after));
    for path in old.iter().filter(|path| !new.contains(path)) {
        sides.entry(path.clone()).or_default().0 = Some(directory());
    }
    for path in new.iter().filter(|path| !old.contains(path)) {
        sides.entry(path.clone()).or_default().1 = Some(directory());
    }
    ChangeSet {
        mount_index: index,
        mount_target: target.to_owned(),
        changes: sides.into_iter().map(|(path, (before, after))| Change { path, before, after }).collect(),
        omitted: 0,
    }
}
