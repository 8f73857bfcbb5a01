//! The network as a guest sees it, and every way past the policy that was thought of.

mod support;

#[path = "network/addresses.rs"]
mod addresses;
#[path = "network/http.rs"]
mod http;
#[path = "network/limits.rs"]
mod limits;
#[path = "network/names.rs"]
mod names;
#[path = "network/server.rs"]
mod server;
#[path = "network/sockets.rs"]
mod sockets;

use wp_codebox::engine::net::Rules;

/// Rules that allow these hosts.
fn hosts(list: &[&str]) -> Rules {
    Rules::Hosts(list.iter().map(|host| host.parse().unwrap()).collect())
}
