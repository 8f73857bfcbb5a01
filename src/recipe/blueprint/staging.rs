//! A step's files: from where they are named to where the guest finds them.

use super::path::SandboxPath;
use super::resource::Resource;
use super::steps::Problem;
use crate::recipe::host_files::{Found, HostFileError, HostFiles, MAX_FILES};
use crate::sandbox::{Content, ContentTask, STAGING, StagedFile};
use serde_json::{Map, Value};

/// Literal trees nest no deeper.
const MAX_DEPTH: usize = 32;

/// Collects the files of one step.
pub(super) struct Staging<'a, 'b> {
    host: &'a mut HostFiles<'b>,
    files: Vec<StagedFile>,
    next: usize,
}

/// A resource inside the sandbox.
pub(super) struct Staged {
    /// Where the guest finds it.
    pub path: String,
    /// What it is called outside.
    pub name: String,
}

impl<'a, 'b> Staging<'a, 'b> {
    pub(super) fn new(host: &'a mut HostFiles<'b>) -> Staging<'a, 'b> {
        Staging { host, files: Vec::new(), next: 0 }
    }

    /// Text that the step itself holds.
    pub(super) fn text(&mut self, field: &str, text: String) -> Result<Staged, Problem> {
        let bytes = self.host.literal(text).map_err(|error| unread(field, &error))?;
        let path = self.place();
        self.files.push(StagedFile { path: path.clone(), bytes });
        Ok(Staged { path: inside(&path), name: String::new() })
    }

    /// A resource that must be one file. What it turns out to be in the sandbox, only the guest can
    /// tell.
    pub(super) fn file(&mut self, field: &str, resource: Resource) -> Result<Staged, Problem> {
        if matches!(resource, Resource::Zip { .. }) {
            return Err(Problem::new(
                "unsupported-blueprint-resource",
                field,
                "archives are not packed here: name what is in it",
            ));
        }
        let directory = matches!(resource, Resource::LiteralDirectory { .. });
        let count = self.files.len();
        let staged = self.any(field, resource)?;
        // Besides: a bundled directory has staged more than its own name, or nothing at all.
        if directory
            || self.files.len() != count && self.files[count].path != staged.path[STAGING.len() + 1..]
        {
            return Err(Problem::new(
                "invalid-blueprint-resource",
                field,
                "a file is needed, and this is a directory",
            ));
        }
        Ok(staged)
    }

    /// A file or a directory.
    pub(super) fn any(&mut self, field: &str, resource: Resource) -> Result<Staged, Problem> {
        if let Some(kind) = resource.needs_network() {
            return Err(Problem::new(
                "unsupported-blueprint-resource",
                field,
                format!("a {kind} resource needs the network: use a bundled, literal or vfs resource"),
            ));
        }
        match resource {
            Resource::Vfs { path } => {
                Ok(Staged { name: path.name().to_owned(), path: path.as_str().to_owned() })
            }
            Resource::Literal { name, contents } => {
                let staged = self.text(field, contents)?;
                Ok(Staged { name, ..staged })
            }
            Resource::LiteralDirectory { name, files } => {
                let path = self.place();
                self.tree(field, &path, files, 0)?;
                Ok(Staged { path: inside(&path), name })
            }
            Resource::Bundled { path } => self.bundled(field, &path),
            Resource::Zip { inner, name } => {
                let staged = self.any(field, *inner)?;
                Ok(Staged { name: name.unwrap_or(staged.name), ..staged })
            }
            Resource::Url { .. }
            | Resource::DirectoryPlugin { .. }
            | Resource::DirectoryTheme { .. }
            | Resource::Git { .. } => unreachable!("refused above: they need the network"),
        }
    }

    fn bundled(&mut self, field: &str, path: &str) -> Result<Staged, Problem> {
        let found = self.host.read(path).map_err(|error| unread(field, &error))?;
        let place = self.place();
        match found {
            Found::File(bytes) => self.files.push(StagedFile { path: place.clone(), bytes }),
            Found::Directory(tree) => {
                let files = tree.into_iter();
                self.files.extend(
                    files
                        .map(|file| StagedFile { path: format!("{place}/{}", file.path), bytes: file.bytes }),
                );
            }
        }
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Ok(Staged { path: inside(&place), name: name.to_owned() })
    }

    fn tree(
        &mut self,
        field: &str,
        place: &str,
        files: Map<String, Value>,
        depth: usize,
    ) -> Result<(), Problem> {
        if depth == MAX_DEPTH || self.files.len() > MAX_FILES {
            return Err(unread(field, &HostFileError::TooMany));
        }
        for (name, node) in files {
            // A name may lead into directories, as Playground's own trees do.
            let relative = SandboxPath::parse(&format!("/workspace/{name}"))
                .ok()
                .filter(|path| !name.is_empty() && !name.starts_with('/') && path.as_str() != "/workspace")
                .ok_or_else(|| {
                    Problem::new("invalid-blueprint-path", field, "a name in it is no relative path")
                })?;
            let path = format!("{place}{}", &relative.as_str()["/workspace".len()..]);
            match node {
                Value::String(text) => {
                    let bytes = self.host.literal(text).map_err(|error| unread(field, &error))?;
                    self.files.push(StagedFile { path, bytes });
                }
                Value::Object(inner) => self.tree(field, &path, inner, depth + 1)?,
                _ => {
                    let what = "a file in it is neither text nor a directory";
                    return Err(Problem::new("invalid-blueprint-resource", field, what));
                }
            }
        }
        Ok(())
    }

    fn place(&mut self) -> String {
        let place = self.next.to_string();
        self.next += 1;
        place
    }

    /// The task with its files.
    pub(super) fn with(self, task: ContentTask) -> Content {
        Content { task, files: self.files }
    }
}

fn inside(path: &str) -> String {
    format!("{STAGING}/{path}")
}

fn unread(field: &str, error: &HostFileError) -> Problem {
    let code = match error {
        HostFileError::TooLarge | HostFileError::TooMany => "unbounded-blueprint-resource",
        HostFileError::Missing | HostFileError::NoBase => "missing-blueprint-resource",
        _ => "invalid-blueprint-resource",
    };
    Problem::new(code, field, error.to_string())
}
