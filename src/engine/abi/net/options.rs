//! Options of sockets.

use super::{IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM};
use crate::engine::abi::memory::{self, Answer, Bytes, negative};
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use std::time::Duration;
use wasmtime::{Caller, Linker, Result};

// musl's numbers.
const SOL_SOCKET: i32 = 1;
const SO_TYPE: i32 = 3;
const SO_ERROR: i32 = 4;
const SO_KEEPALIVE: i32 = 9;
const SO_RCVTIMEO: i32 = 66;
const SO_SNDTIMEO: i32 = 67;
const TCP_NODELAY: i32 = 1;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "__syscall_getsockopt",
        |mut caller: Caller<'_, State>, fd: i32, level: i32, option: i32, value: i32, len: i32, _: i32| {
            let (mut mem, state) = memory::open(&mut caller);
            let mut tell = || {
                let socket = state.vfs.socket(fd)?;
                let number = match (level, option) {
                    (SOL_SOCKET, SO_ERROR) => state.network.take_error(socket)?.map_or(0, Errno::raw),
                    (SOL_SOCKET, SO_TYPE) if state.network.is_datagrams(socket) => SOCK_DGRAM,
                    (SOL_SOCKET, SO_TYPE) => SOCK_STREAM,
                    // Buffer sizes and the like: nothing that a program depends on.
                    _ => 0,
                };
                if mem.i32(len)? < 4 {
                    return Err(Errno::EINVAL);
                }
                mem.put_i32(value, number)?;
                mem.put_i32(len, 4)
            };
            negative(tell().map(|()| 0))
        },
    )?;
    linker.func_wrap(
        "env",
        "wasm_setsockopt",
        |mut caller: Caller<'_, State>, fd: i32, level: i32, option: i32, value: i32, len: i32| {
            let (mem, state) = memory::open(&mut caller);
            match set_option(&mem, state, fd, (level, option), value, len) {
                Ok(()) => 0,
                Err(_) => -1,
            }
        },
    )?;
    Ok(())
}

fn set_option(
    mem: &Bytes<'_>,
    state: &mut State,
    fd: i32,
    option: (i32, i32),
    value: i32,
    len: i32,
) -> Answer<()> {
    let socket = state.vfs.socket(fd)?;
    match option {
        (SOL_SOCKET, SO_RCVTIMEO | SO_SNDTIMEO) => {
            let limit = timeval(mem, value, len)?;
            state.network.set_timeouts(socket, |receive, send| match option.1 {
                SO_RCVTIMEO => *receive = limit,
                _ => *send = limit,
            })
        }
        (SOL_SOCKET, SO_KEEPALIVE) => state.network.set_keep_alive(socket, mem.i32(value)? != 0),
        (IPPROTO_TCP, TCP_NODELAY) => state.network.set_no_delay(socket, mem.i32(value)? != 0),
        // Accepted and without effect, as the rest: sizes of buffers, reuse of addresses.
        _ => Ok(()),
    }
}

/// `struct timeval`: i64 seconds and i32 microseconds, or two i32. Zero: no limit.
fn timeval(mem: &Bytes<'_>, at: i32, len: i32) -> Answer<Option<Duration>> {
    let (seconds, micros) = match len {
        8 => (i64::from(mem.i32(at)?), mem.i32(at.wrapping_add(4))?),
        _ => (mem.i64(at)?, mem.i32(at.wrapping_add(8))?),
    };
    let seconds = u64::try_from(seconds).map_err(|_| Errno::EINVAL)?;
    let micros = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000).ok_or(Errno::EINVAL)?;
    // An hour is as good as for ever, and never overflows a clock.
    let limit = Duration::from_secs(seconds.min(3600)) + Duration::from_micros(u64::from(micros));
    Ok(Some(limit).filter(|limit| !limit.is_zero()))
}
