//! From a checked input to a plan. Looks at the machine; starts nothing.

use super::component;
use super::held::SandboxInput;
use super::input::{AgentTaskInput, ComponentContract, LoadAs, Mount, MountMode, ProbeKind};
use super::{policy, roots};
use crate::artifact::{MountRecord, Secret};
use crate::contract::{Code, Refusal};
use crate::engine::net::NetworkLimits;
use crate::engine::pack::Pack;
use crate::host::Settings;
use crate::recipe::{Activation, Plan, Probe, Step};
use crate::sandbox::{self, Command, Core, HostMount, Limits, MountKind, Policy, Spec, command_ids};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Deadline of a task that names none.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Deadline that no task can exceed unless the operator configures another.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// Mounting here would replace what the sandbox itself consists of.
const RESERVED: [&str; 6] =
    ["/internal", "/dev", "/request", "/wordpress/wp-admin", "/wordpress/wp-includes", MUST_USE];
const MUST_USE: &str = "/wordpress/wp-content/mu-plugins/contained-runtime";
/// Mounting exactly here would hide the sandbox's own files beneath.
const RESERVED_ROOTS: [&str; 4] =
    ["/wordpress", "/wordpress/wp-content", "/wordpress/wp-content/mu-plugins", "/wordpress/wp-config.php"];

/// Turns a task into a plan.
pub(super) fn plan(input: &AgentTaskInput, settings: &Settings, secrets: &[Secret]) -> Result<Plan, Refusal> {
    let Some(runtime_task) = &input.runtime_task else {
        return Err(Refusal::field(
            Code::InputInvalid,
            "runtime_task",
            "name the ability that carries the task out: {\"ability\": \"namespace/name\", \"input\": {…}}",
        ));
    };
    let pack = pack(settings)?;
    let core = core(input.wp.as_deref(), settings, &pack)?;
    let mut draft = Draft::of(&input.mounts, &input.component_contracts, settings)?;
    draft.steps.push(Step {
        command: Command::ability(&*runtime_task.ability, runtime_task.input.clone()),
    });
    let policy = policy::resolve(input.runtime_policy.as_ref(), &draft.commands(), secrets, settings)?;
    draft.check(&policy)?;
    Ok(Plan {
        spec: Spec {
            mounts: draft.host_mounts,
            must_use: draft.must_use,
            environment: secrets.iter().map(|s| (s.name().to_owned(), s.value().to_owned())).collect(),
            secrets: secrets.iter().map(|secret| secret.name().to_owned()).collect(),
            policy,
            ..bare(pack, core, settings)?
        },
        mounts: draft.records,
        activations: draft.activations,
        probes: draft.probes,
        steps: draft.steps,
        timeout: timeout(input.task_timeout_seconds, settings),
    })
}

/// What a held sandbox is made of.
pub(super) struct Prepared {
    pub spec: Spec,
    pub mounts: Vec<MountRecord>,
    /// Executed before the sandbox is handed over.
    pub preparations: Vec<Command>,
    pub timeout: Duration,
    pub max_timeout: Duration,
}

/// The same for a sandbox that its caller holds.
pub(super) fn held(input: &SandboxInput, settings: &Settings) -> Result<Prepared, Refusal> {
    let pack = pack(settings)?;
    let core = core(input.wp.as_deref(), settings, &pack)?;
    let draft = Draft::of(&input.mounts, &input.component_contracts, settings)?;
    let asked = input.runtime_policy.as_ref();
    let needed = draft.commands();
    let mut policy = policy::resolve(asked, &needed, &[], settings)?;
    if asked.is_none_or(|asked| asked.commands.is_none()) {
        policy.commands = command_ids().map(str::to_owned).collect();
    }
    draft.check(&policy)?;
    let preparations = draft
        .activations
        .iter()
        .map(|activation| Command::ActivatePlugin { plugin: activation.plugin_file.clone() })
        .collect();
    Ok(Prepared {
        spec: Spec {
            mounts: draft.host_mounts,
            must_use: draft.must_use,
            policy,
            ..bare(pack, core, settings)?
        },
        mounts: draft.records,
        preparations,
        timeout: timeout(input.timeout_seconds, settings),
        max_timeout: settings.max_timeout.unwrap_or(TIMEOUT_MAX),
    })
}

/// A sandbox with nothing of its own, and no leave to do anything.
fn bare(pack: Arc<Pack>, core: Core, settings: &Settings) -> Result<Spec, Refusal> {
    Ok(Spec {
        pack,
        cache_dir: cache_dir(settings)?,
        core,
        mounts: Vec::new(),
        must_use: Vec::new(),
        defines: Map::new(),
        environment: Vec::new(),
        secrets: Vec::new(),
        limits: limits(settings),
        policy: Policy::allowing([""; 0]),
    })
}

fn pack(settings: &Settings) -> Result<Arc<Pack>, Refusal> {
    let Some(directory) = &settings.runtime_dir else {
        return Err(Refusal::new(
            Code::RuntimeMissing,
            "No runtime pack is configured. Build one with `wp-codebox-runtime build --out DIR` and set \
             wp_codebox.runtime_dir (or WP_CODEBOX_RUNTIME_DIR) to DIR.",
        ));
    };
    Ok(Pack::shared(directory)?)
}

/// Where images are kept.
pub fn cache_dir(settings: &Settings) -> Result<PathBuf, Refusal> {
    settings.cache_dir.clone().ok_or_else(|| {
        Refusal::new(
            Code::CacheUnwritable,
            "No cache directory is configured: set wp_codebox.cache_dir (or WP_CODEBOX_CACHE_DIR).",
        )
    })
}

/// The WordPress that the sandbox runs: the parent's own unless the task names the pack's version.
fn core(wanted: Option<&str>, settings: &Settings, pack: &Pack) -> Result<Core, Refusal> {
    match wanted.map(str::trim) {
        None | Some("") => Ok(match &settings.wordpress_dir {
            Some(directory) => Core::Directory(directory.clone()),
            None => Core::Pack,
        }),
        Some("latest" | "pack") => Ok(Core::Pack),
        Some(version) if version == pack.wordpress_version() => Ok(Core::Pack),
        Some(version) => Err(Refusal::field(
            Code::InputInvalid,
            "wp",
            format_args!(
                "WordPress {version} is not in the runtime pack, which has {}; leave it out for the parent's own",
                pack.wordpress_version()
            ),
        )),
    }
}

fn limits(settings: &Settings) -> Limits {
    let default = Limits::default();
    Limits {
        memory: settings.memory_limit.unwrap_or(default.memory),
        output: settings.output_limit.unwrap_or(default.output),
        disk: settings.disk_limit.unwrap_or(default.disk),
        files: settings.files_limit.unwrap_or(default.files),
        file_size: settings.file_size_limit.unwrap_or(default.file_size),
        open_files: settings.open_files_limit.unwrap_or(default.open_files),
        network: NetworkLimits {
            connections: settings.network_connections_limit.unwrap_or(default.network.connections),
            bytes: settings.network_bytes_limit.unwrap_or(default.network.bytes),
            ..default.network
        },
    }
}

fn timeout(seconds: Option<u64>, settings: &Settings) -> Duration {
    let wanted = seconds.map(Duration::from_secs).or(settings.timeout).unwrap_or(TIMEOUT);
    wanted.min(settings.max_timeout.unwrap_or(TIMEOUT_MAX))
}

#[derive(Default)]
struct Draft {
    host_mounts: Vec<HostMount>,
    records: Vec<MountRecord>,
    must_use: Vec<String>,
    activations: Vec<Activation>,
    probes: Vec<Probe>,
    steps: Vec<Step>,
}

impl Draft {
    /// Everything that is mounted: plain mounts, then components.
    fn of(mounts: &[Mount], components: &[ComponentContract], settings: &Settings) -> Result<Draft, Refusal> {
        let mut draft = Draft::default();
        for (index, mount) in mounts.iter().enumerate() {
            draft.add_mount(index, mount, settings)?;
        }
        for (index, contract) in components.iter().enumerate() {
            draft.add_component(index, contract, settings)?;
        }
        Ok(draft)
    }

    fn add_mount(&mut self, index: usize, mount: &Mount, settings: &Settings) -> Result<(), Refusal> {
        let field = |name: &str| format!("mounts.{index}.{name}");
        let indexed = |refusal: Refusal| refusal.with("index", index);
        refuse_reserved(&field("target"), &mount.target).map_err(indexed)?;
        let source = roots::source(settings, Code::MountSourceInvalid, &field("source"), &mount.source)
            .map_err(indexed)?;
        let kind = kind_of(&source).ok_or_else(|| {
            indexed(
                Refusal::field(
                    Code::MountSourceInvalid,
                    &field("source"),
                    format_args!("{} is neither a directory nor a regular file", mount.source),
                )
                .with("path", mount.source.as_str()),
            )
        })?;
        self.attach(HostMount {
            source,
            target: mount.target.clone(),
            kind,
            writable: mount.mode == MountMode::Readwrite,
            capture: true,
        });
        if let Some(record) = self.records.last_mut() {
            record.metadata = metadata(&mount.metadata);
        }
        Ok(())
    }

    fn add_component(
        &mut self,
        index: usize,
        contract: &ComponentContract,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let field = format!("component_contracts.{index}.path");
        let indexed = |refusal: Refusal| refusal.with("index", index).with("slug", contract.slug.as_str());
        let source = roots::source(settings, Code::ComponentPathMissing, &field, &contract.path).map_err(indexed)?;
        if !source.is_dir() {
            return Err(indexed(Refusal::field(
                Code::ComponentPathMissing,
                &field,
                format_args!("{} is not a directory", contract.path),
            )));
        }
        let main_file = component::main_file(index, &contract.slug, &source)?;
        let target = component::target(contract);
        if self.host_mounts.iter().any(|mount| mount.target == target) {
            return Err(indexed(Refusal::field(
                Code::MountTargetInvalid,
                &field,
                format_args!("a mount already stands at {target}"),
            )));
        }
        match contract.load_as {
            LoadAs::MuPlugin => self.must_use.push(format!("{target}/{main_file}")),
            LoadAs::Plugin if contract.activate => self.activations.push(Activation {
                slug: contract.slug.clone(),
                plugin_file: format!("{}/{main_file}", contract.slug),
            }),
            LoadAs::Plugin => {}
        }
        if let Some(probe) = &contract.readiness_probe {
            self.probes.push(Probe {
                component: contract.slug.clone(),
                kind: match probe.kind {
                    ProbeKind::Ability => sandbox::ProbeKind::Ability,
                    ProbeKind::Filter => sandbox::ProbeKind::Filter,
                },
                name: probe.name.clone(),
            });
        }
        self.attach(HostMount { source, target, kind: MountKind::Directory, writable: false, capture: false });
        Ok(())
    }

    /// Every command that the plan executes, each once.
    fn commands(&self) -> Vec<&'static str> {
        let activate = Command::ActivatePlugin { plugin: String::new() }.name();
        let probe = Command::Probe { kind: sandbox::ProbeKind::Ability, name: String::new() }.name();
        let mut names: Vec<_> = self.activations.iter().map(|_| activate).collect();
        names.extend(self.probes.iter().map(|_| probe));
        names.extend(self.steps.iter().map(|step| step.command.name()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the policy lets the mounts be.
    fn check(&self, policy: &Policy) -> Result<(), Refusal> {
        self.host_mounts.iter().try_for_each(|mount| Ok(policy.admit_mount(mount.clone()).map(drop)?))
    }

    fn attach(&mut self, mount: HostMount) {
        self.records.push(MountRecord {
            kind: match mount.kind {
                MountKind::Directory => "directory".to_owned(),
                MountKind::File => "file".to_owned(),
            },
            source: Some(mount.source.to_string_lossy().into_owned()),
            target: mount.target.clone(),
            mode: if mount.writable { "readwrite" } else { "readonly" }.to_owned(),
            capture_artifacts: Some(mount.capture && mount.writable),
            metadata: Value::Null,
        });
        self.host_mounts.push(mount);
    }
}

fn metadata(map: &Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map.clone()) }
}

fn kind_of(path: &Path) -> Option<MountKind> {
    let kind = std::fs::metadata(path).ok()?.file_type();
    if kind.is_dir() {
        Some(MountKind::Directory)
    } else if kind.is_file() {
        Some(MountKind::File)
    } else {
        None
    }
}

fn refuse_reserved(field: &str, target: &str) -> Result<(), Refusal> {
    let beneath = |root: &&str| target == *root || target.strip_prefix(*root).is_some_and(|rest| rest.starts_with('/'));
    if RESERVED_ROOTS.contains(&target) || RESERVED.iter().any(|root| beneath(&root)) {
        return Err(Refusal::field(
            Code::MountTargetInvalid,
            field,
            format_args!("{target} is the sandbox's own; mount beneath /workspace or a plugin's or theme's directory"),
        ));
    }
    Ok(())
}
