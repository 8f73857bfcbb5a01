//! `artifacts.paths` and `artifacts.typed`: files of the sandbox that the bundle shall have.

use super::super::document::Recipe;
use super::super::run::{DECLARED_BYTES, Run, Unread};
use super::failure::RecipeRunError;
use crate::artifact::{Attachment, AttachmentContent, Found, Redactor, check_payload};
use crate::contract::{JSON_DEPTH, digest_hex, json_nests};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

const DECLARED_RESULT_SCHEMA: &str = "wp-codebox/recipe-declared-artifact-result/v1";
const KIND: &str = "declared-artifact";

/// `wp-codebox/recipe-declared-artifact-result/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredArtifact {
    pub schema: &'static str,
    pub name: String,
    /// The author's word for a typed one.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Sandbox path.
    pub path: String,
    pub required: bool,
    pub status: DeclaredStatus,
    /// In the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_path: Option<String>,
    /// Bytes, as the sandbox has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of the bytes in the bundle: secrets are taken out of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What the file says, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parsed_json: Option<Value>,
    /// Why it was not collected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeclaredStatus {
    Collected,
    Missing,
    Oversized,
    /// It is no file, is not what it was declared to be, or could not be read.
    Failed,
}

/// What a recipe says of one.
struct Wanted<'a> {
    name: &'a str,
    kind: Option<&'a str>,
    path: &'a str,
    required: bool,
    parse: bool,
    content_type: Option<&'a str>,
    schema: Option<&'a Map<String, Value>>,
    metadata: &'a Map<String, Value>,
}

fn wanted(recipe: &Recipe) -> impl Iterator<Item = Wanted<'_>> {
    let paths = recipe.artifacts.paths.iter().map(|one| Wanted {
        name: &one.name,
        kind: None,
        path: &one.path,
        required: one.required,
        parse: one.parse_json,
        content_type: None,
        schema: None,
        metadata: &one.metadata,
    });
    paths.chain(recipe.artifacts.typed.iter().map(|one| Wanted {
        name: &one.name,
        kind: Some(&one.kind),
        path: &one.path,
        required: one.required,
        parse: one.parse_json || one.payload_schema.is_some(),
        content_type: one.content_type.as_deref(),
        schema: one.payload_schema.as_ref(),
        metadata: &one.metadata,
    }))
}

/// What became of each, and the files for the bundle. Takes the bytes out of the run.
pub(super) fn collect(
    recipe: &Recipe,
    run: &mut Run,
    redactor: &Redactor,
) -> (Vec<DeclaredArtifact>, Vec<Attachment>) {
    let mut attachments = Vec::new();
    let mut results = Vec::new();
    let mut read = std::mem::take(&mut run.declared).into_iter();
    for (index, wanted) in wanted(recipe).enumerate() {
        let found = read.next().unwrap_or(Err(Unread::NotRun));
        results.push(one(index, &wanted, found, redactor, &mut attachments));
    }
    (results, attachments)
}

fn one(
    index: usize,
    wanted: &Wanted<'_>,
    found: Result<Vec<u8>, Unread>,
    redactor: &Redactor,
    attachments: &mut Vec<Attachment>,
) -> DeclaredArtifact {
    let mut result = DeclaredArtifact {
        schema: DECLARED_RESULT_SCHEMA,
        name: wanted.name.to_owned(),
        kind: wanted.kind.map(str::to_owned),
        path: wanted.path.to_owned(),
        required: wanted.required,
        status: DeclaredStatus::Collected,
        artifact_path: None,
        size: None,
        sha256: None,
        content_type: wanted.content_type.map(str::to_owned),
        parsed_json: None,
        error: None,
        metadata: wanted.metadata.clone(),
    };
    let bytes = match found {
        Ok(bytes) => bytes,
        Err(why) => {
            result.status = match why {
                Unread::Missing => DeclaredStatus::Missing,
                Unread::TooLarge => DeclaredStatus::Oversized,
                Unread::NotRun | Unread::Other(_) => DeclaredStatus::Failed,
            };
            result.error = Some(match why {
                Unread::Missing => "there is no such file".to_owned(),
                Unread::TooLarge => format!("the file is larger than {} MiB", DECLARED_BYTES >> 20),
                Unread::NotRun => "the sandbox did not come so far".to_owned(),
                Unread::Other(why) => format!("the file cannot be read: {why}"),
            });
            return result;
        }
    };
    result.size = Some(bytes.len() as u64);
    if wanted.parse {
        match parsed(&bytes, wanted.schema) {
            Ok(value) => result.parsed_json = Some(value),
            Err(why) => {
                result.status = DeclaredStatus::Failed;
                result.error = Some(why);
            }
        }
    }
    let path = format!("declared/{index}-{}", safe(wanted.path));
    let bytes = redactor.bytes(&bytes, &mut Found::default()).into_owned();
    result.sha256 = Some(digest_hex([bytes.as_slice()]));
    result.artifact_path = Some(format!("files/{path}"));
    let content_type = wanted.content_type.unwrap_or(match (wanted.parse, std::str::from_utf8(&bytes)) {
        (true, _) => "application/json",
        (false, Ok(_)) => "text/plain; charset=utf-8",
        (false, Err(_)) => "application/octet-stream",
    });
    let content = AttachmentContent::Bytes { content_type: content_type.to_owned(), bytes };
    attachments.push(Attachment { path, kind: KIND.to_owned(), content });
    result
}

fn parsed(bytes: &[u8], schema: Option<&Map<String, Value>>) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    if !json_nests(&value, JSON_DEPTH) {
        return Err(format!("it nests deeper than {JSON_DEPTH} levels"));
    }
    if let Some(schema) = schema {
        check_payload(&Value::Object(schema.clone()), &value)?;
    }
    Ok(value)
}

/// The file's name as one that every file system takes.
fn safe(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let name: String = name.chars().take(80).map(plain).collect();
    name.trim_start_matches('.').to_owned()
}

/// The first required one that is not there.
pub(super) fn failure(results: &[DeclaredArtifact]) -> Option<RecipeRunError> {
    let missing = results.iter().find(|one| one.required && one.status != DeclaredStatus::Collected)?;
    let why = missing.error.as_deref().unwrap_or_default();
    let message =
        format!("The declared artifact {} ({}) was not collected: {why}.", missing.name, missing.path);
    let name = "RecipeRuntimeArtifactCollectionError";
    Some(RecipeRunError::found(name, "recipe-artifact-collection-failed", message))
}
