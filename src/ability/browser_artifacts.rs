//! Files that a browser's sandbox has made.

use super::authorization::{AuthorizationInput, Scope, authorize};
use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::store;
use crate::artifact::{BrowserFileInput, Described, NormalizedBundle, PersistRequest, Persisted, normalize};
use crate::contract::{Code, Input, Refusal, input_schema, iso8601, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Files to bring into their one form.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NormalizeInput {
    /// Schema of the caller, which says what the files are.
    #[schemars(length(min = 1, max = 200))]
    schema_id: String,
    /// The file that the others belong to.
    #[schemars(length(max = 1024))]
    entrypoint: String,
    /// The files.
    #[schemars(length(max = 2000))]
    files: Vec<BrowserFileInput>,
    /// Directory that all files are put beneath.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    root: Option<String>,
    /// What the files are for.
    #[serde(default)]
    roles: Option<Value>,
    /// Where they come from.
    #[serde(default)]
    provenance: Option<Map<String, Value>>,
    /// Kept with them.
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

/// Files to keep in the store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PersistInput {
    /// The files.
    #[schemars(length(max = 2000))]
    files: Vec<BrowserFileInput>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// On whose authority, if the caller is not an administrator.
    #[serde(default)]
    authorization: Option<AuthorizationInput>,
    /// The browser session that made the files.
    #[serde(default)]
    #[schemars(length(max = 256))]
    session_id: Option<String>,
    /// The same, as an object with `id`.
    #[serde(default)]
    session: Option<Map<String, Value>>,
    /// Where the files come from.
    #[serde(default)]
    provenance: Option<Map<String, Value>>,
    /// Who calls, as the caller describes itself.
    #[serde(default)]
    caller: Option<Map<String, Value>>,
    /// The caller's own schema.
    #[serde(default)]
    caller_schema: Option<String>,
    /// Its id.
    #[serde(default)]
    caller_schema_id: Option<String>,
    /// What the caller is.
    #[serde(default)]
    caller_kind: Option<String>,
    /// What the caller wants kept.
    #[serde(default)]
    caller_metadata: Option<Map<String, Value>>,
    /// How the files were made.
    #[serde(default)]
    materialization: Option<Map<String, Value>>,
    /// What a reviewer should look at.
    #[serde(default)]
    review_hints: Option<Value>,
    /// Where the files are meant to go.
    #[serde(default)]
    apply_target: Option<Map<String, Value>>,
}

impl Input for NormalizeInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<NormalizeInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        for other in ["caller_schema", "callerSchema"] {
            if let Some(schema) = raw.remove(other) {
                raw.entry("schema_id").or_insert(schema);
            }
        }
        Ok(())
    }

    fn code(path: &str) -> Code {
        match path {
            "schema_id" => Code::BrowserArtifactSchemaMissing,
            "entrypoint" => Code::BrowserArtifactEntrypointMissing,
            _ => file_code(path),
        }
    }
}

impl Input for PersistInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<PersistInput>);
        &SCHEMA
    }

    fn code(path: &str) -> Code {
        file_code(path)
    }
}

/// The code for a field of a file, `files.0.path`.
fn file_code(path: &str) -> Code {
    let mut segments = path.split('.');
    match (segments.next(), segments.next(), segments.next()) {
        (Some("files"), None, None) => Code::BrowserArtifactFilesMissing,
        (Some("files"), Some(_), None) => Code::BrowserArtifactFileInvalid,
        (Some("files"), Some(_), Some("path")) => Code::BrowserArtifactPathInvalid,
        (Some("files"), Some(_), Some("encoding")) => Code::BrowserArtifactEncodingInvalid,
        _ => Code::InputInvalid,
    }
}

static NORMALIZED: LazyLock<Value> = LazyLock::new(output_schema::<NormalizedBundle>);
static PERSISTED: LazyLock<Value> = LazyLock::new(output_schema::<Persisted>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/normalize-browser-artifact-bundle",
        aliases: &[],
        method: "normalize_artifact_bundle",
        label: "Normalize a browser's files",
        description: "Checks files that a browser has made and returns their one form with its \
                      digest. Nothing is kept.",
        input_schema: NormalizeInput::schema,
        output_schema: || &NORMALIZED,
        // It writes nothing, yet what it takes is too large for the address of a GET.
        annotations: Annotations::ADDS_ONCE,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:normalize",
        cli: Some(Cli { command: "artifacts normalize", aliases: &[], positional: None }),
        validate: validate_as::<NormalizeInput>,
        run: normalize_files,
    },
    Ability {
        name: "wp-codebox/persist-browser-artifact",
        aliases: &[],
        method: "persist_artifact",
        label: "Keep a browser's files",
        description: "Keeps files that a browser has made as an artifact bundle. The second time \
                      the same files are existing.",
        input_schema: PersistInput::schema,
        output_schema: || &PERSISTED,
        annotations: Annotations::ADDS_ONCE,
        show_in_rest: true,
        permission: Permission::WriteArtifact,
        capability: "artifact:persist",
        cli: Some(Cli { command: "artifacts persist", aliases: &[], positional: None }),
        validate: validate_as::<PersistInput>,
        run: persist,
    },
];

fn normalize_files(input: Value, _host: &dyn Host) -> Result<Value, Refusal> {
    let input = NormalizeInput::parse(input)?;
    let object = |map: Option<Map<String, Value>>| map.map_or(Value::Null, Value::Object);
    let described = Described {
        schema_id: input.schema_id,
        root: input.root.unwrap_or_default(),
        entrypoint: input.entrypoint,
        roles: input.roles.unwrap_or_default(),
        provenance: object(input.provenance),
        metadata: object(input.metadata),
    };
    to_value(&normalize(described, input.files)?)
}

fn persist(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let raw = input.clone();
    let input = PersistInput::parse(input)?;
    let authorization = match &input.authorization {
        Some(_) => Some(to_value(&authorize(Scope::ArtifactWrite, &raw, host)?)?),
        None => None,
    };
    let session = input.session.as_ref().and_then(|session| session.get("id")?.as_str());
    let session_id = input.session_id.as_deref().or(session).map(str::to_owned);
    let request = PersistRequest {
        session_id: session_id.filter(|id| !id.is_empty()),
        provenance: Value::Object(input.provenance.clone().unwrap_or_default()),
        caller: caller(&input),
        authorization,
        created_at: iso8601(host.now()),
        files: input.files,
    };
    let store = store::writable(host, input.artifacts_path.as_deref())?;
    to_value(&store.persist(request)?)
}

/// What the caller said of itself, without what it left out.
fn caller(input: &PersistInput) -> Map<String, Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let object = |map: &Option<Map<String, Value>>| map.clone().map(Value::Object);
    let mut caller = input.caller.clone().unwrap_or_default();
    for (name, value) in [
        ("schema", text(&input.caller_schema)),
        ("schemaId", text(&input.caller_schema_id)),
        ("kind", text(&input.caller_kind)),
        ("metadata", object(&input.caller_metadata)),
        ("materialization", object(&input.materialization)),
        ("reviewHints", input.review_hints.clone()),
        ("applyTarget", object(&input.apply_target)),
    ] {
        if let Some(value) = value {
            caller.insert(name.to_owned(), value);
        }
    }
    caller
}
