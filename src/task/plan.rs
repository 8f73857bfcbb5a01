//! From a checked input to a plan. Looks at the machine; starts nothing.

use super::component;
use super::held::SandboxInput;
use super::input::{AgentTaskInput, ComponentContract, LoadAs, Mount, MountMode, ProbeKind};
use super::policy;
use crate::artifact::{MountRecord, Secret};
use crate::contract::{Code, Refusal};
use crate::host::Settings;
use crate::recipe::{
    self, Expected, Inheritance, Mounts, Part, PhaseName, Plan, Stage, Step, bare, core, pack, timeout,
};
use crate::sandbox::{self, Command, HostMount, MountKind, Spec, command_ids};
use serde_json::{Map, Value};
use std::time::Duration;

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
    let work = Command::ability(&*runtime_task.ability, runtime_task.input.clone());
    draft.workflow.push(Step::new(Part::Steps, 0, work));
    let policy = policy::resolve(input.runtime_policy.as_ref(), &draft.commands(), secrets, settings)?;
    draft.mounts.check(&policy)?;
    let spec = Spec {
        mounts: draft.mounts.host,
        must_use: draft.must_use,
        environment: recipe::variables(secrets).collect(),
        secrets: recipe::secret_names(secrets),
        policy,
        ..bare(pack, core, settings)?
    };
    Ok(Plan {
        inheritance: Inheritance::of(&spec, settings),
        spec,
        mounts: draft.mounts.records,
        preparations: vec![
            Stage { phase: PhaseName::ActivatePlugins, steps: draft.activations },
            Stage { phase: PhaseName::RunProbes, steps: draft.readiness },
        ],
        // A task's workspace may be large, and is another one each time.
        reuse: false,
        imports: Vec::new(),
        workflow: draft.workflow,
        after: Vec::new(),
        probes: Vec::new(),
        declared: Vec::new(),
        timeout: timeout(input.task_timeout_seconds, settings),
        longest: recipe::max_timeout(settings),
    })
}

/// What a held sandbox is made of.
pub(super) struct Prepared {
    pub spec: Spec,
    pub inheritance: Inheritance,
    pub mounts: Vec<MountRecord>,
    /// Executed before the sandbox is handed over.
    pub preparations: Vec<Command>,
    pub timeout: Duration,
    pub max_timeout: Duration,
}

/// The same for a sandbox that its caller holds.
pub(super) fn held(
    input: &SandboxInput,
    settings: &Settings,
    secrets: &[Secret],
) -> Result<Prepared, Refusal> {
    let pack = pack(settings)?;
    let core = core(input.wp.as_deref(), settings, &pack)?;
    let draft = Draft::of(&input.mounts, &input.component_contracts, settings)?;
    let asked = input.runtime_policy.as_ref();
    let needed = draft.commands();
    let mut policy = policy::resolve(asked, &needed, secrets, settings)?;
    if asked.is_none_or(|asked| asked.commands.is_none()) {
        let tools = input.host_tools.iter().map(|tool| tool.name.clone());
        policy.commands = command_ids().map(str::to_owned).chain(tools).collect();
    }
    draft.mounts.check(&policy)?;
    let preparations = draft.activations.into_iter().map(|step| step.command).collect();
    let spec = Spec {
        mounts: draft.mounts.host,
        must_use: draft.must_use,
        environment: recipe::variables(secrets).collect(),
        secrets: recipe::secret_names(secrets),
        host_tools: input.host_tools.iter().map(|tool| tool.name.clone()).collect(),
        policy,
        ..bare(pack, core, settings)?
    };
    Ok(Prepared {
        inheritance: Inheritance::of(&spec, settings),
        spec,
        mounts: draft.mounts.records,
        preparations,
        timeout: timeout(input.timeout_seconds, settings),
        max_timeout: recipe::max_timeout(settings),
    })
}

#[derive(Default)]
struct Draft {
    mounts: Mounts,
    must_use: Vec<String>,
    /// Plugins to activate, in this order.
    activations: Vec<Step>,
    /// What must be registered before the first step.
    readiness: Vec<Step>,
    workflow: Vec<Step>,
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
        let host = host_mount(mount, &field, settings).map_err(|refusal| refusal.with("index", index))?;
        self.mounts.attach(host, metadata(&mount.metadata));
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
        let source = recipe::host_source(settings, Code::ComponentPathMissing, &field, &contract.path)
            .map_err(indexed)?;
        if !source.is_dir() {
            return Err(indexed(Refusal::field(
                Code::ComponentPathMissing,
                &field,
                format_args!("{} is not a directory", contract.path),
            )));
        }
        let main_file = component::main_file(index, &contract.slug, &source)?;
        let target = component::target(contract);
        if self.mounts.is_taken(&target) {
            return Err(indexed(Refusal::field(
                Code::MountTargetInvalid,
                &field,
                format_args!("a mount already stands at {target}"),
            )));
        }
        match contract.load_as {
            LoadAs::MuPlugin => self.must_use.push(format!("{target}/{main_file}")),
            LoadAs::Plugin if contract.activate => {
                let plugin = format!("{}/{main_file}", contract.slug);
                let index = self.activations.len();
                self.activations.push(Step::new(Part::Plugin, index, Command::ActivatePlugin { plugin }));
            }
            LoadAs::Plugin => {}
        }
        if let Some(probe) = &contract.readiness_probe {
            let kind = match probe.kind {
                ProbeKind::Ability => sandbox::ProbeKind::Ability,
                ProbeKind::Filter => sandbox::ProbeKind::Filter,
            };
            let name = probe.name.clone();
            let expected = Expected::Registered {
                component: contract.slug.clone(),
                what: kind.as_str(),
                name: name.clone(),
            };
            let index = self.readiness.len();
            let step = Step::new(Part::Health, index, Command::Probe { kind, name });
            self.readiness.push(Step { expected, ..step });
        }
        let kind = MountKind::Directory;
        self.mounts.attach(HostMount { source, target, kind, writable: false, capture: false }, Value::Null);
        Ok(())
    }

    /// Every command that the plan executes, each once.
    fn commands(&self) -> Vec<&str> {
        let steps = [&self.activations, &self.readiness, &self.workflow];
        let mut names: Vec<_> = steps.into_iter().flatten().map(|step| step.command.name()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A mount with its real source. `field` is what the mount's fields are called.
pub(super) fn host_mount(
    mount: &Mount,
    field: &dyn Fn(&str) -> String,
    settings: &Settings,
) -> Result<HostMount, Refusal> {
    let source = recipe::host_source(settings, Code::MountSourceInvalid, &field("source"), &mount.source)?;
    let kind = recipe::kind_of(&source).ok_or_else(|| {
        let why = format_args!("{} is neither a directory nor a regular file", mount.source);
        Refusal::field(Code::MountSourceInvalid, &field("source"), why).with("path", mount.source.as_str())
    })?;
    recipe::refuse_reserved(&field("target"), &mount.target, kind)?;
    let writable = mount.mode == MountMode::Readwrite;
    Ok(HostMount { source, target: mount.target.clone(), kind, writable, capture: mount.capture_artifacts })
}

pub(super) fn metadata(map: &Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map.clone()) }
}
