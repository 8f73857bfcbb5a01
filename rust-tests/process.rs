//! The engine in its process: which threads it has, and when.

mod support;

use support::php::Php;
use wp_codebox::engine;

/// The engine's own threads, by name.
fn helpers() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let names = threads
        .map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap_or_default());
    names.filter(|name| name.starts_with("wp-codebox")).count()
}

/// Waits until there are so many: a thread gets its name after its start, and goes from the list
/// after its end. One that stays away, or stays, is seen by the test never ending.
fn has_helpers(count: usize) {
    while helpers() != count {
        std::thread::yield_now();
    }
}

/// One test, because it looks at the whole process.
#[test]
fn the_helper_thread_comes_with_the_first_guest_and_goes_at_shutdown() {
    assert_eq!(helpers(), 0);
    let mut php = Php::boot();
    has_helpers(1);
    assert_eq!(php.run("echo 1;"), "1");
    assert_eq!(Php::boot().run("echo 2;"), "2");
    has_helpers(1);
    engine::shutdown_process();
    has_helpers(0);
    engine::shutdown_process();
    assert_eq!(php.run("echo 3;"), "3", "a guest that outlives a shutdown starts it again");
    has_helpers(1);
    engine::shutdown_process();
    has_helpers(0);
}
