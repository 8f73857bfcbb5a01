//! Every stable error code with its HTTP status: the one place where the two meet.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal;)*) => {
        /// A stable error code. `as_str` is what PHP, REST and WP-CLI callers see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The published spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The HTTP status that REST answers with.
            pub fn http_status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }
        }
    };
}

codes! {
    /// The input does not fit the closed schema: unknown field, wrong type, value out of range.
    InputInvalid = "wp_codebox_input_invalid", 400;
    /// A recipe does not fit its schema, or has what is not carried out.
    RecipeInvalid = "wp_codebox_recipe_invalid", 400;
    /// `goal` is absent or blank.
    TaskMissing = "wp_codebox_task_missing", 400;
    /// `code` or `code_file`: raw PHP is not accepted on the product path.
    RawCodeForbidden = "wp_codebox_raw_code_forbidden", 400;
    /// A mount is not an object.
    MountInvalid = "wp_codebox_mount_invalid", 400;
    /// A mount's source is missing, or lies outside the allowed roots.
    MountSourceInvalid = "wp_codebox_mount_source_invalid", 400;
    /// A mount's target is not an absolute, normalised sandbox path, or is taken.
    MountTargetInvalid = "wp_codebox_mount_target_invalid", 400;
    /// A mount's mode is neither `readonly` nor `readwrite`.
    MountModeInvalid = "wp_codebox_mount_mode_invalid", 400;
    /// A component contract names a path that is not a directory.
    ComponentPathMissing = "wp_codebox_component_path_missing", 400;
    /// A component contract cannot be used: no slug, no plugin file, two with one slug.
    ComponentInvalid = "wp_codebox_component_invalid", 400;
    /// `secret_env` names something that cannot be handed to a sandbox as a variable.
    SecretEnvInvalid = "wp_codebox_secret_env_invalid", 400;
    /// The caller may not hand this variable to a sandbox.
    SecretEnvForbidden = "wp_codebox_secret_env_forbidden", 403;
    /// The parent's environment lacks a variable that `secret_env` names.
    SecretEnvMissing = "wp_codebox_secret_env_missing", 400;
    /// The value of a variable cannot be told from ordinary text, so it could not be redacted.
    SecretEnvUnusable = "wp_codebox_secret_env_unusable", 400;
    /// `sandbox_session_id` is not usable as an id.
    SessionIdInvalid = "wp_codebox_session_id_invalid", 400;
    /// The sandbox tool policy does not fit its schema, or contradicts itself.
    ToolPolicyInvalid = "wp_codebox_sandbox_tool_policy_invalid", 400;
    /// A tool in `allowed_tools` is not allowed in the sandbox.
    ToolNotAllowed = "wp_codebox_tool_not_allowed", 403;
    /// No ability of that name is in the table.
    AbilityNotSupported = "wp_codebox_api_ability_not_supported", 400;
    /// The caller may not do this.
    Forbidden = "wp_codebox_forbidden", 403;
    /// No runtime pack is at the configured place.
    RuntimeMissing = "wp_codebox_runtime_missing", 500;
    /// The runtime pack is damaged.
    RuntimeInvalid = "wp_codebox_runtime_invalid", 500;
    /// The runtime pack was built for another CPU or another wasmtime.
    RuntimeIncompatible = "wp_codebox_runtime_incompatible", 500;
    /// The cache directory cannot be used.
    CacheUnwritable = "wp_codebox_cache_unwritable", 500;
    /// WordPress could not be booted in the sandbox.
    BootFailed = "wp_codebox_boot_failed", 500;
    /// The command is not in the runtime policy's `commands`.
    RuntimeCommandDisallowed = "runtime-command-disallowed", 403;
    /// The parent did not approve the command, or nobody was there to ask.
    RuntimeCommandNotApproved = "runtime-command-not-approved", 403;
    /// A tool of the parent's threw, refused, or returned what does not fit.
    HostToolFailed = "wp_codebox_host_tool_failed", 502;
    /// The sandbox has no checkpoint of that name.
    RuntimeCheckpointNotFound = "runtime-checkpoint-not-found", 404;
    /// The sandbox's checkpoints are as many, or hold as much, as they may.
    RuntimeCheckpointsExhausted = "runtime-checkpoints-exhausted", 507;
    /// The sandbox cannot be kept as it is now, or cannot return to what was kept.
    RuntimeCheckpointFailed = "runtime-checkpoint-failed", 500;
    /// The runtime policy does not fit its schema.
    RuntimePolicyInvalid = "runtime-policy-invalid", 400;
    /// The runtime policy's `commands` lacks one that the task needs.
    RuntimePolicyMissingCommand = "runtime-policy-missing-command", 400;
    /// The task asks for what its runtime policy, or the operator, does not allow.
    RuntimePolicyViolation = "runtime-policy-violation", 403;
    /// The process has no room for another sandbox (address space, memory, descriptors).
    ResourcesExhausted = "wp_codebox_resources_exhausted", 503;
    /// The artifacts root is not configured or not a directory.
    ArtifactsRootMissing = "wp_codebox_artifacts_root_missing", 400;
    /// `artifacts_path` lies outside the configured root and the allowed ones.
    ArtifactsRootForbidden = "wp_codebox_artifacts_root_forbidden", 403;
    /// The artifacts root cannot be written.
    ArtifactsRootUnwritable = "wp_codebox_artifacts_root_unwritable", 500;
    /// `artifact_id` is absent.
    ArtifactIdMissing = "wp_codebox_artifact_id_missing", 400;
    /// `artifact_id` is not a plausible bundle id.
    ArtifactIdInvalid = "wp_codebox_artifact_id_invalid", 400;
    /// No bundle of that id is in the store.
    ArtifactNotFound = "wp_codebox_artifact_not_found", 404;
    /// A file of the bundle is missing.
    ArtifactFileMissing = "wp_codebox_artifact_file_missing", 400;
    /// A JSON file of the bundle does not parse.
    ArtifactJsonInvalid = "wp_codebox_artifact_json_invalid", 400;
    /// The bundle's manifest lacks its id or shape.
    ManifestInvalid = "wp_codebox_manifest_invalid", 400;
    /// The bundle lacks `files/changed-files.json`.
    ChangedFilesMissing = "wp_codebox_changed_files_missing", 400;
    /// The bundle lacks `files/patch.diff`, or there is nothing in it.
    PatchMissing = "wp_codebox_patch_missing", 400;
    /// The bundle has no content digest.
    ArtifactDigestMissing = "wp_codebox_artifact_digest_missing", 400;
    /// The bundle's bytes do not match its content digest.
    ArtifactDigestMismatch = "wp_codebox_artifact_digest_mismatch", 400;
    /// The bundle's id does not match its content digest.
    ArtifactIdMismatch = "wp_codebox_artifact_id_mismatch", 400;
    /// The store could not be read: an error of the disk, of permissions, of descriptors.
    ArtifactUnreadable = "wp_codebox_artifact_unreadable", 500;
    /// The bundle breaks a rule of verification; `violations` names each.
    ArtifactVerificationFailed = "wp_codebox_artifact_verification_failed", 400;
    /// The bundle is not beneath the artifacts root.
    ArtifactOutsideRoot = "wp_codebox_artifact_outside_root", 400;
    /// The source of an import is not there.
    ArtifactImportSourceMissing = "wp_codebox_artifact_import_source_missing", 400;
    /// The source of an import lies outside the allowed directories.
    ArtifactImportSourceForbidden = "wp_codebox_artifact_import_source_forbidden", 403;
    /// The source of an import is no bundle, or has in it what no bundle has.
    ArtifactImportSourceInvalid = "wp_codebox_artifact_import_source_invalid", 400;
    /// The imported bundle has another id than expected.
    ArtifactImportIdMismatch = "wp_codebox_artifact_import_id_mismatch", 400;
    /// The imported bundle has another content digest than expected.
    ArtifactImportDigestMismatch = "wp_codebox_artifact_import_digest_mismatch", 400;
    /// The store has another sound bundle of the same id.
    ArtifactImportReplacesAnother = "wp_codebox_artifact_import_replaces_another", 409;
    /// The bundle could not be copied into the store.
    ArtifactImportCopyFailed = "wp_codebox_artifact_import_copy_failed", 500;
    /// The copied bundle could not be given its name.
    ArtifactImportFinalizeFailed = "wp_codebox_artifact_import_finalize_failed", 500;
    /// The archive is damaged or was made to do harm; `reason` says how.
    ZipArchiveInvalid = "wp_codebox_zip_archive_invalid", 400;
    /// A bundle could not be written.
    ArtifactPersistFailed = "wp_codebox_artifact_persist_failed", 500;
    /// A browser artifact names no schema of its caller.
    BrowserArtifactSchemaMissing = "wp_codebox_browser_artifact_schema_missing", 400;
    /// A browser artifact has no files.
    BrowserArtifactFilesMissing = "wp_codebox_browser_artifact_files_missing", 400;
    /// A file of a browser artifact is not an object, or has both kinds of content or none.
    BrowserArtifactFileInvalid = "wp_codebox_browser_artifact_file_invalid", 400;
    /// A file of a browser artifact has a path that no file of a bundle can have.
    BrowserArtifactPathInvalid = "wp_codebox_browser_artifact_path_invalid", 400;
    /// Two files of a browser artifact have one path.
    BrowserArtifactPathDuplicate = "wp_codebox_browser_artifact_path_duplicate", 400;
    /// A file of a browser artifact has an extension that web servers execute.
    BrowserArtifactExtensionBlocked = "wp_codebox_browser_artifact_extension_blocked", 400;
    /// A file's encoding is neither `utf-8` nor `base64`.
    BrowserArtifactEncodingInvalid = "wp_codebox_browser_artifact_encoding_invalid", 400;
    /// A file's content is not base64.
    BrowserArtifactBase64Invalid = "wp_codebox_browser_artifact_base64_invalid", 400;
    /// A file of a browser artifact, or all together, are too large.
    BrowserArtifactFileTooLarge = "wp_codebox_browser_artifact_file_too_large", 400;
    /// The entrypoint of a browser artifact is none of its files.
    BrowserArtifactEntrypointMissing = "wp_codebox_browser_artifact_entrypoint_missing", 400;
    /// No files are approved.
    ApprovedFilesMissing = "wp_codebox_approved_files_missing", 400;
    /// Approved files that the bundle does not list as changed.
    ApprovedFilesInvalid = "wp_codebox_approved_files_invalid", 400;
    /// Changed files that are not approved, where all must be.
    ApprovedFilesIncomplete = "wp_codebox_approved_files_incomplete", 400;
    /// Approved files whose content the bundle does not have: redacted, or cut by a limit.
    ApprovedFilesUnusable = "wp_codebox_approved_files_unusable", 400;
    /// The bundle's list of changed files is no list.
    ChangedFilesInvalid = "wp_codebox_changed_files_invalid", 400;
    /// The approved files have no path that a patch could name.
    ApprovedPatchPathsMissing = "wp_codebox_approved_patch_paths_missing", 400;
    /// Approved files that the patch does not carry.
    ApprovedPatchMissing = "wp_codebox_approved_patch_missing", 400;
    /// Nothing of the patch is left.
    ApprovedPatchEmpty = "wp_codebox_approved_patch_empty", 400;
    /// The patch cannot be read as one, or does what no patch may do.
    PatchUnfilterable = "wp_codebox_patch_unfilterable", 400;
    /// Files are no longer what they were when the sandbox began: nothing is applied.
    ApplyBaseStale = "wp_codebox_apply_base_stale", 409;
    /// Neither a filter nor the built-in adapter applies approved artifacts.
    ApplyAdapterMissing = "wp_codebox_apply_adapter_missing", 501;
    /// The adapter's answer is not a `wp-codebox/apply-result/v1`.
    ApplyResultInvalid = "wp_codebox_apply_result_invalid", 502;
    /// The adapter has applied other files than were approved.
    ApplyResultMismatch = "wp_codebox_apply_result_mismatch", 502;
    /// The adapter refused or failed without a code of its own.
    ApplyAdapterFailed = "wp_codebox_apply_adapter_failed", 502;
    /// No such target of the built-in adapter is configured, or it cannot be used.
    ApplyTargetInvalid = "wp_codebox_apply_target_invalid", 400;
    /// The built-in adapter does not write such a file: a symlink, one beneath a symlink or `.git`.
    ApplyPathRefused = "wp_codebox_apply_path_refused", 400;
    /// The built-in adapter could not write. Everything is as it was.
    ApplyWriteFailed = "wp_codebox_apply_write_failed", 500;
    /// Another apply to the same target is going on.
    ApplyTargetBusy = "wp_codebox_apply_target_busy", 409;
    /// An audit log cannot be written. Nothing is applied that is not recorded.
    AuditUnwritable = "wp_codebox_audit_unwritable", 500;
    /// A review names no action.
    ReviewActionMissing = "wp_codebox_review_action_missing", 400;
    /// A review's action is none that there is.
    ReviewActionInvalid = "wp_codebox_review_action_invalid", 400;
    /// The answer of the filter for review decisions cannot be used.
    ReviewResultInvalid = "wp_codebox_review_result_invalid", 502;
    /// Nothing keeps pending applies: no filter, and no WordPress.
    PendingApplyUnavailable = "wp_codebox_pending_apply_unavailable", 501;
    /// No pending apply has this id.
    PendingApplyNotFound = "wp_codebox_pending_apply_not_found", 404;
    /// The pending apply has been decided already, or is being applied.
    PendingApplyDecided = "wp_codebox_pending_apply_decided", 409;
    /// What would be applied is not what was staged.
    PendingApplyChanged = "wp_codebox_pending_apply_changed", 409;
    /// An error of the parent's own code, which brings its own code.
    HostRefused = "wp_codebox_host_refused", 500;
    /// The run passed its deadline.
    RunTimeout = "wp_codebox_run_timeout", 500;
    /// The run passed its memory limit.
    RunMemoryExhausted = "wp_codebox_run_memory_exhausted", 500;
    /// The task threw, ended in a fatal error, or exited early.
    RunFatal = "wp_codebox_run_fatal", 500;
    /// The task called exit() before it gave a result.
    RunExited = "wp_codebox_run_exited", 500;
    /// The task's ability returned a WP_Error or reported failure.
    RunFailed = "wp_codebox_run_failed", 500;
    /// The sandbox trapped: a stack overflow, an abort, an engine limit.
    RunTrapped = "wp_codebox_run_trapped", 500;
    /// The task's ability is not registered in the sandbox.
    RunAbilityMissing = "wp_codebox_run_ability_missing", 400;
    /// The run was cancelled by the parent.
    RunCancelled = "wp_codebox_run_cancelled", 500;
    /// A setting, an option or a filter of the parent has a value that cannot be used.
    SettingInvalid = "wp_codebox_setting_invalid", 500;
    /// A defect of ours. The message says where.
    Internal = "wp_codebox_internal", 500;
}
