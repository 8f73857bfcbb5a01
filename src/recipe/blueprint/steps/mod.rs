//! The steps of a blueprint: a file for each family.

mod code;
mod files;
mod import;
mod install;
mod site;

use super::staging::Staging;
use crate::contract::shown;
use crate::recipe::host_files::HostFiles;
use crate::recipe::issue::Issue;
use crate::recipe::labelled::LabelledCommand;
use crate::sandbox::Command;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A step that can be carried out: its fields, closed.
trait Step: DeserializeOwned {
    /// The command that carries it out.
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem>;
}

type Reader = fn(Map<String, Value>, Staging<'_, '_>) -> Result<Command, Problem>;

/// Steps that are carried out.
pub(super) const SUPPORTED: &[(&str, Reader)] = &[
    ("activatePlugin", read::<install::ActivatePlugin>),
    ("activateTheme", read::<install::ActivateTheme>),
    ("cp", read::<files::Copy>),
    ("defineSiteUrl", read::<site::DefineSiteUrl>),
    ("defineWpConfigConsts", read::<site::DefineConstants>),
    ("importWxr", read::<import::ImportWxr>),
    ("installPlugin", read::<install::InstallPlugin>),
    ("installTheme", read::<install::InstallTheme>),
    ("login", read::<site::LogIn>),
    ("mkdir", read::<files::MakeDirectory>),
    ("mv", read::<files::Move>),
    ("resetData", read::<site::ResetData>),
    ("rm", read::<files::RemoveFile>),
    ("rmdir", read::<files::RemoveDirectory>),
    ("runPHP", read::<code::RunPhp>),
    ("runPHPWithOptions", read::<code::RunPhpWithOptions>),
    ("runSql", read::<import::RunSql>),
    ("setSiteOptions", read::<site::SetSiteOptions>),
    ("unzip", read::<files::Unzip>),
    ("updateUserMeta", read::<site::UpdateUserMeta>),
    ("wp-cli", read::<code::WpCli>),
    ("writeFile", read::<files::WriteFile>),
    ("writeFiles", read::<files::WriteFiles>),
];

/// Steps that Playground has and a sandbox has not, and why.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("enableMultisite", "a sandbox is a single site"),
    ("importFile", "Playground itself has given it up for importWxr"),
    ("importThemeStarterContent", "only the customizer of a browser publishes it"),
    ("importWordPressFiles", "the recipe's runtime says which WordPress runs, and its core is read-only"),
    ("request", "use a workflow step wordpress.http-request"),
    ("runWpInstallationWizard", "a sandbox's WordPress is installed already"),
    ("setSiteLanguage", "a language pack needs the network"),
];

fn read<S: Step>(fields: Map<String, Value>, staging: Staging<'_, '_>) -> Result<Command, Problem> {
    let step: S =
        serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| misfit("", &error))?;
    step.command(staging)
}

/// Why a step is refused, beneath the step's own path.
#[derive(Debug)]
pub(super) struct Problem {
    code: &'static str,
    field: String,
    message: String,
}

impl Problem {
    pub(super) fn new(code: &'static str, field: &str, message: impl Into<String>) -> Problem {
        Problem { code, field: field.to_owned(), message: message.into() }
    }
}

/// Shown in the progress of Playground's page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressNote {
    #[serde(rename = "weight", default)]
    _weight: Option<f64>,
    #[serde(rename = "caption", default)]
    _caption: Option<String>,
}

/// Collects commands, or what is wrong.
pub(super) struct Compiler<'a> {
    files: HostFiles<'a>,
    at: &'a str,
    commands: Vec<LabelledCommand>,
    issues: Vec<Issue>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(files: HostFiles<'a>, at: &'a str) -> Compiler<'a> {
        Compiler { files, at, commands: Vec::new(), issues: Vec::new() }
    }

    pub(super) fn finish(self) -> Result<Vec<LabelledCommand>, Vec<Issue>> {
        if self.issues.is_empty() { Ok(self.commands) } else { Err(self.issues) }
    }

    /// `path`: beneath the blueprint.
    pub(super) fn issue(&mut self, code: &'static str, path: &str, message: &str) {
        let path = match path {
            "" => self.at.to_owned(),
            path => shown(&format!("{}.{path}", self.at), 300),
        };
        self.issues.push(Issue::new(code, path, shown(message, 300)));
    }

    /// What serde has refused.
    pub(super) fn misfit(&mut self, path: &str, error: &serde_path_to_error::Error<serde_json::Error>) {
        let problem = misfit(path, error);
        self.issue(problem.code, &problem.field, &problem.message);
    }

    /// Compiles one step. `label`: the name of its execution, beneath `blueprint.`.
    pub(super) fn step(&mut self, label: &str, at: &str, step: &Value) {
        match self.compiled(step) {
            Ok(command) => {
                self.commands
                    .push(LabelledCommand { label: format!("blueprint.{}", shown(label, 100)), command });
            }
            Err(problem) => {
                self.issue(problem.code, &join(at, &problem.field), &problem.message);
            }
        }
    }

    fn compiled(&mut self, step: &Value) -> Result<Command, Problem> {
        let Value::Object(fields) = step else {
            return Err(Problem::new("invalid-blueprint", "", "a step is an object"));
        };
        let mut fields = objects(fields.clone(), &OBJECTS)
            .map_err(|name| Problem::new("invalid-blueprint", &name, "an object is needed"))?;
        let Some(Value::String(name)) = fields.remove("step") else {
            return Err(Problem::new("invalid-blueprint", "step", "required: the step's name"));
        };
        if let Some(progress) = fields.remove("progress") {
            serde_path_to_error::deserialize::<_, ProgressNote>(progress)
                .map_err(|error| misfit("progress", &error))?;
        }
        if let Some((_, reader)) = SUPPORTED.iter().find(|(supported, _)| *supported == name) {
            return reader(fields, Staging::new(&mut self.files));
        }
        let why = match REFUSED.iter().find(|(refused, _)| *refused == name) {
            Some((_, why)) => format!("{name} is not supported: {why}"),
            None => format!("no step is called {:?}", shown(&name, 60)),
        };
        Err(Problem::new("unsupported-blueprint-step", "step", why))
    }
}

/// Fields of steps that are objects.
const OBJECTS: [&str; 13] = [
    "options",
    "consts",
    "meta",
    "file",
    "urlMapping",
    "authorsMap",
    "progress",
    "pluginData",
    "pluginZipFile",
    "themeData",
    "themeZipFile",
    "zipFile",
    "filesTree",
];

/// Turns PHP's empty array into an empty object where the field is an object. `Err`: a field that is
/// a list. serde would take its items for an object's fields.
pub(super) fn objects(mut fields: Map<String, Value>, names: &[&str]) -> Result<Map<String, Value>, String> {
    for (name, value) in &mut fields {
        match value {
            Value::Array(items) if names.contains(&name.as_str()) => {
                if !items.is_empty() {
                    return Err(name.clone());
                }
                *value = Value::Object(Map::new());
            }
            _ => {}
        }
    }
    Ok(fields)
}

/// serde's message without its Rust words.
fn misfit(path: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let text = error.inner().to_string();
    let inner = error.path().to_string();
    let mut field = if inner == "." { path.to_owned() } else { join(path, &inner) };
    let mut message = text.clone();
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        field = join(&field, name);
        "required".clone_into(&mut message);
    }
    let code = if inner.ends_with("ath") { "invalid-blueprint-path" } else { "invalid-blueprint" };
    Problem::new(code, &field, message)
}

fn join(path: &str, field: &str) -> String {
    match (path, field) {
        ("", field) => field.to_owned(),
        (path, "") => path.to_owned(),
        (path, field) => format!("{path}.{field}"),
    }
}
