//! Clones and saved states.

use super::support::*;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

fn reload(v: &Vfs) -> Vfs {
    let bytes = postcard::to_stdvec(v).expect("saved");
    postcard::from_bytes(&bytes).expect("restored")
}

#[test]
fn forks_do_not_see_each_other() {
    let dir = host_with(&[("f", "lower"), ("d/g", "g")]);
    let before = picture_of_host(dir.path());
    let mut parent = sandbox(dir.path());
    parent.spit("/w/shared", &"s".repeat(200_000)).expect("written");
    let fd = parent.open("/w/shared", O_RDWR).expect("open");
    let (r, w) = parent.pipe().expect("a pipe");
    parent.write(w, b"in the pipe").expect("written");
    let mut forks: Vec<Vfs> = (0..4).map(|_| parent.clone()).collect();
    for (n, fork) in forks.iter_mut().enumerate() {
        let mine = format!("fork {n}");
        fork.pwrite(fd, mine.as_bytes(), 100_000).expect("written");
        fork.spit("/w/f", &mine).expect("written");
        fork.spit(&format!("/w/only{n}"), &mine).expect("written");
        fork.write(1, mine.as_bytes()).expect("written");
        fork.seek(fd, n as i64, SEEK_SET).expect("moved");
        let mut buf = [0; 20];
        assert_eq!(fork.read(r, &mut buf), Ok(11));
        if n % 2 == 0 {
            fork.rename("/w/d", &format!("/w/renamed{n}")).expect("renamed");
        } else {
            fork.unlink("/w/d/g").expect("unlinked");
        }
    }
    parent.unlink("/w/shared").expect("unlinked");
    parent.close(fd).expect("closed");
    for (n, fork) in forks.iter_mut().enumerate() {
        let mine = format!("fork {n}");
        assert_eq!(fork.slurp("/w/f"), Ok(mine.clone().into_bytes()));
        let shared = fork.slurp("/w/shared").expect("there");
        assert_eq!(&shared[100_000..100_006], mine.as_bytes());
        assert_eq!(shared.len(), 200_000);
        assert_eq!(fork.stdout.bytes(), mine.as_bytes());
        assert_eq!(fork.seek(fd, 0, SEEK_CUR), Ok(n as u64));
        assert_eq!((0..4).filter(|m| fork.stat(&format!("/w/only{m}")).is_ok()).count(), 1);
    }
    assert_eq!(parent.slurp("/w/f").as_deref(), Ok(&b"lower"[..]));
    assert_eq!(parent.usage().upper_bytes, 0);
    assert_eq!(parent.stdout.bytes(), b"");
    let mut buf = [0; 20];
    assert_eq!(parent.read(r, &mut buf), Ok(11));
    assert_eq!(picture_of_host(dir.path()), before);
}

#[test]
fn forks_work_on_other_threads() {
    let dir = host_with(&[("f", "lower")]);
    let immutable = Mount { immutable: true, ..mount("/w", dir.path()) };
    let parent = Vfs::new(vec![immutable], VfsLimits::default()).expect("a filesystem");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let mut fork = parent.clone();
            scope.spawn(move || {
                for i in 0..200 {
                    let content = format!("{n} {i}");
                    assert_eq!(fork.slurp("/w/f").map(|b| !b.is_empty()), Ok(true));
                    fork.spit("/w/f", &content).expect("written");
                    assert_eq!(fork.slurp("/w/f"), Ok(content.into_bytes()));
                }
            });
        }
    });
    assert_eq!(parent.usage().upper_bytes, 0);
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let dir = host_with(&[
        ("lower", "lower file"),
        ("d/a", ""),
        ("d/b", ""),
        ("d/c", ""),
        ("gone", "g"),
        ("e/x", "x"),
    ]);
    let mut v = sandbox(dir.path());
    v.set_stdin(&b"input"[..]);
    v.read(0, &mut [0; 2]).expect("read");
    v.write(1, b"said").expect("written");
    let lower = v.open("/w/lower", O_RDONLY).expect("open");
    let upper = v.open("/w/new", O_RDWR | O_CREAT | O_APPEND).expect("open");
    v.write(upper, b"new file").expect("written");
    let twin = v.dup(upper, 17).expect("dup");
    let unlinked = v.open("/w/gone", O_RDWR).expect("open");
    v.unlink("/w/gone").expect("unlinked");
    let listing = v.open("/w/d", O_RDONLY | O_CLOEXEC).expect("open");
    v.readdir(listing, 3).expect("listed");
    let (r, w) = v.pipe().expect("a pipe");
    v.write(w, b"piped").expect("written");
    let random = v.open("/dev/urandom", O_RDONLY).expect("open");
    v.rename("/w/e", "/w/moved").expect("renamed");
    v.chdir(b"/w/moved").expect("changed");
    v.umask(0o077);
    v.read(lower, &mut [0; 6]).expect("read");
    let (picture, told_before) =
        (picture_of_guest(&mut v, "/w", &[]), told(&v.changes("/w", 0).expect("changes")));

    let mut v = reload(&v);
    assert_eq!(picture_of_guest(&mut v, "/w", &[]), picture);
    assert_eq!(told(&v.changes("/w", 0).expect("changes")), told_before);
    let mut buf = [0; 20];
    assert_eq!(v.read(lower, &mut buf), Ok(4));
    assert_eq!(&buf[..4], b"file");
    v.write(twin, b"!").expect("written");
    assert_eq!(v.slurp("/w/new").as_deref(), Ok(&b"new file!"[..]));
    assert_eq!(v.seek(upper, 0, SEEK_CUR), Ok(9), "still one description");
    assert_eq!(read_all(&mut v, unlinked).as_deref(), Ok(&b"g"[..]));
    assert_eq!(v.fstat(unlinked).map(|s| s.nlink), Ok(0));
    let rest: Vec<_> = v.readdir(listing, 10).expect("listed").into_iter().map(|e| e.name).collect();
    assert_eq!(rest, [b"b", b"c"]);
    assert_eq!(v.cloexec(listing), Ok(true));
    assert_eq!(v.read(r, &mut buf), Ok(5));
    assert_eq!(v.read(random, &mut buf), Ok(20));
    assert_eq!(v.read(0, &mut buf), Ok(3));
    assert_eq!(v.stdout.bytes(), b"said");
    assert_eq!(v.getcwd().as_deref(), Ok(&b"/w/moved"[..]));
    assert_eq!(v.slurp("x").as_deref(), Ok(&b"x"[..]));
    assert_eq!(v.umask(0), 0o077);
    v.close(w).expect("closed");
    assert_eq!(v.read(r, &mut buf), Ok(0), "the last writer is gone");
}

#[test]
fn what_is_shared_is_saved_once() {
    let mut v = scratch();
    v.spit("/tmp/big", &"x".repeat(500_000)).expect("written");
    let alone = postcard::to_stdvec(&v).expect("saved").len();
    v.mark_base();
    let with_base = postcard::to_stdvec(&v).expect("saved").len();
    assert!(with_base < alone + 1000, "{alone} {with_base}");
    let mut v = reload(&v);
    v.spit("/tmp/new", "x").expect("written");
    assert_eq!(told(&v.changes("/", 0).expect("changes")), ["+tmp/new"]);
}

#[test]
fn a_state_whose_host_files_went_is_refused_or_stale() {
    let dir = host_with(&[("sub/f", "lower"), ("sub/big", &"x".repeat(200_000))]);
    let mut v = sandbox(&dir.path().join("sub"));
    let fd = v.open("/w/f", O_RDONLY).expect("open");
    let big = v.open("/w/big", O_RDWR).expect("open");
    v.write(big, b"!").expect("written");
    let saved = postcard::to_stdvec(&v).expect("saved");
    std::fs::rename(dir.path().join("sub"), dir.path().join("elsewhere")).expect("renamed");
    let refused = postcard::from_bytes::<Vfs>(&saved);
    assert!(refused.is_err(), "the directory is not there");

    let mut moved: SavedVfs = postcard::from_bytes(&saved).expect("as data it is fine");
    for mount in moved.mounts_mut().filter(|m| m.target == "/w") {
        mount.lower = Lower::HostDir(dir.path().join("elsewhere"));
    }
    let mut v = Vfs::restore(moved).expect("restored where it is now");
    assert_eq!(read_all(&mut v, fd).as_deref(), Ok(&b"lower"[..]));

    std::fs::rename(dir.path().join("elsewhere"), dir.path().join("sub")).expect("renamed");
    std::fs::write(dir.path().join("sub/f"), "another length").expect("written");
    std::fs::write(dir.path().join("sub/big"), "gone").expect("written");
    let mut v: Vfs = postcard::from_bytes(&saved).expect("restored");
    assert_eq!(v.read(fd, &mut [0; 4]), Err(Errno::ESTALE));
    assert_eq!(v.slurp("/w/big"), Err(Errno::ESTALE));
}

/// No damage makes it panic, loop, or give a state that does.
#[test]
fn a_damaged_state_is_refused_or_harmless() {
    let mut v = scratch();
    v.mkdir("/tmp/d").expect("made");
    v.spit("/tmp/d/f", "content").expect("written");
    v.linkat(AT_FDCWD, b"/tmp/d/f", AT_FDCWD, b"/tmp/l", false).expect("linked");
    v.symlink("d", "/tmp/s").expect("made");
    let fd = v.open("/tmp/d", O_RDONLY).expect("open");
    v.pipe().expect("a pipe");
    let saved = postcard::to_stdvec(&v).expect("saved");
    let mut refused = 0;
    for at in 0..saved.len() {
        for bit in [1, 0x80] {
            let mut damaged = saved.clone();
            damaged[at] ^= bit;
            let Ok(mut v) = postcard::from_bytes::<Vfs>(&damaged) else {
                refused += 1;
                continue;
            };
            let _ = v.host_list("/");
            let _ = v.names("/tmp/d");
            let _ = v.slurp("/tmp/d/f");
            let _ = v.spit("/tmp/d/f", "x");
            let _ = v.rename("/tmp/d", "/tmp/e");
            let _ = v.readdir(fd, 10);
            let _ = v.getcwd();
            let _ = v.changes("/", 0);
            let _ = v.host_remove("/tmp/e");
            v.host_close_from(0);
        }
    }
    assert!(refused > saved.len() / 4, "{refused} of {}", 2 * saved.len());
    for end in 0..saved.len() {
        assert!(postcard::from_bytes::<Vfs>(&saved[..end]).is_err());
    }
}

#[test]
fn the_generation_tells_that_something_changed() {
    let dir = host_with(&[("f", "x"), ("d/", "")]);
    let mut v = sandbox(dir.path());
    let mut last = v.generation();
    let mut step = |v: &Vfs, what: &str, expected: bool| {
        assert_eq!(v.generation() > last, expected, "{what}");
        last = v.generation();
    };
    v.slurp("/w/f").expect("read");
    v.names("/w").expect("listed");
    let fd = v.open("/w/f", O_RDWR).expect("open");
    step(&v, "reading", false);
    v.write(1, b"out").expect("written");
    step(&v, "output", false);
    assert!(v.mkdir("/w/d").is_err());
    assert!(v.unlink("/w/none").is_err());
    step(&v, "failures", false);
    v.write(fd, b"y").expect("written");
    step(&v, "write", true);
    v.mkdir("/w/new").expect("made");
    step(&v, "mkdir", true);
    v.rename("/w/new", "/w/new2").expect("renamed");
    step(&v, "rename", true);
    v.chmodat(AT_FDCWD, b"/w/f", 0o600, true).expect("changed");
    step(&v, "chmod", true);
    v.host_write("/w/h", "x", 0o644).expect("written");
    step(&v, "host", true);
    let fork = v.clone();
    v.unlink("/w/h").expect("unlinked");
    step(&v, "unlink", true);
    assert!(fork.generation() < v.generation());
}
