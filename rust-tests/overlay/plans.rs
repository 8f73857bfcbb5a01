//! Random plans for the overlay's model.

use super::model::*;
use proptest::prelude::*;
use wp_codebox::engine::vfs::flags::*;

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        60 => prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned),
        4 => Just("..".to_owned()),
        2 => Just(".".to_owned()),
        1 => prop::sample::select(vec!["n\\m", "\u{e9}", "x".repeat(255).as_str(), "y".repeat(256).as_str()].into_iter().map(str::to_owned).collect::<Vec<_>>()),
    ]
}

fn path() -> impl Strategy<Value = String> {
    (prop::collection::vec(segment(), 1..5), 0..12u8).prop_map(|(segments, style)| match style {
        0 => format!("/{}/", segments.join("/")),
        1 => format!("//{}", segments.join("//")),
        _ => format!("/{}", segments.join("/")),
    })
}

/// A path whose last segment is a name, so that the kernel's side can be split there.
fn named() -> impl Strategy<Value = String> {
    path().prop_map(|p| if last_of(&p).1 == ".." || last_of(&p).1 == "." { format!("{p}/a") } else { p })
}

fn pick(free: bool) -> impl Strategy<Value = Pick> {
    let name = || prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned);
    let suffix = prop::sample::select(if free {
        vec!["", "", "", "", "", "", "", "/", "/.", "/..", "/../a"]
    } else {
        vec!["", "", "", "", "", "", "", "", "", "/"]
    });
    let made_up = if free { path().boxed() } else { named().boxed() };
    prop_oneof![
        12 => (any::<usize>(), suffix).prop_map(|(n, s)| Pick::There(n, s)),
        6 => (any::<usize>(), name()).prop_map(|(n, name)| Pick::In(n, name)),
        3 => made_up.prop_map(Pick::Any),
    ]
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        path(),
        (prop::collection::vec(segment(), 1..4), any::<bool>()).prop_map(|(s, slash)| format!(
            "{}{}",
            s.join("/"),
            if slash { "/" } else { "" }
        )),
    ]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        4 => 0..50usize,
        2 => prop::sample::select(vec![65_535, 65_536, 65_537, 131_072]),
        1 => 0..200_000usize,
    ]
}

fn mode() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0o644, 0o600, 0o755, 0o700])
}

fn open_flags() -> impl Strategy<Value = i32> {
    let access = prop::sample::select(vec![O_RDONLY, O_WRONLY, O_RDWR]);
    let some =
        |flag: i32, percent: f64| prop::bool::weighted(percent).prop_map(move |on| if on { flag } else { 0 });
    (
        access,
        some(O_CREAT, 0.5),
        some(O_EXCL, 0.1),
        some(O_TRUNC, 0.2),
        some(O_APPEND, 0.2),
        some(O_NOFOLLOW, 0.1),
        some(O_DIRECTORY, 0.1),
    )
        .prop_map(|(access, create, excl, trunc, append, nofollow, directory)| {
            // Kernels differ in what O_CREAT and O_DIRECTORY mean together; O_EXCL alone means nothing.
            let directory = if create != 0 { 0 } else { directory };
            let excl = if create != 0 { excl } else { 0 };
            access | create | excl | trunc | append | nofollow | directory
        })
}

fn op() -> impl Strategy<Value = Op<Pick>> {
    let slot = || 0..SLOTS;
    prop_oneof![
        16 => (slot(), pick(true), open_flags(), mode()).prop_map(|(slot, path, flags, mode)| Op::Open { slot, path, flags, mode }),
        2 => slot().prop_map(Op::Close),
        4 => (slot(), size()).prop_map(|(s, n)| Op::Read(s, n)),
        6 => (slot(), size(), any::<u8>()).prop_map(|(s, n, b)| Op::Write(s, n, b)),
        3 => (slot(), size(), 0..200_000u64).prop_map(|(s, n, o)| Op::Pread(s, n, o)),
        4 => (slot(), size(), 0..200_000u64, any::<u8>()).prop_map(|(s, n, o, b)| Op::Pwrite(s, n, o, b)),
        3 => (slot(), -100_000..200_000i64, 0..3i32).prop_map(|(s, o, w)| Op::Seek(s, o, w)),
        3 => (slot(), 0..200_000u64).prop_map(|(s, n)| Op::Ftruncate(s, n)),
        1 => (slot(), 0..100_000u64, 0..100_000u64).prop_map(|(s, o, n)| Op::Fallocate(s, o, n)),
        3 => slot().prop_map(Op::Fstat),
        1 => (slot(), mode()).prop_map(|(s, m)| Op::Fchmod(s, m)),
        5 => pick(true).prop_map(Op::List),
        6 => (pick(true), any::<bool>()).prop_map(|(p, f)| Op::Stat(p, f)),
        2 => pick(true).prop_map(Op::Readlink),
        2 => (pick(true), prop::sample::select(vec![0, X_OK, W_OK, R_OK | X_OK])).prop_map(|(p, m)| Op::Access(p, m)),
        3 => (pick(true), mode()).prop_map(|(p, m)| Op::Chmod(p, m)),
        3 => (pick(true), 0..200_000u64).prop_map(|(p, n)| Op::Truncate(p, n)),
        8 => (pick(false), mode()).prop_map(|(p, m)| Op::Mkdir(p, m)),
        6 => pick(false).prop_map(Op::Rmdir),
        8 => pick(false).prop_map(Op::Unlink),
        14 => (pick(false), pick(false)).prop_map(|(a, b)| Op::Rename(a, b)),
        5 => (target(), pick(false)).prop_map(|(t, p)| Op::Symlink(t, p)),
        4 => (pick(false), pick(false)).prop_map(|(a, b)| Op::Link(a, b)),
        1 => Just(Op::Reload),
        1 => Just(Op::Fork),
        1 => Just(Op::Base),
    ]
}

fn seed() -> impl Strategy<Value = Seed> {
    let plain = || {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d"]), 1..5).prop_map(|s| s.join("/"))
    };
    prop_oneof![
        2 => plain().prop_map(Seed::Dir),
        4 => (plain(), size(), mode()).prop_map(|(p, n, m)| Seed::File(p, n, m)),
        1 => (plain(), target()).prop_map(|(p, t)| Seed::Link(p, t)),
    ]
}

proptest! {
    // More with PROPTEST_CASES.
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_overlay_behaves_as_the_kernel_does(
        seeds in prop::collection::vec(seed(), 0..25),
        plan in prop::collection::vec(op(), 1..60),
        immutable in any::<bool>(),
    ) {
        check(&seeds, &plan, immutable);
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150)
}
