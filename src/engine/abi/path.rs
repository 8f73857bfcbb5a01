//! Calls that name a path.

use super::host_functions;
use super::memory::{Answer, Bytes, negative};
use crate::engine::state::State;
use crate::engine::vfs::{AT_FDCWD, Errno, SetTime, Stat};
use wasmtime::{Linker, Result};

const AT_SYMLINK_NOFOLLOW: i32 = 0x100;
const AT_REMOVEDIR: i32 = 0x200;
const AT_EMPTY_PATH: i32 = 0x1000;
const UTIME_NOW: i32 = 0x3fff_ffff;
const UTIME_OMIT: i32 = 0x3fff_fffe;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    host_functions! { linker, "env", negative;
        "__syscall_openat"(mem, state, dir: i32, path: i32, flags: i32, varargs: i32) {
            let mode = if varargs == 0 { 0 } else { mem.i32(varargs)? as u32 };
            state.vfs.openat(dir, mem.path(path)?, flags, mode)
        }
        "__syscall_stat64"(mem, state, path: i32, out: i32) {
            let stat = state.vfs.statat(AT_FDCWD, mem.path(path)?, true)?;
            put_stat(&mut mem, out, &stat)
        }
        "__syscall_lstat64"(mem, state, path: i32, out: i32) {
            let stat = state.vfs.statat(AT_FDCWD, mem.path(path)?, false)?;
            put_stat(&mut mem, out, &stat)
        }
        "__syscall_newfstatat"(mem, state, dir: i32, path: i32, out: i32, flags: i32) {
            let name = mem.path(path)?;
            let stat = if name.is_empty() && flags & AT_EMPTY_PATH != 0 {
                state.vfs.fstat(dir)?
            } else {
                state.vfs.statat(dir, name, flags & AT_SYMLINK_NOFOLLOW == 0)?
            };
            put_stat(&mut mem, out, &stat)
        }
        "__syscall_fstat64"(mem, state, fd: i32, out: i32) {
            let stat = state.vfs.fstat(fd)?;
            put_stat(&mut mem, out, &stat)
        }
        "__syscall_faccessat"(mem, state, dir: i32, path: i32, mode: i32, _flags: i32) {
            state.vfs.accessat(dir, mem.path(path)?, mode).map(|()| 0)
        }
        "__syscall_mkdirat"(mem, state, dir: i32, path: i32, mode: i32) {
            state.vfs.mkdirat(dir, mem.path(path)?, mode as u32).map(|()| 0)
        }
        "__syscall_unlinkat"(mem, state, dir: i32, path: i32, flags: i32) {
            let name = mem.path(path)?;
            if flags & AT_REMOVEDIR != 0 {
                state.vfs.rmdirat(dir, name).map(|()| 0)
            } else {
                state.vfs.unlinkat(dir, name).map(|()| 0)
            }
        }
        "__syscall_rmdir"(mem, state, path: i32) {
            state.vfs.rmdirat(AT_FDCWD, mem.path(path)?).map(|()| 0)
        }
        "__syscall_renameat"(mem, state, dir: i32, from: i32, new_dir: i32, to: i32) {
            state.vfs.renameat(dir, mem.path(from)?, new_dir, mem.path(to)?).map(|()| 0)
        }
        "__syscall_symlinkat"(mem, state, target: i32, dir: i32, path: i32) {
            state.vfs.symlinkat(mem.path(target)?, dir, mem.path(path)?).map(|()| 0)
        }
        "__syscall_readlinkat"(mem, state, dir: i32, path: i32, out: i32, len: i32) {
            let room = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
            let target = state.vfs.readlinkat(dir, mem.path(path)?)?;
            let part = &target[..target.len().min(room)];
            mem.put(out, part)?;
            Ok(part.len() as i32)
        }
        "__syscall_chmod"(mem, state, path: i32, mode: i32) {
            state.vfs.chmodat(AT_FDCWD, mem.path(path)?, mode as u32, true).map(|()| 0)
        }
        "__syscall_fchownat"(mem, state, dir: i32, path: i32, _owner: i32, _group: i32, flags: i32) {
            let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
            state.vfs.statat(dir, mem.path(path)?, follow).map(|_| 0)
        }
        "__syscall_utimensat"(mem, state, dir: i32, path: i32, times: i32, flags: i32) {
            let (atime, mtime) = if times == 0 {
                (SetTime::Now, SetTime::Now)
            } else {
                (time(&mem, times)?, time(&mem, times.wrapping_add(16))?)
            };
            if path == 0 {
                return state.vfs.futimens(dir, atime, mtime).map(|()| 0);
            }
            let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
            state.vfs.utimensat(dir, mem.path(path)?, follow, atime, mtime).map(|()| 0)
        }
        "__syscall_chdir"(mem, state, path: i32) { state.vfs.chdir(mem.path(path)?).map(|()| 0) }
        "__syscall_getcwd"(mem, state, out: i32, len: i32) {
            let mut cwd = state.vfs.getcwd()?;
            cwd.push(0);
            if (len as u32 as usize) < cwd.len() {
                return Err(Errno::ERANGE);
            }
            mem.put(out, &cwd)?;
            Ok(cwd.len() as i32)
        }
        "__syscall_statfs64"(mem, state, path: i32, _size: i32, out: i32) {
            state.vfs.statat(AT_FDCWD, mem.path(path)?, true)?;
            put_statfs(&mut mem, state, out)
        }
    }
    Ok(())
}

/// `struct stat` of Emscripten's musl, 96 bytes.
fn put_stat(mem: &mut Bytes<'_>, out: i32, stat: &Stat) -> Answer<i32> {
    let mut raw = [0u8; 96];
    let mut put32 = |at: usize, value: u32| raw[at..at + 4].copy_from_slice(&value.to_le_bytes());
    put32(0, stat.dev as u32);
    put32(4, stat.mode);
    put32(8, stat.nlink);
    put32(20, stat.rdev);
    put32(32, 4096);
    put32(36, u32::try_from(stat.size.div_ceil(512)).unwrap_or(u32::MAX));
    raw[24..32].copy_from_slice(&stat.size.to_le_bytes());
    for (at, time) in [(40, stat.atime_ns), (56, stat.mtime_ns), (72, stat.ctime_ns)] {
        raw[at..at + 8].copy_from_slice(&time.div_euclid(1_000_000_000).to_le_bytes());
        let nanoseconds = time.rem_euclid(1_000_000_000) as u32;
        raw[at + 8..at + 12].copy_from_slice(&nanoseconds.to_le_bytes());
    }
    raw[88..96].copy_from_slice(&stat.ino.to_le_bytes());
    mem.put(out, &raw).map(|()| 0)
}

/// `struct statfs` of Emscripten's musl, up to and with `f_flags`: 68 bytes.
fn put_statfs(mem: &mut Bytes<'_>, state: &State, out: i32) -> Answer<i32> {
    let fs = state.vfs.statfs();
    let mut raw = [0u8; 68];
    for at in [4, 60] {
        raw[at..at + 4].copy_from_slice(&fs.block_size.to_le_bytes());
    }
    let counts =
        [(8, fs.blocks), (16, fs.blocks_free), (24, fs.blocks_free), (32, fs.files), (40, fs.files_free)];
    for (at, count) in counts {
        raw[at..at + 8].copy_from_slice(&count.to_le_bytes());
    }
    raw[56..60].copy_from_slice(&255u32.to_le_bytes());
    mem.put(out, &raw).map(|()| 0)
}

/// A `struct timespec`: i64 seconds, i32 nanoseconds.
fn time(mem: &Bytes<'_>, at: i32) -> Answer<SetTime> {
    let seconds = mem.i64(at)?;
    let nanoseconds = mem.i32(at.wrapping_add(8))?;
    match nanoseconds {
        UTIME_NOW => Ok(SetTime::Now),
        UTIME_OMIT => Ok(SetTime::Omit),
        0..=999_999_999 => seconds
            .checked_mul(1_000_000_000)
            .and_then(|ns| ns.checked_add(i64::from(nanoseconds)))
            .map(SetTime::At)
            .ok_or(Errno::EINVAL),
        _ => Err(Errno::EINVAL),
    }
}
