//! Opening beneath a directory without following anything.

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Opens `path` beneath `root`. `path` is relative, not empty, without `.` and `..` segments.
/// A symbolic link anywhere on the way is `ELOOP`; as the last segment it is opened itself if
/// `flags` has `O_PATH`.
pub fn open_beneath(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    const RESOLVE: ResolveFlags =
        ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        match openat2(root, path, flags, Mode::empty(), RESOLVE) {
            // A rename elsewhere in the host raced with the resolution.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Kernels before 5.6, and seccomp filters that do not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return walk_beneath(root, path, flags),
            other => return other,
        }
    }
}

/// Opens an absolute path that holds no symbolic link: whoever named it has resolved them, and one
/// that stands there now was put there since.
pub fn open_resolved(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let Some(rest) = path.as_os_str().as_bytes().strip_prefix(b"/") else { return Err(Errno::INVAL) };
    let slash = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    if rest.is_empty() {
        return Ok(slash);
    }
    open_beneath(slash.as_fd(), rest, flags)
}

/// [`open_beneath`] with one `openat` a segment.
pub fn walk_beneath(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut segments = path.split(|b| *b == b'/').filter(|s| !s.is_empty()).peekable();
    let mut held: Option<OwnedFd> = None;
    while let Some(segment) = segments.next() {
        if segment == b"." || segment == b".." {
            return Err(Errno::XDEV);
        }
        let dir = held.as_ref().map_or(root, |fd| {
            use std::os::fd::AsFd;
            fd.as_fd()
        });
        if segments.peek().is_none() {
            return openat(dir, segment, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        }
        let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let next = openat(dir, segment, step, Mode::empty())?;
        match FileType::from_raw_mode(fstat(&next)?.st_mode) {
            FileType::Directory => held = Some(next),
            FileType::Symlink => return Err(Errno::LOOP),
            _ => return Err(Errno::NOTDIR),
        }
    }
    Err(Errno::NOENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    /// The fallback and the kernel's own resolution must answer alike.
    #[test]
    fn the_fallback_agrees_with_openat2() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(dir.path().join("a/b")).expect("directories");
        fs::write(dir.path().join("a/b/file"), b"x").expect("a file");
        symlink("b", dir.path().join("a/link")).expect("a link");
        symlink("/etc/passwd", dir.path().join("a/b/out")).expect("a link");
        let root = fs::File::open(dir.path()).expect("the directory");
        for flags in [OFlags::PATH, OFlags::RDONLY, OFlags::RDONLY | OFlags::DIRECTORY] {
            for path in
                ["a", "a/b", "a/b/file", "a/link", "a/link/file", "a/b/out", "none", "a/none/x", "a/b/file/x"]
            {
                let fast = open_beneath(root.as_fd(), path.as_bytes(), flags).map(|fd| ino(&fd));
                let slow = walk_beneath(root.as_fd(), path.as_bytes(), flags).map(|fd| ino(&fd));
                // With O_DIRECTORY the two differ in how they name a link in the last place.
                if flags.contains(OFlags::DIRECTORY) && fast.is_err() {
                    assert!(slow.is_err(), "{path} {flags:?}");
                } else {
                    assert_eq!(fast, slow, "{path} {flags:?}");
                }
            }
        }
        for path in ["../x", "a/../../x", "/etc"] {
            assert!(open_beneath(root.as_fd(), path.as_bytes(), OFlags::PATH).is_err(), "{path}");
        }
    }

    fn ino(fd: &OwnedFd) -> u64 {
        fstat(fd).expect("an open descriptor").st_ino
    }
}
