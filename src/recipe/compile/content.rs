//! What is done to the site before the workflow: the blueprint, databases, users, seeds.

use super::super::blueprint;
use super::super::fixture::{compile_user, open_database};
use super::super::issue::Issue;
use super::super::labelled::LabelledCommand;
use super::super::plan::{Part, Step};
use super::super::seed;
use super::Place;
use serde_json::Value;

/// `runtime.blueprint`.
pub(super) fn blueprint(place: Place<'_>) -> Result<Vec<Step>, Vec<Issue>> {
    let Some(fields) = &place.recipe.runtime.blueprint else { return Ok(Vec::new()) };
    let commands = blueprint::compile(&Value::Object(fields.clone()), place.base, "$.runtime.blueprint")?;
    let numbered = commands.into_iter().enumerate();
    Ok(numbered.map(|(index, command)| step(Part::Blueprint, index, command)).collect())
}

/// Imports, with the digests of the files that they come from.
pub(super) struct Imports {
    pub steps: Vec<Step>,
    /// Of the first steps' files.
    pub databases: Vec<String>,
    /// Of the last steps' files.
    pub seeds: Vec<String>,
}

/// `inputs.fixtureDatabases`, `inputs.fixtureUsers`, `inputs.siteSeeds`.
pub(super) fn imports(place: Place<'_>) -> Result<Imports, Issue> {
    let inputs = &place.recipe.inputs;
    let mut imports = Imports { steps: Vec::new(), databases: Vec::new(), seeds: Vec::new() };
    for (index, database) in inputs.fixture_databases.iter().enumerate() {
        let at = format!("$.inputs.fixtureDatabases[{index}]");
        let import = open_database(database, &at, place.base, place.settings)?;
        imports.steps.push(step(Part::Import, index, import.command));
        imports.databases.push(import.source_sha256);
    }
    for (index, user) in inputs.fixture_users.iter().enumerate() {
        imports.steps.push(step(Part::Import, index, compile_user(user)));
    }
    for (index, seed) in inputs.site_seeds.iter().enumerate() {
        let import = seed::open(seed, &format!("$.inputs.siteSeeds[{index}]"), place.base, place.settings)?;
        imports.steps.push(step(Part::Import, index, import.command));
        imports.seeds.push(import.source_sha256);
    }
    Ok(imports)
}

fn step(part: Part, index: usize, LabelledCommand { label, command }: LabelledCommand) -> Step {
    Step { label: Some(label), ..Step::new(part, index, command) }
}
