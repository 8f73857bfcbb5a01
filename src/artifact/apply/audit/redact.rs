//! What a log does not keep: content, and what is named like a secret.

use serde_json::{Map, Value};

const REPLACEMENT: &str = "[redacted]";

const NAMES: [&str; 7] = ["patch", "patch_body", "patch_diff", "diff", "body", "content", "contents"];

const PARTS: [&str; 7] =
    ["secret", "token", "password", "credential", "authorization", "private_key", "api_key"];

/// Replaces values by their keys, at every depth.
pub fn redact(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter()
        .map(|(key, value)| {
            let name = key.to_lowercase();
            let kept = if NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part)) {
                REPLACEMENT.into()
            } else {
                inner(value)
            };
            (key, kept)
        })
        .collect()
}

fn inner(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(redact(map)),
        Value::Array(items) => Value::Array(items.into_iter().map(inner).collect()),
        other => other,
    }
}
