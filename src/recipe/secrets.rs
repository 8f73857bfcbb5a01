//! `secret_env` and `inputs.secretEnv`: from names to values of the parent's environment.
//!
//! Values go to the sandbox's environment and to the redactor. Nothing else here, or above, sees
//! them; a refusal names the variable.

use crate::artifact::{Secret, SecretError};
use crate::contract::{Code, Refusal};
use crate::host::{Host, Settings};
use serde_json::{Value, json};

/// Which variables callers other than the operator may hand to a sandbox.
const FILTER: &str = "wp_codebox_allowed_secret_env";

/// The secrets of these names, which stand in `field`.
pub fn secrets(
    names: &[String],
    field: &str,
    settings: &Settings,
    host: &dyn Host,
) -> Result<Vec<Secret>, Refusal> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let allowed = if settings.operator { None } else { Some(allowed(names, host)?) };
    let names = names.iter().enumerate();
    names.map(|(index, name)| secret(field, index, name, allowed.as_deref(), host)).collect()
}

/// As variables of an environment.
pub fn variables(secrets: &[Secret]) -> impl Iterator<Item = (String, String)> {
    secrets.iter().map(|secret| (secret.name().to_owned(), secret.value().to_owned()))
}

/// What a policy judges.
pub fn secret_names(secrets: &[Secret]) -> Vec<String> {
    secrets.iter().map(|secret| secret.name().to_owned()).collect()
}

fn secret(
    field: &str,
    index: usize,
    name: &str,
    allowed: Option<&[String]>,
    host: &dyn Host,
) -> Result<Secret, Refusal> {
    let refuse = |code, why: String| {
        Err(Refusal::field(code, &format!("{field}.{index}"), why).with("index", index).with("name", name))
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
        Err(why) => refuse(
            Code::SecretEnvUnusable,
            format!("{name} cannot be kept out of artifacts: {why}{}", remedy(why)),
        ),
    }
}

fn remedy(why: SecretError) -> &'static str {
    match why {
        SecretError::TooShort | SecretError::Common => "; use a longer, random one",
        _ => "",
    }
}

fn allowed(names: &[String], host: &dyn Host) -> Result<Vec<String>, Refusal> {
    let answer = host.apply_filters(FILTER, json!([]), &[json!(names)])?;
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
