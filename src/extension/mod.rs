//! The PHP face: module start, INI, phpinfo, `WP_Codebox_API`, PHP values to JSON and back, and the
//! [`Host`](crate::host::Host) that calls back into PHP. The only room that touches Zend.
//!
//! In: PHP values. Out: PHP values, a `WP_Error`, or an exception.
//!
//! Invariants: module start registers names and nothing else, so that a forking server shares no
//! thread, file or lock. No PHP code is called while one of our values would be lost if it did not
//! return: every call into PHP goes through [`calls::Calls`].

mod api;
mod attend;
mod calls;
mod error;
mod host;
mod ini;
mod sandbox;
mod settings;
mod signals;
mod tools;
mod zval;

use crate::engine;
use ext_php_rs::prelude::*;
use ext_php_rs::zend::ModuleEntry;
use ext_php_rs::{info_table_end, info_table_row, info_table_start};
use std::ffi::c_int;

/// Version of the extension.
#[php_const]
pub const WP_CODEBOX_VERSION: &str = env!("CARGO_PKG_VERSION");

#[php_module]
#[php(startup = "startup")]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    module
        .name("wp_codebox")
        .version(WP_CODEBOX_VERSION)
        .class::<api::Api>()
        .class::<sandbox::SandboxObject>()
        .constant(wrap_constant!(WP_CODEBOX_VERSION))
        .request_shutdown_function(request_shutdown)
        .shutdown_function(shutdown)
        .info_function(info)
}

fn startup(_type: i32, module_number: i32) -> i32 {
    ini::register(module_number);
    match error::register_exception() {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

extern "C" fn request_shutdown(_type: i32, _module_number: i32) -> i32 {
    // A bailout may have left sandboxes behind.
    engine::shutdown_request();
    0
}

extern "C" fn shutdown(_type: i32, module_number: i32) -> i32 {
    crate::sandbox::shutdown_process();
    ini::unregister(module_number);
    0
}

extern "C" fn info(module: *mut ModuleEntry) {
    info_table_start!();
    info_table_row!("WP Codebox", "enabled");
    info_table_row!("Version", WP_CODEBOX_VERSION);
    info_table_row!("Wasmtime", engine::config::WASMTIME);
    info_table_end!();
    // SAFETY: PHP passes its own entry of this module.
    unsafe { display_ini_entries(module) };
}

unsafe extern "C" {
    fn display_ini_entries(module: *mut ModuleEntry);
    fn zend_unregister_ini_entries(module_number: c_int);
}
