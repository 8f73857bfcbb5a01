//! What the guest prints, kept up to a cap.

use crate::engine::tap::{Channel, Tap};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes written to one output device. Beyond the cap they are counted and dropped, so that a
/// flood costs the guest time and the host nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Capture {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    limit: u64,
    dropped: u64,
    /// Who hears at once what is kept.
    #[serde(skip)]
    tap: Option<(Channel, Arc<Tap>)>,
}

impl Capture {
    pub fn new(limit: u64) -> Self {
        Capture { bytes: Vec::new(), limit, dropped: 0, tap: None }
    }

    /// What was kept so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes were dropped since the last [`take`](Self::take).
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Changes the cap. What is already kept stays.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// From now on `tap` hears what is kept, as it is printed.
    pub fn set_tap(&mut self, tap: Option<(Channel, Arc<Tap>)>) {
        self.tap = tap;
    }

    /// Hands out what was kept and how much was dropped, and starts afresh with the same cap.
    pub fn take(&mut self) -> (Vec<u8>, u64) {
        (std::mem::take(&mut self.bytes), std::mem::take(&mut self.dropped))
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len() as u64);
        let keep = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..keep]);
        if let Some((channel, tap)) = &self.tap {
            tap.push(*channel, &bytes[..keep]);
        }
        self.dropped = self.dropped.saturating_add((bytes.len() - keep) as u64);
    }
}
