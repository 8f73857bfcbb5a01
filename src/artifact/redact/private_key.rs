//! The body of a PEM private key, on lines of its own, in one string, or in the lines of a patch.

use super::REACH;
use super::credential::run;
use super::mask::Hit;
use super::sight::Sight;

const KIND: &str = "private-key";
/// What stands between two runs of the body: ends of lines and what leads a line, written out or
/// escaped. Bytes.
const GAP: usize = 64;
/// Shorter runs are words of code, unless the key ends with them.
const SHORTEST_RUN: usize = 24;

/// Where a line stands that a key follows whose end has not come yet.
pub fn open(raw: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(raw, b"-----BEGIN")?;
    let rest = &raw[at..];
    let is_key = memchr::memmem::find(&rest[..rest.len().min(64)], b"PRIVATE KEY").is_some();
    let ends = memchr::memmem::find(rest, b"-----END").is_some();
    (is_key && !ends).then(|| raw[..at].iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1))
}

/// `sight` is at `PRIVATE KEY`; what counts begins after the dashes.
pub fn read(sight: &Sight<'_>) -> Option<Hit> {
    let after = sight.after();
    let dashes = run(after, 32, |b| b"-BLOCK ".contains(&b));
    if !after[..dashes].ends_with(b"-----") {
        return None;
    }
    let first = dashes + gap(&after[dashes..]);
    let mut end = None;
    let mut at = first;
    while at < after.len().min(REACH) {
        let len = run(&after[at..], REACH, is_base64);
        let next = at + len + gap(&after[at + len..]);
        let closes = after[next.saturating_sub(5)..].starts_with(b"-----END");
        if len < SHORTEST_RUN && !(len > 0 && end.is_some() && (closes || after[at + len - 1] == b'=')) {
            // `Proc-Type: 4,ENCRYPTED` and its like come before the body.
            if end.is_none()
                && let Some(line) = header_line(&after[at..])
            {
                at += line;
                continue;
            }
            break;
        }
        end = Some(at + len);
        if closes {
            break;
        }
        at = next;
    }
    end.map(|end| sight.hit(first, end - first, KIND))
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// White space, the first character of a patch's line, quotes and commas around a line, and
/// `\n`, `\r` however often escaped.
fn gap(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len().min(GAP) {
        match text[at] {
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b',' | b'.' | b'\\' | b'-' => at += 1,
            // The body may begin with `+` too; then the patch's own goes first.
            b'+' if at > 0 && matches!(text[at - 1], b'\n' | b' ') => at += 1,
            b'n' | b'r' if at > 0 && text[at - 1] == b'\\' => at += 1,
            _ => break,
        }
    }
    at
}

/// The length of `Name: value` with what ends its line, if that is what stands here.
fn header_line(text: &[u8]) -> Option<usize> {
    let name = run(text, 32, |b| b.is_ascii_alphabetic() || b == b'-');
    if name == 0 || !text[name..].starts_with(b": ") {
        return None;
    }
    let line = name + run(&text[name..], 128, |b| !matches!(b, b'\r' | b'\n' | b'\\' | b'"' | b'\''));
    Some(line + gap(&text[line..]))
}
