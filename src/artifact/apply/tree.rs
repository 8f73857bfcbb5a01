//! A directory of the host into which changes go: read and written without following a symlink.

use crate::artifact::confined::Dir;
use crate::artifact::patch::GitMode;
use crate::contract::digest_hex;
use rustix::io::Errno;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Larger files are not applied to. Bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Nothing,
    File {
        mode: GitMode,
        permissions: u32,
        bytes: Vec<u8>,
    },
    /// A symlink, a directory, a special file, or a way to it that leads through one of these.
    Other(&'static str),
}

#[derive(Debug)]
pub struct Tree {
    pub dir: Dir,
    pub path: PathBuf,
}

impl Tree {
    /// Opens a directory that the operator has named.
    pub fn open(path: &Path) -> io::Result<Tree> {
        let path = path.canonicalize()?;
        Ok(Tree { dir: Dir::open_trusted(&path)?, path })
    }

    /// What is at a path, bytes and all.
    pub fn read(&self, path: &[u8]) -> io::Result<Node> {
        let path = text(path)?;
        let (file, stat) = match self.dir.open_file(path) {
            Ok(found) => found,
            Err(why) => return absent(why),
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let permissions = stat.st_mode & 0o7777;
        let executable = permissions & 0o100 != 0;
        let mode = if executable { GitMode::Executable } else { GitMode::Regular };
        Ok(Node::File { mode, permissions, bytes })
    }
}

/// Names are text: what is not is refused, not guessed at.
pub fn text(path: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(path)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a name that is not UTF-8"))
}

fn absent(why: io::Error) -> io::Result<Node> {
    match Errno::from_io_error(&why) {
        Some(Errno::NOENT) => Ok(Node::Nothing),
        Some(Errno::LOOP | Errno::XDEV) => Ok(Node::Other("a symlink, or beneath one")),
        Some(Errno::NOTDIR) => Ok(Node::Other("beneath a file")),
        Some(Errno::ISDIR | Errno::NXIO) => Ok(Node::Other("no regular file")),
        _ if why.kind() == io::ErrorKind::InvalidInput => Ok(Node::Other("no regular file")),
        _ => Err(why),
    }
}

/// Whether a file has this hash; without a hash: whether nothing is there.
pub fn digest_matches(node: &Node, sha256: Option<&str>) -> bool {
    match (node, sha256) {
        (Node::Nothing, None) => true,
        (Node::File { bytes, .. }, Some(sha256)) => digest_hex([bytes.as_slice()]) == sha256,
        _ => false,
    }
}
