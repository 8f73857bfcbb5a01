//! A parent with a store, a directory that sandboxes work on, filters, and a table of records.

use crate::support::bundle::{Room, draft, mount, room};
use crate::support::tree::{self, Tree};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{ApplyError, ApplyRequest};
use wp_codebox::contract::{Code, Refusal};
use wp_codebox::host::{Host, Record, Records, Settings, User};

type Filter = Box<dyn Fn(Value, &[Value]) -> Result<Value, Refusal>>;

/// The parent.
pub struct Parent {
    pub settings: Settings,
    pub options: RefCell<BTreeMap<String, Value>>,
    filters: RefCell<BTreeMap<String, Filter>>,
    pub table: Option<Table>,
    pub user: Option<User>,
    /// Added to the clock.
    pub later: Cell<Duration>,
}

/// The rows that the plugin would keep.
#[derive(Default)]
pub struct Table {
    pub rows: Mutex<Vec<Record>>,
}

impl Records for Table {
    fn insert(&self, record: &Record) -> Result<bool, Refusal> {
        let mut rows = self.rows.lock().unwrap();
        if rows.iter().any(|row| (&row.kind, &row.id) == (&record.kind, &record.id)) {
            return Ok(false);
        }
        rows.push(Record { revision: 1, ..record.clone() });
        Ok(true)
    }

    fn get(&self, kind: &str, id: &str) -> Result<Option<Record>, Refusal> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.iter().find(|row| row.kind == kind && row.id == id).cloned())
    }

    fn list(
        &self,
        kind: &str,
        state: Option<&str>,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Record>, Refusal> {
        let rows = self.rows.lock().unwrap();
        let wanted = |row: &&Record| row.kind == kind && state.is_none_or(|state| state == row.state);
        Ok(rows.iter().rev().filter(wanted).skip(offset).take(limit).cloned().collect())
    }

    fn swap(&self, record: &Record) -> Result<bool, Refusal> {
        let mut rows = self.rows.lock().unwrap();
        let at = |row: &&mut Record| {
            (&row.kind, &row.id, row.revision) == (&record.kind, &record.id, record.revision)
        };
        let Some(row) = rows.iter_mut().find(at) else { return Ok(false) };
        *row = Record { revision: record.revision + 1, ..record.clone() };
        Ok(true)
    }
}

impl Parent {
    pub fn filter(&self, name: &str, filter: impl Fn(Value, &[Value]) -> Result<Value, Refusal> + 'static) {
        self.filters.borrow_mut().insert(name.into(), Box::new(filter));
    }

    pub fn targets(&self, targets: Value) {
        self.options.borrow_mut().insert("wp_codebox_apply_targets".into(), targets);
    }
}

impl Host for Parent {
    fn settings(&self) -> Result<Settings, Refusal> {
        Ok(self.settings.clone())
    }

    fn apply_filters(&self, name: &str, value: Value, args: &[Value]) -> Result<Value, Refusal> {
        match self.filters.borrow().get(name) {
            Some(filter) => filter(value, args),
            None => Ok(value),
        }
    }

    fn option(&self, name: &str) -> Option<Value> {
        self.options.borrow().get(name).cloned()
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn current_user(&self) -> Option<User> {
        self.user.clone()
    }

    fn records(&self) -> Option<&dyn Records> {
        self.table.as_ref().map(|table| table as &dyn Records)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now() + self.later.get()
    }
}

/// A store, a directory, and the parent of both.
pub struct House {
    pub room: Room,
    pub parent: Parent,
    /// What the sandbox worked on.
    pub work: PathBuf,
}

/// With `before` in the directory.
pub fn house(before: &Tree) -> House {
    let room = room();
    let work = room.dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    tree::write(&work, before);
    let settings =
        Settings { artifacts_dir: Some(room.root()), mount_roots: vec![work.clone()], ..Settings::default() };
    let parent = Parent {
        settings,
        options: RefCell::default(),
        filters: RefCell::default(),
        table: Some(Table::default()),
        user: Some(User { id: 7, login: "ada".into() }),
        later: Cell::default(),
    };
    House { room, parent, work }
}

impl House {
    /// The bundle of a run that turned `before` into `after`.
    pub fn run(&self, before: &Tree, after: &Tree) -> Bundle {
        let mut draft = draft("session-1", before, after);
        draft.mounts = vec![mount("/workspace")];
        draft.mounts[0].source = Some(self.work.display().to_string());
        self.room.store.write(draft).unwrap().bundle
    }

    /// A target of the built-in adapter that is the directory itself.
    pub fn apply_here(&self) {
        self.parent.targets(json!([{ "name": "here", "kind": "directory", "path": self.work }]));
    }

    pub fn now(&self) -> Tree {
        tree::read(&self.work)
    }
}

/// An approval of files beneath `/workspace`.
pub fn request(bundle: &Bundle, files: &[&str]) -> ApplyRequest {
    ApplyRequest {
        artifact_id: bundle.id.clone(),
        approved_files: files.iter().map(|file| format!("/workspace/{file}")).collect::<Vec<_>>().into(),
        ..ApplyRequest::default()
    }
}

/// An approval of everything that the bundle lists.
pub fn everything(bundle: &Bundle) -> ApplyRequest {
    let files = bundle.changed_files.as_ref().unwrap()["files"].as_array().unwrap();
    ApplyRequest {
        artifact_id: bundle.id.clone(),
        approved_files: files
            .iter()
            .map(|row| row["path"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .into(),
        ..ApplyRequest::default()
    }
}

/// An answer that an adapter could give.
pub fn answer(files: &[&str]) -> Value {
    json!({
        "schema": "wp-codebox/apply-result/v1",
        "adapter": "example/adapter",
        "status": "applied",
        "target": {},
        "applied_files": files,
        "audit_reference": "example#1",
    })
}

pub fn code<T: std::fmt::Debug>(result: Result<T, ApplyError>) -> Code {
    Refusal::from(result.unwrap_err()).code
}
