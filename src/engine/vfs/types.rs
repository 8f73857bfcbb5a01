//! The nouns of the interface: what a mount is, what a stat answers, which limits hold.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A guest file descriptor.
pub type Fd = i32;

/// "Relative to the working directory" where a directory descriptor is expected.
pub const AT_FDCWD: Fd = -100;

/// Longest path a call takes, with its terminating NUL (POSIX `PATH_MAX`).
pub const PATH_MAX: usize = 4096;

/// Longest name of one directory entry (POSIX `NAME_MAX`).
pub const NAME_MAX: usize = 255;

/// Symbolic links followed in one lookup, as on Linux.
pub const SYMLINKS_MAX: u32 = 40;

/// `O_*` as the guest's musl passes them, and the file types of `st_mode` and `d_type`.
pub mod flags {
    pub const O_ACCMODE: i32 = 3;
    pub const O_RDONLY: i32 = 0;
    pub const O_WRONLY: i32 = 1;
    pub const O_RDWR: i32 = 2;
    pub const O_CREAT: i32 = 64;
    pub const O_EXCL: i32 = 128;
    pub const O_TRUNC: i32 = 512;
    pub const O_APPEND: i32 = 1024;
    pub const O_NONBLOCK: i32 = 2048;
    pub const O_DIRECTORY: i32 = 65536;
    pub const O_NOFOLLOW: i32 = 131_072;
    pub const O_CLOEXEC: i32 = 524_288;

    pub const S_IFMT: u32 = 0o170_000;
    pub const S_IFIFO: u32 = 0o010_000;
    pub const S_IFCHR: u32 = 0o020_000;
    pub const S_IFDIR: u32 = 0o040_000;
    pub const S_IFREG: u32 = 0o100_000;
    pub const S_IFLNK: u32 = 0o120_000;
    pub const S_IFSOCK: u32 = 0o140_000;

    pub const SEEK_SET: i32 = 0;
    pub const SEEK_CUR: i32 = 1;
    pub const SEEK_END: i32 = 2;

    pub const X_OK: i32 = 1;
    pub const W_OK: i32 = 2;
    pub const R_OK: i32 = 4;

    /// The `d_type` of a mode: the file type without its shift.
    pub fn dirent_kind(mode: u32) -> u8 {
        ((mode & S_IFMT) >> 12) as u8
    }
}

/// What a stat call answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat {
    /// File type and permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the epoch, as are the next two.
    pub mtime_ns: i64,
    pub atime_ns: i64,
    pub ctime_ns: i64,
    /// With `dev`, the file's identity. Stable from the first lookup on, across copy-up and rename.
    pub ino: u64,
    /// One number a mount.
    pub dev: u64,
    /// Names that refer to the file. Directories always say 1, which means "not counted".
    pub nlink: u32,
    /// Device number of a character device.
    pub rdev: u32,
}

/// Whether the guest may write beneath a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountMode {
    ReadOnly,
    ReadWrite,
}

/// What lies beneath a mount. It is never written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Lower {
    /// A directory of the host: an absolute path without symbolic links.
    HostDir(PathBuf),
    /// A regular file of the host, named likewise; the target is a file then.
    HostFile(PathBuf),
    /// A file with these bytes.
    Bytes(Arc<[u8]>),
    /// A directory with nothing in it: scratch space.
    Empty,
}

/// One lower layer and where the guest sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute and normalised: `/` alone or `/a/b`, no `.`, `..` or empty segment.
    pub target: String,
    pub lower: Lower,
    pub mode: MountMode,
    /// The host promises that the lower layer does not change while this process lives: what is
    /// read from it is cached for the process and shared between sandboxes.
    pub immutable: bool,
}

/// Which guest writes are allowed at all, whatever the modes of the mounts say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestWrites {
    /// As each mount's mode says.
    #[default]
    AsMounted,
    /// Only where nothing lies beneath: the root, `/tmp`, and mounts over [`Lower::Empty`].
    ScratchOnly,
    /// Nowhere. Devices and pipes still take bytes.
    Nowhere,
}

/// What a sandbox's files may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VfsLimits {
    /// Bytes held by the upper layer, open unlinked files included. Beyond it: `ENOSPC`.
    pub max_upper_bytes: u64,
    /// Files, directories, links and whiteouts in the upper layer. Beyond it: `ENOSPC`.
    pub max_upper_files: u64,
    /// Descriptors. Beyond it: `EMFILE`.
    pub max_open_files: u32,
    /// Length of one file. Beyond it: `EFBIG`.
    pub max_file_bytes: u64,
}

impl Default for VfsLimits {
    fn default() -> Self {
        VfsLimits {
            max_upper_bytes: 1 << 30,
            max_upper_files: 200_000,
            max_open_files: 1024,
            max_file_bytes: 1 << 30,
        }
    }
}

/// What a sandbox's files take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub upper_bytes: u64,
    pub upper_files: u64,
    pub open_files: u32,
}

/// What a time stamp is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetTime {
    Omit,
    Now,
    /// Nanoseconds since the epoch.
    At(i64),
}

/// One record of a directory listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirEntry {
    #[serde(with = "serde_bytes")]
    pub name: Vec<u8>,
    pub ino: u64,
    /// `DT_*`: 4 directory, 8 regular, 10 symbolic link, 2 character device, 1 FIFO, 12 socket.
    pub kind: u8,
    /// Where a listing continues after this record; an offset for `seek`.
    pub next: u64,
}

/// What kind of thing a descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FdKind {
    File,
    Dir,
    Device {
        /// Whether `isatty` should say yes.
        tty: bool,
    },
    Pipe,
    Socket,
}

/// What `statfs` answers: the limits as a disk's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatFs {
    pub block_size: u32,
    pub blocks: u64,
    pub blocks_free: u64,
    pub files: u64,
    pub files_free: u64,
    pub name_max: u32,
}
