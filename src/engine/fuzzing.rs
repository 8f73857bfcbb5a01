//! Doors for fuzz targets to what a guest, or a damaged file, can hand to the engine's insides. In
//! fuzzing builds and in those of the pack tool and the tests; the extension has none of it.
//!
//! Nothing is compiled: the imports are called as the host functions that they are, on a memory and a
//! filesystem of their own, with a network that denies everything.

use super::abi;
use super::config;
use super::drive::{Watch, drive};
use super::fork::{Frozen, Mark};
use super::guest::Phase;
use super::image;
use super::net::{Family, HTTP_SOCKET, Network, Target};
use super::state::{Leave, State};
use super::vfs::{Lower, Mount, MountMode, Vfs, VfsLimits};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use wasmtime::{Engine, Func, Linker, Memory, MemoryType, Store, Val, ValType};

/// How long one plan may take, its sleeps included.
const PATIENCE: Duration = Duration::from_millis(10);

/// Size of the memory, wasm pages, and the most that it grows to.
const PAGES: u32 = 4;
const PAGES_MAX: u32 = 64;

/// What the upper layer may hold, bytes and files.
const UPPER_BYTES: u64 = 8 << 20;
const UPPER_FILES: u64 = 200;

/// What a plan says about one argument of a call.
#[derive(Debug, Clone, Copy)]
pub enum Argument {
    /// As it is: a descriptor, flags, a length.
    Number(i64),
    /// The address of this offset into memory, counted from its end if it is negative.
    Address(i32),
}

/// One step of a guest that means harm.
#[derive(Debug, Clone)]
pub enum Step {
    /// Writes bytes to memory, as far as they fit.
    Poke { at: u32, bytes: Vec<u8> },
    /// Calls the nth import. Missing arguments are 0.
    Call { import: usize, arguments: Vec<Argument> },
}

/// An engine and its imports, made once: what costs is the same for every plan.
static IMPORTS: LazyLock<(Engine, Linker<State>)> = LazyLock::new(|| {
    let engine = Engine::new(&config::base()).expect("the engine's one configuration");
    let mut linker = Linker::new(&engine);
    abi::link_known(&mut linker).expect("each import is defined once");
    (engine, linker)
});

/// Names of all imports, sorted: what [`Step::Call`] counts in.
pub fn import_names() -> Vec<(String, String)> {
    let (engine, linker) = &*IMPORTS;
    let mut probe = Store::new(engine, State::probe());
    let mut names: Vec<_> =
        linker.iter(&mut probe).map(|(module, name, _)| (module.to_owned(), name.to_owned())).collect();
    names.sort();
    names
}

/// Carries a plan out over the host directory `lower`, which stays as it is.
///
/// Panics if an import does what none may: ends in an error that is no exit, or lets the filesystem
/// grow beyond its limits.
pub fn call_imports(lower: &Path, plan: &[Step]) {
    static NAMES: LazyLock<Vec<(String, String)>> = LazyLock::new(import_names);
    let (engine, linker) = &*IMPORTS;
    let mount = Mount {
        target: "/w".into(),
        lower: Lower::HostDir(lower.into()),
        mode: MountMode::ReadWrite,
        immutable: false,
    };
    let limits = VfsLimits {
        max_upper_bytes: UPPER_BYTES,
        max_upper_files: UPPER_FILES,
        max_open_files: 16,
        max_file_bytes: UPPER_BYTES,
    };
    let vfs = Vfs::new(vec![mount], limits).expect("a directory that is there");
    let mut store = Store::new(engine, State::new(vfs, vec!["HOME=/w".to_owned()], 1 << 20, Duration::ZERO));
    let memory =
        Memory::new(&mut store, MemoryType::new(PAGES, Some(PAGES_MAX))).expect("addresses for a memory");
    // Answers with any place that is large enough, or with NULL.
    let memalign = Func::wrap(&mut store, |_: i32, size: i32| if size < 65_536 { 131_072 } else { 0 });
    let memalign = memalign.typed(&store).expect("its own type");
    store.data_mut().attach(memory, memalign);
    let watch = Watch::until(Instant::now() + PATIENCE);
    for step in plan {
        match step {
            Step::Poke { at, bytes } => {
                let rest = memory.data_mut(&mut store).get_mut(*at as usize..).unwrap_or_default();
                let len = rest.len().min(bytes.len());
                rest[..len].copy_from_slice(&bytes[..len]);
            }
            Step::Call { import, arguments } => {
                let (module, name) = &NAMES[import % NAMES.len()];
                let Some(function) =
                    linker.get(&mut store, module, name).ok().and_then(|item| item.into_func())
                else {
                    continue;
                };
                let ty = function.ty(&store);
                let size = memory.data_size(&store) as i64;
                let number = |index: usize| match arguments.get(index) {
                    Some(Argument::Number(number)) => *number,
                    Some(Argument::Address(at)) if *at < 0 => size + i64::from(*at),
                    Some(Argument::Address(at)) => i64::from(*at),
                    None => 0,
                };
                let arguments: Vec<Val> =
                    ty.params().enumerate().map(|(index, ty)| value(&ty, number(index))).collect();
                let mut results = vec![Val::I32(0); ty.results().len()];
                let parking = Arc::clone(store.data().parking());
                let call = function.call_async(&mut store, &arguments, &mut results);
                match drive(&parking, &watch, call) {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        assert!(error.is::<Leave>(), "{name}: {error:?}");
                        break;
                    }
                    // It waits for what does not come.
                    Err(_) => break,
                }
            }
        }
    }
    let usage = store.data().vfs.usage();
    assert!(usage.upper_bytes <= UPPER_BYTES && usage.upper_files <= UPPER_FILES, "{usage:?}");
}

fn value(ty: &ValType, number: i64) -> Val {
    match ty {
        ValType::I64 => Val::I64(number),
        ValType::F64 => Val::F64((number as f64).to_bits()),
        _ => Val::I32(number as i32),
    }
}

/// Sends a request, in these pieces, to the host's HTTP client of a guest that may reach nothing.
/// What it answers is to be frames.
pub fn ask_http_client(pieces: &[&[u8]]) {
    let mut network = Network::default();
    let socket = network.open(Family::Local, false).expect("one socket");
    network.connect(socket, &Target::Path(HTTP_SOCKET.to_owned())).expect("the client's socket");
    for piece in pieces {
        if network.send(socket, piece, None).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok((count @ 1.., _)) = network.receive(socket, &mut part, false) {
        answer.extend_from_slice(&part[..count]);
    }
    if let Some((len, rest)) = answer.split_first_chunk::<4>() {
        let frame = &rest[..u32::from_be_bytes(*len) as usize];
        let problem: serde_json::Value = serde_json::from_slice(frame).expect("a frame of JSON");
        assert!(problem["error"]["type"].is_string(), "{problem}");
    }
    let (records, _) = network.take_records();
    assert!(records.iter().all(|record| !record.allowed), "{records:?}");
}

/// Reads the file of a frozen guest's state. `true`: it was believed.
pub fn read_image_state(path: &Path) -> bool {
    image::read_state(path).is_ok_and(|contents| {
        // Restored, it can be saved and read again.
        let bytes = postcard::to_stdvec(&contents).expect("a state");
        postcard::from_bytes::<image::Contents>(&bytes).is_ok()
    })
}

/// The bytes of a state file with this body: whole, whatever the body is.
pub fn image_state_file(body: &[u8]) -> Vec<u8> {
    [image::MAGIC.as_slice(), crate::contract::digest_hex([body]).as_bytes(), body].concat()
}

/// The body of the state file of a guest that froze with these files.
pub fn image_state_body(vfs: &Vfs) -> Vec<u8> {
    let frozen = Frozen {
        pages: 1,
        globals: vec![1, -1],
        phase: Phase::Open,
        exit_status_at: Some(8),
        environment: vec!["HOME=/".to_owned()],
        age: Duration::from_secs(1),
        marks: vec![Mark { which: 0, address: 16, len: 8 }],
    };
    let (pack, memory_digest) = ("a".repeat(64), "b".repeat(64));
    let contents = image::Contents { pack, frozen, vfs: vfs.clone(), memory_len: 65_536, memory_digest };
    postcard::to_stdvec(&contents).expect("a state")
}
