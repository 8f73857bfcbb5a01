//! Sockets: denied. A guest that asks for one reads EACCES, a name does not resolve, and the run's
//! record says what was asked for. `poll` works on descriptors that exist.

use super::memory::{self, Answer, negative};
use super::time::until;
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use wasmtime::{Caller, Linker, Result};

/// EAI_FAIL of musl's netdb.h.
const EAI_FAIL: i32 = -4;

const POLLIN: u16 = 1;
const POLLOUT: u16 = 4;
const POLLNVAL: u16 = 32;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "getaddrinfo",
        |mut caller: Caller<'_, State>, name: i32, service: i32, _hints: i32, _out: i32| {
            let what = {
                let (mem, _) = memory::open(&mut caller);
                let part = |at: i32| if at == 0 { String::new() } else { mem.text(at) };
                format!("network: {}:{}", part(name), part(service))
            };
            super::deny(&mut caller, &what);
            EAI_FAIL
        },
    )?;
    linker.func_wrap(
        "env",
        "getnameinfo",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| EAI_FAIL,
    )?;
    for name in [
        "__syscall_socket",
        "__syscall_connect",
        "__syscall_bind",
        "__syscall_listen",
        "__syscall_accept4",
        "__syscall_sendto",
        "__syscall_sendmsg",
        "__syscall_recvfrom",
        "__syscall_getsockname",
        "__syscall_getpeername",
        "__syscall_getsockopt",
    ] {
        linker.func_wrap(
            "env",
            name,
            move |mut caller: Caller<'_, State>, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| {
                super::deny(&mut caller, &name.replace("__syscall_", "network: "));
                -Errno::EACCES.raw()
            },
        )?;
    }
    linker.func_wrap("env", "wasm_setsockopt", |_: i32, _: i32, _: i32, _: i32, _: i32| -1)?;
    linker.func_wrap("env", "wasm_close", |_: i32| -1)?;
    linker.func_wrap("env", "wasm_shutdown", |_: i32, _: i32| -1)?;
    // Pointers to `struct protoent`: NULL.
    linker.func_wrap("env", "getprotobynumber", |_: i32| 0)?;
    linker.func_wrap("env", "getprotobyname", |_: i32| 0)?;
    linker.func_wrap("env", "__asyncjs__wasm_poll_socket", |mut caller: Caller<'_, State>, fd: i32, events: i32, _timeout: i32| {
        let state = caller.data_mut();
        match state.vfs.poll_ready(fd) {
            Ok(ready) => i32::from(returned(ready, events as u16)),
            Err(_) => 0,
        }
    })?;
    linker.func_wrap_async(
        "env",
        "__syscall_poll",
        |mut caller: Caller<'_, State>, (fds, count, timeout): (i32, i32, i32)| {
            Box::new(async move {
                let answer = poll(&mut caller, fds, count);
                if matches!(answer, Ok(0)) && timeout != 0 {
                    let pause = caller.data().parking().sleep(until(timeout));
                    pause.await;
                    return Ok(negative(poll(&mut caller, fds, count)));
                }
                Ok(negative(answer))
            })
        },
    )?;
    Ok(())
}

/// Fills `revents` of a `struct pollfd` array: i32 fd, u16 events, u16 revents.
fn poll(caller: &mut Caller<'_, State>, fds: i32, count: i32) -> Answer<i32> {
    if !(0..=1024).contains(&count) {
        return Err(Errno::EINVAL);
    }
    let (mut mem, state) = memory::open(caller);
    let mut ready = 0;
    for index in 0..count {
        let at = fds.wrapping_add(index * 8);
        let fd = mem.i32(at)?;
        let events = mem.i32(at.wrapping_add(4))? as u16;
        let happened = match (fd < 0, state.vfs.poll_ready(fd)) {
            (true, _) => 0,
            (false, Ok(readiness)) => returned(readiness, events),
            (false, Err(_)) => POLLNVAL,
        };
        mem.put(at.wrapping_add(6), &happened.to_le_bytes())?;
        ready += i32::from(happened != 0);
    }
    Ok(ready)
}

fn returned((readable, writable): (bool, bool), events: u16) -> u16 {
    let mut happened = 0;
    if readable {
        happened |= events & POLLIN;
    }
    if writable {
        happened |= events & POLLOUT;
    }
    happened
}
