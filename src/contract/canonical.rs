//! Canonical JSON and digests over it.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// JSON with object keys sorted by byte order at every depth, no white space, `/` unescaped and
/// everything beyond ASCII as `\uXXXX` (what PHP's `json_encode` does with
/// `JSON_UNESCAPED_SLASHES`). Lists keep their order.
pub fn stable_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, write_escaped, &mut out);
    out
}

/// The same with text beyond ASCII as it is, which is what JavaScript's `JSON.stringify` does.
pub fn stable_json_unescaped(value: &Value) -> String {
    let mut out = String::new();
    write(value, |text, out| out.push_str(&Value::from(text).to_string()), &mut out);
    out
}

fn write(value: &Value, text: fn(&str, &mut String), out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, text, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                text(key, out);
                out.push(':');
                write(&map[key], text, out);
            }
            out.push('}');
        }
        Value::String(string) => text(string, out),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_escaped(text: &str, out: &mut String) {
    let plain = Value::from(text).to_string();
    for c in plain.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

/// Lower-case hexadecimal sha256 of the parts, one after the other.
pub fn digest_hex<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
