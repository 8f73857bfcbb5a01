//! The callbacks of host tools, which `create_sandbox()` takes.

use super::calls::Calls;
use super::error::read_wp_error;
use super::zval::{ReadError, Reader, from_json, without};
use crate::contract::{Code, Refusal};
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::types::{ZendCallable, ZendHashTable, ZendObject, Zval};
use serde_json::{Map, Value};

/// The field of the input with the tools, and that of a tool with its callback.
const HOST_TOOLS: &str = "host_tools";
const CALLBACK: &str = "callback";

/// Callbacks by the names of their tools.
#[derive(Default)]
pub struct Tools(Vec<(String, Zval)>);

impl Tools {
    /// Reads an input, and takes the callbacks out of it: what is left is plain data.
    pub fn take(calls: &Calls, input: Option<&ZendHashTable>) -> Result<(Tools, Value), Refusal> {
        let mut tools = Tools::default();
        let Some(input) = input else { return Ok((tools, Value::Object(Map::new()))) };
        let mut plain = Reader::new(calls).read_map(&without(input, &[HOST_TOOLS]))?;
        let given = input.get(HOST_TOOLS).map(|zval| zval.dereference().shallow_clone());
        if let Some(given) = given.filter(|given| !given.is_null()) {
            let Some(list) = given.array() else {
                return Err(Refusal::field(Code::InputInvalid, HOST_TOOLS, "a list is expected"));
            };
            let mut described = Vec::new();
            for (index, tool) in list.values().enumerate() {
                described.push(tools.add(calls, index, tool)?);
            }
            plain.insert(HOST_TOOLS.to_owned(), described.into());
        }
        Ok((tools, Value::Object(plain)))
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
            self.0.push((name.clone(), callback));
        }
        Ok(Value::Object(described))
    }

    /// Calls a tool. What it throws, and a `WP_Error`, is a refusal.
    pub fn call(&self, calls: &Calls, name: &str, input: &Value) -> Result<Value, Refusal> {
        let callback =
            self.0.iter().find(|(known, _)| known == name).map(|(_, callback)| callback.shallow_clone());
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
            Err(thrown) => return Err(failed(calls, &thrown)),
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
        Tools(self.0.iter().map(|(name, callback)| (name.clone(), callback.shallow_clone())).collect())
    }
}

fn failed(calls: &Calls, thrown: &ZBox<ZendObject>) -> Refusal {
    let class = thrown.get_class_name().unwrap_or_default();
    let message = calls.guard(|| thrown.try_call_method("getMessage", vec![])).ok().and_then(Result::ok);
    let message = message.and_then(|message| message.string()).unwrap_or_default();
    Refusal::new(Code::HostToolFailed, message).with("exception", class)
}
