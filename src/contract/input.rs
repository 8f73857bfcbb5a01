//! Reading hostile input: a JSON value becomes a typed one, or a refusal that names the field.

use super::{Code, Refusal};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use std::fmt;

/// Input of an ability. The derived schema is the contract: what it says about lengths, ranges and
/// closed objects is enforced here, once, for every type.
pub trait Input: DeserializeOwned + JsonSchema {
    /// [`super::input_schema`] of the type, computed once.
    fn schema() -> &'static Value;

    /// Sees the raw object before anything else: refusals that must win, spellings that are also
    /// accepted.
    fn prepare(_raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The code for a field of the wrong shape, by its dotted path.
    fn code(_path: &str) -> Code {
        Code::InputInvalid
    }

    /// Rules that a schema cannot state. May bring values to their normal form. Must not look at
    /// the machine: the same input has the same answer everywhere.
    fn check(&mut self) -> Result<(), Refusal> {
        Ok(())
    }

    /// The whole road from a value to a checked input.
    fn parse(value: Value) -> Result<Self, Refusal> {
        let mut raw = match value {
            Value::Object(raw) => raw,
            // PHP has one empty array for both.
            Value::Array(items) if items.is_empty() => Map::new(),
            _ => {
                return Err(Refusal::new(Code::InputInvalid, "The input must be an object."));
            }
        };
        Self::prepare(&mut raw)?;
        let mut value = Value::Object(raw);
        let mut path = FieldPath::default();
        fit(Self::schema(), &mut value, &mut path)
            .map_err(|(path, why)| Refusal::field(Self::code(&path), &path, why))?;
        let mut input: Self = serde_path_to_error::deserialize(value).map_err(|e| misfit(e, Self::code))?;
        input.check()?;
        Ok(input)
    }
}

/// A refusal from serde's error. Paths and names in it come from the caller.
fn misfit(error: serde_path_to_error::Error<serde_json::Error>, code: fn(&str) -> Code) -> Refusal {
    let mut path = FieldPath::default();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => path.push(&index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => path.push(key),
            Segment::Unknown => path.push("?"),
        }
    }
    let text = error.inner().to_string();
    if text.starts_with("unknown field `") {
        // A field that nobody knows has no code of its own.
        return Refusal::field(Code::InputInvalid, &path.to_string(), "unknown field");
    }
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        path.push(name);
        let path = path.to_string();
        return Refusal::field(code(&path), &path, "required");
    }
    let path = path.to_string();
    Refusal::field(code(&path), &path, shown(&in_plain_terms(&text), TEXT_SHOWN))
}

/// serde names Rust's types: `expected struct Mount`.
fn in_plain_terms(text: &str) -> String {
    for (rust, plain) in [
        ("expected struct ", "expected an object"),
        ("expected a map", "expected an object"),
        ("expected a sequence", "expected a list"),
        ("expected u64", "expected a whole number"),
        ("expected usize", "expected a whole number"),
        ("expected u32", "expected a whole number"),
    ] {
        if let Some((found, _)) = text.rsplit_once(rust) {
            return format!("{found}{plain}");
        }
    }
    text.to_owned()
}

/// Names longer than this are cut in messages.
const NAME_SHOWN: usize = 100;

/// So are serde's own messages, which quote values.
const TEXT_SHOWN: usize = 300;

/// Text from a caller, fit for one line of a message: at most so many characters, none of them a
/// control character.
pub fn shown(text: &str, max: usize) -> String {
    let mut chars = text.chars();
    let mut shown: String =
        chars.by_ref().take(max).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Longer paths are cut in messages: some fields are free-form and as deep as the caller likes.
const PATH_SHOWN: usize = 200;

/// The way to a field: `mounts.0.target`.
#[derive(Debug, Default, Clone)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    pub fn push(&mut self, segment: &str) {
        self.0.push(shown(segment, NAME_SHOWN));
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("input");
        }
        f.write_str(&shown(&self.0.join("."), PATH_SHOWN))
    }
}

type Misfit = (String, String);

/// Holds a value against the bounds of its schema, and turns PHP's empty array into an empty object
/// where the schema has an object. Types and unknown fields are left to serde.
fn fit(schema: &Value, value: &mut Value, path: &mut FieldPath) -> Result<(), Misfit> {
    let schema = branch(schema, value);
    if matches!(value, Value::Array(items) if items.is_empty()) && is_object(schema) {
        *value = Value::Object(Map::new());
    }
    let refuse = |path: &FieldPath, why: String| Err((path.to_string(), why));
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    match value {
        Value::Object(map) => {
            if let Some(max) = bound("maxProperties")
                && map.len() as u64 > max
            {
                return refuse(path, format!("at most {max} entries"));
            }
            let properties = schema.get("properties");
            let others = schema.get("additionalProperties").filter(|s| s.is_object());
            for (key, inner) in map.iter_mut() {
                let known = properties.and_then(|p| p.get(key.as_str())).or(others);
                if let Some(known) = known {
                    path.push(key);
                    fit(known, inner, path)?;
                    path.pop();
                }
            }
        }
        Value::Array(items) => {
            if let Some(max) = bound("maxItems")
                && items.len() as u64 > max
            {
                return refuse(path, format!("at most {max} items"));
            }
            if let Some(min) = bound("minItems")
                && (items.len() as u64) < min
            {
                return refuse(path, format!("at least {min} {}", if min == 1 { "item" } else { "items" }));
            }
            if let Some(each) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(&index.to_string());
                    fit(each, item, path)?;
                    path.pop();
                }
            }
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            if let Some(max) = bound("maxLength")
                && length > max
            {
                return refuse(path, format!("at most {max} characters"));
            }
            if let Some(min) = bound("minLength")
                && length < min
            {
                return refuse(path, format!("at least {min} characters"));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
            if let Some(min) = bound("minimum")
                && number < min
            {
                return refuse(path, format!("at least {min}"));
            }
            if let Some(max) = bound("maximum")
                && number > max
            {
                return refuse(path, format!("at most {max}"));
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !value.is_null()
        && !allowed.contains(value)
    {
        let names: Vec<String> = allowed.iter().map(Value::to_string).collect();
        let why = if names.len() == 1 { "it must be" } else { "one of" };
        return refuse(path, format!("{why} {}", names.join(", ")));
    }
    Ok(())
}

/// Of a schema with several forms, the one that speaks of values of this type.
fn branch<'a>(schema: &'a Value, value: &Value) -> &'a Value {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let forms = schema.get("anyOf").and_then(Value::as_array);
    forms.and_then(|forms| forms.iter().find(|form| form["type"] == kind)).unwrap_or(schema)
}

/// The schema has an object here and no list.
fn is_object(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => {
            kinds.iter().any(|k| k == "object") && !kinds.iter().any(|k| k == "array")
        }
        _ => false,
    }
}
