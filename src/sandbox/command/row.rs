//! A row of the command table, and how it is described.

use super::arguments::{ArgumentIssue, Values};
use super::{Command, table};
use crate::contract::shown;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What there is to know about a command.
pub(super) struct Row {
    pub id: &'static str,
    pub description: &'static str,
    pub arguments: &'static [Argument],
    /// The argument that a recipe's texts without a known name fill, joined by blanks.
    pub bare: Option<&'static str>,
    pub output_shape: &'static str,
    pub output_schema: Option<fn() -> OutputSchema>,
    /// Commands that the policy has to allow as well, or in its place if it is an alias.
    pub requires: &'static [&'static str],
    /// Whether a step of a recipe can be one.
    pub recipe: bool,
    pub handler: Handler,
    pub read: fn(Values) -> Result<Command, ArgumentIssue>,
}

/// One argument of a command.
pub(super) struct Argument {
    pub name: &'static str,
    pub description: &'static str,
    /// Code of the issue that it is absent; none: it may be.
    pub missing: Option<&'static str>,
    /// Code of the issue that its value is not of its format; none: `invalid-` and its name.
    pub invalid: Option<&'static str>,
    pub repeatable: bool,
    pub format: Format,
}

impl Argument {
    pub(super) const fn new(name: &'static str, format: Format, description: &'static str) -> Argument {
        Argument { name, description, missing: None, invalid: None, repeatable: false, format }
    }

    pub(super) const fn required(self, code: &'static str) -> Argument {
        Argument { missing: Some(code), ..self }
    }

    pub(super) const fn invalid(self, code: &'static str) -> Argument {
        Argument { invalid: Some(code), ..self }
    }

    pub(super) const fn repeatable(self) -> Argument {
        Argument { repeatable: true, ..self }
    }
}

/// What an argument's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    /// A file of the host, relative to the recipe. The value is its content.
    HostFile,
    /// Any JSON value; a text is JSON.
    Json,
    /// Any JSON value; a text is JSON in a recipe only.
    JsonValue,
    OneOf(&'static [&'static str]),
    /// Words with commas between them, or a list of them.
    Words,
    /// `1`, `true`, `yes`, `on`, or their opposites.
    Boolean,
    Integer {
        min: u64,
        max: u64,
    },
    /// Absolute path in the sandbox, without `.` and `..`.
    SandboxPath,
}

/// Longest text of an argument, bytes.
const TEXT_MAX: usize = 4 << 20;

impl Format {
    /// A value of this format, or why it is none.
    pub(super) fn read(self, value: Value, text_is_json: bool) -> Result<Value, String> {
        if value.as_str().is_some_and(|text| text.len() > TEXT_MAX) {
            return Err(format!("at most {TEXT_MAX} bytes"));
        }
        match (self, value) {
            (Format::Text | Format::HostFile, Value::String(text)) => Ok(text.into()),
            (Format::Text | Format::HostFile, _) => Err("a string is expected".to_owned()),
            (Format::Json | Format::JsonValue, Value::String(text)) if text_is_json => {
                serde_json::from_str(&text).map_err(|error| format!("not JSON: {error}"))
            }
            (Format::Json | Format::JsonValue, value) => Ok(value),
            (Format::Words, value) => {
                words(value).ok_or_else(|| "words with commas between them are expected".to_owned())
            }
            (Format::Boolean, value) => {
                boolean(&value).map(Value::Bool).ok_or_else(|| "true or false is expected".to_owned())
            }
            (Format::Integer { min, max }, value) => match integer(&value) {
                Some(number) if (min..=max).contains(&number) => Ok(number.into()),
                _ => Err(format!("a number from {min} to {max} is expected")),
            },
            (Format::SandboxPath, value) => match value.as_str() {
                Some(path) if is_sandbox_path(path) => Ok(value),
                _ => Err("an absolute path of the sandbox is expected, without . and ..".to_owned()),
            },
            (Format::OneOf(words), value) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(value),
                _ => Err(format!("one of {}, not {}", words.join(", "), shown(&value.to_string(), 100))),
            },
        }
    }

    fn describe(self) -> Option<String> {
        match self {
            Format::Text => None,
            Format::HostFile => Some("path".to_owned()),
            Format::Json | Format::JsonValue => Some("json".to_owned()),
            Format::OneOf(words) => Some(words.join("|")),
            Format::Words => Some("word,word".to_owned()),
            Format::Boolean => Some("boolean".to_owned()),
            Format::Integer { min, max: u64::MAX } => Some(format!("integer from {min}")),
            Format::Integer { min, max } => Some(format!("integer {min}-{max}")),
            Format::SandboxPath => Some("sandbox-path".to_owned()),
        }
    }
}

/// The words as a list.
fn words(value: Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            Some(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect())
        }
        Value::Array(items) if items.iter().all(Value::is_string) => Some(Value::Array(items)),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::Number(number) => {
            [(0, false), (1, true)].into_iter().find(|(n, _)| number.as_i64() == Some(*n)).map(|(_, b)| b)
        }
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn integer(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Whether it is an absolute path of the sandbox in its normal form.
pub(super) fn is_sandbox_path(path: &str) -> bool {
    let proper = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    path.len() <= 4096 && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(proper))
}

/// Who carries a command out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Handler {
    /// PHP inside the sandbox.
    Guest,
    /// The host, on the sandbox.
    Host,
    /// The commands that it requires: the policy lists those, and not this one.
    Alias,
}

/// The schema of what a command returns.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputSchema {
    pub id: &'static str,
    pub json_schema: Value,
}

/// A row of the command table.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandDescriptor {
    pub id: &'static str,
    pub description: &'static str,
    pub accepted_args: Vec<ArgumentDescriptor>,
    /// What comes back, in words.
    pub output_shape: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<OutputSchema>,
    /// What the runtime policy has to allow, in words.
    pub policy_requirement: String,
    /// Commands that the policy has to list in its place or beside it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub requires_policy_commands: &'static [&'static str],
    /// Whether a step of a recipe can be one.
    pub recipe: bool,
    pub handler: Handler,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArgumentDescriptor {
    pub name: &'static str,
    pub description: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeatable: bool,
    /// Left out for plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

impl Row {
    pub(super) fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    pub(super) fn describe(&self) -> CommandDescriptor {
        let accepted_args = self.arguments.iter().map(|argument| ArgumentDescriptor {
            name: argument.name,
            description: argument.description,
            required: argument.missing.is_some(),
            repeatable: argument.repeatable,
            format: argument.format.describe(),
        });
        CommandDescriptor {
            id: self.id,
            description: self.description,
            accepted_args: accepted_args.collect(),
            output_shape: self.output_shape,
            output_schema: self.output_schema.map(|schema| schema()),
            policy_requirement: format!("commands lists {}", table::policy_commands(self.id).join(", ")),
            requires_policy_commands: self.requires,
            recipe: self.recipe,
            handler: self.handler,
        }
    }
}
