//! Tokens with a prefix that their issuer made to be recognised.

use super::credential::{looks_random, run};
use super::header;
use super::mask::Hit;
use super::sight::Sight;

/// How an issuer writes its tokens.
pub struct Token {
    pub prefix: &'static str,
    kind: &'static str,
    /// What may follow the prefix.
    allowed: Allowed,
    /// How many bytes follow the prefix.
    least: usize,
    most: usize,
}

#[derive(Clone, Copy)]
enum Allowed {
    Alphanumeric,
    /// Also `_` and `-`.
    Word,
    /// Also `.`.
    Dotted,
    UpperAndDigits,
    /// Three parts of [`Allowed::Word`] with `.` between them, the prefix beginning the first.
    Jwt,
}

const fn token(
    prefix: &'static str,
    kind: &'static str,
    allowed: Allowed,
    least: usize,
    most: usize,
) -> Token {
    Token { prefix, kind, allowed, least, most }
}

pub static TOKENS: [Token; 42] = {
    use Allowed::{Alphanumeric, Dotted, Jwt, UpperAndDigits, Word};
    [
        token("ghp_", "github-token", Alphanumeric, 20, 255),
        token("gho_", "github-token", Alphanumeric, 20, 255),
        token("ghu_", "github-token", Alphanumeric, 20, 255),
        token("ghs_", "github-token", Alphanumeric, 20, 255),
        token("ghr_", "github-token", Alphanumeric, 20, 255),
        token("github_pat_", "github-token", Word, 20, 255),
        token("glpat-", "gitlab-token", Dotted, 20, 255),
        token("AKIA", "aws-access-key", UpperAndDigits, 16, 16),
        token("ASIA", "aws-access-key", UpperAndDigits, 16, 16),
        token("sk_live_", "stripe-key", Alphanumeric, 16, 255),
        token("sk_test_", "stripe-key", Alphanumeric, 16, 255),
        token("rk_live_", "stripe-key", Alphanumeric, 16, 255),
        token("rk_test_", "stripe-key", Alphanumeric, 16, 255),
        token("whsec_", "stripe-key", Alphanumeric, 16, 255),
        token("sk-", "openai-api-key", Word, 20, 255),
        token("sk-ant-", "anthropic-api-key", Word, 20, 255),
        token("xoxa-", "slack-token", Word, 20, 255),
        token("xoxb-", "slack-token", Word, 20, 255),
        token("xoxe-", "slack-token", Word, 20, 255),
        token("xoxo-", "slack-token", Word, 20, 255),
        token("xoxp-", "slack-token", Word, 20, 255),
        token("xoxr-", "slack-token", Word, 20, 255),
        token("xoxs-", "slack-token", Word, 20, 255),
        token("xapp-", "slack-token", Word, 20, 255),
        token("hooks.slack.com/services/", "slack-webhook", Alphanumeric, 8, 16),
        token("AIza", "google-api-key", Word, 35, 35),
        token("ya29.", "google-oauth-token", Word, 20, 2048),
        token("GOCSPX-", "google-oauth-secret", Word, 24, 64),
        token("SG.", "sendgrid-key", Dotted, 60, 80),
        token("npm_", "npm-token", Alphanumeric, 36, 36),
        token("pypi-AgEI", "pypi-token", Word, 50, 255),
        token("hf_", "huggingface-token", Alphanumeric, 30, 64),
        token("gsk_", "groq-api-key", Alphanumeric, 30, 128),
        token("dop_v1_", "digitalocean-token", Alphanumeric, 64, 64),
        token("shpat_", "shopify-token", Alphanumeric, 32, 32),
        token("shpss_", "shopify-token", Alphanumeric, 32, 32),
        token("shpca_", "shopify-token", Alphanumeric, 32, 32),
        token("dckr_pat_", "docker-token", Word, 20, 64),
        token("xkeysib-", "brevo-key", Word, 64, 128),
        token("lin_api_", "linear-key", Alphanumeric, 32, 64),
        token("glsa_", "grafana-token", Word, 32, 64),
        token("eyJ", "jwt", Jwt, 30, 8192),
    ]
};

impl Allowed {
    fn has(self, b: u8) -> bool {
        match self {
            Allowed::Alphanumeric => b.is_ascii_alphanumeric(),
            Allowed::Word => is_word(b),
            Allowed::Dotted | Allowed::Jwt => is_word(b) || b == b'.',
            Allowed::UpperAndDigits => b.is_ascii_uppercase() || b.is_ascii_digit(),
        }
    }
}

pub fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

/// Bytes of a part of a web token.
const JWT_PART_MIN: usize = 7;
const JWT_PART_MAX: usize = 8192;

/// The token that begins here, prefix included.
pub fn read(token: &Token, sight: &Sight<'_>) -> Option<Hit> {
    // `task-list` is none, and neither is base64 that happens to contain a prefix.
    if is_word(sight.before) && !after_escape(sight) {
        return None;
    }
    let after = sight.after();
    if matches!(token.allowed, Allowed::Jwt) {
        let len = jwt(after).filter(|len| (token.least..=token.most).contains(len))?;
        return Some(Hit { start: sight.start, end: sight.end + len, kind: token.kind });
    }
    let mut len = run(after, token.most + 1, |b| token.allowed.has(b));
    if matches!(token.allowed, Allowed::Dotted) {
        while len > 0 && after[len - 1] == b'.' {
            len -= 1;
        }
    }
    if len < token.least || len > token.most {
        return None;
    }
    if token.kind == "slack-webhook" {
        // Workspace, channel, and the secret part.
        len = run(after, 128, |b| b.is_ascii_alphanumeric() || b == b'/');
        let secret = after[..len].rsplit(|b| *b == b'/').next().unwrap_or_default();
        if after[..len].iter().filter(|b| **b == b'/').count() != 2 || !looks_random(secret) {
            return None;
        }
    } else if !looks_random(&after[..len]) {
        return None;
    }
    Some(Hit { start: sight.start, end: sight.end + len, kind: token.kind })
}

/// The length of three parts with a dot between two of them, the last a signature. It looks at no more
/// than three parts: the next of many begins behind each dot.
fn jwt(after: &[u8]) -> Option<usize> {
    let mut len = 0;
    let mut part = 0;
    for first in [true, false, false] {
        if !first {
            len += usize::from(after.get(len) == Some(&b'.'));
        }
        part = run(&after[len..], JWT_PART_MAX, is_word);
        if part < JWT_PART_MIN {
            return None;
        }
        len += part;
    }
    let more = after.get(len) == Some(&b'.') && after.get(len + 1).is_some_and(|b| is_word(*b) || *b == b'.');
    (!more && looks_random(&after[len - part..len])).then_some(len)
}

/// Whether the letter before is the second half of `\n`, `\t` and the like.
fn after_escape(sight: &Sight<'_>) -> bool {
    matches!(sight.before, b'n' | b'r' | b't') && sight.start >= 2 && sight.raw[sight.start - 2] == b'\\'
}

/// The forty characters that go with an access key's id. Only their name tells them from a hash.
pub fn aws_secret(sight: &Sight<'_>) -> Option<Hit> {
    let after = sight.after();
    let at = header::assignment(after)?;
    let len = run(&after[at..], 41, |b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+'));
    (len == 40 && looks_random(&after[at..at + len])).then(|| sight.hit(at, len, "aws-secret-key"))
}
