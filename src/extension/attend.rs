//! PHP code that is there while a command runs: the callback for its output, and the handlers of
//! signals that come meanwhile.
//!
//! Invariant: no Fiber is left or entered from here. Another thread works with what lies on this
//! stack, and a Fiber that is given up takes its stack with it.

use super::calls::Calls;
use super::zval::without;
use crate::contract::{Code, Refusal};
use crate::engine::Channel;
use crate::sandbox::Attendant;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::types::{ZendCallable, ZendHashTable, ZendStr, Zval};
use std::ops::ControlFlow;

/// The option of `execute()` with the callback.
const ON_OUTPUT: &str = "on_output";

/// Takes part in one command.
pub struct Listener<'a> {
    calls: &'a Calls,
    on_output: Option<ZendCallable<'static>>,
    /// PHP wants its signals while they are fresh.
    signals: bool,
}

impl<'a> Listener<'a> {
    /// Takes the callback out of the options of a call; what is left of them is plain data.
    pub fn take(
        calls: &'a Calls,
        options: Option<&ZendHashTable>,
    ) -> Result<(Listener<'a>, Option<ZBox<ZendHashTable>>), Refusal> {
        let given =
            options.and_then(|options| options.get(ON_OUTPUT)).map(|zval| zval.dereference().shallow_clone());
        let on_output = match given {
            None => None,
            Some(given) if given.is_null() => None,
            // Looking whether it can be called may load a class.
            Some(given) => match calls.guard(|| ZendCallable::new_owned(given))? {
                Ok(callable) => Some(callable),
                Err(_) => {
                    return Err(Refusal::field(Code::InputInvalid, ON_OUTPUT, "a callable is expected"));
                }
            },
        };
        let signals = calls.json("pcntl_async_signals", &[])?.is_some_and(|answer| answer == true);
        let rest = options.map(|options| without(options, &[ON_OUTPUT]));
        Ok((Listener { calls, on_output, signals }, rest))
    }

    /// Nobody, if there is nothing to do.
    pub fn attendant(&mut self) -> Option<&mut dyn Attendant> {
        (self.on_output.is_some() || self.signals).then_some(self as &mut dyn Attendant)
    }
}

impl Attendant for Listener<'_> {
    fn printed(&mut self, channel: Channel, bytes: &[u8]) -> ControlFlow<()> {
        let Some(callback) = &self.on_output else { return ControlFlow::Continue(()) };
        // Outside of the guard: a bailout jumps over what is inside.
        let _here = SameFiber::stay();
        let called = self.calls.guard(|| {
            let mut text = Zval::new();
            text.set_zend_string(ZendStr::new(bytes, false));
            // An exception is pending, and ends the command.
            let _ = callback.try_call(vec![&channel.as_str(), &text]);
        });
        if called.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn glance(&mut self) -> ControlFlow<()> {
        if !self.signals {
            return ControlFlow::Continue(());
        }
        let _here = SameFiber::stay();
        match self.calls.function("pcntl_signal_dispatch", &[]) {
            Ok(_) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// While it lives, PHP code cannot leave its Fiber, nor start one.
struct SameFiber;

impl SameFiber {
    fn stay() -> SameFiber {
        // SAFETY: counts up a number of this thread's.
        unsafe { zend_fiber_switch_block() };
        SameFiber
    }
}

impl Drop for SameFiber {
    fn drop(&mut self) {
        // SAFETY: counts down what `stay` counted up.
        unsafe { zend_fiber_switch_unblock() };
    }
}

unsafe extern "C" {
    fn zend_fiber_switch_block();
    fn zend_fiber_switch_unblock();
}
