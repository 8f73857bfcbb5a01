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
                    match rustix::rand::getrandom(&mut buf[filled..], rustix::rand::GetRandomFlags::empty()) {
                        Ok(n) => filled += n,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(_) => return Err(Errno::EIO),
                    }
                }
                Ok(filled)
            }
            DeviceKind::Stdin => Ok(take(&self.stdin, &mut self.stdin_pos, buf)),
            DeviceKind::Step => Ok(take(&self.step, &mut self.step_pos, buf)),
            DeviceKind::Null
            | DeviceKind::Tty
            | DeviceKind::Stdout
            | DeviceKind::Stderr
            | DeviceKind::Headers
            | DeviceKind::Outcome => Ok(0),
        }
    }

    /// Takes everything: what passes a capture's cap is counted and dropped.
    pub(super) fn device_write(&mut self, kind: DeviceKind, data: &[u8]) -> usize {
        match kind {
            DeviceKind::Stdout => self.stdout.push(data),
            DeviceKind::Stderr | DeviceKind::Tty => self.stderr.push(data),
            DeviceKind::Headers => self.headers.push(data),
            DeviceKind::Outcome => self.outcome.push(data),
            DeviceKind::Null
            | DeviceKind::Zero
            | DeviceKind::Random
            | DeviceKind::Stdin
            | DeviceKind::Step => {}
        }
        data.len()
    }

    /// Sets what the guest reads from standard input, from its beginning.
    pub fn set_stdin(&mut self, bytes: impl Into<std::sync::Arc<[u8]>>) {
        self.stdin = bytes.into();
        self.stdin_pos = 0;
    }

    /// Sets what the guest reads from `/request/step`, from its beginning, and forgets what it wrote
    /// to `/request/outcome`.
    pub fn set_step(&mut self, bytes: impl Into<std::sync::Arc<[u8]>>) {
        self.step = bytes.into();
        self.step_pos = 0;
        self.outcome.take();
    }
}

/// What is left of `bytes` from a position on, as far as it fits.
fn take(bytes: &[u8], position: &mut u64, buf: &mut [u8]) -> usize {
    let at = usize::try_from(*position).unwrap_or(usize::MAX).min(bytes.len());
    let n = buf.len().min(bytes.len() - at);
    buf[..n].copy_from_slice(&bytes[at..at + n]);
    *position += n as u64;
    n
}
