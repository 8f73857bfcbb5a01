//! Sockets: opened, connected, looked at, ended. Sandboxes only connect.

use super::address::{self, AF_INET, AF_INET6, AF_UNIX};
use super::wait::wait;
use super::{SOCK_DGRAM, SOCK_STREAM};
use crate::engine::abi::memory::{self, Answer, negative};
use crate::engine::net::Family;
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use crate::engine::vfs::flags::{O_CLOEXEC, O_NONBLOCK};
use std::net::Shutdown;
use std::time::Instant;
use wasmtime::{Caller, Linker, Result};

// musl's numbers.
const SOCK_KIND: i32 = 0xf;
const SOCK_NONBLOCK: i32 = 2048;
const SOCK_CLOEXEC: i32 = 524_288;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "__syscall_socket",
        |mut caller: Caller<'_, State>, domain: i32, kind: i32, _: i32, _: i32, _: i32, _: i32| {
            negative(socket(caller.data_mut(), domain, kind))
        },
    )?;
    linker.func_wrap_async(
        "env",
        "__syscall_connect",
        |mut caller: Caller<'_, State>, (fd, at, len, _, _, _): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move { negative(connect(&mut caller, fd, at, len).await.map(|()| 0)) })
        },
    )?;
    for (name, peer) in [("__syscall_getsockname", false), ("__syscall_getpeername", true)] {
        linker.func_wrap(
            "env",
            name,
            move |mut caller: Caller<'_, State>, fd: i32, at: i32, len: i32, _: i32, _: i32, _: i32| {
                let (mut mem, state) = memory::open(&mut caller);
                let mut tell = || {
                    let socket = state.vfs.socket(fd)?;
                    let address = match peer {
                        true => state.network.peer_address(socket)?,
                        false => state.network.local_address(socket)?,
                    };
                    address::put(&mut mem, at, len, address)
                };
                negative(tell().map(|()| 0))
            },
        )?;
    }
    linker.func_wrap("env", "wasm_shutdown", |mut caller: Caller<'_, State>, fd: i32, how: i32| {
        let state = caller.data_mut();
        let how = match how {
            0 => Shutdown::Read,
            1 => Shutdown::Write,
            _ => Shutdown::Both,
        };
        let done = state.vfs.socket(fd).and_then(|socket| state.network.shutdown(socket, how));
        if done.is_ok() { 0 } else { -1 }
    })?;
    linker.func_wrap(
        "env",
        "wasm_close",
        |mut caller: Caller<'_, State>, fd: i32| {
            if caller.data_mut().close(fd).is_ok() { 0 } else { -1 }
        },
    )?;
    refusals(linker)
}

fn socket(state: &mut State, domain: i32, kind: i32) -> Answer<i32> {
    state.forget_closed_sockets();
    let datagrams = match kind & SOCK_KIND {
        SOCK_STREAM => false,
        SOCK_DGRAM => true,
        _ => {
            state.network.refuse("raw socket");
            return Err(Errno::EPROTONOSUPPORT);
        }
    };
    let family = match domain {
        AF_INET => Family::V4,
        AF_INET6 => Family::V6,
        AF_UNIX if !datagrams => Family::Local,
        _ => return Err(Errno::EAFNOSUPPORT),
    };
    let mut flags = 0;
    if kind & SOCK_NONBLOCK != 0 {
        flags |= O_NONBLOCK;
    }
    if kind & SOCK_CLOEXEC != 0 {
        flags |= O_CLOEXEC;
    }
    let socket = state.network.open(family, datagrams)?;
    let opened = state.vfs.open_socket(socket, flags);
    if opened.is_err() {
        state.forget_closed_sockets();
    }
    opened
}

async fn connect(caller: &mut Caller<'_, State>, fd: i32, at: i32, len: i32) -> Answer<()> {
    let target = address::read(&memory::open(caller).0, at, len)?;
    let state = caller.data_mut();
    let socket = state.vfs.socket(fd)?;
    let patient = state.vfs.fd_flags(fd)? & O_NONBLOCK == 0;
    let (_, limit) = state.network.timeouts(socket);
    match state.network.connect(socket, &target) {
        Err(Errno::EINPROGRESS) if patient => {}
        decided => return decided,
    }
    let ends = limit.map(|limit| Instant::now() + limit);
    let decided = |state: &mut State| {
        let ready = state.network.ready(socket);
        ready.writable || ready.failed || ready.hung_up
    };
    if !wait(caller, ends, decided).await {
        return Err(Errno::ETIMEDOUT);
    }
    match caller.data_mut().network.take_error(socket)? {
        None => Ok(()),
        Some(errno) => Err(errno),
    }
}

/// What a server would do.
fn refusals(linker: &mut Linker<State>) -> Result<()> {
    for name in ["__syscall_bind", "__syscall_listen", "__syscall_accept4"] {
        linker.func_wrap(
            "env",
            name,
            move |mut caller: Caller<'_, State>, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| {
                caller.data_mut().network.refuse(name.trim_start_matches("__syscall_"));
                -Errno::EACCES.raw()
            },
        )?;
    }
    Ok(())
}
