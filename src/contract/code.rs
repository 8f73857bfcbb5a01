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
    /// The bundle could not be copied into the store.
    ArtifactImportCopyFailed = "wp_codebox_artifact_import_copy_failed", 500;
    /// The copied bundle could not be given its name.
    ArtifactImportFinalizeFailed = "wp_codebox_artifact_import_finalize_failed", 500;
    /// The archive is damaged or was made to do harm; `reason` says how.
    ZipArchiveInvalid = "wp_codebox_zip_archive_invalid", 400;
    /// A bundle could not be written.
    ArtifactPersistFailed = "wp_codebox_artifact_persist_failed", 500;
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
