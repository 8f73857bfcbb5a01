//! How paths are spelled in JSON, and which may name a file of a bundle.

use std::borrow::Cow;

/// A path as text, without loss.
///
/// A path that is UTF-8 is itself. Otherwise, and wherever a `%` is followed by two hexadecimal
/// digits, the bytes concerned are written as `%XX`. So percent-decoding always gives the path
/// back, two paths never share a spelling, and nearly every path reads as it is.
pub fn encode(path: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(path) {
        Ok(text) if !has_escape(path) => Cow::Borrowed(text),
        _ => {
            let mut out = String::with_capacity(path.len() + 16);
            let mut at = 0;
            for chunk in path.utf8_chunks() {
                for (i, c) in chunk.valid().char_indices() {
                    if c == '%' && is_escape(&path[at + i..]) {
                        out.push_str("%25");
                    } else {
                        out.push(c);
                    }
                }
                for b in chunk.invalid() {
                    out.push_str(&format!("%{b:02X}"));
                }
                at += chunk.valid().len() + chunk.invalid().len();
            }
            Cow::Owned(out)
        }
    }
}

/// The inverse of [`encode`].
pub fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if is_escape(&bytes[at..]) {
            out.push(digit(bytes[at + 1]) << 4 | digit(bytes[at + 2]));
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

fn has_escape(path: &[u8]) -> bool {
    path.windows(3).any(is_escape)
}

fn is_escape(at: &[u8]) -> bool {
    matches!(at, [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

fn digit(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => b - b'0',
        b => (b | 0x20) - b'a' + 10,
    }
}

/// The most bytes that a path inside a bundle may have, that a segment may, and the most segments.
const MAX_PATH: usize = 1024;
const MAX_SEGMENT: usize = 255;
const MAX_SEGMENTS: usize = 32;

/// Whether `path` may name a file of a bundle: relative, `/` between segments, no empty, `.` or
/// `..` segment, no `\`, no control character, no drive or scheme.
pub fn is_bundle_path(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= MAX_PATH
        && !path.chars().any(|c| c == '\\' || c.is_control())
        && !path.split('/').next().unwrap_or_default().contains(':')
        && path.split('/').count() <= MAX_SEGMENTS
        && path.split('/').all(|s| !s.is_empty() && s != "." && s != ".." && s.len() <= MAX_SEGMENT)
}
