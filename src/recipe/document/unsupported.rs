//! What `workspace-recipe/v1` has and WP Codebox does not carry out. It is refused by name: whoever
//! ignored one of these would run another recipe than the author's.

use crate::contract::{Code, FieldPath, Refusal, shown};
use serde_json::{Map, Value};

/// A field, or one value of a field, that is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsupported {
    /// The way to the field; `*` is every item of a list.
    pub path: &'static str,
    /// Only this value of it. `None`: the field itself.
    pub value: Option<&'static str>,
}

const fn field(path: &'static str) -> Unsupported {
    Unsupported { path, value: None }
}

const fn value(path: &'static str, value: &'static str) -> Unsupported {
    Unsupported { path, value: Some(value) }
}

/// Everything that is not carried out.
pub const UNSUPPORTED: &[Unsupported] = &[
    field("distribution"),
    field("fuzzRun"),
    field("adversarialCampaigns"),
    field("runtime.workers"),
    field("runtime.preview"),
    field("runtime.extensions"),
    field("runtime.bundledExtensions"),
    field("runtime.backendPackage"),
    field("runtime.hostNodeHeap"),
    field("runtime.overlays"),
    value("runtime.wordpressInstallMode", "do-not-attempt-installing"),
    value("runtime.stack.mounts.*.phase", "pre-install"),
    value("inputs.mounts.*.phase", "pre-install"),
    field("inputs.workspace_preloads"),
    field("inputs.component_manifest"),
    field("inputs.dependency_overlays"),
    field("inputs.services"),
    field("inputs.externalServices"),
    field("inputs.userSessions"),
    field("inputs.browserActors"),
    field("inputs.sourcePackages"),
    field("inputs.agent_bundles"),
    field("inputs.inherit"),
    field("inputs.inheritance"),
    field("inputs.extra_plugins.*.sourceRoot"),
    field("inputs.extra_plugins.*.sourceSubpath"),
    field("inputs.extra_plugins.*.originalSource"),
    field("inputs.extra_plugins.*.mountSlug"),
    field("inputs.extra_plugins.*.composer"),
    value("inputs.siteSeeds.*.type", "parent_site"),
    field("inputs.siteSeeds.*.bootstrap"),
    field("inputs.pluginRuntime.setup.*.continuation"),
    field("workflow.before.*.continuation"),
    field("workflow.steps.*.continuation"),
    field("workflow.after.*.continuation"),
    field("probes.*.step.continuation"),
    field("artifacts.workspacePolicy.gitBacked"),
];

/// Refuses the first field of [`UNSUPPORTED`] that the recipe has.
pub(super) fn refuse(recipe: &Map<String, Value>) -> Result<(), Refusal> {
    for unsupported in UNSUPPORTED {
        let (first, rest) = unsupported.path.split_once('.').unwrap_or((unsupported.path, ""));
        let Some(found) = recipe.get(first) else { continue };
        let mut path = FieldPath::default();
        path.push(first);
        if finds(unsupported, found, rest, &mut path) {
            let why = match unsupported.value {
                None => "not supported".to_owned(),
                Some(value) => format!("{} is not supported", shown(value, 100)),
            };
            return Err(Refusal::field(Code::RecipeInvalid, &path.to_string(), why)
                .with("unsupported", unsupported.path));
        }
    }
    Ok(())
}

/// Whether the rest of the way leads to the field. `path` is then where it was found.
fn finds(unsupported: &Unsupported, at: &Value, rest: &str, path: &mut FieldPath) -> bool {
    if rest.is_empty() {
        return unsupported.value.is_none_or(|value| at == value);
    }
    let (segment, rest) = rest.split_once('.').unwrap_or((rest, ""));
    let mut enter = |segment: &str, inner: &Value| {
        path.push(segment);
        let found = finds(unsupported, inner, rest, path);
        if !found {
            path.pop();
        }
        found
    };
    match at {
        Value::Array(items) if segment == "*" => {
            items.iter().enumerate().any(|(index, item)| enter(&index.to_string(), item))
        }
        Value::Object(map) => map.get(segment).is_some_and(|inner| enter(segment, inner)),
        _ => false,
    }
}
