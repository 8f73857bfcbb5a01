//! Readiness: `poll()` and `select()`.

use super::wait::wait;
use crate::engine::abi::memory::{self, Answer, negative};
use crate::engine::abi::time::until;
use crate::engine::net::Ready;
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use std::time::Instant;
use wasmtime::{Caller, Linker, Result};

const POLLIN: u16 = 1;
const POLLOUT: u16 = 4;
const POLLERR: u16 = 8;
const POLLHUP: u16 = 16;
const POLLNVAL: u16 = 32;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap_async(
        "env",
        "__asyncjs__wasm_poll_socket",
        |mut caller: Caller<'_, State>, (fd, events, timeout): (i32, i32, i32)| {
            Box::new(async move {
                // This build's select() adds these answers up, and asks for POLLIN and POLLOUT
                // where it means reading. Nobody else asks for just these two.
                let events = if events as u16 == POLLIN | POLLOUT { POLLIN } else { events as u16 };
                i32::from(wait(&mut caller, until(timeout), |state| revents(state, fd, events) != 0).await)
            })
        },
    )?;
    linker.func_wrap_async(
        "env",
        "__syscall_poll",
        |mut caller: Caller<'_, State>, (fds, count, timeout): (i32, i32, i32)| {
            Box::new(async move { negative(poll(&mut caller, fds, count, until(timeout)).await) })
        },
    )?;
    Ok(())
}

/// Fills `revents` of a `struct pollfd` array: i32 fd, u16 events, u16 revents.
async fn poll(caller: &mut Caller<'_, State>, fds: i32, count: i32, ends: Option<Instant>) -> Answer<i32> {
    if !(0..=1024).contains(&count) {
        return Err(Errno::EINVAL);
    }
    let wanted = {
        let (mem, _) = memory::open(caller);
        let entry = |index: i32| {
            let at = fds.wrapping_add(index * 8);
            Ok((mem.i32(at)?, mem.i32(at.wrapping_add(4))? as u16))
        };
        (0..count).map(entry).collect::<Answer<Vec<(i32, u16)>>>()?
    };
    let mut happened = Vec::new();
    let ready = |state: &mut State| {
        happened = wanted
            .iter()
            .map(|(fd, events)| if *fd < 0 { 0 } else { revents(state, *fd, *events) })
            .collect();
        happened.iter().any(|revents| *revents != 0)
    };
    wait(caller, ends, ready).await;
    let (mut mem, _) = memory::open(caller);
    for (index, revents) in happened.iter().enumerate() {
        mem.put(fds.wrapping_add(index as i32 * 8 + 6), &revents.to_le_bytes())?;
    }
    Ok(happened.iter().filter(|revents| **revents != 0).count() as i32)
}

fn revents(state: &mut State, fd: i32, events: u16) -> u16 {
    let ready = match state.vfs.socket(fd) {
        Ok(socket) => state.network.ready(socket),
        Err(_) => match state.vfs.poll_ready(fd) {
            Ok((readable, writable)) => Ready { readable, writable, ..Ready::default() },
            Err(_) => return POLLNVAL,
        },
    };
    let asked = [(ready.readable, events & POLLIN), (ready.writable, events & POLLOUT)];
    let always = [(ready.failed, POLLERR), (ready.hung_up, POLLHUP)];
    asked.into_iter().chain(always).fold(0, |all, (is, flag)| if is { all | flag } else { all })
}
