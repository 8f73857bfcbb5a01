//! Error numbers as the guest knows them. Emscripten's musl uses WASI's numbering.

use std::fmt;

/// A result of a guest call.
pub type VfsResult<T> = Result<T, Errno>;

macro_rules! errnos {
    ($($name:ident = $number:literal, $text:literal, $host:ident;)*) => {
        /// An error number in WASI's numbering.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Errno(pub u16);

        impl Errno {
            $(#[doc = $text] pub const $name: Errno = Errno($number);)*

            /// The symbolic name, e.g. `ENOENT`.
            pub fn name(self) -> &'static str {
                match self.0 { $($number => stringify!($name),)* _ => "EUNKNOWN" }
            }

            fn text(self) -> &'static str {
                match self.0 { $($number => $text,)* _ => "unknown error" }
            }
        }

        impl From<rustix::io::Errno> for Errno {
            /// The host's number in the guest's numbering. What has no counterpart becomes `EIO`.
            fn from(host: rustix::io::Errno) -> Errno {
                match host { $(rustix::io::Errno::$host => Errno::$name,)* _ => Errno::EIO }
            }
        }
    };
}

errnos! {
    EACCES = 2, "permission denied", ACCESS;
    EAFNOSUPPORT = 5, "address family not supported", AFNOSUPPORT;
    EAGAIN = 6, "resource temporarily unavailable", AGAIN;
    EALREADY = 7, "connection already in progress", ALREADY;
    EBADF = 8, "bad file descriptor", BADF;
    EBUSY = 10, "resource busy", BUSY;
    ECONNABORTED = 13, "connection aborted", CONNABORTED;
    ECONNREFUSED = 14, "connection refused", CONNREFUSED;
    ECONNRESET = 15, "connection reset", CONNRESET;
    EDESTADDRREQ = 17, "destination address required", DESTADDRREQ;
    EEXIST = 20, "file exists", EXIST;
    EFAULT = 21, "bad address", FAULT;
    EFBIG = 22, "file too large", FBIG;
    EHOSTUNREACH = 23, "host is unreachable", HOSTUNREACH;
    EINPROGRESS = 26, "operation in progress", INPROGRESS;
    EINTR = 27, "interrupted", INTR;
    EINVAL = 28, "invalid argument", INVAL;
    EIO = 29, "input/output error", IO;
    EISCONN = 30, "socket is connected", ISCONN;
    EISDIR = 31, "is a directory", ISDIR;
    ELOOP = 32, "too many symbolic links", LOOP;
    EMFILE = 33, "too many open files", MFILE;
    EMLINK = 34, "too many links", MLINK;
    EMSGSIZE = 35, "message too large", MSGSIZE;
    ENAMETOOLONG = 37, "name too long", NAMETOOLONG;
    ENETUNREACH = 40, "network is unreachable", NETUNREACH;
    ENFILE = 41, "too many open files in the host", NFILE;
    ENODEV = 43, "no such device", NODEV;
    ENOENT = 44, "no such file or directory", NOENT;
    ENOMEM = 48, "out of memory", NOMEM;
    ENOPROTOOPT = 50, "no such protocol option", NOPROTOOPT;
    ENOSPC = 51, "no space left", NOSPC;
    ENOSYS = 52, "function not implemented", NOSYS;
    ENOTCONN = 53, "socket is not connected", NOTCONN;
    ENOTDIR = 54, "not a directory", NOTDIR;
    ENOTEMPTY = 55, "directory not empty", NOTEMPTY;
    ENOTSOCK = 57, "not a socket", NOTSOCK;
    ENOTTY = 59, "not a terminal", NOTTY;
    ENXIO = 60, "no such device or address", NXIO;
    EOVERFLOW = 61, "value too large", OVERFLOW;
    EPERM = 63, "operation not permitted", PERM;
    EPIPE = 64, "broken pipe", PIPE;
    EPROTONOSUPPORT = 66, "protocol not supported", PROTONOSUPPORT;
    ERANGE = 68, "result out of range", RANGE;
    EROFS = 69, "read-only file system", ROFS;
    ESPIPE = 70, "not seekable", SPIPE;
    ESTALE = 72, "the file changed in the host while the sandbox held part of it", STALE;
    ETIMEDOUT = 73, "timed out", TIMEDOUT;
    EXDEV = 75, "cross-device link", XDEV;
    EOPNOTSUPP = 138, "operation not supported", OPNOTSUPP;
}

impl Errno {
    /// The positive number, as `fd_*` imports return it. `__syscall_*` imports return its negative.
    pub fn raw(self) -> i32 {
        i32::from(self.0)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Errno {}
