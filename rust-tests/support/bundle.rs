//! Drafts and stores for tests.

use super::tree::{self, Tree};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use wp_codebox::artifact::{Draft, Environment, MountRecord, RuntimeInfo, Store};
use wp_codebox::contract::{CommandRecord, Event};

/// A store in a directory that goes with it.
pub struct Room {
    pub store: Store,
    pub dir: tempfile::TempDir,
}

pub fn room() -> Room {
    let dir = tempfile::tempdir().unwrap();
    Room { store: Store::open(&dir.path().join("artifacts")).unwrap(), dir }
}

impl Room {
    pub fn root(&self) -> PathBuf {
        self.dir.path().join("artifacts")
    }
}

/// `seconds` after a fixed instant, which has passed wherever tests run.
pub fn instant(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

pub fn mount(target: &str) -> MountRecord {
    MountRecord {
        kind: "directory".into(),
        source: Some("/srv/example".into()),
        target: target.into(),
        mode: "readwrite".into(),
        capture_artifacts: None,
        metadata: json!(null),
    }
}

/// A run that turned `before` into `after` in `/workspace`.
pub fn draft(session: &str, before: &Tree, after: &Tree) -> Draft {
    let runtime = RuntimeInfo {
        id: "runtime-1".into(),
        backend: "wp-codebox-native".into(),
        environment: Environment {
            kind: "wordpress".into(),
            name: None,
            version: Some("7.1.1".into()),
            php_version: Some("8.3.33".into()),
        },
        created_at: "2026-11-20T10:00:00.000Z".into(),
        status: "destroyed".into(),
    };
    let mut draft = Draft::new(session, instant(0), runtime);
    draft.mounts = vec![mount("/workspace")];
    draft.changes = vec![tree::changes("/workspace", 0, before, after)];
    draft.events = vec![Event {
        id: "event-1".into(),
        kind: "runtime.created".into(),
        timestamp: "2026-11-20T10:00:00.000Z".into(),
        data: json!({ "backend": "wp-codebox-native" }),
    }];
    draft.commands = vec![CommandRecord {
        id: "command-1".into(),
        command: "wordpress.run-php".into(),
        args: vec!["code=echo 1;".into()],
        stdout: "1".into(),
        started_at: "2026-11-20T10:00:00.000Z".into(),
        finished_at: "2026-11-20T10:00:01.000Z".into(),
        ..CommandRecord::default()
    }];
    draft
}

/// Names beneath `dir`, sorted, directories not named.
pub fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(dir).unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
