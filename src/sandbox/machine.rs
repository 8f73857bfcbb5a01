//! A guest with WordPress's files, and the commands that it carries out.

use super::command::{self, Command, Execution, Failure, STAGING};
use super::diagnostics::QueryCapture;
use super::error::SandboxError;
use super::files::{self, Salts};
use super::layout;
use super::spec::{HostMount, Spec};
use super::warm;
use super::warm::prepared::{Prepared, Rest};
use crate::contract::{Code, CommandRecord, OutputCut, iso8601};
use crate::engine::net::Network;
use crate::engine::vfs::{Errno, Vfs};
use crate::engine::{self, Boot, Channel, Fork, Guest, GuestImage, Response, Runtime, Stop, Tap, Watch};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The guest of a sandbox.
///
/// It is a fork of a warm image. As long as no file has changed, each command gets a fork of its
/// own, which ends with it: what such a machine keeps between two commands is next to nothing. From
/// the first change on the guest goes on with what it has, and each command is a request that loads
/// WordPress from the changed files.
pub(super) struct Machine {
    start: Arc<Start>,
    body: Body,
    /// The generation of the files when the host placed the last one.
    placed: u64,
    /// Dropped after the guest.
    _tidy: Tidy,
}

/// What a machine is between two commands.
enum Body {
    Guest(Guest),
    /// The guest of the last command changed no file and is gone. These outlive it.
    Rest {
        vfs: Vfs,
        network: Network,
    },
}

/// What a guest is forked from: images, each with the files to start with.
pub(super) struct Start {
    runtime: Arc<Runtime>,
    limits: engine::Limits,
    salts: Salts,
    closed: (GuestImage, Vfs),
    /// With WordPress loaded. Empty where that has to be done anew, or has not been done yet.
    open: Option<(GuestImage, Vfs)>,
}

impl Machine {
    pub(super) fn start(
        runtime: &Arc<Runtime>,
        spec: &Spec,
        watch: &Watch<'_>,
    ) -> Result<Machine, SandboxError> {
        let warm = warm::of(spec, runtime, watch)?;
        let salts = Salts::random();
        let closed = (warm.closed().clone(), warm.closed_files(spec, &salts)?);
        let files = warm.open_files(spec, &salts)?;
        let open = warm.open().cloned().zip(files);
        let start = Start { runtime: Arc::clone(runtime), limits: limits(spec), salts, closed, open };
        Machine::from(Arc::new(start), watch)
    }

    /// A machine like any other that starts there.
    pub(super) fn from(start: Arc<Start>, watch: &Watch<'_>) -> Result<Machine, SandboxError> {
        let guest = start.fork(start.open.is_some(), watch)?;
        let placed = guest.vfs().generation();
        Ok(Machine { start, body: Body::Guest(guest), placed, _tidy: Tidy })
    }

    /// Where machines with these files start. WordPress is loaded once for all of them, if it loads.
    pub(super) fn snapshot(&self, watch: &Watch<'_>) -> Result<Arc<Start>, SandboxError> {
        if self.is_stopped() {
            return Err(SandboxError::Stopped(Stop::AlreadyStopped));
        }
        if self.is_untouched() {
            return Ok(Arc::clone(&self.start));
        }
        let mut start = Start {
            runtime: Arc::clone(&self.start.runtime),
            limits: self.start.limits.clone(),
            salts: self.start.salts.clone(),
            closed: (self.start.closed.0.clone(), self.files_for_a_closed_guest()),
            open: None,
        };
        let mut guest = start.fork(false, watch)?;
        if let Some(image) = warm::load(&mut guest, &[], watch)? {
            let files = image.vfs().clone();
            start.open = Some((image, files));
        }
        Ok(Arc::new(start))
    }

    /// A machine that starts as a sandbox that was made ready before.
    pub(super) fn prepared(
        runtime: &Arc<Runtime>,
        spec: &Spec,
        prepared: &Prepared,
        watch: &Watch<'_>,
    ) -> Result<Machine, SandboxError> {
        let files = |files: &Vfs| -> Result<Vfs, SandboxError> {
            let mut files = files.clone();
            layout::attach(spec, &mut files, |_| false)?;
            Ok(files)
        };
        let start = Start {
            runtime: Arc::clone(runtime),
            limits: limits(spec),
            salts: prepared.rest.salts.clone(),
            closed: (prepared.closed.clone(), files(&prepared.rest.files)?),
            open: Some((prepared.open.clone(), files(prepared.open.vfs())?)),
        };
        Machine::from(Arc::new(start), watch)
    }

    /// The machine as it is now, for others to start as. None: WordPress does not load.
    pub(super) fn prepare(
        &self,
        record: Vec<u8>,
        watch: &Watch<'_>,
    ) -> Result<Option<Prepared>, SandboxError> {
        let start = self.snapshot(watch)?;
        let Some((image, files)) = &start.open else { return Ok(None) };
        let mut open = image.clone();
        *open.vfs_mut() = files.clone();
        let (closed, files) = start.closed.clone();
        let rest = Rest { files, salts: start.salts.clone(), record };
        Ok(Some(Prepared { closed, open, rest }))
    }

    /// The files as they are, for a guest in which no request is open.
    fn files_for_a_closed_guest(&self) -> Vfs {
        let mut files = self.vfs().clone();
        files.host_adopt_descriptors(&self.start.closed.1);
        files
    }

    pub(super) fn vfs(&self) -> &Vfs {
        match &self.body {
            Body::Guest(guest) => guest.vfs(),
            Body::Rest { vfs, .. } => vfs,
        }
    }

    pub(super) fn network_mut(&mut self) -> &mut Network {
        match &mut self.body {
            Body::Guest(guest) => guest.network_mut(),
            Body::Rest { network, .. } => network,
        }
    }

    pub(super) fn count_in_memory(&self, bytes: &[u8]) -> usize {
        match &self.body {
            Body::Guest(guest) => guest.count_in_memory(bytes),
            Body::Rest { .. } => 0,
        }
    }

    /// Whether the guest was stopped and runs nothing more.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(&self.body, Body::Guest(guest) if guest.is_stopped())
    }

    pub(super) fn execute(
        &mut self,
        command: &Command,
        environment: &[(String, String)],
        capture: Option<QueryCapture>,
        watch: &Watch<'_>,
        tap: Option<&Arc<Tap>>,
    ) -> Result<Execution, SandboxError> {
        self.ready(command, watch)?;
        let untouched = self.is_untouched();
        let Body::Guest(guest) = &mut self.body else {
            return Err(SandboxError::Stopped(Stop::AlreadyStopped));
        };
        place(guest, command, environment, capture)?;
        if untouched {
            self.placed = guest.vfs().generation();
        }
        listen(guest, tap);
        let execution = run(guest, command, capture, watch);
        listen(guest, None);
        if matches!(command, Command::Content(_)) {
            clear_staging(guest)?;
        }
        let spent = !guest.is_stopped() && !guest.is_open() && guest.vfs().generation() == self.placed;
        if spent {
            self.rest();
        }
        Ok(execution)
    }

    /// Lets the guest go, if there is one.
    fn rest(&mut self) {
        let (vfs, network) = (self.vfs().clone(), self.network_mut().handed_on());
        self.body = Body::Rest { vfs, network };
    }

    fn is_untouched(&self) -> bool {
        self.vfs().generation() == self.placed
    }

    /// Makes the guest one that the command can run in.
    fn ready(&mut self, command: &Command, watch: &Watch<'_>) -> Result<(), SandboxError> {
        let loaded = command.takes_loaded_wordpress() && self.start.open.is_some();
        let untouched = self.is_untouched();
        let guest = match &self.body {
            Body::Guest(guest) if guest.is_stopped() || !untouched || (loaded && guest.is_open()) => {
                return Ok(());
            }
            // Something was mounted since the last command.
            Body::Rest { .. } if !untouched => {
                self.start.fork_from(&self.start.closed.0, self.files_for_a_closed_guest(), watch)
            }
            _ => self.start.fork(loaded, watch),
        };
        let mut guest = guest?;
        *guest.network_mut() = self.network_mut().handed_on();
        if untouched {
            self.placed = guest.vfs().generation();
        }
        self.body = Body::Guest(guest);
        Ok(())
    }

    /// Attaches a mount. WordPress, if it is loaded already, has not seen what is in it.
    pub(super) fn mount(&mut self, mount: &HostMount) -> Result<(), SandboxError> {
        let vfs = match &mut self.body {
            Body::Guest(guest) => guest.vfs_mut(),
            Body::Rest { vfs, .. } => vfs,
        };
        layout::mount(vfs, mount)
    }
}

/// Cleans up behind a guest when nobody waits for an answer of its machine any more.
struct Tidy;

impl Drop for Tidy {
    fn drop(&mut self) {
        engine::tidy();
    }
}

impl Start {
    /// What it keeps in memory, bytes. Files count in full, also what other sandboxes share.
    pub(super) fn held(&self) -> u64 {
        let files = |vfs: &Vfs| vfs.usage().upper_bytes;
        let open = self.open.as_ref().map_or(0, |(image, vfs)| image.held().saturating_add(files(vfs)));
        open.saturating_add(files(&self.closed.1))
    }

    fn fork(&self, loaded: bool, watch: &Watch<'_>) -> Result<Guest, SandboxError> {
        let (image, files) = match &self.open {
            Some(open) if loaded => open,
            _ => &self.closed,
        };
        self.fork_from(image, files.clone(), watch)
    }

    fn fork_from(&self, image: &GuestImage, vfs: Vfs, watch: &Watch<'_>) -> Result<Guest, SandboxError> {
        let fork = Fork { vfs, instead: &self.salts.bytes(), limits: self.limits.clone() };
        Ok(Guest::fork(&self.runtime, image, fork, watch)?)
    }
}

pub(super) fn limits(spec: &Spec) -> engine::Limits {
    engine::Limits { heap: usize::try_from(spec.limits.memory).unwrap_or(usize::MAX) }
}

/// A guest that was just started: what images are made in.
pub(super) fn boot(
    runtime: &Arc<Runtime>,
    filesystem: Vfs,
    spec: &Spec,
    watch: &Watch<'_>,
) -> Result<Guest, SandboxError> {
    let environment =
        [("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("PATH", "/internal/bin"), ("WP_AGENT_RUNTIME", "1")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let boot = Boot { ini_path: files::INI_FILE.to_owned(), sapi: "cli".to_owned(), environment };
    Ok(Guest::boot(runtime, filesystem, &boot, &limits(spec), watch)?)
}

/// Carries out a command in a guest that has no images.
pub(super) fn carry_out(
    guest: &mut Guest,
    command: &Command,
    watch: &Watch<'_>,
) -> Result<Execution, SandboxError> {
    place(guest, command, &[], None)?;
    Ok(run(guest, command, None, watch))
}

/// Shows what the guest prints to `tap` from now on.
fn listen(guest: &mut Guest, tap: Option<&Arc<Tap>>) {
    let vfs = guest.vfs_mut();
    vfs.stdout.set_tap(tap.map(|tap| (Channel::Stdout, Arc::clone(tap))));
    vfs.stderr.set_tap(tap.map(|tap| (Channel::Stderr, Arc::clone(tap))));
}

/// Tells the guest what to do.
fn place(
    guest: &mut Guest,
    command: &Command,
    environment: &[(String, String)],
    capture: Option<QueryCapture>,
) -> Result<(), SandboxError> {
    let (_, mut step) = command.step();
    if let Some(capture) = capture.filter(|_| command.takes_loaded_wordpress()) {
        step["diagnostics"] = json!(capture);
    }
    let vfs = guest.vfs_mut();
    if !environment.is_empty() {
        step["environment"] =
            environment.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    }
    if let Command::RunPhp { code, .. } = command {
        layout::write(vfs, files::CODE_FILE, code.clone().into_bytes())?;
    }
    if let Command::Content(content) = command {
        for file in &content.files {
            layout::write(vfs, &format!("{STAGING}/{}", file.path), &file.bytes)?;
        }
    }
    vfs.set_step(step.to_string().into_bytes());
    Ok(())
}

/// Takes the files of a task away again: they may be large, and hold what nobody shall read later.
fn clear_staging(guest: &mut Guest) -> Result<(), SandboxError> {
    match guest.vfs_mut().host_remove(STAGING) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(SandboxError::Place { path: STAGING.to_owned(), errno: errno.to_string() }),
    }
}

fn run(guest: &mut Guest, command: &Command, capture: Option<QueryCapture>, watch: &Watch<'_>) -> Execution {
    let started_at = iso8601(SystemTime::now());
    let begun = Instant::now();
    let (script, _) = command.step();
    let ended = if guest.is_open() && command.takes_loaded_wordpress() {
        guest.execute(script, watch)
    } else {
        guest.request(&command.request(), watch)
    };
    let mut diagnostics = capture.map_or(Value::Null, |capture| capture.read(&[]));
    let stopped = ended.is_err();
    let (response, outcome) = match ended {
        Ok(response) => {
            let (bytes, dropped) = guest.vfs_mut().outcome.take();
            if let Some(capture) = capture {
                diagnostics = capture.read(&bytes);
            }
            let outcome = read_outcome((&bytes, dropped), command, &response, begun.elapsed());
            (response, outcome)
        }
        Err(stop) => {
            let response = guest.response(-1);
            let asked = matches!(stop, Stop::Deadline | Stop::Interrupted);
            let failure = if response.heap_exhausted && !asked {
                Failure::from(&Stop::HeapExhausted)
            } else {
                Failure::from(&stop)
            };
            (response, Err(failure))
        }
    };
    let record = CommandRecord { diagnostics, ..record(command, &response, &outcome, stopped, started_at) };
    Execution {
        record,
        outcome,
        denied: response.denied,
        network: response.network,
        network_dropped: response.network_dropped,
    }
}

fn read_outcome(
    (written, dropped): (&[u8], u64),
    command: &Command,
    response: &Response,
    elapsed: Duration,
) -> Result<Value, Failure> {
    match (written, dropped) {
        (_, dropped) if dropped > 0 => Err(Failure::new(
            Code::RunFailed,
            format!("The command's outcome is larger than {} MiB.", layout::OUTCOME_MAX >> 20),
        )),
        ([], _) => command::outcome(command, response, None, elapsed),
        (bytes, _) => command::outcome(command, response, Some(bytes), elapsed),
    }
}

fn record(
    command: &Command,
    response: &Response,
    outcome: &Result<Value, Failure>,
    stopped: bool,
    started_at: String,
) -> CommandRecord {
    let exit_code = match (outcome, response.exit_status) {
        (Ok(_), status) => i64::from(status),
        (Err(_), 0) => 1,
        (Err(_), status) => i64::from(status),
    };
    let (stdout, stdout_cut) = captured(&response.stdout, response.stdout_dropped, stopped);
    let (stderr, stderr_cut) = captured(&response.stderr, response.stderr_dropped, stopped);
    CommandRecord {
        id: String::new(),
        runtime_id: None,
        command: command.name().to_owned(),
        args: command.arguments(),
        exit_code,
        stdout,
        stderr,
        cut: OutputCut { stdout: stdout_cut, stderr: stderr_cut },
        result: Value::Null,
        diagnostics: Value::Null,
        artifact_refs: Vec::new(),
        started_at,
        finished_at: iso8601(SystemTime::now()),
    }
}

/// Captured output as text, and where it was cut: by the limit, which it says, or because the guest was
/// stopped while it printed.
fn captured(bytes: &[u8], dropped: u64, stopped: bool) -> (String, Option<usize>) {
    if dropped == 0 && !stopped {
        return (String::from_utf8_lossy(bytes).into_owned(), None);
    }
    let whole = whole_characters(bytes);
    let mut text = String::from_utf8_lossy(whole).into_owned();
    let cut = text.len();
    if dropped > 0 {
        let dropped = dropped + (bytes.len() - whole.len()) as u64;
        text.push_str(&format!("\n[{dropped} bytes more were dropped]\n"));
    }
    (text, Some(cut))
}

/// `bytes` without a character that ends beyond them: as another one in its place, it would hide that a
/// secret was cut there.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let cut = bytes.iter().rev().take(3).position(|b| *b >= 0xc0).map(|back| bytes.len() - 1 - back);
    match cut {
        Some(at) if str::from_utf8(&bytes[at..]).is_err_and(|why| why.error_len().is_none()) => &bytes[..at],
        _ => bytes,
    }
}
