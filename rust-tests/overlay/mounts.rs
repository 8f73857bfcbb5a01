//! Mounts, read-only and policies, and what the host does itself.

use super::support::*;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

fn read_only(target: &str, dir: &std::path::Path) -> Mount {
    Mount { mode: MountMode::ReadOnly, ..mount(target, dir) }
}

fn empty(target: &str) -> Mount {
    Mount { target: target.into(), lower: Lower::Empty, mode: MountMode::ReadWrite, immutable: true }
}

fn vfs(mounts: Vec<Mount>) -> Vfs {
    Vfs::new(mounts, VfsLimits::default()).expect("a filesystem")
}

#[test]
fn mounts_lie_over_one_another() {
    let core = host_with(&[("wp-content/plugins/hello.php", "h"), ("index.php", "i")]);
    let plugin = host_with(&[("plugin.php", "p")]);
    // The order of the list does not matter.
    let mut v = vfs(vec![
        mount("/wordpress/wp-content/plugins/mine", plugin.path()),
        mount("/wordpress", core.path()),
        empty("/wordpress/wp-content/uploads/2026"),
    ]);
    assert_eq!(v.slurp("/wordpress/wp-content/plugins/mine/plugin.php").as_deref(), Ok(&b"p"[..]));
    assert_eq!(v.slurp("/wordpress/wp-content/plugins/hello.php").as_deref(), Ok(&b"h"[..]));
    assert_eq!(v.names("/wordpress/wp-content/plugins"), Ok(vec!["hello.php".into(), "mine".into()]));
    assert_eq!(v.names("/wordpress/wp-content"), Ok(vec!["plugins".into(), "uploads".into()]));
    assert_eq!(v.names("/"), Ok(["dev", "request", "tmp", "wordpress"].map(String::from).to_vec()));
    let dev = |v: &Vfs, path| v.stat(path).expect("there").dev;
    assert_ne!(dev(&v, "/wordpress"), dev(&v, "/wordpress/wp-content/plugins/mine"));
    assert_eq!(dev(&v, "/wordpress"), dev(&v, "/wordpress/wp-content/plugins"));
    assert!(v.stat("/wordpress/wp-content/plugins/mine/../hello.php").is_ok());

    for path in ["/wordpress/wp-content/plugins/mine", "/wordpress/wp-content/uploads/2026", "/wordpress"] {
        assert_eq!(v.rmdir(path), Err(Errno::EBUSY));
        assert_eq!(
            v.rename(path, "/wordpress/x").map_err(|e| e == Errno::EBUSY || e == Errno::EXDEV),
            Err(true)
        );
    }
    assert_eq!(v.rmdir("/wordpress/wp-content/uploads"), Err(Errno::ENOTEMPTY));
    assert_eq!(v.host_remove("/wordpress/wp-content"), Err(Errno::EBUSY), "there is a mount in it");
    assert_eq!(v.rename("/wordpress/wp-content", "/wordpress/content"), Ok(()), "mounts go along");
    assert_eq!(v.slurp("/wordpress/content/plugins/mine/plugin.php").as_deref(), Ok(&b"p"[..]));

    v.spit("/wordpress/content/plugins/mine/plugin.php", "changed").expect("written");
    v.spit("/wordpress/index.php", "changed").expect("written");
    let changes = v.changes("/wordpress/wp-content/plugins/mine", 1).expect("changes");
    assert_eq!(told(&changes), ["~plugin.php"]);
    assert!(std::fs::read_dir(core.path()).expect("readable").count() == 2);
}

#[test]
fn mountpoints_are_no_changes_of_the_mount_they_lie_in() {
    let core = host_with(&[("a/b/f", "x"), ("shadowed/old", "x")]);
    let plugin = host_with(&[("plugin.php", "p")]);
    let mut v = vfs(vec![
        mount("/w", core.path()),
        mount("/w/a/b/mine", plugin.path()),
        mount("/w/new/deep/mine", plugin.path()),
        mount("/w/shadowed", plugin.path()),
    ]);
    assert_eq!(v.names("/w/shadowed"), Ok(vec!["plugin.php".into()]));
    v.spit("/w/a/b/mine/new", "x").expect("written");
    v.spit("/w/shadowed/new", "x").expect("written");
    assert_eq!(told(&v.changes("/w", 0).expect("changes")), Vec::<String>::new());
    v.add_mount(mount("/w/later/mine", plugin.path())).expect("mounted");
    assert_eq!(told(&v.changes("/w", 0).expect("changes")), Vec::<String>::new());
    v.spit("/w/a/b/f", "changed").expect("written");
    v.spit("/w/later/new", "new").expect("written");
    assert_eq!(told(&v.changes("/w", 0).expect("changes")), ["~a/b/f", "+later/new"]);
    assert_eq!(told(&v.changes("/w/shadowed", 0).expect("changes")), ["+new"]);
    assert_eq!(v.changes("/w/none", 0).map(|_| ()), Err(Errno::ENOENT));
}

#[test]
fn files_and_bytes_can_be_mounted() {
    let dir = host_with(&[("php.ini", "memory_limit=1")]);
    let file = |target: &str, lower| Mount {
        target: target.into(),
        lower,
        mode: MountMode::ReadWrite,
        immutable: false,
    };
    let mut v = vfs(vec![
        file("/etc/php.ini", Lower::HostFile(dir.path().join("php.ini"))),
        file("/etc/bytes", Lower::Bytes(Arc::from(&b"0123456789"[..]))),
    ]);
    assert_eq!(v.slurp("/etc/php.ini").as_deref(), Ok(&b"memory_limit=1"[..]));
    assert_eq!(v.names("/etc"), Ok(vec!["bytes".into(), "php.ini".into()]));
    assert_eq!(v.unlink("/etc/php.ini"), Err(Errno::EBUSY));
    assert_eq!(v.rename("/etc/php.ini", "/etc/x"), Err(Errno::EBUSY));
    v.spit("/etc/x", "x").expect("written");
    assert_eq!(v.rename("/etc/x", "/etc/php.ini"), Err(Errno::EBUSY));
    assert_eq!(v.stat("/etc/php.ini/x"), Err(Errno::ENOTDIR));
    let fd = v.open("/etc/bytes", O_RDWR).expect("open");
    assert_eq!(v.pwrite(fd, b"X", 3), Ok(1));
    assert_eq!(v.slurp("/etc/bytes").as_deref(), Ok(&b"012X456789"[..]));
    let changes = v.changes("/etc/bytes", 0).expect("changes");
    assert_eq!(told(&changes), ["~"], "the mount's own path");
    let before = changes.changes[0].before.as_ref().expect("it was there");
    assert_eq!(before.content.bytes().expect("readable"), b"0123456789");
    assert!(v.changes("/etc/php.ini", 0).expect("changes").changes.is_empty());
}

#[test]
fn a_mount_that_cannot_be_is_refused_by_name() {
    let dir = host_with(&[("f", "x"), ("d/f", "x")]);
    let refused = |target: &str, lower: Lower| {
        let second = Mount { target: target.into(), lower, mode: MountMode::ReadWrite, immutable: false };
        let error = Vfs::new(vec![mount("/w", dir.path()), second], VfsLimits::default()).err();
        let refusal = wp_codebox::contract::Refusal::from(error.expect("refused"));
        refusal.code.as_str()
    };
    let fine = || Lower::HostDir(dir.path().into());
    for target in
        ["", "relative", "/a/../b", "/a/./b", "/a//b", "/a/", "//a", "/a\0b", "/w", "/w/f/x", "/w/f"]
    {
        assert_eq!(refused(target, fine()), "wp_codebox_mount_target_invalid", "{target:?}");
    }
    assert_eq!(refused("/w/d", Lower::Bytes(Arc::from(&b""[..]))), "wp_codebox_mount_target_invalid");
    for source in ["none", "f", "d/f/x"] {
        assert_eq!(refused("/x", Lower::HostDir(dir.path().join(source))), "wp_codebox_mount_source_invalid");
    }
    for source in ["none", "d", "f/x"] {
        assert_eq!(
            refused("/x", Lower::HostFile(dir.path().join(source))),
            "wp_codebox_mount_source_invalid"
        );
    }
    assert_eq!(refused("/x", Lower::HostFile("/dev/zero".into())), "wp_codebox_mount_source_invalid");
}

#[test]
fn mounting_later_does_not_bury_what_was_written() {
    let dir = host_with(&[("f", "x")]);
    let mut v = scratch();
    v.spit("/file", "x").expect("written");
    v.mkdir("/full").expect("made");
    v.spit("/full/x", "x").expect("written");
    v.mkdir("/empty").expect("made");
    v.symlink("empty", "/link").expect("made");
    for target in ["/file", "/full", "/file/x", "/link", "/link/x"] {
        assert!(v.add_mount(mount(target, dir.path())).is_err(), "{target}");
    }
    assert_eq!(v.mounts().count(), 1, "a refusal leaves nothing behind");
    assert!(v.add_mount(mount("/empty", dir.path())).is_ok());
    assert_eq!(v.slurp("/empty/f").as_deref(), Ok(&b"x"[..]));
    assert!(v.add_mount(mount("/empty", dir.path())).is_err(), "taken");
}

/// Every way to change something.
fn mutations(v: &mut Vfs, root: &str) -> Vec<(&'static str, VfsResult<()>)> {
    let at = AT_FDCWD;
    let path = |name: &str| format!("{root}/{name}").into_bytes();
    vec![
        ("create", v.openat(at, &path("new"), O_WRONLY | O_CREAT, 0o644).map(drop)),
        ("write", v.openat(at, &path("f"), O_WRONLY, 0).map(drop)),
        ("read-write", v.openat(at, &path("f"), O_RDWR, 0).map(drop)),
        ("truncate on open", v.openat(at, &path("f"), O_RDONLY | O_TRUNC, 0).map(drop)),
        ("truncate", v.truncateat(at, &path("f"), 0)),
        ("mkdir", v.mkdirat(at, &path("new"), 0o755)),
        ("rmdir", v.rmdirat(at, &path("d"))),
        ("unlink", v.unlinkat(at, &path("f"))),
        ("rename", v.renameat(at, &path("f"), at, &path("g"))),
        ("symlink", v.symlinkat(b"f", at, &path("l"))),
        ("link", v.linkat(at, &path("f"), at, &path("h"), false)),
        ("chmod", v.chmodat(at, &path("f"), 0o600, true)),
        ("times", v.utimensat(at, &path("f"), true, SetTime::Now, SetTime::Now)),
        ("access", v.accessat(at, &path("f"), W_OK)),
    ]
}

#[test]
fn nothing_changes_in_a_read_only_mount() {
    let dir = host_with(&[("f", "x"), ("d/", "")]);
    let mut v = vfs(vec![read_only("/ro", dir.path())]);
    for (what, answer) in mutations(&mut v, "/ro") {
        assert_eq!(answer, Err(Errno::EROFS), "{what}");
    }
    let fd = v.open("/ro/f", O_RDONLY | O_CREAT).expect("it is there, so nothing is made");
    assert_eq!(v.fchmod(fd, 0o600), Err(Errno::EROFS));
    assert_eq!(v.futimens(fd, SetTime::Now, SetTime::Now), Err(Errno::EROFS));
    assert_eq!(v.futimens(fd, SetTime::Omit, SetTime::Omit), Ok(()), "nothing is asked for");
    assert_eq!(v.accessat(AT_FDCWD, b"/ro/f", R_OK), Ok(()));
    assert_eq!(v.accessat(AT_FDCWD, b"/ro/f", X_OK), Err(Errno::EACCES));
    assert_eq!(v.accessat(AT_FDCWD, b"/ro/f", 8), Err(Errno::EINVAL));
    // What is wrong with the request itself is said first, as on Linux.
    assert_eq!(v.mkdir("/ro/d"), Err(Errno::EEXIST));
    assert_eq!(v.open("/ro/d", O_WRONLY), Err(Errno::EISDIR));
    assert_eq!(v.rename("/ro/f", "/tmp/f"), Err(Errno::EXDEV));
    v.spit("/tmp/f", "x").expect("written");
    assert_eq!(v.rename("/tmp/f", "/ro/f"), Err(Errno::EXDEV));
    assert_eq!(v.generation(), 2, "only what was written to /tmp");
    assert!(v.changes("/ro", 0).expect("changes").changes.is_empty());

    v.host_write("/ro/sub/placed", "by the host", 0o640).expect("written");
    assert_eq!(v.slurp("/ro/sub/placed").as_deref(), Ok(&b"by the host"[..]));
    assert_eq!(v.unlink("/ro/sub/placed"), Err(Errno::EROFS));
}

#[test]
fn policies_hold_for_what_is_open_too() {
    let dir = host_with(&[("f", "x"), ("d/", "")]);
    let mut v = vfs(vec![mount("/w", dir.path()), empty("/w/db")]);
    v.spit("/w/db/f", "x").expect("written");
    let (w, db, tmp) = (
        v.open("/w/f", O_RDWR).expect("open"),
        v.open("/w/db/f", O_RDWR).expect("open"),
        v.open("/tmp/f", O_RDWR | O_CREAT).expect("open"),
    );
    v.set_guest_writes(GuestWrites::ScratchOnly);
    for (what, answer) in mutations(&mut v, "/w") {
        assert_eq!(answer, Err(Errno::EROFS), "{what}");
    }
    assert_eq!(v.write(w, b"y"), Err(Errno::EROFS));
    assert_eq!(v.ftruncate(w, 0), Err(Errno::EROFS));
    assert_eq!(v.fallocate(w, 0, 100), Err(Errno::EROFS));
    assert_eq!(v.write(db, b"y"), Ok(1));
    assert_eq!(v.write(tmp, b"y"), Ok(1));

    v.set_guest_writes(GuestWrites::Nowhere);
    for root in ["/w", "/w/db"] {
        for (what, answer) in mutations(&mut v, root) {
            assert!(answer == Err(Errno::EROFS) || answer == Err(Errno::ENOENT), "{what}: {answer:?}");
        }
    }
    assert_eq!(v.write(db, b"y"), Err(Errno::EROFS));
    assert_eq!(v.write(tmp, b"y"), Err(Errno::EROFS));
    assert_eq!(v.spit("/tmp/new", "x"), Err(Errno::EROFS));
    assert_eq!(v.write(1, b"out"), Ok(3), "streams are no files");
    assert_eq!(v.host_write("/tmp/new", "x", 0o644), Ok(()));

    v.set_guest_writes(GuestWrites::AsMounted);
    assert_eq!(v.write(w, b"y"), Ok(1));
    v.set_mount_mode("/w", MountMode::ReadOnly).expect("a mount");
    assert_eq!(v.write(w, b"y"), Err(Errno::EROFS));
    assert_eq!(v.write(db, b"y"), Ok(1));
    assert_eq!(v.set_mount_mode("/none", MountMode::ReadOnly), Err(Errno::ENOENT));
}

#[test]
fn the_host_writes_reads_and_removes() {
    let dir = host_with(&[("d/f", "x"), ("d/sub/g", "y")]);
    let mut v = sandbox(dir.path());
    v.host_write("/made/with/parents", [1u8, 2, 3], 0o600).expect("written");
    assert_eq!(v.stat("/made/with/parents").map(|s| (s.mode, s.size)), Ok((S_IFREG | 0o600, 3)));
    let fd = v.open("/made/with/parents", O_RDONLY).expect("open");
    v.host_write("/made/with/parents", "again", 0o644).expect("written");
    assert_eq!(read_all(&mut v, fd).as_deref(), Ok(&b"again"[..]), "the same file");
    assert_eq!(v.host_read("/made/with/parents", 5).as_deref(), Ok(&b"again"[..]));
    assert_eq!(v.host_read("/made/with/parents", 4), Err(Errno::EFBIG));
    assert_eq!(v.host_read("/w/d/f", 10).as_deref(), Ok(&b"x"[..]));
    assert_eq!(v.host_read("/w/d", 10), Err(Errno::EISDIR));
    assert_eq!(v.host_read("/dev/zero", 10), Err(Errno::EINVAL));
    assert_eq!(v.host_read("/none", 10), Err(Errno::ENOENT));
    assert_eq!(v.host_write("/w/d", "x", 0o644), Err(Errno::EISDIR));
    assert_eq!(v.host_write("/w/d/f/x", "x", 0o644), Err(Errno::ENOTDIR));
    assert_eq!(v.host_write("/w/d/", "x", 0o644), Err(Errno::EISDIR));
    assert_eq!(v.host_write("relative", "x", 0o644), Err(Errno::EINVAL));
    assert_eq!(v.host_write("/w/../x", "x", 0o644), Err(Errno::EINVAL));
    let names: Vec<_> = v.host_list("/w/d").expect("listed").into_iter().map(|e| e.name).collect();
    assert_eq!(names, [&b"f"[..], b"sub"]);
    v.host_symlink("f", "/w/d/link").expect("made");
    assert_eq!(v.slurp("/w/d/link").as_deref(), Ok(&b"x"[..]));
    v.spit("/w/d/sub/new", "z").expect("written");
    v.host_remove("/w/d").expect("removed");
    assert_eq!(v.names("/w"), Ok(vec![]));
    assert_eq!(v.host_remove("/w/d"), Err(Errno::ENOENT));
    assert_eq!(v.host_remove("/"), Err(Errno::EBUSY));
    let used = v.usage().upper_bytes;
    v.host_remove("/made/").expect("removed");
    assert_eq!(used - v.usage().upper_bytes, 0, "the file is open");
    v.close(fd).expect("closed");
    assert_eq!(used - v.usage().upper_bytes, 5);
}

/// The host writes where no guest may, so a link that the guest made must not choose the place.
#[test]
fn the_host_is_not_led_astray_by_links_of_the_guest() {
    let core = host_with(&[("index.php", "core"), ("d/f", "x")]);
    symlink("d", core.path().join("own-link")).expect("a link");
    let mut v = vfs(vec![read_only("/core", core.path()), mount("/w", core.path())]);
    v.symlink("/core/index.php", "/tmp/out.json").expect("made");
    v.symlink("/core", "/tmp/dir").expect("made");
    v.symlink("/core/new", "/tmp/dangling").expect("made");
    for path in ["/tmp/out.json", "/tmp/dir/index.php", "/tmp/dir/new", "/tmp/dir/new/x", "/tmp/dangling"] {
        let refused = v.host_write(path, "astray", 0o644).expect_err(path);
        assert!(refused == Errno::ELOOP || refused == Errno::ENOENT, "{path}: {refused:?}");
    }
    assert_eq!(v.host_mkdir_all("/tmp/dir/x"), Err(Errno::ELOOP));
    assert_eq!(v.host_remove("/tmp/dir/d"), Err(Errno::ELOOP));
    assert_eq!(v.host_symlink("x", "/tmp/dir/x"), Err(Errno::ELOOP));
    assert!(v.changes("/core", 0).expect("changes").changes.is_empty());
    // Renaming a link of the host does not make it trustworthy.
    v.rename("/w/own-link", "/w/moved-link").expect("renamed");
    assert_eq!(v.host_write("/w/moved-link/f", "x", 0o644), Err(Errno::ELOOP));
    assert_eq!(v.host_write("/core/own-link/f", "through the host's own", 0o644), Ok(()));
    assert_eq!(v.slurp("/core/d/f").as_deref(), Ok(&b"through the host's own"[..]));
    v.host_remove("/tmp/dir").expect("the link itself can go");
    assert_eq!(v.slurp("/core/index.php").as_deref(), Ok(&b"core"[..]));
}

#[test]
fn devices_are_there_and_cannot_be_taken_for_files() {
    let mut v = scratch();
    for path in [
        "/dev/null",
        "/dev/zero",
        "/dev/random",
        "/dev/urandom",
        "/dev/tty",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/request/stdout",
        "/request/stderr",
        "/request/headers",
    ] {
        let stat = v.stat(path).expect("there");
        assert_eq!(stat.mode & S_IFMT, S_IFCHR, "{path}");
        assert_ne!(stat.rdev, 0);
        let fd = v.open(path, O_RDWR).expect("open");
        assert_eq!(v.kind(fd), Ok(FdKind::Device { tty: false }));
        assert_eq!(v.ftruncate(fd, 0), Err(Errno::EINVAL));
        assert_eq!(v.poll_ready(fd), Ok((true, true)));
        v.close(fd).expect("closed");
    }
    let (zero, random, null) = (
        v.open("/dev/zero", O_RDWR).expect("open"),
        v.open("/dev/urandom", O_RDONLY).expect("open"),
        v.open("/dev/null", O_RDWR | O_TRUNC | O_CREAT).expect("open"),
    );
    let mut buf = [1; 64];
    assert_eq!(v.read(zero, &mut buf), Ok(64));
    assert_eq!(buf, [0; 64]);
    assert_eq!(v.read(random, &mut buf), Ok(64));
    assert_ne!(buf, [0; 64]);
    assert_eq!(v.read(null, &mut buf), Ok(0));
    assert_eq!(v.write(null, b"gone"), Ok(4));
    assert_eq!(v.seek(null, 5, SEEK_SET), Ok(0));
    assert_eq!(v.seek(1, 0, SEEK_CUR), Err(Errno::ESPIPE), "a stream has no position");
    // A guest that removes a device harms itself alone.
    v.unlink("/dev/null").expect("unlinked");
    assert_eq!(v.write(null, b"gone"), Ok(4));
}
