//! `inputs.siteSeeds[]`: content from a file, as much of it as the scopes name.
//!
//! In: a declaration and its file, `wp-codebox/site-seed-fixture/v1`. Out: an [`Import`] or an
//! [`Issue`].
//!
//! Invariant: what the scopes do not name never enters the sandbox, nor do names and addresses of
//! people.

mod file;
mod select;

pub use file::FIXTURE_SCHEMA;

use super::document::SiteSeed;
use super::issue::Issue;
use super::labelled::LabelledCommand;
use super::source;
use crate::contract::digest_hex;
use crate::host::Settings;
use crate::sandbox::{Content, ContentTask, STAGING, StagedFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

pub const RESULT_SCHEMA: &str = "wp-codebox/site-seed-result/v1";

/// Bytes of one file.
pub const MAX_BYTES: u64 = 8 << 20;

/// An import that can be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub command: LabelledCommand,
    /// Digest of the file, in hex.
    pub source_sha256: String,
}

/// What became of an import: `wp-codebox/site-seed-result/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeedResult {
    pub schema: &'static str,
    pub name: String,
    /// Digest of the file, in hex.
    pub source_sha256: String,
    /// Names of what was asked for.
    pub scopes: Vec<&'static str>,
    pub counts: SeedCounts,
}

/// How many records of each kind were imported, as the guest counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct SeedCounts {
    pub users: u64,
    pub terms: u64,
    pub posts: u64,
    pub media: u64,
    pub options: u64,
    pub active_plugins: u64,
    pub active_theme: u64,
}

impl SeedResult {
    /// From what the command returned.
    pub fn of(seed: &SiteSeed, source_sha256: String, value: &Value) -> SeedResult {
        SeedResult {
            schema: RESULT_SCHEMA,
            name: seed.name.clone(),
            source_sha256,
            scopes: seed.scopes.names(),
            // The guest can return anything.
            counts: serde_json::from_value(value.clone()).unwrap_or_default(),
        }
    }
}

/// Whether a login, or an address, is one that people of seeds get: nobody else can have it.
pub fn is_of_a_seed(name: &str) -> bool {
    select::is_strangers(name)
}

/// Reads the file that a declaration names. `at`: where the declaration stands.
pub fn open(seed: &SiteSeed, at: &str, base: Option<&Path>, settings: &Settings) -> Result<Import, Issue> {
    let path = seed.source.as_deref().unwrap_or_default();
    let bytes = source::read(base, settings, &format!("{at}.source"), path, MAX_BYTES)?;
    compile(seed, &bytes, at)
}

/// `bytes`: what the file holds.
pub fn compile(seed: &SiteSeed, bytes: &[u8], at: &str) -> Result<Import, Issue> {
    let fixture = file::read(bytes)
        .map_err(|why| Issue::new("invalid-site-seed-source", format!("{at}.source"), why))?;
    let wanted = select::select(fixture, &seed.scopes).map_err(|scope| {
        Issue::new(
            "invalid-site-seed-scope",
            format!("{at}.scopes.{scope}"),
            format!("the file has no {scope}"),
        )
    })?;
    let files = vec![StagedFile { path: "0".to_owned(), bytes: wanted.to_string().into_bytes().into() }];
    let content = Content { task: ContentTask::ImportSeed { file: format!("{STAGING}/0") }, files };
    let label = format!("site-seed.import:{}", seed.name);
    Ok(Import {
        command: LabelledCommand { label, command: content.into() },
        source_sha256: digest_hex([bytes]),
    })
}
