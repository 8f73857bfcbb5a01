//! Making, renaming and removing names.

use super::support::*;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

fn tree() -> tempfile::TempDir {
    host_with(&[("f", "eff"), ("g", "gee"), ("d/one", "1"), ("d/sub/two", "2"), ("empty/", "")])
}

#[test]
fn a_lower_file_is_renamed_without_its_bytes_being_copied() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    let before = v.stat("/w/f").expect("there");
    assert_eq!(v.rename("/w/f", "/w/d/moved"), Ok(()));
    assert_eq!(v.slurp("/w/d/moved").as_deref(), Ok(&b"eff"[..]));
    assert_eq!(v.stat("/w/f"), Err(Errno::ENOENT));
    assert_eq!(v.names("/w"), Ok(vec!["d".into(), "empty".into(), "g".into()]));
    assert_eq!(v.usage().upper_bytes, 0);
    let after = v.stat("/w/d/moved").expect("there");
    assert_eq!((after.dev, after.ino, after.mtime_ns), (before.dev, before.ino, before.mtime_ns));
}

#[test]
fn a_lower_directory_is_renamed_without_its_tree_being_looked_at() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    let before = v.usage().upper_files;
    let calls = v.host_calls();
    assert_eq!(v.rename("/w/d", "/w/e"), Ok(()));
    assert!(v.host_calls() - calls < 20, "{} calls", v.host_calls() - calls);
    // The root of the mount, the directory, and a whiteout where it was.
    assert_eq!(v.usage().upper_files - before, 3);
    assert_eq!(v.slurp("/w/e/sub/two").as_deref(), Ok(&b"2"[..]));
    assert_eq!(v.stat("/w/d/one"), Err(Errno::ENOENT));
    assert_eq!(v.spit("/w/e/sub/two", "changed"), Ok(()));
    assert_eq!(v.rename("/w/e/sub", "/w/sub"), Ok(()));
    assert_eq!(v.slurp("/w/sub/two").as_deref(), Ok(&b"changed"[..]));
    assert_eq!(v.names("/w/e"), Ok(vec!["one".into()]));
}

#[test]
fn a_new_directory_where_one_was_renamed_away_is_empty() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    v.rename("/w/d", "/w/e").expect("renamed");
    v.mkdir("/w/d").expect("made");
    assert_eq!(v.names("/w/d"), Ok(vec![]));
    assert_eq!(v.rename("/w/e", "/w/d"), Ok(()), "an empty directory may be replaced");
    assert_eq!(v.names("/w/d"), Ok(vec!["one".into(), "sub".into()]));
    assert_eq!(v.stat("/w/e"), Err(Errno::ENOENT));
}

#[test]
fn a_rename_keeps_what_is_open() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    let read_only = v.open("/w/f", O_RDONLY).expect("open");
    let writing = v.open("/w/g", O_RDWR).expect("open");
    v.rename("/w/f", "/w/f2").expect("renamed");
    v.rename("/w/g", "/w/f2").expect("renamed over it");
    assert_eq!(read_all(&mut v, read_only).as_deref(), Ok(&b"eff"[..]), "replaced, still open");
    assert_eq!(v.fstat(read_only).map(|s| s.nlink), Ok(0));
    assert_eq!(v.write(writing, b"GEE!"), Ok(4));
    assert_eq!(v.slurp("/w/f2").as_deref(), Ok(&b"GEE!"[..]));

    let dirfd = v.open("/w/d", O_RDONLY | O_DIRECTORY).expect("open");
    v.rename("/w/d", "/w/elsewhere").expect("renamed");
    let inside = v.openat(dirfd, b"one", O_RDONLY, 0).expect("the descriptor went along");
    assert_eq!(read_all(&mut v, inside).as_deref(), Ok(&b"1"[..]));
    assert_eq!(v.mkdirat(dirfd, b"new", 0o755), Ok(()));
    assert!(v.stat("/w/elsewhere/new").is_ok());
}

#[test]
fn renames_that_cannot_be() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    v.symlink("d", "/w/link").expect("made");
    let cases = [
        ("/w/none", "/w/x", Errno::ENOENT),
        ("/w/none/x", "/w/x", Errno::ENOENT),
        ("/w/f", "/w/none/x", Errno::ENOENT),
        ("/w/f/x", "/w/x", Errno::ENOTDIR),
        ("/w/f", "/w/d", Errno::EISDIR),
        ("/w/d", "/w/f", Errno::ENOTDIR),
        ("/w/empty", "/w/d", Errno::ENOTEMPTY),
        ("/w/d", "/w/d/inside", Errno::EINVAL),
        ("/w/d", "/w/d/sub/inside", Errno::EINVAL),
        ("/w/d", "/w/link/inside", Errno::EINVAL),
        ("/w/d/sub", "/w/d", Errno::ENOTEMPTY),
        ("/w/d/one", "/w/d", Errno::ENOTEMPTY),
        ("/w/f", "/w/x/", Errno::ENOTDIR),
        ("/w/f/", "/w/x", Errno::ENOTDIR),
        ("/w/link/", "/w/x", Errno::ENOTDIR),
        ("/w/d/.", "/w/x", Errno::EBUSY),
        ("/w/d/..", "/w/x", Errno::EBUSY),
        ("/", "/w/x", Errno::EXDEV),
        ("/w/f", "/tmp/f", Errno::EXDEV),
        ("/w", "/v", Errno::EBUSY),
        ("/tmp", "/w", Errno::EBUSY),
    ];
    let before = picture_of_guest(&mut v, "/w", &[]);
    for (from, to, why) in cases {
        assert_eq!(v.rename(from, to), Err(why), "{from} -> {to}");
    }
    assert_eq!(picture_of_guest(&mut v, "/w", &[]), before, "a refusal changes nothing");
    assert_eq!(v.rename("/w/f", "/w/f"), Ok(()), "onto itself is nothing");
    assert_eq!(v.rename("/w/d/", "/w/renamed/"), Ok(()), "slashes are right for directories");
}

#[test]
fn a_directory_is_not_empty_until_everything_in_it_is_hidden() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    assert_eq!(v.rmdir("/w/d/sub"), Err(Errno::ENOTEMPTY));
    v.unlink("/w/d/sub/two").expect("unlinked");
    assert_eq!(v.rmdir("/w/d/sub"), Ok(()));
    v.spit("/w/d/new", "x").expect("written");
    v.unlink("/w/d/one").expect("unlinked");
    assert_eq!(v.rmdir("/w/d"), Err(Errno::ENOTEMPTY));
    v.unlink("/w/d/new").expect("unlinked");
    assert_eq!(v.rmdir("/w/d"), Ok(()));
    assert_eq!(v.names("/w"), Ok(vec!["empty".into(), "f".into(), "g".into()]));
    v.mkdir("/w/d").expect("made again");
    assert_eq!(v.names("/w/d"), Ok(vec![]), "opaque: nothing of the lower one shows");
    assert_eq!(v.stat("/w/d/one"), Err(Errno::ENOENT));
}

#[test]
fn removals_that_cannot_be() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    v.symlink("d", "/w/link").expect("made");
    let cases = [
        ("/w/none", Errno::ENOENT, Errno::ENOENT),
        ("/w/f/x", Errno::ENOTDIR, Errno::ENOTDIR),
        ("/w/f", Errno::EIO, Errno::ENOTDIR),
        ("/w/f/", Errno::ENOTDIR, Errno::ENOTDIR),
        ("/w/d", Errno::EISDIR, Errno::ENOTEMPTY),
        ("/w/d/", Errno::EISDIR, Errno::ENOTEMPTY),
        ("/w/link/", Errno::EISDIR, Errno::ENOTDIR),
        ("/w/d/.", Errno::EISDIR, Errno::EINVAL),
        ("/w/d/..", Errno::EISDIR, Errno::ENOTEMPTY),
        ("/", Errno::EISDIR, Errno::EBUSY),
        ("/w", Errno::EISDIR, Errno::EBUSY),
        ("", Errno::ENOENT, Errno::ENOENT),
    ];
    for (path, unlink, rmdir) in cases {
        // The link itself is what unlink with a slash looks at; it is not a directory.
        let unlink = if path == "/w/link/" { Errno::ENOTDIR } else { unlink };
        assert_eq!(v.rmdir(path), Err(rmdir), "rmdir {path}");
        if unlink != Errno::EIO {
            assert_eq!(v.unlink(path), Err(unlink), "unlink {path}");
        }
    }
    assert_eq!(v.unlink("/w/f"), Ok(()));
    assert_eq!(v.unlink("/w/f"), Err(Errno::ENOENT));
}

#[test]
fn an_unlinked_file_lives_while_it_is_open() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    let lower = v.open("/w/f", O_RDONLY).expect("open");
    let upper = v.open("/w/new", O_RDWR | O_CREAT).expect("open");
    let copied = v.open("/w/g", O_RDWR).expect("open");
    v.write(upper, b"fresh").expect("written");
    for path in ["/w/f", "/w/new", "/w/g"] {
        v.unlink(path).expect("unlinked");
        assert_eq!(v.stat(path), Err(Errno::ENOENT));
    }
    let again = v.dup(upper, 0).expect("dup");
    v.close(upper).expect("closed");
    assert_eq!(read_all(&mut v, lower).as_deref(), Ok(&b"eff"[..]));
    assert_eq!(v.write(copied, b"written after it was unlinked"), Ok(29));
    let mut buf = [0; 5];
    assert_eq!(v.pread(again, &mut buf, 0), Ok(5));
    assert_eq!(&buf, b"fresh");
    for fd in [lower, again, copied] {
        assert_eq!(v.fstat(fd).map(|s| s.nlink), Ok(0));
    }
    // A new file of the old name is another one.
    v.spit("/w/f", "other").expect("written");
    assert_eq!(v.seek(lower, 0, SEEK_SET), Ok(0));
    assert_eq!(read_all(&mut v, lower).as_deref(), Ok(&b"eff"[..]));

    assert_eq!(v.usage().upper_bytes, 5 + 29 + 5);
    v.close(again).expect("closed");
    v.close(copied).expect("closed");
    assert_eq!(v.usage().upper_bytes, 5, "what nobody can reach is not held");
}

#[test]
fn a_removed_directory_that_is_open_stays_empty_for_ever() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/empty", O_RDONLY | O_DIRECTORY).expect("open");
    v.chdir(b"/w/empty").expect("changed");
    v.rmdir("/w/empty").expect("removed");
    assert_eq!(v.readdir(fd, 10), Ok(vec![]));
    assert_eq!(v.openat(fd, b"x", O_WRONLY | O_CREAT, 0o644), Err(Errno::ENOENT));
    assert_eq!(v.mkdirat(fd, b"x", 0o755), Err(Errno::ENOENT));
    assert_eq!(v.spit("relative", "x"), Err(Errno::ENOENT));
    assert_eq!(v.getcwd(), Err(Errno::ENOENT));
    assert_eq!(v.fstat(fd).map(|s| s.nlink), Ok(0));
    v.mkdir("/w/empty").expect("made again");
    assert_eq!(v.readdir(fd, 10), Ok(vec![]), "that is another directory");
    assert_eq!(v.chdir(b".."), Ok(()), "the way up is still known");
    assert_eq!(v.getcwd().as_deref(), Ok(&b"/w"[..]));
}

#[test]
fn hard_links_are_one_file() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    assert_eq!(v.linkat(AT_FDCWD, b"/w/f", AT_FDCWD, b"/w/d/also", false), Ok(()));
    v.spit("/w/d/also", "both").expect("written");
    assert_eq!(v.slurp("/w/f").as_deref(), Ok(&b"both"[..]));
    let (a, b) = (v.stat("/w/f").expect("there"), v.stat("/w/d/also").expect("there"));
    assert_eq!((a.ino, a.dev, a.nlink), (b.ino, b.dev, 2));
    assert_eq!(v.rename("/w/f", "/w/d/also"), Ok(()), "two names of one file: nothing is done");
    assert!(v.stat("/w/f").is_ok());
    v.unlink("/w/f").expect("unlinked");
    assert_eq!(v.slurp("/w/d/also").as_deref(), Ok(&b"both"[..]));
    assert_eq!(v.stat("/w/d/also").map(|s| s.nlink), Ok(1));

    let cases: [(&str, &str, Errno); 5] = [
        ("/w/d", "/w/x", Errno::EPERM),
        ("/w/g", "/w/d", Errno::EEXIST),
        ("/w/g", "/w/x/", Errno::ENOENT),
        ("/w/g", "/tmp/x", Errno::EXDEV),
        ("/w/none", "/w/x", Errno::ENOENT),
    ];
    for (from, to, why) in cases {
        let answer = v.linkat(AT_FDCWD, from.as_bytes(), AT_FDCWD, to.as_bytes(), false);
        assert_eq!(answer, Err(why), "{from} -> {to}");
    }
}

#[test]
fn hard_links_of_the_host_are_separate_files() {
    let dir = tree();
    std::fs::hard_link(dir.path().join("f"), dir.path().join("f2")).expect("a hard link");
    let mut v = sandbox(dir.path());
    let ino = |v: &Vfs, path| v.stat(path).map(|s| s.ino);
    let before = (ino(&v, "/w/f"), ino(&v, "/w/f2"));
    assert_ne!(before.0, before.1, "not one identity, for they can come to differ");
    v.spit("/w/f", "only here").expect("written");
    assert_eq!(v.slurp("/w/f2").as_deref(), Ok(&b"eff"[..]));
    assert_eq!((ino(&v, "/w/f"), ino(&v, "/w/f2")), before);
    assert_eq!(told(&v.changes("/w", 0).expect("changes")), ["~f"]);
}

#[test]
fn making_what_is_there_or_cannot_be() {
    let dir = tree();
    let mut v = sandbox(dir.path());
    v.symlink("nowhere", "/w/dangling").expect("made");
    for path in ["/w/f", "/w/d", "/w/d/", "/w/dangling", "/w/dangling/", "/w/.", "/w/..", "/"] {
        assert_eq!(v.mkdir(path), Err(Errno::EEXIST), "mkdir {path}");
        assert_eq!(v.symlink("x", path), Err(Errno::EEXIST), "symlink {path}");
    }
    assert_eq!(v.mkdir("/w/f/x"), Err(Errno::ENOTDIR));
    assert_eq!(v.mkdir("/w/none/x"), Err(Errno::ENOENT));
    assert_eq!(v.mkdir("/w/new/"), Ok(()));
    assert_eq!(v.symlink("x", "/w/new2/"), Err(Errno::ENOENT));
    assert_eq!(v.symlink("", "/w/new2"), Err(Errno::ENOENT));
    let flags = O_WRONLY | O_CREAT;
    assert_eq!(v.open("/w/f", flags | O_EXCL), Err(Errno::EEXIST));
    assert_eq!(v.open("/w/dangling", flags | O_EXCL), Err(Errno::EEXIST));
    assert_eq!(v.open("/w/new3/", flags), Err(Errno::EISDIR));
    assert_eq!(v.open("/w/d", flags), Err(Errno::EISDIR));
    assert!(v.open("/w/dangling", flags).is_ok(), "creates what the link names");
    assert!(v.lstat("/w/nowhere").is_ok_and(|s| s.mode & S_IFMT == S_IFREG));
}

#[test]
fn the_umask_is_applied() {
    let mut v = scratch();
    assert_eq!(v.umask(0o027), 0o022);
    v.mkdirat(AT_FDCWD, b"/d", 0o777).expect("made");
    v.openat(AT_FDCWD, b"/f", O_WRONLY | O_CREAT, 0o666).expect("made");
    assert_eq!(v.stat("/d").map(|s| s.mode), Ok(S_IFDIR | 0o750));
    assert_eq!(v.stat("/f").map(|s| s.mode), Ok(S_IFREG | 0o640));
}
