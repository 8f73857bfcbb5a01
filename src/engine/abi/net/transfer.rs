//! Bytes: sent and received.

use super::address;
use super::wait::wait;
use crate::engine::abi::memory::{self, Answer, negative};
use crate::engine::net::Target;
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use crate::engine::vfs::flags::O_NONBLOCK;
use std::time::{Duration, Instant};
use wasmtime::{Caller, Linker, Result};

// musl's numbers.
const MSG_PEEK: i32 = 2;
const MSG_DONTWAIT: i32 = 64;

/// Longest datagram or piece that one call sends or receives, bytes.
const TRANSFER_MAX: u32 = 16 << 20;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap_async(
        "env",
        "__syscall_recvfrom",
        |mut caller: Caller<'_, State>,
         (fd, buffer, len, flags, from, from_len): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let len = (len as u32).min(TRANSFER_MAX);
                negative(receive(&mut caller, fd, buffer, len, flags, (from, from_len)).await)
            })
        },
    )?;
    linker.func_wrap_async(
        "env",
        "__syscall_sendto",
        |mut caller: Caller<'_, State>,
         (fd, bytes, len, flags, to, to_len): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let len = (len as u32).min(TRANSFER_MAX);
                negative(send(&mut caller, fd, &[(bytes, len)], flags, (to, to_len)).await)
            })
        },
    )?;
    // struct msghdr: name, namelen, iov, iovlen, …
    linker.func_wrap_async(
        "env",
        "__syscall_sendmsg",
        |mut caller: Caller<'_, State>, (fd, message, flags, _, _, _): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let parts = {
                    let (mem, _) = memory::open(&mut caller);
                    let field = |index: i32| mem.i32(message.wrapping_add(4 * index));
                    (|| Ok(((field(0)?, field(1)?), mem.iovecs(field(2)?, field(3)?)?)))()
                };
                match parts {
                    Ok((to, parts)) => negative(send(&mut caller, fd, &parts, flags, to).await),
                    Err(errno) => negative(Err(errno)),
                }
            })
        },
    )?;
    Ok(())
}

/// Whether a call on this descriptor waits, and until when at most.
fn patience(state: &State, fd: i32, flags: i32, limit: Option<Duration>) -> Answer<(bool, Option<Instant>)> {
    let waits = state.vfs.fd_flags(fd)? & O_NONBLOCK == 0 && flags & MSG_DONTWAIT == 0;
    Ok((waits, limit.map(|limit| Instant::now() + limit)))
}

async fn receive(
    caller: &mut Caller<'_, State>,
    fd: i32,
    buffer: i32,
    len: u32,
    flags: i32,
    (from, from_len): (i32, i32),
) -> Answer<i32> {
    let state = caller.data();
    let socket = state.vfs.socket(fd)?;
    let (waits, ends) = patience(state, fd, flags, state.network.timeouts(socket).0)?;
    loop {
        {
            let (mut mem, state) = memory::open(caller);
            match state.network.receive(socket, mem.get_mut(buffer, len)?, flags & MSG_PEEK != 0) {
                Ok((count, sender)) => {
                    if let Some(sender) = sender.filter(|_| from != 0 && from_len != 0) {
                        address::put(&mut mem, from, from_len, sender)?;
                    }
                    return Ok(count as i32);
                }
                Err(Errno::EAGAIN) if waits => {}
                Err(errno) => return Err(errno),
            }
        }
        let arrived = |state: &mut State| {
            let ready = state.network.ready(socket);
            ready.readable || ready.failed || ready.hung_up
        };
        if !wait(caller, ends, arrived).await {
            return Err(Errno::EAGAIN);
        }
    }
}

async fn send(
    caller: &mut Caller<'_, State>,
    fd: i32,
    parts: &[(i32, u32)],
    flags: i32,
    (to, to_len): (i32, i32),
) -> Answer<i32> {
    let (socket, to) = {
        let (mem, state) = memory::open(caller);
        let to = match to {
            0 => None,
            to => match address::read(&mem, to, to_len)? {
                Target::Inet(to) => Some(to),
                Target::Path(_) => return Err(Errno::EAFNOSUPPORT),
            },
        };
        (state.vfs.socket(fd)?, to)
    };
    let state = caller.data();
    let (waits, ends) = patience(state, fd, flags, state.network.timeouts(socket).1)?;
    let mut message = Vec::new();
    {
        let (mem, _) = memory::open(caller);
        for (at, len) in parts {
            if message.len() + *len as usize > TRANSFER_MAX as usize {
                return Err(Errno::EMSGSIZE);
            }
            message.extend_from_slice(mem.get(*at, *len)?);
        }
    }
    let datagrams = caller.data().network.is_datagrams(socket);
    let mut sent = 0;
    loop {
        match caller.data_mut().network.send(socket, &message[sent..], to) {
            Ok(count) => sent += count,
            Err(Errno::EAGAIN) if waits => {
                let room = |state: &mut State| {
                    let ready = state.network.ready(socket);
                    ready.writable || ready.failed || ready.hung_up
                };
                if !wait(caller, ends, room).await {
                    return if sent > 0 { Ok(sent as i32) } else { Err(Errno::EAGAIN) };
                }
                continue;
            }
            Err(_) if sent > 0 => return Ok(sent as i32),
            Err(errno) => return Err(errno),
        }
        if sent == message.len() || datagrams || !waits {
            return Ok(sent as i32);
        }
    }
}
