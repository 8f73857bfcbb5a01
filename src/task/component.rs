//! Component contracts: which file of a mounted plugin WordPress loads, and where it is mounted.

use super::input::{ComponentContract, LoadAs};
use crate::contract::{Code, Refusal};
use crate::sandbox::MUST_USE_DIR;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// WordPress reads a plugin's header from its first 8 KiB.
const HEADER_BYTES: u64 = 8 << 10;

/// Where the component appears inside.
pub(super) fn target(component: &ComponentContract) -> String {
    match component.load_as {
        LoadAs::MuPlugin => format!("{MUST_USE_DIR}/{}", component.slug),
        LoadAs::Plugin => format!("/wordpress/wp-content/plugins/{}", component.slug),
    }
}

/// The plugin's main file, relative to its directory: the one named after the slug if it has a
/// plugin header, else the only one that has.
pub(super) fn main_file(index: usize, slug: &str, directory: &Path) -> Result<String, Refusal> {
    let refuse = |why: String| {
        Refusal::field(Code::ComponentInvalid, &format!("component_contracts.{index}.path"), why)
            .with("index", index)
            .with("slug", slug)
    };
    let entries = fs::read_dir(directory)
        .map_err(|error| refuse(format!("{} cannot be read: {error}", directory.display())))?;
    let mut candidates: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".php"))
        .filter(|name| has_plugin_header(&directory.join(name)))
        .collect();
    candidates.sort();
    let named = format!("{slug}.php");
    if candidates.contains(&named) {
        return Ok(named);
    }
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(refuse(format!("{} holds no plugin file (a PHP file with a `Plugin Name:` header)", directory.display()))),
        several => Err(refuse(format!(
            "{} holds several plugin files ({}); name one of them {named}",
            directory.display(),
            several.join(", ")
        ))),
    }
}

fn has_plugin_header(path: &Path) -> bool {
    let mut head = Vec::new();
    let Ok(file) = File::open(path) else { return false };
    if file.take(HEADER_BYTES).read_to_end(&mut head).is_err() {
        return false;
    }
    String::from_utf8_lossy(&head).lines().any(|line| {
        let line = line.trim_start_matches([' ', '\t', '/', '*', '#', '@']);
        line.strip_prefix("<?php").unwrap_or(line).trim_start().starts_with("Plugin Name:")
    })
}
