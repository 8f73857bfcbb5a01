//! Host trees, and a plain picture of a tree that both sides can be turned into.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::TempDir;
use wp_codebox::contract::{ChangeSet, FileKind};
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

/// What a tree looks like: path relative to its root, raw bytes.
pub type Picture = BTreeMap<Vec<u8>, Node>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Dir { mode: u32 },
    File { mode: u32, bytes: Vec<u8> },
    Link { target: Vec<u8> },
}

/// An empty directory of the host.
pub fn host() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// A directory of the host with these files; parents are made. A path that ends in `/` is a
/// directory.
pub fn host_with(files: &[(&str, &str)]) -> TempDir {
    let dir = host();
    for (path, content) in files {
        put(dir.path(), path, content);
    }
    dir
}

pub fn put(root: &Path, path: &str, content: &str) {
    let full = root.join(path);
    if path.ends_with('/') {
        fs::create_dir_all(full).expect("a directory");
        return;
    }
    fs::create_dir_all(full.parent().expect("a parent")).expect("parents");
    fs::write(full, content).expect("a file");
}

/// A read-write mount of a host directory.
pub fn mount(target: &str, dir: &Path) -> Mount {
    Mount {
        target: target.into(),
        lower: Lower::HostDir(dir.into()),
        mode: MountMode::ReadWrite,
        immutable: false,
    }
}

/// A sandbox with `dir` at `/w`.
pub fn sandbox(dir: &Path) -> Vfs {
    Vfs::new(vec![mount("/w", dir)], VfsLimits::default()).expect("a filesystem")
}

/// A sandbox with nothing beneath it.
pub fn scratch() -> Vfs {
    Vfs::new(Vec::new(), VfsLimits::default()).expect("a filesystem")
}

/// Shorthands for the calls that tests make most.
pub trait Calls {
    fn open(&mut self, path: &str, flags: i32) -> VfsResult<Fd>;
    fn slurp(&mut self, path: &str) -> VfsResult<Vec<u8>>;
    fn spit(&mut self, path: &str, content: &str) -> VfsResult<()>;
    fn names(&mut self, path: &str) -> VfsResult<Vec<String>>;
    fn rename(&mut self, from: &str, to: &str) -> VfsResult<()>;
    fn unlink(&mut self, path: &str) -> VfsResult<()>;
    fn rmdir(&mut self, path: &str) -> VfsResult<()>;
    fn mkdir(&mut self, path: &str) -> VfsResult<()>;
    fn symlink(&mut self, target: &str, path: &str) -> VfsResult<()>;
    fn stat(&self, path: &str) -> VfsResult<Stat>;
    fn lstat(&self, path: &str) -> VfsResult<Stat>;
}

impl Calls for Vfs {
    fn open(&mut self, path: &str, flags: i32) -> VfsResult<Fd> {
        self.openat(AT_FDCWD, path.as_bytes(), flags, 0o644)
    }

    fn slurp(&mut self, path: &str) -> VfsResult<Vec<u8>> {
        let fd = self.open(path, O_RDONLY)?;
        let bytes = read_all(self, fd);
        self.close(fd)?;
        bytes
    }

    fn spit(&mut self, path: &str, content: &str) -> VfsResult<()> {
        let fd = self.open(path, O_WRONLY | O_CREAT | O_TRUNC)?;
        let written = self.write(fd, content.as_bytes());
        self.close(fd)?;
        written.map(|n| assert_eq!(n, content.len()))
    }

    fn names(&mut self, path: &str) -> VfsResult<Vec<String>> {
        let fd = self.open(path, O_RDONLY | O_DIRECTORY)?;
        let records = self.readdir(fd, usize::MAX);
        self.close(fd)?;
        let name = |e: DirEntry| String::from_utf8_lossy(&e.name).into_owned();
        Ok(records?.into_iter().map(name).filter(|n| n != "." && n != "..").collect())
    }

    fn rename(&mut self, from: &str, to: &str) -> VfsResult<()> {
        self.renameat(AT_FDCWD, from.as_bytes(), AT_FDCWD, to.as_bytes())
    }

    fn unlink(&mut self, path: &str) -> VfsResult<()> {
        self.unlinkat(AT_FDCWD, path.as_bytes())
    }

    fn rmdir(&mut self, path: &str) -> VfsResult<()> {
        self.rmdirat(AT_FDCWD, path.as_bytes())
    }

    fn mkdir(&mut self, path: &str) -> VfsResult<()> {
        self.mkdirat(AT_FDCWD, path.as_bytes(), 0o755)
    }

    fn symlink(&mut self, target: &str, path: &str) -> VfsResult<()> {
        self.symlinkat(target.as_bytes(), AT_FDCWD, path.as_bytes())
    }

    fn stat(&self, path: &str) -> VfsResult<Stat> {
        self.statat(AT_FDCWD, path.as_bytes(), true)
    }

    fn lstat(&self, path: &str) -> VfsResult<Stat> {
        self.statat(AT_FDCWD, path.as_bytes(), false)
    }
}

/// From the position to the end.
pub fn read_all(vfs: &mut Vfs, fd: Fd) -> VfsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buf = vec![0; 50_000];
    loop {
        match vfs.read(fd, &mut buf)? {
            0 => return Ok(bytes),
            n => bytes.extend_from_slice(&buf[..n]),
        }
    }
}

/// A host tree as it is.
pub fn picture_of_host(root: &Path) -> Picture {
    let mut picture = Picture::new();
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let entry = entry.expect("a readable tree");
        let relative = entry.path().strip_prefix(root).expect("beneath the root");
        let meta = entry.path().symlink_metadata().expect("metadata");
        let mode = meta.mode() & 0o7777;
        let node = if meta.is_dir() {
            Node::Dir { mode }
        } else if meta.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            Node::Link { target: target.into_os_string().into_vec() }
        } else {
            Node::File { mode, bytes: fs::read(entry.path()).expect("a file") }
        };
        picture.insert(relative.as_os_str().as_bytes().to_vec(), node);
    }
    picture
}

/// A guest tree as the guest sees it, through descriptors and calls of its own.
pub fn picture_of_guest(vfs: &mut Vfs, root: &str, skip: &[&str]) -> Picture {
    let mut picture = Picture::new();
    let mut pending = vec![Vec::new()];
    while let Some(dir) = pending.pop() {
        let path = |relative: &[u8]| [root.as_bytes(), b"/", relative].concat();
        let fd = vfs
            .openat(AT_FDCWD, &path(&dir), O_RDONLY | O_DIRECTORY, 0)
            .expect("a directory that was listed");
        let records = vfs.readdir(fd, usize::MAX).expect("a listing");
        vfs.close(fd).expect("an open descriptor");
        for record in records {
            if record.name == b"." || record.name == b".." {
                continue;
            }
            if dir.is_empty() && skip.iter().any(|s| s.as_bytes() == record.name) {
                continue;
            }
            let mut relative = dir.clone();
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(&record.name);
            let full = path(&relative);
            let stat = vfs.statat(AT_FDCWD, &full, false).expect("a file that was listed");
            assert_eq!(record.kind, dirent_kind(stat.mode), "the listing tells the kind");
            let mode = stat.mode & 0o7777;
            let node = match stat.mode & S_IFMT {
                S_IFDIR => {
                    pending.push(relative.clone());
                    Node::Dir { mode }
                }
                S_IFLNK => {
                    let target = vfs.readlinkat(AT_FDCWD, &full).expect("a link");
                    Node::Link { target }
                }
                _ => {
                    let fd = vfs.openat(AT_FDCWD, &full, O_RDONLY, 0).expect("a file");
                    let bytes = read_all(vfs, fd).expect("its content");
                    vfs.close(fd).expect("an open descriptor");
                    assert_eq!(bytes.len() as u64, stat.size);
                    Node::File { mode, bytes }
                }
            };
            assert!(picture.insert(relative, node).is_none(), "listed twice");
        }
    }
    picture
}

/// `before` with the changes applied. Panics if a change does not fit what is there.
pub fn apply(before: &Picture, set: &ChangeSet) -> Picture {
    let mut after = before.clone();
    assert!(set.changes.is_sorted_by(|a, b| a.path < b.path), "sorted, each path once");
    for change in &set.changes {
        let node = |state: &wp_codebox::contract::FileState| {
            let bytes = state.content.bytes().expect("readable content");
            if state.kind != FileKind::Directory {
                assert_eq!(bytes.len() as u64, state.size);
            }
            match state.kind {
                FileKind::Regular => Node::File { mode: state.mode, bytes },
                FileKind::Symlink => Node::Link { target: bytes },
                FileKind::Directory => Node::Dir { mode: state.mode },
            }
        };
        let was = change.before.as_ref().map(node);
        let is = change.after.as_ref().map(node);
        assert_ne!(was, is, "{change:?} changes nothing");
        let path = change.path.clone();
        let there = match is {
            Some(node) => after.insert(path, node),
            None => after.remove(&path),
        };
        assert_eq!(there, was, "{:?}", String::from_utf8_lossy(&change.path));
    }
    after
}

/// Paths of a set, with what happened: `+` came, `-` went, `~` differs.
pub fn told(set: &ChangeSet) -> Vec<String> {
    let line = |c: &wp_codebox::contract::Change| {
        let what = match (&c.before, &c.after) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        format!("{what}{}", String::from_utf8_lossy(&c.path))
    };
    set.changes.iter().map(line).collect()
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}
