//! Pipes between the guest and itself.

use super::{Errno, VfsResult};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a pipe holds before a write has to wait, as on Linux.
const CAPACITY: usize = 64 << 10;

/// Nothing ever blocks: there is one process, so a wait would last for ever.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pipe {
    bytes: VecDeque<u8>,
    /// Open descriptions of each end.
    pub readers: u32,
    pub writers: u32,
}

impl Default for Pipe {
    fn default() -> Self {
        Pipe { bytes: VecDeque::new(), readers: 1, writers: 1 }
    }
}

impl Pipe {
    /// 0 at the end: empty and nobody can write any more.
    pub fn read(&mut self, buf: &mut [u8]) -> VfsResult<usize> {
        if self.bytes.is_empty() {
            return if self.writers == 0 || buf.is_empty() { Ok(0) } else { Err(Errno::EAGAIN) };
        }
        let n = buf.len().min(self.bytes.len());
        for (out, byte) in buf.iter_mut().zip(self.bytes.drain(..n)) {
            *out = byte;
        }
        Ok(n)
    }

    pub fn write(&mut self, data: &[u8]) -> VfsResult<usize> {
        if self.readers == 0 {
            return Err(Errno::EPIPE);
        }
        let n = data.len().min(CAPACITY - self.bytes.len());
        if n == 0 && !data.is_empty() {
            return Err(Errno::EAGAIN);
        }
        self.bytes.extend(&data[..n]);
        Ok(n)
    }

    pub fn readable(&self) -> bool {
        !self.bytes.is_empty() || self.writers == 0
    }

    pub fn writable(&self) -> bool {
        self.bytes.len() < CAPACITY || self.readers == 0
    }
}
