//! What is put into a sandbox: files, plugins, options, rows.
//!
//! A task is typed here and carried out by `guest/content/`. What is large, or nobody else's
//! business, is no part of it: the host places it as a file, which is gone again afterwards.

use super::Command;
use crate::sandbox::files;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where the guest finds the files of a task.
pub const STAGING: &str = "/internal/content";

/// A task and its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub task: ContentTask,
    pub files: Vec<StagedFile>,
}

/// A file that is in the sandbox for as long as the task runs.
#[derive(Clone, PartialEq)]
pub struct StagedFile {
    /// Relative to [`STAGING`].
    pub path: String,
    pub bytes: Arc<[u8]>,
}

/// Without the bytes, which may hold passwords.
impl fmt::Debug for StagedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedFile").field("path", &self.path).field("size", &self.bytes.len()).finish()
    }
}

/// What is done. Paths are the guest's, absolute; files that the host places are beneath
/// [`STAGING`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "task", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ContentTask {
    /// With its parents; one that is there already is as good.
    MakeDirectory {
        path: String,
    },
    RemoveFile {
        path: String,
    },
    /// With everything beneath it.
    RemoveDirectory {
        path: String,
    },
    /// A file, or a directory with everything beneath it.
    CopyPath {
        from: String,
        to: String,
    },
    MovePath {
        from: String,
        to: String,
    },
    /// With its parents.
    WriteFile {
        path: String,
        from: String,
    },
    /// Everything beneath `from` into the directory `path`.
    WriteFiles {
        path: String,
        from: String,
    },
    /// A zip archive.
    Unzip {
        archive: String,
        into: String,
    },
    /// A zip archive, a directory, or a plugin of one file.
    Install {
        kind: InstallKind,
        from: String,
        /// What the source is called outside.
        name: String,
        folder: Option<String>,
        existing: IfInstalled,
        activate: bool,
        /// What the plugin finds in the option `blueprint_activation_<plugin file>` while it is
        /// activated.
        activation_options: Map<String, Value>,
        /// A failure is reported and ends nothing.
        keep_going: bool,
    },
    /// A directory or a file beneath the plugins' directory.
    ActivatePlugin {
        plugin: String,
    },
    ActivateTheme {
        theme: String,
    },
    /// A PHP file with a request around it.
    RunPhp {
        file: String,
        server: BTreeMap<String, String>,
        environment: BTreeMap<String, String>,
    },
    SetOptions {
        options: Map<String, Value>,
    },
    /// For wp-config.php, from the next command on.
    DefineConstants {
        constants: Map<String, Value>,
    },
    /// Makes sure that there is such a user.
    LogIn {
        username: String,
    },
    SetUserMeta {
        user_id: u32,
        meta: Map<String, Value>,
    },
    /// `None`: posts of every type, and comments.
    ResetData {
        kinds: Option<Vec<ResetKind>>,
    },
    /// Statements of MySQL, after the tables were emptied.
    ImportSql {
        file: String,
        truncate: Vec<String>,
    },
    /// Records of another site.
    ImportSeed {
        file: String,
    },
    /// What WordPress's exporter has written.
    ImportWxr {
        file: String,
        /// The login of the user to whom posts of everybody else belong.
        default_author: String,
        authors: WxrAuthors,
        /// Logins of this site by the file's, for [`WxrAuthors::Map`].
        authors_map: BTreeMap<String, String>,
        comments: bool,
        rewrite_urls: bool,
        /// New addresses by old ones, besides the exported site's own.
        url_mapping: BTreeMap<String, String>,
    },
    /// One user: the file has the password.
    MakeUser {
        file: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstallKind {
    Plugin,
    Theme,
}

/// What becomes of a plugin or theme that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfInstalled {
    #[default]
    Overwrite,
    Skip,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResetKind {
    Posts,
    Pages,
    Comments,
}

/// Whose the posts of an export are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WxrAuthors {
    /// A user of the same login, made if there is none.
    Create,
    #[default]
    DefaultAuthor,
    /// The user that a map names; the default author's where it names none.
    Map,
}

impl Content {
    /// `key=value` arguments, as a record shows them.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut shown = vec![format!("content={}", json!(self.task))];
        shown.extend(
            self.files
                .iter()
                .take(SHOWN_FILES)
                .map(|file| format!("file={} ({} bytes)", file.path, file.bytes.len())),
        );
        if let Some(more) = self.files.len().checked_sub(SHOWN_FILES).filter(|more| *more > 0) {
            shown.push(format!("files={more} more"));
        }
        shown
    }

    pub(super) fn step(&self) -> (&'static str, Value) {
        let bootstrap = if self.needs_wordpress() { "wordpress" } else { "none" };
        (files::STEP_SCRIPT, json!({ "kind": "content", "content": self.task, "bootstrap": bootstrap }))
    }

    /// Files can be brought in order even if WordPress does not load.
    pub(super) fn needs_wordpress(&self) -> bool {
        !matches!(
            self.task,
            ContentTask::MakeDirectory { .. }
                | ContentTask::RemoveFile { .. }
                | ContentTask::RemoveDirectory { .. }
                | ContentTask::CopyPath { .. }
                | ContentTask::MovePath { .. }
                | ContentTask::WriteFile { .. }
                | ContentTask::WriteFiles { .. }
                | ContentTask::Unzip { .. }
                | ContentTask::DefineConstants { .. }
        )
    }
}

/// Files that a record names.
const SHOWN_FILES: usize = 20;

impl From<Content> for Command {
    fn from(content: Content) -> Command {
        Command::Content(content)
    }
}
