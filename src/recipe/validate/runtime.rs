//! `runtime`.

use super::super::bare::{has_wordpress, is_version, pack};
use super::super::blueprint;
use super::super::core_archive::CoreArchive;
use super::super::document::{Assets, Runtime};
use super::super::source::Wanted;
use super::context::Context;
use super::mounts;
use crate::sandbox::{is_core, stray};
use serde_json::{Map, Value};

/// Cap on a blueprint, bytes of its JSON.
const BLUEPRINT_BYTES: usize = 1 << 20;

pub(super) fn check(runtime: &Runtime, context: &mut Context<'_>) {
    versions(runtime, context);
    if let Some(blueprint) = &runtime.blueprint {
        check_blueprint(blueprint, context);
    }
    if let Some(assets) = &runtime.assets {
        check_assets(assets, runtime.wp.is_some(), context);
    }
    for (index, mount) in runtime.stack.mounts.iter().enumerate() {
        mounts::check_mount(mount, &format!("$.runtime.stack.mounts[{index}]"), context);
    }
}

fn check_blueprint(blueprint: &Map<String, Value>, context: &mut Context<'_>) {
    let at = "$.runtime.blueprint";
    if context.sized("invalid-blueprint", at, blueprint, BLUEPRINT_BYTES)
        && let Err(issues) = blueprint::compile(&Value::Object(blueprint.clone()), context.base(), at)
    {
        issues.into_iter().for_each(|issue| context.add(issue));
    }
}

/// The versions are those of the runtime pack. Without a pack nothing can be said.
fn versions(runtime: &Runtime, context: &mut Context<'_>) {
    let Ok(pack) = pack(context.settings) else { return };
    if let Some(wanted) = runtime.wp.as_deref()
        && !has_wordpress(&pack, wanted)
    {
        let message = format!("the runtime pack has WordPress {}, not {wanted}", pack.wordpress_version());
        context.issue("unsupported-wordpress-version", "$.runtime.wp", message);
    }
    if let Some(wanted) = runtime.php_version.as_deref()
        && !is_version(pack.php_version(), wanted)
    {
        let message = format!("the runtime pack has PHP {}, not {wanted}", pack.php_version());
        context.issue("unsupported-php-version", "$.runtime.phpVersion", message);
    }
}

fn check_assets(assets: &Assets, names_version: bool, context: &mut Context<'_>) {
    let at = "$.runtime.assets";
    match (&assets.wordpress_directory, &assets.wordpress_zip) {
        (None, None) => context.issue("missing-source", at, "name wordpressDirectory or wordpressZip"),
        (Some(_), Some(_)) => {
            context.issue("invalid-source", at, "wordpressDirectory and wordpressZip: give one");
        }
        (Some(directory), None) => check_core_directory(directory, assets, context),
        (None, Some(archive)) => check_core_archive(archive, assets, context),
    }
    if names_version {
        context.issue("invalid-source", at, "runtime.wp names a WordPress already");
    }
}

fn check_core_directory(directory: &str, assets: &Assets, context: &mut Context<'_>) {
    let field = "$.runtime.assets.wordpressDirectory";
    if let Some(found) = context.source(field, directory, Wanted::Directory) {
        let stray = if context.settings.operator { None } else { stray(&found.path) };
        if let Some(stray) = stray {
            let why = format!("{stray} in it is a link that leads out of it");
            context.issue("invalid-source", field, why);
        } else if !is_core(&found.path) {
            context.issue("invalid-source", field, "it does not hold WordPress's core files");
        }
    }
    if assets.sha256.is_some() {
        let why = "a directory has no digest: give one for a zip";
        context.issue("invalid-source-digest", "$.runtime.assets.sha256", why);
    }
}

fn check_core_archive(archive: &str, assets: &Assets, context: &mut Context<'_>) {
    let field = "$.runtime.assets.wordpressZip";
    let Some(found) = context.source(field, archive, Wanted::File) else { return };
    match CoreArchive::open(&found.path) {
        Err(error) => context.issue("invalid-source", field, error.to_string()),
        Ok(archive) => {
            if assets.sha256.as_ref().is_some_and(|wanted| *wanted != archive.digest) {
                let why = format!("the archive's digest is {}", archive.digest);
                context.issue("invalid-source-digest", "$.runtime.assets.sha256", why);
            }
        }
    }
}
