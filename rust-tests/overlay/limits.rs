//! What a sandbox may take, and what it is told when it takes more.

use super::support::*;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

const CHUNK: u64 = 64 << 10;

fn limited(limits: VfsLimits) -> Vfs {
    Vfs::new(Vec::new(), limits).expect("a filesystem")
}

#[test]
fn bytes() {
    let max = 10 * CHUNK;
    let mut v = limited(VfsLimits { max_upper_bytes: max, ..VfsLimits::default() });
    let fd = v.open("/tmp/f", O_RDWR | O_CREAT).expect("open");
    let block = vec![1; CHUNK as usize];
    for _ in 0..10 {
        assert_eq!(v.write(fd, &block), Ok(CHUNK as usize));
    }
    assert_eq!(v.write(fd, &block), Err(Errno::ENOSPC));
    assert_eq!(v.spit("/tmp/other", "x"), Err(Errno::ENOSPC));
    assert_eq!(v.symlink("x", "/tmp/link"), Err(Errno::ENOSPC));
    assert_eq!(v.pwrite(fd, &block, 3 * CHUNK), Ok(CHUNK as usize), "what is held can be overwritten");
    assert_eq!(v.usage().upper_bytes, max);
    assert_eq!(v.statfs().blocks_free, 0);
    assert_eq!(v.fallocate(fd, 0, 10 * CHUNK), Ok(()));
    assert_eq!(v.fallocate(fd, 0, 10 * CHUNK + 1), Err(Errno::ENOSPC));
    v.ftruncate(fd, 2 * CHUNK + 5).expect("truncated");
    assert_eq!(v.usage().upper_bytes, 2 * CHUNK + 5);
    assert_eq!(v.write(fd, &block), Ok(CHUNK as usize));
    v.unlink("/tmp/f").expect("unlinked");
    assert_ne!(v.usage().upper_bytes, 0, "it is still open");
    v.close(fd).expect("closed");
    assert_eq!(v.usage().upper_bytes, 0);
    assert_eq!(v.statfs().blocks_free, v.statfs().blocks);
}

#[test]
fn a_write_that_does_not_fit_is_written_as_far_as_it_does() {
    let mut v = limited(VfsLimits { max_upper_bytes: 3 * CHUNK, ..VfsLimits::default() });
    let fd = v.open("/tmp/f", O_WRONLY | O_CREAT).expect("open");
    assert_eq!(v.write(fd, &vec![1; 5 * CHUNK as usize]), Ok(3 * CHUNK as usize));
    assert_eq!(v.fstat(fd).map(|s| s.size), Ok(3 * CHUNK));
}

#[test]
fn length_of_a_file() {
    let mut v = limited(VfsLimits { max_file_bytes: 1000, ..VfsLimits::default() });
    let fd = v.open("/tmp/f", O_RDWR | O_CREAT).expect("open");
    assert_eq!(v.write(fd, &[1; 1500]), Ok(1000));
    assert_eq!(v.write(fd, &[1; 1]), Err(Errno::EFBIG));
    assert_eq!(v.pwrite(fd, b"x", 1000), Err(Errno::EFBIG));
    assert_eq!(v.pwrite(fd, b"x", i64::MAX as u64), Err(Errno::EFBIG));
    assert_eq!(v.pwrite(fd, b"xy", 999), Ok(1));
    assert_eq!(v.ftruncate(fd, 1001), Err(Errno::EFBIG));
    assert_eq!(v.truncateat(AT_FDCWD, b"/tmp/f", 1001), Err(Errno::EFBIG));
    assert_eq!(v.fallocate(fd, 990, 11), Err(Errno::EFBIG));
    assert_eq!(v.fallocate(fd, u64::MAX, 11), Err(Errno::EFBIG));
    assert_eq!(v.ftruncate(fd, 1000), Ok(()));
    // The largest limit there is does not overflow anything.
    let mut v = limited(VfsLimits { max_file_bytes: u64::MAX, ..VfsLimits::default() });
    let fd = v.open("/tmp/f", O_RDWR | O_CREAT).expect("open");
    assert_eq!(v.pwrite(fd, b"xy", i64::MAX as u64 - 1), Ok(1));
    assert_eq!(v.fstat(fd).map(|s| s.size), Ok(i64::MAX as u64));
    assert_eq!(v.write(fd, b""), Ok(0));
    assert_eq!(v.ftruncate(fd, 0), Ok(()));
    assert_eq!(v.usage().upper_bytes, 0);
}

#[test]
fn files() {
    let dir = host();
    for n in 0..50 {
        put(dir.path(), &format!("lower{n}"), "x");
    }
    let fresh = limited(VfsLimits::default()).usage().upper_files;
    let limits = VfsLimits { max_upper_files: fresh + 40, ..VfsLimits::default() };
    let mut v = Vfs::new(vec![mount("/w", dir.path())], limits).expect("a filesystem");
    let mut made = 0;
    while v.mkdir(&format!("/w/d{made}")).is_ok() {
        made += 1;
        assert!(made < 100);
    }
    assert!(made >= 35, "{made}");
    assert_eq!(v.spit("/tmp/f", "x"), Err(Errno::ENOSPC));
    assert_eq!(v.symlink("x", "/tmp/l"), Err(Errno::ENOSPC));
    assert_eq!(v.chmodat(AT_FDCWD, b"/w/lower0", 0o600, true), Err(Errno::ENOSPC), "that takes a node");
    assert_eq!(v.spit("/w/lower0", "x"), Err(Errno::ENOSPC));
    assert_eq!(v.rename("/w/lower0", "/w/lower1"), Err(Errno::ENOSPC));
    assert_eq!(v.slurp("/w/lower0").as_deref(), Ok(&b"x"[..]), "reading goes on");
    assert_eq!(v.names("/w").map(|n| n.len()), Ok(50 + made));
    assert_eq!(v.statfs().files_free, 0);
    let full = v.usage();
    v.unlink("/w/lower1").expect("deleting always goes");
    for n in 0..made {
        v.rmdir(&format!("/w/d{n}")).expect("deleting always goes");
    }
    assert_eq!(v.usage().upper_files, full.upper_files - made as u64 + 1, "a whiteout is one as well");
    assert_eq!(v.spit("/w/lower0", "now"), Ok(()));
}

#[test]
fn descriptors() {
    let mut v = limited(VfsLimits { max_open_files: 10, ..VfsLimits::default() });
    let fds: Vec<Fd> = (3..10).map(|_| v.open("/tmp", O_RDONLY).expect("open")).collect();
    assert_eq!(fds, (3..10).collect::<Vec<_>>(), "the lowest that is free");
    assert_eq!(v.open("/tmp", O_RDONLY), Err(Errno::EMFILE));
    assert_eq!(v.open("/tmp/new", O_WRONLY | O_CREAT), Err(Errno::EMFILE));
    assert_eq!(v.stat("/tmp/new"), Err(Errno::ENOENT), "nothing was made");
    assert_eq!(v.dup(3, 0), Err(Errno::EMFILE));
    assert_eq!(v.pipe(), Err(Errno::EMFILE));
    assert_eq!(v.dup(3, 10), Err(Errno::EINVAL));
    assert_eq!(v.dup3(3, 10), Err(Errno::EBADF));
    assert_eq!(v.dup3(3, -1), Err(Errno::EBADF));
    v.close(5).expect("closed");
    assert_eq!(v.pipe(), Err(Errno::EMFILE), "a pipe takes two");
    assert_eq!(v.usage().open_files, 9, "and leaves none behind");
    assert_eq!(v.open("/tmp", O_RDONLY | O_CLOEXEC), Ok(5));
    assert_eq!((v.cloexec(5), v.cloexec(6)), (Ok(true), Ok(false)));
    v.set_cloexec(6, true).expect("set");
    assert_eq!(v.cloexec(6), Ok(true));
    assert_eq!(v.dup3(6, 6), Err(Errno::EINVAL));
    for bad in [-1, 10, i32::MAX, i32::MIN] {
        assert_eq!(v.close(bad), Err(Errno::EBADF));
        assert_eq!(v.fstat(bad), Err(Errno::EBADF));
        assert_eq!(v.dup(bad, 0), Err(Errno::EBADF));
    }
    v.host_close_from(3);
    assert_eq!(v.usage().open_files, 3);
    assert_eq!(v.close(3), Err(Errno::EBADF));
}

#[test]
fn duplicates_share_a_position() {
    let mut v = scratch();
    v.spit("/tmp/f", "0123456789").expect("written");
    let a = v.open("/tmp/f", O_RDONLY).expect("open");
    let b = v.dup(a, 20).expect("dup");
    assert_eq!(b, 20);
    let other = v.open("/tmp/f", O_RDONLY).expect("open");
    assert_eq!(v.dup3(a, other), Ok(other), "what it was is closed");
    let mut buf = [0; 3];
    for (fd, expected) in [(a, b"012"), (b, b"345"), (other, b"678")] {
        v.read(fd, &mut buf).expect("read");
        assert_eq!(&buf, expected);
    }
    v.close(a).expect("closed");
    assert_eq!(v.read(b, &mut buf), Ok(1));
    assert_eq!(v.seek(other, 0, SEEK_CUR), Ok(10));
}

#[test]
fn output_is_captured_up_to_its_cap() {
    let mut v = scratch();
    v.stdout = Capture::new(10);
    let again = v.open("/request/stdout", O_WRONLY).expect("open");
    assert_eq!(v.write(1, b"12345678"), Ok(8));
    assert_eq!(v.write(again, b"90abc"), Ok(5), "the guest is not told");
    assert_eq!(v.write(1, &[b'x'; 1000]), Ok(1000));
    assert_eq!((v.stdout.bytes(), v.stdout.dropped()), (&b"1234567890"[..], 1003));
    assert_eq!(v.stdout.take(), (b"1234567890".to_vec(), 1003));
    assert_eq!(v.write(1, b"next"), Ok(4));
    assert_eq!(v.stdout.take(), (b"next".to_vec(), 0));
    v.write(2, b"error").expect("written");
    let headers = v.open("/request/headers", O_WRONLY).expect("open");
    v.write(headers, b"{}").expect("written");
    assert_eq!((v.stderr.bytes(), v.headers.bytes()), (&b"error"[..], &b"{}"[..]));
    assert_eq!(v.usage().upper_bytes, 0);
}

#[test]
fn standard_input_is_read_to_its_end() {
    let mut v = scratch();
    let mut buf = [0; 4];
    assert_eq!(v.read(0, &mut buf), Ok(0), "empty unless set");
    v.set_stdin(&b"abcdef"[..]);
    let stream = v.open("/dev/stdin", O_RDONLY).expect("open");
    assert_eq!(v.read(0, &mut buf), Ok(4));
    assert_eq!(v.read(stream, &mut buf), Ok(2), "one stream, whoever reads it");
    assert_eq!(&buf[..2], b"ef");
    assert_eq!(v.read(0, &mut buf), Ok(0));
    assert_eq!(v.write(0, b"x"), Err(Errno::EBADF));
}

#[test]
fn pipes_never_block() {
    let mut v = scratch();
    let (r, w) = v.pipe().expect("a pipe");
    let mut buf = [0; 8];
    assert_eq!(v.kind(r), Ok(FdKind::Pipe));
    assert_eq!(v.read(r, &mut buf), Err(Errno::EAGAIN));
    assert_eq!((v.poll_ready(r), v.poll_ready(w)), (Ok((false, false)), Ok((false, true))));
    assert_eq!(v.write(w, b"hello"), Ok(5));
    assert_eq!(v.poll_ready(r), Ok((true, false)));
    assert_eq!(v.read(r, &mut buf), Ok(5));
    assert_eq!(&buf[..5], b"hello");
    let mut total = 0;
    while let Ok(n) = v.write(w, &[0; 10_000]) {
        total += n;
    }
    assert_eq!((total, v.write(w, b"x")), (64 << 10, Err(Errno::EAGAIN)));
    assert_eq!(v.poll_ready(w), Ok((false, false)));
    assert_eq!(v.pread(r, &mut buf, 0), Err(Errno::ESPIPE));
    assert_eq!(v.seek(r, 0, SEEK_SET), Err(Errno::ESPIPE));
    assert_eq!(v.fallocate(w, 0, 1), Err(Errno::ESPIPE));
    assert_eq!(v.read(w, &mut buf), Err(Errno::EBADF));
    assert_eq!(v.write(r, b"x"), Err(Errno::EBADF));
    let copy = v.dup(w, 0).expect("dup");
    v.close(w).expect("closed");
    while v.read(r, &mut [0; 50_000]).is_ok() {}
    assert_eq!(v.read(r, &mut buf), Err(Errno::EAGAIN), "somebody can still write");
    v.close(copy).expect("closed");
    assert_eq!(v.read(r, &mut buf), Ok(0), "the end");
    let (r2, w2) = v.pipe().expect("a pipe");
    v.close(r2).expect("closed");
    assert_eq!(v.write(w2, b"x"), Err(Errno::EPIPE));
    assert_eq!(v.write(w2, b"x"), Err(Errno::EPIPE));
}

/// Made-up trees of links and directories cannot make a small request expensive to hold.
#[test]
fn link_targets_are_counted() {
    let mut v = limited(VfsLimits { max_upper_bytes: 10_000, ..VfsLimits::default() });
    let target = "t".repeat(4000);
    assert_eq!(v.symlink(&target, "/tmp/a"), Ok(()));
    assert_eq!(v.symlink(&target, "/tmp/b"), Ok(()));
    assert_eq!(v.symlink(&target, "/tmp/c"), Err(Errno::ENOSPC));
    assert_eq!(v.usage().upper_bytes, 8000);
    v.unlink("/tmp/a").expect("unlinked");
    assert_eq!(v.usage().upper_bytes, 4000);
}
