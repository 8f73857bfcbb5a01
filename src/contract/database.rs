//! A sandbox's database as files: the sandbox reads them, the artifact room compares them.

use std::fmt;

/// The bytes of SQLite's files.
#[derive(Clone, Default)]
pub struct DatabaseFiles {
    /// The database that the sandbox began with.
    pub before: Vec<u8>,
    /// The same file at its end.
    pub after: Vec<u8>,
    /// The write-ahead log beside it; empty if there is none.
    pub after_log: Vec<u8>,
}

impl fmt::Debug for DatabaseFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} bytes, {} in the log", self.before.len(), self.after.len(), self.after_log.len())
    }
}
