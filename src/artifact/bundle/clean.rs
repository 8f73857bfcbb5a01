//! Takes secrets out of what is cut or rearranged on its way into a bundle: a secret must be whole
//! to be found.

use crate::artifact::{Found, Redactor, RuntimeInfo, Tally};
use crate::contract::CommandRecord;
use std::borrow::Cow;

/// Redacts records of commands, and counts what they held for `commands.jsonl`.
pub fn commands(records: &mut [CommandRecord], redactor: &Redactor, tally: &mut Tally) {
    let mut found = Found::default();
    for record in records {
        withhold(record, redactor);
        let texts = [&mut record.command, &mut record.stdout, &mut record.stderr];
        texts.into_iter().chain(&mut record.args).for_each(|part| text(part, redactor, &mut found));
        let values = [&mut record.result, &mut record.diagnostics];
        values.into_iter().chain(&mut record.artifact_refs).for_each(|part| redactor.value(part, &mut found));
    }
    tally.add("commands.jsonl", &found);
}

/// Takes away what stands before a cut and may be the head of a secret.
pub fn withhold(record: &mut CommandRecord, redactor: &Redactor) {
    let cut = std::mem::take(&mut record.cut);
    for (text, cut) in [(&mut record.stdout, cut.stdout), (&mut record.stderr, cut.stderr)] {
        if let Some(cut) = cut {
            text.replace_range(redactor.before_cut(&text[..cut])..cut, "");
        }
    }
}

/// Redacts the lines of the runtime's log as the one text that they were.
pub fn log(lines: &mut Vec<String>, redactor: &Redactor, tally: &mut Tally) {
    let mut found = Found::default();
    if let Cow::Owned(clean) = redactor.text(&lines.join("\n"), &mut found) {
        *lines = clean.split('\n').map(str::to_owned).collect();
    }
    tally.add("logs/runtime.log", &found);
}

/// Redacts what the parent said of its WordPress.
pub(super) fn runtime(runtime: &mut RuntimeInfo, redactor: &Redactor, found: &mut Found) {
    let environment = &mut runtime.environment;
    let optional = [&mut environment.name, &mut environment.version, &mut environment.php_version];
    [&mut runtime.id, &mut runtime.backend, &mut environment.kind]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .for_each(|part| text(part, redactor, found));
}

fn text(text: &mut String, redactor: &Redactor, found: &mut Found) {
    if let Cow::Owned(clean) = redactor.text(text, found) {
        *text = clean;
    }
}
