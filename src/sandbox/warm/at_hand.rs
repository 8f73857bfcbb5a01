//! Images that this process keeps at hand.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// So many of a kind.
const MOST: usize = 8;

/// A cache directory and a key.
pub(super) type Name = (PathBuf, String);

/// The last used ones, the very last one last.
pub(super) struct AtHand<T>(Mutex<Vec<(Name, T)>>);

impl<T: Clone> AtHand<T> {
    pub(super) const fn new() -> AtHand<T> {
        AtHand(Mutex::new(Vec::new()))
    }

    pub(super) fn find(&self, name: &Name) -> Option<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = all.iter().position(|(known, _)| known == name)?;
        let entry = all.remove(index);
        let found = entry.1.clone();
        all.push(entry);
        Some(found)
    }

    pub(super) fn keep(&self, name: &Name, one: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| known != name);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push((name.clone(), one));
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
