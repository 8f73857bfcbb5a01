//! What a sandbox may do: five fields, each of them enforced.
//!
//! | field | is enforced |
//! |---|---|
//! | `commands` | by name, before a command has any effect |
//! | `filesystem` | when the mounts are attached |
//! | `network` | by the engine, at every lookup, connection and request |
//! | `secrets` | before a secret is handed in |
//! | `approvals` | before each command, by asking the parent; no answer is a no |

mod approval;
mod decision;
mod parse;

pub use approval::{Approval, Approver, Unattended};
pub use decision::{Decision, Field, Violation};
pub use parse::{Issue, PolicyInvalid};

use super::command::Command;
use super::spec::HostMount;
use crate::engine::net::Rules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A policy. All five fields are there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    pub network: Rules,
    pub filesystem: Filesystem,
    /// Names of the commands that may be executed: these very names, no patterns.
    pub commands: Vec<String>,
    pub secrets: Secrets,
    pub approvals: Approvals,
}

/// Which of the host's files the sandbox may have, and what it may do with its copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Filesystem {
    /// No file of the host's but WordPress and the runtime pack.
    Sandbox,
    /// Mounts are read-only, whatever they ask for.
    ReadonlyMounts,
    /// Each mount as it asks for. The host's files are never written.
    #[default]
    ReadwriteMounts,
}

/// Whether secrets may be handed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Secrets {
    #[default]
    None,
    /// Those that the task names, into the sandbox's process environment.
    ConnectorScoped,
}

/// When the parent is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Approvals {
    #[default]
    Never,
    /// Before a command that can write: every one but probes.
    OnWrite,
    /// Before every command.
    OnCommand,
}

impl Policy {
    /// The default policy with these commands: no network, mounts as they ask for, no secrets, no
    /// questions.
    pub fn allowing<S: Into<String>>(commands: impl IntoIterator<Item = S>) -> Policy {
        Policy {
            network: Rules::Deny,
            filesystem: Filesystem::default(),
            commands: commands.into_iter().map(Into::into).collect(),
            secrets: Secrets::default(),
            approvals: Approvals::default(),
        }
    }

    /// May this command be executed?
    pub fn judge_command(&self, command: &Command) -> Result<(), Violation> {
        let allowed = |name: &&str| self.commands.iter().any(|allowed| allowed == name);
        let mut needed = command.policy_commands().into_iter().chain(command.host_tool());
        match needed.find(|name| !allowed(name)) {
            None => Ok(()),
            Some(name) => {
                Err(Violation::Command { command: name.to_owned(), policy: Box::new(self.clone()) })
            }
        }
    }

    /// Whether the parent is asked before this command.
    pub fn asks(&self, command: &Command) -> bool {
        match self.approvals {
            Approvals::Never => false,
            Approvals::OnWrite => command.can_write(),
            Approvals::OnCommand => true,
        }
    }

    /// The mount as the policy lets it be attached.
    pub fn admit_mount(&self, mount: HostMount) -> Result<HostMount, Violation> {
        match self.filesystem {
            Filesystem::Sandbox => Err(Violation::Mount { target: mount.target }),
            Filesystem::ReadonlyMounts => Ok(HostMount { writable: false, ..mount }),
            Filesystem::ReadwriteMounts => Ok(mount),
        }
    }

    /// May secrets of these names be handed in?
    pub fn judge_secrets<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), Violation> {
        match (self.secrets, names.into_iter().next()) {
            (Secrets::None, Some(name)) => Err(Violation::Secret { name: name.to_owned() }),
            _ => Ok(()),
        }
    }
}
