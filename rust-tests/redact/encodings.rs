//! Spellings of a value, written independently of those in the redactor: one character at a time.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Encodes a whole text.
pub type Encoding = fn(&str) -> String;

pub const ALL: [(&str, Encoding); 38] = [
    ("plain", |s| s.to_owned()),
    ("base64", |s| STANDARD.encode(s)),
    ("base64 after one byte", |s| STANDARD.encode(format!("u{s}"))),
    ("base64 after two bytes", |s| STANDARD.encode(format!("u:{s}\n"))),
    ("base64 url-safe", |s| URL_SAFE.encode(s)),
    ("base64 url-safe after one byte", |s| URL_SAFE.encode(format!("?{s}?"))),
    ("base64 url-safe after two bytes", |s| URL_SAFE.encode(format!("??{s}"))),
    ("base64 in lines", |s| {
        lines(&STANDARD.encode(format!("some text before it, {s}, and some after")), 19, "\r\n")
    }),
    ("base64 in a patch", |s| lines(&STANDARD.encode(format!("{s} and so on")), 11, "\n+")),
    ("base64 in a URL", |s| percent(&STANDARD.encode(s), false, "%")),
    ("hex", |s| s.bytes().map(|b| format!("{b:02x}")).collect()),
    ("hex, upper case", |s| s.bytes().map(|b| format!("{b:02X}")).collect()),
    ("hex dump", |s| s.bytes().map(|b| format!("{b:02x} ")).collect()),
    ("percent", |s| percent(s, false, "%")),
    ("percent, lower case", |s| percent(s, false, "%").to_lowercase_escapes()),
    ("percent, twice", |s| percent(s, false, "%25")),
    ("percent, every byte", |s| percent(s, true, "%")),
    ("percent, every byte, twice", |s| percent(s, true, "%25")),
    ("form", |s| percent(s, false, "%").replace("%20", "+")),
    ("percent of a form", |s| percent(&percent(s, false, "%").replace("%20", "+"), false, "%")),
    ("JSON", |s| serde_json::to_string(s).unwrap()),
    ("JSON in JSON", |s| serde_json::to_string(&serde_json::to_string(s).unwrap()).unwrap()),
    ("JSON of PHP", |s| serde_json::to_string(s).unwrap().replace('/', "\\/").ascii()),
    ("JSON, every character", |s| s.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()),
    ("JSON in a script of WordPress", |s| {
        serde_json::to_string(s).unwrap().ascii().replace('<', "\\u003C").replace('>', "\\u003E")
    }),
    ("JSON of Go", |s| {
        let json = serde_json::to_string(s).unwrap();
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    }),
    ("JSON, letters in other cases", |s| {
        s.encode_utf16()
            .enumerate()
            .map(|(i, unit)| match i % 2 {
                0 => format!("\\u{unit:04x}"),
                _ => format!("\\u{unit:04X}"),
            })
            .collect()
    }),
    ("octal of git", |s| {
        let octal = |b: u8| if b.is_ascii() { char::from(b).to_string() } else { format!("\\{b:03o}") };
        s.replace('\\', "\\\\").replace('"', "\\\"").bytes().map(octal).collect()
    }),
    ("a URL of WordPress", |s| {
        s.replace('&', "&#038;").replace('\'', "&#039;").replace('<', "&lt;").replace('>', "&gt;")
    }),
    ("HTML of PHP", |s| html(s, "&quot;", "&#039;")),
    ("HTML of JavaScript", |s| html(s, "&#34;", "&#39;")),
    ("HTML, twice", |s| html(&html(s, "&quot;", "&#039;"), "&quot;", "&#039;")),
    ("HTML, every character", |s| s.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("PHP var_export", |s| format!("'{}'", s.replace('\\', "\\\\").replace('\'', "\\'"))),
    ("PHP serialize", |s| format!("s:{}:\"{s}\";", s.len())),
    ("shell", |s| format!("'{}'", s.replace('\'', "'\\''"))),
    ("SQL", |s| format!("'{}'", s.replace('\'', "''"))),
    ("concatenated", |s| {
        s.chars()
            .collect::<Vec<_>>()
            .chunks(5)
            .map(|part| part.iter().collect::<String>())
            .collect::<Vec<_>>()
            .join("' .\n    '")
    }),
];

/// Encodings that wrap or split what they get, for values that do not end at a line.
fn lines(text: &str, width: usize, end: &str) -> String {
    text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join(end)
}

fn percent(text: &str, every: bool, sign: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        if !every && (b.is_ascii_alphanumeric() || b"-_.~".contains(&b)) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("{sign}{b:02X}"));
        }
    }
    out
}

fn html(text: &str, double: &str, single: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str(double),
            '\'' => out.push_str(single),
            c => out.push(c),
        }
    }
    out
}

trait Escapes {
    fn to_lowercase_escapes(&self) -> String;
    fn ascii(&self) -> String;
}

impl Escapes for String {
    fn to_lowercase_escapes(&self) -> String {
        let mut out = String::new();
        let mut left = 0u32;
        for c in self.chars() {
            out.push(if left > 0 { c.to_ascii_lowercase() } else { c });
            left = if c == '%' { 2 } else { left.saturating_sub(1) };
        }
        out
    }

    fn ascii(&self) -> String {
        let mut out = String::new();
        for c in self.chars() {
            if c.is_ascii() {
                out.push(c);
            } else {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
        out
    }
}
