//! Bundles that come from elsewhere.

use super::authorization::AuthorizationInput;
use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::store;
use crate::artifact::{ImportOperation, ImportRequest, ResultEnvelope};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::LazyLock;

/// What to import, the first time or again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportInput {
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// A bundle's directory, or a zip archive of one. It must lie beneath an artifacts root.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    source_bundle_path: Option<String>,
    /// A bundle's manifest.json. It must lie beneath an artifacts root.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    source_manifest_path: Option<String>,
    /// A reference that an earlier call gave: its bundle is the source if no other is named.
    #[serde(default)]
    artifact_ref: Option<Map<String, Value>>,
    /// The result of an earlier import: its bundle is the source if no other is named.
    #[serde(default)]
    artifact_result: Option<Map<String, Value>>,
    /// The id that the bundle must have.
    #[serde(default)]
    #[schemars(length(max = 200))]
    artifact_id: Option<String>,
    /// The same by its other name.
    #[serde(default)]
    #[schemars(length(max = 200))]
    expected_artifact_id: Option<String>,
    /// The content digest that the bundle must have.
    #[serde(default)]
    #[schemars(length(max = 200))]
    expected_content_digest: Option<String>,
    /// Replace a bundle of the same id.
    #[serde(default)]
    replace: bool,
    /// Returned as it is.
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    /// Returned as they are.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    evidence_refs: Vec<Value>,
    /// On whose authority, if the caller is not an administrator.
    #[serde(default)]
    authorization: Option<AuthorizationInput>,
}

impl Input for ImportInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ImportInput>);
        &SCHEMA
    }
}

static RESULT: LazyLock<Value> = LazyLock::new(output_schema::<ResultEnvelope>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/import-artifact-bundle",
        aliases: &[],
        method: "import_artifact",
        label: "Import an artifact bundle",
        description: "Verifies an artifact bundle, a directory or a zip archive, and copies it into \
                      the store. The second time the same bundle is existing.",
        input_schema: ImportInput::schema,
        output_schema: || &RESULT,
        // `replace` puts a bundle in the place of another.
        annotations: Annotations::REMOVES,
        show_in_rest: true,
        permission: Permission::WriteArtifact,
        capability: "artifact:import",
        cli: Some(Cli { command: "artifacts import", aliases: &[], positional: Some("source_bundle_path") }),
        validate: validate_as::<ImportInput>,
        run: |input, host| import(input, host, ImportOperation::Import),
    },
    Ability {
        name: "wp-codebox/reimport-artifact-bundle",
        aliases: &[],
        method: "reimport_artifact",
        label: "Import an artifact bundle again",
        description: "Imports the bundle that an earlier reference or result names.",
        input_schema: ImportInput::schema,
        output_schema: || &RESULT,
        annotations: Annotations::REMOVES,
        show_in_rest: true,
        permission: Permission::WriteArtifact,
        capability: "artifact:reimport",
        cli: Some(Cli {
            command: "artifacts reimport",
            aliases: &[],
            positional: Some("source_bundle_path"),
        }),
        validate: validate_as::<ImportInput>,
        run: |input, host| import(input, host, ImportOperation::Reimport),
    },
];

fn import(input: Value, host: &dyn Host, operation: ImportOperation) -> Result<Value, Refusal> {
    let input = ImportInput::parse(input)?;
    let settings = host.settings()?;
    let allowed = || settings.artifacts_dir.iter().chain(&settings.artifact_roots).cloned().collect();
    let path = |text: Option<String>| text.filter(|text| !text.is_empty()).map(PathBuf::from);
    let object = |map: Option<Map<String, Value>>| map.map_or(Value::Null, Value::Object);
    let (bundle, manifest) = (path(input.source_bundle_path), path(input.source_manifest_path));
    let earlier = || {
        let (reference, result) = (object(input.artifact_ref), object(input.artifact_result));
        ImportRequest::source_from(&reference, &result)
    };
    let source_bundle_path = if bundle.is_none() && manifest.is_none() { earlier() } else { bundle };
    let request = ImportRequest {
        source_bundle_path,
        source_manifest_path: manifest,
        expected_artifact_id: input.expected_artifact_id.or(input.artifact_id),
        expected_content_digest: input.expected_content_digest,
        replace: input.replace,
        allowed_roots: (!settings.operator).then(allowed),
        metadata: input.metadata.map(Value::Object),
        evidence_refs: input.evidence_refs,
    };
    let store = store::writable(host, input.artifacts_path.as_deref())?;
    to_value(&store.import(&request, operation)?)
}
