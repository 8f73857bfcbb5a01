//! The files of a capture.

use super::CaptureState;
use crate::contract::{Change, Code, FileKind, FileState, digest_hex};
use crate::engine::vfs::Vfs;
use crate::sandbox::command::Failure;
use crate::sandbox::files;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

const WP_CONTENT: &str = "/wordpress/wp-content/";

/// Most files of a capture, and bytes of their content.
const FILES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Default)]
pub(in crate::sandbox) struct StateFiles {
    pub(super) files: Vec<StateFile>,
    pub(super) removed: Vec<String>,
    pub(super) bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::sandbox) struct StateFile {
    /// Relative to wp-content.
    pub(super) path: String,
    /// Permission bits in octal, such as `644`.
    mode: String,
    size: u64,
    pub(super) sha256: String,
    /// `utf-8` or `base64`.
    encoding: &'static str,
    content: String,
}

/// The files of wp-content that the sandbox did not begin with and the host did not place. The
/// caller's mounts are not among them.
pub(in crate::sandbox) fn changed_files(capture: &CaptureState, vfs: &Vfs) -> Result<StateFiles, Failure> {
    let mut found = StateFiles::default();
    for target in ["/", "/wordpress/wp-content/themes"] {
        let failed = |errno| Failure::new(Code::RunFailed, format!("The files could not be read: {errno}."));
        let set = vfs.changes(target, 0).map_err(failed)?;
        if set.omitted > 0 {
            return Err(too_much());
        }
        for change in set.changes {
            // Names that are no text cannot be told in JSON, and nothing of WordPress's has one.
            let Ok(path) = str::from_utf8(&change.path) else { continue };
            let path = format!("{}/{path}", target.trim_end_matches('/'));
            let Some(name) = path.strip_prefix(WP_CONTENT) else { continue };
            if !files::is_placed(&path) && capture.wants(name) {
                found.add(name, &change)?;
            }
        }
    }
    found.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

impl StateFiles {
    fn add(&mut self, name: &str, change: &Change) -> Result<(), Failure> {
        match &change.after {
            Some(state) if state.kind == FileKind::Regular => self.read(name, state),
            Some(_) => Ok(()),
            None => {
                self.removed.push(name.to_owned());
                Ok(())
            }
        }
    }

    fn read(&mut self, name: &str, state: &FileState) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(state.size);
        if self.bytes > BYTES_MAX || self.files.len() >= FILES_MAX {
            return Err(too_much());
        }
        let bytes = state
            .content
            .bytes()
            .map_err(|error| Failure::new(Code::RunFailed, format!("{name} could not be read: {error}.")))?;
        let sha256 = digest_hex([bytes.as_slice()]);
        let (encoding, content) = match String::from_utf8(bytes) {
            Ok(text) => ("utf-8", text),
            Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
        };
        let mode = format!("{:o}", state.mode & 0o7777);
        self.files.push(StateFile {
            path: name.to_owned(),
            mode,
            size: state.size,
            sha256,
            encoding,
            content,
        });
        Ok(())
    }
}

fn too_much() -> Failure {
    Failure::new(
        Code::RunFailed,
        format!(
            "There are more than {FILES_MAX} files or {} MiB in wp-content. Name what is wanted with \
             snapshot-include-wp-content or snapshot-exclude-wp-content.",
            BYTES_MAX >> 20
        ),
    )
}
