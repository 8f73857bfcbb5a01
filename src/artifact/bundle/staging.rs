//! A directory in which a bundle comes into being, file by file.

use super::manifest::{FileRedaction, ManifestFile, pretty, to_value};
use super::paths::DOCUMENTS;
use crate::artifact::ArtifactError;
use crate::artifact::confined::Dir;
use crate::artifact::digest::FileDigest;
use crate::artifact::{Found, Redactor, Tally};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// JSON documents by their path in a bundle.
pub type Documents = BTreeMap<String, Value>;

/// Writes files once each, without secrets, and remembers their hashes.
pub struct Staging<'a> {
    dir: &'a Dir,
    redactor: &'a Redactor,
    files: Vec<ManifestFile>,
    /// As they were written.
    documents: Documents,
    /// What was redacted in the files so far.
    pub tally: Tally,
    /// The same in files that show once more what another file shows, and is counted there.
    repeated: Tally,
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
        Staging {
            dir,
            redactor,
            files: Vec::new(),
            documents: Documents::new(),
            tally,
            repeated: Tally::default(),
        }
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

    pub fn json(&mut self, path: &str, kind: &str, value: &impl Serialize) -> Result<(), ArtifactError> {
        let value = self.clean(path, value);
        self.document(path, kind, value)
    }

    /// Writes JSON that holds no secret any more.
    pub fn document(&mut self, path: &str, kind: &str, value: Value) -> Result<(), ArtifactError> {
        self.write(path, kind, "application/json", &pretty(&value))?;
        if DOCUMENTS.contains(&path) {
            self.documents.insert(path.into(), value);
        }
        Ok(())
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
        self.create(path).and_then(|mut file| file.write_all(bytes)).map_err(ArtifactError::PersistFailed)?;
        self.files.push(ManifestFile {
            path: path.into(),
            kind: kind.into(),
            content_type: content_type.into(),
            sha256: FileDigest::of(bytes),
            redaction: None,
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
        let sha256 = FileDigest::sha256(value);
        self.files.push(ManifestFile { path, kind, content_type, sha256, redaction: None });
        Ok(())
    }

    /// What has been written so far.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// The hash of a file that has been written; empty if it has not.
    pub fn sha256(&self, path: &str) -> String {
        let file = self.files.iter().find(|file| file.path == path);
        file.map(|file| file.sha256.value.clone()).unwrap_or_default()
    }

    /// Notes what was redacted in a file that repeats what another one shows.
    pub fn repeats(&mut self, path: &str, found: &Found) {
        self.repeated.add(path, found);
    }

    /// The same for a file that shows what `original` shows.
    pub fn repeats_file(&mut self, path: &str, original: &str) {
        if let Some(found) = self.tally.of(original).cloned() {
            self.repeats(path, &found);
        }
    }

    /// The rows of the manifest: every file, with what was redacted in it; and the documents.
    pub fn listed(self) -> (Vec<ManifestFile>, Documents) {
        let (tally, repeated) = (self.tally, self.repeated);
        let row = |mut file: ManifestFile| {
            let mut found = tally.of(&file.path).cloned().unwrap_or_default();
            found.absorb(repeated.of(&file.path).unwrap_or(&Found::default()));
            file.redaction = Some(FileRedaction::of(&found));
            file
        };
        (self.files.into_iter().map(row).collect(), self.documents)
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    fn create(&self, path: &str) -> io::Result<File> {
        match self.dir.create_file(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                self.dir.create_parents(path)?;
                self.dir.create_file(path)
            }
            made => made,
        }
    }
}

impl Writing {
    pub fn path(&self) -> &str {
        &self.entry.0
    }

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
