//! Link settings of the PHP extension.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Rust registers destructors for thread-locals with the C library. Were PHP to unmap the
        // library at shutdown, a thread that ends later would jump into nothing.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
