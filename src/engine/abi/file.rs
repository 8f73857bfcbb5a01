//! Calls on open descriptors.

use super::host_functions;
use super::memory::{Answer, Bytes, negative, positive};
use crate::engine::state::State;
use crate::engine::vfs::{Errno, FdKind};
use wasmtime::{Linker, Result};

const F_DUPFD: i32 = 0;
const F_GETFD: i32 = 1;
const F_SETFD: i32 = 2;
const F_GETFL: i32 = 3;
const F_SETFL: i32 = 4;
const F_GETLK: i32 = 5;
const F_SETLK: i32 = 6;
const F_SETLKW: i32 = 7;
const F_GETLK64: i32 = 12;
const F_SETLK64: i32 = 13;
const F_SETLKW64: i32 = 14;
const F_DUPFD_CLOEXEC: i32 = 1030;
const F_UNLCK: u8 = 2;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    host_functions! { linker, "wasi_snapshot_preview1", positive;
        "fd_close"(mem, state, fd: i32) { state.close(fd) }
        "fd_read"(mem, state, fd: i32, iov: i32, count: i32, out: i32) {
            read(&mut mem, state, fd, iov, count, None, out)
        }
        "fd_pread"(mem, state, fd: i32, iov: i32, count: i32, offset: i64, out: i32) {
            read(&mut mem, state, fd, iov, count, Some(offset as u64), out)
        }
        "fd_write"(mem, state, fd: i32, iov: i32, count: i32, out: i32) {
            write(&mut mem, state, fd, iov, count, None, out)
        }
        "fd_pwrite"(mem, state, fd: i32, iov: i32, count: i32, offset: i64, out: i32) {
            write(&mut mem, state, fd, iov, count, Some(offset as u64), out)
        }
        "fd_seek"(mem, state, fd: i32, offset: i64, whence: i32, out: i32) {
            let position = state.vfs.seek(fd, offset, whence)?;
            mem.put_i64(out, position as i64)
        }
        "fd_sync"(mem, state, fd: i32) { state.vfs.fsync(fd) }
        "fd_fdstat_get"(mem, state, fd: i32, out: i32) {
            // struct __wasi_fdstat_t: u8 filetype, u16 flags, u64 rights, u64 inheriting.
            let filetype = match state.vfs.kind(fd)? {
                FdKind::Dir => 3,
                FdKind::Device { .. } => 2,
                FdKind::File => 4,
                FdKind::Pipe | FdKind::Socket => 6,
            };
            let stat = mem.get_mut(out, 24)?;
            stat.fill(0);
            stat[0] = filetype;
            Ok(())
        }
    }
    host_functions! { linker, "env", positive;
        "js_fd_read"(mem, state, fd: i32, iov: i32, count: i32, out: i32) {
            read(&mut mem, state, fd, iov, count, None, out)
        }
    }
    host_functions! { linker, "env", negative;
        "__syscall_fcntl64"(mem, state, fd: i32, command: i32, varargs: i32) {
            fcntl(&mut mem, state, fd, command, varargs)
        }
        "__syscall_fdatasync"(mem, state, fd: i32) { state.vfs.fsync(fd).map(|()| 0) }
        "__syscall_ftruncate64"(mem, state, fd: i32, len: i64) {
            let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
            state.vfs.ftruncate(fd, len).map(|()| 0)
        }
        "__syscall_fallocate"(mem, state, fd: i32, mode: i32, offset: i64, len: i64) {
            if mode != 0 {
                return Err(Errno::EOPNOTSUPP);
            }
            let offset = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
            let len = u64::try_from(len).map_err(|_| Errno::EINVAL)?;
            state.vfs.fallocate(fd, offset, len).map(|()| 0)
        }
        "__syscall_fchmod"(mem, state, fd: i32, mode: i32) {
            state.vfs.fchmod(fd, mode as u32).map(|()| 0)
        }
        // The sandbox has one user: changing the owner to oneself is all there is.
        "__syscall_fchown32"(mem, state, fd: i32, _owner: i32, _group: i32) {
            state.vfs.kind(fd).map(|_| 0)
        }
        "__syscall_dup"(mem, state, fd: i32) { state.vfs.dup(fd, 0) }
        "__syscall_dup3"(mem, state, fd: i32, new: i32, _flags: i32) { {
            let moved = state.vfs.dup3(fd, new);
            state.forget_closed_sockets();
            moved
        } }
        "__syscall_pipe"(mem, state, out: i32) {
            mem.get(out, 8)?;
            let (read_end, write_end) = state.vfs.pipe()?;
            mem.put_i32(out, read_end)?;
            mem.put_i32(out.wrapping_add(4), write_end)?;
            Ok(0)
        }
        "__syscall_ioctl"(mem, state, fd: i32, _request: i32, _varargs: i32) {
            state.vfs.kind(fd)?;
            Err(Errno::ENOTTY)
        }
        "__syscall_getdents64"(mem, state, fd: i32, out: i32, len: i32) {
            getdents(&mut mem, state, fd, out, len)
        }
        // One process, one user of each file: advisory locks are always granted.
        "js_flock"(mem, state, fd: i32, _operation: i32) { state.vfs.kind(fd).map(|_| 0) }
    }
    linker.func_wrap("env", "js_release_file_locks", || {})?;
    Ok(())
}

/// Where in the file a transfer begins: at the descriptor's position, or at an offset of its own.
type Offset = Option<u64>;

fn read(
    mem: &mut Bytes<'_>,
    state: &mut State,
    fd: i32,
    iov: i32,
    count: i32,
    offset: Offset,
    out: i32,
) -> Answer<()> {
    vectored(mem, iov, count, out, |buffer, done| match offset {
        Some(start) => state.vfs.pread(fd, buffer, start.checked_add(done).ok_or(Errno::EINVAL)?),
        None => state.read(fd, buffer),
    })
}

fn write(
    mem: &mut Bytes<'_>,
    state: &mut State,
    fd: i32,
    iov: i32,
    count: i32,
    offset: Offset,
    out: i32,
) -> Answer<()> {
    vectored(mem, iov, count, out, |buffer, done| match offset {
        Some(start) => state.vfs.pwrite(fd, buffer, start.checked_add(done).ok_or(Errno::EINVAL)?),
        None => state.write(fd, buffer),
    })
}

/// Calls `transfer(buffer, bytes done before)` for each buffer of an `iovec` array, large ones in
/// slices, until one comes up short, and stores the sum at `out`.
fn vectored(
    mem: &mut Bytes<'_>,
    iov: i32,
    count: i32,
    out: i32,
    mut transfer: impl FnMut(&mut [u8], u64) -> Answer<usize>,
) -> Answer<()> {
    let mut total = 0u64;
    for (at, len) in mem.iovecs(iov, count)? {
        match mem.sliced(at, len, |buffer, done| transfer(buffer, total + done as u64)) {
            Ok(done) => {
                total += done as u64;
                if done < len as usize {
                    break;
                }
            }
            // What went through so far is not lost to a later error.
            Err(_) if total > 0 => break,
            Err(errno) => return Err(errno),
        }
    }
    mem.put_i32(out, total as i32)
}

fn fcntl(mem: &mut Bytes<'_>, state: &mut State, fd: i32, command: i32, varargs: i32) -> Answer<i32> {
    match command {
        F_DUPFD | F_DUPFD_CLOEXEC => {
            let minimum = mem.i32(varargs)?;
            state.vfs.dup(fd, minimum)
        }
        F_GETFD | F_SETFD => state.vfs.kind(fd).map(|_| 0),
        F_GETFL => state.vfs.fd_flags(fd),
        F_SETFL => {
            let flags = mem.i32(varargs)?;
            state.vfs.set_fd_flags(fd, flags).map(|()| 0)
        }
        F_GETLK | F_GETLK64 => {
            // struct flock begins with `short l_type`: nobody else holds a lock.
            state.vfs.kind(fd)?;
            let lock = mem.i32(varargs)?;
            mem.put(lock, &[F_UNLCK, 0])?;
            Ok(0)
        }
        F_SETLK | F_SETLKW | F_SETLK64 | F_SETLKW64 => state.vfs.kind(fd).map(|_| 0),
        _ => Err(Errno::EINVAL),
    }
}

/// Writes `struct dirent` records of 280 bytes: ino u64, off i64, reclen u16, type u8, name[256].
fn getdents(mem: &mut Bytes<'_>, state: &mut State, fd: i32, out: i32, len: i32) -> Answer<i32> {
    const RECORD: u32 = 280;
    const NAME: u32 = 19;
    let room = u32::try_from(len).map_err(|_| Errno::EINVAL)? / RECORD;
    if room == 0 {
        return Err(Errno::EINVAL);
    }
    mem.get(out, room * RECORD)?;
    let entries = state.vfs.readdir(fd, room as usize)?;
    let mut at = out;
    for entry in &entries {
        let record = mem.get_mut(at, RECORD)?;
        record.fill(0);
        record[0..8].copy_from_slice(&entry.ino.to_le_bytes());
        record[8..16].copy_from_slice(&entry.next.to_le_bytes());
        record[16..18].copy_from_slice(&(RECORD as u16).to_le_bytes());
        record[18] = entry.kind;
        let name = &entry.name[..entry.name.len().min(255)];
        record[NAME as usize..NAME as usize + name.len()].copy_from_slice(name);
        at = at.wrapping_add(RECORD as i32);
    }
    Ok((entries.len() as u32 * RECORD) as i32)
}
