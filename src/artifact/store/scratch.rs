//! Directories that a bundle is made in, or taken out of the way into.

use crate::artifact::confined::Dir;
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::CString;
use std::io;

/// `.tmp-<16 hexadecimal digits>` for the kind `tmp`.
pub fn name(kind: &str) -> String {
    let mut random = [0; 8];
    // The first 256 bytes are never cut short once the pool is ready, and this waits until it is.
    let filled = getrandom(&mut random[..], GetRandomFlags::empty());
    debug_assert!(filled.is_ok());
    format!(".{kind}-{:016x}", u64::from_ne_bytes(random))
}

/// A directory in the store's root that is removed when this is dropped, unless it was renamed.
/// While it lives it is locked, so that a cleaner can tell it from what a crash left.
pub struct Scratch<'a> {
    root: &'a Dir,
    /// Empty once the directory has its final name.
    name: String,
    pub dir: Dir,
}

impl<'a> Scratch<'a> {
    pub fn new(root: &'a Dir) -> io::Result<Self> {
        let name = name("tmp");
        root.create_dir(&name)?;
        let dir = root.open_dir(&name)?;
        dir.try_lock()?;
        Ok(Scratch { root, name, dir })
    }

    /// Gives the directory its final name. Fails if that name is taken.
    pub fn commit(mut self, to: &str) -> Result<(), (Self, io::Error)> {
        match self.root.rename(&self.name, to) {
            Ok(()) => {
                self.name.clear();
                Ok(())
            }
            Err(why) => Err((self, why)),
        }
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let name = CString::new(self.name.as_bytes()).expect("the name has no NUL");
        // What stays behind begins with a dot, is not listed, and goes with the next pruning.
        let _ = self.root.remove_all(&name);
    }
}
