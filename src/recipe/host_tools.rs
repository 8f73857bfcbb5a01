//! Tools of the parent's that commands call by their names: `host/…`.
//!
//! Invariant: what goes in fits the tool's schema before anything has happened, what comes back fits
//! and is bounded, and a tool that fails is an answer.

use crate::artifact::{check_payload, unsupported_keywords};
use crate::contract::{Code, Input, Refusal, input_schema, json_fits, shown};
use crate::host::Host;
use crate::sandbox::{Approver, ArgumentIssue, Command, HostToolCall, Unattended, is_host_tool_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Largest input and output of a tool as JSON, bytes.
const JSON_MAX: usize = 1 << 20;
/// Largest schema as JSON, bytes.
const SCHEMA_MAX: usize = 64 << 10;

/// A tool of the parent's. Its callback stays with the parent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostTool {
    /// `host/` and a name.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub description: String,
    /// JSON Schema of the input, which is an object.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of what it returns. Left out: anything.
    #[serde(default)]
    pub output_schema: Map<String, Value>,
    /// Whether it can change anything: `approvals: on-write` asks before it.
    #[serde(default = "yes")]
    pub writes: bool,
}

fn yes() -> bool {
    true
}

/// What the parent registers for the sandboxes that it has run.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Registered {
    #[schemars(length(max = 64))]
    host_tools: Vec<HostTool>,
}

impl Input for Registered {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<Registered>);
        &SCHEMA
    }

    fn check(&mut self) -> Result<(), Refusal> {
        check_host_tools(&mut self.host_tools)
    }
}

/// The tools that the parent registers for the recipes that it has run.
pub fn registered_tools(host: &dyn Host) -> Result<Vec<HostTool>, Refusal> {
    Ok(Registered::parse(json!({ "host_tools": host.host_tools()? }))?.host_tools)
}

/// Refuses tools that cannot be told apart, or not be called.
pub fn check_host_tools(tools: &mut [HostTool]) -> Result<(), Refusal> {
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

/// Why a tool is not called.
#[derive(Debug, thiserror::Error)]
pub enum Uncallable {
    /// Register it, or name one that is registered.
    #[error("no tool of that name is registered; there are: {known}")]
    Unknown { known: String },
    /// Give what the tool's `input_schema` describes.
    #[error("{why}")]
    Input { why: String },
}

impl From<Uncallable> for Refusal {
    fn from(uncallable: Uncallable) -> Refusal {
        match &uncallable {
            Uncallable::Unknown { .. } => Refusal::field(Code::InputInvalid, "command", &uncallable)
                .with("issue", "unsupported-command"),
            Uncallable::Input { why } => Refusal::field(Code::InputInvalid, "args", why),
        }
    }
}

impl From<Uncallable> for ArgumentIssue {
    fn from(uncallable: Uncallable) -> ArgumentIssue {
        match uncallable {
            Uncallable::Unknown { .. } => {
                ArgumentIssue::new("unsupported-command", "command", uncallable.to_string())
            }
            Uncallable::Input { why } => ArgumentIssue::new("invalid-input", "input", why),
        }
    }
}

fn find<'a>(tools: &'a [HostTool], name: &str) -> Result<&'a HostTool, Uncallable> {
    tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Uncallable::Unknown { known }
    })
}

/// The call of a tool, if there is one of that name and the input fits.
pub fn host_tool_call(
    tools: &[HostTool],
    name: &str,
    input: Map<String, Value>,
) -> Result<Command, Uncallable> {
    let tool = find(tools, name)?;
    let input = Value::Object(input);
    if !json_fits(&input, JSON_MAX) {
        return Err(Uncallable::Input { why: format!("at most {JSON_MAX} bytes of JSON") });
    }
    fits(&tool.input_schema, &input).map_err(|why| Uncallable::Input { why })?;
    Ok(Command::HostTool(HostToolCall { tool: tool.name.clone(), input, writes: tool.writes }))
}

/// The same with a recipe's arguments, `key=value`. The tool's schema says which of them are text; the
/// others are JSON.
pub fn host_tool_step(tools: &[HostTool], name: &str, texts: &[String]) -> Result<Command, ArgumentIssue> {
    let tool = find(tools, name)?;
    let mut input = Map::new();
    for text in texts {
        let Some((key, value)) = text.split_once('=') else {
            return Err(ArgumentIssue::new("unsupported-argument", text, "key=value is expected"));
        };
        let invalid = |why: String| ArgumentIssue::new(format!("invalid-{}", shown(key, 100)), key, why);
        let value = if takes_text(tool, key) {
            Value::from(value)
        } else {
            serde_json::from_str(value).map_err(|error| invalid(format!("not JSON: {error}")))?
        };
        if input.insert(key.to_owned(), value).is_some() {
            return Err(invalid("given more than once".to_owned()));
        }
    }
    Ok(host_tool_call(tools, name, input)?)
}

/// Whether a property is a text as far as the tool's schema says: one of which it says nothing is.
fn takes_text(tool: &HostTool, property: &str) -> bool {
    let schema = tool.input_schema.get("properties").and_then(|properties| properties.get(property));
    match schema.and_then(|schema| schema.get("type")) {
        None => true,
        Some(Value::Array(types)) => types.iter().any(|name| name == "string"),
        Some(name) => name == "string",
    }
}

fn fits(schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
    check_payload(&Value::Object(schema.clone()), value)
}

/// Has the parent call a tool, and looks at what it returns.
pub fn call_host_tool(tools: &[HostTool], call: &HostToolCall, host: &dyn Host) -> Result<Value, Refusal> {
    let Some(tool) = tools.iter().find(|tool| tool.name == call.tool) else {
        return Unattended.call_tool(call);
    };
    let output = host.call_tool(&call.tool, call.input.clone())?;
    let refuse =
        |why: String| Err(Refusal::new(Code::HostToolFailed, format!("What {} returned: {why}.", call.tool)));
    if !json_fits(&output, JSON_MAX) {
        return refuse(format!("more than {JSON_MAX} bytes of JSON"));
    }
    match fits(&tool.output_schema, &output) {
        Ok(()) => Ok(output),
        Err(why) => refuse(why),
    }
}
