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
	 * Makes a disposable WordPress that lives as long as its object. See docs/policy.md for `runtime_policy`.
	 *
	 * @return \WP_Codebox_Sandbox|\WP_Error
	 */
	public static function create_sandbox( ?array $input = null ): mixed {}

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
	 *         capture_artifacts?: bool,
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
	 *     secret_env?: list<string>,
	 *     runtime_policy?: array{
	 *         network?: 'allow'|'deny'|array{
	 *             allowHosts: list<string>,
	 *         },
	 *         filesystem?: 'sandbox'|'readonly-mounts'|'readwrite-mounts',
	 *         commands?: list<string>,
	 *         secrets?: 'none'|'connector-scoped',
	 *         approvals?: 'never'|'on-write'|'on-command',
	 *     },
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
	 *             agent_task_result: string,
	 *             completion_outcome: string,
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
	 *     agent_task_result: mixed,
	 *     completion_outcome: mixed,
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
	 *             runtimeId?: string|null,
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
	 *             name: 'run_blueprint_steps'|'run_workloads'|'run_probes'|'collect_artifacts'|'runtime_startup'|'mount_plugins'|'activate_plugins'|'import_fixture_databases',
	 *             status: 'completed'|'failed',
	 *             startedAt: string,
	 *             endedAt: string,
	 *             durationMs: float|int,
	 *             data?: mixed,
	 *             error?: array{
	 *                 code: string,
	 *                 message: string,
	 *             }|null,
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
	 *         agent_task_result: string,
	 *         completion_outcome: string,
	 *         transcript: string,
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
	 *             transcripts: list<array{
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function get_artifact( array $input ): mixed {}

	/**
	 * Reads one artifact bundle and says whether it verifies, with every rule that it breaks.
	 *
	 * Ability: wp-codebox/inspect-artifact.
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function inspect_artifact( array $input ): mixed {}

	/**
	 * Removes one artifact bundle from the store, whole or damaged.
	 *
	 * Ability: wp-codebox/discard-artifact.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     artifacts_path?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     artifact_id: string,
	 *     discarded: bool,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function discard_artifact( array $input ): mixed {}

	/**
	 * Verifies one artifact bundle, or all of a store and its audit logs.
	 *
	 * Ability: wp-codebox/verify-artifacts.
	 *
	 * @param array{
	 *     artifact_id?: string,
	 *     artifacts_path?: string,
	 *     limit?: int,
	 *     cursor?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     root: string,
	 *     valid: bool,
	 *     checked: int,
	 *     total: int,
	 *     bundles: list<array{
	 *         artifact_id: string,
	 *         directory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted: int,
	 *     }>,
	 *     audits: list<array{
	 *         path: string,
	 *         records: int,
	 *         valid: bool,
	 *         problems: list<array{
	 *             line: int,
	 *             message: string,
	 *         }>,
	 *         unlisted: int,
	 *         head?: string|null,
	 *     }>,
	 *     next_cursor?: string|null,
	 *     error?: array{
	 *         code: string,
	 *         message: string,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function verify_artifacts( ?array $input = null ): mixed {}

	/**
	 * Removes artifact bundles that are too old, too many or too large, and what interrupted
	 * operations have left.
	 *
	 * Ability: wp-codebox/prune-artifacts.
	 *
	 * @param array{
	 *     artifacts_path?: string,
	 *     max_age_seconds?: int,
	 *     max_count?: int,
	 *     max_bytes?: int,
	 *     keep?: list<string>,
	 *     dry_run?: bool,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     dry_run: bool,
	 *     removed: list<array{
	 *         artifact_id: string,
	 *         bytes: int,
	 *         reason: 'age'|'count'|'size',
	 *     }>,
	 *     kept: int,
	 *     freed_bytes: int,
	 *     leftovers_removed: int,
	 *     left?: list<array{
	 *         directory: string,
	 *         reason: 'not_a_bundle'|'failed',
	 *         message?: string|null,
	 *     }>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function prune_artifacts( array $input ): mixed {}

	/**
	 * Verifies an artifact bundle, a directory or a zip archive, and copies it into the store.
	 * The second time the same bundle is existing.
	 *
	 * Ability: wp-codebox/import-artifact-bundle.
	 *
	 * @param array{
	 *     artifacts_path?: string,
	 *     source_bundle_path?: string,
	 *     source_manifest_path?: string,
	 *     artifact_ref?: array<string, mixed>,
	 *     artifact_result?: array<string, mixed>,
	 *     artifact_id?: string,
	 *     expected_artifact_id?: string,
	 *     expected_content_digest?: string,
	 *     replace?: bool,
	 *     metadata?: array<string, mixed>,
	 *     evidence_refs?: list<mixed>,
	 *     authorization?: array{
	 *         schema?: string,
	 *         caller?: string,
	 *         scope?: string,
	 *     },
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     operation: string,
	 *     operation_schema: string,
	 *     status: 'created'|'existing'|'updated',
	 *     artifactBundle: array{
	 *         kind: string,
	 *         id: string,
	 *         path: string,
	 *         digest?: mixed,
	 *     },
	 *     artifactRefs: list<array{
	 *         kind: string,
	 *         id: string,
	 *         path: string,
	 *         digest?: mixed,
	 *     }>,
	 *     evidenceRefs: list<mixed>,
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 *     result: mixed,
	 *     metadata?: mixed,
	 *     diagnostics: list<mixed>,
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function import_artifact( array $input ): mixed {}

	/**
	 * Imports the bundle that an earlier reference or result names.
	 *
	 * Ability: wp-codebox/reimport-artifact-bundle.
	 *
	 * @param array{
	 *     artifacts_path?: string,
	 *     source_bundle_path?: string,
	 *     source_manifest_path?: string,
	 *     artifact_ref?: array<string, mixed>,
	 *     artifact_result?: array<string, mixed>,
	 *     artifact_id?: string,
	 *     expected_artifact_id?: string,
	 *     expected_content_digest?: string,
	 *     replace?: bool,
	 *     metadata?: array<string, mixed>,
	 *     evidence_refs?: list<mixed>,
	 *     authorization?: array{
	 *         schema?: string,
	 *         caller?: string,
	 *         scope?: string,
	 *     },
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     operation: string,
	 *     operation_schema: string,
	 *     status: 'created'|'existing'|'updated',
	 *     artifactBundle: array{
	 *         kind: string,
	 *         id: string,
	 *         path: string,
	 *         digest?: mixed,
	 *     },
	 *     artifactRefs: list<array{
	 *         kind: string,
	 *         id: string,
	 *         path: string,
	 *         digest?: mixed,
	 *     }>,
	 *     evidenceRefs: list<mixed>,
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 *     result: mixed,
	 *     metadata?: mixed,
	 *     diagnostics: list<mixed>,
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function reimport_artifact( array $input ): mixed {}

	/**
	 * Checks files that a browser has made and returns their one form with its digest. Nothing
	 * is kept.
	 *
	 * Ability: wp-codebox/normalize-browser-artifact-bundle.
	 *
	 * @param array{
	 *     schema_id: string,
	 *     entrypoint: string,
	 *     files: list<array{
	 *         path: string,
	 *         content?: string,
	 *         content_base64?: string,
	 *         encoding?: 'utf-8'|'base64',
	 *         mime_type?: string,
	 *         kind?: string,
	 *         roles?: list<string>,
	 *         metadata?: array<string, mixed>,
	 *         provenance?: array<string, mixed>,
	 *         description?: string,
	 *     }>,
	 *     root?: string,
	 *     roles?: mixed,
	 *     provenance?: array<string, mixed>,
	 *     metadata?: array<string, mixed>,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     caller_schema: string,
	 *     root: string,
	 *     entrypoint: string,
	 *     files: list<array{
	 *         path: string,
	 *         encoding: 'utf-8'|'base64',
	 *         mime_type: string,
	 *         size: int,
	 *         sha256?: string|null,
	 *         kind: string,
	 *         roles?: list<string>,
	 *         redacted?: bool,
	 *         omitted?: 'directory'|'permissions-only'|'git-internal'|'file-too-large'|'patch-full'|'secret'|'unreadable',
	 *         content?: string|null,
	 *         content_base64?: string|null,
	 *     }>,
	 *     roles: mixed,
	 *     provenance: mixed,
	 *     metadata: mixed,
	 *     content_digest: string,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function normalize_artifact_bundle( array $input ): mixed {}

	/**
	 * Keeps files that a browser has made as an artifact bundle. The second time the same files
	 * are existing.
	 *
	 * Ability: wp-codebox/persist-browser-artifact.
	 *
	 * @param array{
	 *     files: list<array{
	 *         path: string,
	 *         content?: string,
	 *         content_base64?: string,
	 *         encoding?: 'utf-8'|'base64',
	 *         mime_type?: string,
	 *         kind?: string,
	 *         roles?: list<string>,
	 *         metadata?: array<string, mixed>,
	 *         provenance?: array<string, mixed>,
	 *         description?: string,
	 *     }>,
	 *     artifacts_path?: string,
	 *     authorization?: array{
	 *         schema?: string,
	 *         caller?: string,
	 *         scope?: string,
	 *     },
	 *     session_id?: string,
	 *     session?: array<string, mixed>,
	 *     provenance?: array<string, mixed>,
	 *     caller?: array<string, mixed>,
	 *     caller_schema?: string,
	 *     caller_schema_id?: string,
	 *     caller_kind?: string,
	 *     caller_metadata?: array<string, mixed>,
	 *     materialization?: array<string, mixed>,
	 *     review_hints?: mixed,
	 *     apply_target?: array<string, mixed>,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     status: 'created'|'existing',
	 *     artifact_id: string,
	 *     content_digest: string,
	 *     directory: string,
	 *     artifact_ref: array{
	 *         schema: string,
	 *         artifact_id: string,
	 *         content_digest: string,
	 *         artifacts_path: string,
	 *         status: 'created'|'existing',
	 *         session_id?: string|null,
	 *         grant?: array{
	 *             schema: string,
	 *             scope: string,
	 *             session_id: string,
	 *             authorization?: mixed,
	 *             artifacts_path: string,
	 *         }|null,
	 *     },
	 *     persisted_bundle: array{
	 *         schema: string,
	 *         artifact_id: string,
	 *         content_digest: string,
	 *         directory: string,
	 *         status: 'created'|'existing',
	 *         root: string,
	 *         entrypoint: string,
	 *         files: list<array{
	 *             path: string,
	 *             artifact_path?: string|null,
	 *             status: string,
	 *             encoding: 'utf-8'|'base64',
	 *             mime_type: string,
	 *             size: int,
	 *             sha256?: string|null,
	 *             redacted?: bool,
	 *             omitted?: 'directory'|'permissions-only'|'git-internal'|'file-too-large'|'patch-full'|'secret'|'unreadable',
	 *             kind: string,
	 *             roles?: list<string>,
	 *             metadata?: array<string, mixed>|null,
	 *             provenance?: array<string, mixed>|null,
	 *             description?: string|null,
	 *         }>,
	 *         provenance: mixed,
	 *         caller: array<string, mixed>,
	 *     },
	 *     grant?: array{
	 *         schema: string,
	 *         scope: string,
	 *         session_id: string,
	 *         authorization?: mixed,
	 *         artifacts_path: string,
	 *     }|null,
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 *     authorization?: mixed,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function persist_artifact( array $input ): mixed {}

	/**
	 * Records a decision about an artifact bundle. An approval is applied.
	 *
	 * Ability: wp-codebox/review-artifact.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     approved_files?: list<string>|string,
	 *     artifacts_path?: string,
	 *     approver?: string|array<string, mixed>,
	 *     apply_target?: array<string, mixed>,
	 *     manifest_sha256?: string,
	 *     action?: 'approve'|'reject'|'request-changes',
	 *     decision?: 'approve'|'reject'|'request-changes',
	 *     reason?: string,
	 *     decided_at?: string,
	 *     context?: array<string, mixed>,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     artifact_id: string,
	 *     action: 'approve'|'reject'|'request-changes',
	 *     approved_files: list<string>,
	 *     content_digest: string,
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 *     decision: array<string, mixed>,
	 *     message: array<string, mixed>,
	 *     result: array<string, mixed>,
	 *     audit: array{
	 *         path: string,
	 *         sequence: int,
	 *         hash: string,
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function review_artifact( array $input ): mixed {}

	/**
	 * Verifies a bundle, holds the approval of all of its files against it and against the files
	 * it was made from, and returns what an adapter would get.
	 *
	 * Ability: wp-codebox/apply-artifact-preflight.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     approved_files: list<string>|string,
	 *     artifacts_path?: string,
	 *     approver?: string|array<string, mixed>,
	 *     apply_target?: array<string, mixed>,
	 *     manifest_sha256?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     artifact_id: string,
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
	 *         agent_task_result?: mixed,
	 *         completion_outcome?: mixed,
	 *     },
	 *     approved_files: list<string>,
	 *     changed_files: list<string>,
	 *     patch_sha256: string,
	 *     content_digest: string,
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 *     base: array{
	 *         status: 'current'|'unknown',
	 *         checked: int,
	 *         unchecked?: list<string>,
	 *     },
	 *     payload: array{
	 *         artifact_id: string,
	 *         artifact: array{
	 *             id: string,
	 *             content_digest: string,
	 *             created_at: string,
	 *             directory: string,
	 *             paths: array{
	 *                 manifest: string,
	 *                 metadata: string,
	 *                 changed_files: string,
	 *                 patch: string,
	 *                 test_results: string,
	 *                 review: string,
	 *             },
	 *             has_patch: bool,
	 *             has_changed_files: bool,
	 *             has_test_results: bool,
	 *             has_review: bool,
	 *             manifest?: mixed,
	 *             metadata?: mixed,
	 *             changed_files?: mixed,
	 *             test_results?: mixed,
	 *             review?: mixed,
	 *             agent_task_result?: mixed,
	 *             completion_outcome?: mixed,
	 *         },
	 *         approved_files: list<string>,
	 *         approver: mixed,
	 *         principal: mixed,
	 *         apply_target: array<string, mixed>,
	 *         patch: string,
	 *         patch_sha256: string,
	 *         changed_files: list<array{
	 *             path: string,
	 *             relativePath?: string|null,
	 *             patchPath?: string|null,
	 *             status?: string|null,
	 *             kind?: string|null,
	 *             mountIndex?: int|null,
	 *             mountTarget?: string|null,
	 *             renamedFrom?: string|null,
	 *             beforeSha256?: string|null,
	 *             afterSha256?: string|null,
	 *             beforeMode?: string|null,
	 *             afterMode?: string|null,
	 *             size?: int|null,
	 *             beforeLines?: int|null,
	 *             replacedLines?: int|null,
	 *             addedLines?: int|null,
	 *             binary?: bool,
	 *             redacted?: bool,
	 *             truncated?: bool,
	 *             omitted?: string|null,
	 *             pathEncoding?: string|null,
	 *         }>,
	 *         artifact_content_digest: string,
	 *         artifact_verification: array{
	 *             schema: string,
	 *             bundleDirectory: string,
	 *             valid: bool,
	 *             violations: list<array{
	 *                 code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *                 path: string,
	 *                 message: string,
	 *                 file?: string|null,
	 *             }>,
	 *             unlisted?: int,
	 *             idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *             manifest?: mixed,
	 *         },
	 *     },
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function preflight_artifact_apply( array $input ): mixed {}

	/**
	 * Asks the host's approval queue to apply files of a bundle; without one, keeps a pending
	 * apply in WordPress until somebody accepts or rejects it.
	 *
	 * Ability: wp-codebox/stage-artifact-apply.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     approved_files: list<string>|string,
	 *     artifacts_path?: string,
	 *     approver?: string|array<string, mixed>,
	 *     apply_target?: array<string, mixed>,
	 *     manifest_sha256?: string,
	 *     summary?: string,
	 *     agent_id?: int,
	 *     user_id?: int,
	 *     context?: array<string, mixed>,
	 * } $input
	 * @return mixed|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function stage_artifact_apply( array $input ): mixed {}

	/**
	 * Verifies a bundle and hands the patch of exactly the approved files to the host's apply
	 * adapter, or to the built-in one if it is configured.
	 *
	 * Ability: wp-codebox/apply-approved-artifact.
	 *
	 * @param array{
	 *     artifact_id: string,
	 *     approved_files: list<string>|string,
	 *     artifacts_path?: string,
	 *     approver?: string|array<string, mixed>,
	 *     apply_target?: array<string, mixed>,
	 *     manifest_sha256?: string,
	 *     dry_run?: bool,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     artifact_id: string,
	 *     approved_files: list<string>,
	 *     patch_sha256: string,
	 *     content_digest: string,
	 *     verification: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     },
	 *     base: array{
	 *         status: 'current'|'unknown',
	 *         checked: int,
	 *         unchecked?: list<string>,
	 *     },
	 *     dry_run: bool,
	 *     result: array{
	 *         schema: string,
	 *         adapter: string,
	 *         status: string,
	 *         target: array<string, mixed>,
	 *         applied_files: list<string>,
	 *         audit_reference: string,
	 *         commit?: string|null,
	 *         commit_url?: string|null,
	 *         pr_url?: string|null,
	 *         branch?: string|null,
	 *     },
	 *     audit?: array{
	 *         path: string,
	 *         sequence: int,
	 *         hash: string,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function apply_approved_artifact( array $input ): mixed {}

	/**
	 * Lists what was staged and is kept in WordPress, newest first.
	 *
	 * Ability: wp-codebox/list-pending-applies.
	 *
	 * @param array{
	 *     state?: 'pending'|'applied'|'rejected'|'applying'|'failed',
	 *     limit?: int,
	 *     offset?: int,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     pending: list<array{
	 *         success: bool,
	 *         schema: string,
	 *         pending_id: string,
	 *         state: 'pending'|'applied'|'rejected'|'applying'|'failed',
	 *         artifact_id: string,
	 *         kind: string,
	 *         summary: string,
	 *         apply_input: array<string, mixed>,
	 *         content_digest: string,
	 *         patch_sha256: string,
	 *         preview_data: array<string, mixed>,
	 *         agent_id: int|null,
	 *         user_id: int|null,
	 *         context: array<string, mixed>|null,
	 *         staged_by: mixed,
	 *         staged_at: string,
	 *         decision?: array{
	 *             decision: 'accepted'|'rejected',
	 *             decided_by: mixed,
	 *             decided_at: string,
	 *             reason?: string|null,
	 *         }|null,
	 *         result?: mixed,
	 *         error?: mixed,
	 *     }>,
	 *     next_offset?: int|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function list_pending_applies( ?array $input = null ): mixed {}

	/**
	 * Applies what was staged, if nothing of it has changed since.
	 *
	 * Ability: wp-codebox/accept-pending-apply.
	 *
	 * @param array{
	 *     pending_id: string,
	 *     reason?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     pending_id: string,
	 *     state: 'pending'|'applied'|'rejected'|'applying'|'failed',
	 *     decision: array{
	 *         decision: 'accepted'|'rejected',
	 *         decided_by: mixed,
	 *         decided_at: string,
	 *         reason?: string|null,
	 *     },
	 *     apply?: array{
	 *         success: bool,
	 *         schema: string,
	 *         artifact_id: string,
	 *         approved_files: list<string>,
	 *         patch_sha256: string,
	 *         content_digest: string,
	 *         verification: array{
	 *             schema: string,
	 *             bundleDirectory: string,
	 *             valid: bool,
	 *             violations: list<array{
	 *                 code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *                 path: string,
	 *                 message: string,
	 *                 file?: string|null,
	 *             }>,
	 *             unlisted?: int,
	 *             idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *             manifest?: mixed,
	 *         },
	 *         base: array{
	 *             status: 'current'|'unknown',
	 *             checked: int,
	 *             unchecked?: list<string>,
	 *         },
	 *         dry_run: bool,
	 *         result: array{
	 *             schema: string,
	 *             adapter: string,
	 *             status: string,
	 *             target: array<string, mixed>,
	 *             applied_files: list<string>,
	 *             audit_reference: string,
	 *             commit?: string|null,
	 *             commit_url?: string|null,
	 *             pr_url?: string|null,
	 *             branch?: string|null,
	 *         },
	 *         audit?: array{
	 *             path: string,
	 *             sequence: int,
	 *             hash: string,
	 *         }|null,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function accept_pending_apply( array $input ): mixed {}

	/**
	 * Ends a pending apply. Its bundle stays as it is.
	 *
	 * Ability: wp-codebox/reject-pending-apply.
	 *
	 * @param array{
	 *     pending_id: string,
	 *     reason?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     pending_id: string,
	 *     state: 'pending'|'applied'|'rejected'|'applying'|'failed',
	 *     decision: array{
	 *         decision: 'accepted'|'rejected',
	 *         decided_by: mixed,
	 *         decided_at: string,
	 *         reason?: string|null,
	 *     },
	 *     apply?: array{
	 *         success: bool,
	 *         schema: string,
	 *         artifact_id: string,
	 *         approved_files: list<string>,
	 *         patch_sha256: string,
	 *         content_digest: string,
	 *         verification: array{
	 *             schema: string,
	 *             bundleDirectory: string,
	 *             valid: bool,
	 *             violations: list<array{
	 *                 code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *                 path: string,
	 *                 message: string,
	 *                 file?: string|null,
	 *             }>,
	 *             unlisted?: int,
	 *             idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *             manifest?: mixed,
	 *         },
	 *         base: array{
	 *             status: 'current'|'unknown',
	 *             checked: int,
	 *             unchecked?: list<string>,
	 *         },
	 *         dry_run: bool,
	 *         result: array{
	 *             schema: string,
	 *             adapter: string,
	 *             status: string,
	 *             target: array<string, mixed>,
	 *             applied_files: list<string>,
	 *             audit_reference: string,
	 *             commit?: string|null,
	 *             commit_url?: string|null,
	 *             pr_url?: string|null,
	 *             branch?: string|null,
	 *         },
	 *         audit?: array{
	 *             path: string,
	 *             sequence: int,
	 *             hash: string,
	 *         }|null,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function reject_pending_apply( array $input ): mixed {}

	/**
	 * Runs a recipe in a disposable WordPress and returns what became of each step with a
	 * reviewable artifact bundle. Nothing of the parent site is changed.
	 *
	 * Ability: wp-codebox/run-recipe.
	 *
	 * @param array{
	 *     recipe: array<string, mixed>|string,
	 *     base_path?: string,
	 *     policy?: array<string, mixed>|string,
	 *     artifacts_path?: string,
	 *     timeout_seconds?: int,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     status: 'completed'|'failed'|'timed_out'|'cancelled',
	 *     exitCode: int,
	 *     recipePath?: string|null,
	 *     runtime: array{
	 *         id: string,
	 *         backend: string,
	 *         createdAt: string,
	 *         status: string,
	 *         phpVersion: string,
	 *         wordpressVersion: string,
	 *     },
	 *     executions: list<array{
	 *         id: string,
	 *         runtimeId?: string|null,
	 *         command: string,
	 *         args: list<string>,
	 *         exitCode: int,
	 *         stdout: string,
	 *         stderr: string,
	 *         result?: mixed,
	 *         diagnostics?: mixed,
	 *         artifactRefs?: list<mixed>,
	 *         startedAt: string,
	 *         finishedAt: string,
	 *         recipePhase: 'blueprint'|'plugin'|'setup'|'health'|'import'|'before'|'steps'|'after'|'probe',
	 *         recipeStepIndex: int,
	 *         recipeCommand: string,
	 *         recipeStepMetadata?: mixed,
	 *         recipeAdvisory?: bool,
	 *         fromImage?: bool,
	 *     }>,
	 *     steps: list<array{
	 *         recipePhase: 'blueprint'|'plugin'|'setup'|'health'|'import'|'before'|'steps'|'after'|'probe',
	 *         recipeStepIndex: int,
	 *         recipeCommand: string,
	 *         status: string,
	 *         commandId?: string|null,
	 *         durationMs?: float|int|null,
	 *         fromImage?: bool,
	 *         error?: array{
	 *             code: string,
	 *             message: string,
	 *             data?: mixed,
	 *         }|null,
	 *     }>,
	 *     preparedExtraPlugins: list<array{
	 *         schema: string,
	 *         slug: string,
	 *         source: string,
	 *         sourceKind: string,
	 *         sha256?: string|null,
	 *         target: string,
	 *         pluginFile?: string|null,
	 *         loadAs: 'plugin'|'mu-plugin',
	 *         activate: bool,
	 *     }>,
	 *     stagedFiles: list<array{
	 *         source: string,
	 *         target: string,
	 *         type: string,
	 *     }>,
	 *     fixtureDatabases: list<array{
	 *         schema: string,
	 *         name: string,
	 *         version: string,
	 *         identity: array{
	 *             sourceSha256: string,
	 *         },
	 *         counts: array{
	 *             statements: int,
	 *             rows: int,
	 *             skipped: int,
	 *             truncated: int,
	 *         },
	 *     }>,
	 *     siteSeeds: list<array{
	 *         schema: string,
	 *         name: string,
	 *         sourceSha256: string,
	 *         scopes: list<string>,
	 *         counts: array{
	 *             users: int,
	 *             terms: int,
	 *             posts: int,
	 *             media: int,
	 *             options: int,
	 *             activePlugins: int,
	 *             activeTheme: int,
	 *         },
	 *     }>,
	 *     probes: list<array{
	 *         schema: string,
	 *         name: string,
	 *         status: string,
	 *         allowFailure: bool,
	 *         parsedJson?: mixed,
	 *         error?: array{
	 *             code: string,
	 *             message: string,
	 *             data?: mixed,
	 *         }|null,
	 *         metadata?: mixed,
	 *     }>,
	 *     declaredArtifacts: list<array{
	 *         schema: string,
	 *         name: string,
	 *         type?: string|null,
	 *         path: string,
	 *         required: bool,
	 *         status: 'collected'|'missing'|'oversized'|'failed',
	 *         artifactPath?: string|null,
	 *         size?: int|null,
	 *         sha256?: string|null,
	 *         contentType?: string|null,
	 *         parsedJson?: mixed,
	 *         error?: string|null,
	 *         metadata?: array<string, mixed>,
	 *     }>,
	 *     stepFailures: list<array{
	 *         schema: string,
	 *         phase: 'blueprint'|'plugin'|'setup'|'health'|'import'|'before'|'steps'|'after'|'probe',
	 *         index: int,
	 *         command: string,
	 *         startedAt: string,
	 *         finishedAt: string,
	 *         durationMs: float|int,
	 *         classification: string,
	 *         timeoutMs?: int|null,
	 *         error: array{
	 *             code: string,
	 *             message: string,
	 *             data?: mixed,
	 *         },
	 *     }>,
	 *     advisoryFailures: list<array{
	 *         schema: string,
	 *         phase: 'blueprint'|'plugin'|'setup'|'health'|'import'|'before'|'steps'|'after'|'probe',
	 *         index: int,
	 *         command: string,
	 *         startedAt: string,
	 *         finishedAt: string,
	 *         durationMs: float|int,
	 *         classification: string,
	 *         timeoutMs?: int|null,
	 *         error: array{
	 *             code: string,
	 *             message: string,
	 *             data?: mixed,
	 *         },
	 *     }>,
	 *     phaseEvidence: list<array{
	 *         name: 'run_blueprint_steps'|'run_workloads'|'run_probes'|'collect_artifacts'|'runtime_startup'|'mount_plugins'|'activate_plugins'|'import_fixture_databases',
	 *         status: 'completed'|'failed',
	 *         startedAt: string,
	 *         endedAt: string,
	 *         durationMs: float|int,
	 *         data?: mixed,
	 *         error?: array{
	 *             code: string,
	 *             message: string,
	 *         }|null,
	 *     }>,
	 *     diagnostics: list<array{
	 *         schema: string,
	 *         severity: 'error'|'warning'|'notice'|'info',
	 *         phase: string,
	 *         name: string,
	 *         command: string,
	 *         exitCode?: int|null,
	 *         message: string,
	 *         executionIndex?: int|null,
	 *     }>,
	 *     workspacePolicy?: array{
	 *         schema: string,
	 *         valid: bool,
	 *         strict: bool,
	 *         writableRoots: list<string>,
	 *         hiddenPaths: list<string>,
	 *         violations: list<array{
	 *             code: string,
	 *             workspace: string,
	 *             path: string,
	 *         }>,
	 *         unlisted?: int,
	 *     }|null,
	 *     provenance: array{
	 *         schema: string,
	 *         packages: list<mixed>,
	 *         recipe: array{
	 *             path?: string|null,
	 *             sha256: string,
	 *         },
	 *     },
	 *     verification?: array{
	 *         schema: string,
	 *         bundleDirectory: string,
	 *         valid: bool,
	 *         violations: list<array{
	 *             code: 'missing-manifest'|'malformed-manifest'|'invalid-manifest-shape'|'invalid-path'|'missing-file'|'orphaned-file'|'digest-mismatch'|'missing-file-hash'|'file-hash-mismatch'|'bundle-id-mismatch'|'malformed-reference'|'review-evidence-mismatch'|'unsafe-file'|'hardlink'|'payload-schema-violation',
	 *             path: string,
	 *             message: string,
	 *             file?: string|null,
	 *         }>,
	 *         unlisted?: int,
	 *         idCovers: 'nothing'|'file-list'|'changes'|'everything',
	 *         manifest?: mixed,
	 *     }|null,
	 *     artifacts: array{
	 *         id: string,
	 *         root: string,
	 *         directory: string,
	 *         contentDigest: string,
	 *         manifest: string,
	 *         metadata: string,
	 *         changedFiles: string,
	 *         patch: string,
	 *         testResults: string,
	 *         review: string,
	 *     },
	 *     error?: array{
	 *         name: string,
	 *         code: string,
	 *         message: string,
	 *         phase?: 'run_blueprint_steps'|'run_workloads'|'run_probes'|'collect_artifacts'|'runtime_startup'|'mount_plugins'|'activate_plugins'|'import_fixture_databases',
	 *         step?: string|null,
	 *         cause?: array{
	 *             code: string,
	 *             message: string,
	 *             data?: mixed,
	 *         }|null,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function run_recipe( array $input ): mixed {}

	/**
	 * Finds everything that is wrong with a recipe, without running anything.
	 *
	 * Ability: wp-codebox/validate-recipe.
	 *
	 * @param array{
	 *     recipe: array<string, mixed>|string,
	 *     base_path?: string,
	 *     policy?: array<string, mixed>|string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     recipePath?: string|null,
	 *     valid: bool,
	 *     issues: list<array{
	 *         code: string,
	 *         path: string,
	 *         message: string,
	 *     }>,
	 *     summary: array{
	 *         steps: int,
	 *         mounts: int,
	 *         workspaces: int,
	 *         extraPlugins: int,
	 *         stagedFiles: int,
	 *     },
	 *     error?: array{
	 *         code: string,
	 *         message: string,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function validate_recipe( array $input ): mixed {}

	/**
	 * Says what a run of a recipe would do, without running anything.
	 *
	 * Ability: wp-codebox/plan-recipe.
	 *
	 * @param array{
	 *     recipe: array<string, mixed>|string,
	 *     base_path?: string,
	 *     policy?: array<string, mixed>|string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     recipePath?: string|null,
	 *     issues: list<array{
	 *         code: string,
	 *         path: string,
	 *         message: string,
	 *     }>,
	 *     plan?: array{
	 *         policy: array{
	 *             network: 'allow'|'deny'|array{
	 *                 allowHosts: list<string>,
	 *             },
	 *             filesystem: 'sandbox'|'readonly-mounts'|'readwrite-mounts',
	 *             commands: list<string>,
	 *             secrets: 'none'|'connector-scoped',
	 *             approvals: 'never'|'on-write'|'on-command',
	 *         },
	 *         mounts: list<array{
	 *             type: string,
	 *             source: string,
	 *             target: string,
	 *             mode: 'readonly'|'readwrite',
	 *             captureArtifacts: bool,
	 *         }>,
	 *         workspaces: list<array{
	 *             target: string,
	 *             mode: 'readonly'|'readwrite',
	 *             seed: 'plugin_scaffold'|'theme_scaffold'|'directory',
	 *             source?: string|null,
	 *             slug?: string|null,
	 *         }>,
	 *         extra_plugins: list<array{
	 *             source: string,
	 *             slug: string,
	 *             target: string,
	 *             pluginFile?: string|null,
	 *             loadAs: 'plugin'|'mu-plugin',
	 *             activate: bool,
	 *         }>,
	 *         siteSeeds: list<array{
	 *             name: string,
	 *             source: string,
	 *             scopes: list<string>,
	 *         }>,
	 *         stagedFiles: list<array{
	 *             source: string,
	 *             target: string,
	 *         }>,
	 *         workflow: array{
	 *             before: list<array{
	 *                 command: string,
	 *                 args?: list<string>,
	 *                 timeoutMs?: int|null,
	 *                 diagnostics?: array{
	 *                     capture: list<'wpdb-queries'>,
	 *                     maxItems?: int|null,
	 *                     maxBytes?: int|null,
	 *                 }|null,
	 *                 metadata?: array<string, mixed>,
	 *                 allowFailure: bool,
	 *                 advisory: bool,
	 *             }>,
	 *             steps: list<array{
	 *                 command: string,
	 *                 args?: list<string>,
	 *                 timeoutMs?: int|null,
	 *                 diagnostics?: array{
	 *                     capture: list<'wpdb-queries'>,
	 *                     maxItems?: int|null,
	 *                     maxBytes?: int|null,
	 *                 }|null,
	 *                 metadata?: array<string, mixed>,
	 *                 allowFailure: bool,
	 *                 advisory: bool,
	 *             }>,
	 *             after: list<array{
	 *                 command: string,
	 *                 args?: list<string>,
	 *                 timeoutMs?: int|null,
	 *                 diagnostics?: array{
	 *                     capture: list<'wpdb-queries'>,
	 *                     maxItems?: int|null,
	 *                     maxBytes?: int|null,
	 *                 }|null,
	 *                 metadata?: array<string, mixed>,
	 *                 allowFailure: bool,
	 *                 advisory: bool,
	 *             }>,
	 *         },
	 *     }|null,
	 *     error?: array{
	 *         code: string,
	 *         message: string,
	 *     }|null,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function plan_recipe( array $input ): mixed {}

	/**
	 * Gives the JSON Schema of recipes.
	 *
	 * Ability: wp-codebox/recipe-schema.
	 *
	 * @param array{} $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     id: string,
	 *     jsonSchema: mixed,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function recipe_schema( ?array $input = null ): mixed {}

	/**
	 * Lists the commands that a sandbox carries out: arguments, what comes back, and what the
	 * policy has to allow.
	 *
	 * Ability: wp-codebox/list-commands.
	 *
	 * @param array{
	 *     id?: string,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     commands: list<array{
	 *         id: string,
	 *         description: string,
	 *         acceptedArgs: list<array{
	 *             name: string,
	 *             description: string,
	 *             required?: bool,
	 *             repeatable?: bool,
	 *             format?: string|null,
	 *         }>,
	 *         outputShape: string,
	 *         outputSchema?: array{
	 *             id: string,
	 *             jsonSchema: mixed,
	 *         }|null,
	 *         policyRequirement: string,
	 *         requiresPolicyCommands?: list<string>,
	 *         recipe: bool,
	 *         handler: 'guest'|'host'|'alias',
	 *     }>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function list_commands( ?array $input = null ): mixed {}

	/**
	 * Lists the frozen WordPresses that sandboxes are forked from.
	 *
	 * Ability: wp-codebox/list-warm-images.
	 *
	 * @param array{} $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     cache: string,
	 *     images: list<array{
	 *         key: string,
	 *         path: string,
	 *         kind: string,
	 *         php_version: string,
	 *         wordpress: string,
	 *         pack: string,
	 *         components: list<string>,
	 *         created_at: string,
	 *         idle_seconds: int,
	 *         bytes: int,
	 *     }>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function list_warm_images( ?array $input = null ): mixed {}

	/**
	 * Makes the image for a sandbox ahead of time, so that the first one starts at once.
	 *
	 * Ability: wp-codebox/build-warm-image.
	 *
	 * @param array{
	 *     mounts?: list<array{
	 *         source: string,
	 *         target: string,
	 *         mode?: 'readonly'|'readwrite',
	 *         capture_artifacts?: bool,
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
	 *     host_tools?: list<array{
	 *         name: string,
	 *         description?: string,
	 *         input_schema: array<string, mixed>,
	 *         output_schema?: array<string, mixed>,
	 *         writes?: bool,
	 *     }>,
	 *     secret_env?: list<string>,
	 *     runtime_policy?: array{
	 *         network?: 'allow'|'deny'|array{
	 *             allowHosts: list<string>,
	 *         },
	 *         filesystem?: 'sandbox'|'readonly-mounts'|'readwrite-mounts',
	 *         commands?: list<string>,
	 *         secrets?: 'none'|'connector-scoped',
	 *         approvals?: 'never'|'on-write'|'on-command',
	 *     },
	 *     wp?: string,
	 *     timeout_seconds?: int,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     cache: string,
	 *     images: list<array{
	 *         key: string,
	 *         path: string,
	 *         kind: string,
	 *         php_version: string,
	 *         wordpress: string,
	 *         pack: string,
	 *         components: list<string>,
	 *         created_at: string,
	 *         idle_seconds: int,
	 *         bytes: int,
	 *     }>,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function build_warm_image( ?array $input = null ): mixed {}

	/**
	 * Removes images that are too long unused, too many or too large. They are made again when
	 * they are needed.
	 *
	 * Ability: wp-codebox/prune-warm-images.
	 *
	 * @param array{
	 *     max_idle_seconds?: int,
	 *     max_count?: int,
	 *     max_bytes?: int,
	 *     dry_run?: bool,
	 * } $input
	 * @return array{
	 *     success: bool,
	 *     schema: string,
	 *     dry_run: bool,
	 *     removed: list<array{
	 *         key: string,
	 *         path: string,
	 *         kind: string,
	 *         php_version: string,
	 *         wordpress: string,
	 *         pack: string,
	 *         components: list<string>,
	 *         created_at: string,
	 *         idle_seconds: int,
	 *         bytes: int,
	 *     }>,
	 *     kept: int,
	 *     freed_bytes: int,
	 * }|\WP_Error
	 * @throws \WP_Codebox_Exception Refused, where there is no WP_Error.
	 */
	public static function prune_warm_images( ?array $input = null ): mixed {}

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
	 * Whether the caller that an input names in `authorization` is trusted with a scope.
	 *
	 * @return array{schema: string, caller: string, scope: string, authorized: bool, method: string, reason: string}|\WP_Error
	 */
	public static function authorize( string $scope, mixed $input = null ): mixed {}

	/**
	 * Looks whether everything is there that a run needs.
	 *
	 * @return list<array{id: string, label: string, status: 'ok'|'warning'|'error', message: string, fix: string}>
	 */
	public static function doctor(): mixed {}
}

/**
 * A disposable WordPress. It ends with the object, or when it is destroyed.
 */
final class WP_Codebox_Sandbox {

	/**
	 * What the sandbox is, also when it was destroyed: id, status, environment, mounts, snapshots.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public function info(): mixed {}

	/**
	 * Attaches a host directory or file, as in `mounts`. Returns the mount.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public function mount( array $mount ): mixed {}

	/**
	 * Looks at the sandbox. Types: runtime-info, mounts, files, command-result, wordpress-state, http-response, runtime-events, runtime-logs.
	 *
	 * @return array{schema: string, id: string, type: string, data: mixed, observedAt: string, digest: array{algorithm: string, value: string}}|\WP_Error
	 */
	public function observe( string $type, ?array $options = null ): mixed {}

	/**
	 * Writes a bundle of what the sandbox has done so far. Options: `artifacts_path`, `session_id`.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public function collect_artifacts( ?array $options = null ): mixed {}

	/**
	 * Carries out a command. One that failed is an answer with `error`. Options: `timeout_seconds`; `on_output`, called with 'stdout' or 'stderr' and the bytes.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public function execute( string $command, ?array $args = null, ?array $options = null ): mixed {}

	/**
	 * Ends the command that is running, from its callback, a host tool's or a signal's handler. True if one was.
	 *
	 * @return bool
	 */
	public function cancel(): bool {}

	/**
	 * Carries out each of a list of commands in a fork of its own, several at a time.
	 *
	 * @return list<array<string, mixed>>|\WP_Error
	 */
	public function execute_in_forks( mixed $executions, ?int $threads = null ): mixed {}

	/**
	 * Sets what the sandbox may reach from now on: 'deny', 'allow', or array( 'allowHosts' => array( … ) ).
	 *
	 * @return true|\WP_Error
	 */
	public function set_network( mixed $network ): mixed {}

	/**
	 * Keeps the sandbox as it is now.
	 *
	 * @return array{id: string, createdAt: string, semantics: string}|\WP_Error
	 */
	public function snapshot(): mixed {}

	/**
	 * Returns to a snapshot of this sandbox, also after a command was stopped at its deadline.
	 *
	 * @return array<string, mixed>|\WP_Error
	 */
	public function restore( string $snapshot ): mixed {}

	/**
	 * Sandboxes of their own that begin as this one is now.
	 *
	 * @return list<\WP_Codebox_Sandbox>|\WP_Error
	 */
	public function fork( ?int $count = null ): mixed {}

	/**
	 * Ends the sandbox. Returns its events; an empty list if it had ended before.
	 *
	 * @return list<array<string, mixed>>|\WP_Error
	 */
	public function destroy(): mixed {}
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

	/**
	 * Code, message, data and name; for a violation of the policy that document.
	 *
	 * @return mixed
	 */
	public function jsonSerialize(): mixed {}
}
