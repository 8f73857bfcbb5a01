//! Directories that a bundle is made in, or taken out of the way into.

use crate::artifact::confined::Dir;
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::CString;
use std::io;

/// What a name of ours can begin with, after the dot.
pub const KINDS: [&str; 4] = ["tmp", "trash", "index", "deny"];

/// `.tmp-<16 hexadecimal digits>` for the kind `tmp`.
pub fn name(kind: &str) -> String {
    let mut random = [0; 8];
    // The first 256 bytes are never cut short once the pool is ready, and this waits until it is.
    let filled = getrandom(&mut random[..], GetRandomFlags::empty());
    debug_assert!(filled.is_ok());
    format!(".{kind}-{:016x}", u64::from_ne_bytes(random))
}

/// Whether [`name`] could have given this name.
pub fn is_name(name: &str) -> bool {
    let parts = name.strip_prefix('.').and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(kind, random)| {
        KINDS.contains(&kind) && random.len() == 16 && random.bytes().all(|b| b.is_ascii_hexdigit())
    })
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

impl Scratch<'_> {
    /// Takes the place of the directory `to`, which is removed afterwards. Whoever looks sees one
    /// or the other.
    pub fn replace(self, to: &str) -> io::Result<()> {
        match self.root.exchange(&self.name, to) {
            // What was at `to` now has our name, and goes when `self` is dropped.
            Ok(()) => Ok(()),
            Err(why) if is_unsupported(&why) => {
                let aside = name("trash");
                self.root.rename(to, &aside)?;
                if let Err(why) = self.root.rename(&self.name, to) {
                    self.root.rename(&aside, to)?;
                    return Err(why);
                }
                let aside = CString::new(aside).expect("the name has no NUL");
                // What stays behind goes with the next pruning.
                let _ = self.root.remove_all(&aside);
                std::mem::forget(self);
                Ok(())
            }
            Err(why) => Err(why),
        }
    }
}

/// Some file systems cannot exchange names.
fn is_unsupported(why: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(why);
    matches!(errno, Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
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
