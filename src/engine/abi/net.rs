//! Sockets and names: decodes the guest's calls for `net/`, and waits for the guest where it asks
//! for that, in slices.
//!
//! A waiting call sleeps in [`Parking`](crate::engine::drive), so that the deadline and the parent
//! are looked at meanwhile.

use super::memory::{self, Answer, Bytes, negative};
use super::time::until;
use crate::engine::net::{Family, Naming, Ready, Target};
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use crate::engine::vfs::flags::O_NONBLOCK;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};
use wasmtime::{Caller, Linker, Result};

// musl's numbers.
const AF_UNIX: i32 = 1;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const SOCK_KIND: i32 = 0xf;
const SOCK_NONBLOCK: i32 = 2048;
const SOCK_CLOEXEC: i32 = 524_288;
const MSG_PEEK: i32 = 2;
const MSG_DONTWAIT: i32 = 64;
const SOL_SOCKET: i32 = 1;
const SO_TYPE: i32 = 3;
const SO_ERROR: i32 = 4;
const SO_KEEPALIVE: i32 = 9;
const SO_RCVTIMEO: i32 = 66;
const SO_SNDTIMEO: i32 = 67;
const IPPROTO_TCP: i32 = 6;
const TCP_NODELAY: i32 = 1;

// musl's netdb.h.
const EAI_NONAME: i32 = -2;
const EAI_FAIL: i32 = -4;
const EAI_FAMILY: i32 = -6;
const EAI_SERVICE: i32 = -8;
const EAI_MEMORY: i32 = -10;
const AI_PASSIVE: i32 = 1;
const AI_NUMERICHOST: i32 = 4;

const POLLIN: u16 = 1;
const POLLOUT: u16 = 4;
const POLLERR: u16 = 8;
const POLLHUP: u16 = 16;
const POLLNVAL: u16 = 32;

/// The first sleep of a waiting call, and the longest.
const SLICE_MIN: Duration = Duration::from_micros(200);
const SLICE_MAX: Duration = Duration::from_millis(5);

/// `sizeof(struct sockaddr_in)`, `sockaddr_in6`, and the most that `sockaddr_un` has.
const IN_SIZE: u32 = 16;
const IN6_SIZE: u32 = 28;
const UN_SIZE: i32 = 110;

/// Longest datagram or piece that one call sends or receives, bytes.
const TRANSFER_MAX: u32 = 16 << 20;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    names(linker)?;
    sockets(linker)?;
    transfers(linker)?;
    options(linker)?;
    polls(linker)?;
    refusals(linker)
}

fn names(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap_async(
        "env",
        "getaddrinfo",
        |mut caller: Caller<'_, State>, (name, service, hints, out): (i32, i32, i32, i32)| {
            Box::new(async move { get_address_info(&mut caller, name, service, hints, out).await })
        },
    )?;
    // gethostbyname's address in network order; 0: not found.
    linker.func_wrap_async("env", "_emscripten_lookup_name", |mut caller: Caller<'_, State>, (name,): (i32,)| {
        Box::new(async move {
            let Some(name) = c_string(&mut caller, name) else { return 0 };
            let found = resolve(&mut caller, &name).await;
            let v4 = found.iter().find_map(|address| match address {
                IpAddr::V4(address) => Some(*address),
                IpAddr::V6(_) => None,
            });
            v4.map_or(0, |address: Ipv4Addr| i32::from_le_bytes(address.octets()))
        })
    })?;
    // Addresses are not turned back into names.
    linker.func_wrap(
        "env",
        "getnameinfo",
        |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| EAI_FAIL,
    )?;
    // Pointers to `struct protoent`: NULL.
    linker.func_wrap("env", "getprotobynumber", |_: i32| 0)?;
    linker.func_wrap("env", "getprotobyname", |_: i32| 0)?;
    Ok(())
}

fn c_string(caller: &mut Caller<'_, State>, at: i32) -> Option<String> {
    let (mem, _) = memory::open(caller);
    String::from_utf8(mem.path(at).ok()?.to_vec()).ok()
}

/// The addresses of a name that the guest may know; none where it may not.
async fn resolve(caller: &mut Caller<'_, State>, name: &str) -> Vec<IpAddr> {
    let (name, mut lookup) = match caller.data_mut().network.find(name) {
        Ok(Naming::Address(address)) => return vec![address],
        Ok(Naming::Lookup(name, lookup)) => (name, lookup),
        Err(_) => return Vec::new(),
    };
    let mut slices = Slices::default();
    loop {
        if let Some(answer) = lookup.poll() {
            return caller.data_mut().network.found(&name, answer.unwrap_or_default());
        }
        let pause = caller.data().parking().sleep(Some(slices.next()));
        pause.await;
    }
}

/// Fills one `struct addrinfo`: this build's freeaddrinfo() frees no list.
async fn get_address_info(
    caller: &mut Caller<'_, State>,
    name: i32,
    service: i32,
    hints: i32,
    out: i32,
) -> Result<i32> {
    let wanted = {
        let (mem, _) = memory::open(caller);
        let hint = |index: i32| if hints == 0 { Ok(0) } else { mem.i32(hints.wrapping_add(4 * index)) };
        (hint(0), hint(1), hint(2), hint(3))
    };
    let (Ok(flags), Ok(family), Ok(kind), Ok(protocol)) = wanted else { return Ok(EAI_FAIL) };
    let port = if service == 0 {
        0
    } else {
        match c_string(caller, service).and_then(|text| text.parse::<u16>().ok()) {
            Some(port) => port,
            None => return Ok(EAI_SERVICE),
        }
    };
    if ![0, AF_INET, AF_INET6].contains(&family) {
        return Ok(EAI_FAMILY);
    }
    let addresses = if name == 0 {
        let any = flags & AI_PASSIVE != 0;
        vec![match (family, any) {
            (AF_INET6, true) => IpAddr::from([0u16; 8]),
            (AF_INET6, false) => IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, 1]),
            (_, true) => IpAddr::from([0, 0, 0, 0]),
            (_, false) => IpAddr::from([127, 0, 0, 1]),
        }]
    } else {
        let Some(name) = c_string(caller, name) else { return Ok(EAI_NONAME) };
        if flags & AI_NUMERICHOST != 0 && name.parse::<IpAddr>().is_err() {
            return Ok(EAI_NONAME);
        }
        resolve(caller, &name).await
    };
    let fits = |address: &&IpAddr| family == 0 || address.is_ipv6() == (family == AF_INET6);
    // With both at hand IPv4: the guest tries one address, and every host has IPv4 or little else.
    let found = addresses.iter().filter(fits).min_by_key(|address| address.is_ipv6());
    let Some(address) = found.copied() else { return Ok(EAI_NONAME) };
    let kind = match (kind, protocol) {
        (0, 17) => SOCK_DGRAM,
        (0, _) => SOCK_STREAM,
        (kind, _) => kind,
    };
    let protocol = match (protocol, kind) {
        (0, SOCK_DGRAM) => 17,
        (0, _) => IPPROTO_TCP,
        (protocol, _) => protocol,
    };
    let encoded = encode(SocketAddr::new(address, port));
    let memalign = caller.data().memalign();
    let socket_address = memalign.call_async(&mut *caller, (8, IN6_SIZE as i32)).await?;
    let info = memalign.call_async(&mut *caller, (8, 32)).await?;
    if socket_address == 0 || info == 0 {
        return Ok(EAI_MEMORY);
    }
    let (mut mem, _) = memory::open(caller);
    let family = if address.is_ipv6() { AF_INET6 } else { AF_INET };
    // flags, family, socktype, protocol, addrlen, addr, canonname, next.
    let fields = [0, family, kind, protocol, encoded.len() as i32, socket_address, 0, 0];
    let mut write = || -> Answer<()> {
        mem.put(socket_address, &encoded)?;
        for (index, field) in fields.into_iter().enumerate() {
            mem.put_i32(info.wrapping_add(4 * index as i32), field)?;
        }
        mem.put_i32(out, info)
    };
    Ok(if write().is_ok() { 0 } else { EAI_FAIL })
}

fn sockets(linker: &mut Linker<State>) -> Result<()> {
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
                    put_address(&mut mem, at, len, address)
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
    linker.func_wrap("env", "wasm_close", |mut caller: Caller<'_, State>, fd: i32| {
        if caller.data_mut().close(fd).is_ok() { 0 } else { -1 }
    })?;
    Ok(())
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
        flags |= crate::engine::vfs::flags::O_CLOEXEC;
    }
    let socket = state.network.open(family, datagrams)?;
    let opened = state.vfs.open_socket(socket, flags);
    if opened.is_err() {
        state.forget_closed_sockets();
    }
    opened
}

async fn connect(caller: &mut Caller<'_, State>, fd: i32, at: i32, len: i32) -> Answer<()> {
    let target = target(&memory::open(caller).0, at, len)?;
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

fn transfers(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap_async(
        "env",
        "__syscall_recvfrom",
        |mut caller: Caller<'_, State>, (fd, buffer, len, flags, from, from_len): (i32, i32, i32, i32, i32, i32)| {
            Box::new(async move {
                let len = (len as u32).min(TRANSFER_MAX);
                negative(receive(&mut caller, fd, buffer, len, flags, (from, from_len)).await)
            })
        },
    )?;
    linker.func_wrap_async(
        "env",
        "__syscall_sendto",
        |mut caller: Caller<'_, State>, (fd, bytes, len, flags, to, to_len): (i32, i32, i32, i32, i32, i32)| {
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
                        put_address(&mut mem, from, from_len, sender)?;
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
            to => match target(&mem, to, to_len)? {
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

fn options(linker: &mut Linker<State>) -> Result<()> {
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

fn set_option(mem: &Bytes<'_>, state: &mut State, fd: i32, option: (i32, i32), value: i32, len: i32) -> Answer<()> {
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

fn polls(linker: &mut Linker<State>) -> Result<()> {
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
        happened = wanted.iter().map(|(fd, events)| if *fd < 0 { 0 } else { revents(state, *fd, *events) }).collect();
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

/// Sandboxes only connect.
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

/// Sleeps until `ready`, or until `ends`; says which.
async fn wait(
    caller: &mut Caller<'_, State>,
    ends: Option<Instant>,
    mut ready: impl FnMut(&mut State) -> bool,
) -> bool {
    let mut slices = Slices::default();
    loop {
        if ready(caller.data_mut()) {
            return true;
        }
        let next = slices.next();
        if ends.is_some_and(|ends| Instant::now() >= ends) {
            return false;
        }
        let pause = caller.data().parking().sleep(Some(ends.map_or(next, |ends| next.min(ends))));
        pause.await;
    }
}

/// Sleeps that begin short, for what answers at once, and grow.
struct Slices(Duration);

impl Default for Slices {
    fn default() -> Slices {
        Slices(SLICE_MIN)
    }
}

impl Slices {
    /// The end of the next sleep, if it begins now.
    fn next(&mut self) -> Instant {
        let slice = self.0;
        self.0 = (slice * 2).min(SLICE_MAX);
        Instant::now() + slice
    }
}

/// Reads a `struct sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
fn target(mem: &Bytes<'_>, at: i32, len: i32) -> Answer<Target> {
    let family = {
        let bytes = mem.get(at, 2)?;
        i32::from(u16::from_le_bytes([bytes[0], bytes[1]]))
    };
    let port = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    match family {
        AF_INET if len >= IN_SIZE as i32 => {
            let bytes = mem.get(at, IN_SIZE)?;
            let address = Ipv4Addr::new(bytes[4], bytes[5], bytes[6], bytes[7]);
            Ok(Target::Inet(SocketAddr::new(address.into(), port(bytes))))
        }
        AF_INET6 if len >= IN6_SIZE as i32 => {
            let bytes = mem.get(at, IN6_SIZE)?;
            let mut octets = [0; 16];
            octets.copy_from_slice(&bytes[8..24]);
            Ok(Target::Inet(SocketAddr::new(IpAddr::from(octets), port(bytes))))
        }
        AF_UNIX if (3..=UN_SIZE).contains(&len) => {
            let bytes = mem.get(at.wrapping_add(2), len as u32 - 2)?;
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            let path = std::str::from_utf8(&bytes[..end]).map_err(|_| Errno::EINVAL)?;
            Ok(Target::Path(path.to_owned()))
        }
        AF_INET | AF_INET6 | AF_UNIX => Err(Errno::EINVAL),
        _ => Err(Errno::EAFNOSUPPORT),
    }
}

/// A `struct sockaddr_in` or `sockaddr_in6`.
fn encode(address: SocketAddr) -> Vec<u8> {
    let port = address.port().to_be_bytes();
    match address.ip() {
        IpAddr::V4(v4) => {
            let mut bytes = vec![0; IN_SIZE as usize];
            bytes[0] = AF_INET as u8;
            bytes[2..4].copy_from_slice(&port);
            bytes[4..8].copy_from_slice(&v4.octets());
            bytes
        }
        IpAddr::V6(v6) => {
            let mut bytes = vec![0; IN6_SIZE as usize];
            bytes[0] = AF_INET6 as u8;
            bytes[2..4].copy_from_slice(&port);
            bytes[8..24].copy_from_slice(&v6.octets());
            bytes
        }
    }
}

/// Stores an address as far as there is room, and its whole length.
fn put_address(mem: &mut Bytes<'_>, at: i32, len: i32, address: SocketAddr) -> Answer<()> {
    let bytes = encode(address);
    let room = usize::try_from(mem.i32(len)?).map_err(|_| Errno::EINVAL)?;
    mem.put(at, &bytes[..bytes.len().min(room)])?;
    mem.put_i32(len, bytes.len() as i32)
}
