//! A directory in which a bundle comes into being, file by file.

use super::manifest::{ManifestFile, pretty, to_value};
use crate::artifact::ArtifactError;
use crate::artifact::confined::Dir;
use crate::artifact::digest::FileDigest;
use crate::artifact::{Found, Redactor, Tally};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Writes files once each, without secrets, and remembers their hashes.
pub struct Staging<'a> {
    dir: &'a Dir,
    redactor: &'a Redactor,
    files: Vec<ManifestFile>,
    /// What was redacted in the files so far.
    pub tally: Tally,
}

/// A file that is being written.
pub struct Writing {
    /// `None` once it was closed.
    file: Option<BufWriter<File>>,
    hash: Sha256,
    entry: (String, &'static str, String),
}

impl<'a> Staging<'a> {
    /// `tally` is what was found before the files came about.
    pub fn new(dir: &'a Dir, redactor: &'a Redactor, tally: Tally) -> Self {
        Staging { dir, redactor, files: Vec::new(), tally }
    }

    pub fn redactor(&self) -> &'a Redactor {
        self.redactor
    }

    /// The value as it is written to `path`.
    pub fn clean(&mut self, path: &str, value: &impl Serialize) -> Value {
        let mut value = to_value(value);
        let mut found = Found::default();
        self.redactor.value(&mut value, &mut found);
        self.tally.add(path, &found);
        value
    }

    pub fn json(
        &mut self,
        path: &str,
        kind: &str,
        value: &impl Serialize,
    ) -> Result<(), ArtifactError> {
        let value = self.clean(path, value);
        self.write(path, kind, "application/json", &pretty(&value))
    }

    /// One JSON value a line; an empty file if there is none.
    pub fn json_lines<T: Serialize>(
        &mut self,
        path: &str,
        kind: &str,
        rows: impl IntoIterator<Item = T>,
    ) -> Result<(), ArtifactError> {
        let mut bytes = Vec::new();
        for row in rows {
            bytes.extend(self.clean(path, &row).to_string().bytes());
            bytes.push(b'\n');
        }
        self.write(path, kind, "application/x-ndjson", &bytes)
    }

    pub fn text(&mut self, path: &str, kind: &str, text: &str) -> Result<(), ArtifactError> {
        self.bytes(path, kind, "text/plain; charset=utf-8", text.as_bytes())
    }

    pub fn bytes(
        &mut self,
        path: &str,
        kind: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Result<(), ArtifactError> {
        let mut found = Found::default();
        let bytes = self.redactor.bytes(bytes, &mut found);
        self.tally.add(path, &found);
        self.write(path, kind, content_type, &bytes)
    }

    /// Writes what holds no secret any more.
    pub fn write(
        &mut self,
        path: &str,
        kind: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Result<(), ArtifactError> {
        self.create(path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(ArtifactError::PersistFailed)?;
        self.files.push(ManifestFile {
            path: path.into(),
            kind: kind.into(),
            content_type: content_type.into(),
            sha256: FileDigest::of(bytes),
        });
        Ok(())
    }

    /// Opens a file to be written bit by bit, by who has redacted what is written;
    /// [`Staging::finish`] lists it.
    pub fn begin(
        &self,
        path: impl Into<String>,
        kind: &'static str,
        content_type: &str,
    ) -> io::Result<Writing> {
        let path = path.into();
        let file = Some(BufWriter::new(self.create(&path)?));
        Ok(Writing { file, hash: Sha256::new(), entry: (path, kind, content_type.into()) })
    }

    pub fn finish(&mut self, mut writing: Writing) -> Result<(), ArtifactError> {
        writing.close().map_err(ArtifactError::PersistFailed)?;
        let (path, kind, content_type) = writing.entry;
        let value = writing.hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let kind = kind.into();
        self.files.push(ManifestFile { path, kind, content_type, sha256: FileDigest::sha256(value) });
        Ok(())
    }

    /// What has been written so far.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    fn create(&self, path: &str) -> io::Result<File> {
        self.dir.create_parents(path)?;
        self.dir.create_file(path)
    }
}

impl Writing {
    /// Writes what is buffered and closes the file: it holds no descriptor until it is listed.
    pub fn close(&mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush()?;
        }
        Ok(())
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let written = file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
