//! Looks for a secret by the definition, without tables, and however long that takes.

use super::encodings::ALL;
use wp_codebox::artifact::{Found, Redactor, Stream};

/// What all spellings of a text have in common, by the definition and without tables.
fn bare(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = 0;
    for &b in text {
        let line_end = before == b'\\' && (b == b'n' || b == b'r');
        if !b"\0\t\n\r \"'+-.\\".contains(&b) && !line_end {
            out.push(b.to_ascii_lowercase());
        }
        before = b;
    }
    out
}

/// Whether `secret` can be read in `text` in any of the encodings.
pub fn leaks(text: &[u8], secret: &str) -> Option<&'static str> {
    let text = bare(text);
    let shown = |needle: &[u8]| needle.len() >= 6 && text.windows(needle.len()).any(|part| part == needle);
    let mut around = ALL.iter().filter_map(|(name, encode)| {
        let encoded = bare(encode(secret).as_bytes());
        // Without the first and last characters, which what stands beside the secret decides too.
        let inner = encoded.get(4..encoded.len().checked_sub(4)?)?;
        (!name.contains("lines") && !name.contains("patch") && inner.len() >= 8 && shown(inner))
            .then_some(*name)
    });
    around.next()
}

/// Whether `length` characters in a row of any spelling of `secret` can be read in `text`, and which.
pub fn shows_part(text: &[u8], secret: &str, length: usize) -> Option<(&'static str, String)> {
    let text = bare(text);
    ALL.iter().filter(|(name, _)| !name.contains("lines") && !name.contains("patch")).find_map(
        |(name, encode)| {
            let encoded = bare(encode(secret).as_bytes());
            // Without the first and last characters, which what stands beside the secret decides too.
            let inner = encoded.get(4..encoded.len().checked_sub(4)?)?;
            let shown = |part: &&[u8]| text.windows(length).any(|window| window == *part);
            let part = inner.windows(length).find(shown)?;
            Some((*name, String::from_utf8_lossy(part).into_owned()))
        },
    )
}

/// Feeds `text` in pieces of these lengths, over and over.
pub fn in_pieces(redactor: &Redactor, text: &[u8], lengths: &[usize], block: usize) -> (Vec<u8>, Found) {
    let mut stream = redactor.stream().with_block(block);
    let mut out = Vec::new();
    push(&mut stream, text, lengths, false, &mut out);
    let found = stream.finish(&mut out);
    (out, found)
}

/// The same for text that goes on, of which no more comes. What is settled is shown after each piece.
pub fn cut_in_pieces(redactor: &Redactor, text: &[u8], lengths: &[usize], block: usize) -> Vec<u8> {
    let mut stream = redactor.stream().with_block(block);
    let mut out = Vec::new();
    push(&mut stream, text, lengths, true, &mut out);
    stream.cut(&mut out);
    out
}

fn push(stream: &mut Stream<'_>, text: &[u8], lengths: &[usize], settle: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        stream.push(piece, out);
        if settle {
            stream.settle(piece.len() % 2 == 0, out);
        }
        rest = after;
    }
}
