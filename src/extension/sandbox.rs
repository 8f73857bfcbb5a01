//! `WP_Codebox_Sandbox`: a disposable WordPress in a PHP variable.

use super::api::read;
use super::attend::Listener;
use super::calls::{Calls, enter, enter_for};
use super::host::PhpHost;
use super::tools::Tools;
use super::zval::Reader;
use crate::contract::{Code, Refusal};
use crate::task::{Cancel, HeldSandbox};
use ext_php_rs::convert::IntoZval;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendClassObject, ZendHashTable, Zval};
use serde_json::{Map, Value, json};
use std::cell::Cell;

/// A disposable WordPress. It ends with the object, or when it is destroyed.
#[php_class]
#[php(name = "WP_Codebox_Sandbox")]
#[php(flags = ClassFlags::Final)]
pub struct SandboxObject {
    state: Cell<State>,
    cancel: Cancel,
    tools: Tools,
}

/// PHP code that runs during a call (filters, `jsonSerialize()`) can call the same object again: a
/// call has the sandbox to itself, and puts it back at its end.
enum State {
    Idle(Box<HeldSandbox>),
    /// A call has it. What it was when the call began.
    Busy(Value),
    /// What it was.
    Destroyed(Value),
}

impl Default for State {
    fn default() -> State {
        State::Busy(Value::Null)
    }
}

/// `WP_Codebox_API::create_sandbox()`.
pub fn create(input: Option<&ZendHashTable>) -> PhpResult<Zval> {
    enter_for(
        |calls| {
            let (tools, input) = Tools::take(calls, input)?;
            let host = PhpHost::new(calls, input.clone()).with_tools(&tools);
            Ok((HeldSandbox::create(input, &host)?, tools))
        },
        |(held, tools)| object(held, tools),
    )
}

fn object(held: HeldSandbox, tools: Tools) -> ext_php_rs::error::Result<Zval> {
    let cancel = held.canceller();
    let state = Cell::new(State::Idle(Box::new(held)));
    ZendClassObject::new(SandboxObject { state, cancel, tools }).into_zval(false)
}

#[php_impl]
#[php(change_method_case = "snake_case")]
impl SandboxObject {
    /// What the sandbox is, also when it was destroyed: id, status, environment, mounts, snapshots. In the
    /// middle of another call, what it was when that one began.
    pub fn info(&self) -> PhpResult<Zval> {
        enter(|_| {
            let state = self.state.take();
            let answer = match &state {
                State::Idle(held) => held.info(),
                State::Busy(info) | State::Destroyed(info) => info.clone(),
            };
            self.state.set(state);
            Ok(answer)
        })
    }

    /// Attaches a host directory or file: `array( 'source' => …, 'target' => …, 'mode' => … )`, as in
    /// `mounts`. Returns the mount.
    pub fn mount(&self, mount: &ZendHashTable) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let mount = read(calls, Some(mount))?;
            let host = PhpHost::new(calls, mount.clone());
            held.mount(mount, &host)
        })
    }

    /// Looks at the sandbox: `runtime-info`, `mounts`, `files` (`path`, `include_content`),
    /// `command-result` (`command_id`), `wordpress-state`, `http-response` (`url`, `method`, `headers`,
    /// `body`, `include_body`), `runtime-events` or `runtime-logs`.
    pub fn observe(&self, r#type: &str, options: Option<&ZendHashTable>) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let mut input = Map::new();
            input.insert("type".to_owned(), r#type.into());
            add_options(&mut input, read(calls, options)?)?;
            let input = Value::Object(input);
            let host = PhpHost::new(calls, input.clone());
            held.observe(input, &host)
        })
    }

    /// Writes a bundle of what the sandbox has done so far, and describes it as `get_artifact()` does.
    /// Options: `artifacts_path`, `session_id`.
    pub fn collect_artifacts(&self, options: Option<&ZendHashTable>) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let options = read(calls, options)?;
            let host = PhpHost::new(calls, options.clone());
            held.collect_artifacts(options, &host)
        })
    }

    /// Carries out a command, such as `wordpress.run-php` with `array( 'code' => '…' )`. A command
    /// that failed is an answer with `error`. Options: `timeout_seconds`; `on_output`, which is called
    /// with `'stdout'` or `'stderr'` and the bytes while the command prints them.
    pub fn execute(
        &self,
        command: &str,
        args: Option<&ZendHashTable>,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let (mut listener, options) = Listener::take(calls, options)?;
            let mut input = Map::new();
            input.insert("command".to_owned(), command.into());
            input.insert("args".to_owned(), read(calls, args)?);
            add_options(&mut input, read(calls, options.as_deref())?)?;
            let input = Value::Object(input);
            let host = PhpHost::new(calls, input.clone()).with_tools(&self.tools);
            held.execute(input, &host, listener.attendant())
        })
    }

    /// Ends the command that is running at once, from its `on_output`, a host tool's callback or a
    /// signal's handler (`pcntl_async_signals( true )`). True if one was. Its answer has the error
    /// `wp_codebox_run_cancelled`; what comes next for the sandbox is `restore()` or `destroy()`.
    pub fn cancel(&self) -> bool {
        let state = self.state.take();
        let busy = matches!(state, State::Busy(_));
        self.state.set(state);
        if busy {
            self.cancel.cancel();
        }
        busy
    }

    /// Carries out each of a list of `array( 'command' => …, 'args' => … )` in a fork of its own,
    /// several at a time, and returns the answers in order, each with its fork's id as `runtimeId`. The
    /// sandbox itself stays as it is; what the forks did is among its commands and events.
    pub fn execute_in_forks(&self, executions: &Zval, threads: Option<i64>) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let executions = Reader::new(calls).read(executions)?;
            let threads = threads
                .map(|count| {
                    usize::try_from(count)
                        .ok()
                        .filter(|count| *count > 0)
                        .ok_or_else(|| Refusal::field(Code::InputInvalid, "threads", "a number from 1 on"))
                })
                .transpose()?;
            let host = PhpHost::new(calls, Value::Object(Map::new()));
            held.execute_in_forks(executions, threads, &host)
        })
    }

    /// Sets what the sandbox may reach from now on: `'deny'`, `'allow'`, or
    /// `array( 'allowHosts' => array( … ) )`.
    pub fn set_network(&self, network: &Zval) -> PhpResult<Zval> {
        self.with(|held, calls| {
            let network = Reader::new(calls).read(network)?;
            held.set_network(network, &PhpHost::new(calls, Value::Object(Map::new())))
        })
    }

    /// Keeps the sandbox as it is now. Returns `array( 'id' => … )`.
    pub fn snapshot(&self) -> PhpResult<Zval> {
        self.with(|held, calls| held.snapshot(&PhpHost::new(calls, Value::Object(Map::new()))))
    }

    /// Returns to a snapshot of this sandbox, also after a command was stopped at its deadline.
    pub fn restore(&self, snapshot: &str) -> PhpResult<Zval> {
        self.with(|held, calls| held.restore(snapshot, &PhpHost::new(calls, Value::Object(Map::new()))))
    }

    /// A list of sandboxes of their own that begin as this one is now.
    pub fn fork(&self, count: Option<i64>) -> PhpResult<Zval> {
        enter_for(
            |calls| {
                let count = usize::try_from(count.unwrap_or(1)).unwrap_or(0);
                let host = PhpHost::new(calls, Value::Object(Map::new()));
                self.lend(|held| held.fork(count, &host))
            },
            |forks| {
                forks
                    .into_iter()
                    .map(|fork| object(fork, self.tools.clone()))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_zval(false)
            },
        )
    }

    /// Ends the sandbox. Returns its events; an empty list if it had ended before.
    pub fn destroy(&self) -> PhpResult<Zval> {
        enter(|_| match self.state.take() {
            State::Idle(held) => {
                let mut info = held.info();
                info["status"] = "destroyed".into();
                self.state.set(State::Destroyed(info));
                held.destroy()
            }
            state @ State::Busy(_) => {
                self.state.set(state);
                Err(busy())
            }
            state @ State::Destroyed(_) => {
                self.state.set(state);
                Ok(json!([]))
            }
        })
    }
}

impl SandboxObject {
    fn with(&self, work: impl FnOnce(&mut HeldSandbox, &Calls) -> Result<Value, Refusal>) -> PhpResult<Zval> {
        enter(|calls| self.lend(|held| work(held, calls)))
    }

    /// Takes the sandbox out for a call, and puts it back.
    fn lend<T>(&self, work: impl FnOnce(&mut HeldSandbox) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut held = match self.state.take() {
            State::Idle(held) => held,
            state @ State::Busy(_) => {
                self.state.set(state);
                return Err(busy());
            }
            state @ State::Destroyed(_) => {
                self.state.set(state);
                return Err(destroyed());
            }
        };
        self.state.set(State::Busy(held.info()));
        self.cancel.begin();
        let answer = work(&mut held);
        self.state.set(State::Idle(held));
        answer
    }
}

/// Adds options to what a method's own parameters have said already, which options cannot change.
fn add_options(input: &mut Map<String, Value>, options: Value) -> Result<(), Refusal> {
    let Value::Object(options) = options else { return Ok(()) };
    for (name, option) in options {
        if input.contains_key(&name) {
            let why = "not an option, but a parameter of the method";
            return Err(Refusal::field(Code::InputInvalid, &format!("options.{name}"), why));
        }
        input.insert(name, option);
    }
    Ok(())
}

fn busy() -> Refusal {
    Refusal::new(Code::InputInvalid, "The sandbox is in the middle of another call.")
}

fn destroyed() -> Refusal {
    Refusal::new(Code::RunExited, "The sandbox was destroyed.")
}
