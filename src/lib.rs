//! WP Codebox: a disposable WordPress inside the PHP process.
//!
//! The rooms, top to bottom. A room calls only rooms below it.
//!
//! * [`extension`]: the PHP face (feature `extension`).
//! * [`ability`]: the table of abilities that PHP, WP-CLI, REST and the docs are read off.
//! * [`task`]: an agent task: input, plan, run, result.
//! * [`recipe`]: a plan of steps and the machine that carries it out.
//! * [`artifact`]: the bundle that leaves a sandbox: digest, patch, store.
//! * [`sandbox`]: a WordPress that can be created, mounted, executed, observed and destroyed.
//! * [`engine`]: PHP in wasmtime. Knows nothing of WordPress.
//! * [`contract`]: schema ids, error codes, canonical JSON.
//! * [`host`]: what the parent gives us.

#[cfg(feature = "extension")]
pub mod extension;

pub mod ability;
pub mod artifact;
pub mod contract;
pub mod engine;
pub mod host;
pub mod recipe;
pub mod sandbox;
pub mod task;
