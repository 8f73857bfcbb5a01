//! Copying a bundle's directory: plain files and directories only, bounded.

use crate::artifact::confined::{Dir, MAX_BUNDLE_BYTES, MAX_DEPTH};
use rustix::fs::FileType;
use std::io;

const MAX_ENTRIES: usize = 50_000;

/// Why a tree is not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A symlink, a special file, or a file with another name somewhere.
    #[error("{0} is not a plain file of its own")]
    Unsafe(String),
    /// More files, bytes or levels than a bundle has.
    #[error("it is larger than any bundle")]
    TooLarge,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Copies everything in `from` into `to`, which is empty.
pub fn copy(from: &Dir, to: &Dir) -> Result<(), CopyError> {
    Copy { entries: 0, bytes: 0 }.directory(from, to, "", 0)
}

struct Copy {
    entries: usize,
    bytes: u64,
}

impl Copy {
    fn directory(&mut self, from: &Dir, to: &Dir, at: &str, depth: usize) -> Result<(), CopyError> {
        for entry in from.entries()? {
            self.entries += 1;
            if self.entries > MAX_ENTRIES || depth > MAX_DEPTH {
                return Err(CopyError::TooLarge);
            }
            let shown = format!("{at}{}", entry.name.to_string_lossy());
            let name = entry.name.to_str().map_err(|_| CopyError::Unsafe(shown.clone()))?;
            match entry.kind {
                FileType::Directory => {
                    to.create_dir(name)?;
                    let (inner, made) = (from.open_dir(name)?, to.open_dir(name)?);
                    self.directory(&inner, &made, &format!("{shown}/"), depth + 1)?;
                }
                FileType::RegularFile => self.file(from, to, name, shown)?,
                _ => return Err(CopyError::Unsafe(shown)),
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Dir, to: &Dir, name: &str, shown: String) -> Result<(), CopyError> {
        // Between the listing and this a symlink may have taken the name; it is not followed.
        let (file, stat) = from.open_file(name).map_err(|_| CopyError::Unsafe(shown.clone()))?;
        if stat.st_nlink > 1 {
            return Err(CopyError::Unsafe(shown));
        }
        let left = MAX_BUNDLE_BYTES - self.bytes;
        if stat.st_size as u64 > left {
            return Err(CopyError::TooLarge);
        }
        let mut limited = io::Read::take(file, left + 1);
        let copied = io::copy(&mut limited, &mut to.create_file(name)?)?;
        if copied > left {
            return Err(CopyError::TooLarge);
        }
        self.bytes += copied;
        Ok(())
    }
}
