//! A held sandbox's secrets, and what takes them out of everything that comes from it.

use crate::artifact::{Found, Redactor, Stream};
use crate::contract::{OutputCut, Refusal};
use crate::engine::Channel;
use crate::sandbox::Attendant;
use serde_json::Value;
use std::ops::ControlFlow;

/// Looks without anything printed, a hundredth of a second each, after which an incomplete line is
/// shown.
const PATIENCE: u32 = 10;

/// `value` without secrets.
pub(super) fn clean(mut value: Value, redactor: Option<&Redactor>) -> Value {
    if let Some(redactor) = redactor {
        redactor.value(&mut value, &mut Found::default());
    }
    value
}

/// The refusal without secrets.
pub(super) fn clean_refusal(refusal: Refusal, redactor: Option<&Redactor>) -> Refusal {
    match redactor {
        Some(redactor) => crate::recipe::without_secrets(refusal, redactor),
        None => refusal,
    }
}

/// An attendant that hears no secrets. Lines come when they are whole, or after a pause.
pub(super) struct Censored<'a> {
    listener: &'a mut dyn Attendant,
    streams: [(Channel, Stream<'a>); 2],
    /// Looks since something was printed.
    quiet: u32,
    /// Nobody listens any more.
    gone: bool,
}

impl<'a> Censored<'a> {
    pub(super) fn new(listener: &'a mut dyn Attendant, redactor: &'a Redactor) -> Censored<'a> {
        let streams = [Channel::Stdout, Channel::Stderr].map(|channel| (channel, redactor.stream()));
        Censored { listener, streams, quiet: 0, gone: false }
    }

    /// Hands over what has waited for more, and not what more would have followed.
    pub(super) fn finish(self, cut: OutputCut) {
        for (channel, stream) in self.streams {
            let mut rest = Vec::new();
            let is_cut = match channel {
                Channel::Stdout => cut.stdout.is_some(),
                Channel::Stderr => cut.stderr.is_some(),
            };
            if is_cut {
                stream.cut(&mut rest)
            } else {
                stream.finish(&mut rest)
            };
            if !self.gone && !rest.is_empty() && self.listener.printed(channel, &rest).is_break() {
                return;
            }
        }
    }

    fn hand_over(&mut self, channel: Channel, bytes: &[u8]) -> ControlFlow<()> {
        if bytes.is_empty() {
            return ControlFlow::Continue(());
        }
        let heard = self.listener.printed(channel, bytes);
        self.gone |= heard.is_break();
        heard
    }
}

impl Attendant for Censored<'_> {
    fn printed(&mut self, channel: Channel, bytes: &[u8]) -> ControlFlow<()> {
        self.quiet = 0;
        let mut out = Vec::new();
        for (_, stream) in self.streams.iter_mut().filter(|(known, _)| *known == channel) {
            stream.push(bytes, &mut out);
            stream.settle(false, &mut out);
        }
        self.hand_over(channel, &out)
    }

    fn glance(&mut self) -> ControlFlow<()> {
        self.quiet = self.quiet.saturating_add(1);
        if self.quiet == PATIENCE {
            for index in 0..self.streams.len() {
                let (channel, stream) = &mut self.streams[index];
                let (channel, mut out) = (*channel, Vec::new());
                stream.settle(true, &mut out);
                self.hand_over(channel, &out)?;
            }
        }
        let heard = self.listener.glance();
        self.gone |= heard.is_break();
        heard
    }
}
