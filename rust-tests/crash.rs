//! Processes that are killed, disks that are full, and many at once: what was committed is there, and
//! everything verifies.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use support::bundle::{draft, instant};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::apply::AuditLog;
use wp_codebox::artifact::{
    ArtifactError, BrowserFileInput, ImportOperation, ImportRequest, ListQuery, PersistRequest, Retention,
    Store, VerifyQuery,
};
use wp_codebox::contract::{Code, Refusal};

/// Which work the child does, and where.
const WORK: &str = "WP_CODEBOX_TEST_STORE_WORK";
const PLACE: &str = "WP_CODEBOX_TEST_STORE_PLACE";

fn bundle(session: &str, n: u64) -> wp_codebox::artifact::Draft {
    let body = format!("{session} {n}\n").repeat(200);
    let after: Tree = tree([("x.php", text(&body)), ("y/z.txt", text("z\n")), ("a", text("a\n"))]);
    let mut draft = draft(&format!("{session}-{n}"), &Tree::new(), &after);
    draft.created_at = instant(n);
    draft
}

/// This test again, as a child that works until it is killed or has done its rounds.
fn child(test: &str, work: &str, place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WORK, work)
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Does a child's work, if this is one.
fn is_child() -> bool {
    let (Ok(work), Some(place)) = (std::env::var(WORK), std::env::var_os(PLACE)) else { return false };
    let place = PathBuf::from(place);
    let store = Store::open(&place.join("store")).unwrap();
    let log = AuditLog { path: place.join("store/apply-audit.jsonl") };
    let rounds = if work == "everything" { 12 } else { u64::MAX };
    for n in 0..rounds {
        let me = format!("{work}-{}", std::process::id());
        if matches!(work.as_str(), "write" | "everything") {
            let id = store.write(bundle(&me, n)).unwrap().bundle.id;
            // Committed: from now on it has to be there.
            append(&place.join("committed"), &id);
        }
        if matches!(work.as_str(), "import" | "everything") {
            let request = ImportRequest {
                source_bundle_path: Some(place.join("source")),
                replace: n % 2 == 0,
                ..Default::default()
            };
            // Another may have discarded it between two steps.
            let _ = store.import(&request, ImportOperation::Import);
        }
        if matches!(work.as_str(), "discard" | "everything") {
            let id = store.write(bundle(&format!("{me}-gone"), n)).unwrap().bundle.id;
            store.discard(&id).unwrap();
        }
        if matches!(work.as_str(), "persist" | "everything") {
            let file = BrowserFileInput {
                path: "index.html".into(),
                content: Some(format!("<p>{me} {n}</p>\n").repeat(200)),
                ..Default::default()
            };
            let request = PersistRequest {
                files: vec![file],
                provenance: serde_json::json!({}),
                created_at: "2026-11-20T10:00:00.000Z".into(),
                ..Default::default()
            };
            append(&place.join("committed"), &store.persist(request).unwrap().artifact_id);
        }
        if work == "prune" {
            store.write(bundle(&me, n)).unwrap();
            let retention = Retention { max_count: Some(1), ..Default::default() };
            store.prune(&retention, std::time::SystemTime::now()).unwrap();
        }
        if work == "list" {
            store.write(bundle(&me, n)).unwrap();
            store.list(&ListQuery::default()).unwrap();
        }
        if matches!(work.as_str(), "audit" | "everything") {
            let record = serde_json::json!({ "n": n, "text": "x".repeat(2000) });
            log.append(record.as_object().unwrap().clone()).unwrap();
        }
        if work == "everything" {
            store.list(&ListQuery::default()).unwrap();
            store.prune(&Retention::default(), std::time::SystemTime::now()).unwrap();
        }
    }
    true
}

fn append(path: &Path, line: &str) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Everything verifies, everything committed is there, and a pruning clears the rest away.
fn assert_sound(place: &Path) {
    let root = place.join("store");
    let store = Store::open_existing(&root).unwrap();
    let log = AuditLog { path: root.join("apply-audit.jsonl") };
    let report =
        store.verify_all(&VerifyQuery { limit: Some(10_000), ..Default::default() }, &[log]).unwrap();
    assert!(report.valid, "{report:#?}");
    let committed = fs::read_to_string(place.join("committed")).unwrap_or_default();
    for id in committed.lines() {
        store.verified(id).unwrap();
    }
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    store.prune(&Retention::default(), later).unwrap();
    let left: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| [".tmp-", ".trash-", ".index-", ".deny-"].iter().any(|own| name.starts_with(own)))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let source = store.write(bundle("source", 0)).unwrap().bundle;
    fs::rename(source.directory, dir.path().join("source")).unwrap();
    dir
}

/// What of a store can be seen to change: the names in it, and how long the log is.
fn seen(root: &Path) -> (Vec<std::ffi::OsString>, u64) {
    let mut names: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    (names, fs::metadata(root.join("apply-audit.jsonl")).map_or(0, |log| log.len()))
}

/// Kills children after the first, the second, … change that can be seen, and looks after each.
/// Returns how many left something half-made or half-removed behind.
fn kill(test: &str, work: &str) -> usize {
    let dir = place();
    let root = dir.path().join("store");
    let mut halves = 0;
    for round in 1..=30 {
        let mut child = child(test, work, dir.path());
        let (mut before, mut changes) = (seen(&root), 0);
        while changes < round {
            assert_eq!(child.try_wait().unwrap(), None, "the child ended by itself");
            let now = seen(&root);
            changes += usize::from(now != before);
            before = now;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let half = |name: &std::ffi::OsString| {
            let name = name.to_string_lossy();
            name.starts_with(".tmp-") || name.starts_with(".trash-")
        };
        halves += usize::from(seen(&root).0.iter().any(half));
        assert_sound(dir.path());
    }
    halves
}

#[test]
fn killed_while_it_writes() {
    if !is_child() {
        assert!(kill("killed_while_it_writes", "write") > 0, "nobody was killed half-way");
    }
}

#[test]
fn killed_while_it_imports() {
    if !is_child() {
        assert!(kill("killed_while_it_imports", "import") > 0, "nobody was killed half-way");
    }
}

#[test]
fn killed_while_it_discards() {
    if !is_child() {
        assert!(kill("killed_while_it_discards", "discard") > 0, "nobody was killed half-way");
    }
}

#[test]
fn killed_while_it_keeps_a_browsers_files() {
    if !is_child() {
        assert!(kill("killed_while_it_keeps_a_browsers_files", "persist") > 0, "nobody was killed half-way");
    }
}

#[test]
fn killed_while_it_prunes() {
    if !is_child() {
        assert!(kill("killed_while_it_prunes", "prune") > 0, "nobody was killed half-way");
    }
}

#[test]
fn killed_while_it_lists() {
    if !is_child() {
        kill("killed_while_it_lists", "list");
    }
}

#[test]
fn killed_while_it_records() {
    if !is_child() {
        kill("killed_while_it_records", "audit");
    }
}

#[test]
fn processes_that_do_everything_at_once() {
    if is_child() {
        return;
    }
    let dir = place();
    let test = "processes_that_do_everything_at_once";
    let children: Vec<Child> = (0..3).map(|_| child(test, "everything", dir.path())).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let committed = fs::read_to_string(dir.path().join("committed")).unwrap();
    assert_eq!(committed.lines().count(), 3 * 12 * 2);
    assert_sound(dir.path());
}

/// A disk that is full: a real one, of two megabytes, where the process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| SmallDisk(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_loses_nothing() {
    let Some(disk) = SmallDisk::new() else {
        eprintln!("skipped: this process may not mount a tmpfs");
        return;
    };
    let place = disk.0.path();
    let root = place.join("store");
    let store = Store::open(&root).unwrap();
    let log = AuditLog { path: root.join("apply-audit.jsonl") };
    let mut refused = 0;
    for n in 0..400 {
        match store.write(bundle("full", n)) {
            Ok(written) => append_outside(disk.0.path(), &written.bundle.id),
            Err(error) => {
                refused += 1;
                let code = Refusal::from(error).code;
                assert!(
                    matches!(code, Code::ArtifactPersistFailed | Code::ArtifactsRootUnwritable),
                    "{code:?}"
                );
            }
        }
        let record = serde_json::json!({ "n": n, "text": "x".repeat(3000) });
        refused += usize::from(log.append(record.as_object().unwrap().clone()).is_err());
    }
    assert!(refused > 100, "the disk was never full");
    for id in committed(disk.0.path()) {
        store.verified(&id).unwrap();
    }
    let report = store.verify_all(&VerifyQuery::default(), std::slice::from_ref(&log)).unwrap();
    assert!(report.valid && report.checked > 0, "{report:#?}");
    assert!(report.audits[0].records > 0);
    let half: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".tmp-"))
        .collect();
    assert_eq!(half, Vec::<String>::new());
    // With room again, it goes on.
    store.prune(&Retention { max_count: Some(1), ..Default::default() }, instant(1000)).unwrap();
    store.write(bundle("again", 1)).unwrap();
    log.append(serde_json::Map::new()).unwrap();
    assert!(log.verify().unwrap().valid);
}

/// What was committed is remembered on another disk.
fn append_outside(disk: &Path, id: &str) {
    append(&disk.with_extension("committed"), id);
}

fn committed(disk: &Path) -> Vec<String> {
    let path = disk.with_extension("committed");
    let ids = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    fs::remove_file(path).unwrap();
    ids
}

#[test]
fn a_root_that_cannot_be_written_is_read_and_refused() {
    let dir = place();
    let root = dir.path().join("store");
    let store = Store::open(&root).unwrap();
    let id = store.write(bundle("a", 1)).unwrap().bundle.id;
    let read_only = Command::new("mount")
        .args(["--bind", "-o", "ro"])
        .args([&root, &root])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !read_only {
        eprintln!("skipped: this process may not mount");
        return;
    }
    let store = Store::open_existing(&root).unwrap();
    let listed = store.list(&ListQuery::default()).map(|list| list.total);
    let verified = store.verified(&id).map(drop);
    let written = store.write(bundle("b", 2)).map(drop);
    let discarded = store.discard(&id).map(drop);
    drop(store);
    // Lazily: a child that another test has just forked holds our descriptors until its exec.
    let unmounted = Command::new("umount").arg("--lazy").arg(&root).status().unwrap().success();
    assert!(unmounted);
    assert_eq!(listed.unwrap(), 1);
    verified.unwrap();
    for refused in [written, discarded] {
        assert!(matches!(refused, Err(ArtifactError::RootUnwritable { .. })), "{refused:?}");
    }
}
