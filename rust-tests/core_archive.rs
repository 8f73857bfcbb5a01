//! A WordPress that comes as a zip: what is unpacked, what is refused, and that a recipe runs on it.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use support::php::pack;
use support::site::cache;
use support::zip::archive;
use tempfile::TempDir;
use wp_codebox::contract::digest_hex;
use wp_codebox::host::{PlainHost, Settings};
use wp_codebox::recipe::document::RECIPE_SCHEMA;
use wp_codebox::recipe::{CoreArchive, CoreArchiveError, run_recipe};

type Entry = (&'static str, &'static [u8], u32);

const FILE: u32 = 0o100_644;
const CORE: [Entry; 5] = [
    ("wordpress/wp-load.php", b"<?php", FILE),
    ("wordpress/wp-settings.php", b"<?php", FILE),
    ("wordpress/wp-admin/index.php", b"<?php", FILE),
    ("wordpress/wp-includes/version.php", b"<?php $wp_version = '9.9';", FILE),
    ("wordpress/wp-includes/blocks/a/b.css", b"a{}", FILE),
];

struct Bench(TempDir);

impl Bench {
    fn new() -> Bench {
        Bench(tempfile::tempdir().unwrap())
    }

    fn zip(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join("core.zip");
        fs::write(&path, bytes).unwrap();
        path
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    fn unpack(&self, entries: &[Entry]) -> Result<PathBuf, CoreArchiveError> {
        CoreArchive::open(&self.zip(&archive(entries)))?.unpacked(&self.cache())
    }

    fn with(&self, more: &[Entry]) -> Result<PathBuf, CoreArchiveError> {
        self.unpack(&[&CORE, more].concat())
    }
}

fn files(root: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| !entry.file_type().is_dir());
    files.map(|entry| entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_core_and_nothing_else_is_unpacked_once() {
    let bench = Bench::new();
    let others = [
        ("wordpress/wp-config.php", &b"<?php exit;"[..], FILE),
        ("wordpress/wp-content/plugins/hello.php", b"<?php", FILE),
        ("wordpress/readme.html", b"", FILE),
        ("__MACOSX/wordpress/._wp-load.php", b"", FILE),
    ];
    let place = bench.with(&others).unwrap();
    let expected = [
        "wp-admin/index.php",
        "wp-includes/blocks/a/b.css",
        "wp-includes/version.php",
        "wp-load.php",
        "wp-settings.php",
    ];
    assert_eq!(files(&place), expected);
    let inode = |path: &Path| fs::metadata(path.join("wp-load.php")).unwrap().ino();
    let before = inode(&place);
    assert_eq!(inode(&bench.with(&others).unwrap()), before);
    let left: Vec<_> =
        fs::read_dir(place.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [place]);
}

#[test]
fn a_core_without_a_directory_around_it_is_one_too() {
    let flat: Vec<Entry> =
        CORE.iter().map(|(name, bytes, mode)| (&name["wordpress/".len()..], *bytes, *mode)).collect();
    assert_eq!(files(&Bench::new().unpack(&flat).unwrap()).len(), CORE.len());
}

#[test]
fn what_holds_no_core_is_refused_and_nothing_is_written() {
    let bench = Bench::new();
    for missing in ["wp-load.php", "wp-settings.php", "wp-includes/version.php"] {
        let some: Vec<Entry> = CORE.iter().copied().filter(|(name, ..)| !name.ends_with(missing)).collect();
        assert!(matches!(bench.unpack(&some), Err(CoreArchiveError::NoCore)), "{missing}");
    }
    let deep: Vec<Entry> = vec![
        ("a/b/wp-load.php", b"", FILE),
        ("a/b/wp-settings.php", b"", FILE),
        ("a/b/wp-admin/index.php", b"", FILE),
        ("a/b/wp-includes/version.php", b"", FILE),
    ];
    assert!(matches!(bench.unpack(&deep), Err(CoreArchiveError::NoCore)));
    assert!(matches!(CoreArchive::open(&bench.zip(b"PK but not much")), Err(CoreArchiveError::NoZip)));
    assert!(matches!(CoreArchive::open(&bench.zip(b"")), Err(CoreArchiveError::NoZip)));
    assert!(matches!(CoreArchive::open(bench.0.path()), Err(CoreArchiveError::NoZip)));
    assert!(!bench.cache().exists());
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    for name in [
        "wordpress/wp-includes/../../../escaped.php",
        "/etc/escaped.php",
        "wordpress/wp-includes/./version2.php",
        "wordpress\\wp-includes\\escaped.php",
        "wordpress/wp-load.php/below.php",
        "wordpress/WP-LOAD.php",
    ] {
        let refused = Bench::new().with(&[(name, b"", FILE)]);
        assert!(matches!(refused, Err(CoreArchiveError::Zip(_))), "{name}");
    }
}

#[test]
fn a_symlink_and_a_device_in_the_archive_are_refused() {
    for mode in [0o120_777, 0o020_666, 0o060_666, 0o010_644, 0o104_755] {
        let refused = Bench::new().with(&[("wordpress/wp-includes/x.php", b"/etc/passwd", mode)]);
        assert!(matches!(refused, Err(CoreArchiveError::Zip(_))), "{mode:o}");
    }
}

#[test]
fn a_zip_bomb_is_refused() {
    let zeros: &'static [u8] = vec![0; 64 << 20].leak();
    let refused = Bench::new().with(&[("wordpress/wp-includes/zeros.php", zeros, FILE)]);
    assert!(matches!(refused, Err(CoreArchiveError::Zip(_))));
}

#[test]
fn an_archive_that_is_swapped_after_it_was_examined_is_not_kept_under_its_digest() {
    let bench = Bench::new();
    let path = bench.zip(&archive(&CORE));
    let examined = CoreArchive::open(&path).unwrap();
    let mut other = CORE.to_vec();
    other[3].1 = b"<?php $wp_version = 'evil';";
    // In place: the open file has the new bytes.
    fs::write(&path, archive(&other)).unwrap();
    assert!(matches!(examined.unpacked(&bench.cache()), Err(CoreArchiveError::Changed)));
    let place = bench.with(&[]).unwrap();
    assert_eq!(fs::read(place.join("wp-includes/version.php")).unwrap(), CORE[3].1);
}

#[test]
fn an_archive_that_was_read_before_is_read_anew_when_it_has_changed() {
    let bench = Bench::new();
    let path = bench.zip(&archive(&CORE));
    let first = CoreArchive::open(&path).unwrap().digest;
    // Until it has not changed just now, and is remembered.
    std::thread::sleep(std::time::Duration::from_millis(100));
    for _ in 0..2 {
        assert_eq!(CoreArchive::open(&path).unwrap().digest, first);
    }
    let mut other = CORE.to_vec();
    other[3].1 = b"<?php $wp_version = '8.8';";
    let bytes = archive(&other);
    assert_eq!(bytes.len() as u64, fs::metadata(&path).unwrap().len());
    let times = fs::metadata(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(times.modified().unwrap()).unwrap();
    assert_eq!(CoreArchive::open(&path).unwrap().digest, digest_hex([bytes.as_slice()]));
    fs::write(&path, b"no zip any more").unwrap();
    assert!(CoreArchive::open(&path).is_err());
}

#[test]
fn a_place_that_others_can_write_to_is_not_believed() {
    let bench = Bench::new();
    let place = bench.with(&[]).unwrap();
    fs::set_permissions(place.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(bench.with(&[]), Err(CoreArchiveError::Foreign(_))));
}

#[test]
fn many_processes_unpack_one_core() {
    let bench = Bench::new();
    let zip = bench.zip(&archive(&CORE));
    let unpack = || CoreArchive::open(&zip).unwrap().unpacked(&bench.cache()).unwrap();
    let places: Vec<PathBuf> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(unpack)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(places.iter().all(|place| *place == places[0] && files(place).len() == CORE.len()));
    assert_eq!(fs::read_dir(places[0].parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn cores_that_nobody_has_used_for_long_go_when_there_are_many() {
    let bench = Bench::new();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 3600);
    let root = bench.with(&[]).unwrap().parent().unwrap().to_owned();
    for name in (0..12).map(|number| format!("{number:064}")).chain([".unfinished-abc".to_owned()]) {
        fs::create_dir(root.join(&name)).unwrap();
        fs::File::open(root.join(name)).unwrap().set_modified(old).unwrap();
    }
    bench.with(&[("wordpress/xmlrpc.php", b"", FILE)]).unwrap();
    let left: Vec<String> =
        fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left.len(), 8, "{left:?}");
    assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
}

/// The pack's core as a release, with another version.
fn release() -> Vec<u8> {
    let pack = pack();
    let root = pack.wordpress();
    let entries = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    let read: Vec<(String, Vec<u8>)> = entries
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            (entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned(), entry.into_path())
        })
        .filter(|(name, _)| !name.starts_with("wp-content/"))
        .map(|(name, path)| {
            let mut bytes = fs::read(path).unwrap();
            if name == "wp-includes/version.php" {
                let text = String::from_utf8(bytes).unwrap();
                let version = text.split("$wp_version = '").nth(1).unwrap().split('\'').next().unwrap();
                bytes = text.replace(&format!("'{version}'"), "'9.9.9'").into_bytes();
            }
            (format!("wordpress/{name}"), bytes)
        })
        .collect();
    let entries: Vec<(&str, &[u8], u32)> =
        read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice(), FILE)).collect();
    archive(&entries)
}

#[test]
fn a_recipe_runs_on_the_wordpress_of_its_zip() {
    let bench = Bench::new();
    let bytes = release();
    bench.zip(&bytes);
    let settings = Settings {
        operator: true,
        runtime_dir: Some(std::env::var_os("WP_CODEBOX_RUNTIME_DIR").unwrap().into()),
        cache_dir: Some(cache()),
        artifacts_dir: Some(bench.0.path().join("artifacts")),
        ..Settings::default()
    };
    let host = PlainHost { settings, ..PlainHost::default() };
    let run = |assets: Value| {
        let step =
            json!({ "command": "wordpress.run-php", "args": ["code=return get_bloginfo('version');"] });
        let recipe = json!({ "schema": RECIPE_SCHEMA, "runtime": { "assets": assets }, "workflow": { "steps": [step] } });
        run_recipe(json!({ "recipe": recipe, "base_path": bench.0.path() }), &host)
    };
    let digest = digest_hex([bytes.as_slice()]);
    let ran = run(json!({ "wordpressZip": "core.zip", "sha256": digest })).unwrap();
    assert_eq!(ran["success"], true, "{:#}", ran["error"]);
    assert_eq!(ran["executions"][0]["result"]["json"], "9.9.9");
    assert_eq!(ran["runtime"]["wordpressVersion"], "9.9.9");
    // What is in the cache already is not given under another digest.
    let refused = run(json!({ "wordpressZip": "core.zip", "sha256": "0".repeat(64) })).unwrap_err();
    assert_eq!(refused.facts["issues"][0]["code"], "invalid-source-digest");
}
