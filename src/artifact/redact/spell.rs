//! How programs spell a value. What a skeleton drops (backslashes, quotes, white space, line ends)
//! needs no spelling here: JSON, PHP, SQL and shell quoting at any depth are one with the value.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write;

/// Every other spelling of `value`, `value` first. May name one twice.
pub fn spellings(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    if value.contains('\\') {
        // Split behind a backslash, what follows it is no escape.
        all.push(value.replace('\\', ""));
    }
    let json = json_ascii(value, |_| false);
    html(value, &mut all);
    percent(value, &mut all);
    // PHP's flags as WordPress sets them, what Go and Java do, and all of PHP's.
    for also in ["<>", "<>&", "<>&='", "<>&'\""] {
        all.push(json_ascii(value, |c| also.contains(c)));
    }
    all.push(json_ascii(value, |_| true));
    if !value.is_ascii() {
        all.push(json_unicode(value));
        // Names of files in a patch, and bytes in Python and C.
        all.push(beyond_ascii(value, |b, out| write!(out, "{b:03o}")));
        all.push(beyond_ascii(value, |b, out| write!(out, "x{b:02x}")));
        // Quoted-printable text.
        all.push(beyond_ascii(&value.replace('=', "=3d"), |b, out| write!(out, "={b:02x}")));
        letters(value, &mut all);
    }
    all.push(each_byte(value, |b, out| write!(out, "x{b:02x}")));
    let hex = each_byte(value, |b, out| write!(out, "{b:02x}"));
    for between in [":", ",0x"] {
        let apart = each_byte(value, |b, out| write!(out, "{b:02x}{between}"));
        all.push(apart[..apart.len() - between.len()].to_owned());
    }
    base64(value.as_bytes(), &mut all);
    if json != value {
        base64(json.as_bytes(), &mut all);
    }
    all.extend([json, hex]);
    all
}

fn beyond_ascii(value: &str, one: impl Fn(u8, &mut String) -> std::fmt::Result) -> String {
    each_byte(value, |b, out| match b.is_ascii() {
        true => out.write_char(char::from(b)),
        false => one(b, out),
    })
}

fn each_byte(value: &str, one: impl Fn(u8, &mut String) -> std::fmt::Result) -> String {
    let mut out = String::with_capacity(value.len() * 6);
    for b in value.bytes() {
        // Writing to a string does not fail.
        let _ = one(b, &mut out);
    }
    out
}

/// The value within a longer text that was encoded as a whole: where it begins in a group of three
/// bytes gives three spellings, each without the characters that it shares with its neighbours.
fn base64(bytes: &[u8], all: &mut Vec<String>) {
    for phase in 0..3 {
        let mut text = vec![0; phase];
        text.extend(bytes);
        let first = (phase * 8).div_ceil(6);
        let last = text.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&text)[first..last].to_owned();
            // In a URL or a form.
            if encoded.contains(['+', '/']) {
                all.push(encoded.replace('+', "%2b").replace('/', "%2f"));
            }
            all.push(encoded);
        }
    }
}

/// Escapes as PHP, Python, JavaScript and XML write them, once and twice, and every character as a
/// number.
fn html(value: &str, all: &mut Vec<String>) {
    let escapes = [
        ("&amp;", "&quot;", "&#039;"),
        ("&amp;", "&#34;", "&#39;"),
        ("&amp;", "&quot;", "&#x27;"),
        ("&amp;", "&quot;", "&apos;"),
        ("&amp;", "\"", "'"),
        ("&#038;", "\"", "&#039;"),
    ];
    for (and, double, single) in escapes {
        let escape = |text: &str| {
            text.replace('&', and)
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', double)
                .replace('\'', single)
        };
        let once = escape(value);
        if once != value {
            all.extend([escape(&once), once]);
        }
    }
    let numbers = |one: fn(u32, &mut String) -> std::fmt::Result| {
        let mut out = String::new();
        for c in value.chars() {
            let _ = one(u32::from(c), &mut out);
        }
        out
    };
    all.push(numbers(|c, out| write!(out, "&#{c};")));
    all.push(numbers(|c, out| write!(out, "&#x{c:x};")));
}

/// Letters that are not ASCII as HTML writes them.
fn letters(value: &str, all: &mut Vec<String>) {
    let escape = |one: fn(char, &mut String) -> std::fmt::Result| {
        let mut out = String::new();
        for c in value.chars() {
            let _ = if c.is_ascii() { out.write_char(c) } else { one(c, &mut out) };
        }
        out
    };
    all.push(escape(|c, out| write!(out, "&#{};", u32::from(c))));
    all.push(escape(|c, out| write!(out, "&#x{:x};", u32::from(c))));
    all.push(escape(|c, out| match LATIN.get((u32::from(c) as usize).wrapping_sub(0xa0)) {
        Some(name) => write!(out, "&{name};"),
        None => out.write_char(c),
    }));
}

/// HTML's names of the characters from U+00A0 to U+00FF.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// Percent-encoding, once and twice: any style over any other, since they differ in what they keep
/// and in how they write a space. Then of every byte.
fn percent(value: &str, all: &mut Vec<String>) {
    // PHP's two, Python's for forms, JavaScript's two. The second says whether a space is `+`.
    const STYLES: [(&[u8], bool); 5] = [
        (b"-_.~", false),
        (b"-_.", true),
        (b"-_.~", true),
        (b"-_.!~*'()", false),
        (b"-_.!~*'();/?:@&=+$,#", false),
    ];
    let encode = |text: &str, (kept, plus): (&[u8], bool)| {
        each_byte(text, |b, out| match b {
            b' ' if plus => out.write_char('+'),
            _ if b.is_ascii_alphanumeric() || kept.contains(&b) => out.write_char(char::from(b)),
            _ => write!(out, "%{b:02x}"),
        })
    };
    for inner in STYLES {
        let once = encode(value, inner);
        if once != value {
            all.extend(STYLES.map(|outer| encode(&once, outer)));
            all.push(once);
        }
    }
    let every = each_byte(value, |b, out| write!(out, "%{b:02x}"));
    all.extend([every.replace('%', "%25"), every]);
}

/// The letter that JSON has for a control character.
fn short(c: char) -> Option<char> {
    match c {
        '\t' => Some('t'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        _ => None,
    }
}

/// The same with other characters than control characters as they are.
fn json_unicode(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| short(c).map_or([None, Some(c)], |letter| [Some('\\'), Some(letter)]))
        .flatten()
        .collect()
}

/// What stands in a JSON string: `also` beyond what must be, as `\uXXXX`.
fn json_ascii(value: &str, also: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match short(c) {
            Some(letter) if !also(c) => out.extend(['\\', letter]),
            _ if also(c) || !c.is_ascii() || c < ' ' => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            _ => {
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}
