//! Plugins and themes.

use super::{Problem, Step};
use crate::recipe::blueprint::resource::Resource;
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Command, ContentTask, IfInstalled, InstallKind};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct InstallPlugin {
    #[serde(default)]
    plugin_data: Option<Resource>,
    #[serde(default)]
    plugin_zip_file: Option<Resource>,
    #[serde(default)]
    if_already_installed: IfInstalled,
    #[serde(default)]
    options: PluginOptions,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct PluginOptions {
    activate: Option<bool>,
    activation_options: Map<String, Value>,
    target_folder_name: Option<FolderName>,
    on_error: OnPluginError,
    #[serde(rename = "humanReadableName")]
    _human_readable_name: Option<String>,
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnPluginError {
    SkipPlugin,
    #[default]
    Throw,
}

impl Step for InstallPlugin {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let (field, resource) =
            either(("pluginData", self.plugin_data), ("pluginZipFile", self.plugin_zip_file))?;
        let staged = staging.any(field, resource)?;
        let task = ContentTask::Install {
            kind: InstallKind::Plugin,
            from: staged.path,
            name: staged.name,
            folder: self.options.target_folder_name.map(|folder| folder.0),
            existing: self.if_already_installed,
            activate: self.options.activate.unwrap_or(true),
            activation_options: self.options.activation_options,
            keep_going: self.options.on_error == OnPluginError::SkipPlugin,
        };
        Ok(staging.with(task).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct InstallTheme {
    #[serde(default)]
    theme_data: Option<Resource>,
    #[serde(default)]
    theme_zip_file: Option<Resource>,
    #[serde(default)]
    if_already_installed: IfInstalled,
    #[serde(default)]
    options: ThemeOptions,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct ThemeOptions {
    activate: Option<bool>,
    import_starter_content: bool,
    target_folder_name: Option<FolderName>,
    on_error: OnThemeError,
    #[serde(rename = "humanReadableName")]
    _human_readable_name: Option<String>,
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnThemeError {
    SkipTheme,
    #[default]
    Throw,
}

impl Step for InstallTheme {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        if self.options.import_starter_content {
            let why = "only the customizer of a browser publishes it";
            return Err(Problem::new("unsupported-blueprint-field", "options.importStarterContent", why));
        }
        let (field, resource) =
            either(("themeData", self.theme_data), ("themeZipFile", self.theme_zip_file))?;
        let staged = staging.any(field, resource)?;
        let task = ContentTask::Install {
            kind: InstallKind::Theme,
            from: staged.path,
            name: staged.name,
            folder: self.options.target_folder_name.map(|folder| folder.0),
            existing: self.if_already_installed,
            activate: self.options.activate.unwrap_or(true),
            activation_options: Map::new(),
            keep_going: self.options.on_error == OnThemeError::SkipTheme,
        };
        Ok(staging.with(task).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ActivatePlugin {
    /// A directory or a file, absolute or relative to the plugins' directory.
    plugin_path: String,
    #[serde(rename = "pluginName", default)]
    _plugin_name: Option<String>,
}

impl Step for ActivatePlugin {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let plugin = beneath(&self.plugin_path, "/wordpress/wp-content/plugins/").ok_or_else(|| {
            Problem::new("invalid-blueprint-path", "pluginPath", "no path beneath the plugins' directory")
        })?;
        Ok(staging.with(ContentTask::ActivatePlugin { plugin }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ActivateTheme {
    theme_folder_name: FolderName,
}

impl Step for ActivateTheme {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        Ok(staging.with(ContentTask::ActivateTheme { theme: self.theme_folder_name.0 }).into())
    }
}

/// The name of one directory.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct FolderName(String);

impl TryFrom<String> for FolderName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<FolderName, &'static str> {
        let fits = !matches!(name.as_str(), "" | "." | "..")
            && name.len() <= 200
            && !name.contains(['/', '\\'])
            && !name.chars().any(char::is_control);
        if fits { Ok(FolderName(name)) } else { Err("a name of one directory is needed") }
    }
}

/// A path relative to `directory`, which it may name itself.
fn beneath(path: &str, directory: &str) -> Option<String> {
    let relative = path.strip_prefix(directory).unwrap_or(path).trim_end_matches('/');
    let fits = relative.len() <= 1024
        && relative.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
        && !relative.chars().any(char::is_control);
    fits.then(|| relative.to_owned())
}

/// The one field of two spellings that is there.
fn either(
    new: (&'static str, Option<Resource>),
    old: (&'static str, Option<Resource>),
) -> Result<(&'static str, Resource), Problem> {
    match (new.1, old.1) {
        (Some(resource), None) => Ok((new.0, resource)),
        (None, Some(resource)) => Ok((old.0, resource)),
        (Some(_), Some(_)) => {
            Err(Problem::new("invalid-blueprint", old.0, format!("either {} or {}, not both", new.0, old.0)))
        }
        (None, None) => Err(Problem::new("invalid-blueprint", new.0, "required")),
    }
}
