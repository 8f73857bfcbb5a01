//! Values that their name tells: headers in structured data, where the name is a key or stands beside.
//!
//! Such a value was meant for the wire, so that less is asked of it than of text that could be code.

use super::credential::{is_placeholder, looks_random, run};
use super::header::{ATTRIBUTES, AUTHORIZATION, COOKIE};
use super::mask::Hit;

const API_KEY: &str = "api-key-header";
/// Shorter values say nothing.
const SHORTEST: usize = 8;
/// Schemes of an Authorization header.
const SCHEMES: [&str; 9] =
    ["basic", "bearer", "token", "apikey", "negotiate", "digest", "aws4-hmac-sha256", "oauth", "hawk"];
/// Headers whose whole value is a key.
const KEYS: [&str; 8] = [
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token",
    "x-goog-api-key",
    "x-shopify-access-token",
    "x-csrf-token",
];

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Authorization,
    Cookie,
    Key,
}

impl Field {
    /// Of a header's name, in any case, as PHP's variables spell it too (`HTTP_COOKIE`).
    pub fn of(name: &str) -> Option<Field> {
        if name.len() > 64 {
            return None;
        }
        let name = name.to_ascii_lowercase().replace('_', "-");
        match name.strip_prefix("http-").unwrap_or(&name) {
            "authorization" | "proxy-authorization" | "redirect-http-authorization" | "x-authorization" => {
                Some(Field::Authorization)
            }
            "cookie" | "cookies" | "set-cookie" | "set-cookie2" | "cookie2" => Some(Field::Cookie),
            name => KEYS.contains(&name).then_some(Field::Key),
        }
    }

    /// The credentials in `text`, which is the value of such a field.
    pub fn find(self, text: &str, hits: &mut Vec<Hit>) {
        let raw = text.as_bytes();
        let mut hit = |start: usize, end: usize, kind| {
            let value = &raw[start..end];
            if is_telling(value) && !stands_for_one(value) {
                hits.push(Hit { start, end, kind });
            }
        };
        match self {
            Field::Authorization => {
                let scheme = run(raw, 32, |b| b.is_ascii_alphanumeric() || b == b'-');
                let at = scheme + run(&raw[scheme..], 8, |b| b == b' ');
                if at == scheme {
                    hit(0, raw.len(), AUTHORIZATION);
                } else if SCHEMES.contains(&text[..scheme].to_ascii_lowercase().as_str())
                    && raw.len() - at >= SHORTEST
                    && !stands_for_one(&raw[at..])
                {
                    hits.push(Hit { start: at, end: raw.len(), kind: AUTHORIZATION });
                }
            }
            Field::Cookie => {
                let mut at = 0;
                for part in raw.split(|b| *b == b';') {
                    let name = run(part, part.len(), |b| b != b'=');
                    let known = part[..name].trim_ascii();
                    let attribute = ATTRIBUTES.iter().any(|one| known.eq_ignore_ascii_case(one.as_bytes()));
                    if name < part.len() && !attribute {
                        hit(at + name + 1, at + part.len(), COOKIE);
                    }
                    at += part.len() + 1;
                }
            }
            Field::Key => hit(0, raw.len(), API_KEY),
        }
    }
}

/// The value of one cookie, which is the whole of `text`.
pub fn find_cookie(text: &str, hits: &mut Vec<Hit>) {
    let raw = text.as_bytes();
    if raw.iter().all(u8::is_ascii_graphic) && is_telling(raw) && !stands_for_one(raw) {
        hits.push(Hit { start: 0, end: raw.len(), kind: COOKIE });
    }
}

/// Not a word, and not another header's name.
fn is_telling(value: &[u8]) -> bool {
    let words = value.iter().any(|b| matches!(b, b'-' | b' '));
    let random = value.len() >= 20 || looks_random(value);
    value.len() >= SHORTEST && (value.iter().any(u8::is_ascii_digit) || !words && random)
}

/// A marker, a variable, or what an example has.
fn stands_for_one(value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or_default();
    let plain = value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b'*'));
    b"[${<%*".contains(&first) || plain && is_placeholder(value)
}
