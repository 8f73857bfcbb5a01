//! Callers that an administrator has let in without making them administrators.
//!
//! In: the `authorization` of an input, and what the filter `wp_codebox_trusted_browser_session_callers`
//! grants. Out: a verdict with its reason. Without a grant nobody is trusted.

use crate::contract::Refusal;
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Schema id of [`Authorization`].
pub const AUTHORIZATION_SCHEMA: &str = "wp-codebox/trusted-orchestrator-authorization/v1";

/// The filter whose answer says who is trusted with what.
const GRANTS: &str = "wp_codebox_trusted_browser_session_callers";

/// Who asks, and for what.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationInput {
    /// Schema id, for the caller's own records.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub schema: Option<String>,
    /// Name of the caller, as the site's grants have it.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub caller: Option<String>,
    /// The scope that is needed, such as `artifact:write`.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub scope: Option<String>,
}

/// `wp-codebox/trusted-orchestrator-authorization/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Authorization {
    pub schema: String,
    pub caller: String,
    pub scope: String,
    pub authorized: bool,
    /// `trusted-orchestrator`.
    pub method: String,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No caller is named.
    MissingAuthorization,
    /// Another scope than the needed one is named.
    MissingScope,
    CallerNotTrusted,
    TrustedCallerGrant,
}

/// What a caller can be trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    ArtifactWrite,
}

impl Scope {
    pub const ALL: &'static [Scope] = &[Scope::ArtifactWrite];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::ArtifactWrite => "artifact:write",
        }
    }

    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// Whether the caller that `input` names is trusted with `scope`.
pub fn authorize(scope: Scope, input: &Value, host: &dyn Host) -> Result<Authorization, Refusal> {
    let scope = scope.as_str();
    let asked = &input["authorization"];
    let text = |field: &str| asked[field].as_str().unwrap_or_default().trim().to_owned();
    let (caller, named) = (text("caller"), text("scope"));
    let reason = if caller.is_empty() {
        Reason::MissingAuthorization
    } else if named != scope {
        Reason::MissingScope
    } else {
        let grants = host.apply_filters(GRANTS, json!([]), &[asked.clone(), input.clone()])?;
        match is_granted(&grants, &caller, scope) {
            true => Reason::TrustedCallerGrant,
            false => Reason::CallerNotTrusted,
        }
    };
    Ok(Authorization {
        schema: AUTHORIZATION_SCHEMA.to_owned(),
        caller,
        scope: scope.to_owned(),
        authorized: reason == Reason::TrustedCallerGrant,
        method: "trusted-orchestrator".to_owned(),
        reason,
    })
}

/// A map of callers to a scope, a list of scopes, or a plain yes; or a list of objects with
/// `caller` and `scope` or `scopes`.
fn is_granted(grants: &Value, caller: &str, scope: &str) -> bool {
    match grants {
        Value::Object(map) => match map.get(caller) {
            Some(grant) => covers(grant, scope),
            None => map.values().any(|row| row_covers(row, caller, scope)),
        },
        Value::Array(rows) => rows.iter().any(|row| row_covers(row, caller, scope)),
        _ => false,
    }
}

fn row_covers(row: &Value, caller: &str, scope: &str) -> bool {
    row["caller"] == caller && (covers(&row["scope"], scope) || covers(&row["scopes"], scope))
}

fn covers(grant: &Value, scope: &str) -> bool {
    match grant {
        Value::Bool(granted) => *granted,
        Value::String(one) => one == scope,
        Value::Array(many) => many.iter().any(|one| one == scope),
        _ => false,
    }
}
