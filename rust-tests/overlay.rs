//! The virtual filesystem, through its public door.

use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

#[test]
fn smoke() {
    let dir = tempfile::tempdir().expect("dir");
    std::fs::create_dir_all(dir.path().join("a/b")).expect("mkdir");
    std::fs::write(dir.path().join("a/b/f"), b"hello").expect("write");
    let mut v = Vfs::new(
        vec![Mount {
            target: "/w".into(),
            lower: Lower::HostDir(dir.path().into()),
            mode: MountMode::ReadWrite,
            immutable: false,
        }],
        VfsLimits::default(),
    )
    .expect("vfs");
    let fd = v.openat(AT_FDCWD, b"/w/a/b/f", O_RDONLY, 0).expect("open");
    let w = v.openat(AT_FDCWD, b"/w/a/b/f", O_RDWR | O_APPEND, 0).expect("open");
    assert_eq!(v.write(w, b" you"), Ok(4));
    let mut buf = [0; 20];
    assert_eq!(v.read(fd, &mut buf), Ok(9));
    assert_eq!(v.renameat(AT_FDCWD, b"/w/a", AT_FDCWD, b"/w/c"), Ok(()));
    assert_eq!(v.host_read("/w/c/b/f", 100).as_deref(), Ok(&b"hello you"[..]));
    let changes = v.changes("/w", 0).expect("changes");
    println!("{changes:?}");
    assert_eq!(changes.changes.len(), 6);
    let bytes = postcard::to_stdvec(&v).expect("save");
    let mut r: Vfs = postcard::from_bytes(&bytes).expect("restore");
    assert_eq!(r.host_read("/w/c/b/f", 100).as_deref(), Ok(&b"hello you"[..]));
    assert_eq!(r.fstat(fd).map(|s| s.size), Ok(9));
}
