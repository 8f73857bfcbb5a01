//! Finds what looks like a credential by where it stands or how it begins.
//!
//! One automaton finds the few bytes that every shape begins with; a rule then reads what follows.
//! A rule that is not sure says no: ordinary code must stay as it is.

use super::mask::Hit;
use super::sight::Sight;
use super::{REACH, header, private_key, token, url};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// What follows the bytes that gave the shape away.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// An index into [`token::TOKENS`].
    Token(usize),
    PrivateKey,
    Url,
    Authorization,
    Cookie,
    AwsSecret,
}

struct Shapes {
    automaton: AhoCorasick,
    rules: Vec<Rule>,
    longest: usize,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let mut beginnings: Vec<(&str, Rule)> =
        token::TOKENS.iter().enumerate().map(|(index, token)| (token.prefix, Rule::Token(index))).collect();
    beginnings.extend([
        ("PRIVATE KEY", Rule::PrivateKey),
        ("://", Rule::Url),
        ("uthorization", Rule::Authorization),
        ("UTHORIZATION", Rule::Authorization),
        ("ookie", Rule::Cookie),
        ("COOKIE", Rule::Cookie),
        ("ecret_access_key", Rule::AwsSecret),
        ("ECRET_ACCESS_KEY", Rule::AwsSecret),
        ("ecretAccessKey", Rule::AwsSecret),
    ]);
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(beginnings.iter().map(|(text, _)| text))
        .expect("a few dozen short patterns fit");
    let longest = beginnings.iter().map(|(text, _)| text.len()).max().unwrap_or_default();
    Shapes { automaton, rules: beginnings.into_iter().map(|(_, rule)| rule).collect(), longest }
});

/// Every credential whose shape begins in the first `owned` bytes of `raw`.
pub fn find(raw: &[u8], before: u8, owned: usize, hits: &mut Vec<Hit>) {
    let shapes = &*SHAPES;
    let searched = &raw[..raw.len().min(owned + shapes.longest)];
    for found in shapes.automaton.find_iter(searched) {
        if found.start() >= owned {
            break;
        }
        let before = if found.start() == 0 { before } else { raw[found.start() - 1] };
        let sight = Sight { raw, start: found.start(), end: found.end(), before };
        match shapes.rules[found.pattern().as_usize()] {
            Rule::Token(index) => hits.extend(token::read(&token::TOKENS[index], &sight)),
            Rule::PrivateKey => hits.extend(private_key::read(&sight)),
            Rule::Url => hits.extend(url::read(&sight)),
            Rule::Authorization => hits.extend(header::authorization(&sight)),
            Rule::Cookie => header::cookies(&sight, hits),
            Rule::AwsSecret => hits.extend(token::aws_secret(&sight)),
        }
    }
}

/// Where at the end of `raw` a credential may have begun that the end cuts: all of `raw` if none.
pub fn unfinished(raw: &[u8]) -> usize {
    let from = raw.len().saturating_sub(REACH);
    let tail = &raw[from..];
    let line = tail.iter().rposition(|b| matches!(b, b'\r' | b'\n')).map_or(0, |end| end + 1);
    let is_apart = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>');
    let word = tail.iter().rposition(is_apart).map_or(0, |end| end + 1);
    let shapes = &*SHAPES;
    let is_open = |rule: Rule, start: usize, end: usize| match rule {
        Rule::Authorization | Rule::Cookie | Rule::AwsSecret => true,
        Rule::Token(_) => end > word && (start == 0 || !token::is_word(tail[start - 1])),
        Rule::PrivateKey => end > word,
        Rule::Url => end > word && url::is_open(&tail[end..]),
    };
    let mut begun = shapes.automaton.find_iter(&tail[line..]);
    let open = begun.find(|found| {
        is_open(shapes.rules[found.pattern().as_usize()], line + found.start(), line + found.end())
    });
    open.map_or(raw.len(), |found| from + line + found.start())
}
