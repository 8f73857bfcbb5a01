//! Component contracts: which file of a mounted plugin WordPress loads, and where it is mounted.

use super::input::{ComponentContract, LoadAs};
use crate::contract::{Code, Refusal};
use crate::recipe;
use crate::sandbox::MUST_USE_DIR;
use std::path::Path;

/// Where the component appears inside.
pub(super) fn target(component: &ComponentContract) -> String {
    match component.load_as {
        LoadAs::MuPlugin => format!("{MUST_USE_DIR}/{}", component.slug),
        LoadAs::Plugin => format!("/wordpress/wp-content/plugins/{}", component.slug),
    }
}

/// The plugin's main file, relative to its directory.
pub(super) fn main_file(index: usize, slug: &str, directory: &Path) -> Result<String, Refusal> {
    recipe::main_file(slug, directory).map_err(|why| {
        Refusal::field(Code::ComponentInvalid, &format!("component_contracts.{index}.path"), why)
            .with("index", index)
            .with("slug", slug)
    })
}
