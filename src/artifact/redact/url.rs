//! The password in `scheme://user:password@host`, and a token in the place of the user.

use super::credential::{is_placeholder, looks_random, run};
use super::mask::Hit;
use super::sight::Sight;

const KIND: &str = "url-credentials";
const LONGEST: usize = 512;

pub fn read(sight: &Sight<'_>) -> Option<Hit> {
    if !sight.before.is_ascii_alphanumeric() {
        return None;
    }
    let after = sight.after();
    let len = run(after, LONGEST, is_userinfo);
    if after.get(len) != Some(&b'@') || !after.get(len + 1).is_some_and(|b| is_host(*b)) {
        return None;
    }
    let userinfo = &after[..len];
    match userinfo.iter().position(|b| *b == b':') {
        Some(colon) => {
            let password = &userinfo[colon + 1..];
            let some = !password.is_empty() && !is_placeholder(password);
            some.then(|| sight.hit(colon + 1, password.len(), KIND))
        }
        None => (len >= 16 && looks_random(userinfo)).then(|| sight.hit(0, len, KIND)),
    }
}

/// Whether `rest`, which a cut ends, may be the beginning of a password's or token's part of a URL.
pub fn is_open(rest: &[u8]) -> bool {
    rest.len() <= LONGEST
        && rest.iter().all(|b| is_userinfo(*b))
        && (rest.contains(&b':') || !rest.contains(&b'.'))
}

fn is_userinfo(b: u8) -> bool {
    b.is_ascii_graphic()
        && !matches!(b, b'"' | b'\'' | b'/' | b'<' | b'>' | b'?' | b'@' | b'\\' | b'`' | b',' | b'(' | b')')
}

fn is_host(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'['
}
