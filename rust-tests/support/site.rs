//! A sandbox with WordPress in it.

use super::php::{pack, patient};
use serde_json::Value;
use std::path::PathBuf;
use wp_codebox::sandbox::{Command, Core, Execution, Ini, Limits, Policy, Sandbox, Spec};

/// Base images, shared by all tests.
pub fn cache() -> PathBuf {
    let dir = std::env::temp_dir().join("wp-codebox-test-cache");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// The pack's WordPress under a policy.
pub fn spec(policy: Policy) -> Spec {
    Spec {
        pack: pack(),
        cache_dir: cache(),
        core: Core::Pack,
        mounts: Vec::new(),
        must_use: Vec::new(),
        defines: serde_json::Map::new(),
        ini: Ini::default(),
        environment: Vec::new(),
        secrets: Vec::new(),
        host_tools: Vec::new(),
        limits: Limits::default(),
        policy,
    }
}

/// Runs PHP in a loaded WordPress.
pub fn run(sandbox: &mut Sandbox, code: &str) -> Execution {
    let code = format!("<?php {code}");
    sandbox.execute(&Command::RunPhp { code, bootstrap: true }, &patient()).unwrap()
}

/// What the code returns.
pub fn value(sandbox: &mut Sandbox, code: &str) -> Value {
    let execution = run(sandbox, code);
    execution.outcome.unwrap_or_else(|failure| panic!("{failure:?}\n{}", execution.record.stderr))
}
