//! Tools of the parent's that commands of a held sandbox call: `host/…`.
//!
//! Invariant: what goes in fits the tool's schema before anything has happened, what comes back fits
//! and is bounded, and a tool that fails is an answer.

use super::input::HostToolInput;
use crate::artifact::{check_payload, unsupported_keywords};
use crate::contract::{Code, Refusal, json_fits, to_value};
use crate::host::Host;
use crate::sandbox::{Approval, Approver, Command, HostToolCall, Unattended, is_host_tool_name};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Largest input and output of a tool as JSON, bytes.
const JSON_MAX: usize = 1 << 20;
/// Largest schema as JSON, bytes.
const SCHEMA_MAX: usize = 64 << 10;

/// Refuses tools that cannot be told apart, or not be called.
pub(super) fn check(tools: &mut [HostToolInput]) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    for (index, tool) in tools.iter_mut().enumerate() {
        let refuse = |field: &str, why: &str| {
            Err(Refusal::field(Code::InputInvalid, &format!("host_tools.{index}.{field}"), why)
                .with("index", index))
        };
        if !is_host_tool_name(&tool.name) {
            return refuse("name", "host/ and then A-Z, a-z, 0-9, dot, slash, hyphen and underscore");
        }
        if !taken.insert(tool.name.clone()) {
            return refuse("name", "another tool has this name");
        }
        for (field, schema) in
            [("input_schema", &mut tool.input_schema), ("output_schema", &mut tool.output_schema)]
        {
            if !json_fits(schema, SCHEMA_MAX) {
                return refuse(field, "at most 64 KiB");
            }
            // PHP has one empty array for both.
            if schema.get("properties").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                schema.insert("properties".to_owned(), Value::Object(Map::new()));
            }
            // A keyword that is not carried out would leave the gate open.
            if let Some(unsupported) = unsupported_keywords(schema).first() {
                return refuse(&format!("{field}{}", unsupported.path), &unsupported.message);
            }
        }
    }
    Ok(())
}

/// The call of a tool, if there is one of that name and the input fits.
pub(super) fn call(
    tools: &[HostToolInput],
    name: &str,
    input: Map<String, Value>,
) -> Result<Command, Refusal> {
    let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
        let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let why = format_args!("no tool of that name was registered with this sandbox; there are: {known}");
        return Err(Refusal::field(Code::InputInvalid, "command", why).with("issue", "unsupported-command"));
    };
    let input = Value::Object(input);
    if !json_fits(&input, JSON_MAX) {
        return Err(Refusal::field(
            Code::InputInvalid,
            "args",
            format_args!("at most {JSON_MAX} bytes of JSON"),
        ));
    }
    fits(&tool.input_schema, &input).map_err(|why| Refusal::field(Code::InputInvalid, "args", why))?;
    Ok(Command::HostTool(HostToolCall { tool: tool.name.clone(), input, writes: tool.writes }))
}

fn fits(schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
    check_payload(&Value::Object(schema.clone()), value)
}

/// The parent, whom a command asks and whose tools it calls.
pub(super) struct Parent<'a> {
    pub host: &'a dyn Host,
    pub tools: &'a [HostToolInput],
}

impl Approver for Parent<'_> {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.host.approve(to_value(approval)?)
    }

    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        let Some(tool) = self.tools.iter().find(|tool| tool.name == call.tool) else {
            return Unattended.call_tool(call);
        };
        let output = self.host.call_tool(&call.tool, call.input.clone())?;
        let refuse = |why: String| {
            Err(Refusal::new(Code::HostToolFailed, format!("What {} returned: {why}.", call.tool)))
        };
        if !json_fits(&output, JSON_MAX) {
            return refuse(format!("more than {JSON_MAX} bytes of JSON"));
        }
        match fits(&tool.output_schema, &output) {
            Ok(()) => Ok(output),
            Err(why) => refuse(why),
        }
    }
}
