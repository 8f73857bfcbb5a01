//! What reaches the artifact room from outside: patches, bundles, archives, logs, text with secrets.

use super::bytes::Bytes;
use super::encodings::ALL;
use super::slow::{in_pieces, leaks};
use std::fs;
use std::path::{Path, PathBuf};
use wp_codebox::artifact::apply::AuditLog;
use wp_codebox::artifact::patch::{apply, check_conflicts, is_git_internal, parse};
use wp_codebox::artifact::{
    Described, Found, ImportOperation, ImportRequest, ListQuery, Redactor, Secret, Store, normalize,
    read_test_output,
};

/// Any bytes as a patch.
pub fn patch(data: &[u8]) {
    let Ok(blocks) = parse(data) else { return };
    let mut end = 0;
    for block in &blocks {
        assert!(block.span.start >= end && block.span.end <= data.len());
        end = block.span.end;
        for path in block.paths() {
            assert!(path.split(|b| *b == b'/').all(|s| !s.is_empty() && s != b".." && s != b"."));
            assert!(!path.contains(&0) && !is_git_internal(path));
        }
        for old in [b"one\n".as_slice(), b""] {
            let _ = apply(data, block, old);
        }
        let alone = parse(&data[block.span.clone()]).expect("a block stands for itself");
        assert_eq!((alone.len(), alone[0].path()), (1, block.path()));
    }
    let _ = check_conflicts(&blocks);
}

/// Any bytes as an archive of a bundle.
pub fn zip(data: &[u8]) {
    import(|place| {
        fs::write(place, data).expect("a file");
    });
}

/// The files of the bundle whose manifest the seeds have.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(if cfg!(fuzzing) {
        "fixtures/bundle"
    } else {
        "fuzz/fixtures/bundle"
    })
}

/// Any manifest of a bundle, beside files that are as they should be.
pub fn manifest(data: &[u8]) {
    import(|place| {
        copy(&fixture(), place);
        fs::write(place.join("manifest.json"), data).expect("a file");
    });
}

/// Any content in the files of a bundle: the number of the file, its length, its bytes, and so on.
pub fn bundle(data: &[u8]) {
    import(|place| {
        copy(&fixture(), place);
        let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(place)
            .into_iter()
            .map(|entry| entry.expect("a readable tree"))
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.into_path())
            .collect();
        paths.sort();
        let mut bytes = Bytes(data);
        while !bytes.is_empty() {
            let path = &paths[usize::from(bytes.byte()) % paths.len()];
            let (from, to) = (bytes.some(), bytes.some());
            // A piece is replaced where it stands; where it does not, it is the whole file.
            let old = fs::read(path).expect("a file");
            let at = old.windows(from.len().max(1)).position(|part| part == from);
            let new = match at {
                Some(at) => [&old[..at], to, &old[at + from.len()..]].concat(),
                None => to.to_vec(),
            };
            fs::write(path, new).expect("a file");
        }
    });
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("a readable tree");
        let target = to.join(entry.path().strip_prefix(from).expect("beneath it"));
        if entry.file_type().is_dir() {
            fs::create_dir(target).expect("a directory");
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// Imports what `make` put at a path. Nothing outside the store changes, and what was imported
/// verifies.
fn import(make: impl FnOnce(&Path)) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let source = dir.path().join("source");
    make(&source);
    let before = names(&source);
    let store = Store::open(&dir.path().join("store")).expect("a store");
    let request = ImportRequest { source_bundle_path: Some(source.clone()), ..Default::default() };
    let imported = store.import(&request, ImportOperation::Import);
    assert_eq!(names(&source), before);
    assert_eq!(
        names(dir.path()).into_iter().filter(|name| !name.contains('/')).collect::<Vec<_>>(),
        ["source", "store"]
    );
    let list = store.list(&ListQuery::default()).expect("a list");
    assert_eq!(list.total, usize::from(imported.is_ok()));
    if let Ok(envelope) = imported {
        let id = &envelope.artifact_bundle.id;
        store.verified(id).expect("what was imported verifies");
        store.inspect(id).expect("what was imported can be looked at");
        let again = store.import(&request, ImportOperation::Import).expect("the second time");
        assert_eq!(again.artifact_bundle.id, *id);
    }
}

/// Paths beneath a directory, sorted; of a file nothing.
fn names(root: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    let relative = |entry: walkdir::DirEntry| {
        entry.path().strip_prefix(root).expect("beneath it").to_string_lossy().into_owned()
    };
    entries.map(|entry| relative(entry.expect("a readable tree"))).collect()
}

/// Secrets in any text, in any spelling, cut anywhere: the slow and obvious reader finds none.
pub fn redactor(data: &[u8]) {
    let mut bytes = Bytes(data);
    let values: Vec<String> =
        (0..1 + bytes.byte() % 3).map(|_| String::from_utf8_lossy(bytes.some()).into_owned()).collect();
    let secrets: Vec<Secret> =
        values.iter().filter_map(|value| Secret::new("S", value.clone()).ok()).collect();
    if secrets.is_empty() {
        return;
    }
    let block = 1 + usize::from(bytes.u16() % 300);
    let lengths: Vec<usize> = (0..1 + bytes.byte() % 7).map(|_| 1 + usize::from(bytes.byte())).collect();
    let (mut text, mut between, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    while !bytes.is_empty() {
        // What stands between must not make a secret longer: a group of characters ends with it.
        let filler = bytes.some();
        text.extend(filler);
        between.extend([filler, b"|"].concat());
        let (secret, encoding) = (&secrets[usize::from(bytes.byte()) % secrets.len()], bytes.byte());
        text.push(b'|');
        text.extend(ALL[usize::from(encoding) % ALL.len()].1(secret.value()).into_bytes());
        text.push(b'|');
        shown.push(secret.value());
    }
    let redactor = Redactor::new(&secrets);
    let mut found = Found::default();
    let clean = redactor.bytes(&text, &mut found).into_owned();
    let ends = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(ends(&text), ends(&clean), "a line was lost");
    for line in shown.iter().flat_map(|value| value.lines()) {
        // What is nearly a secret is none, and the reader takes no notice of its ends.
        if leaks(&between, line).is_some() {
            continue;
        }
        assert_eq!(leaks(&clean, line), None, "{:?} in {:?}", line, String::from_utf8_lossy(&clean));
    }
    assert_eq!(in_pieces(&redactor, &text, &lengths, block), (clean, found), "a seam shows");
}

/// Any JSON as the files of a browser's bundle.
pub fn browser(data: &[u8]) {
    let Ok(files) = serde_json::from_slice(data) else { return };
    let described =
        Described { schema_id: "example/v1".into(), entrypoint: "index.html".into(), ..Default::default() };
    let Ok(bundle) = normalize(described, files) else { return };
    for file in &bundle.files {
        assert!(
            !file.path.starts_with('/')
                && file.path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        );
    }
}

/// Any lines as an audit log.
pub fn audit(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let log = AuditLog { path: dir.path().join("log.jsonl") };
    fs::write(&log.path, data).expect("a file");
    let verdict = log.verify().expect("a verdict");
    assert!(verdict.valid || !verdict.problems.is_empty());
}

/// Any output of a test runner.
pub fn test_output(data: &[u8]) {
    let _ = read_test_output("output", &String::from_utf8_lossy(data));
}
