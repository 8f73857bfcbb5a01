//! `wordpress.phpunit`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, OutputSchema, Row, is_sandbox_path};
use crate::contract::output_schema;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub const PHPUNIT_RESULT_SCHEMA: &str = "wp-codebox/phpunit-result/v1";

/// The one command that runs tests itself.
pub const PHPUNIT_COMMAND: &str = "wordpress.phpunit";

pub(super) static ROW: Row = Row {
    id: PHPUNIT_COMMAND,
    description: "Runs a plugin's PHPUnit tests. PHPUnit is the plugin's own (vendor/), or mounted.",
    arguments: &[
        Argument::new(
            "plugin-slug",
            Format::Text,
            "Directory of the plugin in the plugins directory. Needed unless cwd is given.",
        ),
        Argument::new("cwd", Format::SandboxPath, "Directory in which the tests run. Default: the plugin's."),
        Argument::new(
            "bootstrap-mode",
            Format::OneOf(&["managed", "project"]),
            "managed: WordPress and the plugin are loaded first. project: the tests' own bootstrap loads what it needs. Default: managed.",
        ),
        Argument::new(
            "project-bootstrap",
            Format::Text,
            "Bootstrap file of the project mode. Default: what phpunit.xml names.",
        ),
        Argument::new(
            "bootstrap-files-json",
            Format::Json,
            "Files that the managed mode loads before the tests: a list.",
        ),
        Argument::new(
            "autoload-file",
            Format::SandboxPath,
            "Autoloader of PHPUnit. Default: the plugin's vendor/autoload.php, then /wp-codebox-vendor/autoload.php, then /usr/share/php/PHPUnit/Autoload.php.",
        ),
        Argument::new(
            "phpunit-xml",
            Format::Text,
            "Configuration. Default: phpunit.xml.dist or phpunit.xml, if there is one.",
        ),
        Argument::new(
            "test-root",
            Format::Text,
            "Where tests are looked for without a configuration: *Test.php and test-*.php. Default: tests.",
        ),
        Argument::new("test-file", Format::Text, "Runs the tests of one file."),
        Argument::new("changed-tests-json", Format::Json, "Runs the tests of these files: a list."),
        Argument::new("phpunit-args-json", Format::Json, "Further arguments for PHPUnit: a list of strings."),
        Argument::new("env-json", Format::Json, "Environment variables: an object of strings."),
        Argument::new(
            "wp-config-defines-json",
            Format::Json,
            "Constants that are defined before WordPress loads: an object.",
        ),
        Argument::new("discovery-only", Format::Boolean, "Lists the tests and runs none."),
        Argument::new(
            "database-type",
            Format::OneOf(&["sqlite"]),
            "Always sqlite: the sandbox's own database.",
        ),
    ],
    bare: None,
    output_shape: "Counts and each test's outcome. Tests that fail are a failure of the command, with the same in its data. \
                   What PHPUnit prints is stdout.",
    output_schema: Some(|| OutputSchema {
        id: PHPUNIT_RESULT_SCHEMA,
        json_schema: output_schema::<TestReport>(),
    }),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// Tests to run. Paths are the sandbox's, and absolute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phpunit {
    pub cwd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Whether WordPress and the plugin are loaded first.
    pub managed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bootstrap_files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    pub test_root: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub defines: Map<String, Value>,
    pub list_only: bool,
}

/// `wp-codebox/phpunit-result/v1`, as the guest reports it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TestReport {
    schema: String,
    /// `passed` or `failed`.
    status: String,
    total: u64,
    passed: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    assertions: u64,
    duration_ms: f64,
    phpunit_version: String,
    tests: Vec<TestOutcome>,
    /// Tests that are counted but were too many to list.
    tests_omitted: u64,
}

#[derive(Serialize, JsonSchema)]
struct TestOutcome {
    class: String,
    name: String,
    /// `passed`, `failed`, `error` or `skipped`.
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let plugin = values.text("plugin-slug");
    if let Some(slug) = &plugin
        && !is_slug(slug)
    {
        return Err(ArgumentIssue::invalid("plugin-slug", "a name of a directory is expected"));
    }
    let cwd = match (values.text("cwd"), &plugin) {
        (Some(cwd), _) => cwd,
        (None, Some(slug)) => format!("/wordpress/wp-content/plugins/{slug}"),
        (None, None) => {
            return Err(ArgumentIssue::new(
                "missing-plugin-slug",
                "plugin-slug",
                "required: plugin-slug or cwd",
            ));
        }
    };
    let place = |name: &str, path: String| {
        let path = if path.starts_with('/') { path } else { format!("{cwd}/{path}") };
        let fits = is_sandbox_path(&path);
        fits.then_some(path).ok_or_else(|| {
            ArgumentIssue::invalid(name, "a path in the sandbox is expected, without . and ..")
        })
    };
    let one = |values: &mut Values, name: &str| values.text(name).map(|path| place(name, path)).transpose();
    let many = |values: &mut Values, name: &str| -> Result<Vec<String>, ArgumentIssue> {
        let paths: Vec<String> = values.typed(name)?.unwrap_or_default();
        paths.into_iter().map(|path| place(name, path)).collect()
    };
    let managed = values.text("bootstrap-mode").is_none_or(|mode| mode == "managed");
    let bootstrap = one(&mut values, "project-bootstrap")?;
    if managed && bootstrap.is_some() {
        return Err(ArgumentIssue::invalid("project-bootstrap", "only bootstrap-mode=project has one"));
    }
    let mut files: Vec<String> = one(&mut values, "test-file")?.into_iter().collect();
    files.extend(many(&mut values, "changed-tests-json")?);
    let variables: BTreeMap<String, String> = values.typed("env-json")?.unwrap_or_default();
    if variables.keys().any(|name| !is_variable(name)) {
        return Err(ArgumentIssue::invalid("env-json", "a name that no environment variable can have"));
    }
    Ok(Command::Phpunit(Box::new(Phpunit {
        managed,
        bootstrap,
        bootstrap_files: many(&mut values, "bootstrap-files-json")?,
        autoload: values.text("autoload-file"),
        configuration: one(&mut values, "phpunit-xml")?,
        test_root: one(&mut values, "test-root")?.unwrap_or_else(|| format!("{cwd}/tests")),
        files,
        arguments: values.typed("phpunit-args-json")?.unwrap_or_default(),
        variables,
        defines: values.typed("wp-config-defines-json")?.unwrap_or_default(),
        list_only: values.flag("discovery-only").unwrap_or(false),
        plugin,
        cwd: cwd.clone(),
    })))
}

/// Whether a directory beneath the plugins directory can have this name.
pub(super) fn is_slug(slug: &str) -> bool {
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=200).contains(&slug.len()) && !slug.starts_with('.') && slug.bytes().all(proper)
}

pub(super) fn is_variable(name: &str) -> bool {
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=200).contains(&name.len()) && name.bytes().all(proper) && !name.as_bytes()[0].is_ascii_digit()
}
