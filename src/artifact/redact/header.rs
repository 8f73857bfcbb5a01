//! The values of Authorization and Cookie headers, as they stand in logs, traces and arrays.

use super::credential::{is_placeholder, looks_random, run};
use super::field::Field;
use super::mask::Hit;
use super::sight::Sight;

pub const AUTHORIZATION: &str = "authorization-header";
pub const COOKIE: &str = "cookie-header";

/// How long a credential may be. Bytes.
const LONGEST: usize = 8 << 10;
/// A header line with more cookies is cut. Cookies.
const MOST_COOKIES: usize = 128;
/// Parts of a Set-Cookie header that are not the cookie.
pub const ATTRIBUTES: [&str; 7] = ["path", "domain", "expires", "max-age", "samesite", "priority", "version"];

/// Whether what follows this name, as a field's or a header's, is read by a rule of its own.
pub fn is_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "secret_access_key", "secretaccesskey"].iter().any(|end| name.ends_with(end))
        || Field::of(&name).is_some()
}

/// The credentials after `Authorization`, its scheme left in place.
pub fn authorization(sight: &Sight<'_>) -> Option<Hit> {
    let after = sight.after();
    let mut at = assignment(after)?;
    let scheme = run(&after[at..], 32, |b| b.is_ascii_alphanumeric() || b == b'-');
    let word = after[at..at + scheme].to_ascii_lowercase();
    let gap = run(&after[at + scheme..], 8, |b| b == b' ');
    if gap > 0 {
        at += scheme + gap;
    }
    let (len, sure) = match (gap > 0, word.as_slice()) {
        // A list of fields; the one that matters may be any.
        (true, b"digest" | b"aws4-hmac-sha256" | b"oauth" | b"hawk") => {
            let len = run(&after[at..], LONGEST, |b| !matches!(b, b'\r' | b'\n' | b'\''));
            (len, after[at..at + len].contains(&b'='))
        }
        (true, b"basic" | b"bearer" | b"token" | b"apikey" | b"negotiate") => {
            let len = run(&after[at..], LONGEST, is_credential);
            let text = &after[at..at + len];
            let long = len >= 16 && text.iter().any(u8::is_ascii_digit) || word == b"basic" && len >= 12;
            (len, looks_random(text) || long && !text.iter().all(u8::is_ascii_digit))
        }
        // Another scheme, or none.
        (true, _) => return None,
        (false, _) => {
            let len = run(&after[at..], LONGEST, is_credential);
            (len, len >= 16 && looks_random(&after[at..at + len]))
        }
    };
    let text = &after[at..at + len];
    (len >= 8 && sure && !is_placeholder(text)).then(|| sight.hit(at, len, AUTHORIZATION))
}

fn is_credential(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':')
}

/// The values in a Cookie or Set-Cookie header.
pub fn cookies(sight: &Sight<'_>, hits: &mut Vec<Hit>) {
    let after = sight.after();
    let Some(mut at) = assignment(after) else { return };
    for _ in 0..MOST_COOKIES {
        let name = run(&after[at..], 256, |b| b.is_ascii_alphanumeric() || b"!#%&*.^_`|~-".contains(&b));
        if name == 0 || after.get(at + name) != Some(&b'=') {
            return;
        }
        let from = at + name + 1;
        let len = run(&after[from..], 4096, is_cookie_value);
        let value = &after[from..from + len];
        let attribute =
            ATTRIBUTES.iter().any(|known| after[at..at + name].eq_ignore_ascii_case(known.as_bytes()));
        let telling = len >= 8 && (value.iter().any(u8::is_ascii_digit) || looks_random(value));
        if telling && !attribute && !is_placeholder(value) {
            hits.push(sight.hit(from, len, COOKIE));
        }
        at = from + len;
        if after.get(at) != Some(&b';') {
            return;
        }
        at += 1;
        at += run(&after[at..], 8, |b| b == b' ');
        // Secure, HttpOnly.
        let flag = run(&after[at..], 16, |b| b.is_ascii_alphabetic());
        if after.get(at + flag) == Some(&b';') {
            at += flag + 1;
            at += run(&after[at..], 8, |b| b == b' ');
        }
    }
}

fn is_cookie_value(b: u8) -> bool {
    b.is_ascii_graphic()
        && !matches!(b, b'"' | b'\'' | b',' | b';' | b'\\' | b'<' | b'>' | b'$' | b'(' | b')')
}

/// The length of what `var_dump()` puts before a text: `string(12) ` on the next line.
fn typed(text: &[u8]) -> usize {
    let space = run(text, 64, |b| b.is_ascii_whitespace());
    let Some(rest) = text[space..].strip_prefix(b"string(") else { return 0 };
    let digits = run(rest, 8, |b| b.is_ascii_digit());
    match rest.get(digits) {
        Some(b')') => space + "string(".len() + digits + 1,
        _ => 0,
    }
}

/// Where the value begins after a name: behind `:`, `=`, `=>` or `;s:12:`, with what quotes and spaces are
/// around it. `None` if no value follows.
pub fn assignment(after: &[u8]) -> Option<usize> {
    let open = |b: u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'[' | b']');
    let before = run(after, 8, open);
    let sign = match &after[before..] {
        [b'=', b'>', ..] => 2 + typed(&after[before + 2..]),
        [b':' | b'=', ..] => 1,
        // As PHP serialises it.
        [b';', b's', b':', ..] => {
            let digits = run(&after[before + 3..], 8, |b| b.is_ascii_digit());
            match after.get(before + 3 + digits) {
                Some(b':') => 4 + digits,
                _ => return None,
            }
        }
        _ => return None,
    };
    let at = before + sign;
    let at = at + run(&after[at..], 8, |b| open(b) || b == b'(');
    (at < after.len()).then_some(at)
}
