//! Requests that the host's HTTP client carries out for the guest.
//!
//! The guest writes to a local socket: a line of JSON (see [`Ask`]), then the body. It reads frames:
//! four bytes of length, most significant first, and as many bytes. The first frame is JSON, either
//! a [`Head`] or a [`Problem`]; the next ones are the body. A frame of length 0 ends it; one of
//! length 2^32 - 1 is followed by another frame with a [`Problem`].
//!
//! Redirects are the guest's business: each of them is a request of its own, and judged.

mod client;

pub use client::Trust;

use super::background::Crew;
use super::record::{Log, Record, Via};
use super::{Denied, Ready, Resolve, Rules};
use crate::engine::vfs::Errno;
use client::{Cancel, Event, Job};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

/// Longest first line of a request, bytes.
const ASK_MAX: usize = 1 << 20;
/// Largest body of a request, bytes.
const BODY_MAX: usize = 64 << 20;
/// Pieces of a response that wait for the guest.
const WAITING: usize = 4;
/// The longest that a request may take, whatever it says itself.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// What the guest asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub(super) body: usize,
    /// Seconds, for all of it and for connecting; 0: no limit.
    pub(super) timeout: f64,
    pub(super) connect_timeout: f64,
    /// Whether the server's certificate is looked at.
    pub(super) verify: bool,
}

impl Ask {
    /// A time limit as the guest gives it: in seconds, or none.
    pub(super) fn within(seconds: f64) -> Duration {
        let limit = if seconds > 0.0 { Duration::try_from_secs_f64(seconds).ok() } else { None };
        limit.unwrap_or(TIMEOUT_MAX).min(TIMEOUT_MAX)
    }
}

#[derive(Debug, Serialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// Why there is no response, or no more of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) message: String,
}

#[derive(Serialize)]
struct Problems<'a> {
    error: &'a Problem,
}

/// One request, from its first byte to the last of its response.
pub(super) struct Exchange {
    rules: Rules,
    resolver: Arc<dyn Resolve>,
    trust: Trust,
    crew: Crew,
    /// Bytes that the response's body may have.
    room: u64,
    stage: Stage,
    record: Option<Record>,
    /// What the guest can read now.
    outbox: Vec<u8>,
    read: usize,
}

enum Stage {
    Asking(Vec<u8>),
    Waiting { events: Receiver<Event>, _cancel: Cancel, deadline: Instant, seconds: f64 },
    Streaming { events: Receiver<Event>, _cancel: Cancel, deadline: Instant, seconds: f64 },
    Ended,
}

impl Exchange {
    pub(super) fn new(
        rules: Rules,
        resolver: Arc<dyn Resolve>,
        trust: Trust,
        crew: Crew,
        room: u64,
    ) -> Exchange {
        Exchange {
            rules,
            resolver,
            trust,
            crew,
            room,
            stage: Stage::Asking(Vec::new()),
            record: None,
            outbox: Vec::new(),
            read: 0,
        }
    }

    /// Takes part of the request; starts it when it is complete.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let Stage::Asking(inbox) = &mut self.stage else { return Err(Errno::EPIPE) };
        if inbox.len() + bytes.len() > ASK_MAX + BODY_MAX {
            return Err(Errno::EMSGSIZE);
        }
        inbox.extend_from_slice(bytes);
        let Some(end) = inbox.iter().take(ASK_MAX).position(|byte| *byte == b'\n') else {
            return if inbox.len() < ASK_MAX { Ok(bytes.len()) } else { Err(Errno::EMSGSIZE) };
        };
        let ask: Ask = match serde_json::from_slice(&inbox[..end]) {
            Ok(ask) => ask,
            Err(error) => {
                self.fail("invalid", format!("The request is not one: {error}."));
                return Ok(bytes.len());
            }
        };
        if ask.body > BODY_MAX {
            self.fail("invalid", format!("A request's body can have {} MiB at most.", BODY_MAX >> 20));
        } else if inbox.len() - end > ask.body {
            let body = inbox[end + 1..end + 1 + ask.body].to_vec();
            self.begin(ask, body);
        }
        Ok(bytes.len())
    }

    fn begin(&mut self, ask: Ask, body: Vec<u8>) {
        let (job, host) = match Job::new(&ask, body, self.room) {
            Ok(job) => job,
            Err(problem) => return self.fail(problem.kind, problem.message),
        };
        let mut record = Record {
            method: Some(ask.method.clone()),
            url: Some(job.shown_url()),
            port: Some(job.port()),
            bytes_sent: job.body_bytes(),
            ..Record::new(Via::Http, host.clone())
        };
        if let Err(denied) = job.judge(&self.rules) {
            let shown = shown_target(&host, job.port());
            self.record = Some(record.denied(&denied));
            return self.fail("policy", refusal(&shown, &denied));
        }
        let (sender, events) = sync_channel(WAITING);
        let cancel = Cancel::default();
        let deadline = Instant::now() + Ask::within(ask.timeout);
        let (rules, resolver, trust) = (self.rules.clone(), Arc::clone(&self.resolver), self.trust.clone());
        let started = job.start(&self.crew, rules, resolver, trust, &cancel, sender);
        match started {
            Ok(()) => {
                self.record = Some(record);
                self.stage = Stage::Waiting { events, _cancel: cancel, deadline, seconds: ask.timeout };
            }
            Err(_) => {
                record.reason = Some("too many requests at once".to_owned());
                self.record = Some(record);
                self.fail("busy", "Too many requests at once.".to_owned());
            }
        }
    }

    /// Takes in what the client has for us, as far as the guest has read what was there.
    fn advance(&mut self) {
        while self.read == self.outbox.len() {
            let (events, deadline, seconds) = match &self.stage {
                Stage::Waiting { events, deadline, seconds, .. }
                | Stage::Streaming { events, deadline, seconds, .. } => (events, *deadline, *seconds),
                Stage::Asking(_) | Stage::Ended => return,
            };
            let event = match events.try_recv() {
                Ok(event) => event,
                Err(TryRecvError::Empty) if Instant::now() < deadline => return,
                Err(TryRecvError::Empty) => Event::Failed(Problem {
                    kind: "timeout",
                    message: format!("Timed out after {seconds} seconds."),
                }),
                Err(TryRecvError::Disconnected) => Event::Failed(Problem {
                    kind: "internal",
                    message: "The HTTP client ended early.".to_owned(),
                }),
            };
            self.take_in(event);
        }
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Connecting(to) => self.note(|record| record.address = Some(to.ip())),
            Event::Denied { target, denied } => {
                if let Some(record) = self.record.take() {
                    let address = match denied {
                        Denied::Special { address, .. } | Denied::Address(address) => Some(address),
                        _ => None,
                    };
                    self.record = Some(Record { address, ..record.denied(&denied) });
                }
                self.fail("policy", refusal(&target, &denied));
            }
            Event::Head { status, headers } => {
                self.note(|record| record.status = Some(status));
                self.frame_json(&Head { status, headers });
                let stage = std::mem::replace(&mut self.stage, Stage::Ended);
                if let Stage::Waiting { events, _cancel, deadline, seconds } = stage {
                    self.stage = Stage::Streaming { events, _cancel, deadline, seconds };
                }
            }
            Event::Chunk(bytes) => {
                self.note(|record| record.bytes_received += bytes.len() as u64);
                self.frame(&bytes);
            }
            Event::End => {
                self.frame(&[]);
                self.stage = Stage::Ended;
            }
            Event::Failed(problem) => self.fail(problem.kind, problem.message),
        }
    }

    fn note(&mut self, change: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            change(record);
        }
    }

    /// Ends the exchange with a problem, whatever was said before.
    fn fail(&mut self, kind: &'static str, message: String) {
        self.note(|record| {
            record.reason.get_or_insert_with(|| message.clone());
        });
        if let Stage::Streaming { .. } = self.stage {
            self.fill(&u32::MAX.to_be_bytes());
        }
        self.frame_json(&Problems { error: &Problem { kind, message } });
        self.stage = Stage::Ended;
    }

    fn frame_json(&mut self, value: &impl Serialize) {
        let bytes = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
        self.frame(&bytes);
    }

    /// Frames are far shorter than 2^32 - 1: pieces of the client, or JSON within its limits.
    fn frame(&mut self, bytes: &[u8]) {
        self.fill(&(bytes.len() as u32).to_be_bytes());
        self.outbox.extend_from_slice(bytes);
    }

    fn fill(&mut self, bytes: &[u8]) {
        if self.read == self.outbox.len() {
            self.outbox.clear();
            self.read = 0;
        }
        self.outbox.extend_from_slice(bytes);
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8], peek: bool) -> Result<usize, Errno> {
        self.advance();
        let rest = &self.outbox[self.read..];
        if rest.is_empty() {
            return match self.stage {
                Stage::Ended => Ok(0),
                Stage::Asking(_) => Err(Errno::ENOTCONN),
                Stage::Waiting { .. } | Stage::Streaming { .. } => Err(Errno::EAGAIN),
            };
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        if !peek {
            self.read += count;
        }
        Ok(count)
    }

    pub(super) fn ready(&mut self) -> Ready {
        self.advance();
        Ready {
            readable: self.read < self.outbox.len() || matches!(self.stage, Stage::Ended),
            writable: matches!(self.stage, Stage::Asking(_)),
            ..Ready::default()
        }
    }

    /// What a request that comes later has to keep to.
    pub(super) fn set_rules(&mut self, rules: &Rules) {
        self.rules = rules.clone();
    }

    /// Whether new rules let this request go on.
    pub(super) fn allowed_by(&self, rules: &Rules) -> bool {
        let Some(record) = &self.record else { return true };
        let to = record.address.zip(record.port).map(|(address, port)| SocketAddr::new(address, port));
        match (matches!(self.stage, Stage::Ended), to) {
            (true, _) => true,
            (false, Some(to)) => rules.judge_address(to, std::iter::once(record.host.as_str())).is_ok(),
            (false, None) => rules.judge_name(&record.host, record.port).is_ok(),
        }
    }

    /// Gives its record up, once.
    pub(super) fn record(&mut self, log: &mut Log) {
        self.advance();
        if let Some(record) = self.record.take() {
            log.add(record);
        }
    }
}

fn refusal(target: &str, denied: &Denied) -> String {
    format!("The sandbox's network policy does not allow a request to {target}: {denied}.")
}

fn shown_target(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}
