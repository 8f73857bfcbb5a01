//! `host/…`: tools of the parent's. They are registered with a sandbox, and stand in no table.

use serde_json::Value;

/// What the names of all host tools begin with.
pub const HOST_TOOLS: &str = "host/";
/// Longest name, bytes.
const NAME_MAX: usize = 200;

/// A tool to call.
#[derive(Debug, Clone, PartialEq)]
pub struct HostToolCall {
    pub tool: String,
    pub input: Value,
    /// Whether the call can change anything.
    pub writes: bool,
}

/// Whether a host tool can have this name.
pub fn is_host_tool_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    let rest = name.strip_prefix(HOST_TOOLS).unwrap_or_default();
    !rest.is_empty() && name.len() <= NAME_MAX && rest.bytes().all(fits)
}
