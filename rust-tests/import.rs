//! Bundles that come from elsewhere: the same one twice is one, and a hostile one is nothing.

mod support;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use support::bundle::{Room, draft, files, room};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{
    ArtifactError, ImportOperation, ImportRequest, ImportStatus, ListQuery, ResultEnvelope, VerifyQuery,
};
use wp_codebox::contract::{Code, Refusal};

/// A bundle outside of the store, and an empty store.
fn source() -> (Room, PathBuf, String) {
    let room = room();
    let after = tree([("x.php", text("<?php\n")), ("dir/y.txt", text("y\n"))]);
    let bundle = room.store.write(draft("a", &Tree::new(), &after)).unwrap().bundle;
    let outside = room.dir.path().join("source");
    fs::rename(&bundle.directory, &outside).unwrap();
    (room, outside, bundle.id)
}

fn import(room: &Room, source: &Path) -> Result<ResultEnvelope, ArtifactError> {
    let request = ImportRequest { source_bundle_path: Some(source.into()), ..Default::default() };
    room.store.import(&request, ImportOperation::Import)
}

fn code(result: Result<ResultEnvelope, ArtifactError>) -> Code {
    Refusal::from(result.unwrap_err()).code
}

/// Nothing came into the store, and nothing is left of the attempt.
fn assert_untouched(room: &Room) {
    let names: Vec<String> = files(&room.root()).into_iter().filter(|name| name != ".index").collect();
    assert_eq!(names, [".htaccess", "index.php", "web.config"]);
}

#[test]
fn the_same_bundle_twice_is_created_then_existing_and_replaced_on_demand() {
    let (room, source, id) = source();
    let first = import(&room, &source).unwrap();
    assert_eq!((first.status, first.artifact_bundle.id.as_str()), (ImportStatus::Created, id.as_str()));
    assert_eq!(first.operation_schema, "wp-codebox/import-artifact-bundle/v1");
    let second = import(&room, &source).unwrap();
    assert_eq!(second.status, ImportStatus::Existing);
    assert_eq!(second.artifact_bundle, first.artifact_bundle);
    let request = ImportRequest {
        source_manifest_path: Some(source.join("manifest.json")),
        replace: true,
        metadata: Some(json!({ "a": 1 })),
        ..Default::default()
    };
    let third = room.store.import(&request, ImportOperation::Reimport).unwrap();
    assert_eq!((third.status, third.metadata), (ImportStatus::Updated, Some(json!({ "a": 1 }))));
    assert_eq!(third.operation, "reimport-artifact-bundle");
    assert_eq!(files(&source), files(&room.root().join(&id)));
    assert_eq!(room.store.list(&ListQuery::default()).unwrap().total, 1);
}

#[test]
fn an_existing_bundle_that_was_damaged_is_not_vouched_for() {
    let (room, source, id) = source();
    import(&room, &source).unwrap();
    fs::write(room.root().join(&id).join("files/patch.diff"), "evil").unwrap();
    assert_eq!(code(import(&room, &source)), Code::ArtifactVerificationFailed);
    let request = ImportRequest { source_bundle_path: Some(source), replace: true, ..Default::default() };
    room.store.import(&request, ImportOperation::Import).unwrap();
    room.store.verified(&id).unwrap();
}

#[test]
fn a_sound_bundle_is_not_replaced_by_another_of_its_id() {
    let (room, source, id) = source();
    import(&room, &source).unwrap();
    // The id vouches for everything but the manifest.
    support::forge::edit(&source, "manifest.json", |manifest| {
        manifest["runtime"]["backend"] = json!("another");
    });
    support::forge::seal(&source);
    let listed = files(&source);
    let content: Vec<Vec<u8>> = listed.iter().map(|name| fs::read(source.join(name)).unwrap()).collect();
    let entries: Vec<(&str, &[u8], u32)> = listed
        .iter()
        .zip(&content)
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice(), 0o100_644))
        .collect();
    let zip = room.dir.path().join("source.zip");
    fs::write(&zip, support::zip::archive(&entries)).unwrap();
    let manifest = || fs::read(room.root().join(&id).join("manifest.json")).unwrap();
    let before = manifest();
    for from in [&source, &zip] {
        for operation in [ImportOperation::Import, ImportOperation::Reimport] {
            let request =
                ImportRequest { source_bundle_path: Some(from.clone()), replace: true, ..Default::default() };
            let refusal = Refusal::from(room.store.import(&request, operation).unwrap_err());
            assert_eq!(refusal.code, Code::ArtifactImportReplacesAnother, "{refusal}");
            assert!(refusal.message.contains("discard that one first"), "{refusal}");
            assert_eq!(manifest(), before);
        }
    }
    // Whoever wants the other one says so.
    room.store.discard(&id).unwrap();
    import(&room, &zip).unwrap();
    assert_ne!(manifest(), before);
}

#[test]
fn another_bundle_than_expected_is_refused() {
    let (room, source, id) = source();
    let expect = |id: Option<&str>, digest: Option<&str>| {
        let request = ImportRequest {
            source_bundle_path: Some(source.clone()),
            expected_artifact_id: id.map(Into::into),
            expected_content_digest: digest.map(Into::into),
            ..Default::default()
        };
        room.store.import(&request, ImportOperation::Import)
    };
    assert_eq!(code(expect(Some("another"), None)), Code::ArtifactImportIdMismatch);
    assert_eq!(code(expect(None, Some("0"))), Code::ArtifactImportDigestMismatch);
    assert_untouched(&room);
    let digest = id.rsplit('-').next().unwrap();
    expect(Some(&id), Some(digest)).unwrap();
}

#[test]
fn sources_lie_beneath_the_allowed_roots() {
    let (room, source, _) = source();
    let link = room.root().join("link");
    symlink(&source, &link).unwrap();
    for path in [source.clone(), link.clone(), room.root().join("../source")] {
        let request = ImportRequest {
            source_bundle_path: Some(path),
            allowed_roots: Some(vec![room.root()]),
            ..Default::default()
        };
        let done = room.store.import(&request, ImportOperation::Import);
        assert_eq!(code(done), Code::ArtifactImportSourceForbidden);
    }
    fs::remove_file(link).unwrap();
    // One answer for what is there and what is not.
    symlink("/nonexistent", room.root().join("to-nothing")).unwrap();
    for path in [Path::new("/nonexistent").to_owned(), room.root().join("to-nothing"), source.join("gone")] {
        let request = ImportRequest {
            source_manifest_path: Some(path),
            allowed_roots: Some(vec![room.root()]),
            ..Default::default()
        };
        let done = room.store.import(&request, ImportOperation::Import);
        assert_eq!(code(done), Code::ArtifactImportSourceForbidden);
    }
    fs::remove_file(room.root().join("to-nothing")).unwrap();
    for path in ["/nonexistent", "/dev/null", "/dev/zero"] {
        assert!(import(&room, Path::new(path)).is_err());
    }
    assert_untouched(&room);
}

#[test]
fn hostile_directories_are_refused_and_leave_nothing() {
    let spoils: [(&str, fn(&Path)); 9] = [
        ("a symlink instead of a file", |dir| {
            fs::remove_file(dir.join("events.jsonl")).unwrap();
            symlink("/etc/passwd", dir.join("events.jsonl")).unwrap();
        }),
        ("a symlink instead of a directory", |dir| {
            fs::rename(dir.join("files"), dir.parent().unwrap().join("moved")).unwrap();
            symlink("../moved", dir.join("files")).unwrap();
        }),
        ("a symlink that nobody lists", |dir| symlink("/", dir.join("root")).unwrap()),
        ("a hardlink", |dir| {
            let other = dir.parent().unwrap().join("other");
            fs::hard_link(dir.join("events.jsonl"), other).unwrap();
        }),
        ("a pipe", |dir| {
            fs::remove_file(dir.join("events.jsonl")).unwrap();
            let made = std::process::Command::new("mkfifo").arg(dir.join("events.jsonl")).status();
            assert!(made.unwrap().success());
        }),
        ("a file that nobody lists", |dir| fs::write(dir.join("extra"), "").unwrap()),
        ("a file that is missing", |dir| fs::remove_file(dir.join("events.jsonl")).unwrap()),
        ("a directory too deep", |dir| {
            fs::create_dir_all(dir.join(vec!["d"; 200].join("/"))).unwrap();
        }),
        ("JSON too deep", |dir| {
            fs::write(dir.join("manifest.json"), "[".repeat(1 << 20)).unwrap();
        }),
    ];
    for (what, spoil) in spoils {
        let (room, source, _) = source();
        spoil(&source);
        assert!(import(&room, &source).is_err(), "{what}");
        assert_untouched(&room);
    }
}

#[test]
fn the_manifests_id_is_never_a_path() {
    for id in ["../evil", "..", "/tmp/evil", ".index", ".tmp-1", "a/b", "a\\b", "", "x\0y", "index.php"] {
        let (room, source, old) = source();
        let manifest = source.join("manifest.json");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace(&old, &id.replace('\\', "\\\\").replace('\0', "\\u0000"))).unwrap();
        assert!(import(&room, &source).is_err(), "{id:?}");
        assert_untouched(&room);
        assert!(!room.dir.path().join("evil").exists());
    }
}

/// One entry of an archive, and what is wrong with it.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    data: Vec<u8>,
    mode: u32,
    deflate: bool,
    flags: u16,
    /// In the local header, if it says something else.
    local_name: Option<Vec<u8>>,
    /// What the headers say of the unpacked size, if not the truth.
    claimed: Option<u32>,
    crc: Option<u32>,
    /// Where the directory says that the entry is, if not where it is.
    offset: Option<u32>,
}

fn entry(name: &str, data: &[u8]) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        data: data.to_vec(),
        mode: 0o100_644,
        deflate: true,
        flags: 0x800,
        local_name: None,
        claimed: None,
        crc: None,
        offset: None,
    }
}

fn link(name: &str, target: &str) -> Entry {
    Entry { mode: 0o120_777, deflate: false, ..entry(name, target.as_bytes()) }
}

fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        let packed = if entry.deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&entry.data).unwrap();
            encoder.finish().unwrap()
        } else {
            entry.data.clone()
        };
        let mut crc = flate2::Crc::new();
        crc.update(&entry.data);
        let crc = entry.crc.unwrap_or(crc.sum());
        let size = entry.claimed.unwrap_or(entry.data.len() as u32);
        let method: u16 = if entry.deflate { 8 } else { 0 };
        let local = entry.local_name.as_ref().unwrap_or(&entry.name);
        out.extend(0x0403_4b50u32.to_le_bytes());
        for field in [20, entry.flags, method, 0, 0] {
            out.extend(u16::to_le_bytes(field));
        }
        for field in [crc, packed.len() as u32, size] {
            out.extend(field.to_le_bytes());
        }
        out.extend((local.len() as u16).to_le_bytes());
        out.extend(0u16.to_le_bytes());
        out.extend(local);
        out.extend(&packed);
        directory.extend(0x0201_4b50u32.to_le_bytes());
        for field in [3 << 8 | 20, 20, entry.flags, method, 0, 0] {
            directory.extend(u16::to_le_bytes(field));
        }
        for field in [crc, packed.len() as u32, size] {
            directory.extend(field.to_le_bytes());
        }
        for field in [entry.name.len() as u16, 0, 0, 0, 0] {
            directory.extend(field.to_le_bytes());
        }
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(0x0605_4b50u32.to_le_bytes());
    for field in [0, 0, entries.len() as u16, entries.len() as u16] {
        out.extend(u16::to_le_bytes(field));
    }
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out
}

/// The bundle as entries of an archive.
fn entries(source: &Path, prefix: &str) -> Vec<Entry> {
    files(source)
        .into_iter()
        .map(|name| entry(&format!("{prefix}{name}"), &fs::read(source.join(&name)).unwrap()))
        .collect()
}

fn import_zip(room: &Room, bytes: &[u8]) -> Result<ResultEnvelope, ArtifactError> {
    let path = room.dir.path().join("bundle.zip");
    fs::write(&path, bytes).unwrap();
    import(room, &path)
}

/// The reason for which an archive with these entries besides the bundle's is refused.
fn reason(more: &[Entry]) -> String {
    let (room, source, _) = source();
    let all = [&entries(&source, "")[..], more].concat();
    let refusal = Refusal::from(import_zip(&room, &zip(&all)).unwrap_err());
    assert_untouched(&room);
    match refusal.code {
        Code::ZipArchiveInvalid => refusal.facts["reason"].as_str().unwrap().to_owned(),
        code => code.as_str().to_owned(),
    }
}

#[test]
fn an_archive_is_the_bundle_that_it_holds() {
    for prefix in ["", "bundle/", "some name/"] {
        let (room, source, id) = source();
        let mut all = entries(&source, prefix);
        if !prefix.is_empty() {
            all.insert(0, Entry { mode: 0o040_755, deflate: false, ..entry(prefix, b"") });
        }
        let bytes = zip(&all);
        let first = import_zip(&room, &bytes).unwrap();
        assert_eq!((first.status, first.artifact_bundle.id), (ImportStatus::Created, id.clone()));
        assert_eq!(import_zip(&room, &bytes).unwrap().status, ImportStatus::Existing);
        assert_eq!(import(&room, &source).unwrap().status, ImportStatus::Existing);
        let kept = room.root().join(&id).join("events.jsonl");
        assert_eq!(fs::metadata(kept).unwrap().permissions().mode() & 0o7777, 0o600);
    }
}

#[test]
fn cve_2025_29787_nothing_is_written_through_a_symlink_of_the_archive() {
    assert_eq!(reason(&[link("files/dir", "/tmp"), entry("files/dir/pwned", b"x")]), "unsafe_entry");
}

#[test]
fn cve_2026_56876_a_symlink_is_not_unpacked_whatever_it_points_to() {
    for target in ["/etc/passwd", "../../outside", "events.jsonl", "."] {
        assert_eq!(reason(&[link("files/link", target)]), "unsafe_entry");
    }
}

#[test]
fn cve_2020_29529_links_in_a_chain_lead_nowhere() {
    let chain = [link("a", "."), link("a/b", ".."), link("a/b/c", ".."), entry("a/b/c/pwned", b"x")];
    assert_eq!(reason(&chain), "unsafe_entry");
}

#[test]
fn cve_2024_12905_and_cve_2025_48387_names_do_not_leave_the_directory() {
    for name in [
        "../pwned",
        "files/../../pwned",
        "/tmp/pwned",
        "//pwned",
        "files//x",
        "./x",
        "files/./x",
        "..",
        "C:/pwned",
        "c:pwned",
        "files\\..\\..\\pwned",
        "..\\pwned",
        "x\0y",
        "x\ny",
        "",
    ] {
        let found = reason(&[entry(name, b"x")]);
        assert_eq!(found, "unsafe_entry", "{name:?}");
    }
    assert_eq!(reason(&[Entry { name: vec![b'x', 0xff], ..entry("", b"") }]), "unsafe_entry");
    assert_eq!(reason(&[entry(&"d/".repeat(600), b"")]), "unsafe_entry");
}

#[test]
fn duplicates_and_names_that_differ_in_case_are_refused() {
    for name in ["manifest.json", "MANIFEST.json", "Files/patch.diff", "files", "files/patch.diff/x"] {
        assert_eq!(reason(&[entry(name, b"x")]), "unsafe_entry", "{name}");
    }
}

#[test]
fn devices_setuid_and_encryption_are_refused() {
    for mode in [0o020_666, 0o060_666, 0o010_644, 0o140_644, 0o104_755, 0o102_755, 0o101_644] {
        assert_eq!(reason(&[Entry { mode, ..entry("x", b"x") }]), "unsafe_entry", "{mode:o}");
    }
    for flags in [1, 0x40, 0x2000] {
        assert_eq!(reason(&[Entry { flags, ..entry("x", b"x") }]), "unsafe_entry", "{flags:x}");
    }
}

#[test]
fn bombs_are_noticed_before_they_are_unpacked() {
    let zeros = vec![0; 64 << 20];
    assert_eq!(reason(&[entry("x", &zeros)]), "compression_ratio");
    assert_eq!(reason(&[Entry { claimed: Some(0xf000_0000), ..entry("x", b"x") }]), "uncompressed_size");
    // One that says that it is small is stopped when it is not.
    assert_eq!(reason(&[Entry { claimed: Some(10), ..entry("x", &zeros) }]), "invalid_archive");
    let many: Vec<Entry> = (0..20_001).map(|n| entry(&format!("x{n}"), b"")).collect();
    assert_eq!(reason(&many), "entry_count");
}

#[test]
fn overlapping_entries_and_second_opinions_are_refused() {
    let (room, source, _) = source();
    let mut all = entries(&source, "");
    // The directory sends two names to one entry, as a bomb without depth does.
    let mut twin = all[0].clone();
    twin.name = b"twin".to_vec();
    twin.offset = Some(0);
    all.push(twin);
    let refusal = Refusal::from(import_zip(&room, &zip(&all)).unwrap_err());
    assert_eq!(refusal.facts["reason"], "invalid_archive");
    assert_untouched(&room);
    for bad in [
        Entry { local_name: Some(b"other".to_vec()), ..entry("x", b"x") },
        Entry { crc: Some(1), ..entry("x", b"x") },
        Entry { claimed: Some(2), ..entry("x", b"x") },
    ] {
        assert_eq!(reason(&[bad]), "invalid_archive");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let (room, source, _) = source();
    let good = zip(&entries(&source, ""));
    let mut behind = good.clone();
    behind.extend(b"more");
    let mut before = b"#!/bin/sh\n".to_vec();
    before.extend(&good);
    for bytes in [&b""[..], b"PK", b"not a zip at all, but long enough to be one", &behind, &before] {
        assert_eq!(code(import_zip(&room, bytes)), Code::ZipArchiveInvalid);
    }
    for end in [1, 10, 21, 22, 40, good.len() / 2] {
        assert_eq!(code(import_zip(&room, &good[..good.len() - end])), Code::ZipArchiveInvalid, "{end}");
    }
    assert_untouched(&room);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Whatever is done to an archive, it is refused, or is the very same bundle.
    #[test]
    fn a_mutated_archive_is_refused_or_the_same(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (room, source, id) = source();
        let mut bytes = zip(&entries(&source, ""));
        for (at, to) in &edits {
            let at = at.index(bytes.len());
            bytes[at] = *to;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match import_zip(&room, &bytes) {
            Ok(done) => {
                prop_assert_eq!(done.artifact_bundle.id, id.clone());
                room.store.verified(&id).unwrap();
            }
            Err(_) => assert_untouched(&room),
        }
    }

    /// Whatever is done to a manifest, the bundle verifies only if nothing was.
    #[test]
    fn a_mutated_manifest_never_verifies(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (room, source, id) = source();
        let manifest = source.join("manifest.json");
        let good = fs::read(&manifest).unwrap();
        let mut bytes = good.clone();
        for (at, to) in &edits {
            let at = at.index(bytes.len());
            bytes[at] = *to;
        }
        fs::write(&manifest, &bytes).unwrap();
        let meant = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        match import(&room, &source) {
            // White space may differ; what it says may not.
            Ok(done) => {
                prop_assert_eq!(meant(&bytes), meant(&good));
                prop_assert_eq!(done.artifact_bundle.id, id);
            }
            Err(_) => {
                prop_assert_ne!(meant(&bytes), meant(&good));
                assert_untouched(&room);
            }
        }
    }

    /// Bytes that were never an archive.
    #[test]
    fn noise_is_no_archive(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let (room, _, _) = source();
        prop_assert!(import_zip(&room, &bytes).is_err());
        assert_untouched(&room);
    }
}

#[test]
fn the_store_verifies_after_all_of_this() {
    let (room, source, id) = source();
    import(&room, &source).unwrap();
    let verified = room.store.verify_all(&VerifyQuery::default(), &[]).unwrap();
    assert_eq!((verified.valid, verified.checked), (true, 1));
    fs::write(room.root().join(&id).join("manifest.json"), "{").unwrap();
    let verified = room.store.verify_all(&VerifyQuery::default(), &[]).unwrap();
    assert_eq!((verified.valid, verified.success, verified.bundles.len()), (false, false, 1));
    assert_eq!(verified.error.unwrap().code, "wp_codebox_artifact_verification_failed");
}
