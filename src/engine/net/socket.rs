//! One socket of a guest's: a socket of the host's that never blocks.

use super::record::{Record, Via};
use crate::engine::vfs::Errno;
use socket2::{Domain, SockAddr, Type};
use std::io;
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// Whether something would happen at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ready {
    pub readable: bool,
    pub writable: bool,
    pub failed: bool,
    pub hung_up: bool,
}

/// An IPv4 or IPv6 socket.
pub(super) struct Inet {
    inner: socket2::Socket,
    pub(super) datagrams: bool,
    /// Where it was connected to, and under which name.
    peer: Option<(SocketAddr, String)>,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// What a blocking call waits at most; `None`: until the deadline.
    pub(super) receive_timeout: Option<Duration>,
    pub(super) send_timeout: Option<Duration>,
}

impl Inet {
    pub(super) fn new(v6: bool, datagrams: bool) -> Result<Inet, Errno> {
        let domain = if v6 { Domain::IPV6 } else { Domain::IPV4 };
        let kind = if datagrams { Type::DGRAM } else { Type::STREAM };
        // socket2 sets close-on-exec.
        let inner = socket2::Socket::new(domain, kind.nonblocking(), None).map_err(errno)?;
        if v6 {
            // An IPv4-mapped address must not be a way around the rules for IPv4.
            inner.set_only_v6(true).map_err(errno)?;
        }
        Ok(Inet {
            inner,
            datagrams,
            peer: None,
            sent: 0,
            received: 0,
            receive_timeout: None,
            send_timeout: None,
        })
    }

    /// Begins to connect. `EINPROGRESS`: the socket becomes writable when it is decided.
    pub(super) fn connect(&mut self, to: SocketAddr, host: String) -> Result<(), Errno> {
        let begun = self.inner.connect(&SockAddr::from(to)).map_err(errno);
        if matches!(begun, Ok(()) | Err(Errno::EINPROGRESS)) {
            self.peer = Some((to, host));
        }
        begun
    }

    pub(super) fn peer(&self) -> Option<(SocketAddr, &str)> {
        self.peer.as_ref().map(|(to, host)| (*to, host.as_str()))
    }

    pub(super) fn peer_address(&self) -> Result<SocketAddr, Errno> {
        self.inner.peer_addr().map_err(errno)?.as_socket().ok_or(Errno::ENOTCONN)
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr, Errno> {
        self.inner.local_addr().map_err(errno)?.as_socket().ok_or(Errno::EINVAL)
    }

    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        peek: bool,
    ) -> Result<(usize, Option<SocketAddr>), Errno> {
        // SAFETY: the same memory seen as bytes that need not be initialised; a receiving call of
        // the kernel writes initialised bytes only.
        let slots = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
        let (count, from) = if peek {
            self.inner.peek(slots).map(|count| (count, None))
        } else if self.datagrams {
            self.inner.recv_from(slots).map(|(count, from)| (count, from.as_socket()))
        } else {
            self.inner.recv(slots).map(|count| (count, None))
        }
        .map_err(errno)?;
        if !peek {
            self.received += count as u64;
        }
        Ok((count, from))
    }

    pub(super) fn send(&mut self, bytes: &[u8], to: Option<SocketAddr>) -> Result<usize, Errno> {
        // The process must not die of SIGPIPE.
        let flags = libc::MSG_NOSIGNAL;
        let count = match to {
            Some(to) => self.inner.send_to_with_flags(bytes, &SockAddr::from(to), flags),
            None => self.inner.send_with_flags(bytes, flags),
        }
        .map_err(errno)?;
        self.sent += count as u64;
        Ok(count)
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> Result<(), Errno> {
        self.inner.shutdown(how).map_err(errno)
    }

    /// The pending error, which is cleared.
    pub(super) fn take_error(&self) -> Result<Option<Errno>, Errno> {
        Ok(self.inner.take_error().map_err(errno)?.map(errno))
    }

    pub(super) fn set_no_delay(&self, on: bool) -> Result<(), Errno> {
        self.inner.set_tcp_nodelay(on).map_err(errno)
    }

    pub(super) fn set_keep_alive(&self, on: bool) -> Result<(), Errno> {
        self.inner.set_keepalive(on).map_err(errno)
    }

    pub(super) fn ready(&self) -> Ready {
        let mut poll =
            libc::pollfd { fd: self.inner.as_raw_fd(), events: libc::POLLIN | libc::POLLOUT, revents: 0 };
        // SAFETY: one initialised pollfd, of a descriptor that `self` holds open.
        let count = unsafe { libc::poll(&mut poll, 1, 0) };
        let has = |flag: i16| count > 0 && poll.revents & flag != 0;
        Ready {
            readable: has(libc::POLLIN),
            writable: has(libc::POLLOUT),
            failed: has(libc::POLLERR),
            hung_up: has(libc::POLLHUP),
        }
    }

    /// What went through since the last record, if there is something to tell.
    pub(super) fn record(&mut self) -> Option<Record> {
        let (to, host) = self.peer.as_ref()?;
        Some(Record {
            address: Some(to.ip()),
            port: Some(to.port()),
            bytes_sent: std::mem::take(&mut self.sent),
            bytes_received: std::mem::take(&mut self.received),
            ..Record::new(Via::Socket, host.clone())
        })
    }
}

/// The guest's number of a host error.
fn errno(error: io::Error) -> Errno {
    match error.raw_os_error() {
        Some(number) => Errno::from(rustix::io::Errno::from_raw_os_error(number)),
        None => Errno::EIO,
    }
}
