//! The policy of a sandbox, field by field, and what guest PHP tries against it.

mod support;

use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;
use support::php::patient;
use support::site::{run, spec, value};
use wp_codebox::contract::{Code, Event, Refusal};
use wp_codebox::engine::net::Rules;
use wp_codebox::sandbox::{
    Approval, Approvals, Approver, Command, Filesystem, HostMount, MountKind, Policy, ProbeKind, Sandbox,
    SandboxError, Secrets, Spec, Violation,
};

fn everything() -> Policy {
    Policy::allowing(wp_codebox::sandbox::command_ids())
}

fn site(policy: Policy) -> Sandbox {
    Sandbox::create(spec(policy), &patient()).unwrap()
}

fn mount(source: &Path, target: &str, writable: bool) -> HostMount {
    HostMount {
        source: source.to_owned(),
        target: target.to_owned(),
        kind: MountKind::Directory,
        writable,
        capture: true,
    }
}

fn decisions(events: &[Event], field: &str) -> Vec<(bool, Value)> {
    let about = |event: &&Event| event.data["field"] == field && event.kind.starts_with("runtime.policy.");
    events.iter().filter(about).map(|event| (event.kind.ends_with("allowed"), event.data.clone())).collect()
}

fn touch() -> Command {
    Command::RunPhp {
        code: "<?php file_put_contents('/tmp/touched', '1'); return 'done';".to_owned(),
        bootstrap: false,
    }
}

// Reading a policy.

#[test]
fn a_policy_has_five_fields_and_no_other() {
    let whole = json!({
        "network": { "allowHosts": ["example.org"] },
        "filesystem": "readonly-mounts",
        "commands": [],
        "secrets": "connector-scoped",
        "approvals": "on-write",
    });
    let policy = Policy::parse(&whole).unwrap();
    assert_eq!(serde_json::to_value(&policy).unwrap(), whole);
    for (field, bad, code) in [
        ("network", json!("open"), "invalid-network"),
        ("network", json!({ "allowHosts": [""] }), "invalid-network"),
        ("network", json!({ "allowHosts": ["http://example.org"] }), "invalid-network"),
        ("network", json!({ "allowHosts": [], "denyHosts": [] }), "invalid-network"),
        ("filesystem", json!("everything"), "invalid-filesystem"),
        ("commands", json!([""]), "invalid-command"),
        ("commands", json!("wordpress.run-php"), "invalid-command"),
        ("secrets", json!(true), "invalid-secrets"),
        ("approvals", json!("sometimes"), "invalid-approvals"),
        ("other", json!(1), "unknown-field"),
    ] {
        let mut changed = whole.clone();
        changed[field] = bad.clone();
        let invalid = Policy::parse(&changed).unwrap_err();
        let issues: Vec<_> = invalid.issues.iter().map(|issue| (issue.code, issue.field.as_str())).collect();
        assert_eq!(issues, [(code, field)], "{bad}");
        let refusal = Refusal::from(invalid);
        assert_eq!(
            (refusal.code, refusal.code.as_str()),
            (Code::RuntimePolicyInvalid, "runtime-policy-invalid")
        );
    }
    for nothing in [json!(null), json!([]), json!("deny"), json!({})] {
        let fields: Vec<_> =
            Policy::parse(&nothing).unwrap_err().issues.into_iter().map(|issue| issue.field).collect();
        assert_eq!(fields, ["network", "filesystem", "commands", "secrets", "approvals"]);
    }
}

// commands

#[test]
fn a_command_that_is_not_listed_has_no_effect() {
    let mut sandbox = site(Policy::allowing(["wordpress.wp-cli"]));
    let error = sandbox.execute(&touch(), &patient()).unwrap_err();
    let SandboxError::Policy(violation) = &error else { panic!("{error:?}") };
    assert_eq!(
        violation.to_json(),
        json!({
            "code": "runtime-command-disallowed",
            "command": "wordpress.run-php",
            "allowedCommands": ["wordpress.wp-cli"],
            "policy": {
                "network": "deny",
                "filesystem": "readwrite-mounts",
                "commands": ["wordpress.wp-cli"],
                "secrets": "none",
                "approvals": "never",
            },
            "message": "Command is not allowed by runtime policy: wordpress.run-php",
            "name": "RuntimeCommandPolicyViolationError",
        })
    );
    assert_eq!(Refusal::from(error).code.http_status(), 403);
    let cli = Command::WpCli {
        arguments: ["eval", "echo file_exists('/tmp/touched') ? 'yes' : 'no';"].map(str::to_owned).to_vec(),
    };
    assert_eq!(sandbox.execute(&cli, &patient()).unwrap().record.stdout, "no");
    let events = sandbox.destroy();
    let about: Vec<_> = decisions(&events, "commands")
        .into_iter()
        .map(|(allowed, data)| (allowed, data["name"].clone()))
        .collect();
    assert_eq!(about, [(false, json!("wordpress.run-php")), (true, json!("wordpress.wp-cli"))]);
    assert_eq!(events.iter().filter(|event| event.kind == "runtime.command.started").count(), 1);
}

/// Names match whole: no patterns, no prefixes, no other case.
#[test]
fn commands_match_by_their_whole_name() {
    for near in [
        "*",
        "wordpress.*",
        "wordpress.run",
        "wordpress.run-php ",
        "WordPress.run-php",
        "wordpress.run-php\0",
        "",
    ] {
        let policy = Policy::allowing([near]);
        assert!(matches!(policy.judge_command(&touch()), Err(Violation::Command { .. })), "{near:?}");
    }
    assert_eq!(Policy::allowing(["wordpress.run-php"]).judge_command(&touch()), Ok(()));
}

// approvals

#[derive(Default)]
struct Clerk {
    asked: RefCell<Vec<Approval>>,
    answer: Option<Result<bool, ()>>,
}

impl Approver for Clerk {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.asked.borrow_mut().push(approval.clone());
        self.answer.unwrap_or(Ok(false)).map_err(|()| Refusal::new(Code::Internal, "the callback threw"))
    }
}

#[test]
fn approvals_are_asked_for_as_the_policy_says() {
    let probe = Command::Probe { kind: ProbeKind::Ability, name: "core/get-site-info".to_owned() };
    for (mode, asked) in [
        (Approvals::Never, &[][..]),
        (Approvals::OnWrite, &["wordpress.run-php"]),
        (Approvals::OnCommand, &["wordpress.run-php", "wp-codebox.readiness-probe"]),
    ] {
        let mut sandbox = site(Policy { approvals: mode, ..everything() });
        let mut clerk = Clerk { answer: Some(Ok(true)), ..Clerk::default() };
        assert_eq!(
            sandbox.execute_with(&touch(), &patient(), &mut clerk).unwrap().outcome.unwrap(),
            json!("done")
        );
        assert_eq!(
            sandbox.execute_with(&probe, &patient(), &mut clerk).unwrap().outcome.unwrap(),
            json!(true)
        );
        let names: Vec<_> = clerk.asked.borrow().iter().map(|approval| approval.command.clone()).collect();
        assert_eq!(names, asked, "{mode:?}");
        if let Some(first) = clerk.asked.borrow().first() {
            assert!(first.writes && first.args[0].starts_with("code=<?php"), "{first:?}");
        }
        assert_eq!(decisions(&sandbox.destroy(), "approvals").len(), asked.len());
    }
}

/// A no, a callback that throws, and nobody to ask: nothing is executed.
#[test]
fn approvals_fail_closed() {
    let mut sandbox = site(Policy { approvals: Approvals::OnCommand, ..everything() });
    for (answer, text) in [
        (Some(Ok(false)), "Command was not approved: wordpress.run-php"),
        (Some(Err(())), "Command could not be approved: wordpress.run-php: the callback threw"),
    ] {
        let mut clerk = Clerk { answer, ..Clerk::default() };
        let error = sandbox.execute_with(&touch(), &patient(), &mut clerk).unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(Refusal::from(error).code, Code::RuntimeCommandNotApproved);
    }
    let error = sandbox.execute(&touch(), &patient()).unwrap_err();
    assert!(matches!(error, SandboxError::Policy(Violation::NotApproved { .. })));
    let mut clerk = Clerk { answer: Some(Ok(true)), ..Clerk::default() };
    let look =
        Command::RunPhp { code: "<?php return file_exists('/tmp/touched');".to_owned(), bootstrap: false };
    assert_eq!(sandbox.execute_with(&look, &patient(), &mut clerk).unwrap().outcome.unwrap(), json!(false));
    let verdicts: Vec<_> =
        decisions(&sandbox.destroy(), "approvals").into_iter().map(|(allowed, _)| allowed).collect();
    assert_eq!(verdicts, [false, false, false, true]);
}

// filesystem

#[test]
fn sandbox_filesystem_takes_no_mounts() {
    let host = tempfile::tempdir().unwrap();
    let policy = Policy { filesystem: Filesystem::Sandbox, ..everything() };
    let mounted = Spec { mounts: vec![mount(host.path(), "/workspace/a", false)], ..spec(policy.clone()) };
    let Err(error) = Sandbox::create(mounted, &patient()) else { panic!("mounted") };
    assert!(error.to_string().contains("/workspace/a"), "{error}");
    assert_eq!(Refusal::from(error).code, Code::RuntimePolicyViolation);
    assert_eq!(value(&mut site(policy), "return file_put_contents('/tmp/x', 'own');"), json!(3));
}

/// Every way to change something that PHP has, against a mount that asked to be writable.
#[test]
fn readonly_mounts_stay_as_they_are() {
    let host = tempfile::tempdir().unwrap();
    std::fs::write(host.path().join("file"), "kept").unwrap();
    std::fs::create_dir(host.path().join("dir")).unwrap();
    let policy = Policy { filesystem: Filesystem::ReadonlyMounts, ..everything() };
    let mounted = Spec { mounts: vec![mount(host.path(), "/workspace/ro", true)], ..spec(policy) };
    let mut sandbox = Sandbox::create(mounted, &patient()).unwrap();
    let tried = value(
        &mut sandbox,
        "chdir('/workspace/ro'); symlink('/workspace/ro', '/tmp/ln'); symlink('/workspace/ro/file', '/tmp/lf'); \
         file_put_contents('/tmp/own', 'x'); \
         return [@file_put_contents('/workspace/ro/file', 'x'), @file_put_contents('file', 'x'), \
         @file_put_contents('/workspace/ro/new', 'x'), @file_put_contents('/workspace/ro/../ro//dir/./new', 'x'), \
         @file_put_contents('/tmp/ln/new', 'x'), @file_put_contents('/tmp/lf', 'x'), @file_put_contents('/tmp/lf/', 'x'), \
         @unlink('file'), @rename('file', 'other'), @rename('/tmp/own', '/workspace/ro/own'), \
         @mkdir('new'), @mkdir('new/'), @rmdir('dir'), @rmdir('dir/'), @symlink('a', 'b'), @link('file', 'hard'), \
         @link('/workspace/ro/file', '/tmp/hard') && @file_put_contents('/tmp/hard', 'x'), \
         @chmod('file', 0777), @touch('file', 1), @touch('new'), @copy('/tmp/own', 'own'), @fopen('file', 'r+'), \
         @fopen('file', 'a'), @fopen('file', 'w'), @fopen('file', 'c'), @fopen('file', 'x'), \
         @file_put_contents('php://filter/write=string.rot13/resource=/workspace/ro/file', 'x'), \
         @file_put_contents('file:///workspace/ro/file', 'x'), @file_put_contents('compress.zlib:///workspace/ro/z', 'x'), \
         @move_uploaded_file('/tmp/own', 'own'), @tempnam('/workspace/ro', 'x') && count(scandir('/workspace/ro')) > 4];",
    );
    for (index, answer) in tried.as_array().unwrap().iter().enumerate() {
        assert!(*answer == json!(false), "attempt {index}: {answer}");
    }
    assert_eq!(
        value(&mut sandbox, "return [scandir('/workspace/ro'), file_get_contents('/workspace/ro/file')];"),
        json!([[".", "..", "dir", "file"], "kept"])
    );
    assert_eq!(sandbox.changes().unwrap().len(), 0);
    let (allowed, mounted) = decisions(&sandbox.destroy(), "filesystem").remove(0);
    assert!(allowed);
    assert_eq!((&mounted["requested"], &mounted["granted"]), (&json!("readwrite"), &json!("readonly")));
}

/// A file in a database engine's hands is a file too.
#[test]
fn sqlite_and_phar_do_not_write_to_readonly_mounts() {
    let host = tempfile::tempdir().unwrap();
    let policy = Policy { filesystem: Filesystem::ReadonlyMounts, ..everything() };
    let mounted = Spec { mounts: vec![mount(host.path(), "/workspace/ro", true)], ..spec(policy) };
    let mut sandbox = Sandbox::create(mounted, &patient()).unwrap();
    let tried = value(
        &mut sandbox,
        "$out = []; foreach ([fn () => (new PDO('sqlite:/workspace/ro/d.sqlite'))->exec('CREATE TABLE t(x)'), \
         fn () => (new PDO('sqlite:/tmp/d.sqlite'))->exec(\"ATTACH '/workspace/ro/e.sqlite' AS e; CREATE TABLE e.t(x)\"), \
         fn () => (new PDO('sqlite:/tmp/d.sqlite'))->exec(\"VACUUM INTO '/workspace/ro/v.sqlite'\"), \
         fn () => new PharData('/workspace/ro/a.tar') and (new PharData('/workspace/ro/a.tar'))->addFromString('a', 'b'), \
         fn () => (new ZipArchive)->open('/workspace/ro/a.zip', ZipArchive::CREATE)] as $try) { \
         try { $try(); } catch (Throwable $e) {} } clearstatcache(); return scandir('/workspace/ro');",
    );
    assert_eq!(tried, json!([".", ".."]));
}

#[test]
fn renames_across_mounts_copy_and_never_reach_the_host() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(one.path().join("file"), "one").unwrap();
    std::fs::write(two.path().join("file"), "two").unwrap();
    let mounts = vec![mount(one.path(), "/workspace/rw", true), mount(two.path(), "/workspace/ro", false)];
    let mut sandbox = Sandbox::create(Spec { mounts, ..spec(everything()) }, &patient()).unwrap();
    let answers = value(
        &mut sandbox,
        "return [@rename('/workspace/rw/file', '/workspace/ro/file'), @rename('/workspace/ro/file', '/workspace/rw/two'), \
         @rename('/workspace/ro', '/workspace/moved'), @rename('/workspace/rw', '/workspace/ro/inside'), \
         @rename('/workspace/rw/file', '/workspace/rw/renamed'), file_get_contents('/workspace/ro/file'), \
         file_get_contents('/workspace/rw/renamed')];",
    );
    // PHP copies where it cannot rename, and says that the original stayed.
    assert_eq!((&answers[0], &answers[2], &answers[3]), (&json!(false), &json!(false), &json!(false)));
    assert_eq!((&answers[4], &answers[5], &answers[6]), (&json!(true), &json!("two"), &json!("one")));
    assert_eq!(std::fs::read_to_string(one.path().join("file")).unwrap(), "one");
    assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(two.path().join("file")).unwrap(), "two");
}

/// Symlinks in a mounted directory that lead out of it, and the host's own files by every path.
#[test]
fn nothing_of_the_host_is_seen_beyond_the_mounts() {
    let host = tempfile::tempdir().unwrap();
    let inside = host.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(host.path().join("secret"), "host secret").unwrap();
    for (name, to) in [
        ("abs", "/etc/passwd"),
        ("up", "../secret"),
        ("dir", ".."),
        ("etc", "/etc"),
        ("proc", "/proc/self/environ"),
        ("far", "../../../../../../../../../../etc/passwd"),
        ("fd", "/proc/self/fd"),
        ("chain", "dir/secret"),
    ] {
        std::os::unix::fs::symlink(to, inside.join(name)).unwrap();
    }
    std::os::unix::fs::symlink(host.path().join("secret"), inside.join("whole")).unwrap();
    let mounts = vec![mount(&inside, "/workspace/m", true)];
    let mut sandbox = Sandbox::create(Spec { mounts, ..spec(everything()) }, &patient()).unwrap();
    let paths = value(
        &mut sandbox,
        &format!(
            "$found = []; foreach (['/workspace/m/abs', '/workspace/m/abs/', '/workspace/m/up', '/workspace/m/up/', \
             '/workspace/m/dir/secret', '/workspace/m/etc/passwd', '/workspace/m/etc/', '/workspace/m/proc', \
             '/workspace/m/far', '/workspace/m/fd/0', '/workspace/m/chain', '/workspace/m/whole', '/workspace/m/whole/', \
             '/workspace/m/../../../../etc/passwd', '/etc/passwd', '/etc/hostname', '/proc/self/environ', '/proc/self/maps', \
             '/proc/self/root/etc/passwd', '/proc/1/cmdline', '/sys/kernel', '/dev/mem', '/dev/shm', '/proc', '/proc/', \
             '{0}/secret', '{0}', '/var/run', '/root/.ssh/id_rsa'] as $path) {{ \
             foreach (['', 'file://', 'php://filter/resource=', 'compress.zlib://', 'phar://'] as $wrapper) {{ \
             $bytes = @file_get_contents($wrapper . $path); $list = @scandir($wrapper . $path); \
             if (is_string($bytes) || (is_array($list) && count($list) > 0) || ('' === $wrapper && file_exists($path) && !is_dir($path))) \
             $found[] = $wrapper . $path; }} }} return $found;",
            host.path().display()
        ),
    );
    // `..` of the mount is the sandbox's own /workspace, and has nothing of the host in it.
    assert_eq!(paths, json!([]));
}

#[test]
fn links_made_inside_lead_nowhere_outside() {
    let host = tempfile::tempdir().unwrap();
    let inside = host.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(host.path().join("secret"), "host secret").unwrap();
    let mounts = vec![mount(&inside, "/workspace/m", true)];
    let mut sandbox = Sandbox::create(Spec { mounts, ..spec(everything()) }, &patient()).unwrap();
    let answer = value(
        &mut sandbox,
        &format!(
            "symlink('{0}/secret', '/workspace/m/a'); symlink('../../secret', '/workspace/m/b'); \
             symlink('/etc', '/workspace/m/c'); \
             return [@file_get_contents('/workspace/m/a'), @file_get_contents('/workspace/m/b'), \
             @file_get_contents('/workspace/m/c/passwd'), @file_put_contents('/workspace/m/a', 'x'), \
             @file_put_contents('/workspace/m/c/new', 'x')];",
            host.path().display()
        ),
    );
    assert_eq!(answer, json!([false, false, false, false, false]));
    assert_eq!(std::fs::read_to_string(host.path().join("secret")).unwrap(), "host secret");
    assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 0);
}

// No field: what no policy allows.

#[test]
fn no_processes_libraries_or_foreign_functions() {
    let mut sandbox = site(Policy { network: Rules::Allow, ..everything() });
    let execution = run(
        &mut sandbox,
        "$p = []; return [@shell_exec('id'), @exec('id'), @system('id'), @passthru('id'), `id`, @popen('id', 'r'), \
         @proc_open('id', [['pipe', 'r'], ['pipe', 'w']], $p), @proc_open(['/bin/sh', '-c', 'id'], [], $p), \
         function_exists('pcntl_fork'), function_exists('pcntl_exec'), extension_loaded('ffi'), class_exists('FFI'), \
         function_exists('dl') && @dl('ffi.so'), @mail('a@example.test', 's', 'b'), function_exists('posix_kill') && @posix_kill(1, 0)];",
    );
    let answers = execution.outcome.unwrap();
    for (index, answer) in answers.as_array().unwrap().iter().enumerate() {
        let harmless = matches!(answer, Value::Null | Value::Bool(false)) || answer == "";
        assert!(harmless, "attempt {index}: {answer}");
    }
    let events = sandbox.destroy();
    assert!(
        decisions(&events, "sandbox").iter().any(|(allowed, data)| !allowed && data["call"] == "proc_open"),
        "{events:?}"
    );
}

/// The environment is the sandbox's: putenv() reaches neither the parent nor the next command, and
/// no variable loads or opens anything.
#[test]
fn putenv_changes_nothing_outside() {
    // SAFETY: nothing in this process reads the variable at the same time.
    unsafe { std::env::set_var("WP_CODEBOX_TEST_PARENT_SECRET", "parent") };
    let mut sandbox = site(everything());
    let inside = value(
        &mut sandbox,
        "$seen = getenv('WP_CODEBOX_TEST_PARENT_SECRET'); \
         foreach (['LD_PRELOAD=/tmp/evil.so', 'PATH=/tmp', 'HTTP_PROXY=http://127.0.0.1:9', 'http_proxy=http://127.0.0.1:9', \
         'OPENSSL_CONF=/tmp/x', 'WP_CODEBOX_TEST_MADE=1'] as $pair) putenv($pair); \
         return [$seen, @shell_exec('id'), getenv('WP_CODEBOX_TEST_MADE')];",
    );
    assert_eq!(inside, json!([false, inside[1].clone(), "1"]));
    assert!(matches!(&inside[1], Value::Null | Value::Bool(false)));
    assert!(std::env::var_os("WP_CODEBOX_TEST_MADE").is_none() && std::env::var_os("LD_PRELOAD").is_none());
}

/// Reading a phar's metadata is no way to objects, and a phar elsewhere is none to the host.
#[test]
fn phar_metadata() {
    let mut sandbox = site(everything());
    let answer = value(
        &mut sandbox,
        "ini_set('phar.readonly', '0'); class Gadget { public function __wakeup() { $GLOBALS['woken'] = 1; } \
         public function __destruct() { $GLOBALS['woken'] = 1; } } \
         $made = false; try { $p = new Phar('/tmp/evil.phar'); $p->startBuffering(); $p->addFromString('a', 'b'); \
         $p->setMetadata(new Gadget); $p->stopBuffering(); $made = true; } catch (Throwable $e) {} \
         unset($p); unset($GLOBALS['woken']); \
         @file_exists('phar:///tmp/evil.phar/a'); @file_get_contents('phar:///tmp/evil.phar/a'); @getimagesize('phar:///tmp/evil.phar/a'); \
         return [$made, isset($GLOBALS['woken']), @file_get_contents('phar:///etc/evil.phar/a')];",
    );
    assert_eq!(answer, json!([false, false, false]));
}

// secrets

#[test]
fn secrets_are_handed_in_only_where_the_policy_says_so() {
    let closed = everything();
    let error = closed.judge_secrets(["OPENAI_API_KEY"]).unwrap_err();
    assert_eq!(error.to_string(), "The runtime policy's secrets is none: OPENAI_API_KEY cannot be handed in");
    assert_eq!(closed.judge_secrets([]), Ok(()));
    let open = Policy { secrets: Secrets::ConnectorScoped, ..everything() };
    let with_secret = |policy: Policy| Spec {
        environment: vec![("OPENAI_API_KEY".to_owned(), "a-long-secret-value".to_owned())],
        secrets: vec!["OPENAI_API_KEY".to_owned()],
        ..spec(policy)
    };
    let Err(refused) = Sandbox::create(with_secret(closed), &patient()) else { panic!("handed in") };
    assert_eq!(Refusal::from(refused).code, Code::RuntimePolicyViolation);
    let mut sandbox = Sandbox::create(with_secret(open), &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return getenv('OPENAI_API_KEY');"), "a-long-secret-value");
    let events = sandbox.destroy();
    assert_eq!(decisions(&events, "secrets")[0].1["names"], json!(["OPENAI_API_KEY"]));
}

// network

#[test]
fn the_network_changes_while_the_sandbox_lives() {
    let mut sandbox = site(everything());
    let look =
        "$r = wp_remote_get('http://127.0.0.1:9/'); return is_wp_error($r) ? $r->get_error_message() : 1;";
    assert!(value(&mut sandbox, look).as_str().unwrap().contains("the network policy is deny"));
    sandbox.set_network(Rules::Allow);
    assert!(value(&mut sandbox, look).as_str().unwrap().contains("is a loopback address"));
    sandbox.set_network(Rules::Hosts(vec!["127.0.0.1:9".parse().unwrap()]));
    assert!(value(&mut sandbox, look).as_str().unwrap().contains("Connection refused"));
    let events = sandbox.destroy();
    assert_eq!(events.iter().filter(|event| event.kind == "runtime.policy.changed").count(), 2);
    let verdicts: Vec<_> = decisions(&events, "network")
        .into_iter()
        .filter(|(_, data)| data["via"] == "http")
        .map(|(allowed, _)| allowed)
        .collect();
    assert_eq!(verdicts, [false, false, true]);
}

#[test]
fn the_policy_stands_in_the_run_s_events() {
    let sandbox = site(everything());
    let events = sandbox.destroy();
    assert_eq!(events[0].data["policy"]["network"], "deny");
}
