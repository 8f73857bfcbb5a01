//! A secret: what may be one, and what cannot be told from ordinary text.

use super::skeleton;
use std::fmt;

/// Bytes that a value must have, white space, quotes and `\ . + -` not counted: these vanish in
/// some spellings.
const SHORTEST: usize = 8;
/// The longest value. Bytes.
const LONGEST: usize = 16 << 10;
/// A value of letters alone, or of digits alone, below these lengths is a word or a number.
const LONGEST_WORD: usize = 15;
const LONGEST_NUMBER: usize = 11;

/// Values that people do give to secrets, and that stand in ordinary code and prose.
const COMMON: [&str; 14] = [
    "changeme123",
    "password1",
    "password123",
    "passw0rd",
    "p@ssw0rd",
    "localhost:3306",
    "localhost:8080",
    "http://localhost",
    "https://localhost",
    "http://example.com",
    "https://example.com",
    "https://example.org",
    "user@example.com",
    "admin@example.com",
];

/// A part of a marker cannot be told from one.
const MARKER: &str = "[redacted:configured-secret-value]";

/// A name and its value. The value reaches the redactor and the sandbox's environment only: it is
/// not shown, printed or serialised.
#[derive(Clone)]
pub struct Secret {
    name: String,
    value: String,
}

/// Why a value cannot be kept out of what a sandbox prints. The value itself is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Text of that length stands everywhere. Use a longer secret.
    #[error("its value is shorter than {SHORTEST} significant characters")]
    TooShort,
    /// No credential is that long. Put it in a file that is not mounted.
    #[error("its value is longer than {} KiB", LONGEST >> 10)]
    TooLong,
    /// Replacing it would destroy ordinary text. Use a random secret, or do not call it one.
    #[error("its value is a common word or number")]
    Common,
}

impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Result<Secret, SecretError> {
        let (name, value) = (name.into(), value.into());
        if value.len() > LONGEST {
            return Err(SecretError::TooLong);
        }
        if skeleton::of(value.trim().as_bytes()).len() < SHORTEST {
            return Err(SecretError::TooShort);
        }
        if is_common(value.trim()) {
            return Err(SecretError::Common);
        }
        Ok(Secret { name, value })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the sandbox's environment.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

fn is_common(value: &str) -> bool {
    let lower = value.to_lowercase();
    let of = |allowed: fn(u8) -> bool| value.bytes().all(allowed);
    let distinct = value.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    distinct < 5
        || value.len() <= LONGEST_WORD && of(|b| b.is_ascii_alphabetic() || b"_-. ".contains(&b))
        || value.len() <= LONGEST_NUMBER && of(|b| b.is_ascii_digit() || b"_-. ".contains(&b))
        || COMMON.contains(&lower.as_str())
        || MARKER.contains(&lower)
}
