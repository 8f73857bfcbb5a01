//! What was decided, for the run's events and for whoever was refused.

use super::Policy;
use crate::contract::{Code, Refusal};
use serde::Serialize;
use serde_json::{Map, Value};

/// A field of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    Commands,
    Filesystem,
    Network,
    Secrets,
    Approvals,
    /// No field: what no policy allows.
    Sandbox,
}

/// One decision: an event `runtime.policy.allowed` or `runtime.policy.denied`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    pub field: Field,
    #[serde(skip)]
    pub allowed: bool,
    /// The command that it was about, or in which it came up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else there is to say about it.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

impl Decision {
    pub(in crate::sandbox) fn new(field: Field, verdict: Result<(), String>) -> Decision {
        Decision {
            field,
            allowed: verdict.is_ok(),
            command: None,
            reason: verdict.err(),
            details: Map::new(),
        }
    }

    pub(in crate::sandbox) fn about(self, command: &str) -> Decision {
        Decision { command: Some(command.to_owned()), ..self }
    }

    pub(in crate::sandbox) fn with(mut self, details: impl Serialize) -> Decision {
        if let Ok(Value::Object(details)) = serde_json::to_value(details) {
            self.details.extend(details);
        }
        self
    }

    /// Type of the event.
    pub fn event(&self) -> &'static str {
        if self.allowed { "runtime.policy.allowed" } else { "runtime.policy.denied" }
    }
}

/// Why something was not done. It had no effect.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Add the command to `commands`.
    #[error("Command is not allowed by runtime policy: {command}")]
    Command { command: String, policy: Box<Policy> },
    /// The parent said no, or nobody was there to ask.
    #[error("Command was not approved: {command}")]
    NotApproved { command: String },
    /// The parent could not answer, which counts as a no.
    #[error("Command could not be approved: {command}: {why}")]
    NoAnswer { command: String, why: String },
    /// Use another `filesystem`, or no mount.
    #[error("The runtime policy's filesystem is sandbox: {target} cannot be mounted")]
    Mount { target: String },
    /// Set `secrets` to `connector-scoped`.
    #[error("The runtime policy's secrets is none: {name} cannot be handed in")]
    Secret { name: String },
}

/// A refused command as callers of the runtime contract know it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommandViolation<'a> {
    code: &'static str,
    command: &'a str,
    allowed_commands: &'a [String],
    policy: &'a Policy,
    message: String,
    name: &'static str,
}

impl Violation {
    pub fn code(&self) -> Code {
        match self {
            Violation::Command { .. } => Code::RuntimeCommandDisallowed,
            Violation::NotApproved { .. } | Violation::NoAnswer { .. } => Code::RuntimeCommandNotApproved,
            Violation::Mount { .. } | Violation::Secret { .. } => Code::RuntimePolicyViolation,
        }
    }

    /// The violation as data: `RuntimeCommandPolicyViolationError` for a command.
    pub fn to_json(&self) -> Value {
        let json = match self {
            Violation::Command { command, policy } => serde_json::to_value(CommandViolation {
                code: self.code().as_str(),
                command,
                allowed_commands: &policy.commands,
                policy,
                message: self.to_string(),
                name: "RuntimeCommandPolicyViolationError",
            }),
            _ => return Value::Null,
        };
        json.unwrap_or(Value::Null)
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Refusal {
        let refusal = Refusal::new(violation.code(), violation.to_string());
        match violation.to_json() {
            Value::Null => refusal,
            json => refusal.with("violation", json),
        }
    }
}
