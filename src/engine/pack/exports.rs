//! What the host uses of PHP's module.

/// The exported global that keeps a request open, an i32.
pub const HOLD: &str = "hold";

/// The functions and globals of PHP's that the host reaches by name. A pack's module exports these, its
/// memory and its mutable globals, of the thousands that PHP's build exports for shared libraries:
/// each one more is looked at whenever the module is loaded.
pub const USED: [&str; 31] = [
    "__set_stack_limits",
    "__stack_pointer",
    "__wasm_call_ctors",
    "emscripten_builtin_memalign",
    "executor_globals",
    "free",
    "malloc",
    "php_call_shutdown_functions",
    "php_execute_script",
    "php_free_shutdown_functions",
    "php_output_end_all",
    "php_wasm_init",
    "wasm_add_SERVER_entry",
    "wasm_sapi_handle_request",
    "wasm_sapi_request_shutdown",
    "wasm_set_content_length",
    "wasm_set_content_type",
    "wasm_set_cookies",
    "wasm_set_path_translated",
    "wasm_set_phpini_path",
    "wasm_set_query_string",
    "wasm_set_request_body",
    "wasm_set_request_host",
    "wasm_set_request_method",
    "wasm_set_request_port",
    "wasm_set_request_uri",
    "wasm_set_sapi_name",
    "zend_call_destructors",
    "zend_destroy_file_handle",
    "zend_stream_init_filename",
    "zm_activate_random",
];
