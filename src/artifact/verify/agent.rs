//! What a bundle of our making says of an agent's work is worked out anew from the rest of it: nobody
//! has to believe that a run is to be promoted.

use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{
    AGENT_RESULT_PATH, AGENT_RESULT_SCHEMA, AGENT_TASK_RESULT_PATH, AGENT_TASK_RESULT_SCHEMA,
    COMPLETION_OUTCOME_PATH, Executed, Facts, PatchFacts, TEST_RESULTS_PATH, TRANSCRIPT_PATH, derived_agent,
    read_json,
};
use crate::artifact::digest::PATCH_PATH;
use crate::artifact::{ChangedFiles, Outcome};
use serde::Deserialize;
use serde_json::Value;

pub fn check(
    bundle: &mut Checked<'_>,
    metadata: &Value,
    (outcome, changed): (&Outcome, &ChangedFiles),
    report: &mut Report,
) {
    let read = |path: &str| bundle.lists(path).then(|| read_json(bundle.dir, path).unwrap_or_default());
    let of_schema = |schema: &'static str| move |document: &Value| document["schema"] == schema;
    let completion = read(COMPLETION_OUTCOME_PATH);
    let named = metadata["artifacts"]["agentResult"].is_string();
    let is_result = of_schema(AGENT_RESULT_SCHEMA);
    let result = read(AGENT_RESULT_PATH).filter(|result| named || is_result(result));
    let answer = read(AGENT_TASK_RESULT_PATH).filter(of_schema(AGENT_TASK_RESULT_SCHEMA));
    let transcript = read(TRANSCRIPT_PATH).unwrap_or_default();
    let tests = read(TEST_RESULTS_PATH).and_then(|tests| Deserialize::deserialize(tests).ok());
    let mut wrong = |path: &str, field: &str| {
        let why = "It is not what follows from the rest of the bundle.";
        report.add(Code::ReviewEvidenceMismatch, format!("{path}:{field}"), why, Some(path));
    };
    if let Some(answer) = &answer {
        let success = matches!(outcome, Outcome::Succeeded { .. });
        if answer["success"] != success || answer["status"] != if success { "completed" } else { "failed" } {
            wrong(AGENT_TASK_RESULT_PATH, "status");
        }
    }
    if completion.is_none() && result.is_none() {
        return;
    }
    let Some(tests) = tests else { return wrong(TEST_RESULTS_PATH, "status") };
    let bytes = bundle.dir.open_file(PATCH_PATH).map_or(0, |(_, stat)| stat.st_size as u64);
    let facts = Facts {
        outcome,
        changed,
        tests,
        patch: PatchFacts::new(bytes, bundle.hashes.of(PATCH_PATH).unwrap_or_default()),
        executions: executions(&transcript),
    };
    // Those that the transcript leaves out nobody can tell.
    let unknown = (!transcript["omittedExecutions"].is_null()).then_some("failures");
    let documents = [(completion.as_ref(), "provenance"), (result.as_ref(), "artifacts")];
    for ((path, fields), (document, given)) in derived_agent(&facts).into_iter().zip(documents) {
        let Some(document) = document else { continue };
        let said = document.as_object().into_iter().flatten().map(|(field, _)| field);
        let fields_of_both: std::collections::BTreeSet<&String> = fields.keys().chain(said).collect();
        for field in fields_of_both {
            let stands = [Some(given), unknown].contains(&Some(field.as_str()));
            if !stands && fields.get(field) != document.get(field) {
                wrong(path, field);
            }
        }
    }
    if let Some(completion) = &completion
        && completion["provenance"]["agent"] != metadata["provenance"]["agent"]
    {
        wrong(COMPLETION_OUTCOME_PATH, "provenance.agent");
    }
    let further = result.iter().flat_map(|result| result["artifacts"].as_array().into_iter().flatten());
    for reference in further {
        let is_it = |(_, path, row): (usize, &str, &Value)| {
            reference["path"] == path && reference["kind"] == row["kind"]
        };
        if !bundle.rows().any(is_it) {
            wrong(AGENT_RESULT_PATH, "artifacts");
        }
    }
}

fn executions(transcript: &Value) -> Vec<Executed<'_>> {
    let executions = transcript["executions"].as_array().into_iter().flatten();
    let executed = |execution: &Value| -> Option<(usize, i64)> {
        let index = usize::try_from(execution["executionIndex"].as_u64()?).ok()?;
        Some((index, execution["exitCode"].as_i64()?))
    };
    executions
        .filter_map(|execution| {
            let (index, exit_code) = executed(execution)?;
            Some(Executed { index, command: execution["command"].as_str()?, exit_code })
        })
        .collect()
}
