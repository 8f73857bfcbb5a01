//! What a guest hands to the imports, and what damaged packs and images hand to those who load them.

use super::bytes::Bytes;
use std::fs;
use std::path::Component;
use std::sync::LazyLock;
use tempfile::TempDir;
use wp_codebox::contract::digest_hex;
use wp_codebox::engine::fuzzing::{
    Argument, Step, ask_http_client, call_imports, image_state_file, read_image_state,
};
use wp_codebox::engine::pack::{MANIFEST, MANIFEST_DIGEST, Pack, Settings};
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::{AT_FDCWD, Vfs};

/// A host directory that guests see, with some of everything.
static LOWER: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let root = dir.path();
    fs::create_dir(root.join("d")).expect("a directory");
    fs::write(root.join("d/f"), "x".repeat(10_000)).expect("a file");
    fs::write(root.join("e"), "").expect("a file");
    std::os::unix::fs::symlink("d/f", root.join("l")).expect("a link");
    std::os::unix::fs::symlink("/w/loop", root.join("loop")).expect("a link");
    dir
});

/// Any calls of imports, with any arguments.
pub fn imports(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut plan = Vec::new();
    while !bytes.is_empty() && plan.len() < 100 {
        plan.push(match bytes.byte() {
            0..60 => Step::Poke { at: bytes.u16().into(), bytes: bytes.some().to_vec() },
            import => {
                let count = bytes.byte() % 8;
                let arguments = (0..count).map(|_| argument(&mut bytes)).collect();
                Step::Call { import: usize::from(import) - 60, arguments }
            }
        });
    }
    call_imports(LOWER.path(), &plan);
}

fn argument(bytes: &mut Bytes<'_>) -> Argument {
    match bytes.byte() % 8 {
        0 | 1 => Argument::Number(i64::from(bytes.byte() as i8)),
        2 => Argument::Number(bytes.i32().into()),
        3 => Argument::Number(bytes.i64()),
        4 => Argument::Address(-i32::from(bytes.byte())),
        _ => Argument::Address(bytes.u16().into()),
    }
}

/// Any request to the host's HTTP client, in any pieces.
pub fn http(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut pieces = Vec::new();
    for _ in 0..bytes.byte() % 4 {
        pieces.push(bytes.some());
    }
    pieces.push(bytes.0);
    ask_http_client(&pieces);
}

/// Any file as the state of an image, and the same bytes with their right digest. Loaded or
/// refused: nothing else.
pub fn image(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("x.state");
    for file in [data.to_vec(), image_state_file(data)] {
        fs::write(&path, &file).expect("a file");
        read_image_state(&path);
    }
}

/// Any bytes as a saved filesystem. One that is believed can be used like any other.
pub fn files(data: &[u8]) {
    let Ok(mut vfs) = postcard::from_bytes::<Vfs>(data) else { return };
    let _ = vfs.changes("/", 0);
    let mut pending = vec![b"/".to_vec()];
    for _ in 0..100 {
        let Some(path) = pending.pop() else { break };
        let _ = vfs.statat(AT_FDCWD, &path, false);
        let _ = vfs.readlinkat(AT_FDCWD, &path);
        let Ok(fd) = vfs.openat(AT_FDCWD, &path, O_RDONLY, 0) else { continue };
        let _ = vfs.read(fd, &mut [0; 4096]);
        for entry in vfs.readdir(fd, 100).unwrap_or_default() {
            if entry.name != b"." && entry.name != b".." {
                pending.push([path.as_slice(), b"/", &entry.name].concat());
            }
        }
        let _ = vfs.close(fd);
        let _ = vfs.renameat(AT_FDCWD, &path, AT_FDCWD, b"/moved");
        let _ = vfs.linkat(AT_FDCWD, b"/moved", AT_FDCWD, &path, false);
        let _ = vfs.unlinkat(AT_FDCWD, b"/moved");
    }
    for fd in vfs.open_descriptors().collect::<Vec<_>>() {
        let _ = vfs.write(fd, b"x");
        let _ = vfs.close(fd);
    }
    let _ = vfs.changes("/", 0);
    let saved = postcard::to_stdvec(&vfs).expect("a state");
    let again: Vfs = postcard::from_bytes(&saved).expect("what was believed and used is believed again");
    assert_eq!(again.usage(), vfs.usage());
}

/// Any manifest of a pack, with its right digest; behind a NUL the list of WordPress's files. In
/// both, `{wasmtime}` and `{configuration}` are this engine's, `{inventory}` is the digest of the list
/// and `4242424242` its size.
pub fn pack(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let root = dir.path();
    let (manifest, inventory) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let inventory = inventory.strip_prefix(b"\0").unwrap_or_default();
    let here = Settings::here();
    let manifest = String::from_utf8_lossy(manifest)
        .replace("{wasmtime}", &here.wasmtime)
        .replace("{configuration}", &here.configuration)
        .replace("{inventory}", &digest_hex([inventory]))
        .replace("4242424242", &inventory.len().to_string());
    let digest = format!("{}  {MANIFEST}\n", digest_hex([manifest.as_bytes()]));
    for (path, bytes) in
        [(MANIFEST, manifest.as_bytes()), (MANIFEST_DIGEST, digest.as_bytes()), ("inventory.json", inventory)]
    {
        fs::write(root.join(path), bytes).expect("a file");
    }
    for path in
        ["php.cwasm", "php.memory", "wp-cli.phar", "wordpress/wp-includes/version.php", "sqlite/load.php"]
    {
        fs::create_dir_all(root.join(path).parent().expect("beneath the pack")).expect("a directory");
        fs::write(root.join(path), "").expect("a file");
    }
    let Ok(pack) = Pack::open(root) else { return };
    for path in
        [pack.php_module(), pack.php_memory(), pack.wordpress(), pack.sqlite_integration(), pack.wp_cli()]
    {
        let inside =
            path.starts_with(pack.dir()) && !path.components().any(|part| part == Component::ParentDir);
        assert!(inside, "{}", path.display());
    }
    let _ = pack.verify();
}
