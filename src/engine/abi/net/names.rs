//! Names and addresses: `getaddrinfo()` and its like.

use super::address::{self, AF_INET, AF_INET6, IN6_SIZE};
use super::wait::Slices;
use super::{IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM};
use crate::engine::abi::memory::{self, Answer};
use crate::engine::net::Naming;
use crate::engine::state::State;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use wasmtime::{Caller, Linker, Result};

// musl's netdb.h.
const EAI_NONAME: i32 = -2;
const EAI_FAIL: i32 = -4;
const EAI_FAMILY: i32 = -6;
const EAI_SERVICE: i32 = -8;
const EAI_MEMORY: i32 = -10;
const AI_PASSIVE: i32 = 1;
const AI_NUMERICHOST: i32 = 4;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap_async(
        "env",
        "getaddrinfo",
        |mut caller: Caller<'_, State>, (name, service, hints, out): (i32, i32, i32, i32)| {
            Box::new(async move { get_address_info(&mut caller, name, service, hints, out).await })
        },
    )?;
    // gethostbyname's address in network order; 0: not found.
    linker.func_wrap_async(
        "env",
        "_emscripten_lookup_name",
        |mut caller: Caller<'_, State>, (name,): (i32,)| {
            Box::new(async move {
                let Some(name) = c_string(&mut caller, name) else { return 0 };
                let found = resolve(&mut caller, &name).await;
                let v4 = found.iter().find_map(|address| match address {
                    IpAddr::V4(address) => Some(*address),
                    IpAddr::V6(_) => None,
                });
                v4.map_or(0, |address: Ipv4Addr| i32::from_le_bytes(address.octets()))
            })
        },
    )?;
    // Addresses are not turned back into names.
    linker
        .func_wrap("env", "getnameinfo", |_: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| EAI_FAIL)?;
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
    let encoded = address::encode(SocketAddr::new(address, port));
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
