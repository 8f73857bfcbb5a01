//! Opening a pack: cheap enough for every process start.

use super::PackError;
use super::manifest::{self, Manifest, Settings, Target};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A pack that this machine and this engine can use. Its bytes are those of the manifest only as
/// far as [`Pack::verify`] has been asked.
#[derive(Debug, Clone)]
pub struct Pack {
    dir: PathBuf,
    id: String,
    manifest: Manifest,
    module: PathBuf,
    memory: PathBuf,
    wordpress: PathBuf,
    sqlite: PathBuf,
    wp_cli: PathBuf,
}

/// Packs that this process has opened, each with what its manifest was then. One in practice.
static OPENED: Mutex<Vec<(PathBuf, Seen, Arc<Pack>)>> = Mutex::new(Vec::new());

/// Tells one manifest from another without reading it: device, inode, size and time of change.
type Seen = (u64, u64, u64, i64, i64);

fn seen(dir: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(dir.join(manifest::MANIFEST)).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.size(), metadata.ctime(), metadata.ctime_nsec()))
}

impl Pack {
    /// [`open`](Self::open), once in a process for as long as the manifest stays the same. A pack
    /// that is built anew has another one.
    pub fn shared(dir: &Path) -> Result<Arc<Pack>, PackError> {
        let now = seen(dir);
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.iter().find(|(known, then, _)| known == dir && Some(*then) == now);
        if let Some((_, _, pack)) = known {
            return Ok(Arc::clone(pack));
        }
        let pack = Arc::new(Pack::open(dir)?);
        opened.retain(|(known, _, _)| known != dir);
        // Unless it changed while it was read.
        if let Some(now) = now.filter(|now| seen(dir) == Some(*now)) {
            opened.push((dir.to_owned(), now, Arc::clone(&pack)));
        }
        Ok(pack)
    }

    /// Reads the manifest and looks at each part's files, without reading them: the schema, the
    /// machine, the engine, presence and length.
    pub fn open(dir: &Path) -> Result<Pack, PackError> {
        let dir = match std::fs::canonicalize(dir) {
            Ok(dir) => dir,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
                return Err(PackError::Missing { dir });
            }
            Err(source) => return Err(PackError::Unreadable { path: dir.to_owned(), source }),
        };
        let manifest = Manifest::read(&dir)?;
        compatible(&dir, &manifest)?;
        present(&dir, &manifest)?;

        let incomplete =
            |reason| PackError::Malformed { dir: dir.clone(), path: dir.join(manifest::MANIFEST), reason };
        let php = manifest.php.first().ok_or_else(|| incomplete("it has no PHP".to_owned()))?;
        let wordpress = manifest.tree(manifest::WORDPRESS).map_err(incomplete)?;
        let sqlite = manifest.tree(manifest::SQLITE).map_err(incomplete)?;
        let wp_cli = manifest.file(manifest::WP_CLI).map_err(incomplete)?;
        Ok(Pack {
            id: manifest.id(),
            module: php.module.beneath(&dir),
            memory: php.memory.beneath(&dir),
            wordpress: wordpress.beneath(&dir),
            sqlite: sqlite.beneath(&dir),
            wp_cli: wp_cli.beneath(&dir),
            dir,
            manifest,
        })
    }

    /// The pack's directory, absolute and without symbolic links.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Lower-case hexadecimal sha256 over the manifest's canonical JSON. Two packs with the same id
    /// have the same bytes.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The default PHP's compiled module.
    pub fn php_module(&self) -> &Path {
        &self.module
    }

    /// The default PHP's initial linear memory, from address 0.
    pub fn php_memory(&self) -> &Path {
        &self.memory
    }

    /// E.g. `8.3.33`.
    pub fn php_version(&self) -> &str {
        &self.manifest.php[0].version
    }

    /// The directory of WordPress core.
    pub fn wordpress(&self) -> &Path {
        &self.wordpress
    }

    /// As `wp-includes/version.php` says it.
    pub fn wordpress_version(&self) -> &str {
        self.manifest.part(manifest::WORDPRESS).map_or("", |part| &part.version)
    }

    /// The directory of the SQLite integration plugin.
    pub fn sqlite_integration(&self) -> &Path {
        &self.sqlite
    }

    /// `wp-cli.phar`.
    pub fn wp_cli(&self) -> &Path {
        &self.wp_cli
    }

    /// Reads every byte and compares it with the manifest. The error lists every difference.
    pub fn verify(&self) -> Result<(), PackError> {
        self.manifest.verify(&self.dir)
    }
}

/// The command that makes the pack at `dir`, or makes it anew if it does not open.
pub fn build_command(dir: &Path) -> String {
    format!("wp-codebox-runtime build --out {}", quoted(dir))
}

/// The command that makes the pack at `dir` anew although it opens.
pub fn rebuild_command(dir: &Path) -> String {
    format!("wp-codebox-runtime build --force --out {}", quoted(dir))
}

/// For a shell.
fn quoted(dir: &Path) -> String {
    let dir = dir.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%=:,".contains(c);
    if !dir.is_empty() && !dir.starts_with('-') && dir.chars().all(plain) {
        dir.into_owned()
    } else {
        format!("'{}'", dir.replace('\'', r"'\''"))
    }
}

/// Whether code in the pack can run here.
pub(super) fn compatible(dir: &Path, manifest: &Manifest) -> Result<(), PackError> {
    let dir = dir.to_owned();
    let (target, here) = (&manifest.target, Target::here());
    if (&target.arch, &target.os) != (&here.arch, &here.os) {
        return Err(PackError::Cpu {
            dir,
            found: format!("{} {}", target.os, target.arch),
            expected: format!("{} {}", here.os, here.arch),
        });
    }
    let (engine, here) = (&manifest.engine, Settings::here());
    if engine.wasmtime != here.wasmtime {
        let found = engine.wasmtime.clone();
        return Err(PackError::Wasmtime { dir, found, expected: here.wasmtime });
    }
    if engine.configuration != here.configuration {
        return Err(PackError::Configuration { dir });
    }
    Ok(())
}

/// Whether the files that the manifest itself lists, and the trees' roots, are there.
fn present(dir: &Path, manifest: &Manifest) -> Result<(), PackError> {
    let part =
        |path: &str, reason: String| PackError::Part { dir: dir.to_owned(), path: path.to_owned(), reason };
    for file in manifest.listed() {
        let path = file.path.beneath(dir);
        match std::fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => {
                return Err(part(file.path.as_str(), "is not a regular file".to_owned()));
            }
            Ok(found) if found.len() != file.size => {
                let reason = format!("has {} bytes instead of {}", found.len(), file.size);
                return Err(part(file.path.as_str(), reason));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(part(file.path.as_str(), "is missing".to_owned()));
            }
            Err(source) => return Err(PackError::Unreadable { path, source }),
        }
    }
    for tree in manifest.trees() {
        if !tree.root.beneath(dir).is_dir() {
            return Err(part(tree.root.as_str(), "is missing".to_owned()));
        }
    }
    Ok(())
}
