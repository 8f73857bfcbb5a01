//! Path resolution: slashes, links, lengths, and attempts to get out.

use super::support::*;
use std::os::unix::fs::symlink;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

/// Each test runs against a tree that may change and one that is promised not to.
fn both(dir: &std::path::Path) -> [Vfs; 2] {
    [false, true].map(|immutable| {
        let mount = Mount { immutable, ..mount("/w", dir) };
        Vfs::new(vec![mount], VfsLimits::default()).expect("a filesystem")
    })
}

#[test]
fn a_trailing_slash_asks_for_a_directory() {
    let dir = host_with(&[("f", "x"), ("d/f", "x")]);
    symlink("f", dir.path().join("to-file")).expect("a link");
    symlink("d", dir.path().join("to-dir")).expect("a link");
    for mut v in both(dir.path()) {
        v.symlink("f", "/w/guest-to-file").expect("made");
        for path in ["/w/f/", "/w/f/.", "/w/to-file/", "/w/guest-to-file/", "/w/f//"] {
            assert_eq!(v.stat(path), Err(Errno::ENOTDIR), "{path}");
            assert_eq!(v.lstat(path), Err(Errno::ENOTDIR), "{path}");
            assert_eq!(v.open(path, O_RDONLY), Err(Errno::ENOTDIR), "{path}");
            assert_eq!(v.readlinkat(AT_FDCWD, path.as_bytes()), Err(Errno::ENOTDIR), "{path}");
            assert_eq!(v.truncateat(AT_FDCWD, path.as_bytes(), 0), Err(Errno::ENOTDIR), "{path}");
        }
        for path in ["/w/d/", "/w/d/.", "/w/to-dir/", "/w/to-dir/.", "//w///d//"] {
            assert!(v.lstat(path).is_ok_and(|s| s.mode & S_IFMT == S_IFDIR), "{path}");
        }
        assert!(v.lstat("/w/to-dir").is_ok_and(|s| s.mode & S_IFMT == S_IFLNK));
        assert_eq!(v.readlinkat(AT_FDCWD, b"/w/to-dir/"), Err(Errno::EINVAL), "the directory is no link");
        assert_eq!(v.readlinkat(AT_FDCWD, b"/w/to-dir").as_deref(), Ok(&b"d"[..]));
    }
}

/// GHSA-vqjp-4c8c-hfgg: with a slash after it, a link in the last place was handed to the host's
/// kernel, which followed it out of the sandbox.
#[test]
fn a_trailing_slash_after_a_link_does_not_lead_out() {
    let outside = host_with(&[("secret", "s")]);
    let dir = host_with(&[("d/f", "x")]);
    symlink(outside.path(), dir.path().join("out")).expect("a link");
    symlink("..", dir.path().join("up")).expect("a link");
    for mut v in both(dir.path()) {
        v.symlink(outside.path().to_str().expect("UTF-8"), "/w/guest-out").expect("made");
        for path in ["/w/out/", "/w/out/.", "/w/out/secret", "/w/guest-out/", "/w/guest-out/secret"] {
            assert_eq!(v.stat(path), Err(Errno::ENOENT), "{path}");
            assert_eq!(v.open(path, O_RDONLY), Err(Errno::ENOENT), "{path}");
            assert_eq!(v.open(path, O_RDONLY | O_DIRECTORY), Err(Errno::ENOENT), "{path}");
        }
        // `..` of the mount is the guest's root, not the host's directory above.
        assert_eq!(v.names("/w/up/"), v.names("/"));
        assert!(v.mkdir("/w/up/made").is_ok());
        assert!(v.stat("/made").is_ok());
    }
    assert!(!dir.path().parent().expect("a parent").join("made").exists());
}

#[test]
fn dot_dot_never_leaves_the_root() {
    let dir = host_with(&[("a/b/f", "deep")]);
    for mut v in both(dir.path()) {
        for path in ["/../../w/a/b/f", "/w/../../../w/a/../a/b/f", "/w/a/b/../../a/b/./f", "/w/a/b/../b/f"] {
            assert_eq!(v.slurp(path).as_deref(), Ok(&b"deep"[..]), "{path}");
        }
        v.chdir(b"/w/a/b").expect("changed");
        assert_eq!(v.slurp("../../../../../../w/a/b/f").as_deref(), Ok(&b"deep"[..]));
        assert_eq!(v.stat("/w/none/../a"), Err(Errno::ENOENT), "what is left has to be there");
        assert_eq!(v.stat("/w/a/b/f/../f"), Err(Errno::ENOTDIR));
        assert_eq!(v.stat("/../../../etc/passwd"), Err(Errno::ENOENT));
        assert_eq!(v.stat("/proc/self/environ"), Err(Errno::ENOENT));
    }
}

#[test]
fn links_are_read_in_the_guests_namespace() {
    let dir = host_with(&[("real/f", "inside"), ("x", "x")]);
    symlink("/w/real", dir.path().join("absolute")).expect("a link");
    symlink("../../../../../w/real/f", dir.path().join("relative")).expect("a link");
    symlink("/etc/passwd", dir.path().join("passwd")).expect("a link");
    symlink("/proc/self/root/etc/passwd", dir.path().join("proc")).expect("a link");
    symlink("absolute", dir.path().join("twice")).expect("a link");
    for mut v in both(dir.path()) {
        for path in ["/w/absolute/f", "/w/relative", "/w/twice/f", "/w/twice/../real/f"] {
            assert_eq!(v.slurp(path).as_deref(), Ok(&b"inside"[..]), "{path}");
        }
        assert_eq!(v.open("/w/passwd", O_RDONLY), Err(Errno::ENOENT));
        assert_eq!(v.open("/w/proc", O_RDONLY), Err(Errno::ENOENT));
        assert_eq!(v.open("/w/relative", O_RDONLY | O_NOFOLLOW), Err(Errno::ELOOP));
        // The guest may make the place that a host's link names: in its own namespace.
        v.mkdir("/etc").expect("made");
        v.spit("/w/passwd", "mine").expect("written through the link");
        assert_eq!(v.slurp("/etc/passwd").as_deref(), Ok(&b"mine"[..]));
    }
    assert!(std::fs::read("/etc/passwd").expect("the host's").starts_with(b"root:"));
}

#[test]
fn at_most_forty_links_are_followed() {
    let dir = host_with(&[("f", "x")]);
    symlink("loop", dir.path().join("loop")).expect("a link");
    for mut v in both(dir.path()) {
        assert_eq!(v.stat("/w/loop"), Err(Errno::ELOOP));
        assert_eq!(v.stat("/w/loop/x"), Err(Errno::ELOOP));
        assert_eq!(v.open("/w/loop", O_WRONLY | O_CREAT), Err(Errno::ELOOP));
        v.symlink("f", "/w/l1").expect("made");
        for n in 2..=41 {
            v.symlink(&format!("l{}", n - 1), &format!("/w/l{n}")).expect("made");
        }
        assert!(v.stat("/w/l40").is_ok());
        assert_eq!(v.stat("/w/l41"), Err(Errno::ELOOP));
        assert!(v.open("/w/l40", O_WRONLY | O_CREAT).is_ok());
        assert_eq!(v.open("/w/l41", O_WRONLY | O_CREAT), Err(Errno::ELOOP));
        // A chain that doubles the path at each step is bounded as well.
        v.symlink("a/a", "/w/a").expect("made");
        assert_eq!(v.stat("/w/a"), Err(Errno::ELOOP));
    }
}

#[test]
fn paths_containing_nul_are_invalid() {
    let mut v = scratch();
    let path = b"/tmp/a\0b";
    assert_eq!(v.openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0o644), Err(Errno::EINVAL));
    assert_eq!(v.statat(AT_FDCWD, path, true), Err(Errno::EINVAL));
    assert_eq!(v.mkdirat(AT_FDCWD, path, 0o755), Err(Errno::EINVAL));
    assert_eq!(v.unlinkat(AT_FDCWD, path), Err(Errno::EINVAL));
    assert_eq!(v.rmdirat(AT_FDCWD, path), Err(Errno::EINVAL));
    assert_eq!(v.renameat(AT_FDCWD, b"/tmp", AT_FDCWD, path), Err(Errno::EINVAL));
    assert_eq!(v.symlinkat(path, AT_FDCWD, b"/tmp/l"), Err(Errno::EINVAL));
    assert_eq!(v.readlinkat(AT_FDCWD, path), Err(Errno::EINVAL));
    assert_eq!(v.chdir(path), Err(Errno::EINVAL));
    assert_eq!(v.host_write("/tmp/a\0b", "x", 0o644), Err(Errno::EINVAL));
}

#[test]
fn names_and_paths_have_their_lengths() {
    let dir = host_with(&[("d/f", "x")]);
    for mut v in both(dir.path()) {
        let longest = "n".repeat(255);
        v.spit(&format!("/w/d/{longest}"), "x").expect("written");
        assert!(v.stat(&format!("/w/d/{longest}")).is_ok());
        for parent in ["/w/d", "/w", "/tmp", "/w/d/new"] {
            let _ = v.mkdir(parent);
            for path in [format!("{parent}/{longest}n"), format!("{parent}/{longest}n/x")] {
                assert_eq!(v.stat(&path), Err(Errno::ENAMETOOLONG));
                assert_eq!(v.open(&path, O_WRONLY | O_CREAT), Err(Errno::ENAMETOOLONG));
                assert_eq!(v.mkdir(&path), Err(Errno::ENAMETOOLONG));
                assert_eq!(v.rename("/w/d/f", &path), Err(Errno::ENAMETOOLONG));
                assert_eq!(v.symlink("x", &path), Err(Errno::ENAMETOOLONG));
            }
        }
        let path =
            |n: usize| format!("/{}", "./".repeat((n - 1) / 2)) + if n.is_multiple_of(2) { "." } else { "" };
        assert!(v.stat(&path(4095)).is_ok());
        assert_eq!(v.stat(&path(4096)), Err(Errno::ENAMETOOLONG));
        assert_eq!(v.symlink(&path(4096), "/tmp/l"), Err(Errno::ENAMETOOLONG));
        assert_eq!(v.stat(&format!("/w/f{}", "/x".repeat(2000))), Err(Errno::ENOENT));
    }
}

/// A directory whose absolute path would be too long cannot be made step by step either: the cost
/// of a listing of everything stays bounded.
#[test]
fn no_tree_is_deeper_than_a_path_is_long() {
    let mut v = scratch();
    v.chdir(b"/tmp").expect("changed");
    let name = "d".repeat(250);
    let mut depth = 0;
    while v.mkdir(&name).is_ok() {
        v.chdir(name.as_bytes()).expect("changed");
        depth += 1;
        assert!(depth < 20);
    }
    assert_eq!(v.mkdir(&name), Err(Errno::ENAMETOOLONG));
    assert_eq!(depth, 16);
    assert_eq!(v.getcwd().map(|p| p.len()), Ok(4 + 16 * 251));
}

#[test]
fn names_are_bytes() {
    let dir = host_with(&[("back\\slash", "b")]);
    for mut v in both(dir.path()) {
        assert_eq!(v.slurp("/w/back\\slash").as_deref(), Ok(&b"b"[..]));
        assert_eq!(v.stat("/w/back/slash"), Err(Errno::ENOENT));
        assert_eq!(v.stat("/w\\back"), Err(Errno::ENOENT));
        for name in
            [&b"\xff\xfe"[..], b"caf\xe9", b"caf\xc3\xa9", b"cafe\xcc\x81", b"CAF\xc3\x89", b" ", b"\n", b"-"]
        {
            let path = [b"/w/", name].concat();
            let fd =
                v.openat(AT_FDCWD, &path, O_WRONLY | O_CREAT | O_EXCL, 0o644).expect("a name of its own");
            v.write(fd, name).expect("written");
        }
        let fd = v.open("/w", O_RDONLY).expect("open");
        let listed = v.readdir(fd, 100).expect("listed");
        assert!(listed.iter().any(|e| e.name == b"caf\xe9"));
        assert!(listed.iter().any(|e| e.name == b"\xff\xfe"));
    }
}

/// Whatever a link of the host points to when it is looked at, it is never followed by the host.
#[test]
fn a_directory_swapped_for_a_link_between_calls_leads_nowhere() {
    let outside = host_with(&[("f", "secret")]);
    let dir = host_with(&[("d/f", "mine"), ("d/g", "mine")]);
    let mut v = sandbox(dir.path());
    assert_eq!(v.slurp("/w/d/f").as_deref(), Ok(&b"mine"[..]));
    let fd = v.open("/w/d", O_RDONLY | O_DIRECTORY).expect("open");
    let read_only = v.open("/w/d/f", O_RDONLY).expect("open");
    v.chmodat(AT_FDCWD, b"/w/d/g", 0o600, true).expect("a node over the lower file");

    std::fs::rename(dir.path().join("d"), dir.path().join("gone")).expect("renamed");
    symlink(outside.path(), dir.path().join("d")).expect("a link in its place");
    assert_eq!(v.openat(fd, b"f", O_RDONLY, 0), Err(Errno::ELOOP), "by the open directory");
    assert_eq!(v.slurp("/w/d/f"), Err(Errno::ELOOP), "by its path, which the sandbox knows as a directory");
    assert_eq!(v.slurp("/w/d/g"), Err(Errno::ELOOP));
    assert_eq!(read_all(&mut v, read_only).as_deref(), Ok(&b"mine"[..]), "what was open stays open");

    // A link that was always one is the guest's to follow, in the guest's namespace.
    let mut fresh = sandbox(dir.path());
    assert_eq!(fresh.slurp("/w/d/f"), Err(Errno::ENOENT));
}

#[test]
fn special_files_of_the_host_are_shown_and_not_opened() {
    let dir = host_with(&[("f", "x")]);
    let path = |name: &str| dir.path().join(name);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .expect("a FIFO");
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("a socket");
    for mut v in both(dir.path()) {
        for (name, kind) in [("fifo", 1), ("socket", 12)] {
            let full = format!("/w/{name}");
            assert_eq!(v.stat(&full).map(|s| dirent_kind(s.mode)), Ok(kind));
            for flags in [O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_NONBLOCK, O_RDWR | O_CREAT] {
                // Would block for ever if it reached the host.
                assert_eq!(v.open(&full, flags), Err(Errno::EACCES), "{name}");
            }
            assert_eq!(v.rename(&full, "/w/moved"), Err(Errno::EACCES));
            assert_eq!(v.unlink(&full), Ok(()), "hiding it is harmless");
            assert_eq!(v.stat(&full), Err(Errno::ENOENT));
        }
        assert_eq!(v.host_read("/w/fifo", 10), Err(Errno::ENOENT));
        assert!(v.changes("/w", 0).expect("changes").changes.is_empty(), "no patch can carry them");
    }
    assert!(path("fifo").symlink_metadata().is_ok());
}

#[test]
fn relative_paths_start_where_they_are_told_to() {
    let dir = host_with(&[("a/b/f", "x"), ("f", "top")]);
    for mut v in both(dir.path()) {
        v.chdir(b"/w/a").expect("changed");
        assert_eq!(v.getcwd().as_deref(), Ok(&b"/w/a"[..]));
        assert_eq!(v.slurp("b/f").as_deref(), Ok(&b"x"[..]));
        assert_eq!(v.slurp("../f").as_deref(), Ok(&b"top"[..]));
        let b = v.open("b", O_RDONLY).expect("open");
        let f = v.open("b/f", O_RDONLY).expect("open");
        assert!(v.statat(b, b"f", true).is_ok());
        assert!(v.statat(b, b"../../f", true).is_ok());
        assert!(v.statat(b, b"/w/f", true).is_ok(), "absolute: the descriptor is not looked at");
        assert!(v.statat(99, b"/w/f", true).is_ok());
        assert_eq!(v.statat(99, b"f", true), Err(Errno::EBADF));
        assert_eq!(v.statat(f, b"f", true), Err(Errno::ENOTDIR));
        assert_eq!(v.stat(""), Err(Errno::ENOENT));
        v.fchdir(b).expect("changed");
        assert_eq!(v.getcwd().as_deref(), Ok(&b"/w/a/b"[..]));
        assert_eq!(v.fchdir(f), Err(Errno::ENOTDIR));
        assert_eq!(v.chdir(b"f"), Err(Errno::ENOTDIR));
        v.rename("/w/a", "/w/z").expect("renamed");
        assert_eq!(v.getcwd().as_deref(), Ok(&b"/w/z/b"[..]));
        assert_eq!(v.host_dir_path(b).as_deref(), Ok(&b"/w/z/b"[..]));
    }
}

/// What an immutable tree was asked once is not asked again, whatever names the guest makes up.
#[test]
fn an_immutable_tree_is_asked_once() {
    let dir = host_with(&[("a/b/c/f", "x"), ("a/b/g", "y")]);
    let immutable = Mount { immutable: true, ..mount("/w", dir.path()) };
    let mut v = Vfs::new(vec![immutable.clone()], VfsLimits::default()).expect("a filesystem");
    let everything = |v: &mut Vfs| {
        for path in ["/w/a/b/c/f", "/w/a/b/g"] {
            v.stat(path).expect("there");
            v.slurp(path).expect("read");
        }
        v.names("/w/a/b").expect("listed");
        for n in 0..100 {
            assert_eq!(v.stat(&format!("/w/a/b/none{n}")), Err(Errno::ENOENT));
            assert_eq!(v.stat(&format!("/w/a/none{n}/x/y/z")), Err(Errno::ENOENT));
            assert_eq!(v.stat(&format!("/w/a/b/g/none{n}")), Err(Errno::ENOTDIR));
        }
    };
    everything(&mut v);
    let calls = v.host_calls();
    everything(&mut v);
    assert_eq!(v.host_calls(), calls);
    let mut other = Vfs::new(vec![immutable], VfsLimits::default()).expect("a filesystem");
    let calls = other.host_calls();
    everything(&mut other);
    assert!(other.host_calls() - calls <= 1, "another sandbox of this process shares it");
}

/// A lookup in a tree that may change costs one path resolution of the host, however deep it is.
#[test]
fn a_lookup_in_a_changing_tree_is_one_resolution() {
    let dir = host_with(&[("a/b/c/d/e/f", "x")]);
    let v = sandbox(dir.path());
    let calls = v.host_calls();
    v.stat("/w/a/b/c/d/e/f").expect("there");
    assert_eq!(v.host_calls() - calls, 3, "open, stat, close");
    let calls = v.host_calls();
    assert_eq!(v.stat("/w/a/b/c/d/e/none"), Err(Errno::ENOENT));
    assert_eq!(v.host_calls() - calls, 1);
    std::fs::write(dir.path().join("a/b/c/d/e/none"), "now").expect("written");
    assert!(v.stat("/w/a/b/c/d/e/none").is_ok(), "nothing was remembered");
}
