//! The digests that make a bundle content-addressed.
//!
//! * The **content digest** covers the bytes of `files/changed-files.json` and `files/patch.diff`;
//!   the bundle's id is a prefix and this digest.
//! * The **evidence digest** covers every other payload file. It is written into
//!   changed-files.json before that is hashed, so that the id vouches for the whole run.
//! * The **conclusions digest** covers review and metadata, without what they say of the content
//!   digest. It is written there too.
//! * The **manifest's self hash** covers the manifest with its own hash set to zeros.
//! * The **file-list digest** is what the reference 0.22 used for ids: read, never written.

use super::confined::{Dir, MAX_BUNDLE_BYTES};
use crate::contract::{digest_hex, stable_json, stable_json_unescaped};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Every id that we give starts with this; 64 lower-case hexadecimal digits follow.
pub const ID_PREFIX: &str = "artifact-bundle-sha256-";
pub const CHANGED_FILES_PATH: &str = "files/changed-files.json";
pub const PATCH_PATH: &str = "files/patch.diff";

/// The `inputs` of the reference's file-list digest.
pub const FILE_LIST_INPUT: &str = "manifest.files";

const CONTENT_PREFIX: &[u8] = b"wp-codebox/artifact-content/v1\n";
const EVIDENCE_PREFIX: &[u8] = b"wp-codebox/artifact-evidence/v1\n";
const CONCLUSIONS_PREFIX: &[u8] = b"wp-codebox/artifact-conclusions/v1\n";
const FILE_LIST_PREFIX: &[u8] = b"wp-codebox/artifact-manifest-file-list/v1\n";
const SELF_PREFIX: &[u8] = b"wp-codebox/artifact-manifest-self/v1\n";

/// `{algorithm, inputs, value}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentDigest {
    /// Always `sha256`.
    pub algorithm: String,
    pub inputs: Vec<String>,
    /// 64 lower-case hexadecimal digits.
    pub value: String,
}

/// `{algorithm, value}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDigest {
    pub algorithm: String,
    pub value: String,
}

impl FileDigest {
    pub fn of(bytes: &[u8]) -> Self {
        FileDigest::sha256(digest_hex([bytes]))
    }

    pub fn sha256(value: String) -> Self {
        FileDigest { algorithm: "sha256".into(), value }
    }
}

/// The content digest of a bundle with these two files.
pub fn content_digest(changed_files: &[u8], patch: &[u8]) -> ContentDigest {
    ContentDigest {
        algorithm: "sha256".into(),
        inputs: vec![CHANGED_FILES_PATH.into(), PATCH_PATH.into()],
        value: input_digest([(CHANGED_FILES_PATH, changed_files), (PATCH_PATH, patch)]),
    }
}

/// The content digest over files of a bundle, read bit by bit.
pub fn digest_of_parts(dir: &Dir, paths: &[&str]) -> io::Result<ContentDigest> {
    let mut hash = Sha256::new();
    let mut left = MAX_BUNDLE_BYTES;
    hash.update(CONTENT_PREFIX);
    for (i, path) in paths.iter().enumerate() {
        hash.update(if i > 0 { "\n" } else { "" });
        hash.update(path);
        hash.update("\n");
        let mut file = dir.open_file(path)?.0.take(left + 1);
        let read = io::copy(&mut file, &mut hash)?;
        left = left.checked_sub(read).ok_or(io::ErrorKind::FileTooLarge)?;
    }
    Ok(ContentDigest {
        algorithm: "sha256".into(),
        inputs: paths.iter().map(|path| (*path).to_owned()).collect(),
        value: hash.finalize().iter().map(|b| format!("{b:02x}")).collect(),
    })
}

/// The digest over named inputs: for each its name, a line feed and its bytes, joined by line feeds.
pub fn input_digest<'a>(inputs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut parts = vec![CONTENT_PREFIX];
    for (i, (name, bytes)) in inputs.into_iter().enumerate() {
        if i > 0 {
            parts.push(b"\n");
        }
        parts.extend([name.as_bytes(), b"\n", bytes]);
    }
    digest_hex(parts)
}

/// The id of the bundle with this content digest.
pub fn bundle_id(content_digest: &str) -> String {
    format!("{ID_PREFIX}{content_digest}")
}

/// Whether `text` is 64 lower-case hexadecimal digits.
pub fn is_sha256_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digest over `(path, sha256)` of the payload files, in the order of their paths.
pub fn evidence_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> FileDigest {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort();
    let list = Value::Array(
        files
            .into_iter()
            .map(|(path, sha256)| serde_json::json!({ "path": path, "sha256": sha256 }))
            .collect(),
    );
    FileDigest::sha256(digest_hex([EVIDENCE_PREFIX, stable_json(&list).as_bytes()]))
}

/// The digest over review and metadata. What follows from the content digest is not in it: that is
/// known only later.
pub fn conclusions_digest(review: &Value, metadata: &Value) -> FileDigest {
    let (mut review, mut metadata) = (review.clone(), metadata.clone());
    let without = |value: Option<&mut Value>, fields: &[&str]| {
        if let Some(Value::Object(map)) = value {
            fields.iter().for_each(|field| drop(map.remove(*field)));
        }
    };
    without(Some(&mut review), &["artifactId"]);
    without(review.get_mut("evidence"), &["artifactContentDigest"]);
    without(Some(&mut metadata), &["id", "contentDigest"]);
    let both = serde_json::json!({ "review": review, "metadata": metadata });
    FileDigest::sha256(digest_hex([CONCLUSIONS_PREFIX, stable_json(&both).as_bytes()]))
}

/// The reference's digest over the manifest's file list (without the hashes), in both canonical
/// forms: JavaScript leaves text as it is, PHP escapes what is beyond ASCII.
pub fn file_list_digests(manifest: &Value) -> [String; 2] {
    const COVERED: [&str; 6] = ["path", "kind", "contentType", "redaction", "provenance", "viewer"];
    let rows = manifest["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let list: Vec<Value> = rows
        .iter()
        .map(|row| {
            COVERED
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), row.get(*key)?.clone())))
                .collect::<serde_json::Map<_, _>>()
                .into()
        })
        .collect();
    in_both_forms(FILE_LIST_PREFIX, &Value::Array(list))
}

/// The hash that the manifest's own entry carries: ours first, then the form that the reference's
/// JavaScript gives. They differ only for text beyond ASCII.
pub fn manifest_self_hashes(manifest: &Value) -> [String; 2] {
    in_both_forms(SELF_PREFIX, &without_own_hash(manifest))
}

/// Our form of [`manifest_self_hashes`].
pub fn manifest_self_hash(manifest: &Value) -> String {
    digest_hex([SELF_PREFIX, stable_json(&without_own_hash(manifest)).as_bytes()])
}

/// A manifest whose own row has a hash of zeros.
fn without_own_hash(manifest: &Value) -> Value {
    let mut blank = manifest.clone();
    if let Some(rows) = blank.get_mut("files").and_then(Value::as_array_mut) {
        for row in rows.iter_mut().filter(|row| row["path"] == "manifest.json") {
            row["sha256"] = serde_json::json!({ "algorithm": "sha256", "value": "0".repeat(64) });
        }
    }
    blank
}

fn in_both_forms(prefix: &[u8], value: &Value) -> [String; 2] {
    [stable_json(value), stable_json_unescaped(value)].map(|f| digest_hex([prefix, f.as_bytes()]))
}
