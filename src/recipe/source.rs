//! Files and directories of the host that a recipe names, relative to its own file.

use super::issue::Issue;
use super::mounts::kind_of;
use super::roots::{Unreachable, reach, read_host_file};
use crate::contract::{Code, shown};
use crate::host::Settings;
use crate::sandbox::MountKind;
use std::path::{Path, PathBuf};

/// What a source has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Anything,
    Directory,
    File,
}

/// A path of the host that exists.
pub struct Source {
    pub path: PathBuf,
    pub is_file: bool,
}

/// The absolute host path that a recipe's path means.
pub fn absolute(base: Option<&Path>, path: &str) -> Result<String, Issue> {
    let unsupported = |why: &str| Issue::new("unsupported-path", "", why);
    if path.contains("://") {
        return Err(unsupported("only files and directories of this machine; nothing is downloaded"));
    }
    if path.contains('\0') {
        return Err(unsupported("no NUL"));
    }
    if Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    let Some(base) = base else {
        return Err(unsupported(
            "the recipe is not a file, so nothing is relative to it: write an absolute path",
        ));
    };
    let joined = base.join(path);
    joined.to_str().map(str::to_owned).ok_or_else(|| unsupported("the recipe's directory is not UTF-8"))
}

/// What a recipe's path leads to.
pub fn find(
    base: Option<&Path>,
    settings: &Settings,
    field: &str,
    path: &str,
    wanted: Wanted,
) -> Result<Source, Issue> {
    if path.trim().is_empty() {
        return Err(Issue::new("missing-source", field, "required"));
    }
    let absolute = absolute(base, path).map_err(|issue| Issue { path: field.to_owned(), ..issue })?;
    let named = shown(path, 200);
    let real = reach(settings, Path::new(&absolute)).map_err(|why| {
        let code = match why {
            Unreachable::Missing(_) => "missing-path",
            Unreachable::Outside => "unsupported-path",
        };
        Issue::new(code, field, format!("{named} {why}"))
    })?;
    let is_file = match (kind_of(&real), wanted) {
        (None, _) => {
            let why = format!("{named} is neither a directory nor a regular file");
            return Err(Issue::new("invalid-source", field, why));
        }
        (Some(MountKind::File), Wanted::Directory) => {
            return Err(Issue::new("not-directory", field, format!("{named} is not a directory")));
        }
        (Some(MountKind::Directory), Wanted::File) => {
            return Err(Issue::new("not-file", field, format!("{named} is not a file")));
        }
        (Some(kind), _) => kind == MountKind::File,
    };
    Ok(Source { path: real, is_file })
}

/// The content of the file that a recipe's path leads to, at most `max` bytes.
pub fn read(
    base: Option<&Path>,
    settings: &Settings,
    field: &str,
    path: &str,
    max: u64,
) -> Result<Vec<u8>, Issue> {
    let source = find(base, settings, field, path, Wanted::File)?;
    let real = source.path.to_string_lossy();
    read_host_file(settings, Code::RecipeInvalid, field, &real, max)
        .map_err(|refusal| Issue::new("invalid-source", field, refusal.message))
}
