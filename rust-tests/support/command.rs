//! Commands of the table, by name.

use super::php::patient;
use super::site;
use serde_json::Value;
use std::path::Path;
use wp_codebox::sandbox::{
    Arguments, Command, Execution, HostMount, MountKind, Policy, Sandbox, Spec, command_ids,
};

/// A sandbox in which every command is allowed.
pub fn sandbox(mounts: Vec<HostMount>) -> Sandbox {
    let spec = Spec { mounts, ..site::spec(Policy::allowing(command_ids())) };
    Sandbox::create(spec, &patient()).unwrap()
}

pub fn mount(source: &Path, target: &str, writable: bool) -> HostMount {
    HostMount {
        source: source.canonicalize().unwrap(),
        target: target.to_owned(),
        kind: MountKind::Directory,
        writable,
        capture: writable,
    }
}

/// Where Debian has PHPUnit.
pub fn phpunit() -> HostMount {
    mount(Path::new("/usr/share/php"), "/usr/share/php", false)
}

/// Files beneath a directory.
pub fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub fn arguments(object: Value) -> Arguments {
    Arguments::of_object(serde_json::from_value(object).unwrap())
}

pub fn execute(sandbox: &mut Sandbox, id: &str, object: Value) -> Execution {
    let command = Command::parse(id, arguments(object)).unwrap();
    sandbox.execute(&command, &patient()).unwrap()
}

/// What the command returns.
pub fn result(sandbox: &mut Sandbox, id: &str, object: Value) -> Value {
    let execution = execute(sandbox, id, object);
    execution.outcome.unwrap_or_else(|failure| panic!("{id}: {failure:?}\n{}", execution.record.stderr))
}
