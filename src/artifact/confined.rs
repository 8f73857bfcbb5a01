//! A directory that paths cannot leave: every step is taken relative to an open descriptor and
//! follows no symlink.

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What we make is the operator's alone.
const DIRECTORY_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How deep a copy or a listing goes before it calls the tree hostile. A removal goes to the bottom.
pub const MAX_DEPTH: usize = 64;

/// No bundle has more bytes: what claims to is hostile, and is not read to its end.
pub const MAX_BUNDLE_BYTES: u64 = 2 << 30;

/// An open directory.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
}

/// A name in a directory and what it names, symlinks not followed.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: CString,
    pub kind: FileType,
}

impl Dir {
    /// Opens a directory by a path that the operator gave: its symlinks are followed.
    pub fn open_trusted(path: &Path) -> io::Result<Dir> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Dir { fd: fs::open(path, flags, Mode::empty())? })
    }

    /// Opens the directory at `path` (`/` between segments).
    pub fn open_dir(&self, path: &str) -> io::Result<Dir> {
        let fd = self.open_at(path, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?;
        Ok(Dir { fd })
    }

    pub fn open_dir_c(&self, name: &CStr) -> io::Result<Dir> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Dir { fd: fs::openat(&self.fd, name, flags, Mode::empty())? })
    }

    /// Opens the file at `path` for reading. What is not a regular file is refused with
    /// `InvalidInput`; it is never waited for.
    pub fn open_file(&self, path: &str) -> io::Result<(File, Stat)> {
        let fd = self.open_at(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
        let stat = fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok((File::from(fd), stat))
    }

    /// All bytes of a file; `FileTooLarge` beyond `limit`.
    pub fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let (file, stat) = self.open_file(path)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let mut bytes = Vec::with_capacity(size.min(limit) as usize);
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes)
    }

    /// Creates a file that must not exist yet. Its directory must.
    pub fn create_file(&self, path: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        Ok(File::from(self.open_at(path, flags, FILE_MODE)?))
    }

    /// Creates one directory that must not exist yet.
    pub fn create_dir(&self, name: &str) -> io::Result<()> {
        Ok(fs::mkdirat(&self.fd, name, DIRECTORY_MODE)?)
    }

    /// Creates every directory above `path` that is missing.
    pub fn create_parents(&self, path: &str) -> io::Result<()> {
        let mut at = 0;
        while let Some(slash) = path[at..].find('/') {
            at += slash;
            match fs::mkdirat(&self.fd, &path[..at], DIRECTORY_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
            at += 1;
        }
        Ok(())
    }

    /// `None` if nothing is there. The last segment is not followed; those before it are, so use
    /// it only on directories that are known to be real, or for one segment.
    pub fn stat(&self, path: impl rustix::path::Arg) -> io::Result<Option<Stat>> {
        match fs::statat(&self.fd, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Every name but `.` and `..`, in the order of the directory.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match self.stat(name)? {
                    Some(stat) => FileType::from_raw_mode(stat.st_mode),
                    None => continue,
                },
                known => known,
            };
            entries.push(Entry { name: name.to_owned(), kind });
        }
        Ok(entries)
    }

    /// Moves a name within the directory. An existing file or non-empty directory of the new name
    /// is an error (`AlreadyExists` or `DirectoryNotEmpty`) for directories.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Moves a name into another directory.
    pub fn rename_into(&self, from: &str, dir: &Dir, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.fd, from, &dir.fd, to)?)
    }

    /// Gives each of two names what the other has, in one step.
    pub fn exchange(&self, one: &str, other: &str) -> io::Result<()> {
        Ok(fs::renameat_with(&self.fd, one, &self.fd, other, fs::RenameFlags::EXCHANGE)?)
    }

    /// Gives a name here and one in another directory each what the other has, in one step.
    pub fn exchange_with(&self, one: &str, dir: &Dir, other: &str) -> io::Result<()> {
        Ok(fs::renameat_with(&self.fd, one, &dir.fd, other, fs::RenameFlags::EXCHANGE)?)
    }

    /// Moves a name into another directory, where it must not exist yet.
    pub fn rename_new(&self, from: &str, dir: &Dir, to: &str) -> io::Result<()> {
        match fs::renameat_with(&self.fd, from, &dir.fd, to, fs::RenameFlags::NOREPLACE) {
            // Some file systems do not know how; a name that is made in between is then replaced.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => match dir.stat(to)? {
                Some(_) => Err(Errno::EXIST.into()),
                None => self.rename_into(from, dir, to),
            },
            result => Ok(result?),
        }
    }

    /// Creates one directory for everybody to read, as far as the process lets them.
    pub fn create_open_dir(&self, name: &str) -> io::Result<()> {
        Ok(fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755))?)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }

    pub fn remove_file(&self, name: impl rustix::path::Arg) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes a name and everything beneath it, however deep that goes. Symlinks are removed, not
    /// followed.
    pub fn remove_all(&self, name: &CStr) -> io::Result<()> {
        if self.remove_plain(name)? {
            return Ok(());
        }
        let top = self.open_dir_c(name)?;
        // What lies deeper is moved up to the top, so two descriptors do for any depth.
        let mut left: Vec<CString> = top.entries()?.into_iter().map(|entry| entry.name).collect();
        let mut moved = 0u64;
        while let Some(outer) = left.pop() {
            if top.remove_plain(&outer)? {
                continue;
            }
            let dir = top.open_dir_c(&outer)?;
            for inner in dir.entries()? {
                if !dir.remove_plain(&inner.name)? {
                    left.push(dir.move_up(&inner.name, &top, &mut moved)?);
                }
            }
            drop(dir);
            top.remove_plain(&outer)?;
        }
        drop(top);
        match self.remove_plain(name)? {
            true => Ok(()),
            false => Err(Errno::NOTEMPTY.into()),
        }
    }

    /// Whether a name is gone: all but a directory with something in it can be removed at once.
    fn remove_plain(&self, name: &CStr) -> io::Result<bool> {
        match fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(true),
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(e) => return Err(e.into()),
        }
        match fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Moves a directory to a name in `top` that is free, or was an empty directory's.
    fn move_up(&self, name: &CStr, top: &Dir, moved: &mut u64) -> io::Result<CString> {
        loop {
            *moved += 1;
            let to = CString::new(format!("moved-{moved}")).expect("the name has no NUL");
            match fs::renameat(&self.fd, name, &top.fd, &to) {
                Ok(()) => return Ok(to),
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Takes the directory's own lock if nobody has it. It is free again when the `Dir` is dropped
    /// or its process dies.
    pub fn try_lock(&self) -> io::Result<bool> {
        match fs::flock(&self.fd, fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Puts the names in this directory on the disk.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    /// Puts everything that was written to this file system on the disk. One barrier for all files
    /// of a bundle: many times faster than one for each.
    pub fn sync_file_system(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.fd)?)
    }

    fn open_at(&self, path: &str, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match fs::openat2(&self.fd, path, flags, mode, resolve) {
            // Kernels before 5.6, and seccomp filters that do not know it.
            Err(Errno::NOSYS | Errno::PERM) => self.open_stepwise(path, flags, mode),
            result => Ok(result?),
        }
    }

    fn open_stepwise(&self, path: &str, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let mut held: Option<OwnedFd> = None;
        let mut rest = path;
        loop {
            let (segment, later) = match rest.split_once('/') {
                Some((segment, later)) => (segment, Some(later)),
                None => (rest, None),
            };
            if matches!(segment, "" | "." | "..") {
                return Err(Errno::XDEV.into());
            }
            let at: BorrowedFd<'_> = held.as_ref().map_or(self.fd.as_fd(), |fd| fd.as_fd());
            let Some(later) = later else {
                return Ok(fs::openat(at, segment, flags, mode)?);
            };
            let step = OFlags::DIRECTORY | OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            held = Some(fs::openat(at, segment, step, Mode::empty())?);
            rest = later;
        }
    }
}
