//! `runtime.assets.wordpressZip`: a WordPress core that comes as a zip.
//!
//! It is unpacked once, into the cache, under the digest of the archive: `<cache>/cores-<user id>/<digest>/`.
//!
//! Invariant: a directory under its digest is complete, and holds what the archive of that digest holds
//! of a core. What is being unpacked has another name until then.

use super::validate::ARCHIVE_BYTES;
use crate::artifact::{ZipError, unpack_zip, zip_names};
use crate::contract::{Code, Refusal};
use crate::sandbox::{SandboxError, is_core, is_core_path, private_directory};
use sha2::{Digest, Sha256};
use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

/// Cores that are kept, and how long one that nobody uses is certainly kept.
const MOST: usize = 8;
const IN_USE: Duration = Duration::from_secs(24 * 3600);

/// After this time a core is not one any more that has changed just now.
const SETTLED: Duration = Duration::from_millis(100);

/// Prefix of what is being unpacked, or was when its process died.
const UNFINISHED: &str = ".unfinished-";

/// Why an archive is of no use.
#[derive(Debug, thiserror::Error)]
pub enum CoreArchiveError {
    /// Name a zip. A directory has a field of its own.
    #[error("it is not a zip")]
    NoZip,
    #[error("an archive has at most {} MiB", ARCHIVE_BYTES >> 20)]
    TooLarge,
    /// Pack it again with any zip tool.
    #[error("the archive cannot be unpacked: {0}")]
    Zip(#[from] ZipError),
    /// Give a release of WordPress: wp-load.php, wp-settings.php, wp-admin and wp-includes, at the top or in
    /// one directory.
    #[error("it does not hold WordPress's core files")]
    NoCore,
    /// Somebody wrote to it.
    #[error("it has changed while it was read")]
    Changed,
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// Correct the cache directory, or make room in it.
    #[error("the cache directory cannot hold it: {0}")]
    Cache(io::Error),
    /// Another user's, or one that others can write to, is not believed: name another cache directory.
    #[error("{} is not this user's alone", .0.display())]
    Foreign(PathBuf),
    #[error(transparent)]
    Directory(#[from] SandboxError),
}

impl From<CoreArchiveError> for Refusal {
    fn from(error: CoreArchiveError) -> Refusal {
        match error {
            CoreArchiveError::Directory(error) => error.into(),
            error @ (CoreArchiveError::Cache(_)
            | CoreArchiveError::Foreign(_)
            | CoreArchiveError::Zip(ZipError::Io(_))) => {
                Refusal::new(Code::CacheUnwritable, format!("The WordPress was not unpacked: {error}."))
            }
            error => Refusal::new(Code::RecipeInvalid, format!("The WordPress was not unpacked: {error}.")),
        }
    }
}

/// An archive that holds a core, as far as its names tell.
pub struct CoreArchive {
    file: File,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// What the core's files have in front of their names: nothing, or a directory and a slash.
    top: String,
}

impl CoreArchive {
    /// Looks at an archive. Writes nothing.
    pub fn open(path: &Path) -> Result<CoreArchive, CoreArchiveError> {
        // A named pipe would wait for its other end.
        let open = || File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
        let mut file = open().map_err(CoreArchiveError::Read)?;
        let mut magic = [0; 4];
        if file.read_exact(&mut magic).is_err() || magic != *b"PK\x03\x04" {
            return Err(CoreArchiveError::NoZip);
        }
        let metadata = file.metadata().map_err(CoreArchiveError::Read)?;
        if let Some((digest, top)) = seen::find(&metadata) {
            return Ok(CoreArchive { file, digest, top });
        }
        let names = zip_names(&file)?;
        let top = top_of(&names).ok_or(CoreArchiveError::NoCore)?;
        let digest = copy(&file, &mut io::sink())?;
        seen::keep(&metadata, &file, (&digest, &top));
        Ok(CoreArchive { file, digest, top })
    }

    /// The directory with the core's files, unpacked if it was not yet.
    pub fn unpacked(&self, cache: &Path) -> Result<PathBuf, CoreArchiveError> {
        let root = cache.join(format!("cores-{}", rustix::process::geteuid().as_raw()));
        private_directory(&root)?;
        let root = root.canonicalize().map_err(CoreArchiveError::Cache)?;
        let metadata = fs::symlink_metadata(&root).map_err(CoreArchiveError::Cache)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
            return Err(CoreArchiveError::Foreign(root));
        }
        let place = root.join(&self.digest);
        if !place.is_dir() {
            self.unpack(&root, &place)?;
            tidy(&root, &place);
        }
        touch(&place);
        Ok(place)
    }

    fn unpack(&self, root: &Path, place: &Path) -> Result<(), CoreArchiveError> {
        let made = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(root);
        let made = made.map_err(CoreArchiveError::Cache)?;
        // From a copy that nobody else can write to: what is unpacked is what has the digest.
        let mut own = tempfile::tempfile_in(made.path()).map_err(CoreArchiveError::Cache)?;
        let digest = copy(&self.file, &mut own)?;
        if digest != self.digest {
            return Err(CoreArchiveError::Changed);
        }
        let core = made.path().join("core");
        fs::create_dir(&core).map_err(CoreArchiveError::Cache)?;
        unpack_zip(&own, &core, |name| name.strip_prefix(&self.top).filter(|path| is_core_path(path)))?;
        if !is_core(&core) {
            return Err(CoreArchiveError::NoCore);
        }
        rustix::fs::syncfs(File::open(&core).map_err(CoreArchiveError::Cache)?)
            .map_err(|errno| CoreArchiveError::Cache(errno.into()))?;
        match fs::rename(&core, place) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(_) if place.is_dir() => {}
            Err(error) => return Err(CoreArchiveError::Cache(error)),
        }
        // No image is kept of a core that has changed just now.
        sleep(SETTLED);
        Ok(())
    }
}

/// The top of an archive's core: where `wp-includes/version.php` lies, no deeper than one directory.
fn top_of(names: &[String]) -> Option<String> {
    let is_top = |top: &&str| top.is_empty() || top.find('/') == Some(top.len() - 1);
    let mut tops = names.iter().filter_map(|name| name.strip_suffix("wp-includes/version.php"));
    tops.find(is_top).map(str::to_owned).filter(|top| {
        let has = |path: &str| names.iter().any(|name| name.strip_prefix(top.as_str()) == Some(path));
        has("wp-load.php") && has("wp-settings.php")
    })
}

/// Copies an archive from its beginning, and gives its digest.
fn copy(mut from: &File, to: &mut impl Write) -> Result<String, CoreArchiveError> {
    from.rewind().map_err(CoreArchiveError::Read)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut left = ARCHIVE_BYTES;
    loop {
        let read = from.read(&mut buffer).map_err(CoreArchiveError::Read)?;
        if read == 0 {
            return Ok(format!("{:x}", hash.finalize()));
        }
        left = left.checked_sub(read as u64).ok_or(CoreArchiveError::TooLarge)?;
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read]).map_err(CoreArchiveError::Cache)?;
    }
}

/// Notes that a core was used. Only the order of removal depends on it.
fn touch(place: &Path) {
    if let Ok(directory) = File::open(place) {
        let _ = directory.set_times(FileTimes::new().set_modified(SystemTime::now()));
    }
}

/// Removes what processes that died have left, and cores that are too many and long unused. What
/// cannot be removed is left for the next time.
fn tidy(root: &Path, newest: &Path) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut cores: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(_, path)| path != newest)
        .collect();
    let unused = |at: &SystemTime| at.elapsed().is_ok_and(|elapsed| elapsed > IN_USE);
    cores.sort_unstable();
    let mut kept = 1;
    for (used, path) in cores.into_iter().rev() {
        let is_unfinished =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(UNFINISHED));
        if unused(&used) && (is_unfinished || kept >= MOST) {
            let _ = fs::remove_dir_all(path);
        } else if !is_unfinished {
            kept += 1;
        }
    }
}

/// Archives that this process has read: reading one takes longer than a recipe does.
///
/// Nobody can set a file's time of change back, so what looks the same is the same, unless it changed
/// within one tick of the clock: one that changed just now is not remembered.
mod seen {
    use std::fs::{File, Metadata};
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// So many are remembered.
    const MOST: usize = 16;
    const RECENT: Duration = Duration::from_millis(50);

    type Look = [i64; 7];
    /// A digest, and a top.
    type Known = (String, String);

    static SEEN: Mutex<Vec<(Look, Known)>> = Mutex::new(Vec::new());

    fn look(metadata: &Metadata) -> Look {
        [
            metadata.dev().cast_signed(),
            metadata.ino().cast_signed(),
            metadata.size().cast_signed(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ]
    }

    fn is_recent(metadata: &Metadata) -> bool {
        let changed = Duration::new(
            u64::try_from(metadata.ctime()).unwrap_or(0),
            u32::try_from(metadata.ctime_nsec()).unwrap_or(0),
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        changed + RECENT > now
    }

    pub(super) fn find(metadata: &Metadata) -> Option<Known> {
        let look = look(metadata);
        let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|(other, _)| *other == look).map(|(_, known)| known.clone())
    }

    /// Remembers what was read between the first look at the file and now.
    pub(super) fn keep(before: &Metadata, file: &File, (digest, top): (&str, &str)) {
        let unchanged = file.metadata().is_ok_and(|after| look(&after) == look(before));
        if !unchanged || is_recent(before) {
            return;
        }
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.remove(0);
        }
        seen.push((look(before), (digest.to_owned(), top.to_owned())));
    }
}
