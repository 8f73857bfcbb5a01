//! The runtime contract: a WordPress that is created, executed in, looked at, and destroyed.
//!
//! In: a [`Spec`]: a pack, a WordPress core, mounts, limits. Out: [`Execution`]s, lifecycle events,
//! and what the overlay holds beneath each mount. Knows WordPress; knows no task.
//!
//! Invariant: a sandbox whose guest was stopped runs nothing more unless it returns to a snapshot, but
//! still gives up its changes and its record.

mod attend;
mod base;
mod checkpoint;
mod command;
mod diagnostics;
mod error;
mod event_log;
mod files;
mod layout;
mod lock;
mod look;
mod machine;
mod names;
mod policy;
mod prepare;
mod random;
mod site;
mod spec;
mod tool_policy;
mod warm;

pub use attend::Attendant;
pub use checkpoint::{Checkpoint, CheckpointOperation, CheckpointResult};
pub use command::{
    ARGUMENT_FILE_MAX, AbilityCall, ArgumentDescriptor, ArgumentIssue, Arguments, CheckpointCall, Command,
    CommandDescriptor, Content, ContentTask, Execution, Failure, HOST_TOOLS, Handler, HostFile, HostToolCall,
    HttpRequest, IfInstalled, InstallKind, OutputSchema, PHPUNIT_COMMAND, PHPUNIT_RESULT_SCHEMA, Phpunit,
    PluginAction, PluginState, ProbeKind, ResetKind, RestRequest, STAGING, StagedFile, WxrAuthors,
    command_ids, commands, descriptor, is_host_tool_name, policy_commands,
};
pub use command::{
    AgentRun, BENCH_RESULTS_SCHEMA, Bench, CaptureState, RUNTIME_SNAPSHOT_SCHEMA, RuntimeTask,
    STATE_BUNDLE_SCHEMA, error_place,
};
pub use diagnostics::{COMMAND_DIAGNOSTICS_SCHEMA, QueryCapture};
pub use error::SandboxError;
pub use event_log::EventMark;
pub use layout::{MUST_USE_DIR, THEMES, is_core, is_core_path, is_own_place, stray};
pub use lock::directory as private_directory;
pub use look::{Look, LookEntry, LookKind};
pub use names::{check_constant, check_variable, sandbox_path};
pub use policy::{
    Approval, Approvals, Approver, Decision, Field, Filesystem, Issue, Policy, PolicyInvalid, Secrets,
    Unattended, Violation,
};
pub use prepare::Preparation;
pub use random::random_id;
pub use site::{Sandbox, Snapshot};
pub use spec::{Core, HostMount, Ini, Limits, MountKind, Spec};
pub use tool_policy::{Denial, SANDBOX_TOOL_POLICY_SCHEMA, SandboxToolPolicy, ToolEntry, ToolRuntime};
pub use warm::{
    ImageInfo, Pruned, Retention, forget as forget_images, list as list_images, prune as prune_images,
};

/// What carries sandboxes out, as results name it.
pub const BACKEND: &str = "wp-codebox-native";

/// The end of the process: no image is at hand any more.
pub fn shutdown_process() {
    warm::forget();
    crate::engine::shutdown_process();
}
