//! Every seed of every fuzz target, through the functions that the fuzzer calls: a seed that finds
//! something stays found, and none of them rots.
//!
//! With `WP_CODEBOX_WRITE_SEEDS` set, the seeds that this crate wrote itself are written anew: after
//! a change of their formats, which the tests here tell.

#[allow(dead_code)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::bundle::draft;
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{Store, verify_bundle};
use wp_codebox::engine::fuzzing::{image_state_body, image_state_file, read_image_state};
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::{AT_FDCWD, Vfs, VfsLimits};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn replay(target: &str) {
    let seeds = fs::read_dir(folder().join("seeds").join(target)).unwrap();
    let mut count = 0;
    for seed in seeds {
        let path = seed.unwrap().path();
        eprintln!("{}", path.display());
        fuzz::run(target, &fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "a target without a seed");
}

macro_rules! replay_seeds_of {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target));
        })*

        #[test]
        fn every_target_is_replayed_and_has_its_program() {
            let replayed = [$(stringify!($target)),*];
            assert_eq!(fuzz::TARGETS.map(|(name, _)| name), replayed);
            let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
            for name in replayed {
                assert!(folder().join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
                assert!(manifest.contains(&format!("[[bin]]\nname = \"{name}\"\n")), "{name}");
            }
        }
    };
}

replay_seeds_of! {
    abilities audit browser bundle files http image imports manifest overlay pack patch paths policy
    recipe redactor test_output zip
}

/// A filesystem with something of every kind, and with descriptors open.
fn some_files() -> Vfs {
    let mut vfs = Vfs::new(Vec::new(), VfsLimits::default()).unwrap();
    let mut write = |path: &[u8], content: &[u8]| {
        let fd = vfs.openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0o644).unwrap();
        vfs.write(fd, content).unwrap();
        fd
    };
    write(b"/tmp/a", b"some text\n");
    let gone = write(b"/tmp/gone", b"open and unlinked");
    write(b"/tmp/sparse", b"");
    vfs.mkdirat(AT_FDCWD, b"/tmp/d", 0o700).unwrap();
    vfs.linkat(AT_FDCWD, b"/tmp/a", AT_FDCWD, b"/tmp/d/b", false).unwrap();
    vfs.symlinkat(b"../a", AT_FDCWD, b"/tmp/d/l").unwrap();
    vfs.mark_base();
    vfs.unlinkat(AT_FDCWD, b"/tmp/gone").unwrap();
    vfs.close(gone).unwrap();
    vfs.openat(AT_FDCWD, b"/tmp/d", O_RDONLY | O_DIRECTORY, 0).unwrap();
    vfs.truncateat(AT_FDCWD, b"/tmp/sparse", 200_000).unwrap();
    vfs
}

fn fixture() -> Tree {
    tree([("a.php", text("<?php\n")), ("b/c.txt", text("one\ntwo\n"))])
}

/// Writes a seed if that was asked for.
fn keep(path: &str, bytes: &[u8]) {
    if std::env::var_os("WP_CODEBOX_WRITE_SEEDS").is_some() {
        let path = folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn the_states_among_the_seeds_are_of_this_version() {
    let files = some_files();
    keep("seeds/files/written", &postcard::to_stdvec(&files).unwrap());
    keep("seeds/image/written", &image_state_body(&files));
    let seed = fs::read(folder().join("seeds/files/written")).unwrap();
    assert!(postcard::from_bytes::<Vfs>(&seed).is_ok());
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let seed = fs::read(folder().join("seeds/image/written")).unwrap();
    fs::write(&state, image_state_file(&seed)).unwrap();
    assert!(read_image_state(&state));
}

#[test]
fn no_byte_of_a_saved_state_can_be_changed_into_a_crash() {
    let state = image_state_body(&some_files());
    for at in 0..state.len() {
        for bits in [1, 0x80, 0xff] {
            let mut bent = state.clone();
            bent[at] ^= bits;
            fuzz::run("image", &bent);
        }
    }
    let state = postcard::to_stdvec(&some_files()).unwrap();
    for at in 0..state.len() {
        for bits in [1, 0x80, 0xff] {
            let mut bent = state.clone();
            bent[at] ^= bits;
            fuzz::run("files", &bent);
        }
    }
}

#[test]
fn the_bundle_among_the_seeds_verifies() {
    let fixture_path = folder().join("fixtures/bundle");
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let written = store.write(draft("seed", &Tree::new(), &fixture())).unwrap().bundle;
    if std::env::var_os("WP_CODEBOX_WRITE_SEEDS").is_some() {
        let _ = fs::remove_dir_all(&fixture_path);
        for name in support::bundle::files(&written.directory) {
            keep(&format!("fixtures/bundle/{name}"), &fs::read(written.directory.join(&name)).unwrap());
        }
        keep("seeds/manifest/written.json", &fs::read(written.directory.join("manifest.json")).unwrap());
    }
    let verdict = verify_bundle(&fixture_path).unwrap();
    assert!(verdict.valid, "{:#?}", verdict.violations);
    let seed = fs::read(folder().join("seeds/manifest/written.json")).unwrap();
    assert_eq!(seed, fs::read(fixture_path.join("manifest.json")).unwrap());
}
