//! What differs from the base, and what it costs to say so.

use super::support::*;
use std::os::unix::fs::symlink;
use wp_codebox::contract::FileKind;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

fn changes(v: &Vfs) -> Vec<String> {
    told(&v.changes("/w", 0).expect("changes"))
}

#[test]
fn nothing_is_a_change_until_something_differs() {
    let dir = host_with(&[("f", "x"), ("d/g", "y"), ("d/h", "z")]);
    let mut v = sandbox(dir.path());
    v.names("/w/d").expect("listed");
    let held = v.open("/w/d/g", O_RDWR).expect("open");
    let listing = v.open("/w/d", O_RDONLY).expect("open");
    assert_eq!(changes(&v), Vec::<String>::new());
    v.spit("/w/f", "x").expect("written: the same bytes");
    v.write(held, b"Y").expect("written");
    v.pwrite(held, b"y", 0).expect("written back");
    v.utimensat(AT_FDCWD, b"/w/d/h", true, SetTime::Now, SetTime::Now).expect("touched");
    v.rename("/w/f", "/w/f2").expect("renamed");
    v.rename("/w/f2", "/w/f").expect("and back");
    v.rename("/w/d", "/w/d2").expect("renamed");
    v.rename("/w/d2", "/w/d").expect("and back");
    v.chmodat(AT_FDCWD, b"/w/d/h", 0o777, true).expect("changed");
    let mode = std::os::unix::fs::MetadataExt::mode(&dir.path().join("d/h").metadata().expect("there"));
    v.chmodat(AT_FDCWD, b"/w/d/h", mode & 0o7777, true).expect("and back");
    v.spit("/w/new", "x").expect("written");
    v.unlink("/w/new").expect("and unlinked");
    assert_eq!(changes(&v), Vec::<String>::new());
    v.close(listing).expect("closed");
    v.pwrite(held, b"Y", 0).expect("written");
    assert_eq!(changes(&v), ["~d/g"]);
}

#[test]
fn each_kind_of_change_is_told_with_both_sides() {
    let dir = host_with(&[
        ("changed", "one\ntwo\n"),
        ("mode", "m"),
        ("gone", "g"),
        ("gone-dir/a", "a"),
        ("gone-dir/sub/b", "b"),
        ("to-dir", "t"),
        ("to-file/x", "x"),
        ("renamed", "r"),
        ("kept/k", "k"),
    ]);
    symlink("changed", dir.path().join("link")).expect("a link");
    symlink("kept", dir.path().join("gone-link")).expect("a link");
    chmod(&dir.path().join("mode"), 0o644);
    std::fs::create_dir(dir.path().join("gone-empty")).expect("a directory");
    let before = picture_of_host(dir.path());
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/changed", O_RDWR).expect("open");
    v.pwrite(fd, b"TWO", 4).expect("written");
    v.chmodat(AT_FDCWD, b"/w/mode", 0o755, true).expect("changed");
    v.unlink("/w/gone").expect("unlinked");
    v.unlink("/w/gone-link").expect("unlinked");
    v.rmdir("/w/gone-empty").expect("removed");
    v.host_remove("/w/gone-dir").expect("removed");
    v.unlink("/w/to-dir").expect("unlinked");
    v.mkdir("/w/to-dir").expect("made");
    v.spit("/w/to-dir/inside", "i").expect("written");
    v.unlink("/w/to-file/x").expect("unlinked");
    v.rmdir("/w/to-file").expect("removed");
    v.spit("/w/to-file", "now a file").expect("written");
    v.rename("/w/renamed", "/w/kept/renamed").expect("renamed");
    v.unlink("/w/link").expect("unlinked");
    v.symlink("kept", "/w/link").expect("made");
    v.mkdir("/w/new-empty").expect("made");
    v.spit("/w/empty-file", "").expect("written");

    let set = v.changes("/w", 7).expect("changes");
    assert_eq!((set.mount_index, set.mount_target.as_str(), set.omitted), (7, "/w", 0));
    assert_eq!(
        told(&set),
        [
            "~changed",
            "+empty-file",
            "-gone",
            "-gone-dir",
            "-gone-dir/a",
            "-gone-dir/sub",
            "-gone-dir/sub/b",
            "-gone-empty",
            "-gone-link",
            "+kept/renamed",
            "~link",
            "~mode",
            "+new-empty",
            "-renamed",
            "~to-dir",
            "+to-dir/inside",
            "~to-file",
            "-to-file/x",
        ]
    );
    let of = |path: &str| set.changes.iter().find(|c| c.path == path.as_bytes()).expect("told");
    let mode = of("mode");
    assert_eq!(mode.before.as_ref().map(|s| (s.kind, s.mode)), Some((FileKind::Regular, 0o644)));
    assert_eq!(mode.after.as_ref().map(|s| (s.kind, s.mode)), Some((FileKind::Regular, 0o755)));
    let link = of("link").before.as_ref().expect("it was there");
    assert_eq!(
        (link.kind, link.size, link.content.bytes().expect("readable")),
        (FileKind::Symlink, 7, b"changed".to_vec())
    );
    assert_eq!(of("to-dir").after.as_ref().map(|s| s.kind), Some(FileKind::Directory));

    let after = picture_of_guest(&mut v, "/w", &[]);
    assert_eq!(apply(&before, &set), after);
    drop(v);
    assert_eq!(
        of("changed").after.as_ref().expect("there").content.bytes().expect("outlives the sandbox"),
        b"one\nTWO\n"
    );
    assert_eq!(picture_of_host(dir.path()), before);
}

#[test]
fn a_renamed_directory_is_told_file_by_file() {
    let dir = host_with(&[("d/a", "a"), ("d/sub/b", "b"), ("d/sub/c", "c")]);
    let before = picture_of_host(dir.path());
    let mut v = sandbox(dir.path());
    v.rename("/w/d", "/w/e").expect("renamed");
    v.spit("/w/e/sub/b", "B").expect("written");
    v.unlink("/w/e/sub/c").expect("unlinked");
    v.mkdir("/w/d").expect("made");
    v.spit("/w/d/a", "a").expect("the same as it was there");
    let set = v.changes("/w", 0).expect("changes");
    assert_eq!(told(&set), ["-d/sub", "-d/sub/b", "-d/sub/c", "+e", "+e/a", "+e/sub", "+e/sub/b"]);
    assert_eq!(apply(&before, &set), picture_of_guest(&mut v, "/w", &[]));
}

#[test]
fn the_base_can_be_marked_anew() {
    let dir = host_with(&[("a", "1"), ("d/b", "2")]);
    let mut v = sandbox(dir.path());
    v.host_write("/w/component/c.php", "placed", 0o644).expect("written");
    v.spit("/w/a", "installed").expect("written");
    v.unlink("/w/d/b").expect("unlinked");
    v.rename("/w/d", "/w/dir").expect("renamed");
    v.mark_base();
    assert_eq!(changes(&v), Vec::<String>::new());
    let base = picture_of_guest(&mut v, "/w", &[]);
    v.spit("/w/component/c.php", "edited").expect("written");
    v.spit("/w/dir/new", "x").expect("written");
    v.unlink("/w/a").expect("unlinked");
    v.rename("/w/dir", "/w/d").expect("renamed");
    let set = v.changes("/w", 0).expect("changes");
    assert_eq!(told(&set), ["-a", "~component/c.php", "+d", "+d/new", "-dir"]);
    assert_eq!(set.changes[1].before.as_ref().expect("there").content.bytes().expect("readable"), b"placed");
    assert_eq!(apply(&base, &set), picture_of_guest(&mut v, "/w", &[]));
    v.host_remove("/w/component").expect("removed");
    assert!(changes(&v).contains(&"-component/c.php".to_owned()), "what only the base has");
}

/// 100,000 files beneath, a handful changed: what is looked at is the handful.
#[test]
fn the_cost_follows_what_changed() {
    let dir = host();
    for d in 0..100 {
        let sub = dir.path().join(format!("d{d:02}"));
        std::fs::create_dir(&sub).expect("a directory");
        for f in 0..1000 {
            std::fs::File::create(sub.join(format!("f{f:03}"))).expect("a file");
        }
    }
    let mut v = sandbox(dir.path());
    v.spit("/w/d07/f123", "one line\n").expect("written");
    let cost = |v: &Vfs| {
        let calls = v.host_calls();
        let told = changes(v);
        (v.host_calls() - calls, told)
    };
    let (calls, one) = cost(&v);
    assert_eq!(one, ["~d07/f123"]);
    assert!(calls <= 3, "one lookup of the file as it was, not {calls} calls");

    v.spit("/w/d50/new", "x").expect("written");
    v.unlink("/w/d51/f000").expect("unlinked");
    v.rename("/w/d52/f000", "/w/d53/moved").expect("renamed");
    v.mkdir("/w/made").expect("made");
    v.chmodat(AT_FDCWD, b"/w/d99/f999", 0o755, true).expect("changed");
    let (calls, more) = cost(&v);
    assert_eq!(
        more,
        ["~d07/f123", "+d50/new", "-d51/f000", "-d52/f000", "+d53/moved", "~d99/f999", "+made",]
    );
    assert!(calls <= 30, "not {calls} calls");

    v.rename("/w/d60", "/w/renamed").expect("renamed");
    let (calls, all) = cost(&v);
    assert_eq!(all.len(), more.len() + 2 * 1001, "only what was renamed is listed");
    assert!(calls <= 2 * 1001 * 4, "not {calls} calls");
}

/// One byte of a large file: what is compared is a chunk.
#[test]
fn a_large_file_is_compared_where_it_was_written() {
    let dir = host();
    std::fs::write(dir.path().join("big"), vec![7; 50 << 20]).expect("written");
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/big", O_RDWR).expect("open");
    v.pwrite(fd, &[7], 20 << 20).expect("the same byte");
    let calls = v.host_calls();
    assert_eq!(changes(&v), Vec::<String>::new());
    assert!(v.host_calls() - calls < 10);
    v.pwrite(fd, &[8], 20 << 20).expect("another byte");
    assert_eq!(changes(&v), ["~big"]);
}
