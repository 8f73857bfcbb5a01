//! The [`Host`] that PHP, and WordPress if it is loaded, make.

use super::calls::{Calls, call};
use super::settings;
use super::signals::StopOnSignal;
use super::tools::Tools;
use crate::contract::{Code, Refusal};
use crate::host::{Host, Interrupt, Record, Records, Settings, User};
use ext_php_rs::types::{ZendObject, Zval};
use ext_php_rs::zend::ExecutorGlobals;
use serde_json::Value;
use std::cell::OnceCell;
use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::atomic::AtomicU8;
use std::time::SystemTime;

/// The host of one call.
pub struct PhpHost<'a> {
    calls: &'a Calls,
    /// What the caller sent: the filters for directories are told.
    input: Value,
    settings: OnceCell<Settings>,
    signals: OnceCell<StopOnSignal>,
    /// Of the sandbox that the call is about.
    tools: Option<&'a Tools>,
    /// Tools for the recipe that the call is about, as the caller gave them.
    given: Option<Zval>,
    registered: OnceCell<Tools>,
}

/// Where the parent's WordPress is.
pub struct WordPress {
    /// `ABSPATH`.
    pub root: PathBuf,
    /// `WP_CONTENT_DIR`.
    pub content: Option<PathBuf>,
}

impl<'a> PhpHost<'a> {
    pub fn new(calls: &'a Calls, input: Value) -> Self {
        PhpHost {
            calls,
            input,
            settings: OnceCell::new(),
            signals: OnceCell::new(),
            tools: None,
            given: None,
            registered: OnceCell::new(),
        }
    }

    /// The same with the callbacks of a sandbox's tools.
    pub fn with_tools(self, tools: &'a Tools) -> Self {
        PhpHost { tools: Some(tools), ..self }
    }

    /// The same with tools that a recipe may call.
    pub fn offering(self, given: Option<Zval>) -> Self {
        PhpHost { given, ..self }
    }

    /// The input of the call.
    pub fn input(&self) -> &Value {
        &self.input
    }

    /// The parent's WordPress, if its constants and hooks are there.
    pub fn wordpress(&self) -> Option<WordPress> {
        let root = constant_text("ABSPATH").filter(|_| function_exists("apply_filters"))?;
        Some(WordPress { root: root.into(), content: constant_text("WP_CONTENT_DIR").map(Into::into) })
    }

    /// WP-CLI, or PHP on the command line without WordPress: the operator's own hands.
    pub fn operator(&self) -> bool {
        self.command_line() && (wp_cli() || self.wordpress().is_none())
    }

    /// PHP on the command line, whatever it runs.
    pub fn command_line(&self) -> bool {
        constant_text("PHP_SAPI").as_deref() == Some("cli")
    }
}

impl Host for PhpHost<'_> {
    fn settings(&self) -> Result<Settings, Refusal> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings.clone());
        }
        let settings = settings::resolve(self)?;
        Ok(self.settings.get_or_init(|| settings).clone())
    }

    fn apply_filters(&self, name: &str, value: Value, args: &[Value]) -> Result<Value, Refusal> {
        let mut all = vec![Value::from(name), value.clone()];
        all.extend_from_slice(args);
        Ok(self.calls.json("apply_filters", &all)?.unwrap_or(value))
    }

    fn approve(&self, request: Value) -> Result<bool, Refusal> {
        let answer = self.apply_filters("wp_codebox_approve_command", Value::Bool(false), &[request])?;
        Ok(answer == Value::Bool(true))
    }

    fn host_tools(&self) -> Result<Value, Refusal> {
        if let Some(tools) = self.registered.get() {
            return Ok(tools.described());
        }
        let tools = Tools::registered(self.calls, self.given.as_ref(), &self.input)?;
        Ok(self.registered.get_or_init(|| tools).described())
    }

    fn call_tool(&self, name: &str, input: Value) -> Result<Value, Refusal> {
        match self.tools.or(self.registered.get()) {
            Some(tools) => tools.call(self.calls, name, &input),
            None => Err(Refusal::new(Code::HostToolFailed, format!("{name} cannot be called from here."))),
        }
    }

    fn progress(&self, told: Value) {
        // Whoever listens to a run has no say in it, unless the program ends there.
        let _ = self.calls.attempt(|| {
            call("do_action", &["wp_codebox_progress".into(), told]);
        });
    }

    fn option(&self, name: &str) -> Option<Value> {
        let network = self.calls.json("is_multisite", &[]).ok()?.is_some_and(|value| value == true);
        let function = if network { "get_site_option" } else { "get_option" };
        let value = self.calls.json(function, &[name.into(), Value::Null]).ok()??;
        (!value.is_null()).then_some(value)
    }

    /// What `getenv()` says: the process's environment, `putenv()`, and what the web server passed.
    /// Names that a client can set through request headers come from the process alone.
    fn env(&self, name: &str) -> Option<String> {
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        let local_only = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("HTTP_"));
        match self.calls.json("getenv", &[name.into(), local_only.into()]).ok()? {
            Some(Value::String(value)) => Some(value),
            Some(_) => None,
            // disable_functions may have taken it away.
            None => std::env::var(name).ok(),
        }
    }

    fn current_user(&self) -> Option<User> {
        let id = self.calls.json("get_current_user_id", &[]).ok()??.as_u64().filter(|id| *id > 0)?;
        let user = self.calls.function("get_userdata", &[id.into()]).ok()??;
        let data = property(user.object()?, "data")?;
        let login = property(data.object()?, "user_login")?.string()?;
        Some(User { id, login })
    }

    fn records(&self) -> Option<&dyn Records> {
        let known = self.calls.json("class_exists", &[TABLE.into()]).ok()??;
        (known == true).then_some(self as &dyn Records)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn interrupt(&self) -> Interrupt<'_> {
        let globals = ExecutorGlobals::get();
        let timed_out = (&raw const globals.timed_out).cast::<u8>().cast_mut();
        // SAFETY: a field of the executor's globals, which live as long as this thread does. PHP
        // writes it as one byte, from this thread and from signal handlers on it.
        Interrupt::new(unsafe { AtomicU8::from_ptr(timed_out) })
    }

    fn run_interrupt(&self) -> Interrupt<'_> {
        // A program of somebody's own decides itself what a signal means to it.
        let signals = (self.command_line() && wp_cli()).then(|| self.signals.get_or_init(StopOnSignal::new));
        self.interrupt().or([Some(self.calls.halted()), signals.map(StopOnSignal::flag)])
    }
}

fn wp_cli() -> bool {
    constant("WP_CLI").is_some_and(|value| value.coerce_to_bool())
}

/// The plugin's class that keeps the table.
const TABLE: &str = "WP_Codebox_Records";

impl Records for PhpHost<'_> {
    fn insert(&self, record: &Record) -> Result<bool, Refusal> {
        let Record { kind, id, state, body, .. } = record;
        let args = [kind, id, state, body].map(|text| Value::from(text.as_str()));
        Ok(self.table("insert", &args)? == true)
    }

    fn get(&self, kind: &str, id: &str) -> Result<Option<Record>, Refusal> {
        Ok(record(&self.table("get", &[kind.into(), id.into()])?))
    }

    fn list(
        &self,
        kind: &str,
        state: Option<&str>,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<Record>, Refusal> {
        let args = [kind.into(), state.into(), limit.into(), offset.into()];
        let rows = self.table("all", &args)?;
        Ok(rows.as_array().into_iter().flatten().filter_map(record).collect())
    }

    fn swap(&self, record: &Record) -> Result<bool, Refusal> {
        let Record { kind, id, state, revision, body } = record;
        let [kind, id, state, body] = [kind, id, state, body].map(|text| Value::from(text.as_str()));
        Ok(self.table("swap", &[kind, id, (*revision).into(), state, body])? == true)
    }
}

impl PhpHost<'_> {
    fn table(&self, method: &str, args: &[Value]) -> Result<Value, Refusal> {
        let answer = self.calls.json(&format!("{TABLE}::{method}"), args)?;
        answer.ok_or_else(|| {
            Refusal::new(
                Code::PendingApplyUnavailable,
                "The WP Codebox plugin is not active: nothing keeps pending applies.",
            )
        })
    }
}

/// A row as the plugin returns it; `None` for null.
fn record(row: &Value) -> Option<Record> {
    let text = |field: &str| row[field].as_str().map(str::to_owned);
    Some(Record {
        kind: text("kind")?,
        id: text("id")?,
        state: text("state")?,
        revision: row["revision"].as_u64()?,
        body: text("body")?,
    })
}

/// A public property that is really there: no `__get()` runs.
fn property(object: &ZendObject, name: &str) -> Option<Zval> {
    let slot = object.get_properties().ok()?.get(name)?;
    Some(slot.indirect().unwrap_or(slot).dereference().shallow_clone())
}

/// Whether a global function exists, by its lower-case name.
fn function_exists(name: &str) -> bool {
    ExecutorGlobals::get().function_table().is_some_and(|table| table.get(name).is_some())
}

fn constant_text(name: &str) -> Option<String> {
    constant(name)?.string().filter(|text| !text.is_empty())
}

/// The value of a global constant. Runs no PHP code.
fn constant(name: &str) -> Option<Zval> {
    // SAFETY: the name is valid for its length. The result is null or a zval that lives as long as
    // the constant; it is copied at once.
    unsafe { zend_get_constant_str(name.as_ptr().cast(), name.len()).as_ref() }
        .map(|value| value.shallow_clone())
}

unsafe extern "C" {
    fn zend_get_constant_str(name: *const c_char, length: usize) -> *const Zval;
}
