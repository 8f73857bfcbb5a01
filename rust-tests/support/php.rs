//! PHP from the pack, without WordPress.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use wp_codebox::engine::pack::Pack;
use wp_codebox::engine::vfs::{Vfs, VfsLimits};
use wp_codebox::engine::{Boot, EngineError, Guest, Limits, Request, Response, Runtime, Stop, Watch};

/// The pack that `bin/test` built.
pub fn pack() -> Arc<Pack> {
    static PACK: OnceLock<Arc<Pack>> = OnceLock::new();
    Arc::clone(
        PACK.get_or_init(|| {
            Arc::new(Pack::open(&runtime_dir()).expect("a runtime pack: bin/test builds one"))
        }),
    )
}

/// Where it lies.
pub fn runtime_dir() -> PathBuf {
    std::env::var_os("WP_CODEBOX_RUNTIME_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/var/runtime")), PathBuf::from)
}

/// Far enough away that only a hang reaches it.
pub fn patient() -> Watch<'static> {
    Watch::until(Instant::now() + Duration::from_secs(60))
}

/// Ends a call that would run for ever.
pub fn impatient() -> Watch<'static> {
    Watch::until(Instant::now() + Duration::from_millis(300))
}

const INI: &str = "memory_limit=128M\nerror_reporting=E_ALL\ndisplay_errors=1\nhtml_errors=0\nlog_errors=0\n\
    pcre.jit=0\ndate.timezone=UTC\n";

/// A PHP without WordPress.
pub struct Php {
    pub guest: Guest,
}

impl Php {
    pub fn boot() -> Php {
        Php::boot_with(Vfs::new(Vec::new(), VfsLimits::default()).unwrap(), Limits::default()).unwrap()
    }

    pub fn boot_with(mut vfs: Vfs, limits: Limits) -> Result<Php, EngineError> {
        vfs.host_write("/internal/php.ini", INI.as_bytes(), 0o644).unwrap();
        let boot = Boot {
            ini_path: "/internal/php.ini".to_owned(),
            sapi: "cli".to_owned(),
            environment: vec![("GREETING".to_owned(), "hello".to_owned())],
        };
        let runtime = Runtime::of(&pack())?;
        Ok(Php { guest: Guest::boot(&runtime, vfs, &boot, &limits, &patient())? })
    }

    pub fn try_run(&mut self, code: &str, watch: &Watch<'_>) -> Result<Response, Stop> {
        let script = format!("<?php {code}").into_bytes();
        self.guest.vfs_mut().host_write("/script.php", script, 0o644).unwrap();
        self.guest.request(&Request::script("/script.php"), watch)
    }

    /// Runs `code` and gives what it printed.
    pub fn run(&mut self, code: &str) -> String {
        let response = self.try_run(code, &patient()).expect("the script ends by itself");
        String::from_utf8(response.stdout).unwrap()
    }
}
