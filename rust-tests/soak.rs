//! Many sandboxes, one after the other, leave nothing behind. A file of its own, so that no other test
//! runs in the process.

mod support;

use std::fs;
use support::php::patient;
use support::site::{spec, value};
use wp_codebox::sandbox::{HostMount, MountKind, Policy, Sandbox, Spec};

/// WP_CODEBOX_TEST_CYCLES: how many, 20,000 for a soak.
#[test]
fn cycles_of_fork_run_collect_destroy_leave_nothing_behind() {
    let cycles =
        std::env::var("WP_CODEBOX_TEST_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    let workspace = tempfile::tempdir().unwrap();
    fs::write(workspace.path().join("note.txt"), "host").unwrap();
    let mount = HostMount {
        source: workspace.path().canonicalize().unwrap(),
        target: "/workspace".to_owned(),
        kind: MountKind::Directory,
        writable: true,
        capture: true,
    };
    let cycle = || {
        let spec = Spec {
            mounts: vec![mount.clone()],
            ..spec(Policy::allowing(wp_codebox::sandbox::command_ids()))
        };
        let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
        let code = "file_put_contents('/workspace/note.txt', 'edited'); update_option('x', 1); return wp_count_posts()->publish;";
        assert_eq!(value(&mut sandbox, code), "1");
        assert_eq!(sandbox.changes().unwrap()[0].changes.len(), 1);
        sandbox.destroy();
    };
    (0..50).for_each(|_| cycle());
    let before = held();
    (0..cycles).for_each(|_| cycle());
    let after = held();
    assert!(after.0 <= before.0 + 8, "descriptors: {} then {}", before.0, after.0);
    assert!(after.1 <= before.1 + 64, "mappings: {} then {}", before.1, after.1);
    assert!(after.2 <= before.2 + (64 << 10), "KiB resident: {} then {}", before.2, after.2);
    assert_eq!(fs::read_to_string(workspace.path().join("note.txt")).unwrap(), "host");
    sandboxes_that_changed_nothing_keep_no_memory();
}

/// Each of them had more than 4 MiB while its command ran. A handful of memories is kept for guests
/// to come.
fn sandboxes_that_changed_nothing_keep_no_memory() {
    let live = || {
        let mut sandbox =
            Sandbox::create(spec(Policy::allowing(wp_codebox::sandbox::command_ids())), &patient()).unwrap();
        let code = "$GLOBALS['s'] = str_repeat('x', 4 << 20); return strlen($GLOBALS['s']);";
        assert_eq!(value(&mut sandbox, code), 4 << 20);
        sandbox
    };
    let _warm: Vec<_> = (0..5).map(|_| live()).collect();
    let before = held();
    let mut resting: Vec<_> = (0..40).map(|_| live()).collect();
    let after = held();
    assert!(after.1 <= before.1 + 64, "mappings: {} then {}", before.1, after.1);
    assert!(after.2 <= before.2 + (40 << 10), "KiB resident: {} then {}", before.2, after.2);
    for sandbox in &mut resting {
        assert_eq!(value(sandbox, "return !isset($GLOBALS['s']) && did_action('init') === 1;"), true);
    }
}

/// Descriptors, mappings and KiB of memory of its own that this process has.
fn held() -> (usize, usize, usize) {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    let mappings = fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    let resident = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    (descriptors, mappings, resident)
}
