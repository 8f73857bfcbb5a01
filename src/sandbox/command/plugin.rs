//! `wordpress.plugin-state` and `wordpress.ensure-plugin-active`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::output_schema;
use schemars::JsonSchema;
use serde::Serialize;

const PLUGIN_STATE_SCHEMA: &str = "wp-codebox/wordpress-plugin-state/v1";

const PLUGIN: Argument =
    Argument::new("plugin", Format::Text, "Plugin file relative to the plugins directory, or slug.");
const NETWORK: Argument =
    Argument::new("network", Format::Boolean, "Whether it is meant for the whole network.");

pub(super) static STATE: Row = Row {
    id: "wordpress.plugin-state",
    description: "Reports which plugins are active, or activates or deactivates one.",
    arguments: &[
        Argument::new(
            "action",
            Format::OneOf(&["report", "status", "activate", "deactivate"]),
            "Default: report.",
        ),
        PLUGIN,
        Argument::new("slug", Format::Text, "The same as plugin."),
        Argument::new("file", Format::Text, "The same as plugin."),
        NETWORK,
    ],
    bare: None,
    output_shape: "The plugins that were active before and are now, and those that are installed.",
    output_schema: Some(schema),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read: |values| {
        let mut values = values;
        let action = match values.text("action").as_deref() {
            Some("status") => PluginAction::Status,
            Some("activate") => PluginAction::Activate,
            Some("deactivate") => PluginAction::Deactivate,
            _ => PluginAction::Report,
        };
        let plugin = plugin(&mut values)?;
        if plugin.is_none() && action != PluginAction::Report {
            return Err(ArgumentIssue::new("missing-plugin-slug", "plugin", "required"));
        }
        Ok(Command::PluginState(PluginState {
            action,
            plugin,
            network: values.flag("network").unwrap_or(false),
        }))
    },
};

pub(super) static ENSURE_ACTIVE: Row = Row {
    id: "wordpress.ensure-plugin-active",
    description: "Activates a plugin unless it is active, as the plugins screen does.",
    arguments: &[
        PLUGIN,
        Argument::new("slug", Format::Text, "The same as plugin."),
        Argument::new("file", Format::Text, "The same as plugin."),
    ],
    bare: None,
    output_shape: "The same as of wordpress.plugin-state; active says whether the plugin is.",
    output_schema: Some(schema),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read: |values| {
        let mut values = values;
        let plugin = plugin(&mut values)?;
        let plugin = plugin.ok_or_else(|| ArgumentIssue::new("missing-plugin-slug", "plugin", "required"))?;
        Ok(Command::ActivatePlugin { plugin })
    },
};

/// What is asked about plugins, or done to one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PluginState {
    pub action: PluginAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    pub network: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginAction {
    Report,
    Status,
    Activate,
    Deactivate,
}

/// `wp-codebox/wordpress-plugin-state/v1`, as the guest reports it.
#[derive(Serialize, JsonSchema)]
#[allow(dead_code)]
struct Report {
    schema: String,
    action: String,
    /// Plugin file that the action was about.
    plugin: Option<String>,
    /// Whether that plugin is active now.
    active: Option<bool>,
    before: Active,
    after: Active,
    plugins: Vec<Installed>,
}

/// Plugin files.
#[derive(Serialize, JsonSchema)]
struct Active {
    active: Vec<String>,
    network_active: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Installed {
    file: String,
    name: String,
    version: String,
    active: bool,
}

fn schema() -> OutputSchema {
    OutputSchema { id: PLUGIN_STATE_SCHEMA, json_schema: output_schema::<Report>() }
}

/// The plugin, under whichever name it was given.
fn plugin(values: &mut Values) -> Result<Option<String>, ArgumentIssue> {
    let given: Vec<String> =
        ["plugin", "slug", "file"].into_iter().filter_map(|name| values.text(name)).collect();
    if given.len() > 1 {
        return Err(ArgumentIssue::invalid("plugin", "only one of plugin, slug and file"));
    }
    Ok(given.into_iter().next().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()))
}
