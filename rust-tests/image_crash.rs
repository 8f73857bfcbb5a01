//! Processes that are killed while they make, load and collect warm images: the next one starts with a
//! good image, and nothing half-made or half-removed is left.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};
use support::php::patient;
use support::site::value;
use wp_codebox::sandbox::{
    HostMount, MUST_USE_DIR, MountKind, Policy, Retention, Sandbox, Spec, command_ids, forget_images,
    list_images, prune_images,
};

/// Where the child works.
const PLACE: &str = "WP_CODEBOX_TEST_IMAGE_PLACE";

fn cache(place: &Path) -> PathBuf {
    place.join("cache")
}

fn base(place: &Path) -> Spec {
    Spec { cache_dir: cache(place), ..support::site::spec(Policy::allowing(command_ids())) }
}

/// A component that says `text`: each text has an image of its own.
fn component(place: &Path, text: &str) -> Spec {
    let source = place.join("component");
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join("component.php"), format!("<?php function wpcb_says() {{ return '{text}'; }}"))
        .unwrap();
    // What changed just now may change again unseen, and gets no image.
    std::thread::sleep(Duration::from_millis(60));
    let target = format!("{MUST_USE_DIR}/component");
    let must_use = vec![format!("{target}/component.php")];
    let source = source.canonicalize().unwrap();
    let mounts =
        vec![HostMount { source, target, kind: MountKind::Directory, writable: false, capture: false }];
    Spec { must_use, mounts, ..base(place) }
}

fn says(place: &Path, text: &str) {
    forget_images();
    let mut sandbox = Sandbox::create(component(place, text), &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return wpcb_says();"), text);
}

/// The base's images, and those of the component that was used last.
const TWO: Retention = Retention { max_idle: None, max_bytes: None, max_count: Some(2) };

/// This test again, as a child that works until it is killed.
fn child(test: &str, place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Where this process is to work, if it is a child.
fn is_child() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

/// What of a cache can be seen to change: its files with their sizes and times.
fn seen(place: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let entries = walkdir::WalkDir::new(cache(place)).sort_by_file_name().into_iter().flatten();
    let state = |entry: walkdir::DirEntry| {
        // Gone already: another change.
        let metadata = entry.metadata().ok();
        let len = metadata.as_ref().map_or(0, fs::Metadata::len);
        (entry.into_path(), len, metadata.and_then(|metadata| metadata.modified().ok()))
    };
    entries.map(state).collect()
}

fn kill_after(changes: usize, mut child: Child, place: &Path) {
    let (mut before, mut count) = (seen(place), 0);
    while count < changes {
        assert_eq!(child.try_wait().unwrap(), None, "the child ended by itself");
        let now = seen(place);
        count += usize::from(now != before);
        before = now;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What is half made or half removed.
fn halves(place: &Path) -> Vec<PathBuf> {
    let is_half = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(".unfinished-") || name.ends_with(".unfinished")
    };
    seen(place).into_iter().map(|(path, ..)| path).filter(is_half).collect()
}

/// Every file of the cache is a lock, the installed database or part of an image that can be listed.
fn assert_nothing_is_left(place: &Path) {
    let images: Vec<String> =
        list_images(&cache(place)).unwrap().into_iter().map(|image| image.path).collect();
    let parts = [
        "open.memory",
        "open.state",
        "open.seal",
        "closed.memory",
        "closed.state",
        "closed.seal",
        "about.json",
    ];
    for (path, ..) in seen(place).into_iter().filter(|(path, ..)| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let of_an_image = images.iter().any(|image| path.starts_with(image)) && parts.contains(&name);
        let lock = name.starts_with(".lock-") || name.ends_with(".lock");
        assert!(of_an_image || lock || name.ends_with(".sqlite"), "{}", path.display());
    }
}

#[test]
fn killed_while_the_first_image_is_made() {
    if let Some(place) = is_child() {
        drop(Sandbox::create(base(&place), &patient()));
        // Until it is killed.
        loop {
            std::thread::park();
        }
    }
    let mut halves_seen = 0;
    for changes in [1, 3, 6, 9, 12] {
        let dir = tempfile::tempdir().unwrap();
        kill_after(changes, child("killed_while_the_first_image_is_made", dir.path()), dir.path());
        halves_seen += halves(dir.path()).len();
        forget_images();
        let mut sandbox = Sandbox::create(base(dir.path()), &patient()).unwrap();
        assert_eq!(value(&mut sandbox, "return get_bloginfo('name');"), "WP Codebox");
        assert_eq!(list_images(&cache(dir.path())).unwrap().len(), 1);
        assert_nothing_is_left(dir.path());
    }
    assert!(halves_seen > 0, "nobody was killed half-way");
}

#[test]
fn killed_while_images_are_made_loaded_and_collected() {
    if let Some(place) = is_child() {
        for round in 0.. {
            says(&place, &format!("{} {round}", std::process::id()));
            // Without a seal the next one to load it reads every byte and seals it again.
            for image in list_images(&cache(&place)).unwrap() {
                fs::remove_file(Path::new(&image.path).join("open.seal")).unwrap();
            }
            prune_images(&cache(&place), TWO, false).unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    drop(Sandbox::create(base(dir.path()), &patient()).unwrap());
    let mut halves_seen = 0;
    for changes in 1..=16 {
        kill_after(
            changes,
            child("killed_while_images_are_made_loaded_and_collected", dir.path()),
            dir.path(),
        );
        let left = halves(dir.path());
        halves_seen += left.len();
        // The next process makes another image, or finds its own: what is left goes either way.
        says(dir.path(), if changes % 2 == 0 { "the same" } else { "another" });
        assert_eq!(halves(dir.path()), Vec::<PathBuf>::new(), "left after {changes} changes");
        assert_nothing_is_left(dir.path());
        prune_images(&cache(dir.path()), TWO, false).unwrap();
    }
    assert!(halves_seen > 0, "nobody was killed half-way");
}

#[test]
fn what_is_left_of_an_image_that_nobody_needs_any_more_goes() {
    let dir = tempfile::tempdir().unwrap();
    drop(Sandbox::create(base(dir.path()), &patient()).unwrap());
    let image = PathBuf::from(&list_images(&cache(dir.path())).unwrap()[0].path);
    // Of every family: none of them is asked for.
    let left: Vec<PathBuf> =
        (0..=255).map(|n| image.with_file_name(format!(".unfinished-{n:02x}-gone"))).collect();
    for directory in &left {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("open.memory"), "half").unwrap();
    }
    forget_images();
    drop(Sandbox::create(base(dir.path()), &patient()).unwrap());
    assert_eq!(halves(dir.path()), Vec::<PathBuf>::new());
}
