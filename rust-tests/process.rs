//! The engine in its process: which threads it has, and when.

mod support;

use support::php::Php;
use wp_codebox::engine;

/// The engine's own threads, by name.
fn helpers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap_or_default());
    names.filter(|name| name.starts_with("wp-codebox")).count()
}

/// One test, because it looks at the whole process.
#[test]
fn the_helper_thread_comes_with_the_first_guest_and_goes_at_shutdown() {
    assert_eq!(helpers(), 0);
    let mut php = Php::boot();
    assert_eq!(helpers(), 1);
    assert_eq!(php.run("echo 1;"), "1");
    assert_eq!(Php::boot().run("echo 2;"), "2");
    assert_eq!(helpers(), 1, "guests share it");
    engine::shutdown_process();
    assert_eq!(helpers(), 0);
    engine::shutdown_process();
    assert_eq!(php.run("echo 3;"), "3", "a guest that outlives a shutdown starts it again");
    assert_eq!(helpers(), 1);
    engine::shutdown_process();
    assert_eq!(helpers(), 0);
}
