//! A plan of calls, carried out on the overlay over a lower tree and on a real copy of that tree by
//! the kernel: `plans.rs` makes random ones, the fuzz targets those that they are led to. Every
//! answer must agree; at the end both trees must, and the changes that the overlay tells must turn
//! the one it began with into the one it ended with.
//!
//! The kernel's side resolves paths with `RESOLVE_IN_ROOT`, so that absolute links and `..` mean
//! the same on both.

use super::support::*;
use rustix::fs::{AtFlags, FallocateFlags, Mode, OFlags, ResolveFlags, SeekFrom};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

/// Descriptors that a plan works with.
pub const SLOTS: usize = 2;

/// What the overlay's root has and the copy has not.
const OWN: &[&str] = &["dev", "request", "tmp"];

/// A path of a plan. Most are picked from what is there when their turn comes: random ones rarely
/// meet anything.
#[derive(Debug, Clone)]
pub enum Pick {
    /// The nth of what is there, with what is appended.
    There(usize, &'static str),
    /// A name in the nth directory.
    In(usize, String),
    Any(String),
}

#[derive(Debug, Clone)]
pub enum Op<P = String> {
    Open {
        slot: usize,
        path: P,
        flags: i32,
        mode: u32,
    },
    Close(usize),
    Read(usize, usize),
    Write(usize, usize, u8),
    Pread(usize, usize, u64),
    Pwrite(usize, usize, u64, u8),
    Seek(usize, i64, i32),
    Ftruncate(usize, u64),
    Fallocate(usize, u64, u64),
    Fstat(usize),
    Fchmod(usize, u32),
    List(P),
    Stat(P, bool),
    Readlink(P),
    Access(P, i32),
    Chmod(P, u32),
    Truncate(P, u64),
    Mkdir(P, u32),
    Rmdir(P),
    Unlink(P),
    Rename(P, P),
    Symlink(String, P),
    Link(P, P),
    /// Save and restore the overlay in between.
    Reload,
    /// Go on with a clone; the one left behind must not change any more.
    Fork,
    /// What is there now is the base of the changes.
    Base,
}

#[derive(Debug, Clone)]
pub enum Seed {
    Dir(String),
    File(String, usize, u32),
    Link(String, String),
}

/// Makes the tree as far as the seeds fit together.
fn plant(root: &Path, seeds: &[Seed]) {
    for seed in seeds {
        let (path, _) = match seed {
            Seed::Dir(p) | Seed::File(p, ..) | Seed::Link(p, _) => (p, ()),
        };
        // No component may be a link: the tree stays inside.
        let mut at = root.to_path_buf();
        let mut fits = true;
        for part in Path::new(path).parent().expect("relative").components() {
            at.push(part);
            fits &= !at.is_symlink() && (at.is_dir() || fs::create_dir(&at).is_ok());
        }
        let full = root.join(path);
        if !fits || full.symlink_metadata().is_ok() {
            continue;
        }
        match seed {
            Seed::Dir(_) => fs::create_dir(&full).expect("a directory"),
            Seed::File(_, size, mode) => {
                let bytes: Vec<u8> = (0..*size).map(|i| (i / 7) as u8).collect();
                fs::write(&full, bytes).expect("a file");
                chmod(&full, *mode);
            }
            Seed::Link(_, target) => symlink(target, &full).expect("a link"),
        }
    }
}

/// The kernel, confined to a directory.
struct Real {
    root: OwnedFd,
    slots: [Option<OwnedFd>; SLOTS],
}

type Answer = Result<String, Errno>;

pub fn last_of(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    let at = trimmed.rfind('/').map_or(0, |n| n + 1);
    (&path[..at], &trimmed[at..])
}

impl Real {
    fn open(&self, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, rustix::io::Errno> {
        loop {
            match rustix::fs::openat2(&self.root, path, flags | OFlags::CLOEXEC, mode, ResolveFlags::IN_ROOT)
            {
                // A rename anywhere in the system raced with a `..`.
                Err(rustix::io::Errno::AGAIN) => {}
                other => return other,
            }
        }
    }

    /// The directory of a path and the rest, with its slash.
    fn parent<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str), rustix::io::Errno> {
        let (dir, name) = last_of(path);
        let dir = if dir.is_empty() { "/" } else { dir };
        let fd = self.open(dir, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        let slashes = path.len() - path.trim_end_matches('/').len();
        Ok((fd, &path[path.len() - slashes - name.len()..]))
    }

    fn slot(&self, slot: usize) -> Result<&OwnedFd, rustix::io::Errno> {
        self.slots[slot].as_ref().ok_or(rustix::io::Errno::BADF)
    }

    fn run(&mut self, op: &Op) -> Answer {
        self.call(op).map_err(Errno::from)
    }

    fn call(&mut self, op: &Op) -> Result<String, rustix::io::Errno> {
        match op {
            Op::Open { slot, path, flags, mode } => {
                let mode = if flags & O_CREAT != 0 { Mode::from_raw_mode(*mode) } else { Mode::empty() };
                self.slots[*slot] = Some(self.open(path, host_flags(*flags), mode)?);
                Ok(String::new())
            }
            Op::Close(slot) => {
                self.slots[*slot].take().ok_or(rustix::io::Errno::BADF)?;
                Ok(String::new())
            }
            Op::Read(slot, n) => {
                let mut buf = vec![0; *n];
                let n = rustix::io::read(self.slot(*slot)?, &mut buf[..])?;
                Ok(digest(&buf[..n]))
            }
            Op::Write(slot, n, byte) => {
                Ok(rustix::io::write(self.slot(*slot)?, &vec![*byte; *n])?.to_string())
            }
            Op::Pread(slot, n, at) => {
                let mut buf = vec![0; *n];
                let n = rustix::io::pread(self.slot(*slot)?, &mut buf[..], *at)?;
                Ok(digest(&buf[..n]))
            }
            Op::Pwrite(slot, n, at, byte) => {
                Ok(rustix::io::pwrite(self.slot(*slot)?, &vec![*byte; *n], *at)?.to_string())
            }
            Op::Seek(slot, at, whence) => {
                let fd = self.slot(*slot)?;
                if rustix::fs::fstat(fd)?.st_mode & S_IFMT == S_IFDIR {
                    return Err(rustix::io::Errno::ISDIR);
                }
                let to = match *whence {
                    SEEK_SET if *at < 0 => return Err(rustix::io::Errno::INVAL),
                    SEEK_SET => SeekFrom::Start(*at as u64),
                    SEEK_CUR => SeekFrom::Current(*at),
                    _ => SeekFrom::End(*at),
                };
                Ok(rustix::fs::seek(fd, to)?.to_string())
            }
            Op::Ftruncate(slot, n) => rustix::fs::ftruncate(self.slot(*slot)?, *n).map(done),
            Op::Fallocate(slot, at, n) => {
                rustix::fs::fallocate(self.slot(*slot)?, FallocateFlags::empty(), *at, *n).map(done)
            }
            Op::Fstat(slot) => Ok(host_stat(&rustix::fs::fstat(self.slot(*slot)?)?)),
            Op::Fchmod(slot, mode) => {
                rustix::fs::fchmod(self.slot(*slot)?, Mode::from_raw_mode(*mode)).map(done)
            }
            Op::List(path) => {
                let fd = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
                let mut names = Vec::new();
                for entry in rustix::fs::Dir::new(fd)? {
                    let entry = entry?;
                    names.push((
                        entry.file_name().to_bytes().to_vec(),
                        dirent_kind(entry.file_type().as_raw_mode()),
                    ));
                }
                names.sort();
                Ok(format!("{names:?}"))
            }
            Op::Stat(path, follow) => {
                let nofollow = if *follow { OFlags::empty() } else { OFlags::NOFOLLOW };
                let fd = self.open(path, OFlags::PATH | nofollow, Mode::empty())?;
                Ok(host_stat(&rustix::fs::statat(&fd, "", AtFlags::EMPTY_PATH)?))
            }
            Op::Readlink(path) => {
                let fd = self.open(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
                let kind = rustix::fs::fstat(&fd)?.st_mode & S_IFMT;
                if kind != S_IFLNK {
                    return Err(rustix::io::Errno::INVAL);
                }
                Ok(format!("{:?}", rustix::fs::readlinkat(&fd, "", Vec::new())?))
            }
            Op::Access(path, amode) => {
                let fd = self.open(path, OFlags::PATH, Mode::empty())?;
                let mode = rustix::fs::fstat(&fd)?.st_mode;
                // Done by hand: the file's owner is asked, not whoever runs the test.
                if amode & X_OK != 0 && mode & S_IFMT != S_IFDIR && mode & 0o111 == 0 {
                    return Err(rustix::io::Errno::ACCESS);
                }
                Ok(String::new())
            }
            Op::Chmod(path, mode) => {
                let fd = self.open(path, OFlags::PATH, Mode::empty())?;
                let handle = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd.as_fd()));
                rustix::fs::chmod(handle, Mode::from_raw_mode(*mode)).map(done)
            }
            Op::Truncate(path, n) => {
                let fd = self.open(path, OFlags::WRONLY, Mode::empty())?;
                rustix::fs::ftruncate(fd, *n).map(done)
            }
            Op::Mkdir(path, mode) => {
                let (dir, name) = self.parent(path)?;
                rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(*mode)).map(done)
            }
            Op::Rmdir(path) => {
                let (dir, name) = self.parent(path)?;
                rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR).map(done)
            }
            Op::Unlink(path) => {
                let (dir, name) = self.parent(path)?;
                rustix::fs::unlinkat(dir, name, AtFlags::empty()).map(done)
            }
            Op::Rename(from, to) => {
                let (from, from_name) = self.parent(from)?;
                let (to, to_name) = self.parent(to)?;
                rustix::fs::renameat(from, from_name, to, to_name).map(done)
            }
            Op::Symlink(target, path) => {
                let (dir, name) = self.parent(path)?;
                rustix::fs::symlinkat(target.as_str(), dir, name).map(done)
            }
            Op::Link(from, to) => {
                // Through the descriptor, so that a slash after a link is followed within the root.
                let file = self.open(from, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
                let (to, to_name) = self.parent(to)?;
                if from.ends_with('/') || rustix::fs::fstat(&file)?.st_mode & S_IFMT == S_IFDIR {
                    // A directory: whatever the order of the checks, nothing is made.
                    let (dir, name) = self.parent(from)?;
                    rustix::fs::linkat(dir, name.trim_end_matches('/'), &to, to_name, AtFlags::empty())?;
                    // Without its slash it was a link, which has a second name now.
                    rustix::fs::unlinkat(to, to_name, AtFlags::empty())?;
                    return Err(rustix::io::Errno::PERM);
                }
                let (dir, name) = self.parent(from)?;
                rustix::fs::linkat(dir, name, to, to_name, AtFlags::empty()).map(done)
            }
            Op::Reload | Op::Fork | Op::Base => Ok(String::new()),
        }
    }
}

/// The overlay's side of a plan.
struct Guest {
    vfs: Vfs,
    slots: [Option<Fd>; SLOTS],
}

impl Guest {
    fn slot(&self, slot: usize) -> VfsResult<Fd> {
        self.slots[slot].ok_or(Errno::EBADF)
    }

    fn run(&mut self, op: &Op) -> Answer {
        let at = AT_FDCWD;
        let vfs = &mut self.vfs;
        match op {
            Op::Open { slot, path, flags, mode } => {
                let fd = vfs.openat(at, path.as_bytes(), *flags, *mode)?;
                if let Some(before) = self.slots[*slot].replace(fd) {
                    vfs.close(before)?;
                }
                Ok(String::new())
            }
            Op::Close(slot) => {
                let fd = self.slots[*slot].take().ok_or(Errno::EBADF)?;
                vfs.close(fd).map(done)
            }
            Op::Read(slot, n) => {
                let mut buf = vec![0; *n];
                let n = self.vfs.read(self.slot(*slot)?, &mut buf)?;
                Ok(digest(&buf[..n]))
            }
            Op::Write(slot, n, byte) => {
                let fd = self.slot(*slot)?;
                Ok(self.vfs.write(fd, &vec![*byte; *n])?.to_string())
            }
            Op::Pread(slot, n, at) => {
                let mut buf = vec![0; *n];
                let fd = self.slot(*slot)?;
                let n = self.vfs.pread(fd, &mut buf, *at)?;
                Ok(digest(&buf[..n]))
            }
            Op::Pwrite(slot, n, at, byte) => {
                let fd = self.slot(*slot)?;
                Ok(self.vfs.pwrite(fd, &vec![*byte; *n], *at)?.to_string())
            }
            Op::Seek(slot, at, whence) => {
                let fd = self.slot(*slot)?;
                // Positions in a directory are each filesystem's own.
                if self.vfs.kind(fd)? == FdKind::Dir {
                    return Err(Errno::EISDIR);
                }
                Ok(self.vfs.seek(fd, *at, *whence)?.to_string())
            }
            Op::Ftruncate(slot, n) => {
                let fd = self.slot(*slot)?;
                self.vfs.ftruncate(fd, *n).map(done)
            }
            Op::Fallocate(slot, at, n) => {
                let fd = self.slot(*slot)?;
                self.vfs.fallocate(fd, *at, *n).map(done)
            }
            Op::Fstat(slot) => Ok(guest_stat(&self.vfs.fstat(self.slot(*slot)?)?)),
            Op::Fchmod(slot, mode) => {
                let fd = self.slot(*slot)?;
                self.vfs.fchmod(fd, *mode).map(done)
            }
            Op::List(path) => {
                let fd = vfs.openat(at, path.as_bytes(), O_RDONLY | O_DIRECTORY, 0)?;
                let records = vfs.readdir(fd, usize::MAX);
                let is_root = vfs.host_dir_path(fd)? == b"/";
                vfs.close(fd)?;
                let own = |name: &[u8]| is_root && OWN.iter().any(|own| own.as_bytes() == name);
                let mut names: Vec<_> =
                    records?.into_iter().filter(|e| !own(&e.name)).map(|e| (e.name, e.kind)).collect();
                names.sort();
                Ok(format!("{names:?}"))
            }
            Op::Stat(path, follow) => Ok(guest_stat(&vfs.statat(at, path.as_bytes(), *follow)?)),
            Op::Readlink(path) => {
                let target = vfs.readlinkat(at, path.as_bytes())?;
                Ok(format!("{:?}", std::ffi::CString::new(target).expect("no NUL")))
            }
            Op::Access(path, amode) => vfs.accessat(at, path.as_bytes(), *amode).map(done),
            Op::Chmod(path, mode) => vfs.chmodat(at, path.as_bytes(), *mode, true).map(done),
            Op::Truncate(path, n) => vfs.truncateat(at, path.as_bytes(), *n).map(done),
            Op::Mkdir(path, mode) => vfs.mkdirat(at, path.as_bytes(), *mode).map(done),
            Op::Rmdir(path) => vfs.rmdirat(at, path.as_bytes()).map(done),
            Op::Unlink(path) => vfs.unlinkat(at, path.as_bytes()).map(done),
            Op::Rename(from, to) => vfs.renameat(at, from.as_bytes(), at, to.as_bytes()).map(done),
            Op::Symlink(target, path) => vfs.symlinkat(target.as_bytes(), at, path.as_bytes()).map(done),
            Op::Link(from, to) => vfs.linkat(at, from.as_bytes(), at, to.as_bytes(), false).map(done),
            Op::Reload | Op::Fork | Op::Base => Ok(String::new()),
        }
    }
}

fn done(_: ()) -> String {
    String::new()
}

/// Length and a sum: enough to tell contents apart, and short in a failure.
fn digest(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(7u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
    format!("{} bytes, {sum:x}", bytes.len())
}

fn host_stat(s: &rustix::fs::Stat) -> String {
    shown(s.st_mode, s.st_size as u64, s.st_nlink)
}

fn guest_stat(s: &Stat) -> String {
    shown(s.mode, s.size, u64::from(s.nlink))
}

/// Sizes and link counts of directories are each filesystem's own.
fn shown(mode: u32, size: u64, nlink: u64) -> String {
    if mode & S_IFMT == S_IFDIR { format!("{mode:o}") } else { format!("{mode:o} {size} {nlink}") }
}

fn host_flags(flags: i32) -> OFlags {
    let table = [
        (O_WRONLY, OFlags::WRONLY),
        (O_RDWR, OFlags::RDWR),
        (O_CREAT, OFlags::CREATE),
        (O_EXCL, OFlags::EXCL),
        (O_TRUNC, OFlags::TRUNC),
        (O_APPEND, OFlags::APPEND),
        (O_NOFOLLOW, OFlags::NOFOLLOW),
        (O_DIRECTORY, OFlags::DIRECTORY),
    ];
    table.iter().filter(|(guest, _)| flags & guest != 0).map(|(_, host)| *host).collect()
}

impl Op<Pick> {
    /// The call to make, given what is there.
    fn settle(&self, root: &Path) -> Op {
        let (mut all, mut dirs) = (vec![String::new()], vec![String::new()]);
        for entry in walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name() {
            let entry = entry.expect("a readable tree");
            let path = entry.path().strip_prefix(root).expect("beneath the root");
            let path = format!("/{}", path.to_str().expect("names of the plan"));
            if entry.file_type().is_dir() {
                dirs.push(path.clone());
            }
            all.push(path);
        }
        let at = |pick: &Pick| match pick {
            // The root has no name that could be split off.
            Pick::There(n, suffix) if all.len() > 1 => {
                format!("{}{suffix}", all[1 + n % (all.len() - 1)])
            }
            Pick::There(..) => "/a".to_owned(),
            Pick::In(n, name) => format!("{}/{name}", dirs[n % dirs.len()]),
            Pick::Any(path) => path.clone(),
        };
        match self {
            Op::Open { slot, path, flags, mode } => {
                Op::Open { slot: *slot, path: at(path), flags: *flags, mode: *mode }
            }
            Op::Close(s) => Op::Close(*s),
            Op::Read(s, n) => Op::Read(*s, *n),
            Op::Write(s, n, b) => Op::Write(*s, *n, *b),
            Op::Pread(s, n, o) => Op::Pread(*s, *n, *o),
            Op::Pwrite(s, n, o, b) => Op::Pwrite(*s, *n, *o, *b),
            Op::Seek(s, o, w) => Op::Seek(*s, *o, *w),
            Op::Ftruncate(s, n) => Op::Ftruncate(*s, *n),
            Op::Fallocate(s, o, n) => Op::Fallocate(*s, *o, *n),
            Op::Fstat(s) => Op::Fstat(*s),
            Op::Fchmod(s, m) => Op::Fchmod(*s, *m),
            Op::List(p) => Op::List(at(p)),
            Op::Stat(p, f) => Op::Stat(at(p), *f),
            Op::Readlink(p) => Op::Readlink(at(p)),
            Op::Access(p, m) => Op::Access(at(p), *m),
            Op::Chmod(p, m) => Op::Chmod(at(p), *m),
            Op::Truncate(p, n) => Op::Truncate(at(p), *n),
            Op::Mkdir(p, m) => Op::Mkdir(at(p), *m),
            Op::Rmdir(p) => Op::Rmdir(at(p)),
            Op::Unlink(p) => Op::Unlink(at(p)),
            Op::Rename(a, b) => Op::Rename(at(a), at(b)),
            Op::Symlink(t, p) => Op::Symlink(t.clone(), at(p)),
            Op::Link(a, b) => Op::Link(at(a), at(b)),
            Op::Reload => Op::Reload,
            Op::Fork => Op::Fork,
            Op::Base => Op::Base,
        }
    }
}

pub fn check(seeds: &[Seed], plan: &[Op<Pick>], immutable: bool) {
    let dir = host();
    let (lower, real) = (dir.path().join("lower"), dir.path().join("real"));
    for root in [&lower, &real] {
        fs::create_dir(root).expect("a directory");
        plant(root, seeds);
    }
    let untouched = picture_of_host(&lower);
    let mut base = picture_of_host(&real);
    assert_eq!(untouched, base);

    let mount = Mount { immutable, ..mount("/", &lower) };
    let mut guest = Guest {
        vfs: Vfs::new(vec![mount], VfsLimits::default()).expect("a filesystem"),
        slots: Default::default(),
    };
    let mut kernel =
        Real { root: fs::File::open(&real).expect("the copy").into(), slots: Default::default() };
    let mut left_behind = Vec::new();

    for (n, op) in plan.iter().map(|op| op.settle(&real)).enumerate() {
        match &op {
            Op::Reload => {
                let saved = postcard::to_stdvec(&guest.vfs).expect("a state that can be saved");
                let restored: Vfs = postcard::from_bytes(&saved).expect("a state that can be restored");
                assert_eq!(restored.usage(), guest.vfs.usage(), "the figures are what counting anew gives");
                guest.vfs = restored;
            }
            Op::Fork => left_behind.push((guest.vfs.clone(), picture_of_host(&real))),
            Op::Base => {
                guest.vfs.mark_base();
                base = picture_of_host(&real);
            }
            _ => {
                let (expected, answer) = (kernel.run(&op), guest.run(&op));
                // Of a name that is too long and something else that is wrong, either may be said.
                let both_wrong = answer == Err(Errno::ENAMETOOLONG) && expected.is_err();
                assert!(
                    both_wrong || answer == expected,
                    "step {n}: {op:?}: {answer:?} of the overlay, {expected:?} of the kernel"
                );
            }
        }
    }

    let expected = picture_of_host(&real);
    assert_eq!(picture_of_guest(&mut guest.vfs, "", OWN), expected, "the merged tree");
    let changes = guest.vfs.changes("/", 3).expect("changes");
    assert_eq!((changes.mount_index, changes.omitted), (3, 0));
    assert_eq!(without_modes_of_dirs(apply(&base, &changes)), without_modes_of_dirs(expected), "the changes");
    for (mut vfs, picture) in left_behind {
        assert_eq!(picture_of_guest(&mut vfs, "", OWN), picture, "a fork that was left behind");
    }
    assert_eq!(picture_of_host(&lower), untouched, "the lower tree");

    for slot in 0..SLOTS {
        let _ = guest.run(&Op::Close(slot));
    }
    for name in ["a", "b", "c", "d"] {
        let _ = guest.vfs.host_remove(&format!("/{name}"));
    }
    let left = picture_of_guest(&mut guest.vfs, "", OWN);
    let held: u64 = left
        .values()
        .map(|n| match n {
            Node::File { bytes, .. } => bytes.len() as u64,
            Node::Link { target } => target.len() as u64,
            Node::Dir { .. } => 0,
        })
        .sum();
    assert!(guest.vfs.usage().upper_bytes <= held, "what is gone is not held");
}

/// A directory's own mode is not among the changes: no patch can carry it.
fn without_modes_of_dirs(picture: Picture) -> Picture {
    let plain = |node| if let Node::Dir { .. } = node { Node::Dir { mode: 0 } } else { node };
    picture.into_iter().map(|(path, node)| (path, plain(node))).collect()
}
