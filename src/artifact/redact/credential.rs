//! What tells a credential from a word, a placeholder or a variable.

/// Shortest text that can look random. Bytes.
const SHORTEST: usize = 12;
/// Bits for each byte, over the bytes of the text itself. English words have 2.5 to 3.5 with few
/// kinds of characters; twenty hexadecimal digits have about 3.4.
const BITS: f64 = 3.0;

/// Whether `text` looks like one that was drawn by lot: many different characters, and more than
/// one kind of them, mixed.
pub fn looks_random(text: &[u8]) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let mut counts = [0u32; 256];
    let (mut digits, mut upper, mut lower, mut changes) = (0, 0, 0, 0);
    let mut kind_before = None;
    for &b in text {
        counts[usize::from(b)] += 1;
        let kind = match b {
            b'0'..=b'9' => {
                digits += 1;
                'd'
            }
            b'A'..=b'Z' => {
                upper += 1;
                'u'
            }
            b'a'..=b'z' => {
                lower += 1;
                'l'
            }
            _ => continue,
        };
        changes += usize::from(kind_before.is_some_and(|before| before != kind));
        kind_before = Some(kind);
    }
    let kinds = [digits, upper, lower].into_iter().filter(|count| *count > 0).count();
    kinds >= 2 && changes * 6 >= text.len() && entropy(&counts, text.len()) >= BITS
}

fn entropy(counts: &[u32; 256], len: usize) -> f64 {
    let len = len as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let part = f64::from(*count) / len;
            -part * part.log2()
        })
        .sum()
}

/// Whether `text` stands for a password rather than being one: `password`, `YOUR_TOKEN_HERE`,
/// `$password`, `%s`, `{token}`, `***`.
pub fn is_placeholder(text: &[u8]) -> bool {
    const WORDS: [&str; 13] = [
        "pass", "passwd", "password", "pwd", "secret", "token", "key", "user", "username", "xxx", "redacted",
        "example", "changeme",
    ];
    let lower: String = String::from_utf8_lossy(text).to_lowercase();
    let letters = text.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b'*'));
    let variable = text.iter().any(|b| matches!(b, b'$' | b'{' | b'}' | b'<' | b'>' | b'[' | b']'))
        || lower.starts_with("%s")
        || lower.starts_with("%1$");
    variable
        || WORDS.contains(&lower.as_str())
        || letters && ["your", "here", "example", "xxxx", "****"].iter().any(|part| lower.contains(part))
}

/// How many bytes from the start of `text` are of `allowed`, at most `most`.
pub fn run(text: &[u8], most: usize, allowed: impl Fn(u8) -> bool) -> usize {
    text.iter().take(most).position(|b| !allowed(*b)).unwrap_or(text.len().min(most))
}
