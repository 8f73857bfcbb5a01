//! INI entries. All are empty until somebody sets them; defaults live where the values are used.

use super::zend_unregister_ini_entries;
use ext_php_rs::ffi::{zend_ini_entry, zend_string};
use ext_php_rs::flags::IniEntryPermission;
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};
use std::ffi::{CStr, c_char, c_int, c_void};

pub const RUNTIME_DIR: &CStr = c"wp_codebox.runtime_dir";
pub const CACHE_DIR: &CStr = c"wp_codebox.cache_dir";
pub const ARTIFACTS_DIR: &CStr = c"wp_codebox.artifacts_dir";
pub const ARTIFACT_ROOTS: &CStr = c"wp_codebox.artifact_roots";
pub const MOUNT_ROOTS: &CStr = c"wp_codebox.mount_roots";
pub const APPLY_TARGETS: &CStr = c"wp_codebox.apply_targets";
pub const GIT: &CStr = c"wp_codebox.git";
pub const NETWORK_HOSTS: &CStr = c"wp_codebox.network_hosts";
pub const MEMORY_LIMIT: &CStr = c"wp_codebox.memory_limit";
pub const OUTPUT_LIMIT: &CStr = c"wp_codebox.output_limit";
pub const DISK_LIMIT: &CStr = c"wp_codebox.disk_limit";
pub const FILES_LIMIT: &CStr = c"wp_codebox.files_limit";
pub const FILE_SIZE_LIMIT: &CStr = c"wp_codebox.file_size_limit";
pub const OPEN_FILES_LIMIT: &CStr = c"wp_codebox.open_files_limit";
pub const NETWORK_CONNECTIONS_LIMIT: &CStr = c"wp_codebox.network_connections_limit";
pub const NETWORK_BYTES_LIMIT: &CStr = c"wp_codebox.network_bytes_limit";
pub const TIMEOUT: &CStr = c"wp_codebox.timeout";
pub const MAX_TIMEOUT: &CStr = c"wp_codebox.max_timeout";

/// Directories, hosts and the upper bound are the administrator's; a script may choose its own limits.
static ENTRIES: IniEntryDefs<19> = IniEntryDefs::new([
    entry(RUNTIME_DIR, c"", IniEntryPermission::System),
    entry(CACHE_DIR, c"", IniEntryPermission::System),
    entry(ARTIFACTS_DIR, c"", IniEntryPermission::System),
    entry(ARTIFACT_ROOTS, c"", IniEntryPermission::System),
    entry(MOUNT_ROOTS, c"", IniEntryPermission::System),
    entry(APPLY_TARGETS, c"", IniEntryPermission::System),
    entry(GIT, c"", IniEntryPermission::System),
    entry(NETWORK_HOSTS, c"", IniEntryPermission::System),
    entry(MEMORY_LIMIT, c"", IniEntryPermission::All),
    entry(OUTPUT_LIMIT, c"", IniEntryPermission::All),
    entry(DISK_LIMIT, c"", IniEntryPermission::All),
    entry(FILES_LIMIT, c"", IniEntryPermission::All),
    entry(FILE_SIZE_LIMIT, c"", IniEntryPermission::All),
    entry(OPEN_FILES_LIMIT, c"", IniEntryPermission::All),
    entry(NETWORK_CONNECTIONS_LIMIT, c"", IniEntryPermission::All),
    entry(NETWORK_BYTES_LIMIT, c"", IniEntryPermission::All),
    entry(TIMEOUT, c"", IniEntryPermission::All),
    entry(MAX_TIMEOUT, c"", IniEntryPermission::System),
    IniEntryDef::end(),
]);

const fn entry(name: &'static CStr, default: &'static CStr, permission: IniEntryPermission) -> IniEntryDef {
    let mut entry = IniEntryDef::new(name, default, permission);
    // Without a handler ini_restore() would do nothing.
    entry.on_modify = Some(accept);
    entry
}

/// Values are judged where they are used, so that the refusal can name them.
extern "C" fn accept(
    _entry: *mut zend_ini_entry,
    _value: *mut zend_string,
    _arg1: *mut c_void,
    _arg2: *mut c_void,
    _arg3: *mut c_void,
    _stage: c_int,
) -> c_int {
    0
}

pub fn register(module_number: i32) {
    IniEntryDef::register(ENTRIES.as_slice(), module_number);
}

pub fn unregister(module_number: i32) {
    // SAFETY: called once, at module shutdown, with the module's own number.
    unsafe { zend_unregister_ini_entries(module_number) };
}

/// The current value; `None` if it is empty. Bytes that are not UTF-8 are replaced, so that such a
/// path is reported as missing instead of being taken for another.
pub fn get(name: &CStr) -> Option<String> {
    // SAFETY: the name is NUL-terminated and its length excludes the NUL. The result is null or a
    // NUL-terminated string that lives until the entry changes; it is copied at once.
    let value = unsafe {
        let value = zend_ini_string(name.as_ptr(), name.count_bytes(), 0);
        if value.is_null() {
            return None;
        }
        CStr::from_ptr(value).to_string_lossy().trim().to_owned()
    };
    (!value.is_empty()).then_some(value)
}

unsafe extern "C" {
    fn zend_ini_string(name: *const c_char, length: usize, original: c_int) -> *const c_char;
}
