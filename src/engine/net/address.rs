//! Addresses that are nobody's business on the open network: one's own machine, one's own
//! network, and what is routed in ways of its own.
//!
//! Sources: the IANA registries of IPv4 and IPv6 special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "an unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private"),
    // Carrier-grade NAT. Some clouds have their metadata service here.
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a shared"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback"),
    // The metadata services of most clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved"),
    // A public address by number, the host's own agent by use.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a metadata"),
];

const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "an unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "a loopback"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4-mapped"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "a NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "a NAT64"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "a link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a multicast"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "a tunnel or protocol"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "a documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a 6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "a documentation"),
];

/// The only block from which global unicast addresses are assigned.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What kind of special address this is, with its article; `None`: a public one.
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let within = |(base, bits, _): &&(Ipv4Addr, u32, _)| {
                (address.to_bits() ^ base.to_bits()).leading_zeros() >= *bits
            };
            V4.iter().find(within).map(|(_, _, kind)| *kind)
        }
        IpAddr::V6(address) => {
            let shared = |base: &Ipv6Addr| (address.to_bits() ^ base.to_bits()).leading_zeros();
            V6.iter().find(|(base, bits, _)| shared(base) >= *bits).map(|(_, _, kind)| *kind).or_else(|| {
                let (base, bits) = GLOBAL_UNICAST;
                (shared(&base) < bits).then_some("a reserved")
            })
        }
    }
}
