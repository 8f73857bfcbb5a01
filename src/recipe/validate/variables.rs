//! `inputs.runtimeEnv` and `inputs.secretEnv`.

use super::super::document::Inputs;
use super::super::secrets::secrets;
use super::context::Context;
use crate::contract::shown;
use crate::host::{Host, Settings};
use crate::sandbox::check_variable;
use std::collections::BTreeSet;
use std::slice;

/// Longest value of a variable, bytes.
const VALUE_BYTES: usize = 32 << 10;

pub(super) fn check(inputs: &Inputs, settings: &Settings, host: &dyn Host, context: &mut Context<'_>) {
    for (name, value) in &inputs.runtime_env {
        let field = format!("$.inputs.runtimeEnv.{}", shown(name, 100));
        if let Err(why) = check_variable(name) {
            context.issue("invalid-runtime-env", field.as_str(), why);
        }
        if value.contains('\0') || value.len() > VALUE_BYTES {
            let why = format!("no NUL, and at most {} KiB", VALUE_BYTES >> 10);
            context.issue("invalid-runtime-env-value", field, why);
        }
    }
    let mut taken = BTreeSet::new();
    for (index, name) in inputs.secret_env.iter().enumerate() {
        let field = format!("$.inputs.secretEnv[{index}]");
        let why = match check_variable(name) {
            Err(why) => why.to_owned(),
            Ok(()) if !taken.insert(name) => "the variable is named twice".to_owned(),
            Ok(()) if inputs.runtime_env.contains_key(name) => "runtimeEnv has this variable".to_owned(),
            Ok(()) => match secrets(slice::from_ref(name), &field, settings, host) {
                Err(refusal) => refusal.message,
                Ok(_) => continue,
            },
        };
        context.issue("invalid-secret-env", field, why);
    }
}
