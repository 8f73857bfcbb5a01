//! `wordpress.ensure-plugin-active`.

use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, Row};
use super::Command;

pub(super) static ENSURE_ACTIVE: Row = Row {
    id: "wordpress.ensure-plugin-active",
    description: "Activates a plugin, as the plugins screen does.",
    arguments: &[Argument::new("plugin", Format::Text, "Plugin file, relative to the plugins directory.")
        .required("missing-plugin-slug")],
    bare: None,
    output_shape: "The result says whether the plugin is active.",
    output_schema: None,
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    Ok(Command::ActivatePlugin { plugin: values.required("plugin") })
}
