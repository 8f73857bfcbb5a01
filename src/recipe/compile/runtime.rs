//! `runtime`, and what of `inputs` the runtime itself consists of.

use super::super::bare;
use super::super::core_archive::CoreArchive;
use super::super::document::Recipe;
use super::super::issue::{Issue, refuse};
use super::super::secrets::variables;
use super::super::source::{Wanted, find};
use super::Place;
use crate::artifact::Secret;
use crate::contract::Refusal;
use crate::engine::pack::Pack;
use crate::sandbox::{Core, Ini};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The WordPress that runs.
pub(super) fn core(place: Place<'_>, pack: &Pack) -> Result<Core, Refusal> {
    let runtime = &place.recipe.runtime;
    let Some(assets) = &runtime.assets else {
        return bare::core(runtime.wp.as_deref(), place.settings, pack);
    };
    let found = |name: &str, path: &str, wanted| {
        find(place.base, place.settings, &format!("$.runtime.assets.{name}"), path, wanted)
            .map_err(|issue: Issue| refuse(&[issue]))
    };
    if let Some(directory) = &assets.wordpress_directory {
        let directory = found("wordpressDirectory", directory, Wanted::Directory)?.path;
        let links_are_the_operators = place.settings.operator;
        return Ok(if links_are_the_operators {
            Core::Directory(directory)
        } else {
            Core::Confined(directory)
        });
    }
    let path = assets.wordpress_zip.as_deref().unwrap_or_default();
    let archive = CoreArchive::open(&found("wordpressZip", path, Wanted::File)?.path)?;
    if assets.sha256.as_ref().is_some_and(|wanted| *wanted != archive.digest) {
        let why = format!("the archive's digest is {}", archive.digest);
        return Err(refuse(&[Issue::new("invalid-source-digest", "$.runtime.assets.sha256", why)]));
    }
    Ok(Core::Directory(archive.unpacked(&bare::cache_dir(place.settings)?)?))
}

/// Constants for wp-config.php.
pub(super) fn defines(recipe: &Recipe) -> Map<String, Value> {
    recipe.inputs.plugin_runtime.as_ref().map(|runtime| runtime.wp_config_defines.clone()).unwrap_or_default()
}

/// Settings of PHP.
pub(super) fn ini(recipe: &Recipe) -> Ini {
    let Some(runtime) = &recipe.inputs.plugin_runtime else { return Ini::default() };
    let php = &runtime.php;
    let mut loaded = texts(&php.ini_entries);
    loaded.extend(php.memory_limit.iter().map(|limit| ("memory_limit".to_owned(), limit.clone())));
    loaded.extend(
        php.max_execution_time.iter().map(|seconds| ("max_execution_time".to_owned(), seconds.to_string())),
    );
    Ini { started: texts(&php.bootstrap_ini_entries), loaded }
}

/// As PHP reads them.
fn texts(entries: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) | Value::Null => "0".to_owned(),
        number => number.to_string(),
    };
    entries.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The environment inside.
pub(super) fn environment(recipe: &Recipe, secrets: &[Secret]) -> Vec<(String, String)> {
    let open = recipe.inputs.runtime_env.iter().map(|(name, value)| (name.clone(), value.clone()));
    open.chain(variables(secrets)).collect()
}
