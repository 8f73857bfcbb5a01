//! `wp-codebox/agent-task-run/v1`: what a caller gets back.

use crate::artifact::{Bundle, Failure};
use crate::contract::CommandRecord;
use crate::recipe::{PhaseEvidence, RECIPE_RUN_SCHEMA, RunRuntime};
use crate::sandbox::BACKEND;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub const AGENT_TASK_RUN_SCHEMA: &str = "wp-codebox/agent-task-run/v1";
pub const SANDBOX_SESSION_SCHEMA: &str = "wp-codebox/sandbox-session/v1";
const AGENT_TASK_RUN_RESULT_SCHEMA: &str = "wp-codebox/agent-task-run-result/v1";
const ARTIFACT_RESULT_SCHEMA: &str = "wp-codebox/artifact-result-envelope/v1";
const DIAGNOSTICS_SCHEMA: &str = "wp-codebox/agent-task-diagnostics/v1";
const EVIDENCE_REFS_SCHEMA: &str = "wp-codebox/agent-task-evidence-refs/v1";
const RUN_METADATA_SCHEMA: &str = "wp-codebox/agent-task-run-metadata/v1";

/// A finished task, whether it succeeded or not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentTaskRun {
    /// True only if the task succeeded.
    pub success: bool,
    pub schema: &'static str,
    /// `completed` or `failed`.
    pub status: &'static str,
    pub session: Session,
    /// The goal.
    pub task: String,
    /// The normalised input.
    pub task_input: Value,
    /// WordPress version of the sandbox.
    pub wp: String,
    /// Components, as they were mounted.
    pub paths: Vec<Value>,
    /// Directory of the artifact store that holds the bundle.
    pub artifacts: String,
    /// 0 if the task succeeded, else 1.
    pub exit_code: i32,
    pub statuses: Statuses,
    pub agent_task_status: &'static str,
    /// What the task's ability returned.
    pub agent_result: Value,
    /// `wp-codebox/agent-task-result/v1`, as the bundle has it.
    pub agent_task_result: Value,
    /// `wp-codebox/sandbox-completion-outcome/v1`: how far the work got, and what to do next.
    pub completion_outcome: Value,
    pub run: RecipeRun,
    pub diagnostics: Diagnostics,
    pub evidence_refs: EvidenceRefs,
    pub run_metadata: RunMetadata,
    pub agent_task_run_result: AgentTaskRunResult,
    pub artifact_result: ArtifactResult,
    pub outputs: Outputs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What was accepted and had no effect, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// `wp-codebox/sandbox-session/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Session {
    pub schema: &'static str,
    pub id: String,
    /// `completed` or `failed`.
    pub status: &'static str,
    pub persistence: &'static str,
    pub artifacts: SessionArtifacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<Value>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SessionArtifacts {
    pub path: String,
    pub bundle_id: String,
    pub preview_url: String,
    pub agent_task_result: String,
    pub completion_outcome: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Statuses {
    pub command: &'static str,
    pub phase: &'static str,
    pub agent_task: &'static str,
}

/// `wp-codebox/recipe-run/v1`, as far as a task has it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeRun {
    pub schema: &'static str,
    pub success: bool,
    pub runtime: RunRuntime,
    pub executions: Vec<CommandRecord>,
    pub phase_evidence: Vec<PhaseEvidence>,
    pub artifacts: Value,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Diagnostics {
    pub schema: &'static str,
    pub exit_code: i32,
    pub recipe_run_schema: &'static str,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EvidenceRefs {
    pub schema: &'static str,
    pub artifacts_path: String,
    pub artifact_bundle_id: String,
    pub preview_url: String,
    pub agent_task_result: String,
    pub completion_outcome: String,
    pub transcript: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunMetadata {
    pub schema: &'static str,
    pub sandbox_session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<Value>,
    pub wp: String,
    pub recipe_run_schema: &'static str,
}

/// `wp-codebox/agent-task-run-result/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AgentTaskRunResult {
    pub schema: &'static str,
    /// `succeeded`, `no_op`, `failed` or `timeout`.
    pub status: &'static str,
    pub success: bool,
    pub summary: String,
    pub artifacts: Vec<ArtifactRef>,
    pub refs: ResultRefs,
    pub metadata: ResultMetadata,
    pub no_op: NoOp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_classification: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResultRefs {
    pub artifact_bundles: Vec<ArtifactRef>,
    pub changed_files: Vec<ArtifactRef>,
    pub patches: Vec<ArtifactRef>,
    pub transcripts: Vec<ArtifactRef>,
    pub logs: Vec<ArtifactRef>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResultMetadata {
    pub run_id: String,
    pub run_status: &'static str,
    pub runtime_id: String,
    pub changed_files_count: usize,
    pub patch_bytes: u64,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NoOp {
    pub detected: bool,
    pub reason: String,
    pub changed_files_count: usize,
    pub patch_bytes: u64,
}

/// A pointer into a bundle.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArtifactRef {
    /// e.g. `codebox-artifact-bundle`, `codebox-patch`.
    pub kind: &'static str,
    pub id: String,
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// `wp-codebox/artifact-result-envelope/v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactResult {
    pub schema: &'static str,
    pub success: bool,
    pub operation: &'static str,
    /// `created` or `failed`.
    pub status: &'static str,
    pub artifact_bundle: ArtifactRef,
    pub artifact_refs: Vec<ArtifactRef>,
    pub diagnostics: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ArtifactResultError>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArtifactResultError {
    pub name: &'static str,
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Outputs {
    pub artifact_result: ArtifactResult,
}

/// Why a task failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunError {
    /// A stable code, e.g. `wp_codebox_run_timeout`.
    pub code: String,
    pub message: String,
    /// `timeout`, `memory`, `fatal`, `exited`, `trapped`, `cancelled` or `failed`.
    pub failure_classification: &'static str,
    pub exit_code: i32,
    /// The end of what the task printed, at most 4,000 bytes.
    pub output: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// What the envelope is made from.
pub(super) struct Facts {
    pub session_id: String,
    pub agent_session_id: Option<String>,
    pub orchestrator: Option<Value>,
    pub goal: String,
    pub task_input: Value,
    pub wp: String,
    pub php_version: String,
    pub components: Vec<Value>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub timeout_seconds: u64,
    pub runtime_id: String,
    pub runtime_created_at: String,
    pub commands: Vec<CommandRecord>,
    pub phases: Vec<PhaseEvidence>,
    pub value: Value,
    pub changed_files: usize,
    pub patch_bytes: u64,
    pub failure: Option<Failure>,
    pub notices: Vec<String>,
}

/// Shapes the envelope.
pub(super) fn envelope(facts: Facts, root: String, bundle: &Bundle) -> AgentTaskRun {
    let success = facts.failure.is_none();
    let status = if success { "completed" } else { "failed" };
    let timed_out = facts.failure.as_ref().is_some_and(|failure| failure.code.ends_with("_timeout"));
    let unchanged = success && facts.changed_files == 0;
    let agent_task = match (success, timed_out, unchanged) {
        (true, _, true) => "no_op",
        (true, _, false) => "succeeded",
        (false, true, _) => "timeout",
        (false, false, _) => "failed",
    };
    let directory = bundle.directory.to_string_lossy().into_owned();
    let path_of = |path: &str| format!("{directory}/{path}");
    let in_bundle =
        |kind, path: &str| ArtifactRef { kind, id: bundle.id.clone(), path: path_of(path), digest: None };
    let whole = ArtifactRef {
        kind: "codebox-artifact-bundle",
        id: bundle.id.clone(),
        path: directory.clone(),
        digest: Some(bundle.content_digest.clone()),
    };
    let refs = ResultRefs {
        artifact_bundles: vec![whole.clone()],
        changed_files: vec![in_bundle("codebox-changed-files", "files/changed-files.json")],
        patches: vec![in_bundle("codebox-patch", "files/patch.diff")],
        transcripts: vec![in_bundle("codebox-transcript", "files/transcript.json")],
        logs: vec![
            in_bundle("codebox-runtime-log", "logs/runtime.log"),
            in_bundle("codebox-command-log", "logs/commands.log"),
        ],
    };
    let error =
        facts.failure.as_ref().map(|failure| run_error(failure, &facts.commands, facts.timeout_seconds));
    let artifact_result = ArtifactResult {
        schema: ARTIFACT_RESULT_SCHEMA,
        success,
        operation: "agent-task-run",
        status: if success { "created" } else { "failed" },
        artifact_bundle: ArtifactRef { kind: "artifact-bundle", ..whole.clone() },
        artifact_refs: vec![whole.clone()],
        diagnostics: Vec::new(),
        error: facts.failure.as_ref().map(|failure| ArtifactResultError {
            name: "WP_Codebox_Agent_Task_Run_Error",
            code: failure.code.clone(),
            message: failure.message.clone(),
        }),
    };
    let summary = match &facts.failure {
        Some(failure) => failure.message.clone(),
        None => facts.value["summary"]
            .as_str()
            .map_or_else(|| format!("The task changed {} files.", facts.changed_files), str::to_owned),
    };
    let exit_code = i32::from(!success);
    AgentTaskRun {
        success,
        schema: AGENT_TASK_RUN_SCHEMA,
        status,
        session: Session {
            schema: SANDBOX_SESSION_SCHEMA,
            id: facts.session_id.clone(),
            status,
            persistence: "external-orchestrator",
            artifacts: SessionArtifacts {
                path: root.clone(),
                bundle_id: bundle.id.clone(),
                preview_url: String::new(),
                agent_task_result: path_of("files/agent-task-result.json"),
                completion_outcome: path_of("files/completion-outcome.json"),
            },
            agent_session_id: facts.agent_session_id.clone(),
            orchestrator: facts.orchestrator.clone(),
        },
        task: facts.goal,
        task_input: facts.task_input,
        wp: facts.wp.clone(),
        paths: facts.components,
        artifacts: root.clone(),
        exit_code,
        statuses: Statuses {
            command: if timed_out { "timed_out" } else { status },
            phase: if success { "succeeded" } else { "failed" },
            agent_task,
        },
        agent_task_status: agent_task,
        agent_result: facts.value,
        agent_task_result: bundle.agent_task_result.clone().unwrap_or_default(),
        completion_outcome: bundle.completion_outcome.clone().unwrap_or_default(),
        run: RecipeRun {
            schema: RECIPE_RUN_SCHEMA,
            success,
            runtime: RunRuntime {
                id: facts.runtime_id.clone(),
                backend: BACKEND,
                created_at: facts.runtime_created_at,
                status: "destroyed",
                php_version: facts.php_version,
                wordpress_version: facts.wp.clone(),
            },
            executions: facts.commands,
            phase_evidence: facts.phases,
            artifacts: serde_json::to_value(&bundle.paths).unwrap_or_default(),
        },
        diagnostics: Diagnostics {
            schema: DIAGNOSTICS_SCHEMA,
            exit_code,
            recipe_run_schema: RECIPE_RUN_SCHEMA,
        },
        evidence_refs: EvidenceRefs {
            schema: EVIDENCE_REFS_SCHEMA,
            artifacts_path: root,
            artifact_bundle_id: bundle.id.clone(),
            preview_url: String::new(),
            agent_task_result: path_of("files/agent-task-result.json"),
            completion_outcome: path_of("files/completion-outcome.json"),
            transcript: path_of("files/transcript.json"),
        },
        run_metadata: RunMetadata {
            schema: RUN_METADATA_SCHEMA,
            sandbox_session_id: facts.session_id.clone(),
            agent_session_id: facts.agent_session_id,
            provider: facts.provider,
            model: facts.model,
            orchestrator: facts.orchestrator,
            wp: facts.wp,
            recipe_run_schema: RECIPE_RUN_SCHEMA,
        },
        agent_task_run_result: AgentTaskRunResult {
            schema: AGENT_TASK_RUN_RESULT_SCHEMA,
            status: agent_task,
            success,
            summary,
            artifacts: vec![whole],
            refs,
            metadata: ResultMetadata {
                run_id: facts.session_id,
                run_status: status,
                runtime_id: facts.runtime_id,
                changed_files_count: facts.changed_files,
                patch_bytes: facts.patch_bytes,
            },
            no_op: NoOp {
                detected: unchanged,
                reason: if unchanged { "The task changed no files.".to_owned() } else { String::new() },
                changed_files_count: facts.changed_files,
                patch_bytes: facts.patch_bytes,
            },
            failure_classification: error.as_ref().map(|error| error.failure_classification),
        },
        outputs: Outputs { artifact_result: artifact_result.clone() },
        artifact_result,
        error,
        notices: facts.notices,
    }
}

/// How much of the output a failure shows, bytes.
const OUTPUT_SHOWN: usize = 4000;

fn run_error(failure: &Failure, commands: &[CommandRecord], timeout_seconds: u64) -> RunError {
    let classification = match failure.code.as_str() {
        "wp_codebox_run_timeout" => "timeout",
        "wp_codebox_run_memory_exhausted" => "memory",
        "wp_codebox_run_fatal" => "fatal",
        "wp_codebox_run_exited" => "exited",
        "wp_codebox_run_trapped" => "trapped",
        "wp_codebox_run_cancelled" => "cancelled",
        _ => "failed",
    };
    let output = commands.last().map_or(String::new(), |command| {
        let text = format!("{}{}", command.stdout, command.stderr);
        let mut from = text.len().saturating_sub(OUTPUT_SHOWN);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        text[from..].to_owned()
    });
    RunError {
        code: failure.code.clone(),
        message: failure.message.clone(),
        failure_classification: classification,
        exit_code: 1,
        output,
        data: failure.data.clone(),
        timeout_seconds: (classification == "timeout").then_some(timeout_seconds),
    }
}
