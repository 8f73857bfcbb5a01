//! PHP in wasmtime: what a script sees, what it cannot have, and how it is stopped.

mod support;

use std::sync::Arc;
use support::php::{Php, impatient, pack, patient};
use wp_codebox::engine::vfs::{Vfs, VfsLimits};
use wp_codebox::engine::{Fork, Guest, GuestImage, Limits, Request, Runtime, Stop};

#[test]
fn a_script_prints_and_its_exit_status_is_known() {
    let mut php = Php::boot();
    assert_eq!(php.run("echo 6 * 7;"), "42");
    assert_eq!(php.run("echo PHP_VERSION;"), pack().php_version());
    let response = php.try_run("echo 'before'; exit(3);", &patient()).unwrap();
    assert_eq!((response.exit_status, response.stdout.as_slice()), (3, b"before".as_slice()));
}

#[test]
fn a_fatal_error_ends_the_request_and_not_the_guest() {
    let mut php = Php::boot();
    let response = php.try_run("nope();", &patient()).unwrap();
    assert_eq!(response.exit_status, 255);
    assert!(String::from_utf8_lossy(&response.stdout).contains("undefined function nope()"));
    assert_eq!(php.run("echo 'alive';"), "alive");
}

#[test]
fn each_request_starts_afresh_but_files_stay() {
    let mut php = Php::boot();
    assert_eq!(
        php.run("function once() {} $GLOBALS['x'] = 1; file_put_contents('/tmp/kept', 'yes'); echo 'ok';"),
        "ok"
    );
    assert_eq!(
        php.run(
            "var_dump(function_exists('once'), isset($GLOBALS['x'])); echo file_get_contents('/tmp/kept');"
        ),
        "bool(false)\nbool(false)\nyes"
    );
}

#[test]
fn a_request_reaches_the_superglobals() {
    let mut php = Php::boot();
    let code = "<?php echo json_encode([$_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'], $_GET, $_POST, $_COOKIE, \
        $_SERVER['HTTP_HOST'], $_SERVER['HTTP_X_TEST'], getenv('GREETING')]);";
    php.guest.vfs_mut().host_write("/page.php", code.as_bytes(), 0o644).unwrap();
    let request = Request {
        method: "POST".to_owned(),
        uri: "/page?a=1&b[]=2".to_owned(),
        host: "example.test:8080".to_owned(),
        cookies: "c=3".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: b"d=4".to_vec(),
        server: vec![("HTTP_X_TEST".to_owned(), "5".to_owned())],
        ..Request::script("/page.php")
    };
    let response = php.guest.request(&request, &patient()).unwrap();
    assert_eq!(
        String::from_utf8(response.stdout).unwrap(),
        r#"["POST","\/page?a=1&b[]=2",{"a":"1","b":["2"]},{"d":"4"},{"c":"3"},"example.test:8080","5","hello"]"#
    );
}

#[test]
fn stderr_and_stdout_are_kept_apart() {
    let mut php = Php::boot();
    let response = php
        .try_run(
            "fwrite(fopen('php://stderr', 'w'), 'wrong'); fwrite(fopen('php://stdout', 'w'), 'right');",
            &patient(),
        )
        .unwrap();
    assert_eq!(
        (response.stdout.as_slice(), response.stderr.as_slice()),
        (b"right".as_slice(), b"wrong".as_slice())
    );
}

#[test]
fn a_stopped_guest_still_gives_up_its_output_and_files() {
    let mut php = Php::boot();
    php.try_run("echo 'half'; file_put_contents('/tmp/half', 'a line'); while (true) {}", &impatient())
        .unwrap_err();
    assert_eq!(php.guest.response(-1).stdout, b"half");
    assert_eq!(&*php.guest.vfs().host_read("/tmp/half", 100).unwrap(), b"a line");
}

#[test]
fn memory_ends_at_the_limit_with_php_s_own_error() {
    let mut php = Php::boot();
    let response =
        php.try_run("$a = []; while (true) { $a[] = str_repeat('x', 1 << 20); }", &patient()).unwrap();
    assert_eq!(response.exit_status, 255);
    assert!(
        String::from_utf8_lossy(&response.stdout)
            .contains("Allowed memory size of 134217728 bytes exhausted")
    );
}

#[test]
fn the_heap_has_a_limit_of_its_own() {
    let vfs = Vfs::new(Vec::new(), VfsLimits::default()).unwrap();
    let mut php = Php::boot_with(vfs, Limits { heap: 96 << 20 }).unwrap();
    let response = php
        .try_run(
            "ini_set('memory_limit', -1); $a = []; while (true) { $a[] = str_repeat('x', 1 << 20); }",
            &patient(),
        )
        .unwrap();
    assert!(response.heap_exhausted);
    assert_eq!(response.exit_status, 255);
    assert!(php.guest.heap_size() <= 96 << 20);
}

/// The C stack is 1 MiB inside linear memory: unchecked, deep recursion would run over data.
#[test]
fn deep_recursion_ends_in_a_clean_stop() {
    for code in [
        "$a = []; for ($i = 0; $i < 100000; $i++) { $a = [$a]; } echo strlen(serialize($a));",
        "class A { function __toString() { return (string) new A; } } echo new A;",
        "$a = []; for ($i = 0; $i < 200000; $i++) { $a = [$a]; } echo strlen(json_encode($a, 0, 1000000));",
    ] {
        let mut php = Php::boot();
        match php.try_run(code, &patient()) {
            Err(stop) => assert_eq!(stop, Stop::StackOverflow, "{code}"),
            // PHP may notice by itself; then the guest is unharmed.
            Ok(_) => assert_eq!(php.run("echo 'alive';"), "alive", "{code}"),
        }
    }
}

#[test]
fn there_is_no_network() {
    let mut php = Php::boot();
    let code = "var_dump(@file_get_contents('http://192.0.2.1/'), @fsockopen('localhost', 80, $n, $s, 1));";
    let response = php.try_run(code, &patient()).unwrap();
    let out = String::from_utf8_lossy(&response.stdout).into_owned();
    assert_eq!(out, "bool(false)\nbool(false)\n");
    assert!(
        !response.network.is_empty() && response.network.iter().all(|record| !record.allowed),
        "{:?}",
        response.network
    );
}

#[test]
fn fibers_are_refused_by_name() {
    let mut php = Php::boot();
    let stop = php.try_run("(new Fiber(fn () => Fiber::suspend()))->start();", &patient()).unwrap_err();
    assert_eq!(stop, Stop::Aborted("PHP Fibers are not supported by this build of PHP".to_owned()));
}

#[test]
fn sqlite_works_on_the_overlay() {
    let mut php = Php::boot();
    let code = "$d = new PDO('sqlite:/tmp/t.sqlite'); $d->exec('PRAGMA journal_mode=WAL'); $d->exec('CREATE TABLE t(x)'); \
        $s = $d->prepare('INSERT INTO t VALUES (?)'); foreach (range(1, 100) as $i) $s->execute([$i]); \
        $e = new PDO('sqlite:/tmp/t.sqlite'); echo $e->query('SELECT sum(x) FROM t')->fetchColumn();";
    assert_eq!(php.run(code), "5050");
    assert_eq!(
        php.run("echo (new PDO('sqlite:/tmp/t.sqlite'))->query('SELECT count(*) FROM t')->fetchColumn();"),
        "100"
    );
}

#[test]
fn time_is_utc_and_dates_are_right() {
    let mut php = Php::boot();
    assert_eq!(
        php.run(
            "echo date('c', 951782400), ' ', mktime(12, 0, 0, 2, 30, 2023), ' ', gmdate('D z', 1709164800);"
        ),
        "2000-02-29T00:00:00+00:00 1677758400 Thu 59"
    );
    assert_eq!(
        php.run("$t = hrtime(true); usleep(2000); echo hrtime(true) - $t >= 2000000 ? 'slept' : 'not';"),
        "slept"
    );
}

fn fork(runtime: &Arc<Runtime>, image: &GuestImage) -> Guest {
    let fork = Fork { vfs: image.vfs().clone(), instead: &[], limits: Limits::default() };
    Guest::fork(runtime, image, fork, &patient()).unwrap()
}

#[test]
fn a_fork_goes_on_where_the_image_was_frozen() {
    let mut php = Php::boot();
    php.run("file_put_contents('/tmp/shared', 'base');");
    let image = php.guest.freeze(&[]).unwrap();
    let runtime = Runtime::of(&pack()).unwrap();
    let mut forks: Vec<Php> = (0..3).map(|_| Php { guest: fork(&runtime, &image) }).collect();
    for (index, fork) in forks.iter_mut().enumerate() {
        assert_eq!(fork.run("echo file_get_contents('/tmp/shared');"), "base");
        fork.run(&format!("file_put_contents('/tmp/shared', 'fork {index}');"));
    }
    for (index, fork) in forks.iter_mut().enumerate() {
        assert_eq!(fork.run("echo file_get_contents('/tmp/shared');"), format!("fork {index}"));
    }
    assert_eq!(php.run("echo file_get_contents('/tmp/shared');"), "base");
}

/// Guests on several threads at once, each with its own memory.
#[test]
fn guests_run_in_parallel() {
    let sums: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|n| scope.spawn(move || Php::boot().run(&format!("echo array_sum(range(1, {n}000));"))))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(sums, ["500500", "2001000", "4501500", "8002000"]);
}
