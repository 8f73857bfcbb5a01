//! Hostile archives: each is refused, and nothing appears outside the destination.

use crate::support::names;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use tar::{EntryType, Header};
use tempfile::{TempDir, tempdir};
use wp_codebox::contract::digest_hex;
use wp_codebox::engine::pack::PackFile;
use wp_codebox::engine::pack::build::{BuildError, Limits, unpack};

/// An archive written block by block, so that it can say what a library would not let it say.
#[derive(Default)]
struct Hostile(Vec<u8>);

impl Hostile {
    fn entry(mut self, kind: EntryType, name: &[u8], link: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o6755);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(EntryType::Regular, name.as_bytes(), "", content)
    }

    fn gzip(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&self.0).unwrap();
        gzip.finish().unwrap()
    }
}

struct Attempt {
    temp: TempDir,
    result: Result<Vec<PackFile>, BuildError>,
}

/// Unpacks everything into the directory `dest` of an otherwise empty directory.
fn attempt(archive: &[u8], limits: Limits) -> Attempt {
    let temp = tempdir().unwrap();
    let dest = temp.path().join("dest");
    fs::create_dir(&dest).unwrap();
    let mut everything = |path: &str| Some(path.to_owned());
    let result = unpack(archive, "hostile.tgz", &dest, limits, &mut everything);
    assert_eq!(names(temp.path()), ["dest"], "something got out");
    Attempt { temp, result }
}

fn refused(archive: Hostile, word: &str) {
    refused_within(archive, Limits::default(), word);
}

fn refused_within(archive: Hostile, limits: Limits, word: &str) {
    match attempt(&archive.gzip(), limits).result {
        Err(BuildError::Archive { reason, .. }) => {
            assert!(reason.contains(word), "{word:?} in {reason:?}");
        }
        other => panic!("{word}: {other:?}"),
    }
}

#[test]
fn wanted_files_come_out_with_their_digests_and_nothing_else() {
    let long = format!("package/{}/file", "directory".repeat(15));
    let archive = Hostile::default()
        .entry(EntryType::XGlobalHeader, b"pax_global_header", "", b"19 comment=abcdefg\n")
        .entry(EntryType::Directory, b"package/", "", b"")
        .file("package/a.txt", b"alpha")
        .file("package/sub/b.txt", b"beta")
        .file("package/c.txt", b"gamma")
        .entry(EntryType::GNULongName, b"././@LongLink", "", long.as_bytes())
        .file("package/cut", b"long");
    let temp = tempdir().unwrap();
    let mut place = |path: &str| match path {
        "a.txt" => None,
        other => Some(format!("kept/{other}")),
    };
    let gzip = archive.gzip();
    let name = "good.tgz";
    let files = unpack(gzip.as_slice(), name, temp.path(), Limits::default(), &mut place).unwrap();
    let found: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let long = long.replace("package/", "kept/");
    assert_eq!(found, [("kept/sub/b.txt", 4), ("kept/c.txt", 5), (&long, 4)]);
    assert_eq!(files[0].sha256, digest_hex([b"beta".as_slice()]));
    assert_eq!(fs::read(temp.path().join("kept/sub/b.txt")).unwrap(), b"beta");
    assert_eq!(names(&temp.path().join("kept")).len(), 3);
}

#[test]
fn modes_are_not_taken_over() {
    use std::os::unix::fs::PermissionsExt;
    let attempt = attempt(&Hostile::default().file("package/a", b"").gzip(), Limits::default());
    attempt.result.unwrap();
    let mode = fs::metadata(attempt.temp.path().join("dest/a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7133, 0, "{mode:o}");
}

#[test]
fn paths_that_leave_the_destination() {
    for (path, word) in [
        ("package/../../evil", "`..`"),
        ("package/../evil", "`..`"),
        ("../evil", "`..`"),
        ("/evil", "absolute"),
        ("package//evil", "empty"),
        ("package/./evil", "`.`"),
        ("package/a\\..\\evil", "backslash"),
        ("package/a\nb", "control character"),
        ("evil", "outside package/"),
        ("packageevil/a", "outside package/"),
    ] {
        refused(Hostile::default().file(path, b"x"), word);
    }
    refused(Hostile::default().entry(EntryType::Regular, b"package/\xff", "", b""), "UTF-8");
}

#[test]
fn paths_that_leave_the_destination_by_way_of_an_extended_header() {
    let evil = b"package/../../evil";
    let archive = Hostile::default()
        .entry(EntryType::GNULongName, b"././@LongLink", "", evil)
        .file("package/good", b"x");
    refused(archive, "`..`");
    let archive = Hostile::default()
        .entry(EntryType::XHeader, b"PaxHeader/good", "", b"27 path=package/../../evil\n")
        .file("package/good", b"x");
    refused(archive, "`..`");
}

#[test]
fn anything_but_files_and_directories() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::new(b'Z'),
    ] {
        refused(Hostile::default().entry(kind, b"package/a", "/etc/passwd", b""), "of the type");
    }
}

#[test]
fn a_link_and_then_a_file_through_it() {
    let archive =
        Hostile::default().entry(EntryType::Symlink, b"package/a", "..", b"").file("package/a/evil", b"x");
    refused(archive, "Symlink");
    let archive =
        Hostile::default().entry(EntryType::Link, b"package/a", "../evil", b"").file("package/a", b"x");
    refused(archive, "Link");
}

#[test]
fn a_file_is_not_written_through_a_link_that_was_there_before() {
    let temp = tempdir().unwrap();
    let (dest, outside) = (temp.path().join("dest"), temp.path().join("outside"));
    fs::create_dir(&dest).unwrap();
    fs::write(&outside, "before").unwrap();
    std::os::unix::fs::symlink(&outside, dest.join("a")).unwrap();
    let gzip = Hostile::default().file("package/a", b"x").gzip();
    let mut everything = |path: &str| Some(path.to_owned());
    let name = "hostile.tgz";
    unpack(gzip.as_slice(), name, &dest, Limits::default(), &mut everything).unwrap_err();
    assert_eq!(fs::read(&outside).unwrap(), b"before");
}

#[test]
fn the_same_name_twice() {
    let archive = Hostile::default().file("package/a", b"one").file("package/a", b"two");
    refused(archive, "a twice");
}

#[test]
fn a_bomb_of_bytes() {
    let zeros = vec![0; 4 << 20];
    let archive = Hostile::default().file("package/a", &zeros);
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let gzip = archive.gzip();
    assert!(gzip.len() < 64 << 10);
    let attempt = attempt(&gzip, limits);
    let error = attempt.result.unwrap_err().to_string();
    assert!(error.contains("unpacks to more bytes"), "{error}");
    let written = fs::metadata(attempt.temp.path().join("dest/a")).unwrap().len();
    assert!(written <= limits.bytes, "{written}");
}

#[test]
fn a_bomb_of_bytes_in_a_file_that_is_not_wanted() {
    let gzip = Hostile::default().file("package/a", &vec![0; 4 << 20]).gzip();
    let temp = tempdir().unwrap();
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let name = "hostile.tgz";
    let error = unpack(gzip.as_slice(), name, temp.path(), limits, &mut |_| None).unwrap_err();
    assert!(error.to_string().contains("unpacks to more bytes"), "{error}");
}

#[test]
fn a_bomb_of_entries() {
    let archive = (0..20).fold(Hostile::default(), |archive, i| {
        archive.entry(EntryType::Directory, format!("package/{i}").as_bytes(), "", b"")
    });
    let limits = Limits { entries: 19, ..Limits::default() };
    refused_within(archive, limits, "more than 19 entries");
}

#[test]
fn a_bomb_in_a_header_that_the_reader_holds_in_memory() {
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let archive = Hostile::default()
            .entry(kind, b"././@LongLink", "", &vec![b'a'; 1 << 20])
            .file("package/a", b"x");
        refused(archive, "larger headers");
    }
}

#[test]
fn an_archive_that_is_cut_short_or_is_none() {
    let whole = Hostile::default().file("package/a", &[7; 4000]).gzip();
    for bytes in [&whole[..whole.len() / 2], b"not a gzip file".as_slice(), b"".as_slice()] {
        let result = attempt(bytes, Limits::default()).result;
        assert!(matches!(result, Err(BuildError::Archive { .. })), "{result:?}");
    }
}
