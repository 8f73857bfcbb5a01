//! `inputs.extra_plugins`.

use super::super::document::{ExtraPlugin, LoadAs};
use super::super::main_file::{has_plugin_header, main_file};
use super::super::source::{Source, Wanted};
use super::context::Context;
use crate::artifact::zip_names;
use crate::contract::shown;
use crate::sandbox::MUST_USE_DIR;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

/// Largest archive, bytes.
pub(in crate::recipe) const ARCHIVE_BYTES: u64 = 256 << 20;

pub(super) fn check(plugins: &[ExtraPlugin], context: &mut Context<'_>) {
    for (index, plugin) in plugins.iter().enumerate() {
        check_plugin(plugin, &format!("$.inputs.extra_plugins[{index}]"), context);
    }
}

fn check_plugin(plugin: &ExtraPlugin, at: &str, context: &mut Context<'_>) {
    let (name, path) = match (&plugin.source, &plugin.source_path) {
        (None, Some(path)) => ("sourcePath", path.as_str()),
        (Some(_), Some(_)) => {
            context.issue(
                "invalid-source",
                format!("{at}.sourcePath"),
                "it is another name for source: give one",
            );
            return;
        }
        (path, None) => ("source", path.as_deref().unwrap_or_default()),
    };
    let field = format!("{at}.{name}");
    let source = context.source(&field, path, Wanted::Anything);
    let slug = check_slug(plugin, path, at, context);
    if let (Some(slug), Some(file)) = (&slug, &plugin.plugin_file) {
        let message = format!("{slug}/ and the name of a PHP file in it are expected");
        // WordPress activates no file that lies deeper.
        let deeper = plugin.load_as == LoadAs::Plugin && file.matches('/').count() > 1;
        if !is_plugin_file(file, slug) || deeper {
            context.issue("invalid-plugin-file", format!("{at}.pluginFile"), message);
        }
    }
    if let Some(subdir) = &plugin.source_subdir
        && !is_plain(subdir)
    {
        context.issue(
            "invalid-source-subdir",
            format!("{at}.sourceSubdir"),
            "a path in the source, without `..`",
        );
    } else if let (Some(source), Some(slug)) = (&source, &slug) {
        if source.is_file {
            check_archive(plugin, source, slug, at, &field, context);
        } else {
            check_directory(plugin, source, slug, at, &field, context);
        }
    }
    if let Some(slug) = slug {
        // An archive is unpacked there: nothing can be in its place, or beneath it, before.
        let unpacked = source.as_ref().is_some_and(|source| source.is_file);
        context.own_target(&format!("{at}.slug"), &target_of(plugin.load_as, &slug), unpacked);
    }
    context.mounted.extend(source.filter(|source| !source.is_file).map(|source| source.path));
    context.notes(&format!("{at}.metadata"), &plugin.metadata);
}

fn check_slug(plugin: &ExtraPlugin, path: &str, at: &str, context: &mut Context<'_>) -> Option<String> {
    let slug = slug_of(plugin, path);
    let fits = !slug.is_empty()
        && !slug.starts_with('.')
        && slug.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    // A source that is not given has its own issue.
    let given = !slug.is_empty() || !path.trim().is_empty();
    if given && !fits {
        context.issue(
            "invalid-slug",
            format!("{at}.slug"),
            "name the plugin's directory: letters, digits, - and _",
        );
    }
    fits.then_some(slug)
}

/// The path that the recipe gives, under either name.
pub(in crate::recipe) fn source_of(plugin: &ExtraPlugin) -> &str {
    plugin.source.as_deref().or(plugin.source_path.as_deref()).unwrap_or_default()
}

/// The directory's name inside: what the recipe says, or what the plugin file or the source says.
pub(in crate::recipe) fn slug_of(plugin: &ExtraPlugin, path: &str) -> String {
    let of_file = || plugin.plugin_file.as_deref().and_then(|file| Some(file.split_once('/')?.0.to_owned()));
    let last = |path: &str| Path::new(path).file_stem()?.to_str().map(str::to_owned);
    let of_subdir = || last(plugin.source_subdir.as_deref()?);
    plugin.slug.clone().or_else(of_file).or_else(of_subdir).or_else(|| last(path)).unwrap_or_default()
}

/// Where it lies inside.
pub(in crate::recipe) fn target_of(load_as: LoadAs, slug: &str) -> String {
    match load_as {
        LoadAs::Plugin => format!("/wordpress/wp-content/plugins/{slug}"),
        LoadAs::MuPlugin => format!("{MUST_USE_DIR}/{slug}"),
    }
}

/// `<slug>/<file>.php`, as far as it can be known without unpacking anything.
pub(in crate::recipe) fn file_of(plugin: &ExtraPlugin, source: &Source, slug: &str) -> Option<String> {
    if plugin.plugin_file.is_some() || source.is_file {
        return plugin.plugin_file.clone();
    }
    let directory = source.path.join(plugin.source_subdir.as_deref().unwrap_or_default());
    main_file(slug, &directory).ok().map(|file| format!("{slug}/{file}"))
}

fn is_plugin_file(file: &str, slug: &str) -> bool {
    let inner = file.strip_prefix(slug).and_then(|rest| rest.strip_prefix('/'));
    inner.is_some_and(|inner| is_plain(inner) && inner.ends_with(".php"))
}

/// Relative, and it leads nowhere else.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn check_archive(
    plugin: &ExtraPlugin,
    source: &Source,
    slug: &str,
    at: &str,
    field: &str,
    context: &mut Context<'_>,
) {
    if plugin.load_as == LoadAs::MuPlugin {
        context.issue("invalid-source", field, "a must-use plugin is mounted: give a directory");
        return;
    }
    let (digest, files) = match archive(&source.path) {
        Ok(found) => found,
        Err(why) => {
            context.issue("invalid-source", field, why);
            return;
        }
    };
    if let Some(wanted) = &plugin.sha256
        && *wanted != digest
    {
        context.issue(
            "invalid-source-digest",
            format!("{at}.sha256"),
            format!("the archive's digest is {digest}"),
        );
    }
    check_archived(plugin, &files, slug, at, field, context);
}

/// Whether the plugin is in the archive, as far as names tell.
fn check_archived(
    plugin: &ExtraPlugin,
    files: &[String],
    slug: &str,
    at: &str,
    field: &str,
    context: &mut Context<'_>,
) {
    let root = match &plugin.source_subdir {
        Some(subdir) => format!("{}/", subdir.trim_end_matches('/')),
        None => only_directory(files),
    };
    let mut inside = files.iter().filter_map(|name| name.strip_prefix(&root)).peekable();
    if inside.peek().is_none() {
        let subdir = plugin.source_subdir.as_deref().unwrap_or_default();
        let why = format!("{} is no directory of the archive", shown(subdir, 200));
        context.issue("invalid-source-subdir", format!("{at}.sourceSubdir"), why);
        return;
    }
    match &plugin.plugin_file {
        Some(file) if is_plugin_file(file, slug) => {
            let inner = &file[slug.len() + 1..];
            if !inside.any(|name| name == inner) {
                let why = format!("{} is no file of the plugin's directory", shown(inner, 200));
                context.issue("invalid-plugin-file", format!("{at}.pluginFile"), why);
            }
        }
        Some(_) => {}
        None => {
            if !inside.any(|name| name.ends_with(".php") && !name.contains('/')) {
                context.issue("invalid-plugin-file", field, "the archive holds no plugin file");
            }
        }
    }
}

/// The directory that everything lies in, with a slash, or nothing: what an archiver has added does
/// not count.
fn only_directory(files: &[String]) -> String {
    let mut tops = files
        .iter()
        .map(|name| name.split_once('/').map_or("", |(top, _)| top))
        .filter(|top| *top != "__MACOSX");
    match tops.next() {
        Some(first) if !first.is_empty() && tops.all(|top| top == first) => format!("{first}/"),
        _ => String::new(),
    }
}

/// The digest of a zip, and the names of its files.
fn archive(path: &Path) -> Result<(String, Vec<String>), String> {
    // A named pipe would wait for its other end.
    let open = || File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let mut file = open().map_err(|error| error.to_string())?;
    let mut magic = [0; 4];
    if file.read_exact(&mut magic).is_err() || magic != *b"PK\x03\x04" {
        return Err("it is neither a directory nor a zip".to_owned());
    }
    let names = zip_names(&file).map_err(|error| format!("the archive cannot be unpacked: {error}"))?;
    let mut hash = Sha256::new();
    let hashed = file.rewind().and_then(|()| io::copy(&mut file.take(ARCHIVE_BYTES + 1), &mut hash));
    if hashed.map_err(|error| error.to_string())? > ARCHIVE_BYTES {
        return Err(format!("an archive has at most {} MiB", ARCHIVE_BYTES >> 20));
    }
    Ok((hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), names))
}

fn check_directory(
    plugin: &ExtraPlugin,
    source: &Source,
    slug: &str,
    at: &str,
    field: &str,
    context: &mut Context<'_>,
) {
    if plugin.sha256.is_some() {
        let why = "a directory has no digest: give one for a zip";
        context.issue("invalid-source-digest", format!("{at}.sha256"), why);
    }
    let directory = match &plugin.source_subdir {
        None => source.path.clone(),
        Some(subdir) => match beneath(&source.path, subdir).filter(|path| path.is_dir()) {
            Some(directory) => directory,
            None => {
                let why = format!("{subdir} is no directory of the source");
                context.issue("invalid-source-subdir", format!("{at}.sourceSubdir"), why);
                return;
            }
        },
    };
    match &plugin.plugin_file {
        Some(file) if is_plugin_file(file, slug) => {
            let inner = &file[slug.len() + 1..];
            let found = beneath(&directory, inner).filter(|path| path.is_file());
            let activated = plugin.load_as == LoadAs::Plugin && plugin.activate.unwrap_or(true);
            let why = match found {
                None => format!("{inner} is no file of the plugin's directory"),
                Some(path) if activated && !has_plugin_header(&path) => {
                    format!("{inner} has no plugin header (a line `Plugin Name:`)")
                }
                Some(_) => return,
            };
            context.issue("invalid-plugin-file", format!("{at}.pluginFile"), why);
        }
        Some(_) => {}
        None => {
            if let Err(why) = main_file(slug, &directory) {
                context.issue("invalid-plugin-file", field, why);
            }
        }
    }
}

/// A path in a directory that does not lead out of it, links included.
fn beneath(root: &Path, path: &str) -> Option<PathBuf> {
    root.join(path).canonicalize().ok().filter(|real| real.starts_with(root))
}
