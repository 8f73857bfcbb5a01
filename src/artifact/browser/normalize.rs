//! The one form of a browser's files.

use super::error::BrowserArtifactError;
use super::path;
use crate::artifact::{Found, Omission, Redactor, patch};
use crate::contract::{digest_hex, stable_json};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Schema id of [`NormalizedBundle`].
pub const BROWSER_NORMALIZATION_SCHEMA: &str = "wp-codebox/browser-artifact-bundle-normalization/v1";

const DIGEST_PREFIX: &[u8] = b"wp-codebox/browser-artifact-bundle/v1\n";

/// One file has at most so many bytes, all together so many.
const MAX_FILE: usize = 5 << 20;
const MAX_TOTAL: usize = 64 << 20;

/// A file as a caller gives it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrowserFileInput {
    /// Path of the file, relative.
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Its content as text.
    #[serde(default)]
    pub content: Option<String>,
    /// Its content as base64.
    #[serde(default)]
    pub content_base64: Option<String>,
    /// How the content is given and kept; left out: `base64` if the content is.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// Media type; left out: by the extension.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub mime_type: Option<String>,
    /// What the file is; left out: `browser-artifact`.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub kind: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(max = 200)))]
    pub roles: Vec<String>,
    /// Kept with the file.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    /// Where the file comes from.
    #[serde(default)]
    pub provenance: Option<Map<String, Value>>,
    /// One line about it.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub description: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "base64")]
    Base64,
}

/// `wp-codebox/browser-artifact-bundle-normalization/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NormalizedBundle {
    pub success: bool,
    pub schema: String,
    pub caller_schema: String,
    pub root: String,
    pub entrypoint: String,
    /// In the order of their paths.
    pub files: Vec<NormalizedFile>,
    pub roles: Value,
    pub provenance: Value,
    pub metadata: Value,
    /// Over all of the above.
    pub content_digest: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NormalizedFile {
    pub path: String,
    pub encoding: Encoding,
    pub mime_type: String,
    /// Bytes.
    pub size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// A secret was taken out of the content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// Why there is no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<Omission>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_base64: Option<String>,
}

/// A file whose path and content have been checked.
pub struct CheckedFile {
    pub path: String,
    pub encoding: Encoding,
    pub mime_type: String,
    pub kind: String,
    pub content: Content,
    /// What else the caller says of it, without secrets.
    pub input: BrowserFileInput,
    /// What was taken out of the content, and of what is said of it.
    pub found: (Found, Found),
}

/// What is kept of a file.
pub enum Content {
    /// Its bytes, without secrets.
    Kept(Vec<u8>),
    /// Nothing: it holds a secret and is not text, of which a part could be shown. So many bytes.
    Secret(usize),
}

/// Files, what they belong to, and where they begin.
#[derive(Debug, Clone, Default)]
pub struct Described {
    pub schema_id: String,
    pub root: String,
    pub entrypoint: String,
    pub roles: Value,
    pub provenance: Value,
    pub metadata: Value,
}

/// Brings files into their one form.
pub fn normalize(
    described: Described,
    files: Vec<BrowserFileInput>,
) -> Result<NormalizedBundle, BrowserArtifactError> {
    let caller_schema = described.schema_id.trim().to_owned();
    if caller_schema.is_empty() {
        return Err(BrowserArtifactError::SchemaMissing);
    }
    let root = root(&described.root)?;
    let redactor = redactor();
    let mut files = check(files, &root, redactor)?;
    let entrypoint = entrypoint(&described.entrypoint, &root, &files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut bundle = NormalizedBundle {
        success: true,
        schema: BROWSER_NORMALIZATION_SCHEMA.into(),
        caller_schema: redactor.text(&caller_schema, &mut Found::default()).into_owned(),
        root,
        entrypoint,
        files: files.into_iter().map(CheckedFile::normal).collect(),
        roles: sorted(clean(described.roles, redactor)),
        provenance: sorted(clean(described.provenance, redactor)),
        metadata: sorted(clean(described.metadata, redactor)),
        content_digest: String::new(),
    };
    bundle.content_digest = bundle.digest();
    Ok(bundle)
}

/// No configured secret is ever given to a browser: what can be found is what looks like one.
pub fn redactor() -> &'static Redactor {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
    &REDACTOR
}

/// The value without secrets.
pub fn clean(mut value: Value, redactor: &Redactor) -> Value {
    redactor.value(&mut value, &mut Found::default());
    value
}

pub fn root(root: &str) -> Result<String, BrowserArtifactError> {
    if root.trim().is_empty() {
        return Ok(String::new());
    }
    path::normal(root).ok_or_else(|| BrowserArtifactError::RootInvalid(root.into()))
}

pub fn entrypoint(wanted: &str, root: &str, files: &[CheckedFile]) -> Result<String, BrowserArtifactError> {
    let found = path::normal(wanted).map(|wanted| path::scoped(wanted, root));
    found
        .filter(|found| files.iter().any(|file| file.path == *found))
        .ok_or_else(|| BrowserArtifactError::EntrypointMissing(wanted.into()))
}

/// Every file checked, in the caller's order.
pub fn check(
    files: Vec<BrowserFileInput>,
    root: &str,
    redactor: &Redactor,
) -> Result<Vec<CheckedFile>, BrowserArtifactError> {
    if files.is_empty() {
        return Err(BrowserArtifactError::FilesMissing);
    }
    let mut seen = HashSet::new();
    let mut total = 0;
    let mut checked = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let file = CheckedFile::of(index, file, root, redactor)?;
        // On some file systems case does not tell two names apart.
        if !seen.insert(file.path.to_lowercase()) {
            return Err(BrowserArtifactError::PathDuplicate { index, path: file.path });
        }
        total += file.size();
        if total > MAX_TOTAL {
            return Err(BrowserArtifactError::TooLarge { max_size: MAX_TOTAL });
        }
        checked.push(file);
    }
    Ok(checked)
}

impl BrowserFileInput {
    /// Takes secrets out of what is said of the file.
    fn clean(&mut self, redactor: &Redactor, found: &mut Found) {
        let texts = [&mut self.mime_type, &mut self.kind, &mut self.description];
        for text in texts.into_iter().flatten().chain(&mut self.roles) {
            if let Cow::Owned(clean) = redactor.text(text, found) {
                *text = clean;
            }
        }
        for map in [&mut self.metadata, &mut self.provenance].into_iter().flatten() {
            let mut value = Value::Object(std::mem::take(map));
            redactor.value(&mut value, found);
            if let Value::Object(clean) = value {
                *map = clean;
            }
        }
    }
}

impl CheckedFile {
    fn of(
        index: usize,
        mut input: BrowserFileInput,
        root: &str,
        redactor: &Redactor,
    ) -> Result<Self, BrowserArtifactError> {
        use BrowserArtifactError as E;
        let path = path::normal(&input.path)
            .map(|path| path::scoped(path, root))
            .filter(|path| path::normal(path).is_some())
            .ok_or_else(|| E::PathInvalid { index, path: input.path.clone() })?;
        if redactor.holds(path.as_bytes()) {
            // A name is kept as it is or not at all.
            let path = redactor.text(&path, &mut Found::default()).into_owned();
            return Err(E::PathInvalid { index, path });
        }
        if let Some(extension) = path::blocked_extension(&path) {
            return Err(E::ExtensionBlocked { index, path, extension });
        }
        let (bytes, given) = match (input.content.take(), input.content_base64.take()) {
            (Some(_), Some(_)) => {
                return Err(E::FileInvalid { index, why: "content or content_base64, not both" });
            }
            (None, None) => return Err(E::FileInvalid { index, why: "content is missing" }),
            // The encoding may also say that the text is base64.
            (Some(text), None) if input.encoding == Some(Encoding::Base64) => {
                (decode(&text).ok_or(E::Base64Invalid { index })?, Encoding::Base64)
            }
            (Some(text), None) => (text.into_bytes(), Encoding::Utf8),
            (None, Some(text)) => (decode(&text).ok_or(E::Base64Invalid { index })?, Encoding::Base64),
        };
        if bytes.len() > MAX_FILE {
            return Err(E::FileTooLarge { index, size: bytes.len(), max_size: MAX_FILE });
        }
        // Text that was sent as base64 may be kept as text, other bytes may not.
        let encoding = match input.encoding {
            Some(Encoding::Utf8) if std::str::from_utf8(&bytes).is_ok() => Encoding::Utf8,
            _ => given,
        };
        let text = |value: &Option<String>, other: &str| match value.as_deref().map(str::trim) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => other.to_owned(),
        };
        let mut found = (Found::default(), Found::default());
        let content = if patch::is_text(&bytes) {
            match redactor.bytes(&bytes, &mut found.0) {
                Cow::Owned(clean) => Content::Kept(clean),
                Cow::Borrowed(_) => Content::Kept(bytes),
            }
        } else if redactor.holds_packed(&bytes) {
            Content::Secret(bytes.len())
        } else {
            Content::Kept(bytes)
        };
        input.clean(redactor, &mut found.1);
        Ok(CheckedFile {
            encoding,
            mime_type: text(&input.mime_type, path::media_type(&path)),
            kind: text(&input.kind, "browser-artifact"),
            path,
            content,
            input,
            found,
        })
    }

    /// Bytes.
    pub fn size(&self) -> usize {
        match &self.content {
            Content::Kept(bytes) => bytes.len(),
            Content::Secret(size) => *size,
        }
    }

    /// Of what is kept.
    pub fn sha256(&self) -> Option<String> {
        match &self.content {
            Content::Kept(bytes) => Some(digest_hex([bytes.as_slice()])),
            Content::Secret(_) => None,
        }
    }

    /// Whether a secret was taken out of the content.
    pub fn redacted(&self) -> bool {
        self.omitted().is_some() || !self.found.0.is_empty()
    }

    pub fn omitted(&self) -> Option<Omission> {
        matches!(self.content, Content::Secret(_)).then_some(Omission::Secret)
    }

    fn normal(self) -> NormalizedFile {
        let (size, sha256, redacted, omitted) = (self.size(), self.sha256(), self.redacted(), self.omitted());
        let (content, content_base64) = match (self.content, self.encoding) {
            (Content::Secret(_), _) => (None, None),
            (Content::Kept(bytes), Encoding::Utf8) => (String::from_utf8(bytes).ok(), None),
            (Content::Kept(bytes), Encoding::Base64) => (None, Some(BASE64_STANDARD.encode(&bytes))),
        };
        NormalizedFile {
            path: self.path,
            encoding: self.encoding,
            mime_type: self.mime_type,
            size,
            sha256,
            kind: self.kind,
            roles: self.input.roles,
            redacted,
            omitted,
            content,
            content_base64,
        }
    }
}

impl NormalizedBundle {
    fn digest(&self) -> String {
        let mut value = serde_json::to_value(self).expect("maps have string keys");
        if let Value::Object(map) = &mut value {
            map.remove("content_digest");
        }
        digest_hex([DIGEST_PREFIX, stable_json(&value).as_bytes()])
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// Keys in order, all the way down. PHP has one empty array for both, so nothing is an empty list.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Null => Value::Array(Vec::new()),
        Value::Object(map) if map.is_empty() => Value::Array(Vec::new()),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k, sorted_inner(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted_inner).collect()),
        other => other,
    }
}

fn sorted_inner(value: Value) -> Value {
    if value.is_null() { value } else { sorted(value) }
}
