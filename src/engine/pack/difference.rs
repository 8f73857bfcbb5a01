//! How a pack on disk departs from its manifest.

use std::fmt;

/// One departure, by path relative to the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The manifest names it; it is not there.
    Missing(String),
    /// It is there with other bytes, or is no longer a regular file.
    Changed(String),
    /// It is there; the manifest does not name it.
    Surplus(String),
}

impl Difference {
    pub fn path(&self) -> &str {
        match self {
            Difference::Missing(path) | Difference::Changed(path) | Difference::Surplus(path) => path,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Difference::Missing(_) => "missing",
            Difference::Changed(_) => "changed",
            Difference::Surplus(_) => "surplus",
        };
        // Names in a pack's manifest are plain; a surplus file may be called anything.
        write!(f, "{what}: ")?;
        self.path().chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_unicode()),
            false => write!(f, "{c}"),
        })
    }
}
