<?php
/**
 * What the extension wp_codebox declares, for editors and analysers. Written by bin/stubs.
 *
 * phpcs:ignoreFile
 */

/** Version of the extension. */
const WP_CODEBOX_VERSION = '';

/**
 * The native API of WP Codebox.
 *
 * A refusal is returned as a WP_Error if that class is loaded, and thrown as a
 * WP_Codebox_Exception if it is not.
 */
final class WP_Codebox_API {
	public const ABILITY_LIST_ARTIFACTS = 'wp-codebox/list-artifacts';
	public const ABILITY_GET_ARTIFACT = 'wp-codebox/get-artifact';
	public const ABILITY_INSPECT_ARTIFACT = 'wp-codebox/inspect-artifact';
	public const ABILITY_APPLY_ARTIFACT_PREFLIGHT = 'wp-codebox/apply-artifact-preflight';
	public const ABILITY_STAGE_ARTIFACT_APPLY = 'wp-codebox/stage-artifact-apply';
	public const ABILITY_APPLY_APPROVED_ARTIFACT = 'wp-codebox/apply-approved-artifact';
	public const ARTIFACT_SCHEMA = 'wp-codebox/artifact/v1';
	public const ARTIFACT_INSPECTION_SCHEMA = 'wp-codebox/artifact-inspection/v1';
	public const ARTIFACT_APPLY_PREFLIGHT_SCHEMA = 'wp-codebox/artifact-apply-preflight/v1';
	public const ARTIFACT_APPLY_SCHEMA = 'wp-codebox/artifact-apply/v1';
	public const ARTIFACT_APPLY_RESULT_SCHEMA = 'wp-codebox/apply-result/v1';

	/**
	 * Runs a task in a disposable WordPress and returns the result with a reviewable artifact
	 * bundle. Nothing of the parent site is changed.
	 *
	 * Ability: wp-codebox/run-agent-task, wp-codebox/run-sandbox-task.
	 *
	 * @param array{
	 *     schema?: 'wp-codebox/task-input/v1',
	 *     version?: 1,
	 *     goal: string,
	 *     target?: array{
	 *         kind?: string,
	 *         ref?: string,
	 *         path?: string,
	 *         url?: string,
	 *     },
	 *     mounts?: list<array{
	 *         source: string,
	 *         target: string,
	 *         mode?: 'readonly'|'readwrite',
	 *         metadata?: array<string, mixed>,
	 *     }>,
	 *     component_contracts?: list<array{
	 *         slug?: string,
	 *         path: string,
	 *         activate?: bool,
	 *         loadAs?: 'mu-plugin'|'plugin',
	 *         required?: bool,
	 *         readiness_probe?: array{
	 *             type: 'ability'|'filter',
	 *             name: string,
	 *         },
	 *         provenance?: array<string, mixed>,
	 *     }>,
	 *     runtime_task?: array{
	 *         ability: string,
	 *         input?: mixed,
	 *     },
	 *     task_timeout_seconds?: int,
	 *     artifacts_path?: string,
	 *     sandbox_session_id?: string,
	 *     session_id?: string,
	 *     orchestrator?: array{
	 *         id?: string,
	 *         type?: string,
	 *         job_id?: string,
	 *         agent_task_id?: string,
	 *     },
	 *     allowed_tools?: list<string>,
	 *     sandbox_tool_policy?: array{
	 *         schema: 'wp-codebox/sandbox-tool-policy/v1',
	 *         version: 1,
	 *         tools: list<array{
	 *             id: string,
	 *             runtime_tool_id: string,
	 *             execution_location?: string,
	 *             transport_visibility?: string,
	 *             allowed: bool,
	 *             runtime?: array{
	 *                 environment: string,
	 *                 capability_scope: string,
	 *             },
	 *             aliases?: list<string>,
	 *             metadata?: array<string, mixed>,
	 *         }>,
	 *         metadata?: array<string, mixed>,
	 *     },
	 *     expected_artifacts?: list<string>,
	 *     structured_artifacts?: list<array{
	 *         schema?: 'wp-codebox/structured-artifact/v1',
	 *         name: string,
	 *         type: string,
	 *         payload?: mixed,
	 *         payload_schema?: mixed,
	 *         metadata?: array<string, mixed>,
	 *         provenance?: array<string, mixed>,
	 *     }>,
	 *     context?: array<string, mixed>,
	 *     policy?: array<string, mixed>,
	 *     provider?: string,
	 *     model?: string,
	 *     wp?: string,
	 *     wp_codebox_bin?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     status: string,
	 *     session: array{
	 *         schema: string,
	 *         id: string,
	 *         status: string,
	 *         persistence: string,
	 *         artifacts: array{
	 *             path: string,
	 *             bundle_id: string,
	 *             preview_url: string,
	 *         },
	 *         agent_session_id?: string|null,
	 *         orchestrator?: mixed,
	 *     },
	 *     task: string,
	 *     task_input: mixed,
	 *     wp: string,
	 *     paths: list<mixed>,
	 *     artifacts: string,
	 *     exit_code: int,
	 *     statuses: array{
	 *         command: string,
	 *         phase: string,
	 *         agent_task: string,
	 *     },
	 *     agent_task_status: string,
	 *     agent_result: mixed,
	 *     run: array{
	 *         schema: string,
	 *         success: bool,
	 *         runtime: array{
	 *             id: string,
	 *             backend: string,
	 *             createdAt: string,
	 *             status: string,
	 *             phpVersion: string,
	 *             wordpressVersion: string,
	 *         },
	 *         executions: list<array{
	 *             id: string,
	 *             command: string,
	 *             args: list<string>,
	 *             exitCode: int,
	 *             stdout: string,
	 *             stderr: string,
	 *             result?: mixed,
	 *             diagnostics?: mixed,
	 *             artifactRefs?: list<mixed>,
	 *             startedAt: string,
	 *             finishedAt: string,
	 *         }>,
	 *         phaseEvidence: list<array{
	 *             name: 'activate_plugins'|'run_probes'|'run_workloads'|'collect_artifacts'|'runtime_startup',
	 *             status: 'completed'|'failed',
	 *             startedAt: string,
	 *             endedAt: string,
	 *             durationMs: float|int,
	 *         }>,
	 *         artifacts: mixed,
	 *     },
	 *     diagnostics: array{
	 *         schema: string,
	 *         exit_code: int,
	 *         recipe_run_schema: string,
	 *     },
	 *     evidence_refs: array{
	 *         schema: string,
	 *         artifacts_path: string,
	 *         artifact_bundle_id: string,
	 *         preview_url: string,
	 *     },
	 *     run_metadata: array{
	 *         schema: string,
	 *         sandbox_session_id: string,
	 *         agent_session_id?: string|null,
	 *         provider?: string|null,
	 *         model?: string|null,
	 *         orchestrator?: mixed,
	 *         wp: string,
	 *         recipe_run_schema: string,
	 *     },
	 *     agent_task_run_result: array{
	 *         schema: string,
	 *         status: string,
	 *         success: bool,
	 *         summary: string,
	 *         artifacts: list<array{
	 *             kind: string,
	 *             id: string,
	 *             path: string,
	 *             digest?: string|null,
	 *         }>,
	 *         refs: array{
	 *             artifact_bundles: list<array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             }>,
	 *             changed_files: list<array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             }>,
	 *             patches: list<array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             }>,
	 *             logs: list<array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             }>,
	 *         },
	 *         metadata: array{
	 *             run_id: string,
	 *             run_status: string,
	 *             runtime_id: string,
	 *             changed_files_count: int,
	 *             patch_bytes: int,
	 *         },
	 *         no_op: array{
	 *             detected: bool,
	 *             reason: string,
	 *             changed_files_count: int,
	 *             patch_bytes: int,
	 *         },
	 *         failure_classification?: string|null,
	 *     },
	 *     artifact_result: array{
	 *         schema: string,
	 *         success: bool,
	 *         operation: string,
	 *         status: string,
	 *         artifactBundle: array{
	 *             kind: string,
	 *             id: string,
	 *             path: string,
	 *             digest?: string|null,
	 *         },
	 *         artifactRefs: list<array{
	 *             kind: string,
	 *             id: string,
	 *             path: string,
	 *             digest?: string|null,
	 *         }>,
	 *         diagnostics: list<mixed>,
	 *         error?: array{
	 *             name: string,
	 *             code: string,
	 *             message: string,
	 *         }|null,
	 *     },
	 *     outputs: array{
	 *         artifact_result: array{
	 *             schema: string,
	 *             success: bool,
	 *             operation: string,
	 *             status: string,
	 *             artifactBundle: array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             },
	 *             artifactRefs: list<array{
	 *                 kind: string,
	 *                 id: string,
	 *                 path: string,
	 *                 digest?: string|null,
	 *             }>,
	 *             diagnostics: list<mixed>,
	 *             error?: array{
	 *                 name: string,
	 *                 code: string,
	 *                 message: string,
	 *             }|null,
	 *         },
	 *     },
	 *     error?: array{
	 *         code: string,
	 *         message: string,
	 *         failure_classification: string,
	 *         exit_code: int,
	 *         output: string,
	 *         data?: mixed,
	 *         timeout_seconds?: int|null,
	 *     }|null,
	 *     notices?: list<string>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function run_agent_task( array $input ): mixed {}

	/**
	 * Lists the artifact bundles of a store, newest first.
	 *
	 * Ability: wp-codebox/list-artifacts.
	 *
	 * @param array{
	 *     artifacts_path?: string,
	 *     limit?: int,
	 *     cursor?: string,
	 *     session_id?: string,
	 *     status?: 'succeeded'|'failed',
	 *     created_after?: string,
	 *     created_before?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     root: string,
	 *     artifacts: list<array{
	 *         id: string,
	 *         content_digest: string,
	 *         created_at: string,
	 *         directory: string,
	 *         paths: array{
	 *             manifest: string,
	 *             metadata: string,
	 *             changed_files: string,
	 *             patch: string,
	 *             test_results: string,
	 *             review: string,
	 *         },
	 *         has_patch: bool,
	 *         has_changed_files: bool,
	 *         has_test_results: bool,
	 *         has_review: bool,
	 *         manifest?: mixed,
	 *         metadata?: mixed,
	 *         changed_files?: mixed,
	 *         test_results?: mixed,
	 *         review?: mixed,
	 *     }>,
	 *     total: int,
	 *     next_cursor?: string|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function list_artifacts( ?array $input = null ): mixed {}

	/**
	 * Reads one artifact bundle: manifest, metadata, changed files, test results and review.
	 *
	 * Ability: wp-codebox/get-artifact.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     artifacts_path?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     artifact: array{
	 *         id: string,
	 *         content_digest: string,
	 *         created_at: string,
	 *         directory: string,
	 *         paths: array{
	 *             manifest: string,
	 *             metadata: string,
	 *             changed_files: string,
	 *             patch: string,
	 *             test_results: string,
	 *             review: string,
	 *         },
	 *         has_patch: bool,
	 *         has_changed_files: bool,
	 *         has_test_results: bool,
	 *         has_review: bool,
	 *         manifest?: mixed,
	 *         metadata?: mixed,
	 *         changed_files?: mixed,
	 *         test_results?: mixed,
	 *         review?: mixed,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function get_artifact( array $input ): mixed {}

	/**
	 * Says what this runtime is, which abilities it has, and whether it is ready.
	 *
	 * Ability: wp-codebox/runtime-descriptor.
	 *
	 * @param array{} $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     version: int,
	 *     runtime: array{
	 *         id: string,
	 *         name: string,
	 *         version: string,
	 *     },
	 *     readiness: array{
	 *         status: 'available'|'unavailable',
	 *         reason?: string|null,
	 *     },
	 *     capabilities: list<string>,
	 *     abilities: list<array{
	 *         name: string,
	 *         method: string,
	 *         capability: string,
	 *     }>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function runtime_descriptor( ?array $input = null ): mixed {}

	/**
	 * Carries out an ability by its name or one of its aliases.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public static function execute_ability( string $name, ?array $input = null ): mixed {}

	/**
	 * The table of abilities, each row as wp_register_ability() needs it.
	 *
	 * @return list<array<string, mixed>>
	 */
	public static function abilities(): mixed {}

	/**
	 * True if the ability would read this input. Nothing is started.
	 *
	 * @return true|\WP_Error
	 */
	public static function validate_ability_input( string $name, mixed $input = null ): mixed {}

	/**
	 * Looks whether everything is there that a run needs.
	 *
	 * @return list<array{id: string, label: string, status: 'ok'|'warning'|'error', message: string, fix: string}>
	 */
	public static function doctor(): mixed {}
}

/**
 * A refusal where there is no WordPress.
 */
class WP_Codebox_Exception extends \Exception {

	/**
	 * The stable code, such as wp_codebox_task_missing.
	 *
	 * @return string
	 */
	public function get_error_code(): string {}

	/**
	 * Named facts: the HTTP status, the field, …
	 *
	 * @return array<string, mixed>
	 */
	public function get_error_data(): mixed {}
}
