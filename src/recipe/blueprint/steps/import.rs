//! Content from files: SQL.

use super::{Problem, Step};
use crate::recipe::blueprint::resource::Resource;
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Command, ContentTask};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunSql {
    sql: Resource,
}

impl Step for RunSql {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let file = staging.file("sql", self.sql)?.path;
        Ok(staging.with(ContentTask::ImportSql { file, truncate: Vec::new() }).into())
    }
}
