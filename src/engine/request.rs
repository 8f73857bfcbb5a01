//! What a guest is asked to do, and what came of it.

use super::net::Record;

/// A PHP request. Everything in it ends up in `$_SERVER` and friends as PHP's own SAPI puts it there.
#[derive(Debug, Clone)]
pub struct Request {
    /// Guest path of the script.
    pub script: String,
    pub method: String,
    /// Path and query, e.g. `/?p=1`.
    pub uri: String,
    /// Value of the `Host` header, with a port where it is not 80.
    pub host: String,
    /// Value of the `Cookie` header; empty for none.
    pub cookies: String,
    /// Value of the `Content-Type` header; empty for none.
    pub content_type: String,
    pub body: Vec<u8>,
    /// Further `$_SERVER` entries, e.g. `HTTP_ACCEPT`.
    pub server: Vec<(String, String)>,
}

impl Request {
    /// A `GET /` of `script`.
    pub fn script(script: impl Into<String>) -> Request {
        Request {
            script: script.into(),
            method: "GET".to_owned(),
            uri: "/".to_owned(),
            host: "localhost".to_owned(),
            cookies: String::new(),
            content_type: String::new(),
            body: Vec::new(),
            server: Vec::new(),
        }
    }
}

/// What a request left behind.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// PHP's exit status: 0, what `exit()` was given, or 255 after a fatal error.
    pub exit_status: i32,
    pub stdout: Vec<u8>,
    /// Bytes of stdout beyond the limit, which were dropped.
    pub stdout_dropped: u64,
    pub stderr: Vec<u8>,
    pub stderr_dropped: u64,
    /// Response headers as PHP wrote them, JSON lines of the SAPI.
    pub headers: Vec<u8>,
    /// The heap reached its limit.
    pub heap_exhausted: bool,
    /// Calls that were denied: processes, shared libraries, sockets that listen.
    pub denied: Vec<String>,
    /// Connections, HTTP requests and lookups, and what was decided about each.
    pub network: Vec<Record>,
    /// Such records beyond the limit, which were dropped.
    pub network_dropped: u64,
}
