//! A directory in which a bundle comes into being, file by file.

use super::manifest::{ManifestFile, pretty, to_value};
use crate::artifact::ArtifactError;
use crate::artifact::confined::Dir;
use crate::artifact::digest::FileDigest;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Writes files once each and remembers their hashes.
pub struct Staging<'a> {
    dir: &'a Dir,
    files: Vec<ManifestFile>,
}

/// A file that is being written.
pub struct Writing {
    file: BufWriter<File>,
    hash: Sha256,
    entry: (String, &'static str, String),
}

impl<'a> Staging<'a> {
    pub fn new(dir: &'a Dir) -> Self {
        Staging { dir, files: Vec::new() }
    }

    pub fn json(
        &mut self,
        path: &str,
        kind: &str,
        value: &impl Serialize,
    ) -> Result<(), ArtifactError> {
        self.bytes(path, kind, "application/json", &pretty(&to_value(value)))
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
            bytes.extend(to_value(&row).to_string().bytes());
            bytes.push(b'\n');
        }
        self.bytes(path, kind, "application/x-ndjson", &bytes)
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

    /// Opens a file to be written bit by bit; [`Staging::finish`] lists it.
    pub fn begin(
        &self,
        path: impl Into<String>,
        kind: &'static str,
        content_type: &str,
    ) -> io::Result<Writing> {
        let path = path.into();
        let file = BufWriter::new(self.create(&path)?);
        Ok(Writing { file, hash: Sha256::new(), entry: (path, kind, content_type.into()) })
    }

    pub fn finish(&mut self, mut writing: Writing) -> Result<(), ArtifactError> {
        writing.file.flush().map_err(ArtifactError::PersistFailed)?;
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

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
