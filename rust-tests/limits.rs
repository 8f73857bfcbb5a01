//! Limits that hold: hostile PHP tries to get past each of them.

mod support;

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use support::php::{Php, impatient, patient};
use wp_codebox::engine::vfs::{Vfs, VfsLimits};
use wp_codebox::engine::{Limits, Stop, Watch};

fn php_with(limits: VfsLimits) -> Php {
    Php::boot_with(Vfs::new(Vec::new(), limits).unwrap(), Limits::default()).unwrap()
}

/// Runs code that never ends by itself. It ends at the deadline, and nothing runs after it.
fn ends_at_the_deadline(code: &str) {
    let mut php = Php::boot();
    assert_eq!(php.try_run(code, &impatient()).unwrap_err(), Stop::Deadline, "{code}");
    assert!(php.guest.is_stopped());
    assert_eq!(php.try_run("echo 1;", &patient()).unwrap_err(), Stop::AlreadyStopped, "{code}");
}

#[test]
fn deadline_in_the_interpreter() {
    for code in [
        "while (true) {}",
        "$x = 0; for (;;) { $x = ($x * 31 + 7) % 1000003; }",
        "function f() { f(); } ini_set('memory_limit', -1); while (true) { try { (fn () => 1)(); } finally { } }",
        "$a = range(1, 100); while (true) { usort($a, fn ($x, $y) => random_int(-1, 1)); }",
        "iterator_count((function () { while (true) yield 1; })());",
        "while (true) { try { throw new Exception; } catch (Exception $e) {} }",
        "while (true) { eval('$y = 1;'); }",
        "ini_set('memory_limit', -1); ini_set('max_execution_time', 1); set_time_limit(1); while (true) {}",
    ] {
        ends_at_the_deadline(code);
    }
}

#[test]
fn deadline_in_code_that_php_calls_back() {
    for code in [
        "register_shutdown_function(function () { while (true) {} }); exit;",
        "register_shutdown_function(function () { while (true) sleep(1); });",
        "class D { function __destruct() { while (true) {} } } $d = new D;",
        "class D { function __destruct() { usleep(1); } } while (true) { new D; }",
        "set_error_handler(function () { while (true) {} }); echo $undefined;",
        "set_exception_handler(function () { while (true) {} }); throw new Exception;",
        "ob_start(function () { while (true) {} }); echo 1;",
        "declare(ticks=1); register_tick_function(function () { while (true) {} }); $a = 1;",
        "spl_autoload_register(function () { while (true) {} }); new Missing;",
        "stream_wrapper_register('slow', get_class(new class { public $context; function stream_open() { while (true) {} } })); \
         fopen('slow://x', 'r');",
        "ignore_user_abort(true); register_shutdown_function(function () { while (true) usleep(1); }); nope();",
    ] {
        ends_at_the_deadline(code);
    }
}

#[test]
fn deadline_in_c_code() {
    for code in [
        "preg_match('/^(a?){40}a{40}$/', str_repeat('a', 40)); ini_set('pcre.backtrack_limit', PHP_INT_MAX); \
         while (true) preg_match('/^(a+)+$/', str_repeat('a', 30) . 'b');",
        "hash_pbkdf2('sha512', 'a', 'b', 2000000000);",
        "while (true) { md5(str_repeat('y', 1 << 22)); }",
        "while (true) { similar_text(str_repeat('ab', 20000), str_repeat('ba', 20000)); }",
        "password_hash('x', PASSWORD_BCRYPT, ['cost' => 31]);",
        "while (true) { gzcompress(random_bytes(1 << 20), 9); }",
        "while (true) { array_multisort($a = range(1, 100000), $b = range(100000, 1)); }",
        "while (true) { json_decode(json_encode(range(1, 100000))); }",
        "$s = serialize(range(1, 100000)); while (true) { unserialize($s); }",
        "while (true) { levenshtein(str_repeat('a', 5000), str_repeat('b', 5000)); }",
        "bcpow('123456789', '99999999');",
    ] {
        ends_at_the_deadline(code);
    }
}

/// CVE-2026-104855: an engine whose bulk memory operations could not be interrupted.
#[test]
fn deadline_in_bulk_memory_operations() {
    for code in [
        "ini_set('memory_limit', -1); while (true) { $s = str_repeat('a', 1 << 27); }",
        "ini_set('memory_limit', -1); $s = str_repeat('a', 1 << 26); while (true) { $t = $s . 'b'; unset($t); }",
        "ini_set('memory_limit', -1); while (true) { $a = array_fill(0, 1 << 22, 0); $a[] = 1; $b = $a; $b[] = 2; }",
        "ini_set('memory_limit', -1); while (true) { str_pad('', 1 << 26, 'xyz'); }",
    ] {
        ends_at_the_deadline(code);
    }
}

#[test]
fn deadline_in_host_calls() {
    for code in [
        "while (true) { file_exists('/tmp/' . mt_rand()); }",
        "while (true) { file_put_contents('/tmp/f', str_repeat('x', 1 << 22)); }",
        "file_put_contents('/tmp/f', str_repeat('x', 1 << 24)); while (true) { copy('/tmp/f', '/tmp/g'); }",
        "while (true) { random_bytes(1 << 24); }",
        "while (true) { echo str_repeat('x', 65536); }",
        "$f = fopen('php://stderr', 'w'); while (true) { fwrite($f, 'x'); }",
        "while (true) { header('X-A: ' . mt_rand()); error_log('x'); microtime(); getmypid(); }",
        "for ($i = 0; ; $i++) { @mkdir(\"/tmp/$i\"); @rename(\"/tmp/$i\", \"/tmp/_$i\"); scandir('/tmp'); }",
        "while (true) { $f = fopen('/dev/zero', 'r'); fread($f, 1 << 20); fclose($f); }",
        "while (true) { stream_get_contents(fopen('/dev/urandom', 'r'), 1 << 24); }",
        "stream_copy_to_stream(fopen('/dev/zero', 'r'), fopen('/dev/null', 'w'));",
    ] {
        ends_at_the_deadline(code);
    }
}

#[test]
fn deadline_in_sqlite() {
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    ends_at_the_deadline(&format!("(new PDO('sqlite::memory:'))->query('{endless}')->fetchAll();"));
    ends_at_the_deadline(&format!("(new SQLite3(':memory:'))->querySingle('{endless}');"));
    ends_at_the_deadline(
        "$d = new PDO('sqlite:/tmp/d'); $d->exec('CREATE TABLE t(x)'); while (true) $d->exec('INSERT INTO t VALUES (randomblob(1000))');",
    );
    // Two connections, one of which waits for the other's lock.
    ends_at_the_deadline(
        "$a = new PDO('sqlite:/tmp/l'); $a->exec('CREATE TABLE t(x)'); $b = new PDO('sqlite:/tmp/l'); \
         $b->setAttribute(PDO::ATTR_TIMEOUT, 100000); $a->exec('BEGIN EXCLUSIVE'); \
         while (true) { try { $b->exec('INSERT INTO t VALUES (1)'); } catch (Exception $e) {} }",
    );
}

#[test]
fn deadline_in_waits() {
    for code in [
        "sleep(1000);",
        "while (true) { usleep(1000); }",
        "time_nanosleep(1000, 0);",
        "time_sleep_until(microtime(true) + 1000);",
        "$f = fopen('php://stdin', 'r'); while (true) { fgets($f); }",
        "$r = [fopen('php://stdin', 'r')]; while (true) { $q = $r; $w = $e = null; stream_select($q, $w, $e, 1000); }",
        "register_shutdown_function(fn () => sleep(1000));",
        "$f = fopen('/tmp/lock', 'c'); flock($f, LOCK_EX); $g = fopen('/tmp/lock', 'c'); while (true) { flock($g, LOCK_EX); }",
    ] {
        ends_at_the_deadline(code);
    }
}

/// Whenever the memory is taken away, it is never from under a host function: that would be the end
/// of this process.
#[test]
fn a_deadline_at_any_moment_harms_the_guest_alone() {
    let codes = [
        "while (true) { file_put_contents('/tmp/f', str_repeat('x', 100000)); file_get_contents('/tmp/f'); }",
        "while (true) { random_bytes(100000); hrtime(); getenv('GREETING'); stat('/tmp'); }",
        "ini_set('memory_limit', -1); $a = []; while (true) { $a[] = str_repeat('x', 10000); if (count($a) > 999) $a = []; }",
        "$d = new PDO('sqlite:/tmp/d'); $d->exec('PRAGMA journal_mode=WAL; CREATE TABLE t(x)'); while (true) $d->exec('INSERT INTO t VALUES (1)');",
        "while (true) { echo str_repeat('y', 5000); usleep(50); }",
    ];
    std::thread::scope(|scope| {
        for (index, code) in codes.into_iter().enumerate() {
            scope.spawn(move || {
                for round in 0..40u64 {
                    let mut php = Php::boot();
                    let after = Duration::from_micros(200 + (round * 977 + index as u64 * 131) % 9000);
                    let watch = Watch::until(Instant::now() + after);
                    assert_eq!(php.try_run(code, &watch).unwrap_err(), Stop::Deadline, "{code}");
                    assert!(php.guest.freeze(&[]).is_err(), "a stopped guest has nothing to freeze");
                    php.guest.response(-1);
                }
            });
        }
    });
}

#[test]
fn an_interrupted_parent_stops_the_guest_wherever_it_is() {
    for code in [
        "while (true) {}",
        "sleep(1000);",
        "while (true) file_exists('/tmp');",
        "hash_pbkdf2('md5', 'a', 'b', 2000000000);",
    ] {
        let mut php = Php::boot();
        let flag = AtomicU8::new(0);
        let stop = std::thread::scope(|scope| {
            // The guest says that it has begun by making a file; nothing of it is seen from here
            // while it runs, so the flag is raised after a while of its own.
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(30));
                flag.store(1, Ordering::Relaxed);
            });
            let interrupted = || flag.load(Ordering::Relaxed) != 0;
            let deadline = Instant::now() + Duration::from_secs(60);
            php.try_run(code, &Watch { deadline, interrupted: &interrupted })
        });
        assert_eq!(stop.unwrap_err(), Stop::Interrupted, "{code}");
    }
}

#[test]
fn memory_floods_end_in_php_s_own_error_and_within_the_limit() {
    for code in [
        "$a = []; while (true) { $a[] = str_repeat('x', 1 << 20); }",
        "$s = 'x'; while (true) { $s .= $s; }",
        "function f($n) { return f($n + 1) + 1; } f(0);",
        "$a = []; while (true) { $a = [$a, $a]; $b[] = new ArrayObject($a); }",
        "while (true) { $q[] = new SplFixedArray(1 << 18); }",
        "$d = new PDO('sqlite::memory:'); $d->exec('CREATE TABLE t(x)'); while (true) $d->exec('INSERT INTO t VALUES (zeroblob(10000000))');",
    ] {
        let vfs = Vfs::new(Vec::new(), VfsLimits::default()).unwrap();
        let mut php = Php::boot_with(vfs, Limits { heap: 96 << 20 }).unwrap();
        match php.try_run(&format!("ini_set('memory_limit', -1); {code}"), &patient()) {
            Ok(response) => assert!(response.exit_status != 0, "{code}"),
            Err(stop) => assert!(!matches!(stop, Stop::Deadline), "{code}: {stop}"),
        }
        assert!(php.guest.heap_size() <= 96 << 20, "{code}");
    }
}

#[test]
fn deep_recursion_in_c_ends_in_a_clean_stop() {
    for code in [
        "$s = str_repeat('[', 1000000); json_decode($s, false, 2000000000); echo 'alive';",
        "unserialize(str_repeat('a:1:{i:0;', 200000)); echo 'alive';",
        "var_dump(preg_match('/' . str_repeat('(', 20000) . str_repeat(')', 20000) . '/', ''));",
        "preg_match('/^(.|\\n)*$/', str_repeat('a', 5000000)); echo 'alive';",
        "eval('$x = ' . str_repeat('(', 100000) . '1' . str_repeat(')', 100000) . ';'); echo 'alive';",
        "$a = new stdClass; for ($i = 0; $i < 500000; $i++) { $b = new stdClass; $b->a = $a; $a = $b; } unset($a, $b); echo 'alive';",
        "simplexml_load_string(str_repeat('<a>', 300000)); echo 'alive';",
    ] {
        let mut php = Php::boot();
        match php.try_run(&format!("ini_set('memory_limit', -1); {code}"), &patient()) {
            Ok(_) => assert_eq!(php.run("echo 'alive';"), "alive", "{code}"),
            Err(stop) => assert_ne!(stop, Stop::Deadline, "{code}"),
        }
    }
}

#[test]
fn output_is_kept_up_to_its_cap_and_the_rest_counted() {
    let mut php = Php::boot();
    php.guest.vfs_mut().stdout.set_limit(1000);
    php.guest.vfs_mut().stderr.set_limit(100);
    let code = "for ($i = 0; $i < 1000; $i++) { echo str_repeat('x', 1000); } \
        file_put_contents('php://stderr', str_repeat('y', 5000)); file_put_contents('/dev/stdout', 'more');";
    let response = php.try_run(code, &patient()).unwrap();
    assert_eq!((response.stdout.len(), response.stdout_dropped), (1000, 999_004));
    assert_eq!((response.stderr.len(), response.stderr_dropped), (100, 4900));
}

#[test]
fn headers_do_not_pile_up() {
    let mut php = Php::boot();
    let code =
        "for ($i = 0; $i < 30000; $i++) { header('X-' . $i . ': ' . str_repeat('x', 1000)); } echo 'ok';";
    let response = php.try_run(code, &patient()).unwrap();
    assert!(response.headers.len() <= 1 << 20);
}

#[test]
fn bytes_in_files_are_limited_however_they_are_written() {
    for code in [
        "while (@file_put_contents('/tmp/f', str_repeat('x', 100000), FILE_APPEND) === 100000);",
        "for ($i = 0; @file_put_contents(\"/tmp/$i\", str_repeat('x', 100000)) === 100000; $i++);",
        "$f = fopen('/tmp/f', 'w'); while (@fwrite($f, str_repeat('x', 8192)) === 8192);",
        "mkdir('/tmp/d'); for ($i = 0; @symlink(str_repeat('x', 4000), \"/tmp/d/$i\"); $i++);",
        "$f = fopen('/tmp/f', 'w'); while (@copy('/tmp/f', '/tmp/g' . $i++) && fwrite($f, str_repeat('x', 65536)));",
        "$d = new PDO('sqlite:/tmp/d'); $d->exec('CREATE TABLE t(x)'); \
         try { while (true) $d->exec('INSERT INTO t VALUES (zeroblob(50000))'); } catch (Exception $e) {}",
    ] {
        let mut php = php_with(VfsLimits { max_upper_bytes: 4 << 20, ..VfsLimits::default() });
        php.run(&format!("$i = 0; {code} @unlink('/tmp/f');"));
        assert!(php.guest.vfs().usage().upper_bytes <= 4 << 20, "{code}");
        assert_eq!(php.run("echo 'alive';"), "alive");
    }
}

#[test]
fn length_of_one_file_is_limited() {
    let mut php = php_with(VfsLimits { max_file_bytes: 1 << 20, ..VfsLimits::default() });
    let code = "$f = fopen('/tmp/f', 'w+'); var_dump(@ftruncate($f, 2000000), fseek($f, 1 << 30), @fwrite($f, 'x')); \
        rewind($f); $n = 0; while ($w = @fwrite($f, str_repeat('x', 100000))) $n += $w; echo $n, ' '; clearstatcache(); echo filesize('/tmp/f');";
    assert_eq!(php.run(code), "bool(false)\nint(0)\nbool(false)\n1048576 1048576");
}

#[test]
fn number_of_files_is_limited_whatever_they_are() {
    for code in [
        "for ($i = 0; @touch(\"/tmp/$i\"); $i++);",
        "for ($i = 0; @mkdir(\"/tmp/$i\"); $i++);",
        "for ($i = 0; @symlink('x', \"/tmp/$i\"); $i++);",
        "for ($i = 0; @tempnam('/tmp', 'x') && $i < 1000; $i++);",
        "for ($i = 0; ($f[] = @tmpfile()) !== [] && end($f) && $i < 1000; $i++);",
    ] {
        let mut php = php_with(VfsLimits { max_upper_files: 300, ..VfsLimits::default() });
        php.run(code);
        assert!(php.guest.vfs().usage().upper_files <= 300, "{code}");
        assert_eq!(php.run("echo 'alive';"), "alive");
    }
}

#[test]
fn open_descriptors_are_limited() {
    for code in [
        "while ($f[] = @fopen('/tmp/f', 'w'));",
        "while ($f[] = @opendir('/tmp'));",
        "while ($f[] = @tmpfile());",
        "while (true) { try { $d = new PDO('sqlite:/tmp/d' . count($f)); $d->exec('CREATE TABLE t(x)'); $f[] = $d; } catch (Exception $e) { break; } }",
    ] {
        let mut php = php_with(VfsLimits { max_open_files: 40, ..VfsLimits::default() });
        // PHP needs one to print.
        let out = php.run(&format!("$f = []; {code} $n = count($f); $d = $f = null; echo $n;"));
        let opened: usize = out.parse().unwrap_or_else(|_| panic!("{code}: {out}"));
        assert!((5..=41).contains(&opened), "{code}: {opened}");
        // What the request held is closed with it.
        assert_eq!(php.run("echo fopen('/tmp/f', 'w') ? 'alive' : 'no';"), "alive");
        assert!(php.guest.vfs().usage().open_files <= 40);
    }
}

#[test]
fn directories_go_no_deeper_than_a_path() {
    let mut php = Php::boot();
    let code = "chdir('/tmp'); for ($i = 0; $i < 100000 && @mkdir('d') && @chdir('d'); $i++); echo $i < 3000 ? 'ends' : $i; \
        chdir('/tmp'); function down($d, $n) { return is_dir(\"$d/d\") ? down(\"$d/d\", $n + 1) : $n; } echo down('/tmp', 0) === $i ? ' walked' : ' lost';";
    assert_eq!(php.run(code), "ends walked");
    php.guest.vfs().changes("/", 0).unwrap();
}

#[test]
fn there_are_no_processes() {
    let mut php = Php::boot();
    let code = "foreach ([fn () => shell_exec('id'), fn () => exec('id'), fn () => system('id'), fn () => passthru('id'), \
        fn () => popen('id', 'r'), fn () => proc_open('id', [], $p), fn () => proc_open(['id'], [], $p), fn () => mail('a', 'b', 'c'), \
        fn () => `id`, fn () => pcntl_fork(), fn () => pcntl_exec('/bin/id')] as $f) { \
        try { $r = @$f(); echo is_resource($r) || (is_string($r) && str_contains($r, 'uid=')) ? 'ran ' : ''; } catch (Error $e) {} } echo 'none';";
    let response = php.try_run(code, &patient()).unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "none");
    assert!(!response.denied.is_empty());
}
