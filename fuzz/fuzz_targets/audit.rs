#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wp_codebox_fuzz::run("audit", data));
