//! Takes secrets out of whatever leaves a sandbox.
//!
//! In: the values of the task's secrets, and text, JSON or bytes from the sandbox. Out: the same
//! with a marker, `[REDACTED:<kind>]`, wherever a secret stood, and a count by kind.
//!
//! Two searches, each one pass over the input:
//! * [`configured`]: the known values, in every spelling that programs give them ([`spell`]).
//! * [`shapes`]: what looks like a credential though nobody told us: tokens with known prefixes,
//!   private keys, passwords in URLs, Authorization and Cookie headers.
//!
//! Invariants: names of secrets are never replaced. The number of lines stays, and of a line in a
//! patch its first character. JSON is redacted value by value and stays JSON. What comes out does
//! not depend on the pieces in which the input came.

mod compressed;
mod configured;
mod credential;
mod field;
mod header;
mod mask;
mod private_key;
mod secret;
mod shapes;
mod sight;
mod skeleton;
mod spell;
mod stream;
mod tally;
mod token;
mod url;

pub use secret::{Secret, SecretError};
pub use stream::Stream;
pub use tally::{Found, REDACTION_SCHEMA, RedactedArtifact, Redaction, RedactionStatus, Tally};

use configured::Configured;
use field::Field;
use mask::Hit;
use serde_json::{Map, Value};
use skeleton::Skeleton;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Bytes after its beginning that decide whether, and how far, something is a secret.
const REACH: usize = 16 << 10;

/// Fewer bytes before an ellipsis end many a word.
const SHORTEST_HEAD: usize = 4;

/// Finds secrets and replaces them. Cheap without configured secrets, and shared by reference.
pub struct Redactor {
    configured: Option<Configured>,
    names: Vec<String>,
}

impl Redactor {
    pub fn new(secrets: &[Secret]) -> Redactor {
        Redactor {
            configured: Configured::new(secrets),
            names: secrets.iter().map(|secret| secret.name().to_owned()).collect(),
        }
    }

    /// Whether any value was configured.
    pub fn has_secrets(&self) -> bool {
        self.configured.is_some()
    }

    /// `text` without secrets.
    pub fn text<'t>(&self, text: &'t str, found: &mut Found) -> Cow<'t, str> {
        match self.bytes(text.as_bytes(), found) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Values are text and markers are ASCII, so that what is replaced begins and ends
            // between characters.
            Cow::Owned(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Cow::Owned(text),
                Err(cut) => Cow::Owned(String::from_utf8_lossy(cut.as_bytes()).into_owned()),
            },
        }
    }

    /// `bytes` without secrets: text of any encoding that keeps ASCII, such as a patch.
    pub fn bytes<'b>(&self, bytes: &'b [u8], found: &mut Found) -> Cow<'b, [u8]> {
        let mut hits = Vec::new();
        self.hits(bytes, 0, bytes.len(), &mut Skeleton::default(), &mut hits);
        if hits.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        mask::replace(bytes, &mask::merge(bytes, hits), found, &mut out);
        Cow::Owned(out)
    }

    /// Redacts every string in `value`, keys of objects included, and numbers that are secrets.
    pub fn value(&self, value: &mut Value, found: &mut Found) {
        match value {
            Value::String(text) => {
                if let Some(head) = self.head_before_ellipsis(text) {
                    text.replace_range(head, "");
                }
                if let Cow::Owned(clean) = self.text(text, found) {
                    *text = clean;
                }
            }
            Value::Number(number) => {
                if let Cow::Owned(clean) = self.text(&number.to_string(), found) {
                    *value = Value::String(clean);
                }
            }
            Value::Array(items) => {
                // `[name, value]`, and `[name, value, name, value]`.
                let mut named: Option<String> = None;
                for item in items {
                    let next = item.as_str().filter(|text| Field::of(text).is_some()).map(str::to_owned);
                    match named.take() {
                        Some(name) => self.field(&name, item, found),
                        None => self.value(item, found),
                    }
                    named = next;
                }
            }
            Value::Object(map) => {
                let named = pair_name(map).map(str::to_owned);
                for (key, item) in map.iter_mut() {
                    match named.as_deref().filter(|_| key.eq_ignore_ascii_case("value")) {
                        Some(name) => self.field(name, item, found),
                        None => self.field(key, item, found),
                    }
                }
                if map.keys().any(|key| self.holds(key.as_bytes())) {
                    let old = std::mem::take(map);
                    *map = self.keys(old, found);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// What may be the head of a value in a text that was cut where its ellipsis stands: a message that a
    /// command's result has in part.
    fn head_before_ellipsis(&self, text: &str) -> Option<Range<usize>> {
        let known = self.configured.as_ref()?;
        let raw = text.strip_suffix('…')?.as_bytes();
        let mut skeleton = Skeleton::default();
        skeleton.squeeze(raw, 0);
        let settled = known.settled(raw, &skeleton);
        (raw.len() - settled >= SHORTEST_HEAD && text.is_char_boundary(settled)).then_some(settled..raw.len())
    }

    /// Redacts what `name` has for a value: a header's value is told by its name alone.
    fn field(&self, name: &str, value: &mut Value, found: &mut Found) {
        match value {
            Value::String(text) if header::is_name(name) => {
                let line = format!("{name}: {text}");
                let own = name.len() + 2;
                let mut hits = Vec::new();
                self.hits(line.as_bytes(), 0, line.len(), &mut Skeleton::default(), &mut hits);
                hits.retain(|hit| hit.end > own);
                for hit in &mut hits {
                    hit.start = hit.start.max(own) - own;
                    hit.end -= own;
                }
                if let Some(field) = Field::of(name) {
                    field.find(text, &mut hits);
                }
                self.replace(text, hits, found);
            }
            Value::Array(items) if header::is_name(name) => {
                items.iter_mut().for_each(|item| self.field(name, item, found));
            }
            Value::Object(map) if Field::of(name) == Some(Field::Cookie) => self.cookies(map, found),
            _ => self.value(value, found),
        }
    }

    /// Redacts cookies by name, or one cookie with its parts.
    fn cookies(&self, map: &mut Map<String, Value>, found: &mut Found) {
        let one = map.keys().any(|key| key.eq_ignore_ascii_case("value"));
        for (key, item) in map.iter_mut() {
            match item {
                Value::String(text) if !one || key.eq_ignore_ascii_case("value") => {
                    let mut hits = Vec::new();
                    self.hits(text.as_bytes(), 0, text.len(), &mut Skeleton::default(), &mut hits);
                    field::find_cookie(text, &mut hits);
                    self.replace(text, hits, found);
                }
                item => self.value(item, found),
            }
        }
    }

    fn replace(&self, text: &mut String, hits: Vec<Hit>, found: &mut Found) {
        if !hits.is_empty() {
            let mut out = Vec::with_capacity(text.len());
            mask::replace(text.as_bytes(), &mask::merge(text.as_bytes(), hits), found, &mut out);
            *text = String::from_utf8_lossy(&out).into_owned();
        }
    }

    fn keys(&self, map: Map<String, Value>, found: &mut Found) -> Map<String, Value> {
        let mut clean = Map::new();
        for (key, value) in map {
            let mut name = self.text(&key, found).into_owned();
            // Two keys that differed in their secrets alone.
            while clean.contains_key(&name) {
                name.push('_');
            }
            clean.insert(name, value);
        }
        clean
    }

    /// Whether a secret stands in `bytes` as they are.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let mut hits = Vec::new();
        self.hits(bytes, 0, bytes.len(), &mut Skeleton::default(), &mut hits);
        !hits.is_empty()
    }

    /// The same for the content of a file that is not text: also looks into gzip, zlib and zip.
    pub fn holds_packed(&self, bytes: &[u8]) -> bool {
        self.holds(bytes) || compressed::holds(self, bytes)
    }

    /// A redactor of input that comes bit by bit.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// How much of `text` is certainly no head of a secret, if more followed where it ends.
    pub fn before_cut(&self, text: &str) -> usize {
        let raw = text.as_bytes();
        let mut settled = self.settled(raw, 0, Vec::new(), &mut Skeleton::default());
        settled = settled.min(shapes::unfinished(raw));
        while !text.is_char_boundary(settled) {
            settled -= 1;
        }
        settled
    }

    /// How many bytes of `raw` belong to no secret that may go on after its end.
    fn settled(&self, raw: &[u8], before: u8, mut hits: Vec<Hit>, skeleton: &mut Skeleton) -> usize {
        let end = raw.len();
        self.hits(raw, before, end, skeleton, &mut hits);
        let mut settled = self.configured.as_ref().map_or(end, |known| known.settled(raw, skeleton));
        if let Some(key) = private_key::open(raw) {
            settled = settled.min(key);
        }
        // A credential that goes up to the end may go on, and none is cut in two.
        for hit in mask::merge(raw, hits).iter().rev() {
            if hit.end + mask::CLOSE >= settled.min(end) {
                settled = settled.min(hit.start);
            }
        }
        settled
    }

    /// Every secret that begins in the first `owned` bytes of `raw`, in no order. What follows
    /// `owned` is looked at, [`REACH`] bytes being enough. `before` is the byte before `raw`, or 0.
    fn hits(&self, raw: &[u8], before: u8, owned: usize, skeleton: &mut Skeleton, hits: &mut Vec<Hit>) {
        if let Some(configured) = &self.configured {
            skeleton.squeeze(raw, before);
            configured.find(raw, owned, skeleton, hits);
        }
        shapes::find(raw, before, owned, hits);
    }
}

/// The header that `{"name": …, "value": …}` is about.
fn pair_name(map: &Map<String, Value>) -> Option<&str> {
    let names = ["name", "key", "header"];
    let named = map.iter().find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)));
    named.and_then(|(_, name)| name.as_str()).filter(|name| header::is_name(name))
}

impl Default for Redactor {
    fn default() -> Redactor {
        Redactor::new(&[])
    }
}

/// Names only.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.names).finish_non_exhaustive()
    }
}
