//! A recipe from a file, or from a value that a caller hands in.

use super::document::Recipe;
use super::host_tools::HostTool;
use super::issue::Issue;
use super::roots::{host_source, read_host_file};
use super::surroundings::Surroundings;
use crate::contract::{Code, Input, Refusal};
use crate::host::Settings;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Largest recipe, bytes. serde_json bounds its depth.
pub const RECIPE_BYTES: u64 = 8 << 20;

/// Code of the one issue that a recipe of the wrong shape has.
pub const INVALID_RECIPE: &str = "invalid-recipe";

/// A recipe that has been read, and where it came from.
#[derive(Debug, Clone)]
pub struct Document {
    pub recipe: Recipe,
    /// The file, if it came from one.
    pub path: Option<PathBuf>,
    /// The directory that the recipe's paths are relative to.
    pub base: Option<PathBuf>,
}

impl Document {
    /// Reads a recipe's file. `Err` of the outer result: the file may not be named, or cannot be
    /// read. Of the inner one: it is no recipe.
    pub fn open(path: &str, field: &str, settings: &Settings) -> Result<Result<Document, Issue>, Refusal> {
        let bytes = read_host_file(settings, Code::InputInvalid, field, path, RECIPE_BYTES)?;
        let path = host_source(settings, Code::InputInvalid, field, path)?;
        let base = path.parent().map(Path::to_owned);
        let value = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(error) => {
                return Ok(Err(Issue::new(INVALID_RECIPE, "$", format!("The recipe is not JSON: {error}."))));
            }
        };
        Ok(Document::of_value(value, base).map(|document| Document { path: Some(path), ..document }))
    }

    /// Reads a recipe's value. Without a `base` it can name absolute paths only.
    pub fn of_value(value: Value, base: Option<PathBuf>) -> Result<Document, Issue> {
        if !value.is_object() {
            return Err(Issue::new(INVALID_RECIPE, "$", "A recipe is a JSON object."));
        }
        match Recipe::parse(value) {
            Ok(recipe) => Ok(Document { recipe, path: None, base }),
            Err(refusal) => Err(Issue::new(INVALID_RECIPE, "$", refusal.message)),
        }
    }

    /// What the recipe can name besides itself.
    pub fn among<'a>(&'a self, settings: &'a Settings, tools: &'a [HostTool]) -> Surroundings<'a> {
        Surroundings { base: self.base.as_deref(), settings, tools }
    }
}
