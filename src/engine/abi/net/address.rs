//! The guest's `struct sockaddr`.

use crate::engine::abi::memory::{Answer, Bytes};
use crate::engine::net::Target;
use crate::engine::vfs::Errno;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

// musl's numbers.
pub(super) const AF_UNIX: i32 = 1;
pub(super) const AF_INET: i32 = 2;
pub(super) const AF_INET6: i32 = 10;

/// `sizeof(struct sockaddr_in)`, `sockaddr_in6`, and the most that `sockaddr_un` has.
const IN_SIZE: u32 = 16;
pub(super) const IN6_SIZE: u32 = 28;
const UN_SIZE: i32 = 110;

/// Reads a `struct sockaddr_in`, `sockaddr_in6` or `sockaddr_un`.
pub(super) fn read(mem: &Bytes<'_>, at: i32, len: i32) -> Answer<Target> {
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
pub(super) fn encode(address: SocketAddr) -> Vec<u8> {
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
pub(super) fn put(mem: &mut Bytes<'_>, at: i32, len: i32, address: SocketAddr) -> Answer<()> {
    let bytes = encode(address);
    let room = usize::try_from(mem.i32(len)?).map_err(|_| Errno::EINVAL)?;
    mem.put(at, &bytes[..bytes.len().min(room)])?;
    mem.put_i32(len, bytes.len() as i32)
}
