//! `inputs.workspaces`.

use super::super::document::{SeedSource, Workspace, WorkspaceSeed};
use super::super::source::Wanted;
use super::context::Context;

pub(super) fn check(workspaces: &[Workspace], context: &mut Context<'_>) {
    for (index, workspace) in workspaces.iter().enumerate() {
        let at = format!("$.inputs.workspaces[{index}]");
        let seed = &workspace.seed;
        let usual = match seed.kind {
            SeedSource::PluginScaffold | SeedSource::ThemeScaffold => scaffold(seed, &at, context),
            SeedSource::Directory => {
                directory(seed, &at, context);
                None
            }
        };
        let field = format!("{at}.target");
        match workspace.target.as_deref().or(usual.as_deref()) {
            Some(target) => context.target(&field, target, false),
            None if seed.kind == SeedSource::Directory => {
                context.issue("invalid-sandbox-path", field, "a workspace from a directory needs a target");
            }
            // The slug that would have given it has its own issue.
            None => {}
        }
    }
}

/// Where a scaffold lies unless the recipe says otherwise.
pub(in crate::recipe) fn scaffold_target(seed: &WorkspaceSeed) -> Option<String> {
    let parent = match seed.kind {
        SeedSource::PluginScaffold => "plugins",
        SeedSource::ThemeScaffold => "themes",
        SeedSource::Directory => return None,
    };
    let slug = seed.slug.as_deref()?;
    let fits = slug.starts_with(|c: char| c.is_ascii_lowercase())
        && !slug.ends_with('-')
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    fits.then(|| format!("/wordpress/wp-content/{parent}/{slug}"))
}

fn scaffold(seed: &WorkspaceSeed, at: &str, context: &mut Context<'_>) -> Option<String> {
    if seed.source.is_some() {
        context.issue("invalid-source", format!("{at}.seed.source"), "a scaffold has no source");
    }
    if !seed.exclude_paths.is_empty() {
        context.issue(
            "invalid-source",
            format!("{at}.seed.excludePaths"),
            "a scaffold has nothing to exclude",
        );
    }
    let target = scaffold_target(seed);
    if target.is_none() {
        let why = "a scaffold needs a slug of a-z, 0-9 and -, beginning with a letter";
        context.issue("invalid-slug", format!("{at}.seed.slug"), why);
    }
    target
}

fn directory(seed: &WorkspaceSeed, at: &str, context: &mut Context<'_>) {
    let source = seed.source.as_deref().unwrap_or_default();
    if let Some(found) = context.source(&format!("{at}.seed.source"), source, Wanted::Directory) {
        context.mounted.push(found.path);
    }
    for (index, path) in seed.exclude_paths.iter().enumerate() {
        if !is_excludable(path) {
            let field = format!("{at}.seed.excludePaths[{index}]");
            context.issue("invalid-source", field, "a path in the directory, without `..` or patterns");
        }
    }
}

/// `vendor`, `vendor/` and `vendor/**` are one.
fn is_excludable(path: &str) -> bool {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = path.strip_suffix("/**").unwrap_or(path).trim_end_matches('/');
    path.split('/').all(|segment| !matches!(segment, "" | "." | "..")) && !path.contains(['*', '?', '\0'])
}
