//! A guest's network: sockets, names, and requests that the host's HTTP client carries out.
//!
//! In: what `abi/net.rs` decodes, and [`Rules`]. Out: bytes, the guest's error numbers, and a
//! [`Record`] of every connection and every decision.
//!
//! Invariants: names are looked up by the host; a socket connects only to an address that the rules
//! list or that an allowed name was resolved to, and never to a special address that is not listed
//! itself; no call blocks; what goes through and how much is open at once is bounded. A fork shares
//! no connection with what it was forked from.

mod address;
mod background;
mod http;
mod record;
mod resolve;
mod rules;
mod socket;

pub use address::special;
pub(super) use background::settle;
pub use http::Trust;
pub use record::{Record, Via};
pub use resolve::{Lookup, Resolve, SystemResolver};
pub use rules::{Denied, HostRule, NotAHost, Rules};
pub use socket::Ready;

use super::vfs::Errno;
use background::Crew;
use http::Exchange;
use record::Log;
use socket::Inet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A guest's socket, for as long as it lives.
pub type SocketId = u32;

/// Guest path of the socket behind which the host's HTTP client sits.
pub const HTTP_SOCKET: &str = "/internal/codebox/http.sock";

/// How much of the network one guest may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkLimits {
    /// Sockets and requests open at once.
    pub open: usize,
    /// Connections and requests in the guest's life.
    pub connections: u64,
    /// Bytes sent and received in the guest's life, both together.
    pub bytes: u64,
    /// Bytes of one HTTP response's body.
    pub response: u64,
}

impl Default for NetworkLimits {
    fn default() -> NetworkLimits {
        NetworkLimits { open: 64, connections: 2000, bytes: 1 << 30, response: 256 << 20 }
    }
}

/// The network of one guest. Plain settings beside what is open: a new guest has nothing open.
pub struct Network {
    rules: Rules,
    limits: NetworkLimits,
    resolver: Arc<dyn Resolve>,
    trust: Trust,
    sockets: BTreeMap<SocketId, Socket>,
    next: SocketId,
    /// Addresses that allowed names were resolved to, and these names.
    resolved: BTreeMap<IpAddr, BTreeSet<String>>,
    connections: u64,
    bytes: u64,
    log: Log,
    crew: Crew,
}

/// Addresses that are remembered; the guest cannot make the host keep more.
const RESOLVED_MAX: usize = 4096;

enum Socket {
    Inet(Inet),
    /// Not connected yet.
    Local,
    Http(Exchange),
}

/// How a name is to be found.
pub enum Naming {
    /// It is an address.
    Address(IpAddr),
    Lookup(String, Lookup),
}

/// Where a socket is to be connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Inet(SocketAddr),
    Path(String),
}

/// The kind of a new socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
    Local,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            rules: Rules::Deny,
            limits: NetworkLimits::default(),
            resolver: Arc::new(SystemResolver),
            trust: Trust::System,
            sockets: BTreeMap::new(),
            next: 1,
            resolved: BTreeMap::new(),
            connections: 0,
            bytes: 0,
            log: Log::default(),
            crew: Crew::default(),
        }
    }
}

impl Network {
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The same settings and counts for the guest that comes after this one. Nothing is open in it.
    pub fn handed_on(&mut self) -> Network {
        let mut next = std::mem::take(self);
        next.sockets.clear();
        next
    }

    /// Sets what may be reached from now on. Connections that would not be allowed any more end.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
        for socket in self.sockets.values_mut() {
            if let Socket::Http(exchange) = socket {
                exchange.set_rules(&self.rules);
            }
            let allowed = match socket {
                Socket::Local => true,
                Socket::Http(exchange) => exchange.allowed_by(&self.rules),
                Socket::Inet(inet) => match inet.peer() {
                    None => true,
                    Some((to, _)) => self.rules.judge_address(to, names(&self.resolved, to.ip())).is_ok(),
                },
            };
            if !allowed {
                if let Socket::Inet(inet) = socket
                    && let Some(record) = inet.record()
                {
                    self.log.add(record.denied("the network policy changed"));
                }
                *socket = Socket::Local;
            }
        }
    }

    pub fn set_limits(&mut self, limits: NetworkLimits) {
        self.limits = limits;
    }

    /// Sets who looks names up.
    pub fn set_resolver(&mut self, resolver: Arc<dyn Resolve>) {
        self.resolver = resolver;
    }

    /// Sets which certificates the HTTP client believes.
    pub fn set_trust(&mut self, trust: Trust) {
        self.trust = trust;
    }

    /// What happened since the last call, and how many records more there would have been.
    pub fn take_records(&mut self) -> (Vec<Record>, u64) {
        for socket in self.sockets.values_mut() {
            match socket {
                Socket::Inet(inet) if inet.sent + inet.received > 0 => {
                    inet.record().into_iter().for_each(|record| self.log.add(record));
                }
                Socket::Http(exchange) => exchange.record(&mut self.log),
                Socket::Inet(_) | Socket::Local => {}
            }
        }
        self.log.take()
    }

    /// Notes an attempt at what there is not: listening, other families.
    pub(super) fn refuse(&mut self, what: &str) {
        self.log.add(Record::new(Via::Socket, what).denied("sandboxes only connect"));
    }

    /// Begins to find the addresses of a name.
    pub(super) fn find(&mut self, name: &str) -> Result<Naming, Denied> {
        if let Ok(address) = name.parse() {
            return Ok(Naming::Address(address));
        }
        let found =
            rules::canonical_name(name).ok_or_else(|| Denied::Name(name.to_owned())).and_then(|name| {
                self.rules.judge_name(&name, None)?;
                let lookup = Lookup::start(&self.crew, &self.resolver, name.clone())
                    .map_err(|_| Denied::Name(name.clone()))?;
                Ok(Naming::Lookup(name, lookup))
            });
        found.inspect_err(|denied| self.log.add(Record::new(Via::Lookup, name).denied(denied)))
    }

    /// Ends a lookup: the addresses of which the guest may know.
    pub(super) fn found(&mut self, name: &str, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let mut kept = Vec::new();
        for address in addresses {
            match self.rules.judge_resolved(address) {
                Ok(()) => kept.push(address),
                Err(denied) => self
                    .log
                    .add(Record { address: Some(address), ..Record::new(Via::Lookup, name).denied(denied) }),
            }
        }
        for address in &kept {
            if self.resolved.len() < RESOLVED_MAX || self.resolved.contains_key(address) {
                self.resolved.entry(*address).or_default().insert(name.to_owned());
            }
        }
        if let Some(first) = kept.first() {
            self.log.add(Record { address: Some(*first), ..Record::new(Via::Lookup, name) });
        }
        kept
    }

    pub(super) fn open(&mut self, family: Family, datagrams: bool) -> Result<SocketId, Errno> {
        if self.sockets.len() >= self.limits.open {
            return Err(Errno::EMFILE);
        }
        let socket = match family {
            Family::Local => Socket::Local,
            Family::V4 | Family::V6 => Socket::Inet(Inet::new(family == Family::V6, datagrams)?),
        };
        let id = self.next;
        self.next += 1;
        self.sockets.insert(id, socket);
        Ok(id)
    }

    /// Closes every socket that the guest has no descriptor of any more.
    pub(super) fn close_unless(&mut self, held: impl Fn(SocketId) -> bool) {
        let gone: Vec<SocketId> = self.sockets.keys().copied().filter(|id| !held(*id)).collect();
        for id in gone {
            match self.sockets.remove(&id) {
                Some(Socket::Inet(mut inet)) => {
                    inet.record().into_iter().for_each(|record| self.log.add(record));
                }
                Some(Socket::Http(mut exchange)) => exchange.record(&mut self.log),
                Some(Socket::Local) | None => {}
            }
        }
    }

    /// Whether there is anything to close.
    pub(super) fn is_idle(&self) -> bool {
        self.sockets.is_empty()
    }

    pub(super) fn connect(&mut self, id: SocketId, target: &Target) -> Result<(), Errno> {
        let socket = self.sockets.get_mut(&id).ok_or(Errno::EBADF)?;
        match (socket, target) {
            (Socket::Inet(inet), Target::Inet(to)) => {
                let host = names(&self.resolved, to.ip()).next().map_or(to.ip().to_string(), str::to_owned);
                let attempt = Record {
                    address: Some(to.ip()),
                    port: Some(to.port()),
                    ..Record::new(Via::Socket, host)
                };
                if let Err(denied) = self.rules.judge_address(*to, names(&self.resolved, to.ip())) {
                    self.log.add(attempt.denied(denied));
                    return Err(Errno::EACCES);
                }
                self.connections += 1;
                if self.connections > self.limits.connections {
                    self.log.add(attempt.denied("too many connections"));
                    return Err(Errno::EACCES);
                }
                inet.connect(*to, attempt.host)
            }
            (socket @ Socket::Local, Target::Path(path)) if path == HTTP_SOCKET => {
                self.connections += 1;
                if self.connections > self.limits.connections {
                    self.log.add(Record::new(Via::Http, "").denied("too many connections"));
                    return Err(Errno::EACCES);
                }
                let room = self.limits.response.min(self.limits.bytes.saturating_sub(self.bytes));
                *socket = Socket::Http(Exchange::new(
                    self.rules.clone(),
                    Arc::clone(&self.resolver),
                    self.trust.clone(),
                    self.crew.clone(),
                    room,
                ));
                Ok(())
            }
            (Socket::Local, Target::Path(path)) => {
                self.log
                    .add(Record::new(Via::Socket, path.as_str()).denied("the sandbox has no such socket"));
                Err(Errno::ENOENT)
            }
            (Socket::Http(_), Target::Path(_)) => Err(Errno::EISCONN),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    /// Up to `buffer.len()` bytes; 0 at the end. `EAGAIN`: nothing yet.
    pub(super) fn receive(
        &mut self,
        id: SocketId,
        buffer: &mut [u8],
        peek: bool,
    ) -> Result<(usize, Option<SocketAddr>), Errno> {
        let (count, from) = match self.sockets.get_mut(&id).ok_or(Errno::EBADF)? {
            Socket::Inet(inet) => {
                if self.bytes >= self.limits.bytes {
                    return Err(Errno::ECONNRESET);
                }
                inet.receive(buffer, peek)?
            }
            Socket::Http(exchange) => (exchange.receive(buffer, peek)?, None),
            Socket::Local => return Err(Errno::ENOTCONN),
        };
        self.bytes += if peek { 0 } else { count as u64 };
        Ok((count, from))
    }

    pub(super) fn send(
        &mut self,
        id: SocketId,
        bytes: &[u8],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.limits.bytes {
            self.log.add(Record::new(Via::Socket, "").denied("too many bytes"));
            return Err(Errno::ECONNRESET);
        }
        let count = match self.sockets.get_mut(&id).ok_or(Errno::EBADF)? {
            Socket::Inet(inet) => {
                if let Some(to) = to {
                    if !inet.datagrams {
                        return Err(Errno::EISCONN);
                    }
                    if let Err(denied) = self.rules.judge_address(to, names(&self.resolved, to.ip())) {
                        let attempt = Record::new(Via::Socket, to.ip().to_string());
                        let attempt = Record { address: Some(to.ip()), port: Some(to.port()), ..attempt };
                        self.log.add(attempt.denied(denied));
                        return Err(Errno::EACCES);
                    }
                }
                inet.send(bytes, to)?
            }
            Socket::Http(exchange) => exchange.send(bytes)?,
            Socket::Local => return Err(Errno::ENOTCONN),
        };
        self.bytes += count as u64;
        Ok(count)
    }

    pub(super) fn shutdown(&mut self, id: SocketId, how: Shutdown) -> Result<(), Errno> {
        match self.sockets.get_mut(&id).ok_or(Errno::EBADF)? {
            Socket::Inet(inet) => inet.shutdown(how),
            Socket::Http(_) => Ok(()),
            Socket::Local => Err(Errno::ENOTCONN),
        }
    }

    pub(super) fn ready(&mut self, id: SocketId) -> Ready {
        match self.sockets.get_mut(&id) {
            Some(Socket::Inet(inet)) => inet.ready(),
            Some(Socket::Http(exchange)) => exchange.ready(),
            Some(Socket::Local) => Ready { hung_up: true, ..Ready::default() },
            None => Ready { failed: true, ..Ready::default() },
        }
    }

    fn inet(&self, id: SocketId) -> Result<&Inet, Errno> {
        match self.sockets.get(&id).ok_or(Errno::EBADF)? {
            Socket::Inet(inet) => Ok(inet),
            Socket::Http(_) | Socket::Local => Err(Errno::EOPNOTSUPP),
        }
    }

    pub(super) fn is_datagrams(&self, id: SocketId) -> bool {
        self.inet(id).is_ok_and(|inet| inet.datagrams)
    }

    pub(super) fn peer_address(&self, id: SocketId) -> Result<SocketAddr, Errno> {
        self.inet(id)?.peer_address()
    }

    pub(super) fn local_address(&self, id: SocketId) -> Result<SocketAddr, Errno> {
        self.inet(id)?.local_address()
    }

    /// The error of a connection that failed, which is cleared.
    pub(super) fn take_error(&mut self, id: SocketId) -> Result<Option<Errno>, Errno> {
        match self.inet(id) {
            Ok(inet) => inet.take_error(),
            Err(Errno::EOPNOTSUPP) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn set_no_delay(&self, id: SocketId, on: bool) -> Result<(), Errno> {
        self.inet(id)?.set_no_delay(on)
    }

    pub(super) fn set_keep_alive(&self, id: SocketId, on: bool) -> Result<(), Errno> {
        self.inet(id)?.set_keep_alive(on)
    }

    /// What a blocking receive or send waits at most; `None`: no limit of its own.
    pub(super) fn timeouts(&self, id: SocketId) -> (Option<Duration>, Option<Duration>) {
        self.inet(id).map_or((None, None), |inet| (inet.receive_timeout, inet.send_timeout))
    }

    pub(super) fn set_timeouts(
        &mut self,
        id: SocketId,
        change: impl FnOnce(&mut Option<Duration>, &mut Option<Duration>),
    ) -> Result<(), Errno> {
        match self.sockets.get_mut(&id).ok_or(Errno::EBADF)? {
            Socket::Inet(inet) => {
                change(&mut inet.receive_timeout, &mut inet.send_timeout);
                Ok(())
            }
            Socket::Http(_) | Socket::Local => Ok(()),
        }
    }
}

fn names(resolved: &BTreeMap<IpAddr, BTreeSet<String>>, address: IpAddr) -> impl Iterator<Item = &str> {
    resolved.get(&address).into_iter().flatten().map(String::as_str)
}
