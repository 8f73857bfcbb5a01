//! Git's C-style quoting of path names, as with `core.quotePath` on.

/// The name as it stands in a patch header: plain if it may be, else in double quotes with
/// escapes. The result is ASCII either way.
///
/// Beyond what git itself quotes, a name with a space before a `/` is: git before 2.40 cannot find
/// the end of such a name in a `diff --git` line.
pub fn quote(name: &[u8]) -> String {
    if name.iter().all(|&b| is_plain(b)) && !name.windows(2).any(|pair| pair == b" /") {
        return String::from_utf8_lossy(name).into_owned();
    }
    let mut out = String::with_capacity(name.len() + 8);
    out.push('"');
    for &b in name {
        match b {
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0b => out.push_str("\\v"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b if is_plain(b) => out.push(char::from(b)),
            b => out.push_str(&format!("\\{b:03o}")),
        }
    }
    out.push('"');
    out
}

fn is_plain(b: u8) -> bool {
    matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\'
}

/// Reads a quoted name at the start of `text`; `None` if it is not well-formed. Returns the name
/// and how many bytes of `text` it took, quotes included.
pub fn unquote(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut name = Vec::new();
    let mut at = 1;
    if text.first() != Some(&b'"') {
        return None;
    }
    loop {
        match *text.get(at)? {
            b'"' => return Some((name, at + 1)),
            b'\\' => {
                let escape = *text.get(at + 1)?;
                at += 2;
                name.push(match escape {
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digits = text.get(at..at + 2)?;
                        if !digits.iter().all(|d| matches!(d, b'0'..=b'7')) {
                            return None;
                        }
                        at += 2;
                        (escape - b'0') << 6 | (digits[0] - b'0') << 3 | (digits[1] - b'0')
                    }
                    _ => return None,
                });
            }
            b'\n' => return None,
            b => {
                name.push(b);
                at += 1;
            }
        }
    }
}
