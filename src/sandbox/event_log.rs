//! The lifecycle events of a sandbox.
//!
//! Invariant: what is kept is bounded, in number and in bytes. What was decided against the sandbox
//! outlives what merely happened, and what is missing is counted.

use super::random::random_id;
use crate::contract::{Event, iso8601, json_memory};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::SystemTime;

/// Events that are kept.
const EVENTS_MAX: usize = 10_000;
/// What they may take, bytes of memory.
const BYTES_MAX: usize = 32 << 20;
/// What an event takes beside its data.
const EVENT: usize = 200;

/// The last event where some were dropped: how many, and how many of them were denials.
const DROPPED: &str = "runtime.events.dropped";

/// Events in the order in which they came: decisions, of which the first are kept, and everything else,
/// of which the newest are.
#[derive(Default)]
pub(super) struct EventLog {
    decisions: VecDeque<Numbered>,
    others: VecDeque<Numbered>,
    next: u64,
    bytes: usize,
    dropped: u64,
    denials_dropped: u64,
}

struct Numbered {
    number: u64,
    bytes: usize,
    event: Event,
}

/// A moment in the log.
#[derive(Clone, Copy)]
pub struct EventMark(u64);

/// Whether it tells what a sandbox is, or what it was kept from.
fn is_decision(kind: &str) -> bool {
    matches!(
        kind,
        "runtime.created" | "runtime.policy.denied" | "runtime.policy.changed" | "runtime.policy.dropped"
    )
}

impl EventLog {
    pub fn note(&mut self, kind: &str, data: Value) {
        let timestamp = iso8601(SystemTime::now());
        self.add(Event { id: random_id("event"), kind: kind.to_owned(), timestamp, data });
    }

    pub fn add(&mut self, event: Event) {
        let bytes = EVENT + json_memory(&event.data);
        let decision = is_decision(&event.kind);
        let one = Numbered { number: self.next, bytes, event };
        self.next += 1;
        self.bytes += bytes;
        if decision { &mut self.decisions } else { &mut self.others }.push_back(one);
        while self.decisions.len() + self.others.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(gone) = self.others.pop_front().or_else(|| self.decisions.pop_back()) else { return };
            self.bytes -= gone.bytes;
            self.dropped += 1;
            self.denials_dropped += u64::from(gone.event.kind == "runtime.policy.denied");
        }
    }

    pub fn mark(&self) -> EventMark {
        EventMark(self.next)
    }

    /// The events since then. `None`: some were dropped.
    pub fn since(&self, mark: EventMark) -> Option<Vec<Event>> {
        let since = self.in_order().filter(|one| one.number >= mark.0);
        (self.dropped == 0).then(|| since.map(|one| one.event.clone()).collect())
    }

    /// All that are kept, and at the end what says how many were not.
    pub fn all(&self) -> Vec<Event> {
        let mut events: Vec<Event> = self.in_order().map(|one| one.event.clone()).collect();
        if self.dropped > 0 {
            events.push(Event {
                id: random_id("event"),
                kind: DROPPED.to_owned(),
                timestamp: iso8601(SystemTime::now()),
                data: json!({ "events": self.dropped, "denials": self.denials_dropped }),
            });
        }
        events
    }

    fn in_order(&self) -> impl Iterator<Item = &Numbered> {
        let (mut decisions, mut others) = (self.decisions.iter().peekable(), self.others.iter().peekable());
        std::iter::from_fn(move || match (decisions.peek(), others.peek()) {
            (Some(decision), Some(other)) if other.number < decision.number => others.next(),
            (Some(_), _) => decisions.next(),
            (None, _) => others.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(log: &EventLog) -> Vec<String> {
        log.all().into_iter().map(|event| event.kind).collect()
    }

    #[test]
    fn a_flood_of_events_does_not_wash_a_denial_away() {
        let mut log = EventLog::default();
        log.note("runtime.created", Value::Null);
        log.note("runtime.policy.denied", json!({ "host": "example.org" }));
        for _ in 0..3 * EVENTS_MAX {
            log.note("runtime.command.started", Value::Null);
        }
        log.note("runtime.destroyed", Value::Null);
        let kinds = kinds(&log);
        assert_eq!(kinds.len(), EVENTS_MAX + 1);
        assert_eq!(kinds[..2], ["runtime.created", "runtime.policy.denied"]);
        assert_eq!(kinds[EVENTS_MAX - 1..], ["runtime.destroyed", DROPPED]);
        let last = log.all().pop().unwrap();
        assert_eq!(last.data, json!({ "events": 2 * EVENTS_MAX + 3, "denials": 0 }));
    }

    #[test]
    fn a_flood_of_denials_keeps_the_first_ones_and_counts_the_others() {
        let mut log = EventLog::default();
        for number in 0..EVENTS_MAX + 5 {
            log.note("runtime.policy.denied", json!(number));
        }
        let events = log.all();
        assert_eq!((events.len(), &events[0].data), (EVENTS_MAX + 1, &json!(0)));
        assert_eq!(events[EVENTS_MAX].data, json!({ "events": 5, "denials": 5 }));
    }

    #[test]
    fn large_events_are_bounded_by_their_bytes() {
        let mut log = EventLog::default();
        for _ in 0..1000 {
            log.note("runtime.checkpoint.created", json!("x".repeat(64 << 10)));
        }
        assert!(log.bytes <= BYTES_MAX);
        assert_eq!(kinds(&log).last().map(String::as_str), Some(DROPPED));
    }

    #[test]
    fn events_come_in_their_order_and_since_a_mark() {
        let mut log = EventLog::default();
        log.note("runtime.created", Value::Null);
        log.note("runtime.mounted", Value::Null);
        let mark = log.mark();
        log.note("runtime.command.started", Value::Null);
        log.note("runtime.policy.denied", Value::Null);
        log.note("runtime.command.finished", Value::Null);
        let since: Vec<String> = log.since(mark).unwrap().into_iter().map(|event| event.kind).collect();
        assert_eq!(since, ["runtime.command.started", "runtime.policy.denied", "runtime.command.finished"]);
        assert_eq!(kinds(&log).len(), 5);
    }
}
