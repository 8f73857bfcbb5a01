//! From types to JSON.

use super::{Code, Refusal};
use serde::Serialize;
use serde_json::Value;

/// A result as JSON.
pub fn to_value(value: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value)
        .map_err(|e| Refusal::new(Code::Internal, format!("A result is not JSON: {e}.")))
}

/// What a document leaves out: 0, `false`, nothing.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
