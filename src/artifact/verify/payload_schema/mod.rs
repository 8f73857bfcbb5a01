//! A payload against the JSON Schema that stands beside it.
//!
//! The keywords that describe shapes are checked; references, formats and patterns, which could
//! make a hostile schema costly, are not. Who relies on a schema asks [`unsupported`] first: what is
//! not checked is refused there. A schema that came with somebody else's bundle is held to what can be.
//!
//! Invariant: the work is bounded, whatever schema and payload are, and running out of it is never
//! taken for an answer.

mod keywords;

pub use keywords::{Unsupported, unsupported};

use serde_json::{Map, Value};
use std::fmt::Write;

const MAX_DEPTH: usize = 32;
/// Largest number of pairs of a schema and a value that are looked at.
const MAX_WORK: usize = 1_000_000;
/// Bytes of text that count as one pair.
const TEXT_UNIT: usize = 64;
/// Most characters of a property's name that an error shows.
const NAME_SHOWN: usize = 80;

const TYPES: [&str; 7] = ["null", "boolean", "string", "array", "object", "number", "integer"];

pub fn check(schema: &Value, payload: &Value) -> Result<(), String> {
    Work::default().check(schema, payload)
}

/// What may still be done, for one payload or for all of a bundle.
pub(super) struct Work {
    left: usize,
}

impl Default for Work {
    fn default() -> Work {
        Work { left: MAX_WORK }
    }
}

/// Why a value does not fit, and where: found outwards, written only when it is reported.
struct Misfit<'a> {
    why: Why<'a>,
    /// Innermost first.
    path: Vec<Step<'a>>,
}

enum Why<'a> {
    TooCostly,
    TooDeep,
    NoSchema,
    Forbidden,
    Type(&'a Value),
    Const,
    Enum,
    Bound(&'static str, f64),
    Size,
    Lacks(&'a str),
    Branches,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Property(&'a str),
    Item(usize),
}

impl<'a> From<Why<'a>> for Misfit<'a> {
    fn from(why: Why<'a>) -> Self {
        Misfit { why, path: Vec::new() }
    }
}

impl<'a> Misfit<'a> {
    fn under(mut self, step: Step<'a>) -> Self {
        self.path.push(step);
        self
    }

    fn report(&self) -> String {
        let mut at = "payload".to_owned();
        for step in self.path.iter().rev() {
            match step {
                Step::Property(name) => {
                    at.push('.');
                    at.extend(name.chars().take(NAME_SHOWN));
                }
                // Writing to a string does not fail.
                Step::Item(index) => _ = write!(at, "[{index}]"),
            }
        }
        match &self.why {
            Why::TooCostly => {
                format!("{at}: too costly to check: the schema and the payload are too large together")
            }
            Why::TooDeep => format!("{at}: the schema is nested too deeply"),
            Why::NoSchema => format!("{at}: the schema is no schema"),
            Why::Forbidden => format!("{at} is not allowed"),
            Why::Type(types) => format!("{at} is not of type {}", names(types).join(" or ")),
            Why::Const => format!("{at} has another value"),
            Why::Enum => format!("{at} is none of the allowed values"),
            Why::Bound(keyword, bound) => format!("{at} breaks {keyword} {bound}"),
            Why::Size => format!("{at} has the wrong size"),
            Why::Lacks(name) => format!("{at} lacks {}", name.chars().take(NAME_SHOWN).collect::<String>()),
            Why::Branches => format!("{at} fits the wrong branches of the schema"),
        }
    }
}

impl Work {
    pub(super) fn check(&mut self, schema: &Value, payload: &Value) -> Result<(), String> {
        self.fits(schema, payload, 0).map_err(|misfit| misfit.report())
    }

    fn spend<'a>(&mut self, amount: usize) -> Result<(), Misfit<'a>> {
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Why::TooCostly.into())
            }
        }
    }

    fn fits<'a>(&mut self, schema: &'a Value, value: &'a Value, depth: usize) -> Result<(), Misfit<'a>> {
        self.spend(1)?;
        if depth > MAX_DEPTH {
            return Err(Why::TooDeep.into());
        }
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err(Why::Forbidden.into()),
            Value::Object(schema) => schema,
            _ => return Err(Why::NoSchema.into()),
        };
        self.plain(schema, value)?;
        match value {
            Value::Object(map) => self.properties(schema, map, depth)?,
            Value::Array(items) => {
                if let Some(each) = schema.get("items").filter(|s| !s.is_array()) {
                    for (i, item) in items.iter().enumerate() {
                        self.fits(each, item, depth + 1).map_err(|misfit| misfit.under(Step::Item(i)))?;
                    }
                }
            }
            _ => {}
        }
        self.branches(schema, value, depth)
    }

    /// The keywords that look at the value as a whole.
    fn plain<'a>(&mut self, schema: &'a Map<String, Value>, value: &'a Value) -> Result<(), Misfit<'a>> {
        if let Some(types) = schema.get("type") {
            let known = names(types);
            self.spend(known.len())?;
            if !known.is_empty() && !known.iter().any(|kind| is_a(kind, value)) {
                return Err(Why::Type(types).into());
            }
        }
        if let Some(only) = schema.get("const")
            && !self.same(only, value)?
        {
            return Err(Why::Const.into());
        }
        if let Some(Value::Array(allowed)) = schema.get("enum") {
            let mut any = false;
            for one in allowed {
                any = self.same(one, value)?;
                if any {
                    break;
                }
            }
            if !any {
                return Err(Why::Enum.into());
            }
        }
        for (keyword, exceeds) in [
            ("minimum", (|n, bound| n < bound) as fn(f64, f64) -> bool),
            ("maximum", |n, bound| n > bound),
            ("exclusiveMinimum", |n, bound| n <= bound),
            ("exclusiveMaximum", |n, bound| n >= bound),
        ] {
            let bound = schema.get(keyword).and_then(Value::as_f64);
            if let (Some(n), Some(bound)) = (value.as_f64(), bound)
                && exceeds(n, bound)
            {
                return Err(Why::Bound(keyword, bound).into());
            }
        }
        let (min, max) = match value {
            Value::String(_) => ("minLength", "maxLength"),
            Value::Array(_) => ("minItems", "maxItems"),
            Value::Object(_) => ("minProperties", "maxProperties"),
            _ => return Ok(()),
        };
        let bound = |keyword| schema.get(keyword).and_then(Value::as_u64);
        let (min, max) = (bound(min), bound(max));
        if min.is_none() && max.is_none() {
            return Ok(());
        }
        let size = match value {
            Value::String(text) => {
                self.spend(text.len() / TEXT_UNIT)?;
                text.chars().count()
            }
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        } as u64;
        if min.is_some_and(|min| size < min) || max.is_some_and(|max| size > max) {
            return Err(Why::Size.into());
        }
        Ok(())
    }

    fn properties<'a>(
        &mut self,
        schema: &'a Map<String, Value>,
        map: &'a Map<String, Value>,
        depth: usize,
    ) -> Result<(), Misfit<'a>> {
        if let Some(Value::Array(required)) = schema.get("required") {
            for name in required.iter().filter_map(Value::as_str) {
                self.spend(1 + name.len() / TEXT_UNIT)?;
                if !map.contains_key(name) {
                    return Err(Why::Lacks(name).into());
                }
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        // Which names the patterns speak of is not known. A gate has no patterns.
        let rest = schema.get("additionalProperties").filter(|_| !schema.contains_key("patternProperties"));
        if properties.is_none() && rest.is_none() {
            return Ok(());
        }
        for (name, item) in map {
            self.spend(1 + name.len() / TEXT_UNIT)?;
            if let Some(inner) = properties.and_then(|properties| properties.get(name)).or(rest) {
                self.fits(inner, item, depth + 1).map_err(|misfit| misfit.under(Step::Property(name)))?;
            }
        }
        Ok(())
    }

    fn branches<'a>(
        &mut self,
        schema: &'a Map<String, Value>,
        value: &'a Value,
        depth: usize,
    ) -> Result<(), Misfit<'a>> {
        let branches = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
        for branch in branches("allOf").into_iter().flatten() {
            self.fits(branch, value, depth + 1)?;
        }
        if let Some(any) = branches("anyOf") {
            let mut fits = false;
            for branch in any {
                fits = self.matches(branch, value, depth)?;
                if fits {
                    break;
                }
            }
            if !fits {
                return Err(Why::Branches.into());
            }
        }
        if let Some(one) = branches("oneOf") {
            let mut fitting = 0;
            for branch in one {
                fitting += usize::from(self.matches(branch, value, depth)?);
            }
            if fitting != 1 {
                return Err(Why::Branches.into());
            }
        }
        if let Some(not) = schema.get("not")
            && self.matches(not, value, depth)?
        {
            return Err(Why::Branches.into());
        }
        Ok(())
    }

    /// Whether a branch fits. That it was too costly to tell is no misfit: beneath `not` it would let
    /// everything through.
    fn matches<'a>(&mut self, branch: &'a Value, value: &'a Value, depth: usize) -> Result<bool, Misfit<'a>> {
        match self.fits(branch, value, depth + 1) {
            Ok(()) => Ok(true),
            Err(misfit) if matches!(misfit.why, Why::TooCostly) => Err(misfit),
            Err(_) => Ok(false),
        }
    }

    /// Whether two values are the same to JSON Schema, to which 1 is 1.0.
    fn same<'a>(&mut self, one: &Value, other: &Value) -> Result<bool, Misfit<'a>> {
        self.spend(1)?;
        Ok(match (one, other) {
            (Value::Number(a), Value::Number(b)) => {
                a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64())
            }
            (Value::String(a), Value::String(b)) if a.len() == b.len() => {
                self.spend(a.len() / TEXT_UNIT)?;
                a == b
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (a, b) in a.iter().zip(b) {
                    if !self.same(a, b)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
                for (name, a) in a {
                    self.spend(name.len() / TEXT_UNIT)?;
                    match b.get(name) {
                        Some(b) if self.same(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => false,
        })
    }
}

fn names(types: &Value) -> Vec<&str> {
    match types {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => false,
    }
}
