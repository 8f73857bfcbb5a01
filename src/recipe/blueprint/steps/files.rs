//! Files and directories.

use super::{Problem, Step};
use crate::recipe::blueprint::path::SandboxPath;
use crate::recipe::blueprint::resource::Resource;
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Command, ContentTask};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeDirectory {
    path: SandboxPath,
}

impl Step for MakeDirectory {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        Ok(staging.with(ContentTask::MakeDirectory { path: self.path.into() }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveFile {
    path: SandboxPath,
}

impl Step for RemoveFile {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        Ok(staging.with(ContentTask::RemoveFile { path: self.path.into() }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveDirectory {
    path: SandboxPath,
}

impl Step for RemoveDirectory {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let path = movable("path", self.path)?;
        Ok(staging.with(ContentTask::RemoveDirectory { path }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Copy {
    from_path: SandboxPath,
    to_path: SandboxPath,
}

impl Step for Copy {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let from = movable("fromPath", self.from_path)?;
        Ok(staging.with(ContentTask::CopyPath { from, to: self.to_path.into() }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Move {
    from_path: SandboxPath,
    to_path: SandboxPath,
}

impl Step for Move {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let from = movable("fromPath", self.from_path)?;
        Ok(staging.with(ContentTask::MovePath { from, to: self.to_path.into() }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteFile {
    path: SandboxPath,
    data: Data,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "text, or a resource")]
enum Data {
    Text(String),
    Resource(Resource),
}

impl Step for WriteFile {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let from = match self.data {
            Data::Text(text) => staging.text("data", text)?,
            Data::Resource(resource) => staging.file("data", resource)?,
        };
        let task = ContentTask::WriteFile { path: self.path.into(), from: from.path };
        Ok(staging.with(task).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WriteFiles {
    write_to_path: SandboxPath,
    files_tree: Resource,
}

impl Step for WriteFiles {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let from = staging.any("filesTree", self.files_tree)?;
        let task = ContentTask::WriteFiles { path: self.write_to_path.into(), from: from.path };
        Ok(staging.with(task).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Unzip {
    #[serde(default)]
    zip_file: Option<Resource>,
    #[serde(default)]
    zip_path: Option<SandboxPath>,
    extract_to_path: SandboxPath,
}

impl Step for Unzip {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let archive = match (self.zip_file, self.zip_path) {
            (Some(resource), None) => staging.file("zipFile", resource)?.path,
            (None, Some(path)) => path.into(),
            _ => {
                return Err(Problem::new(
                    "invalid-blueprint",
                    "zipFile",
                    "either zipFile or zipPath is required",
                ));
            }
        };
        let task = ContentTask::Unzip { archive, into: self.extract_to_path.into() };
        Ok(staging.with(task).into())
    }
}

/// A path whose content can be taken away, or copied, as a whole.
fn movable(field: &str, path: SandboxPath) -> Result<String, Problem> {
    if path.holds_own() {
        return Err(Problem::new("invalid-blueprint-path", field, "the sandbox itself needs this directory"));
    }
    Ok(path.into())
}
