//! The programs of benches/programs/, which use PHP's language from end to end, give what the
//! system's own PHP gives: the passes over the interpreter have changed nothing.

mod support;

use std::path::Path;
use std::process::Command;
use support::php::Php;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/programs");

fn native(program: &Path) -> String {
    let code = format!("echo (require '{}')();", program.display());
    let settings =
        ["-n", "-d", "pcre.jit=0", "-d", "date.timezone=UTC", "-d", "memory_limit=256M", "-r", &code];
    let output = Command::new("php").args(settings).output().expect("PHP is installed");
    assert!(output.status.success(), "{}: {output:?}", program.display());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn programs_answer_as_in_native_php() {
    let mut programs: Vec<_> =
        std::fs::read_dir(PROGRAMS).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.sort();
    assert!(programs.len() >= 12);
    for program in programs {
        let mut php = Php::boot();
        let code = std::fs::read(&program).unwrap();
        php.guest.vfs_mut().host_write("/program.php", code, 0o644).unwrap();
        let answer = php.run("ini_set('memory_limit', '256M'); echo (require '/program.php')();");
        assert_eq!(answer, native(&program), "{}", program.display());
    }
}
