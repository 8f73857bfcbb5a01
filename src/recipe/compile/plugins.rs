//! `inputs.extra_plugins`: a directory is mounted, an archive is unpacked inside.

use super::super::document::{ExtraPlugin, LoadAs};
use super::super::issue::Issue;
use super::super::mounts::Mounts;
use super::super::plan::{Part, Step};
use super::super::source::{self, Source, Wanted, find};
use super::super::validate::{ARCHIVE_BYTES, file_of, slug_of, source_of, target_of};
use super::Place;
use super::sources::notes;
use crate::contract::digest_hex;
use crate::sandbox::{
    Command, Content, ContentTask, HostMount, IfInstalled, InstallKind, MountKind, STAGING, StagedFile,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Map;
use std::path::PathBuf;

const PREPARED_PLUGIN_SCHEMA: &str = "wp-codebox/prepared-extra-plugin/v1";

/// `wp-codebox/prepared-extra-plugin/v1`: a plugin as the sandbox has it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreparedPlugin {
    pub schema: &'static str,
    pub slug: String,
    /// Real path on the host.
    pub source: String,
    /// `directory` or `zip`.
    pub source_kind: &'static str,
    /// Of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub target: String,
    /// `<slug>/<file>.php`, if it was known before an archive was unpacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_file: Option<String>,
    pub load_as: LoadAs,
    pub activate: bool,
}

/// What the plugins become.
#[derive(Default)]
pub(super) struct Plugins {
    pub prepared: Vec<PreparedPlugin>,
    pub must_use: Vec<String>,
    /// Unpacks and activates them, in the recipe's order.
    pub steps: Vec<Step>,
}

pub(super) fn attach(place: Place<'_>, mounts: &mut Mounts) -> Result<Plugins, Issue> {
    let mut plugins = Plugins::default();
    for (index, plugin) in place.recipe.inputs.extra_plugins.iter().enumerate() {
        let at = format!("$.inputs.extra_plugins[{index}]");
        let source =
            find(place.base, place.settings, &format!("{at}.source"), source_of(plugin), Wanted::Anything)?;
        if source.is_file {
            plugins.archive(plugin, &source, place, &at)?;
        } else {
            plugins.directory(plugin, &source, &at, mounts)?;
        }
    }
    Ok(plugins)
}

impl Plugins {
    fn directory(
        &mut self,
        plugin: &ExtraPlugin,
        source: &Source,
        at: &str,
        mounts: &mut Mounts,
    ) -> Result<(), Issue> {
        let slug = slug_of(plugin, source_of(plugin));
        let file = file_of(plugin, source, &slug).ok_or_else(|| no_file(at))?;
        let target = target_of(plugin.load_as, &slug);
        let directory = match &plugin.source_subdir {
            None => source.path.clone(),
            Some(subdir) => inside(source, subdir, at)?,
        };
        self.prepared.push(PreparedPlugin {
            schema: PREPARED_PLUGIN_SCHEMA,
            source: directory.display().to_string(),
            source_kind: "directory",
            sha256: None,
            target: target.clone(),
            plugin_file: Some(file.clone()),
            load_as: plugin.load_as,
            activate: activates(plugin),
            slug,
        });
        if plugin.load_as == LoadAs::MuPlugin {
            let inner = file.split_once('/').map_or(file.as_str(), |(_, inner)| inner);
            self.must_use.push(format!("{target}/{inner}"));
        } else if activates(plugin) {
            self.activate(file);
        }
        let host = HostMount {
            source: directory,
            target,
            kind: MountKind::Directory,
            writable: false,
            capture: false,
        };
        mounts.attach(host, notes(&plugin.metadata));
        Ok(())
    }

    fn archive(
        &mut self,
        plugin: &ExtraPlugin,
        found: &Source,
        place: Place<'_>,
        at: &str,
    ) -> Result<(), Issue> {
        let field = format!("{at}.source");
        let bytes = source::read(place.base, place.settings, &field, source_of(plugin), ARCHIVE_BYTES)?;
        let digest = digest_hex([bytes.as_slice()]);
        if let Some(wanted) = &plugin.sha256
            && *wanted != digest
        {
            let message = format!("the archive's digest is {digest}");
            return Err(Issue::new("invalid-source-digest", format!("{at}.sha256"), message));
        }
        let slug = slug_of(plugin, source_of(plugin));
        self.prepared.push(PreparedPlugin {
            schema: PREPARED_PLUGIN_SCHEMA,
            source: found.path.display().to_string(),
            source_kind: "zip",
            sha256: Some(digest),
            target: target_of(plugin.load_as, &slug),
            plugin_file: plugin.plugin_file.clone(),
            load_as: plugin.load_as,
            activate: activates(plugin),
            slug: slug.clone(),
        });
        let staged = format!("{STAGING}/0");
        let files = vec![StagedFile { path: "0".to_owned(), bytes: bytes.into() }];
        let (from, files) = match &plugin.source_subdir {
            None => (staged, files),
            Some(subdir) => {
                let into = format!("/tmp/wp-codebox-plugin-{}", self.prepared.len() - 1);
                let unzip =
                    Content { task: ContentTask::Unzip { archive: staged, into: into.clone() }, files };
                self.push(format!("extra-plugin.unpack:{slug}"), unzip.into());
                (format!("{into}/{subdir}"), Vec::new())
            }
        };
        let install = ContentTask::Install {
            kind: InstallKind::Plugin,
            from,
            name: format!("{slug}.zip"),
            folder: Some(slug.clone()),
            existing: IfInstalled::Error,
            activate: activates(plugin) && plugin.plugin_file.is_none(),
            activation_options: Map::new(),
            keep_going: false,
        };
        self.push(format!("extra-plugin.install:{slug}"), Content { task: install, files }.into());
        if let (Some(file), true) = (&plugin.plugin_file, activates(plugin)) {
            self.activate(file.clone());
        }
        Ok(())
    }

    fn activate(&mut self, plugin: String) {
        self.push(format!("extra-plugin.activate:{plugin}"), Command::ActivatePlugin { plugin });
    }

    fn push(&mut self, label: String, command: Command) {
        let step = Step::new(Part::Plugin, self.steps.len(), command);
        self.steps.push(Step { label: Some(label), ..step });
    }
}

/// A must-use plugin is active without anybody's doing.
fn activates(plugin: &ExtraPlugin) -> bool {
    plugin.load_as == LoadAs::Plugin && plugin.activate.unwrap_or(true)
}

fn inside(source: &Source, subdir: &str, at: &str) -> Result<PathBuf, Issue> {
    let real = source.path.join(subdir).canonicalize().ok();
    real.filter(|path| path.starts_with(&source.path)).ok_or_else(|| {
        let why = format!("{subdir} is no directory of the source");
        Issue::new("invalid-source-subdir", format!("{at}.sourceSubdir"), why)
    })
}

fn no_file(at: &str) -> Issue {
    Issue::new("invalid-plugin-file", format!("{at}.source"), "the directory holds no plugin file")
}
