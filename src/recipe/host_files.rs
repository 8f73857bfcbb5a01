//! Files and directories beside a recipe that become content of its sandbox.
//!
//! Invariant: nothing outside the recipe's directory is read, no symlink is followed, and no more
//! than the bounds say is ever in memory.

use crate::artifact::confined::{Dir, MAX_DEPTH};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Bytes of all files together.
pub const MAX_BYTES: u64 = 100 << 20;
/// Files of all directories together.
pub const MAX_FILES: usize = 5_000;

/// A file of a directory, its path relative to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    pub path: String,
    pub bytes: Arc<[u8]>,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostFileError {
    /// The recipe came without a directory. Save it to a file.
    #[error("the recipe is not a file, so nothing lies beside it")]
    NoBase,
    /// The path leads elsewhere. Use one beneath the recipe's directory, without `..`.
    #[error("the path must be relative, without `..`, and lead to nothing outside the recipe's directory")]
    Outside,
    /// There is no such file.
    #[error("there is no such file beside the recipe")]
    Missing,
    /// A symlink, a device or a socket. Use files and directories.
    #[error("it is neither a file nor a directory, or a symbolic link leads to it: {0:?}")]
    Special(String),
    /// A name that cannot be told in JSON. Rename the file.
    #[error("a name in it is not UTF-8")]
    Name,
    /// More than a recipe may bring. Mount the directory instead.
    #[error("the recipe's files are larger than {} MiB together", MAX_BYTES >> 20)]
    TooLarge,
    /// More than a recipe may bring. Mount the directory instead.
    #[error("the recipe's directories have more than {MAX_FILES} files, or are too deep")]
    TooMany,
    /// The disk, or permissions.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
}

/// The directory of a recipe, and how much may still be read from it.
pub struct HostFiles<'a> {
    base: Option<&'a Path>,
    bytes_left: u64,
    files_left: usize,
}

/// What lies at a path.
pub enum Found {
    File(Arc<[u8]>),
    Directory(Vec<TreeFile>),
}

impl<'a> HostFiles<'a> {
    /// `base`: the directory that the recipe's file is in.
    pub fn beside(base: Option<&'a Path>) -> HostFiles<'a> {
        HostFiles { base, bytes_left: MAX_BYTES, files_left: MAX_FILES }
    }

    /// Reads a file, or a directory with everything beneath it.
    pub fn read(&mut self, path: &str) -> Result<Found, HostFileError> {
        let base = self.base.ok_or(HostFileError::NoBase)?;
        let path = plain(path).ok_or(HostFileError::Outside)?;
        let root = Dir::open_trusted(base).map_err(HostFileError::Read)?;
        match root.open_dir(path) {
            Ok(directory) => {
                let mut files = Vec::new();
                self.walk(&directory, "", 0, &mut files)?;
                Ok(Found::Directory(files))
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                self.file(&root, path, path).map(Found::File)
            }
            Err(error) => Err(told(error, path)),
        }
    }

    /// Takes text that stands in the recipe itself out of the same bounds.
    pub fn literal(&mut self, text: String) -> Result<Arc<[u8]>, HostFileError> {
        self.spend(text.len() as u64)?;
        Ok(text.into_bytes().into())
    }

    fn spend(&mut self, bytes: u64) -> Result<(), HostFileError> {
        self.files_left = self.files_left.checked_sub(1).ok_or(HostFileError::TooMany)?;
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(HostFileError::TooLarge)?;
        Ok(())
    }

    fn file(&mut self, directory: &Dir, name: &str, shown: &str) -> Result<Arc<[u8]>, HostFileError> {
        let bytes = directory.read(name, self.bytes_left).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => HostFileError::TooLarge,
            _ => told(error, shown),
        })?;
        self.spend(bytes.len() as u64)?;
        Ok(bytes.into())
    }

    fn walk(
        &mut self,
        directory: &Dir,
        prefix: &str,
        depth: usize,
        files: &mut Vec<TreeFile>,
    ) -> Result<(), HostFileError> {
        if depth == MAX_DEPTH {
            return Err(HostFileError::TooMany);
        }
        let mut entries = directory.entries().map_err(HostFileError::Read)?;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in entries {
            let name = entry.name.to_str().map_err(|_| HostFileError::Name)?;
            // The history of the recipe's repository is no content of a site.
            if name == ".git" {
                continue;
            }
            let path = format!("{prefix}{name}");
            match entry.kind {
                FileType::Directory => {
                    let inner = directory.open_dir_c(&entry.name).map_err(HostFileError::Read)?;
                    self.walk(&inner, &format!("{path}/"), depth + 1, files)?;
                }
                FileType::RegularFile => {
                    let bytes = self.file(directory, name, &path)?;
                    files.push(TreeFile { path, bytes });
                }
                _ => return Err(HostFileError::Special(path)),
            }
        }
        Ok(())
    }
}

/// The path without `./` and `//`. `None`: it is absolute, or has `..` or a NUL in it.
fn plain(path: &str) -> Option<&str> {
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    let fits = path.len() <= 4096
        && !path.contains('\0')
        && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    fits.then_some(path)
}

fn told(error: io::Error, path: &str) -> HostFileError {
    match error.kind() {
        _ if Errno::from_io_error(&error) == Some(Errno::LOOP) => HostFileError::Special(path.to_owned()),
        io::ErrorKind::NotFound => HostFileError::Missing,
        io::ErrorKind::InvalidInput => HostFileError::Special(path.to_owned()),
        io::ErrorKind::CrossesDevices => HostFileError::Outside,
        _ => HostFileError::Read(error),
    }
}
