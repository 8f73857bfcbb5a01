//! Warm images: made once, believed only if they are what was made, and forked without sharing what
//! must differ.

mod support;

use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::php::patient;
use support::site::{cache, value};
use wp_codebox::sandbox::{
    Approvals, Command, Content, ContentTask, HostMount, Limits, MountKind, Policy, Preparation, Retention,
    STAGING, Sandbox, Spec, StagedFile, forget_images, list_images, prune_images,
};

fn spec(cache: &Path) -> Spec {
    Spec {
        cache_dir: cache.to_owned(),
        ..support::site::spec(Policy::allowing(wp_codebox::sandbox::command_ids()))
    }
}

fn create(cache: &Path) -> Sandbox {
    Sandbox::create(spec(cache), &patient()).unwrap()
}

fn images(cache: &Path) -> Vec<PathBuf> {
    list_images(cache).unwrap().iter().map(|image| PathBuf::from(&image.path)).collect()
}

/// A component that tells what its file says.
fn component(directory: &Path, says: &str) -> Spec {
    let source = directory.canonicalize().unwrap();
    fs::write(source.join("component.php"), format!("<?php function wpcb_says() {{ return '{says}'; }}"))
        .unwrap();
    // What changed just now may change again unseen, and gets no image.
    std::thread::sleep(Duration::from_millis(60));
    let target = format!("{}/component", wp_codebox::sandbox::MUST_USE_DIR);
    Spec {
        must_use: vec![format!("{target}/component.php")],
        mounts: vec![HostMount {
            source,
            target,
            kind: MountKind::Directory,
            writable: false,
            capture: false,
        }],
        ..spec(&cache())
    }
}

#[test]
fn forks_of_one_image_share_no_random_value() {
    let cache = cache();
    let values = "return [mt_rand(), mt_rand(), lcg_value(), random_int(0, PHP_INT_MAX), bin2hex(random_bytes(8)), \
        uniqid('', true), bin2hex(openssl_random_pseudo_bytes(8)), wp_generate_password(20), wp_generate_uuid4(), \
        wp_create_nonce('x'), AUTH_KEY, NONCE_SALT, wp_hash('x'), array_rand(range(0, 100000)), str_shuffle('abcdefghijklmnopqrstuvwxyz'), \
        spl_object_hash(new stdClass) === '' ? 1 : tempnam('/tmp', 'x'), session_create_id()];";
    let mut seen = HashSet::new();
    let mut count = 0;
    for _ in 0..8 {
        for one in value(&mut create(&cache), values).as_array().unwrap() {
            count += 1;
            seen.insert(one.to_string());
        }
    }
    assert_eq!(seen.len(), count);
}

#[test]
fn a_fork_s_request_begins_now() {
    let mut sandbox = create(&cache());
    std::thread::sleep(Duration::from_millis(1100));
    let code = "return [abs(time() - $_SERVER['REQUEST_TIME']) <= 1, microtime(true) - $_SERVER['REQUEST_TIME_FLOAT'] < 1, \
        timer_stop() < 1, hrtime(true) > 0];";
    assert_eq!(value(&mut sandbox, code), json!([true, true, true, true]));
}

#[test]
fn constants_and_files_say_the_same_salts_before_and_after_wordpress_is_loaded_anew() {
    let mut sandbox = create(&cache());
    let salts = "return [AUTH_KEY, LOGGED_IN_SALT, wp_salt('nonce')];";
    let first = value(&mut sandbox, salts);
    assert_eq!(value(&mut sandbox, salts), first);
    value(&mut sandbox, "update_option('changed', 1); return true;");
    assert_eq!(value(&mut sandbox, salts), first);
}

#[test]
fn a_command_that_changes_nothing_leaves_nothing_to_the_next() {
    let mut sandbox = create(&cache());
    assert_eq!(
        value(&mut sandbox, "function left() {} define('LEFT', 1); wp_cache_set('left', 1); return 'ran';"),
        "ran"
    );
    assert_eq!(
        value(&mut sandbox, "return [function_exists('left'), defined('LEFT'), wp_cache_get('left')];"),
        json!([false, false, false])
    );
}

#[test]
fn shutdown_functions_and_destructors_run_and_can_write() {
    let mut sandbox = create(&cache());
    let code = "class Late { function __destruct() { file_put_contents('/tmp/destructor', 'ran'); } } $GLOBALS['late'] = new Late; \
        register_shutdown_function(function () { update_option('late', 'ran'); }); ob_start(); echo 'buffered'; return 'ran';";
    let command = Command::RunPhp { code: format!("<?php {code}"), bootstrap: true };
    let execution = sandbox.execute(&command, &patient()).unwrap();
    assert_eq!((execution.outcome.unwrap(), execution.record.stdout.as_str()), (json!("ran"), "buffered"));
    assert_eq!(
        value(&mut sandbox, "return [get_option('late'), file_get_contents('/tmp/destructor')];"),
        json!(["ran", "ran"])
    );
}

#[test]
fn the_exit_status_is_the_script_s_own_in_an_open_request() {
    let mut sandbox = create(&cache());
    for (code, status) in [("exit(7);", 7), ("exit('bye');", 1), ("nope();", 1), ("return 'x';", 0)] {
        let command = Command::RunPhp { code: format!("<?php {code}"), bootstrap: true };
        let record = sandbox.execute(&command, &patient()).unwrap().record;
        assert_eq!(record.exit_code, status, "{code}");
    }
}

#[test]
fn an_image_is_made_once_however_many_ask() {
    let cache = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                forget_images();
                assert_eq!(value(&mut create(cache.path()), "return 'here';"), "here");
            });
        }
    });
    assert_eq!(images(cache.path()).len(), 1);
    let made =
        fs::metadata(images(cache.path())[0].join("open.memory")).unwrap().permissions().mode() & 0o777;
    assert_eq!(made, 0o600);
    let before = list_images(cache.path()).unwrap();
    forget_images();
    assert_eq!(value(&mut create(cache.path()), "return 'again';"), "again");
    assert_eq!(list_images(cache.path()).unwrap()[0].created_at, before[0].created_at);
}

/// Every way in which an image on disk can be another one than was made.
#[test]
fn a_damaged_or_foreign_image_is_made_again_and_never_loaded() {
    let cache = tempfile::tempdir().unwrap();
    drop(create(cache.path()));
    let damages: [(&str, fn(&Path)); 8] = [
        ("a byte of memory changed", |dir| flip(&dir.join("open.memory"), 20 << 20)),
        ("a byte of the state changed", |dir| flip(&dir.join("open.state"), 300)),
        ("memory is cut short", |dir| truncate(&dir.join("closed.memory"), 1 << 20)),
        ("the state is cut short", |dir| truncate(&dir.join("closed.state"), 100)),
        ("the state is empty", |dir| truncate(&dir.join("open.state"), 0)),
        ("memory is gone", |dir| fs::remove_file(dir.join("open.memory")).unwrap()),
        ("others may write it", |dir| {
            fs::set_permissions(dir.join("open.memory"), fs::Permissions::from_mode(0o666)).unwrap();
        }),
        ("it is a copy with other bytes under a kept seal", |dir| {
            let bytes = fs::read(dir.join("open.memory")).unwrap();
            fs::remove_file(dir.join("open.memory")).unwrap();
            fs::write(dir.join("open.memory"), bytes).unwrap();
            fs::set_permissions(dir.join("open.memory"), fs::Permissions::from_mode(0o600)).unwrap();
            flip(&dir.join("open.memory"), 21 << 20);
        }),
    ];
    for (what, damage) in damages {
        let image = images(cache.path())[0].clone();
        let inode = inode(&image);
        damage(&image);
        forget_images();
        assert_eq!(
            value(&mut create(cache.path()), "return get_option('blogname');"),
            "WP Codebox",
            "{what}"
        );
        assert_ne!(self::inode(&images(cache.path())[0]), inode, "{what}: it was made again");
    }
}

#[test]
fn an_image_without_its_seal_is_read_whole_and_used() {
    let cache = tempfile::tempdir().unwrap();
    drop(create(cache.path()));
    let image = images(cache.path())[0].clone();
    let inode = inode(&image);
    fs::remove_file(image.join("open.seal")).unwrap();
    fs::write(image.join("closed.seal"), b"nonsense").unwrap();
    forget_images();
    assert_eq!(value(&mut create(cache.path()), "return 'here';"), "here");
    assert_eq!(self::inode(&image), inode);
    assert!(image.join("open.seal").exists(), "sealed again");
}

#[test]
fn what_a_dead_process_has_left_is_cleared() {
    let cache = tempfile::tempdir().unwrap();
    drop(create(cache.path()));
    let image = list_images(cache.path()).unwrap()[0].clone();
    let litter = Path::new(&image.path).with_file_name(format!(".unfinished-{}-litter", &image.key[..2]));
    fs::create_dir(&litter).unwrap();
    fs::write(litter.join("open.memory"), b"half").unwrap();
    fs::remove_dir_all(&image.path).unwrap();
    forget_images();
    drop(create(cache.path()));
    assert!(!litter.exists());
    assert_eq!(images(cache.path()).len(), 1);
}

#[test]
fn a_component_is_loaded_and_a_changed_one_is_loaded_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut old = Sandbox::create(component(directory.path(), "old"), &patient()).unwrap();
    assert_eq!(value(&mut old, "return wpcb_says();"), "old");
    let mut again = Sandbox::create(component(directory.path(), "old"), &patient()).unwrap();
    assert_eq!(value(&mut again, "return wpcb_says();"), "old");
    let mut new = Sandbox::create(component(directory.path(), "new"), &patient()).unwrap();
    assert_eq!(value(&mut new, "return wpcb_says();"), "new");
    assert_eq!(value(&mut old, "return wpcb_says();"), "old", "a live sandbox stays as it is");
}

#[test]
fn a_component_that_breaks_wordpress_fails_the_command_and_not_the_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let mut broken = component(directory.path(), "x");
    fs::write(
        broken.mounts[0].source.join("component.php"),
        "<?php throw new Exception('component is broken');",
    )
    .unwrap();
    broken.cache_dir = cache();
    let mut sandbox = Sandbox::create(broken, &patient()).unwrap();
    let command = Command::RunPhp { code: "<?php return 1;".to_owned(), bootstrap: true };
    let failure = sandbox.execute(&command, &patient()).unwrap().outcome.unwrap_err();
    assert!(failure.message.contains("component is broken"), "{}", failure.message);
}

/// The workspace differs from run to run: it is not part of what is frozen.
#[test]
fn each_run_sees_its_own_workspace_in_an_image_with_components() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["first", "second"] {
        let workspace = tempfile::tempdir().unwrap();
        fs::write(workspace.path().join("note.txt"), text).unwrap();
        let mut spec = component(directory.path(), "same");
        spec.mounts.push(HostMount {
            source: workspace.path().canonicalize().unwrap(),
            target: "/workspace".to_owned(),
            kind: MountKind::Directory,
            writable: true,
            capture: true,
        });
        let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
        let code = "$was = file_get_contents('/workspace/note.txt'); file_put_contents('/workspace/note.txt', 'edited'); return [wpcb_says(), $was];";
        assert_eq!(value(&mut sandbox, code), json!(["same", text]));
        assert_eq!(sandbox.changes().unwrap()[0].changes.len(), 1);
    }
}

/// Code that looks into the workspace while WordPress loads must see the run's own.
#[test]
fn a_component_that_reads_the_workspace_while_it_loads_is_not_frozen_for_others() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["first", "second"] {
        let workspace = tempfile::tempdir().unwrap();
        fs::write(workspace.path().join("note.txt"), text).unwrap();
        let mut spec = component(directory.path(), "x");
        let code = "<?php $GLOBALS['wpcb_note'] = file_get_contents('/workspace/note.txt');";
        fs::write(spec.mounts[0].source.join("component.php"), code).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        spec.mounts.push(HostMount {
            source: workspace.path().canonicalize().unwrap(),
            target: "/workspace".to_owned(),
            kind: MountKind::Directory,
            writable: false,
            capture: false,
        });
        let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
        assert_eq!(value(&mut sandbox, "return $GLOBALS['wpcb_note'];"), text);
    }
}

/// Nobody can tell whether a file that is mounted by itself was read.
#[test]
fn a_component_that_reads_a_mounted_file_while_it_loads_is_not_frozen_for_others() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["first-secret-of-one", "second-secret-of-another"] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let mut spec = component(directory.path(), "x");
        let code = "<?php $GLOBALS['wpcb_note'] = file_get_contents('/workspace/config.json');";
        fs::write(spec.mounts[0].source.join("component.php"), code).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        spec.mounts.push(HostMount {
            source: file.path().canonicalize().unwrap(),
            target: "/workspace/config.json".to_owned(),
            kind: MountKind::File,
            writable: false,
            capture: false,
        });
        let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
        assert_eq!(value(&mut sandbox, "return $GLOBALS['wpcb_note'];"), text);
    }
}

#[test]
fn mounts_in_mounts_and_workspaces_that_a_component_writes_to_work_with_components() {
    let directory = tempfile::tempdir().unwrap();
    let (outer, inner) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(inner.path().join("note.txt"), "inner").unwrap();
    let mount = |path: &Path, target: &str| HostMount {
        source: path.canonicalize().unwrap(),
        target: target.to_owned(),
        kind: MountKind::Directory,
        writable: true,
        capture: true,
    };
    for code in ["<?php", "<?php file_put_contents('/workspace/made.txt', 'x');"] {
        let mut spec = component(directory.path(), "x");
        fs::write(spec.mounts[0].source.join("component.php"), code).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        spec.mounts.push(mount(outer.path(), "/workspace"));
        spec.mounts.push(mount(inner.path(), "/workspace/inner"));
        for _ in 0..2 {
            let mut sandbox = Sandbox::create(spec.clone(), &patient()).unwrap();
            assert_eq!(
                value(&mut sandbox, "return file_get_contents('/workspace/inner/note.txt');"),
                "inner"
            );
        }
    }
}

/// The image must not need the directories of the sandbox that it was made for.
#[test]
fn an_image_with_components_outlives_the_first_workspace() {
    let directory = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let component = Spec { cache_dir: cache.path().to_owned(), ..component(directory.path(), "same") };
    let mut images = HashSet::new();
    for text in ["first", "second"] {
        let workspace = tempfile::tempdir().unwrap();
        fs::write(workspace.path().join("note.txt"), text).unwrap();
        let source = workspace.path().canonicalize().unwrap();
        let mut spec = component.clone();
        spec.mounts.push(HostMount {
            source: source.clone(),
            target: "/workspace".to_owned(),
            kind: MountKind::Directory,
            writable: true,
            capture: true,
        });
        forget_images();
        let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
        let code = "return [wpcb_says(), file_get_contents('/workspace/note.txt')];";
        assert_eq!(value(&mut sandbox, code), json!(["same", text]));
        for image in list_images(cache.path()).unwrap().iter().filter(|image| image.kind == "components") {
            images.insert((image.key.clone(), image.created_at.clone()));
            let state = fs::read(Path::new(&image.path).join("open.state")).unwrap();
            let name = source.as_os_str().as_encoded_bytes();
            assert!(memchr::memmem::find(&state, name).is_none(), "the workspace's path is in the image");
        }
    }
    assert_eq!(images.len(), 1, "made once, for both");
}

#[test]
fn no_variable_of_a_sandbox_is_written_to_an_image() {
    let cache = tempfile::tempdir().unwrap();
    let secret = "wpcb-secret-4711-in-the-environment";
    let with = Spec { environment: vec![("TOKEN".to_owned(), secret.to_owned())], ..spec(cache.path()) };
    let mut sandbox = Sandbox::create(with, &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return [getenv('TOKEN'), $_ENV['TOKEN']];"), json!([secret, secret]));
    drop(sandbox);
    for image in images(cache.path()) {
        for file in fs::read_dir(image).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none());
        }
    }
}

#[test]
fn a_snapshot_is_returned_to_and_forked() {
    let mut sandbox = create(&cache());
    value(&mut sandbox, "update_option('step', 'one'); file_put_contents('/tmp/step', 'one'); return true;");
    let snapshot = sandbox.snapshot(&patient()).unwrap();
    value(&mut sandbox, "update_option('step', 'two'); file_put_contents('/tmp/step', 'two'); return true;");
    let read = "return [get_option('step'), file_get_contents('/tmp/step')];";
    let mut forks: Vec<Sandbox> = (0..3).map(|_| Sandbox::fork(&snapshot, &patient()).unwrap()).collect();
    for (index, fork) in forks.iter_mut().enumerate() {
        assert_eq!(value(fork, read), json!(["one", "one"]));
        value(fork, &format!("update_option('step', 'fork {index}'); return true;"));
    }
    for (index, fork) in forks.iter_mut().enumerate() {
        assert_eq!(value(fork, "return get_option('step');"), format!("fork {index}"));
    }
    assert_eq!(value(&mut sandbox, read), json!(["two", "two"]));
    sandbox.restore(&snapshot, &patient()).unwrap();
    assert_eq!(value(&mut sandbox, read), json!(["one", "one"]));
    let ids: HashSet<_> = forks.iter().map(|fork| fork.id().to_owned()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_snapshot_of_an_active_plugin_has_it_loaded() {
    let mut sandbox = create(&cache());
    let code = "mkdir(WP_PLUGIN_DIR . '/p'); file_put_contents(WP_PLUGIN_DIR . '/p/p.php', \"<?php\\n/* Plugin Name: P */ function p_here() { return 'here'; }\"); \
        require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin('p/p.php'); return true;";
    value(&mut sandbox, code);
    let snapshot = sandbox.snapshot(&patient()).unwrap();
    let mut fork = Sandbox::fork(&snapshot, &patient()).unwrap();
    assert_eq!(value(&mut fork, "return p_here();"), "here");
}

#[test]
fn a_stopped_sandbox_has_no_snapshot_and_can_be_restored() {
    let mut sandbox = create(&cache());
    let snapshot = sandbox.snapshot(&patient()).unwrap();
    let watch = support::php::impatient();
    let command = Command::RunPhp { code: "<?php while (true) {}".to_owned(), bootstrap: true };
    assert!(sandbox.execute(&command, &watch).unwrap().outcome.is_err());
    assert!(sandbox.is_stopped() && sandbox.snapshot(&patient()).is_err());
    sandbox.restore(&snapshot, &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return 'back';"), "back");
}

/// From the first changed file on a sandbox keeps its guest, also when it has rested before.
#[test]
fn files_outlive_the_guests_that_changed_nothing() {
    let cache = cache();
    let mut sandbox = create(&cache);
    assert_eq!(value(&mut sandbox, "return file_exists('/workspace/a');"), false);
    assert_eq!(value(&mut sandbox, "return file_put_contents('/workspace/a', 'xy');"), 2);
    assert_eq!(value(&mut sandbox, "return file_get_contents('/workspace/a');"), "xy");
    assert_eq!(
        value(&mut sandbox, "return update_option('a_flag', 'set') && get_option('a_flag') === 'set';"),
        true
    );
    assert_eq!(value(&mut sandbox, "return get_option('a_flag');"), "set");
}

/// What is mounted into a sandbox at rest is there for the next command.
#[test]
fn a_mount_reaches_a_sandbox_at_rest() {
    let cache = cache();
    let mut sandbox = create(&cache);
    assert_eq!(value(&mut sandbox, "return file_exists('/workspace/late/a.txt');"), false);
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a.txt"), "late").unwrap();
    let mount = HostMount {
        source: source.path().canonicalize().unwrap(),
        target: "/workspace/late".to_owned(),
        kind: MountKind::Directory,
        writable: false,
        capture: false,
    };
    sandbox.mount(mount).unwrap();
    assert_eq!(
        value(&mut sandbox, "return file_get_contents('/workspace/late/a.txt') . did_action('init');"),
        "late1"
    );
    let snapshot = sandbox.snapshot(&patient()).unwrap();
    let mut other = Sandbox::fork(&snapshot, &patient()).unwrap();
    assert_eq!(value(&mut other, "return file_get_contents('/workspace/late/a.txt');"), "late");
}

/// Memory goes from guest to guest: nothing of one is in the next.
#[test]
fn reused_memory_holds_nothing_of_the_guest_before() {
    let cache = cache();
    let secret = "wpcb-left-in-memory-0815";
    for _ in 0..4 {
        let code = format!("$GLOBALS['s'] = str_repeat('{secret}', 20000); return strlen($GLOBALS['s']);");
        assert!(value(&mut create(&cache), &code).as_u64().unwrap() > 0);
        // New strings are not cleared: what was in memory before shows in what sprintf and
        // str_repeat reserve, if it is there at all. The process's own mappings tell for certain.
        drop(create(&cache));
    }
    let sandbox = create(&cache);
    assert_eq!(sandbox.count_in_memory(secret.as_bytes()), 0);
}

#[test]
fn surplus_and_unused_images_go() {
    let cache = tempfile::tempdir().unwrap();
    drop(create(cache.path()));
    let other = Spec { limits: Limits { memory: 512 << 20, ..Limits::default() }, ..spec(cache.path()) };
    drop(Sandbox::create(other, &patient()).unwrap());
    assert_eq!(images(cache.path()).len(), 2);
    let one = Retention { max_count: Some(1), ..Retention::default() };
    let would = prune_images(cache.path(), one, true).unwrap();
    assert_eq!(
        (would.removed.len(), would.kept, images(cache.path()).len()),
        (1, 1, 2),
        "a dry run removes nothing"
    );
    let pruned = prune_images(cache.path(), one, false).unwrap();
    assert_eq!(pruned.removed, would.removed);
    assert!(pruned.freed_bytes > 1 << 20);
    assert_eq!(images(cache.path()).len(), 1);
    let none = Retention { max_bytes: Some(0), ..Retention::default() };
    prune_images(cache.path(), none, false).unwrap();
    assert!(images(cache.path()).is_empty());
    assert_eq!(value(&mut create(cache.path()), "return 'here';"), "here", "who has it mapped keeps it");
}

fn inode(image: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(image).unwrap().ino()
}

fn flip(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
}

fn truncate(path: &Path, len: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// A plugin directory, and a spec with it mounted.
fn with_plugin(cache: &Path, directory: &Path) -> Spec {
    let source = directory.canonicalize().unwrap();
    fs::write(
        source.join("ready.php"),
        "<?php\n// Plugin Name: Ready\nadd_filter('ready', '__return_true');",
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(60));
    let target = "/wordpress/wp-content/plugins/ready".to_owned();
    let mount = HostMount { source, target, kind: MountKind::Directory, writable: false, capture: false };
    Spec { mounts: vec![mount], ..spec(cache) }
}

fn making_ready() -> [Command; 2] {
    let code =
        "<?php update_option('ready', wp_hash('x')); file_put_contents('/tmp/ready', 'yes'); return true;";
    [
        Command::ActivatePlugin { plugin: "ready/ready.php".to_owned() },
        Command::RunPhp { code: code.to_owned(), bootstrap: true },
    ]
}

const READINESS: &str = "return [get_option('ready') === wp_hash('x'), file_get_contents('/tmp/ready'), \
    has_filter('ready'), is_plugin_active('ready/ready.php')];";

#[test]
fn a_sandbox_that_was_made_ready_is_where_the_next_one_starts() {
    let (cache, plugin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spec = with_plugin(cache.path(), plugin.path());
    let commands = making_ready();
    let preparation = Preparation::of(&spec, &commands, "").unwrap().unwrap();
    assert!(Sandbox::create_prepared(spec.clone(), &preparation, &patient()).unwrap().is_none());
    let mut first = Sandbox::create(spec.clone(), &patient()).unwrap();
    for command in &commands {
        first.execute(command, &patient()).unwrap().outcome.unwrap();
    }
    first.keep_prepared(&preparation, b"notes".to_vec(), &patient()).unwrap();
    let expected = json!([true, "yes", true, true]);
    assert_eq!(value(&mut first, READINESS), expected);
    for another_process in [false, true] {
        if another_process {
            forget_images();
        }
        let (mut next, record) =
            Sandbox::create_prepared(spec.clone(), &preparation, &patient()).unwrap().unwrap();
        assert_eq!(record, b"notes");
        assert_eq!(value(&mut next, READINESS), expected);
        let cli = Command::WpCli { arguments: ["option", "get", "ready"].map(str::to_owned).to_vec() };
        assert_eq!(next.execute(&cli, &patient()).unwrap().record.exit_code, 0);
        value(&mut next, "update_option('ready', 'spoilt'); unlink('/tmp/ready'); return 1;");
    }
}

#[test]
fn what_could_lead_elsewhere_has_another_image_or_none() {
    let (cache, plugin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spec = with_plugin(cache.path(), plugin.path());
    let commands = making_ready();
    let key = |spec: &Spec, commands: &[Command]| {
        Preparation::of(spec, commands, "").unwrap().map(|one| format!("{one:?}"))
    };
    let usual = key(&spec, &commands).unwrap();
    assert_eq!(key(&spec, &commands).unwrap(), usual);
    assert_ne!(key(&spec, &commands[..1]).unwrap(), usual);
    let judged = Preparation::of(&spec, &commands, "has to be active").unwrap().unwrap();
    assert_ne!(format!("{judged:?}"), usual);
    let mut defines = spec.defines.clone();
    defines.insert("WP_DEBUG".to_owned(), json!(true));
    assert_ne!(key(&Spec { defines, ..spec.clone() }, &commands).unwrap(), usual);
    assert_eq!(key(&spec, &[]), None);
    let environment = vec![("TOKEN".to_owned(), "secret".to_owned())];
    assert_eq!(key(&Spec { environment, ..spec.clone() }, &commands), None);
    let asked = Policy { approvals: Approvals::OnWrite, ..spec.policy.clone() };
    assert_eq!(key(&Spec { policy: asked, ..spec.clone() }, &commands), None);
    let forbidden = Policy::allowing(["wordpress.run-php"]);
    assert_eq!(key(&Spec { policy: forbidden, ..spec.clone() }, &commands), None);
    let brought = |bytes: &[u8]| {
        let files = vec![StagedFile { path: "0".to_owned(), bytes: bytes.into() }];
        let task = ContentTask::WriteFile { path: "/tmp/brought".to_owned(), from: format!("{STAGING}/0") };
        [Command::from(Content { task, files })]
    };
    assert_ne!(key(&spec, &brought(b"one")).unwrap(), key(&spec, &brought(b"two")).unwrap());
    let user = Content { task: ContentTask::MakeUser { file: format!("{STAGING}/0") }, files: Vec::new() };
    assert_eq!(key(&spec, &[user.into()]), None);
    fs::write(plugin.path().join("another.php"), "<?php").unwrap();
    assert_eq!(key(&spec, &commands), None);
    std::thread::sleep(Duration::from_millis(60));
    assert_ne!(key(&spec, &commands).unwrap(), usual);
}

#[test]
fn a_sandbox_that_was_on_the_network_is_not_kept() {
    let (cache, plugin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let spec = with_plugin(cache.path(), plugin.path());
    let commands = making_ready();
    let preparation = Preparation::of(&spec, &commands, "").unwrap().unwrap();
    let mut sandbox = Sandbox::create(spec.clone(), &patient()).unwrap();
    value(&mut sandbox, "return is_wp_error(wp_remote_get('http://192.0.2.1/'));");
    sandbox.keep_prepared(&preparation, Vec::new(), &patient()).unwrap();
    assert!(Sandbox::create_prepared(spec, &preparation, &patient()).unwrap().is_none());
}
