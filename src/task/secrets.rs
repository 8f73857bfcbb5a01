//! `secret_env`: from the names in a task's input to values of the parent's environment.
//!
//! Values go to the sandbox's environment and to the redactor. Nothing else here, or above, sees
//! them; a refusal names the variable.

use super::input::AgentTaskInput;
use crate::artifact::{Secret, SecretError};
use crate::contract::{Code, Refusal};
use crate::host::{Host, Settings};
use serde_json::{Value, json};

/// Which variables callers other than the operator may hand to a sandbox.
const FILTER: &str = "wp_codebox_allowed_secret_env";

/// The secrets that a task asks for.
pub(super) fn resolve(
    input: &AgentTaskInput,
    settings: &Settings,
    host: &dyn Host,
) -> Result<Vec<Secret>, Refusal> {
    if input.secret_env.is_empty() {
        return Ok(Vec::new());
    }
    let allowed = if settings.operator { None } else { Some(allowed(input, host)?) };
    let names = input.secret_env.iter().enumerate();
    names.map(|(index, name)| secret(index, name, allowed.as_deref(), host)).collect()
}

fn secret(index: usize, name: &str, allowed: Option<&[String]>, host: &dyn Host) -> Result<Secret, Refusal> {
    let refuse = |code, why: String| {
        Err(Refusal::field(code, &format!("secret_env.{index}"), why).with("index", index).with("name", name))
    };
    if allowed.is_some_and(|allowed| !allowed.iter().any(|known| known == name)) {
        return refuse(
            Code::SecretEnvForbidden,
            format!("{name} may not be handed to a sandbox; the filter {FILTER} says what may"),
        );
    }
    let Some(value) = host.env(name).filter(|value| !value.is_empty()) else {
        return refuse(Code::SecretEnvMissing, format!("{name} is not set in the parent's environment"));
    };
    match Secret::new(name, value) {
        Ok(secret) => Ok(secret),
        Err(why) => refuse(Code::SecretEnvUnusable, format!("{name} cannot be kept out of artifacts: {why}{}", remedy(why))),
    }
}

fn remedy(why: SecretError) -> &'static str {
    match why {
        SecretError::TooShort | SecretError::Common => "; use a longer, random one",
        _ => "",
    }
}

fn allowed(input: &AgentTaskInput, host: &dyn Host) -> Result<Vec<String>, Refusal> {
    let answer = host.apply_filters(FILTER, json!([]), &[json!(input.secret_env)])?;
    let names = match &answer {
        Value::Array(names) => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        // PHP's lists with gaps.
        Value::Object(names) => names.values().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    names.ok_or_else(|| {
        Refusal::new(Code::SettingInvalid, format!("The filter {FILTER} must return a list of names."))
            .with("filter", FILTER)
    })
}
