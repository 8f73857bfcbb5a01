//! Calls into PHP that may not come back.
//!
//! PHP code that we call can throw, exit, or end in a fatal error, which Zend carries out by
//! `longjmp` over every frame up to the entry. So each call has a guard of its own. The first one
//! that fails is remembered, no further call is made, our own values are dropped by ordinary
//! returns, and only then does [`enter`] let PHP go on with what it was doing.

use super::{error, zval};
use crate::contract::{Code, Refusal};
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ZendCallable, ZendObject, Zval};
use ext_php_rs::zend::{CatchError, ExecutorGlobals, bailout, try_catch};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU8, Ordering};

/// The calls of one entry into the extension.
#[derive(Default)]
pub struct Calls {
    /// Not 0 as soon as no further call is made: the number of a [`Halt`]. Written on the thread of the
    /// entry, and looked at from others.
    halted: AtomicU8,
}

/// Why no further call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Halt {
    /// An exception, or `exit()`, is pending in the executor.
    Exception = 1,
    /// A fatal error is on its way to the end of the request.
    Bailout = 2,
}

/// Runs code that may call PHP, and sees how it ended.
fn caught<R>(code: impl FnOnce() -> R) -> Result<R, Halt> {
    match try_catch(AssertUnwindSafe(code)) {
        Ok(result) if !ExecutorGlobals::has_exception() => Ok(result),
        Ok(_) => Err(Halt::Exception),
        Err(CatchError::Panic(message)) => std::panic::resume_unwind(Box::new(message)),
        Err(_) => Err(Halt::Bailout),
    }
}

/// Calls a global function. PHP may throw, exit or die in it: for code in a guard.
pub fn call(name: &str, args: &[Value]) -> Option<Zval> {
    let function = ZendCallable::try_from_name(name).ok()?;
    let args = args.iter().map(zval::from_json).collect::<Result<Vec<_>, _>>().ok()?;
    function.try_call(args.iter().map(|arg| arg as &dyn IntoZvalDyn).collect()).ok()
}

/// What code threw. Its destructor runs in a guard: it is PHP code too.
pub struct Thrown<'a> {
    calls: &'a Calls,
    object: Option<ZBox<ZendObject>>,
}

impl Thrown<'_> {
    /// Its class.
    pub fn class(&self) -> String {
        self.object.as_ref().and_then(|object| object.get_class_name().ok()).unwrap_or_default()
    }

    /// What it says.
    pub fn message(&self) -> String {
        let Some(object) = &self.object else { return String::new() };
        let message = self.calls.guard(|| object.try_call_method("getMessage", vec![])).ok();
        message.and_then(Result::ok).and_then(|message| message.string()).unwrap_or_default()
    }
}

impl Drop for Thrown<'_> {
    fn drop(&mut self) {
        let object = self.object.take();
        // Where no call is made any more Zend frees it at the end of the request.
        if self.calls.go_on().is_err() {
            return std::mem::forget(object);
        }
        let _ = self.calls.guard(|| drop(object));
    }
}

/// A call was not made, or did not return.
#[derive(Debug, Clone, Copy)]
pub struct Halted;

impl From<Halted> for Refusal {
    fn from(_: Halted) -> Self {
        Refusal::new(Code::RunCancelled, "PHP ended the call.")
    }
}

impl Calls {
    /// Runs code that may call PHP.
    pub fn guard<R>(&self, code: impl FnOnce() -> R) -> Result<R, Halted> {
        self.go_on()?;
        caught(code).map_err(|halt| self.halt(halt))
    }

    /// Runs code that calls PHP and may throw: what is thrown is an answer. `exit()` and fatal errors
    /// end the call as ever.
    pub fn attempt<R>(&self, code: impl FnOnce() -> R) -> Result<Result<R, Thrown<'_>>, Halted> {
        self.go_on()?;
        let halt = match caught(code) {
            Ok(result) => return Ok(Ok(result)),
            Err(halt) => halt,
        };
        let pending = ExecutorGlobals::get().exception;
        // SAFETY: an object that is pending in the executor, which is looked at and not kept.
        let throwable = halt == Halt::Exception
            && !pending.is_null()
            && !unsafe { zend_is_unwind_exit(pending) || zend_is_graceful_exit(pending) };
        match throwable.then(ExecutorGlobals::take_exception).flatten() {
            Some(thrown) => Ok(Err(Thrown { calls: self, object: Some(thrown) })),
            None => Err(self.halt(halt)),
        }
    }

    /// What is not 0 as soon as no further call is made.
    pub fn halted(&self) -> &AtomicU8 {
        &self.halted
    }

    fn go_on(&self) -> Result<(), Halted> {
        if self.halted.load(Ordering::Relaxed) == 0 { Ok(()) } else { Err(Halted) }
    }

    fn halt(&self, why: Halt) -> Halted {
        self.halted.store(why as u8, Ordering::Relaxed);
        Halted
    }

    /// Calls a global function with plain values; `None` if there is no such function.
    pub fn function(&self, name: &str, args: &[Value]) -> Result<Option<Zval>, Halted> {
        self.guard(|| call(name, args))
    }

    /// The same, with the result as a plain value. A `WP_Error` is a refusal.
    pub fn json(&self, name: &str, args: &[Value]) -> Result<Option<Value>, Refusal> {
        let Some(result) = self.function(name, args)? else {
            return Ok(None);
        };
        if let Some(refusal) = error::read_wp_error(self, &result)? {
            return Err(refusal);
        }
        let value = zval::Reader::new(self).read(&result).map_err(|error| match error {
            zval::ReadError::Halted => Halted.into(),
            zval::ReadError::Unfit { path, why } => Refusal::new(
                Code::SettingInvalid,
                format!("What {name}() returned cannot be read, at {path}: {why}."),
            ),
        })?;
        Ok(Some(value))
    }

    /// Ends an entry: hands on the answer, or lets PHP go on with what halted the calls. Nothing of
    /// ours may be alive in the callers' frames.
    fn finish(self, answer: PhpResult<Zval>) -> PhpResult<Zval> {
        match self.halted.into_inner() {
            0 => answer,
            // The pending exception keeps its class: ext-php-rs throws nothing over it.
            halt if halt == Halt::Exception as u8 => Err(PhpException::from_message(String::new())),
            _ => {
                // Zend frees its values itself at the end of the request, and runs no destructors
                // for them, which dropping might.
                std::mem::forget(answer);
                // SAFETY: the frames between here and the handler that ext-php-rs puts around every
                // method hold nothing that needs dropping.
                unsafe { bailout() }
            }
        }
    }
}

/// One entry from PHP: does the work, then turns its result into a PHP value, a `WP_Error` or an
/// exception.
pub fn enter(work: impl FnOnce(&Calls) -> Result<Value, Refusal>) -> PhpResult<Zval> {
    let calls = Calls::default();
    let answer = convert(&calls, work(&calls));
    calls.finish(answer)
}

/// The same for a result that is a PHP value of its own, such as an object of ours.
pub fn enter_for<T>(
    work: impl FnOnce(&Calls) -> Result<T, Refusal>,
    into_zval: impl FnOnce(T) -> ext_php_rs::error::Result<Zval>,
) -> PhpResult<Zval> {
    let calls = Calls::default();
    let answer = match work(&calls) {
        Ok(result) => match calls.guard(|| into_zval(result)) {
            Ok(made) => made.map_err(PhpException::from),
            Err(halted) => error::answer(&calls, &halted.into()),
        },
        Err(refusal) => error::answer(&calls, &refusal),
    };
    calls.finish(answer)
}

fn convert(calls: &Calls, result: Result<Value, Refusal>) -> PhpResult<Zval> {
    let refusal = match result {
        Ok(value) => match calls.guard(|| zval::from_json(&value)) {
            Ok(Ok(zval)) => return Ok(zval),
            Ok(Err(error)) => Refusal::new(Code::Internal, format!("A result is not a PHP value: {error}.")),
            Err(halted) => halted.into(),
        },
        Err(refusal) => refusal,
    };
    error::answer(calls, &refusal)
}

unsafe extern "C" {
    fn zend_is_unwind_exit(exception: *const ZendObject) -> bool;
    fn zend_is_graceful_exit(exception: *const ZendObject) -> bool;
}
