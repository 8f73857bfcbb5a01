//! Ending a call from outside of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends what a sandbox is doing, from wherever it is kept.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the call that the sandbox is in the middle of.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// A call begins: what was cancelled was another.
    pub fn begin(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
