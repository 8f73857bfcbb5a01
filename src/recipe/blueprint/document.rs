//! The blueprint's own fields, and the steps that the short ones stand for.

use super::MAX_STEPS;
use super::steps::{Compiler, objects};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A blueprint, version 1.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Blueprint {
    /// For editors.
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    /// For people.
    #[serde(default)]
    _description: Option<String>,
    #[serde(default)]
    _meta: Option<Meta>,
    /// Where a browser would go first. A sandbox has none.
    #[serde(default)]
    _landing_page: Option<String>,
    #[serde(default)]
    preferred_versions: Option<PreferredVersions>,
    #[serde(default)]
    features: Features,
    /// WP-CLI, the only one there is, is in every sandbox.
    #[serde(default)]
    _extra_libraries: Vec<ExtraLibrary>,
    /// Of older blueprints, and without any meaning since.
    #[serde(default)]
    _php_extension_bundles: Value,
    #[serde(default)]
    login: Option<Login>,
    #[serde(default)]
    plugins: Vec<Value>,
    #[serde(default)]
    site_options: Option<Map<String, Value>>,
    #[serde(default)]
    constants: Option<Map<String, Value>>,
    #[serde(default)]
    steps: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "author")]
    _author: String,
    #[serde(rename = "description", default)]
    _description: Option<String>,
    #[serde(rename = "categories", default)]
    _categories: Vec<String>,
}

/// What the author would like best. The recipe's `runtime` decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PreferredVersions {
    #[serde(rename = "php")]
    _php: String,
    /// A version, or `false` for none.
    wp: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Features {
    #[serde(default)]
    intl: bool,
    /// The policy decides about the network.
    #[serde(rename = "networking", default)]
    _networking: bool,
}

#[derive(Debug, Deserialize)]
enum ExtraLibrary {
    #[serde(rename = "wp-cli")]
    WpCli,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Login {
    Switch(bool),
    User(Credentials),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    username: String,
    /// Nobody is asked for it: the user's session is simply made.
    #[serde(rename = "password")]
    _password: String,
}

/// Compiles everything, in Playground's own order: login, plugins, options, constants, steps.
pub(super) fn compile(value: &Value, compiler: &mut Compiler<'_>) {
    let Some(fields) = value.as_object() else {
        return compiler.issue("invalid-blueprint", "", "a blueprint is an object");
    };
    let value =
        match objects(fields.clone(), &["meta", "preferredVersions", "features", "siteOptions", "constants"])
        {
            Ok(fields) => Value::Object(fields),
            Err(name) => return compiler.issue("invalid-blueprint", &name, "an object is needed"),
        };
    let blueprint: Blueprint = match serde_path_to_error::deserialize(value) {
        Ok(blueprint) => blueprint,
        Err(error) => return compiler.misfit("", &error),
    };
    if blueprint.preferred_versions.is_some_and(|versions| !versions.wp.is_string()) {
        compiler.issue(
            "unsupported-blueprint-field",
            "preferredVersions.wp",
            "a sandbox always has a WordPress: name a version or \"latest\"",
        );
    }
    if blueprint.features.intl {
        compiler.issue("unsupported-blueprint-field", "features.intl", "this PHP has no intl extension");
    }
    match blueprint.login {
        Some(Login::Switch(true)) => compiler.step("login", "login", &json!({ "step": "login" })),
        Some(Login::User(user)) => {
            compiler.step("login", "login", &json!({ "step": "login", "username": user.username }));
        }
        Some(Login::Switch(false)) | None => {}
    }
    for (index, plugin) in blueprint.plugins.into_iter().enumerate() {
        let at = format!("plugins[{index}]");
        if plugin.is_string() {
            compiler.issue(
                "unsupported-blueprint-resource",
                &at,
                "a plugin by its slug or address needs the network: use a bundled, literal or vfs resource",
            );
        } else {
            compiler.step(&at, &at, &json!({ "step": "installPlugin", "pluginData": plugin }));
        }
    }
    if let Some(options) = blueprint.site_options {
        compiler.step("siteOptions", "siteOptions", &json!({ "step": "setSiteOptions", "options": options }));
    }
    if let Some(constants) = blueprint.constants {
        compiler.step(
            "constants",
            "constants",
            &json!({ "step": "defineWpConfigConsts", "consts": constants }),
        );
    }
    if blueprint.steps.len() > MAX_STEPS {
        return compiler.issue("invalid-blueprint", "steps", &format!("at most {MAX_STEPS} steps"));
    }
    for (index, step) in blueprint.steps.iter().enumerate() {
        // Playground skips what a condition has left out.
        if matches!(step, Value::Null | Value::Bool(false)) {
            continue;
        }
        let name = step["step"].as_str().unwrap_or("step");
        compiler.step(&format!("{name}[{index}]"), &format!("steps[{index}]"), step);
    }
}
