//! The parent of a held sandbox: whom its commands ask, and whose tools they call.

use crate::contract::{Refusal, to_value};
use crate::host::Host;
use crate::recipe::{HostTool, call_host_tool};
use crate::sandbox::{Approval, Approver, HostToolCall};
use serde_json::Value;

/// The parent, whom a command asks and whose tools it calls.
pub(super) struct Parent<'a> {
    pub host: &'a dyn Host,
    pub tools: &'a [HostTool],
}

impl Approver for Parent<'_> {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.host.approve(to_value(approval)?)
    }

    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        call_host_tool(self.tools, call, self.host)
    }
}
