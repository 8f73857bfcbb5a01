//! Guest memory as host functions see it: every access is checked.

use crate::engine::gate::Held;
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use wasmtime::Caller;

/// What host functions return to say "done" or "why not".
pub(super) type Answer<T> = Result<T, Errno>;

/// The guest's linear memory for the length of one host call, or nothing at all if the guest is to
/// stop: every access answers EFAULT then, and the guest ends as soon as it goes on.
pub(super) struct Bytes<'a> {
    bytes: &'a mut [u8],
    held: Option<Held>,
}

/// The guest's memory and the host's state. Whoever waits, or calls the guest, lets go of both
/// first: while they are held, the guest cannot be stopped.
pub(super) fn open<'a>(caller: &'a mut Caller<'_, State>) -> (Bytes<'a>, &'a mut State) {
    let held = caller.data().gate().hold();
    let (bytes, state) = caller.data().memory().data_and_store_mut(caller);
    let bytes = if held.is_some() { bytes } else { &mut [] };
    (Bytes { bytes, held }, state)
}

/// The most that one call moves before it looks whether the guest is to stop, bytes.
const SLICE: usize = 1 << 20;

/// The most that one path may be long, terminator included (Linux PATH_MAX).
const PATH_MAX: usize = 4096;

impl Bytes<'_> {
    /// Whether the guest is to stop. Long work for it ends here.
    pub(super) fn is_condemned(&self) -> bool {
        self.held.as_ref().is_none_or(Held::is_condemned)
    }

    /// Moves `len` bytes at `at` piece by piece, as far as the guest is not told to stop:
    /// `transfer(piece, bytes done before)` says how much of it was done. Ends with the first piece
    /// that comes up short.
    pub(super) fn sliced(
        &mut self,
        at: i32,
        len: u32,
        mut transfer: impl FnMut(&mut [u8], usize) -> Answer<usize>,
    ) -> Answer<usize> {
        let mut done = 0;
        // Also an empty transfer asks, for its error.
        loop {
            let all = self.get_mut(at, len)?;
            let end = all.len().min(done + SLICE);
            match transfer(&mut all[done..end], done) {
                Ok(moved) => {
                    let short = moved < end - done;
                    done += moved;
                    if short || done == len as usize || self.is_condemned() {
                        return Ok(done);
                    }
                }
                // What went through so far is not lost to a later error.
                Err(_) if done > 0 => return Ok(done),
                Err(errno) => return Err(errno),
            }
        }
    }

    /// `len` bytes at `at`; EFAULT where they are not all inside memory.
    pub(super) fn get(&self, at: i32, len: u32) -> Answer<&[u8]> {
        let start = at as u32 as usize;
        start.checked_add(len as usize).and_then(|end| self.bytes.get(start..end)).ok_or(Errno::EFAULT)
    }

    pub(super) fn get_mut(&mut self, at: i32, len: u32) -> Answer<&mut [u8]> {
        let start = at as u32 as usize;
        start.checked_add(len as usize).and_then(|end| self.bytes.get_mut(start..end)).ok_or(Errno::EFAULT)
    }

    pub(super) fn i32(&self, at: i32) -> Answer<i32> {
        let bytes = self.get(at, 4)?;
        Ok(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(super) fn i64(&self, at: i32) -> Answer<i64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.get(at, 8)?);
        Ok(i64::from_le_bytes(bytes))
    }

    pub(super) fn put(&mut self, at: i32, bytes: &[u8]) -> Answer<()> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::EFAULT)?;
        self.get_mut(at, len)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn put_i32(&mut self, at: i32, value: i32) -> Answer<()> {
        self.put(at, &value.to_le_bytes())
    }

    pub(super) fn put_i64(&mut self, at: i32, value: i64) -> Answer<()> {
        self.put(at, &value.to_le_bytes())
    }

    /// A NUL-terminated path at `at`, without its terminator. ENAMETOOLONG beyond PATH_MAX.
    pub(super) fn path(&self, at: i32) -> Answer<&[u8]> {
        self.c_string(at, PATH_MAX, Errno::ENAMETOOLONG)
    }

    /// A NUL-terminated message for the log, cut at 4 KiB.
    pub(super) fn text(&self, at: i32) -> String {
        match self.c_string(at, 4096, Errno::EINVAL) {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => "?".to_owned(),
        }
    }

    fn c_string(&self, at: i32, limit: usize, too_long: Errno) -> Answer<&[u8]> {
        let start = at as u32 as usize;
        let rest = self.bytes.get(start..).ok_or(Errno::EFAULT)?;
        let window = &rest[..rest.len().min(limit)];
        match window.iter().position(|byte| *byte == 0) {
            Some(end) => Ok(&window[..end]),
            None if rest.len() > limit => Err(too_long),
            None => Err(Errno::EFAULT),
        }
    }

    /// The `(pointer, length)` pairs of an `iovec` array. At most IOV_MAX of them.
    pub(super) fn iovecs(&self, at: i32, count: i32) -> Answer<Vec<(i32, u32)>> {
        if !(0..=1024).contains(&count) {
            return Err(Errno::EINVAL);
        }
        let mut list = Vec::with_capacity(count as usize);
        for index in 0..count {
            let entry = at.wrapping_add(index * 8);
            list.push((self.i32(entry)?, self.i32(entry.wrapping_add(4))? as u32));
        }
        Ok(list)
    }
}

/// `-errno`, the convention of `__syscall_*`.
pub(super) fn negative(answer: Answer<i32>) -> i32 {
    match answer {
        Ok(value) => value,
        Err(errno) => -errno.raw(),
    }
}

/// `errno`, the convention of WASI's `fd_*`.
pub(super) fn positive(answer: Answer<()>) -> i32 {
    match answer {
        Ok(()) => 0,
        Err(errno) => errno.raw(),
    }
}
