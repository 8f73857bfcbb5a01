//! Puts markers where secrets stood.

use super::tally::Found;

/// Bytes that are a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub start: usize,
    pub end: usize,
    pub kind: &'static str,
}

/// Base64 leaves so many characters between two pieces of a value.
pub const CLOSE: usize = 2;

/// Sorts hits in `raw`, and makes one of those that overlap, touch, or are pieces of one value.
pub fn merge(raw: &[u8], mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match merged.last_mut() {
            Some(last)
                if hit.start < last.end || hit.kind == last.kind && belong(raw, last.end, hit.start) =>
            {
                last.end = last.end.max(hit.end);
            }
            _ => merged.push(hit),
        }
    }
    merged
}

fn belong(raw: &[u8], end: usize, start: usize) -> bool {
    start - end <= CLOSE && raw[end..start].iter().all(|b| b.is_ascii_alphanumeric() || b"+/_-".contains(b))
}

/// Appends `raw` to `out` with a marker for each of `hits`, which are in order and do not overlap.
pub fn replace(raw: &[u8], hits: &[Hit], found: &mut Found, out: &mut Vec<u8>) {
    let mut at = 0;
    for hit in hits {
        out.extend(&raw[at..hit.start]);
        mark(&raw[hit.start..hit.end], hit.kind, out);
        found.add(hit.kind);
        at = hit.end;
    }
    out.extend(&raw[at..]);
}

/// One marker for each line of the secret. Ends of lines stay, and so does what leads the next
/// line: in a patch it is the line's meaning.
fn mark(secret: &[u8], kind: &str, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < secret.len() {
        out.extend(b"[REDACTED:");
        out.extend(kind.bytes());
        out.push(b']');
        let end = secret[at..].iter().position(|b| matches!(b, b'\r' | b'\n'));
        let Some(end) = end.map(|end| at + end) else { return };
        let leads = |b: &u8| matches!(b, b'\r' | b'\n' | b' ' | b'\t' | b'+' | b'-');
        at = secret[end..].iter().position(|b| !leads(b)).map_or(secret.len(), |next| end + next);
        out.extend(&secret[end..at]);
    }
}
