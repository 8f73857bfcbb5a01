//! Bytes: truncation, holes, appending, sharing with the lower file.

use super::support::*;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

const CHUNK: u64 = 64 << 10;

fn big(dir: &std::path::Path, chunks: u64) -> Vec<u8> {
    let bytes: Vec<u8> = (0..chunks * CHUNK).map(|i| (i / 1000) as u8).collect();
    std::fs::write(dir.join("big"), &bytes).expect("written");
    bytes
}

#[test]
fn a_byte_written_to_a_large_file_costs_a_chunk() {
    let dir = host();
    let mut expected = big(dir.path(), 100);
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/big", O_RDWR).expect("open");
    assert_eq!(v.pwrite(fd, b"!", 50 * CHUNK + 7), Ok(1));
    assert_eq!(v.usage().upper_bytes, CHUNK);
    expected[50 * CHUNK as usize + 7] = b'!';
    assert_eq!(v.slurp("/w/big"), Ok(expected.clone()));
    // What is overwritten whole is not read first.
    let calls = v.host_calls();
    assert_eq!(v.pwrite(fd, &vec![1; 2 * CHUNK as usize], 10 * CHUNK), Ok(2 * CHUNK as usize));
    assert_eq!(v.host_calls(), calls);
    assert_eq!(v.usage().upper_bytes, 3 * CHUNK);
    assert_eq!(std::fs::metadata(dir.path().join("big")).expect("there").len(), 100 * CHUNK);
}

#[test]
fn every_descriptor_sees_a_write() {
    let dir = host_with(&[("f", "before")]);
    let mut v = sandbox(dir.path());
    let early = v.open("/w/f", O_RDONLY).expect("open");
    let mut buf = [0; 3];
    assert_eq!(v.read(early, &mut buf), Ok(3));
    let writer = v.open("/w/f", O_WRONLY).expect("open");
    assert_eq!(v.write(writer, b"AFTER!!"), Ok(7));
    assert_eq!(read_all(&mut v, early).as_deref(), Ok(&b"ER!!"[..]), "from the position on");
    assert_eq!(v.fstat(early).map(|s| s.size), Ok(7));
    assert_eq!(v.fchmod(early, 0o600), Ok(()), "reading is enough to change the mode");
    assert_eq!(v.stat("/w/f").map(|s| s.mode & 0o777), Ok(0o600));
}

#[test]
fn attributes_through_a_descriptor_of_an_unlinked_lower_file() {
    let dir = host_with(&[("f", "bytes")]);
    let mut v = sandbox(dir.path());
    let (a, b) = (v.open("/w/f", O_RDONLY).expect("open"), v.open("/w/f", O_RDONLY).expect("open"));
    v.unlink("/w/f").expect("unlinked");
    assert_eq!(v.fchmod(a, 0o640), Ok(()));
    assert_eq!(v.futimens(a, SetTime::At(7), SetTime::At(9)), Ok(()));
    let stat = v.fstat(b).expect("the same file");
    assert_eq!((stat.mode & 0o777, stat.atime_ns, stat.mtime_ns, stat.nlink), (0o640, 7, 9, 0));
    assert_eq!(read_all(&mut v, b).as_deref(), Ok(&b"bytes"[..]));
    assert_eq!(v.stat("/w/f"), Err(Errno::ENOENT));
    let files = v.usage().upper_files;
    v.close(a).expect("closed");
    v.close(b).expect("closed");
    assert_eq!(v.usage().upper_files, files - 1, "then it is gone");
}

#[test]
fn truncation_up_and_down() {
    let dir = host();
    let bytes = big(dir.path(), 3);
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/big", O_RDWR).expect("open");
    assert_eq!(v.ftruncate(fd, CHUNK + 100), Ok(()));
    assert_eq!(v.usage().upper_bytes, 0, "cutting off holds nothing");
    assert_eq!(v.truncateat(AT_FDCWD, b"/w/big", 3 * CHUNK), Ok(()));
    let mut expected = bytes[..CHUNK as usize + 100].to_vec();
    expected.resize(3 * CHUNK as usize, 0);
    assert_eq!(v.slurp("/w/big"), Ok(expected), "what was cut off does not come back");
    assert_eq!(v.ftruncate(fd, 0), Ok(()));
    assert_eq!(v.slurp("/w/big"), Ok(vec![]));

    let reader = v.open("/w/big", O_RDONLY).expect("open");
    assert_eq!(v.ftruncate(reader, 0), Err(Errno::EINVAL));
    assert_eq!(v.ftruncate(99, 0), Err(Errno::EBADF));
    assert_eq!(v.ftruncate(fd, u64::MAX), Err(Errno::EINVAL));
    assert_eq!(v.truncateat(AT_FDCWD, b"/w", 0), Err(Errno::EISDIR));
    assert_eq!(v.truncateat(AT_FDCWD, b"/dev/null", 0), Err(Errno::EINVAL));
    assert_eq!(v.truncateat(AT_FDCWD, b"/w/none", 0), Err(Errno::ENOENT));
}

#[test]
fn opening_with_truncation_reads_nothing_of_the_lower_file() {
    let dir = host();
    big(dir.path(), 3);
    let mut v = sandbox(dir.path());
    v.stat("/w/big").expect("there");
    let fd = v.open("/w/big", O_WRONLY | O_TRUNC).expect("open");
    assert_eq!(v.fstat(fd).map(|s| s.size), Ok(0));
    assert_eq!(v.write(fd, b"new"), Ok(3));
    assert_eq!(v.slurp("/w/big").as_deref(), Ok(&b"new"[..]));
    assert_eq!(v.usage().upper_bytes, 3);
}

#[test]
fn a_hole_costs_nothing() {
    let mut v = scratch();
    let fd = v.open("/tmp/sparse", O_RDWR | O_CREAT).expect("open");
    let end = 900 << 20;
    assert_eq!(v.pwrite(fd, b"end", end), Ok(3));
    assert_eq!(v.fstat(fd).map(|s| s.size), Ok(end + 3));
    assert!(v.usage().upper_bytes <= CHUNK);
    let mut buf = [1; 100];
    assert_eq!(v.pread(fd, &mut buf, end / 2), Ok(100));
    assert_eq!(buf, [0; 100]);
    assert_eq!(v.pread(fd, &mut buf, end), Ok(3));
    assert_eq!(v.pread(fd, &mut buf, end + 3), Ok(0));
    assert_eq!(v.seek(fd, 5000, SEEK_END), Ok(end + 5003), "beyond the end is a place");
    assert_eq!(v.read(fd, &mut buf), Ok(0));
    assert_eq!(v.write(fd, b"x"), Ok(1));
    assert_eq!(v.fstat(fd).map(|s| s.size), Ok(end + 5004));
}

#[test]
fn appending_goes_to_the_end() {
    let dir = host_with(&[("log", "one\n")]);
    let mut v = sandbox(dir.path());
    let a = v.open("/w/log", O_WRONLY | O_APPEND).expect("open");
    let b = v.open("/w/log", O_RDWR | O_APPEND).expect("open");
    v.write(a, b"two\n").expect("written");
    v.write(b, b"three\n").expect("written");
    assert_eq!(v.seek(a, 0, SEEK_CUR), Ok(8));
    v.seek(a, 0, SEEK_SET).expect("moved");
    v.write(a, b"four\n").expect("written");
    v.pwrite(b, b"five\n", 0).expect("written");
    assert_eq!(v.slurp("/w/log").as_deref(), Ok(&b"one\ntwo\nthree\nfour\nfive\n"[..]));
    v.set_fd_flags(a, 0).expect("set");
    assert_eq!(v.fd_flags(a), Ok(O_WRONLY));
    v.seek(a, 0, SEEK_SET).expect("moved");
    v.write(a, b"ONE").expect("written");
    assert!(v.slurp("/w/log").expect("read").starts_with(b"ONE\ntwo"));
}

#[test]
fn access_modes_hold() {
    let dir = host_with(&[("f", "x")]);
    let mut v = sandbox(dir.path());
    let (r, w) = (v.open("/w/f", O_RDONLY).expect("open"), v.open("/w/f", O_WRONLY).expect("open"));
    let d = v.open("/w", O_RDONLY).expect("open");
    let mut buf = [0; 1];
    assert_eq!(v.write(r, b"x"), Err(Errno::EBADF));
    assert_eq!(v.read(w, &mut buf), Err(Errno::EBADF));
    assert_eq!(v.read(d, &mut buf), Err(Errno::EISDIR));
    assert_eq!(v.write(d, b"x"), Err(Errno::EBADF));
    assert_eq!(v.readdir(r, 1), Err(Errno::ENOTDIR));
    assert_eq!(v.open("/w", O_RDWR), Err(Errno::EISDIR));
    assert_eq!(v.open("/w/f", O_RDONLY | O_DIRECTORY), Err(Errno::ENOTDIR));
    assert_eq!(v.open("/w/f", O_ACCMODE), Err(Errno::EINVAL));
    assert_eq!(v.seek(r, -1, SEEK_SET), Err(Errno::EINVAL));
    assert_eq!(v.seek(r, i64::MAX, SEEK_END), Err(Errno::EOVERFLOW));
    assert_eq!(v.seek(r, 0, 9), Err(Errno::EINVAL));
    assert_eq!(v.pread(r, &mut buf, u64::MAX), Err(Errno::EINVAL));
    assert_eq!(v.fallocate(r, 0, 1), Err(Errno::EBADF));
    assert_eq!(v.fallocate(w, 0, 0), Err(Errno::EINVAL));
    assert_eq!(v.fallocate(w, 0, 4096), Ok(()));
    assert_eq!(v.stat("/w/f").map(|s| s.size), Ok(4096));
    assert_eq!(v.fsync(w), Ok(()));
    assert_eq!(v.slurp("/w/f").map(|b| b[0]), Ok(b'x'));
}

#[test]
fn identity_and_times_survive_copy_up() {
    let dir = host_with(&[("f", "x"), ("d/g", "y")]);
    let mut v = sandbox(dir.path());
    let before = v.stat("/w/f").expect("there");
    let listed = |v: &mut Vfs| {
        let fd = v.open("/w", O_RDONLY).expect("open");
        let inos: Vec<_> = v.readdir(fd, 10).expect("listed").into_iter().map(|e| e.ino).collect();
        v.close(fd).expect("closed");
        inos
    };
    let inos = listed(&mut v);
    assert!(inos.contains(&before.ino));
    let fd = v.open("/w/f", O_RDWR).expect("open");
    assert_eq!(v.fstat(fd), Ok(before), "opening for writing changes nothing");
    v.write(fd, b"longer").expect("written");
    let after = v.stat("/w/f").expect("there");
    assert_eq!((after.dev, after.ino), (before.dev, before.ino));
    assert!(after.mtime_ns > before.mtime_ns);
    assert_eq!(listed(&mut v), inos);
    v.utimensat(AT_FDCWD, b"/w/f", true, SetTime::Omit, SetTime::At(1_000_000_001)).expect("set");
    let set = v.stat("/w/f").expect("there");
    assert_eq!((set.mtime_ns, set.atime_ns), (1_000_000_001, after.atime_ns));

    let dir_before = v.stat("/w/d").expect("there");
    v.spit("/w/d/new", "z").expect("written");
    let dir_after = v.stat("/w/d").expect("there");
    assert_eq!((dir_after.ino, dir_after.mode), (dir_before.ino, dir_before.mode));
    assert!(dir_after.mtime_ns > dir_before.mtime_ns);
}

#[test]
fn a_file_that_changed_beneath_a_half_copied_one_is_stale() {
    let dir = host();
    big(dir.path(), 4);
    let mut v = sandbox(dir.path());
    let fd = v.open("/w/big", O_RDWR).expect("open");
    v.write(fd, b"!").expect("written");
    v.close(fd).expect("closed");
    std::fs::write(dir.path().join("big"), "another file now").expect("written");
    assert_eq!(v.slurp("/w/big"), Err(Errno::ESTALE), "not a mixture of two files");
    let fd = v.open("/w/big", O_RDONLY).expect("open");
    let mut first = [0; 100];
    assert_eq!(v.read(fd, &mut first), Ok(100), "what was copied up is whole");
    assert_eq!(v.spit("/w/big", "mine"), Ok(()));
    assert_eq!(v.slurp("/w/big").as_deref(), Ok(&b"mine"[..]));
}
