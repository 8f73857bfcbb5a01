//! The overlay against the kernel, by plans that the fuzzer makes up.

use super::bytes::Bytes;
use super::model::{Op, Pick, SLOTS, Seed, check, last_of};
use wp_codebox::engine::vfs::flags::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const MODES: [u32; 4] = [0o644, 0o600, 0o755, 0o700];
const STEPS: usize = 60;

/// Any operations on a tree.
pub fn operations(data: &[u8]) {
    let mut bytes = Bytes(data);
    let immutable = bytes.flag();
    let seeds = seeds(&mut bytes, target);
    let mut plan = Vec::new();
    while !bytes.is_empty() && plan.len() < STEPS {
        plan.push(op(&mut bytes));
    }
    check(&seeds, &plan, immutable);
}

/// Looking at any path, through links that lead anywhere.
pub fn paths(data: &[u8]) {
    let mut bytes = Bytes(data);
    let seeds = seeds(&mut bytes, text);
    let mut plan = Vec::new();
    while !bytes.is_empty() && plan.len() < STEPS {
        let path = Pick::Any(format!("/{}", text(&mut bytes)));
        plan.push(match bytes.byte() % 5 {
            0 => Op::Stat(path, true),
            1 => Op::Stat(path, false),
            2 => Op::Readlink(path),
            3 => Op::List(path),
            _ => Op::Open { slot: 0, path, flags: O_RDONLY, mode: 0 },
        });
    }
    check(&seeds, &plan, false);
}

/// A path that the kernel is asked for as well: no NUL, and UTF-8.
fn text(bytes: &mut Bytes<'_>) -> String {
    let text = String::from_utf8_lossy(bytes.some()).replace('\0', "/");
    if text.is_empty() { "a".to_owned() } else { text }
}

fn plain(bytes: &mut Bytes<'_>) -> String {
    let parts = 1 + usize::from(bytes.byte()) % 4;
    (0..parts).map(|_| bytes.of(&NAMES)).collect::<Vec<_>>().join("/")
}

fn seeds(bytes: &mut Bytes<'_>, target: impl Fn(&mut Bytes<'_>) -> String) -> Vec<Seed> {
    let count = bytes.byte() % 25;
    let mut seed = |_| match bytes.byte() % 4 {
        0 => Seed::Dir(plain(bytes)),
        1 | 2 => Seed::File(plain(bytes), size(bytes), bytes.of(&MODES)),
        _ => Seed::Link(plain(bytes), target(bytes)),
    };
    (0..count).map(&mut seed).collect()
}

fn target(bytes: &mut Bytes<'_>) -> String {
    let path = path(bytes);
    if bytes.flag() { path } else { path.trim_start_matches('/').to_owned() + "/" }
}

fn path(bytes: &mut Bytes<'_>) -> String {
    let parts = 1 + usize::from(bytes.byte()) % 4;
    let names = ["a", "b", "c", "d", "a", "b", "..", "."];
    format!("/{}", (0..parts).map(|_| bytes.of(&names)).collect::<Vec<_>>().join("/"))
}

fn pick(bytes: &mut Bytes<'_>, free: bool) -> Pick {
    let suffixes =
        if free { ["", "", "", "", "/", "/.", "/..", "/../a"] } else { ["", "", "", "", "", "", "", "/"] };
    match bytes.byte() % 7 {
        0..4 => Pick::There(bytes.byte().into(), bytes.of(&suffixes)),
        4 | 5 => Pick::In(bytes.byte().into(), bytes.of(&NAMES).to_owned()),
        _ => {
            let path = path(bytes);
            let named = !matches!(last_of(&path).1, "." | "..");
            Pick::Any(if free || named { path } else { path + "/a" })
        }
    }
}

fn size(bytes: &mut Bytes<'_>) -> usize {
    match bytes.byte() {
        0..200 => bytes.byte().into(),
        200..220 => 65_535 + usize::from(bytes.byte() % 3),
        _ => usize::from(bytes.u16()) * 3,
    }
}

fn open_flags(bytes: &mut Bytes<'_>) -> i32 {
    let access = bytes.of(&[O_RDONLY, O_WRONLY, O_RDWR]);
    let bits = bytes.byte();
    let flag = |bit: u8, flag: i32| if bits & bit != 0 { flag } else { 0 };
    let create = flag(1, O_CREAT);
    // Kernels differ in what O_CREAT and O_DIRECTORY mean together; O_EXCL alone means nothing.
    let more = if create != 0 { flag(2, O_EXCL) } else { flag(4, O_DIRECTORY) };
    access | create | more | flag(8, O_TRUNC) | flag(16, O_APPEND) | flag(32, O_NOFOLLOW)
}

fn op(bytes: &mut Bytes<'_>) -> Op<Pick> {
    let kind = bytes.byte() % 27;
    let slot = usize::from(bytes.byte()) % SLOTS;
    let length = |bytes: &mut Bytes<'_>| u64::from(bytes.u16()) * 3;
    match kind {
        0..3 => Op::Open { slot, path: pick(bytes, true), flags: open_flags(bytes), mode: bytes.of(&MODES) },
        3 => Op::Close(slot),
        4 => Op::Read(slot, size(bytes)),
        5 => Op::Write(slot, size(bytes), bytes.byte()),
        6 => Op::Pread(slot, size(bytes), length(bytes)),
        7 => Op::Pwrite(slot, size(bytes), length(bytes), bytes.byte()),
        8 => Op::Seek(slot, i64::from(bytes.i32() % 200_000), bytes.of(&[0, 1, 2])),
        9 => Op::Ftruncate(slot, length(bytes)),
        10 => Op::Fallocate(slot, length(bytes), length(bytes)),
        11 => Op::Fstat(slot),
        12 => Op::Fchmod(slot, bytes.of(&MODES)),
        13 => Op::List(pick(bytes, true)),
        14 => Op::Stat(pick(bytes, true), bytes.flag()),
        15 => Op::Readlink(pick(bytes, true)),
        16 => Op::Access(pick(bytes, true), bytes.of(&[0, X_OK, W_OK, R_OK | X_OK])),
        17 => Op::Chmod(pick(bytes, true), bytes.of(&MODES)),
        18 => Op::Truncate(pick(bytes, true), length(bytes)),
        19 => Op::Mkdir(pick(bytes, false), bytes.of(&MODES)),
        20 => Op::Rmdir(pick(bytes, false)),
        21 => Op::Unlink(pick(bytes, false)),
        22 => Op::Rename(pick(bytes, false), pick(bytes, false)),
        23 => Op::Symlink(target(bytes), pick(bytes, false)),
        24 => Op::Link(pick(bytes, false), pick(bytes, false)),
        25 => Op::Reload,
        _ if slot == 0 => Op::Fork,
        _ => Op::Base,
    }
}
