//! What the parent gives us. The extension implements [`Host`] with PHP callbacks; tests and the
//! binaries implement it with plain values ([`PlainHost`]).
//!
//! Invariant: a `Host` is called on the thread that entered the extension, before a sandbox starts
//! or after it has ended, or between two polls of a running guest; never from inside one.

use crate::contract::{Code, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

/// The parent's user on whose behalf a call is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: u64,
    pub login: String,
}

/// Flags of the parent's that ask for a stop. They can be looked at from any thread, which the
/// parent itself cannot.
#[derive(Debug, Clone, Copy)]
pub struct Interrupt<'a>([Option<&'a AtomicU8>; 3]);

impl<'a> Interrupt<'a> {
    /// Requested as soon as the flag is not 0.
    pub fn new(flag: &'a AtomicU8) -> Interrupt<'a> {
        Interrupt([Some(flag), None, None])
    }

    pub fn never() -> Interrupt<'a> {
        Interrupt([None; 3])
    }

    /// Requested as soon as one of these flags is not 0, too.
    pub fn or(self, flags: [Option<&'a AtomicU8>; 2]) -> Interrupt<'a> {
        Interrupt([self.0[0], flags[0], flags[1]])
    }

    pub fn is_requested(self) -> bool {
        self.0.iter().flatten().any(|flag| flag.load(Ordering::Relaxed) != 0)
    }
}

/// Directories and limits that the operator has configured. Every `Option` that is `None` falls
/// back to a default which the using room documents.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The runtime pack.
    pub runtime_dir: Option<PathBuf>,
    /// Base images and warm images.
    pub cache_dir: Option<PathBuf>,
    /// Where bundles go.
    pub artifacts_dir: Option<PathBuf>,
    /// Roots beneath which an `artifacts_path` in untrusted input may lie.
    pub artifact_roots: Vec<PathBuf>,
    /// Roots beneath which a mount's source in untrusted input may lie.
    pub mount_roots: Vec<PathBuf>,
    /// Hosts that the network policy in untrusted input may list.
    pub network_hosts: Vec<String>,
    /// The parent's WordPress (`ABSPATH`), if there is one.
    pub wordpress_dir: Option<PathBuf>,
    /// Cap on one sandbox's linear memory, bytes.
    pub memory_limit: Option<u64>,
    /// Cap on captured output, bytes.
    pub output_limit: Option<u64>,
    /// Cap on what a sandbox may write to its overlay, bytes.
    pub disk_limit: Option<u64>,
    /// Cap on the number of files, directories and links in a sandbox's overlay.
    pub files_limit: Option<u64>,
    /// Cap on the length of one file, bytes.
    pub file_size_limit: Option<u64>,
    /// Cap on the descriptors that are open at a time.
    pub open_files_limit: Option<u32>,
    /// Cap on the connections and HTTP requests of one sandbox.
    pub network_connections_limit: Option<u64>,
    /// Cap on what a sandbox may send and receive, both together, bytes.
    pub network_bytes_limit: Option<u64>,
    /// Wall-clock deadline when the task names none.
    pub timeout: Option<Duration>,
    /// Deadline that no task can exceed.
    pub max_timeout: Option<Duration>,
    /// A JSON file with the directories and repositories that approved changes may be applied to.
    pub apply_targets: Option<PathBuf>,
    /// The git executable; without one no git target can be used.
    pub git: Option<PathBuf>,
    /// The caller is the operator (WP-CLI, or PHP on the command line without WordPress) and may
    /// name any directory.
    pub operator: bool,
}

/// A row that the parent keeps for us: a decision that outlives a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the row is, e.g. `pending-apply`.
    pub kind: String,
    pub id: String,
    pub state: String,
    /// Counts the changes of the row.
    pub revision: u64,
    /// JSON.
    pub body: String,
}

/// A table in the parent's database. It decides nothing.
pub trait Records {
    /// Adds a row of revision 1; false if one of this kind and id is there.
    fn insert(&self, record: &Record) -> Result<bool, Refusal>;

    fn get(&self, kind: &str, id: &str) -> Result<Option<Record>, Refusal>;

    /// The rows of a kind, and of a state if one is given, newest first.
    fn list(
        &self,
        kind: &str,
        state: Option<&str>,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Record>, Refusal>;

    /// Puts state and body in the place of those of the revision that the record has, in one step;
    /// false if somebody was faster.
    fn swap(&self, record: &Record) -> Result<bool, Refusal>;
}

/// The parent process: WordPress if there is one.
pub trait Host {
    /// Resolved once a call, before anything else.
    fn settings(&self) -> Result<Settings, Refusal>;

    /// `apply_filters( $name, $value, ...$args )`; the value itself where there is no WordPress.
    fn apply_filters(&self, name: &str, value: Value, args: &[Value]) -> Result<Value, Refusal>;

    /// `get_site_option()` on multisite, else `get_option()`.
    fn option(&self, name: &str) -> Option<Value>;

    /// A variable of the parent's environment.
    fn env(&self, name: &str) -> Option<String>;

    fn current_user(&self) -> Option<User>;

    fn now(&self) -> SystemTime;

    /// Where there is a WordPress with the plugin.
    fn records(&self) -> Option<&dyn Records> {
        None
    }

    /// Asked before a command that needs approval, with what it is about. Only `true` approves; a
    /// parent with nobody to ask says no.
    fn approve(&self, _request: Value) -> Result<bool, Refusal> {
        Ok(false)
    }

    /// The tools that the parent registers for the recipes that it has run: a list of what
    /// `host_tools` of a sandbox has, without the callbacks.
    fn host_tools(&self) -> Result<Value, Refusal> {
        Ok(Value::Array(Vec::new()))
    }

    /// Calls a tool that was registered. What goes wrong there is a refusal.
    fn call_tool(&self, name: &str, _input: Value) -> Result<Value, Refusal> {
        Err(Refusal::new(Code::HostToolFailed, format!("The parent has no tool {name}.")))
    }

    /// Told where a run is, between two commands. Nothing comes of it.
    fn progress(&self, _told: Value) {}

    /// How to see that the parent has been told to stop (PHP's time limit, a cancelled request).
    /// By default it never is.
    fn interrupt(&self) -> Interrupt<'_> {
        Interrupt::never()
    }

    /// The same for a run that leaves a bundle even if it is stopped: also whoever sits at the
    /// terminal may ask, who would otherwise end the process, and so may what the run called in the
    /// parent, if that has ended the parent's program.
    fn run_interrupt(&self) -> Interrupt<'_> {
        self.interrupt()
    }
}

/// A host of plain values.
#[derive(Debug, Clone, Default)]
pub struct PlainHost {
    pub settings: Settings,
    pub options: BTreeMap<String, Value>,
    pub env: BTreeMap<String, String>,
    pub user: Option<User>,
}

impl Host for PlainHost {
    fn settings(&self) -> Result<Settings, Refusal> {
        Ok(self.settings.clone())
    }

    fn apply_filters(&self, _name: &str, value: Value, _args: &[Value]) -> Result<Value, Refusal> {
        Ok(value)
    }

    fn option(&self, name: &str) -> Option<Value> {
        self.options.get(name).cloned()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn current_user(&self) -> Option<User> {
        self.user.clone()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
