//! Names to addresses, by the host.

use super::background::Crew;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 16;

/// Where names are looked up. It may block as long as it likes: it has a thread of its own.
pub trait Resolve: Send + Sync {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The host's own resolver: its hosts file, its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.take(ADDRESSES_MAX).map(|to| to.ip()).collect())
    }
}

/// A lookup under way.
pub struct Lookup {
    answer: Receiver<io::Result<Vec<IpAddr>>>,
}

impl Lookup {
    pub(super) fn start(crew: &Crew, resolver: &Arc<dyn Resolve>, name: String) -> io::Result<Lookup> {
        let (sender, answer) = sync_channel(1);
        let resolver = Arc::clone(resolver);
        crew.spawn("wp-codebox-name", move || {
            // The guest may have been stopped meanwhile.
            let _ = sender.send(resolver.resolve(&name));
        })?;
        Ok(Lookup { answer })
    }

    /// The answer, once it is there.
    pub fn poll(&mut self) -> Option<io::Result<Vec<IpAddr>>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(io::ErrorKind::Other.into())),
        }
    }
}
