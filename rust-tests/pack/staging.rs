//! Where packs are made: beside their place, by one builder, and put there whole.

use crate::support::{make, names};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::tempdir;
use wp_codebox::engine::pack::Pack;
use wp_codebox::engine::pack::build::{Assembly, BuildError, Staging};

#[test]
fn a_build_that_stops_leaves_nothing() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    let staging = Staging::begin(&out).unwrap();
    let assembly = Assembly::new(&staging.dir(), "recipe".to_owned()).unwrap();
    assembly.write("wordpress/wp-load.php", b"half").unwrap();
    staging.scratch().unwrap();
    assert_eq!(names(temp.path()), [".pack.building", ".pack.lock"]);
    drop(staging);
    assert_eq!(names(temp.path()), [".pack.lock"]);
}

#[test]
fn a_build_that_stops_leaves_the_earlier_pack() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "earlier");
    let staging = Staging::begin(&out).unwrap();
    Assembly::new(&staging.dir(), "later".to_owned()).unwrap();
    drop(staging);
    let pack = Pack::open(&out).unwrap();
    assert_eq!(pack.manifest().recipe, "earlier");
    pack.verify().unwrap();
}

#[test]
fn an_incomplete_pack_is_not_finished() {
    let temp = tempdir().unwrap();
    let assembly = Assembly::new(temp.path(), "recipe".to_owned()).unwrap();
    assert!(matches!(assembly.finish(), Err(BuildError::Assembly(_))));
    assert!(names(temp.path()).is_empty());
}

#[test]
fn what_a_killed_builder_left_is_cleared() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    let left = temp.path().join(".pack.building/pack/wordpress");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("surplus.php"), "").unwrap();
    make(&out, "recipe");
    Pack::open(&out).unwrap().verify().unwrap();
    assert_eq!(names(temp.path()), [".pack.lock", "pack"]);
}

#[test]
fn a_new_pack_replaces_an_old_one_whole() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "earlier");
    fs::write(out.join("wordpress/surplus.php"), "").unwrap();
    make(&out, "later");
    let pack = Pack::open(&out).unwrap();
    assert_eq!(pack.manifest().recipe, "later");
    pack.verify().unwrap();
    assert_eq!(names(temp.path()), [".pack.lock", "pack"]);
}

#[test]
fn a_pack_behind_a_link_is_replaced_and_the_link_stays() {
    let temp = tempdir().unwrap();
    let (out, link) = (temp.path().join("pack"), temp.path().join("link"));
    make(&out, "earlier");
    symlink("pack", &link).unwrap();
    make(&link, "later");
    assert!(link.is_symlink());
    assert_eq!(Pack::open(&out).unwrap().manifest().recipe, "later");
}

#[test]
fn only_a_pack_or_an_empty_directory_is_replaced() {
    let temp = tempdir().unwrap();
    let [photos, file, empty, project] =
        ["photos", "file", "empty", "project"].map(|name| temp.path().join(name));
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("cat.jpeg"), "cat").unwrap();
    fs::write(&file, "text").unwrap();
    fs::create_dir(&empty).unwrap();
    fs::create_dir_all(project.join("php")).unwrap();
    fs::write(project.join("manifest.json"), r#"{"schema":"someone/else"}"#).unwrap();
    for out in [&photos, &file, &project] {
        assert!(matches!(Staging::begin(out), Err(BuildError::NotAPack(_))));
    }
    assert_eq!(fs::read(photos.join("cat.jpeg")).unwrap(), b"cat");
    assert_eq!(fs::read(&file).unwrap(), b"text");
    make(&empty, "recipe");
    Pack::open(&empty).unwrap();
}

#[test]
fn a_damaged_pack_is_replaced() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let manifest = fs::read(out.join("manifest.json")).unwrap();
    fs::write(out.join("manifest.json"), &manifest[..manifest.len() / 2]).unwrap();
    make(&out, "recipe");
    Pack::open(&out).unwrap().verify().unwrap();
}

#[test]
fn one_builder_waits_for_the_other() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    let released = AtomicBool::new(false);
    let staging = Staging::begin(&out).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let staging = Staging::begin(&out).unwrap();
            assert!(released.load(Ordering::SeqCst), "two builders at once");
            names(&staging.dir())
        });
        fs::write(staging.dir().join("first"), "").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        released.store(true, Ordering::SeqCst);
        drop(staging);
        assert!(second.join().unwrap().is_empty());
    });
}
