//! The bodies of the fuzz targets: each takes any bytes and panics where something is wrong.
//! `rust-tests/fuzz_seeds.rs` calls the same functions with the seeds.

mod artifact;
mod bytes;
mod engine;
mod input;
mod overlay;

// The overlay's model and the slow redactor are those of the tests.
#[path = "../../rust-tests/redact/encodings.rs"]
mod encodings;
#[path = "../../rust-tests/overlay/model.rs"]
mod model;
#[path = "../../rust-tests/redact/slow.rs"]
mod slow;
#[allow(dead_code)]
#[path = "../../rust-tests/overlay/support.rs"]
mod support;

/// A target: what it is called, and what it does with its input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by the name of its program and of the folder with its seeds.
pub const TARGETS: [Target; 18] = [
    ("abilities", input::abilities),
    ("audit", artifact::audit),
    ("browser", artifact::browser),
    ("bundle", artifact::bundle),
    ("files", engine::files),
    ("http", engine::http),
    ("image", engine::image),
    ("imports", engine::imports),
    ("manifest", artifact::manifest),
    ("overlay", overlay::operations),
    ("pack", engine::pack),
    ("patch", artifact::patch),
    ("paths", overlay::paths),
    ("policy", input::policy),
    ("recipe", input::recipe),
    ("redactor", artifact::redactor),
    ("test_output", artifact::test_output),
    ("zip", artifact::zip),
];

/// Runs the target of this name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.expect("a target of this name").1(data);
}
