//! The keywords of JSON Schema that are carried out, and what their values look like.
//!
//! Invariant: a schema in which nothing is found means to [`super::check`] what it means to its author.
//! A keyword that is not known, such as a misspelt one, is found as well: it would check nothing.

use super::{MAX_DEPTH, TYPES};
use serde_json::{Map, Value};

/// Findings beyond this are left out.
const MAX_FOUND: usize = 20;

/// What makes a schema unfit to rely on, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// From the schema's root to the keyword: `.properties.sku.pattern`. Empty: the schema itself.
    pub path: String,
    pub message: String,
}

/// What the value of a keyword has to be.
#[derive(Clone, Copy)]
enum Form {
    Anything,
    Types,
    List,
    Number,
    Count,
    Names,
    Schema,
    Schemas,
    Properties,
}

/// `None`: not carried out.
fn form(keyword: &str) -> Option<Form> {
    Some(match keyword {
        // These say something about a value and ask nothing of it.
        "title" | "description" | "default" | "example" | "examples" | "deprecated" | "readOnly"
        | "writeOnly" | "$schema" | "$id" | "$comment" => Form::Anything,
        // Of use only to references, which are refused.
        "$defs" | "definitions" | "$anchor" => Form::Anything,
        _ if keyword.starts_with("x-") => Form::Anything,
        "const" => Form::Anything,
        "type" => Form::Types,
        "enum" => Form::List,
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => Form::Number,
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            Form::Count
        }
        "required" => Form::Names,
        "additionalProperties" | "items" | "not" => Form::Schema,
        "allOf" | "anyOf" | "oneOf" => Form::Schemas,
        "properties" => Form::Properties,
        _ => return None,
    })
}

/// Everything in the schema that a gate must not be built on.
pub fn unsupported(schema: &Map<String, Value>) -> Vec<Unsupported> {
    let mut found = Vec::new();
    object(schema, "", 0, &mut found);
    found
}

fn add(found: &mut Vec<Unsupported>, path: String, message: String) {
    if found.len() < MAX_FOUND {
        found.push(Unsupported { path, message });
    }
}

fn walk(schema: &Value, at: &str, depth: usize, found: &mut Vec<Unsupported>) {
    if depth > MAX_DEPTH {
        return add(found, at.to_owned(), "the schema is nested too deeply".to_owned());
    }
    match schema {
        Value::Bool(_) => {}
        Value::Object(map) => object(map, at, depth, found),
        _ => add(found, at.to_owned(), "a schema is an object, true or false".to_owned()),
    }
}

fn object(map: &Map<String, Value>, at: &str, depth: usize, found: &mut Vec<Unsupported>) {
    for (keyword, value) in map {
        let here = format!("{at}.{keyword}");
        let Some(form) = form(keyword) else {
            let message = format!("`{keyword}` is not checked here: nothing would be refused because of it");
            add(found, here, message);
            continue;
        };
        let expected = match (form, value) {
            (Form::Anything, _) | (Form::List, Value::Array(_)) | (Form::Number, Value::Number(_)) => {
                continue;
            }
            (Form::Types, Value::String(one)) if TYPES.contains(&one.as_str()) => continue,
            (Form::Types, Value::Array(many))
                if !many.is_empty()
                    && many.iter().all(|one| one.as_str().is_some_and(|one| TYPES.contains(&one))) =>
            {
                continue;
            }
            (Form::Count, value) if value.is_u64() => continue,
            (Form::Names, Value::Array(names)) if names.iter().all(Value::is_string) => continue,
            (Form::Schema, value) => {
                walk(value, &here, depth + 1, found);
                continue;
            }
            (Form::Schemas, Value::Array(branches)) => {
                for (index, branch) in branches.iter().enumerate() {
                    walk(branch, &format!("{here}[{index}]"), depth + 1, found);
                }
                continue;
            }
            (Form::Properties, Value::Object(properties)) => {
                for (name, property) in properties {
                    walk(property, &format!("{here}.{name}"), depth + 1, found);
                }
                continue;
            }
            // PHP has one empty array for both.
            (Form::Properties, Value::Array(none)) if none.is_empty() => continue,
            (Form::Types, _) => "a type of JSON Schema, or a list of them",
            (Form::List, _) => "a list",
            (Form::Number, _) => "a number",
            (Form::Count, _) => "a whole number from 0",
            (Form::Names, _) => "a list of names",
            (Form::Schemas, _) => "a list of schemas",
            (Form::Properties, _) => "an object of schemas",
        };
        add(found, here, format!("`{keyword}` has to be {expected}"));
    }
}
