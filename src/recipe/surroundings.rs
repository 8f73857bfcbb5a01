//! What a recipe can name besides itself.

use super::host_tools::HostTool;
use crate::host::Settings;
use std::path::Path;

/// Where a recipe lies, what its reader may see, and which tools there are.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The directory that the recipe's paths are relative to.
    pub base: Option<&'a Path>,
    pub settings: &'a Settings,
    /// Tools that the parent has registered.
    pub tools: &'a [HostTool],
}
