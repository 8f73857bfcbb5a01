//! What an execution is to its caller.

use crate::contract::{Code, Refusal, to_value};
use crate::sandbox::Execution;
use serde_json::{Value, json};

/// An execution result: the record, with what the command returned or why it did not.
pub(super) fn answer(execution: Execution) -> Result<Value, Refusal> {
    let mut record = to_value(&execution.record)?;
    match execution.outcome {
        Ok(value) => record["result"] = value,
        Err(failure) => record["error"] = error(failure.code, &failure.message, &failure.data),
    }
    Ok(record)
}

pub(super) fn error(code: Code, message: &str, data: &Value) -> Value {
    json!({ "code": code.as_str(), "message": message, "data": data })
}
