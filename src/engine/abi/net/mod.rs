//! Sockets and names: decodes the guest's calls for `net/`, and waits for the guest where it asks
//! for that.

mod address;
mod connection;
mod names;
mod options;
mod poll;
mod transfer;
mod wait;

use crate::engine::state::State;
use wasmtime::{Linker, Result};

// musl's numbers.
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const IPPROTO_TCP: i32 = 6;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    names::link(linker)?;
    connection::link(linker)?;
    transfer::link(linker)?;
    options::link(linker)?;
    poll::link(linker)
}
