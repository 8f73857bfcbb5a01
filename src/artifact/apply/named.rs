//! How an approval names files: a list, or one text as a person types it.

use super::error::ApplyError;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Sandbox paths, as in changed-files.json.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Named {
    List(Vec<String>),
    /// Names without a comma, with commas between them.
    Text(String),
}

impl Named {
    /// Every name, as far as it can be told without knowing the files.
    pub fn names(&self) -> Vec<String> {
        match self {
            Named::List(names) => names.clone(),
            Named::Text(text) => {
                pieces(text).into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect()
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.names().iter().all(|name| name.trim().is_empty())
    }

    /// The names, where these are the changed paths. A text in which a comma could belong to one of
    /// them is refused: it would approve two other files, or one that nobody meant.
    pub fn among<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<Vec<String>, ApplyError> {
        let Named::Text(text) = self else { return Ok(self.names()) };
        let given = pieces(text);
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        given.iter().enumerate().for_each(|(at, piece)| places.entry(piece).or_default().push(at));
        let could_be_meant = |path: &&str| {
            let parts = pieces(path);
            let begins = places.get(parts[0]).map(Vec::as_slice).unwrap_or_default();
            parts.len() > 1 && begins.iter().any(|at| given[*at..].starts_with(&parts))
        };
        let ambiguous: Vec<String> = paths.filter(could_be_meant).map(str::to_owned).collect();
        match ambiguous.is_empty() {
            true => Ok(self.names()),
            false => Err(ApplyError::Ambiguous(ambiguous)),
        }
    }
}

impl Default for Named {
    fn default() -> Self {
        Named::List(Vec::new())
    }
}

impl From<Vec<String>> for Named {
    fn from(names: Vec<String>) -> Self {
        Named::List(names)
    }
}

/// What stands between the commas, without the white space around it.
fn pieces(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).collect()
}
