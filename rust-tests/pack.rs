//! Runtime packs: made, opened, verified, refused. Needs neither a network nor Node.js: the packs are
//! small ones that the library's own assembly makes around a module of a few bytes.

#[path = "pack/archive.rs"]
mod archive;
#[path = "pack/open.rs"]
mod open;
#[path = "pack/rewrite.rs"]
mod rewrite;
#[path = "pack/staging.rs"]
mod staging;
#[path = "pack/support.rs"]
mod support;
#[path = "pack/tool.rs"]
mod tool;
#[path = "pack/transform.rs"]
mod transform;
#[path = "pack/verify.rs"]
mod verify;
