//! Which file of a plugin's directory WordPress loads.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// WordPress reads a plugin's header from its first 8 KiB.
const HEADER_BYTES: u64 = 8 << 10;

/// The plugin's main file, relative to its directory: the one named after the slug if it has a
/// plugin header, else the only one that has.
pub fn main_file(slug: &str, directory: &Path) -> Result<String, String> {
    let entries = fs::read_dir(directory)
        .map_err(|error| format!("{} cannot be read: {error}", directory.display()))?;
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
        [] => Err(format!(
            "{} holds no plugin file (a PHP file with a `Plugin Name:` header)",
            directory.display()
        )),
        several => Err(format!(
            "{} holds several plugin files ({}); name one of them {named}",
            directory.display(),
            several.join(", ")
        )),
    }
}

/// Whether WordPress takes the file for a plugin.
pub fn has_plugin_header(path: &Path) -> bool {
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
