//! Arguments of a command: from a recipe's `key=value` texts or from a JSON object, held against the
//! command's row of the table.
//!
//! Invariant: what a row's reader sees fits the row: every name is known, required ones are there,
//! each value has its argument's format. An argument that names a file of the host brings the file's
//! content, which whoever knows the allowed directories has handed in.

use super::row::{Argument, Format, Row};
use crate::contract::{Code, Refusal, shown};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Largest file that an argument names, bytes.
pub const ARGUMENT_FILE_MAX: u64 = 4 << 20;

/// What is wrong with a command's name or one of its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{argument}: {message}")]
pub struct ArgumentIssue {
    /// Such as `missing-code` or `invalid-bootstrap`.
    pub code: Cow<'static, str>,
    /// Name of the argument; `command` where it is the command itself.
    pub argument: String,
    pub message: String,
}

impl ArgumentIssue {
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        argument: &str,
        message: impl Into<String>,
    ) -> ArgumentIssue {
        ArgumentIssue { code: code.into(), argument: shown(argument, 100), message: message.into() }
    }

    /// `invalid-<argument>`.
    pub(super) fn invalid(argument: &str, message: impl Into<String>) -> ArgumentIssue {
        ArgumentIssue::new(format!("invalid-{argument}"), argument, message)
    }
}

impl From<ArgumentIssue> for Refusal {
    fn from(issue: ArgumentIssue) -> Refusal {
        let field = match issue.argument.as_str() {
            _ if issue.code == "unsupported-command" => "command".to_owned(),
            argument => format!("args.{argument}"),
        };
        Refusal::field(Code::InputInvalid, &field, issue.message).with("issue", issue.code)
    }
}

/// Arguments as they were given, not yet looked at.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    given: Given,
    files: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Given {
    Texts(Vec<String>),
    Object(BTreeMap<String, Value>),
}

impl Default for Given {
    fn default() -> Given {
        Given::Object(BTreeMap::new())
    }
}

/// A file of the host that an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    pub argument: String,
    /// As it was given: relative to the recipe.
    pub path: String,
}

impl Arguments {
    /// A recipe's: `key=value`, with a key once more for each further value. JSON is text here, or
    /// `@path` of a file that holds it.
    pub fn of_texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Arguments {
        let texts = texts.into_iter().map(Into::into).collect();
        Arguments { given: Given::Texts(texts), files: BTreeMap::new() }
    }

    /// A PHP caller's: values by name.
    pub fn of_object(object: BTreeMap<String, Value>) -> Arguments {
        Arguments { given: Given::Object(object), files: BTreeMap::new() }
    }

    /// The host's files that they name. Each has to be [handed in](Self::hand_in) before the command
    /// is parsed.
    pub fn host_files(&self, command: &str) -> Vec<HostFile> {
        let Some(row) = super::table::row(command) else { return Vec::new() };
        let Ok(values) = self.by_name(row) else { return Vec::new() };
        let file = |(name, values): (String, Vec<Value>)| {
            let path = self.file_path(row.argument(&name)?, values.first()?)?.to_owned();
            Some(HostFile { argument: name, path })
        };
        values.into_iter().filter_map(file).collect()
    }

    /// The content of the file that `argument` names.
    pub fn hand_in(&mut self, argument: &str, content: Vec<u8>) {
        self.files.insert(argument.to_owned(), content);
    }

    fn file_path<'a>(&self, argument: &Argument, value: &'a Value) -> Option<&'a str> {
        let text = value.as_str()?;
        match (argument.format, &self.given) {
            (Format::HostFile, _) => Some(text),
            (Format::Json | Format::JsonValue, Given::Texts(_)) => text.strip_prefix('@'),
            _ => None,
        }
    }

    /// Values by name, and for a row that takes bare words those under the name that they fill.
    fn by_name(&self, row: &Row) -> Result<BTreeMap<String, Vec<Value>>, ArgumentIssue> {
        let mut values: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        match &self.given {
            Given::Texts(texts) => {
                let mut bare = Vec::new();
                for text in texts {
                    match (text.split_once('='), row.bare) {
                        (Some((name, value)), bare) if bare.is_none() || row.argument(name).is_some() => {
                            values.entry(name.to_owned()).or_default().push(value.into());
                        }
                        (_, Some(_)) => bare.push(text.as_str()),
                        _ => {
                            return Err(ArgumentIssue::new(
                                "unsupported-argument",
                                text,
                                "key=value is expected",
                            ));
                        }
                    }
                }
                if let (Some(name), false) = (row.bare, bare.is_empty()) {
                    values.entry(name.to_owned()).or_default().push(bare.join(" ").into());
                }
            }
            Given::Object(object) => {
                for (name, value) in object {
                    let repeats = row.argument(name).is_some_and(|argument| argument.repeatable);
                    let list = match value {
                        Value::Null => continue,
                        Value::Array(items) if repeats => items.clone(),
                        value => vec![value.clone()],
                    };
                    values.insert(name.clone(), list);
                }
            }
        }
        Ok(values)
    }

    /// The values as the row's reader takes them.
    pub(super) fn fit(mut self, row: &Row) -> Result<Values, ArgumentIssue> {
        let mut fitted = BTreeMap::new();
        for (name, values) in self.by_name(row)? {
            let Some(argument) = row.argument(&name) else {
                let why = super::unsupported::argument_reason(row.id, &name);
                return Err(ArgumentIssue::new("unsupported-argument", &name, why));
            };
            if values.len() > 1 && !argument.repeatable {
                return Err(ArgumentIssue::invalid(&name, "given more than once"));
            }
            let text_is_json = matches!(self.given, Given::Texts(_)) || argument.format == Format::Json;
            let mut read = Vec::with_capacity(values.len());
            for value in values {
                let value = match self.file_path(argument, &value) {
                    Some(path) => self.content(&name, path)?.into(),
                    None => value,
                };
                let value = argument.format.read(value, text_is_json);
                read.push(value.map_err(|why| match argument.invalid {
                    Some(code) => ArgumentIssue::new(code, &name, why),
                    None => ArgumentIssue::invalid(&name, why),
                })?);
            }
            fitted.insert(argument.name, read);
        }
        for argument in row.arguments {
            if let Some(code) = argument.missing
                && fitted.get(argument.name).is_none_or(|values| values.iter().all(is_blank))
            {
                return Err(ArgumentIssue::new(code, argument.name, "required"));
            }
        }
        Ok(Values(fitted))
    }

    fn content(&mut self, argument: &str, path: &str) -> Result<String, ArgumentIssue> {
        let Some(bytes) = self.files.remove(argument) else {
            return Err(ArgumentIssue::new(
                "missing-path",
                argument,
                format!("{} was not read", shown(path, 200)),
            ));
        };
        String::from_utf8(bytes)
            .map_err(|_| ArgumentIssue::invalid(argument, format!("{} is not UTF-8 text", shown(path, 200))))
    }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Arguments that fit their row. A reader takes each under its name.
pub(super) struct Values(BTreeMap<&'static str, Vec<Value>>);

impl Values {
    pub(super) fn json(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)?.into_iter().next()
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.json(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of an argument that is required: the row has seen to it that it is there.
    pub(super) fn required(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// Of an argument of [`Format::Words`].
    pub(super) fn words(&mut self, name: &str) -> Vec<String> {
        match self.json(name) {
            Some(Value::Array(words)) => {
                words.into_iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.json(name)?.as_bool()
    }

    pub(super) fn integer(&mut self, name: &str) -> Option<u64> {
        self.json(name)?.as_u64()
    }

    /// JSON of a certain type.
    pub(super) fn typed<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ArgumentIssue> {
        let Some(value) = self.json(name) else { return Ok(None) };
        // PHP has one empty array for both.
        if value == Value::Array(Vec::new())
            && let Ok(empty) = T::deserialize(Value::Object(Map::new()))
        {
            return Ok(Some(empty));
        }
        serde_path_to_error::deserialize(value)
            .map(Some)
            .map_err(|error| ArgumentIssue::invalid(name, shown(&error.to_string(), 300)))
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let values = self.0.remove(name).unwrap_or_default();
        values
            .into_iter()
            .filter_map(|value| if let Value::String(text) = value { Some(text) } else { None })
            .collect()
    }
}
