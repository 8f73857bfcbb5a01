//! The character devices that the guest sees: streams to the host, and the usual few of `/dev`.

use super::overlay::DeviceKind;
use super::{Errno, Vfs, VfsResult};

impl Vfs {
    pub(super) fn device_read(&mut self, kind: DeviceKind, buf: &mut [u8]) -> VfsResult<usize> {
        match kind {
            DeviceKind::Zero => {
                buf.fill(0);
                Ok(buf.len())
            }
            DeviceKind::Random => {
                let mut filled = 0;
                while filled < buf.len() {
                    match rustix::rand::getrandom(
                        &mut buf[filled..],
                        rustix::rand::GetRandomFlags::empty(),
                    ) {
                        Ok(n) => filled += n,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(_) => return Err(Errno::EIO),
                    }
                }
                Ok(filled)
            }
            DeviceKind::Stdin => {
                let at =
                    usize::try_from(self.stdin_pos).unwrap_or(usize::MAX).min(self.stdin.len());
                let n = buf.len().min(self.stdin.len() - at);
                buf[..n].copy_from_slice(&self.stdin[at..at + n]);
                self.stdin_pos += n as u64;
                Ok(n)
            }
            DeviceKind::Null
            | DeviceKind::Tty
            | DeviceKind::Stdout
            | DeviceKind::Stderr
            | DeviceKind::Headers => Ok(0),
        }
    }

    /// Takes everything: what passes a capture's cap is counted and dropped.
    pub(super) fn device_write(&mut self, kind: DeviceKind, data: &[u8]) -> usize {
        match kind {
            DeviceKind::Stdout => self.stdout.push(data),
            DeviceKind::Stderr | DeviceKind::Tty => self.stderr.push(data),
            DeviceKind::Headers => self.headers.push(data),
            DeviceKind::Null | DeviceKind::Zero | DeviceKind::Random | DeviceKind::Stdin => {}
        }
        data.len()
    }

    /// Sets what the guest reads from standard input, from its beginning.
    pub fn set_stdin(&mut self, bytes: impl Into<std::sync::Arc<[u8]>>) {
        self.stdin = bytes.into();
        self.stdin_pos = 0;
    }
}
