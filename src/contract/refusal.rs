//! A refusal: how every public surface learns that something was not done.

use super::Code;
use serde_json::{Map, Value};
use std::fmt;

/// A stable code, one sentence with cause and remedy, and structured data.
/// PHP gets it as a `WP_Error` (or an exception without WordPress), REST as its HTTP status,
/// WP-CLI as one line on stderr and exit 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
    /// Named facts, e.g. `field`, `index`, `path`. `status` is added by [`Refusal::data`].
    pub facts: Map<String, Value>,
    /// The code of the parent's own code, if it is that which refused. It stands in place of ours.
    pub parents_code: Option<String>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), facts: Map::new(), parents_code: None }
    }

    /// A refusal by the parent's own code, a `WP_Error` for one: it keeps its code and its data.
    pub fn of_parent(code: impl Into<String>, message: impl Into<String>, data: Value) -> Self {
        let mut refusal = Refusal::new(Code::HostRefused, message);
        refusal.parents_code = Some(code.into()).filter(|code| !code.is_empty());
        match data {
            Value::Object(facts) => refusal.facts = facts,
            Value::Null => {}
            other => _ = refusal.facts.insert("data".into(), other),
        }
        refusal
    }

    /// The code as callers see it.
    pub fn code_text(&self) -> &str {
        self.parents_code.as_deref().unwrap_or(self.code.as_str())
    }

    /// Adds a named fact.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// A refusal of the input field at `path` (dotted, as in `mounts.0.target`).
    pub fn field(code: Code, path: &str, why: impl fmt::Display) -> Self {
        Refusal::new(code, format!("{path}: {why}")).with("field", path)
    }

    /// The data of a `WP_Error`: `{status, …facts}`.
    pub fn data(&self) -> Value {
        let mut data = Map::new();
        data.insert("status".into(), self.code.http_status().into());
        data.extend(self.facts.clone());
        Value::Object(data)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code_text())
    }
}

impl std::error::Error for Refusal {}
