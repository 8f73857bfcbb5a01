//! A policy from JSON: every field is looked at, and every one that does not fit is named.

use super::{Approvals, Filesystem, Policy, Secrets};
use crate::contract::{Code, Refusal};
use crate::engine::net::Rules;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

const FIELDS: [&str; 5] = ["network", "filesystem", "commands", "secrets", "approvals"];

/// Why a field does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    pub code: &'static str,
    pub field: String,
    pub message: String,
}

/// What does not fit, all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInvalid {
    pub issues: Vec<Issue>,
}

impl Policy {
    /// Reads a policy: a closed object with all five fields.
    pub fn parse(value: &Value) -> Result<Policy, PolicyInvalid> {
        let empty = Map::new();
        let fields = value.as_object().unwrap_or(&empty);
        let mut issues = Vec::new();
        let network: Option<Rules> = field(
            fields,
            "network",
            "invalid-network",
            "network must be allow, deny, or an object whose allowHosts lists hosts",
            &mut issues,
        );
        let filesystem: Option<Filesystem> = field(
            fields,
            "filesystem",
            "invalid-filesystem",
            "filesystem must be sandbox, readonly-mounts, or readwrite-mounts",
            &mut issues,
        );
        let what = "commands must be a list of command names";
        let commands: Option<Vec<String>> = field(fields, "commands", "invalid-command", what, &mut issues);
        if commands.iter().flatten().any(String::is_empty) {
            issues.push(issue("invalid-command", "commands", what));
        }
        let secrets: Option<Secrets> = field(
            fields,
            "secrets",
            "invalid-secrets",
            "secrets must be none or connector-scoped",
            &mut issues,
        );
        let approvals: Option<Approvals> = field(
            fields,
            "approvals",
            "invalid-approvals",
            "approvals must be never, on-write, or on-command",
            &mut issues,
        );
        for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
            issues.push(issue("unknown-field", name, "a policy has no such field"));
        }
        match (network, filesystem, commands, secrets, approvals) {
            (Some(network), Some(filesystem), Some(commands), Some(secrets), Some(approvals))
                if issues.is_empty() =>
            {
                Ok(Policy { network, filesystem, commands, secrets, approvals })
            }
            _ => Err(PolicyInvalid { issues }),
        }
    }
}

fn issue(code: &'static str, field: &str, message: &str) -> Issue {
    Issue { code, field: field.to_owned(), message: message.to_owned() }
}

fn field<T: DeserializeOwned>(
    fields: &Map<String, Value>,
    name: &str,
    code: &'static str,
    message: &str,
    issues: &mut Vec<Issue>,
) -> Option<T> {
    let parsed = fields.get(name).and_then(|value| serde_json::from_value(value.clone()).ok());
    if parsed.is_none() {
        issues.push(issue(code, name, message));
    }
    parsed
}

impl PolicyInvalid {
    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        let messages: Vec<&str> = self.issues.iter().map(|issue| issue.message.as_str()).collect();
        messages.join("; ")
    }

    /// `RuntimePolicyValidationError` as data.
    pub fn to_json(&self) -> Value {
        json!({
            "code": Code::RuntimePolicyInvalid.as_str(),
            "issues": self.issues,
            "message": self.message(),
            "name": "RuntimePolicyValidationError",
        })
    }
}

impl From<PolicyInvalid> for Refusal {
    fn from(invalid: PolicyInvalid) -> Refusal {
        Refusal::new(Code::RuntimePolicyInvalid, invalid.message()).with("violation", invalid.to_json())
    }
}
