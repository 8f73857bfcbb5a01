//! The callbacks of host tools, which `create_sandbox()` and the methods for recipes take.

use super::calls::Calls;
use super::error::read_wp_error;
use super::zval::{ReadError, Reader, from_json, without};
use crate::contract::{Code, Refusal};
use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};
use serde_json::{Map, Value};

/// The field of the input with the tools, and that of a tool with its callback.
const HOST_TOOLS: &str = "host_tools";
const CALLBACK: &str = "callback";

/// The filter through which a WordPress registers tools for recipes.
const FILTER: &str = "wp_codebox_host_tools";

/// Tools as they were given: what they are, and their callbacks.
#[derive(Default)]
pub struct Tools {
    described: Vec<Value>,
    /// By the names of their tools.
    callbacks: Vec<(String, Zval)>,
}

/// Reads an input without its tools, and the tools as they are.
pub fn set_aside(
    calls: &Calls,
    input: Option<&ZendHashTable>,
) -> Result<(Option<Zval>, Map<String, Value>), Refusal> {
    let Some(input) = input else { return Ok((None, Map::new())) };
    let plain = Reader::new(calls).read_map(&without(input, &[HOST_TOOLS]))?;
    let given = input.get(HOST_TOOLS).map(|zval| zval.dereference().shallow_clone());
    Ok((given.filter(|given| !given.is_null()), plain))
}

impl Tools {
    /// Reads an input, and takes the callbacks out of it: what is left is plain data.
    pub fn take(calls: &Calls, input: Option<&ZendHashTable>) -> Result<(Tools, Value), Refusal> {
        let (given, mut plain) = set_aside(calls, input)?;
        let tools = given.map_or_else(|| Ok(Tools::default()), |given| Tools::of(calls, &given))?;
        if !tools.described.is_empty() {
            plain.insert(HOST_TOOLS.to_owned(), tools.described());
        }
        Ok((tools, Value::Object(plain)))
    }

    /// What the caller gave, and what WordPress adds to it.
    pub fn registered(calls: &Calls, given: Option<&Zval>, input: &Value) -> Result<Tools, Refusal> {
        let given = match given {
            Some(given) => given.shallow_clone(),
            None => from_json(&Value::Array(Vec::new())).unwrap_or_default(),
        };
        let filtered = calls.guard(|| {
            let filter = ZendCallable::try_from_name("apply_filters").ok()?;
            let input = from_json(input).ok()?;
            filter.try_call(vec![&FILTER as &dyn IntoZvalDyn, &given, &input]).ok()
        })?;
        Tools::of(calls, filtered.as_ref().unwrap_or(&given))
    }

    fn of(calls: &Calls, given: &Zval) -> Result<Tools, Refusal> {
        let given = given.dereference().shallow_clone();
        let Some(list) = given.array() else {
            return Err(Refusal::field(Code::InputInvalid, HOST_TOOLS, "a list is expected"));
        };
        let mut tools = Tools::default();
        for (index, tool) in list.values().enumerate() {
            let described = tools.add(calls, index, tool)?;
            tools.described.push(described);
        }
        Ok(tools)
    }

    /// What they are, without their callbacks.
    pub fn described(&self) -> Value {
        Value::Array(self.described.clone())
    }

    fn add(&mut self, calls: &Calls, index: usize, tool: &Zval) -> Result<Value, Refusal> {
        let refuse = |field: &str, why: &str| {
            Err(Refusal::field(Code::InputInvalid, &format!("{HOST_TOOLS}.{index}{field}"), why)
                .with("index", index))
        };
        let held = tool.dereference().shallow_clone();
        let Some(table) = held.array() else { return refuse("", "an array is expected") };
        let callback =
            table.get(CALLBACK).map(|zval| zval.dereference().shallow_clone()).unwrap_or_else(Zval::new);
        // Looking whether it can be called may load a class.
        if calls.guard(|| ZendCallable::new_owned(callback.shallow_clone()))?.is_err() {
            return refuse(".callback", "a callable is expected");
        }
        let described = Reader::new(calls).read_map(&without(table, &[CALLBACK]))?;
        if let Some(Value::String(name)) = described.get("name") {
            self.callbacks.push((name.clone(), callback));
        }
        Ok(Value::Object(described))
    }

    /// Calls a tool. What it throws, and a `WP_Error`, is a refusal.
    pub fn call(&self, calls: &Calls, name: &str, input: &Value) -> Result<Value, Refusal> {
        let callback = self
            .callbacks
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, callback)| callback.shallow_clone());
        let Some(callback) = callback else {
            return Err(Refusal::new(Code::HostToolFailed, format!("{name} has no callback.")));
        };
        let called = calls.attempt(|| {
            let callback = ZendCallable::new_owned(callback).ok()?;
            let input = from_json(input).ok()?;
            callback.try_call(vec![&input as &dyn IntoZvalDyn]).ok()
        })?;
        let answer = match called {
            Ok(Some(answer)) => answer,
            Ok(None) => return Err(Refusal::new(Code::HostToolFailed, format!("{name} cannot be called."))),
            Err(thrown) => {
                let refusal = Refusal::new(Code::HostToolFailed, thrown.message());
                return Err(refusal.with("exception", thrown.class()));
            }
        };
        if let Some(refusal) = read_wp_error(calls, &answer)? {
            return Err(refusal);
        }
        Reader::new(calls).read(&answer).map_err(|error| match error {
            ReadError::Halted => super::calls::Halted.into(),
            ReadError::Unfit { path, why } => Refusal::new(
                Code::HostToolFailed,
                format!("What {name} returned cannot be read, at {path}: {why}."),
            ),
        })
    }
}

/// A forked sandbox calls the same callbacks.
impl Clone for Tools {
    fn clone(&self) -> Tools {
        let callbacks = self.callbacks.iter();
        Tools {
            described: self.described.clone(),
            callbacks: callbacks.map(|(name, callback)| (name.clone(), callback.shallow_clone())).collect(),
        }
    }
}
