//! What a guest prints, while it prints it: from the thread that it runs on to one that listens.
//!
//! Invariant: what waits is bounded. A guest that prints faster than is listened waits, until nobody
//! listens any more.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What waits at most, bytes.
const WAITING_MAX: usize = 1 << 20;

/// Where something was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        }
    }
}

/// The output of one guest, on its way to whoever listens.
#[derive(Debug, Default)]
pub struct Tap {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<(Channel, Vec<u8>)>,
    bytes: usize,
    closed: bool,
}

impl Tap {
    /// Takes what the guest prints. Waits while too much waits already.
    pub(super) fn push(&self, channel: Channel, bytes: &[u8]) {
        for bytes in bytes.chunks(WAITING_MAX) {
            let mut queue = self.lock();
            while !queue.closed && queue.bytes + bytes.len() > WAITING_MAX {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if queue.closed {
                return;
            }
            queue.bytes += bytes.len();
            match queue.chunks.back_mut() {
                Some((last, waiting)) if *last == channel => waiting.extend_from_slice(bytes),
                _ => queue.chunks.push_back((channel, bytes.to_vec())),
            }
            drop(queue);
            self.changed.notify_all();
        }
    }

    /// What has been printed since the last call, in order. Waits for it as long as `patience`.
    /// `None`: the tap is closed, and everything has been heard.
    pub fn take(&self, patience: Duration) -> Option<Vec<(Channel, Vec<u8>)>> {
        let nothing = |queue: &mut Queue| queue.chunks.is_empty() && !queue.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, nothing);
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if queue.chunks.is_empty() && queue.closed {
            return None;
        }
        queue.bytes = 0;
        let chunks = queue.chunks.drain(..).collect();
        drop(queue);
        self.changed.notify_all();
        Some(chunks)
    }

    /// Nothing more is taken: nobody listens, or there is nothing more to hear.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
