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
use std::cell::Cell;
use std::panic::AssertUnwindSafe;

/// The calls of one entry into the extension.
#[derive(Default)]
pub struct Calls {
    halted: Cell<Option<Halt>>,
}

/// Why no further call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// An exception, or `exit()`, is pending in the executor.
    Exception,
    /// A fatal error is on its way to the end of the request.
    Bailout,
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
        if self.halted.get().is_some() {
            return Err(Halted);
        }
        let halt = match try_catch(AssertUnwindSafe(code)) {
            Ok(result) if !ExecutorGlobals::has_exception() => return Ok(result),
            Ok(_) => Halt::Exception,
            Err(CatchError::Panic(message)) => std::panic::resume_unwind(Box::new(message)),
            Err(_) => Halt::Bailout,
        };
        self.halted.set(Some(halt));
        Err(Halted)
    }

    /// Runs code that calls PHP and may throw: what is thrown is an answer. `exit()` and fatal errors
    /// end the call as ever.
    pub fn attempt<R>(&self, code: impl FnOnce() -> R) -> Result<Result<R, ZBox<ZendObject>>, Halted> {
        if self.halted.get().is_some() {
            return Err(Halted);
        }
        let ended = self.guard(code);
        let pending = ExecutorGlobals::get().exception;
        if ended.is_ok() || pending.is_null() || self.halted.get() != Some(Halt::Exception) {
            return ended.map(Ok);
        }
        // SAFETY: an object that is pending in the executor, which is looked at and not kept.
        if unsafe { zend_is_unwind_exit(pending) || zend_is_graceful_exit(pending) } {
            return Err(Halted);
        }
        match ExecutorGlobals::take_exception() {
            Some(thrown) => {
                self.halted.set(None);
                Ok(Err(thrown))
            }
            None => Err(Halted),
        }
    }

    /// Calls a global function with plain values; `None` if there is no such function.
    pub fn function(&self, name: &str, args: &[Value]) -> Result<Option<Zval>, Halted> {
        self.guard(|| {
            let function = ZendCallable::try_from_name(name).ok()?;
            let args = args.iter().map(zval::from_json).collect::<Result<Vec<_>, _>>().ok()?;
            function.try_call(args.iter().map(|arg| arg as &dyn IntoZvalDyn).collect()).ok()
        })
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
        match self.halted.get() {
            None => answer,
            // The pending exception keeps its class: ext-php-rs throws nothing over it.
            Some(Halt::Exception) => Err(PhpException::from_message(String::new())),
            Some(Halt::Bailout) => {
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
