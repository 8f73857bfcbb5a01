//! Compares two databases, table by table and row by row.

use super::image::Image;
use super::record::{Column, columns};
use super::schema::{Table, tables};
use super::tree::{self, Budget, Row};
use super::{DatabaseChanges, DatabaseStatus, RowChange, RowStatus, TableChanges, TableStatus, Unreadable};
use crate::artifact::redact::{Found, Redactor};
use crate::contract::{DatabaseFiles, digest_hex};
use serde_json::{Number, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is shown. The rest is counted.
const MOST_TABLES: usize = 200;
const MOST_ROWS: usize = 100;
/// Bytes of text, of all rows together.
const MOST_TEXT: usize = 2 << 20;
/// Bytes of one text.
const LONGEST_TEXT: usize = 2 << 10;

/// `found` is told what was redacted in the rows that are shown.
pub fn diff(
    files: &DatabaseFiles,
    redactor: &Redactor,
    found: &mut Found,
) -> Result<DatabaseChanges, Unreadable> {
    let mut changes = DatabaseChanges::unchanged();
    if files.before == files.after && files.after_log.is_empty() {
        return Ok(changes);
    }
    let (before, after) = (Image::open(&files.before, &[])?, Image::open(&files.after, &files.after_log)?);
    let mut differ = Differ { before, after, budget: Budget::new(), redactor, found, text_left: MOST_TEXT };
    let old = tables(&differ.before, &mut differ.budget)?;
    let new = tables(&differ.after, &mut differ.budget)?;
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let Some(table) = differ.table(name, old.get(name), new.get(name)) else { continue };
        changes.status = DatabaseStatus::Changed;
        changes.summary.tables += 1;
        changes.summary.added += table.added;
        changes.summary.changed += table.changed;
        changes.summary.removed += table.removed;
        if changes.tables.len() < MOST_TABLES {
            changes.tables.push(table);
        } else {
            changes.omitted_tables += 1;
        }
    }
    Ok(changes)
}

struct Differ<'a> {
    before: Image<'a>,
    after: Image<'a>,
    budget: Budget,
    redactor: &'a Redactor,
    found: &'a mut Found,
    text_left: usize,
}

impl Differ<'_> {
    /// `None` if nothing in the table changed.
    fn table(&mut self, name: &str, old: Option<&Table>, new: Option<&Table>) -> Option<TableChanges> {
        let mut changes = TableChanges {
            name: name.to_owned(),
            status: match (old, new) {
                (None, _) => TableStatus::Created,
                (_, None) => TableStatus::Dropped,
                _ => TableStatus::Changed,
            },
            added: 0,
            changed: 0,
            removed: 0,
            rows: Vec::new(),
            omitted_rows: 0,
            reason: None,
        };
        match self.rows(old, new) {
            Ok((old_rows, new_rows)) => self.compare((old, &old_rows), (new, &new_rows), &mut changes),
            Err(why) => changes.reason = Some(why.to_string()),
        }
        let same = changes.status == TableStatus::Changed
            && changes.reason.is_none()
            && changes.added + changes.changed + changes.removed == 0;
        (!same).then_some(changes)
    }

    /// The rows on those leaves that differ.
    fn rows(&mut self, old: Option<&Table>, new: Option<&Table>) -> Result<(Rows, Rows), Unreadable> {
        let leaves = |image: &Image<'_>, table: Option<&Table>| match table {
            Some(table) => tree::leaves(image, table.root),
            None => Ok(Vec::new()),
        };
        let (old, new) = (leaves(&self.before, old)?, leaves(&self.after, new)?);
        let known: HashSet<u32> = old.iter().copied().collect();
        let mut same = HashSet::new();
        for leaf in new.iter().filter(|leaf| known.contains(leaf)) {
            if self.before.page(*leaf) == self.after.page(*leaf)
                && tree::is_self_contained(&self.after, *leaf)?
            {
                same.insert(*leaf);
            }
        }
        let mut read = |image: &Image<'_>, leaves: &[u32]| -> Result<Rows, Unreadable> {
            let mut rows = Vec::new();
            for leaf in leaves.iter().filter(|leaf| !same.contains(leaf)) {
                tree::read(image, *leaf, &mut self.budget, &mut rows)?;
            }
            Ok(rows.into_iter().map(|row: Row| (row.key, row.payload)).collect())
        };
        Ok((read(&self.before, &old)?, read(&self.after, &new)?))
    }

    fn compare(
        &mut self,
        (old_table, old): (Option<&Table>, &Rows),
        (new_table, new): (Option<&Table>, &Rows),
        changes: &mut TableChanges,
    ) {
        let keys: BTreeSet<i64> = old.keys().chain(new.keys()).copied().collect();
        for key in keys {
            let (before, after) = (old.get(&key), new.get(&key));
            let change = match (before, after) {
                (Some(before), Some(after)) if before == after => continue,
                (Some(_), Some(_)) => RowStatus::Changed,
                (None, _) => RowStatus::Added,
                (_, None) => RowStatus::Removed,
            };
            *match change {
                RowStatus::Added => &mut changes.added,
                RowStatus::Changed => &mut changes.changed,
                RowStatus::Removed => &mut changes.removed,
            } += 1;
            if changes.rows.len() >= MOST_ROWS || self.text_left == 0 {
                changes.omitted_rows += 1;
                continue;
            }
            let shown = [(old_table, before), (new_table, after)].map(|(table, payload)| {
                payload.zip(table).map(|(payload, table)| self.row(key, table, payload)).transpose()
            });
            match shown {
                [Ok(mut before), Ok(mut after)] => {
                    if let (Some(before), Some(after)) = (&mut before, &mut after) {
                        keep_different(before, after);
                    }
                    self.text_left = self.text_left.saturating_sub(size(&before) + size(&after));
                    let cells = [&before, &after].into_iter().flatten().flatten();
                    cells.for_each(|(_, cell)| self.found.absorb(&cell.found));
                    let [before, after] = [before, after].map(|row| {
                        row.map(|row| row.into_iter().map(|(name, cell)| (name, cell.shown)).collect())
                    });
                    changes.rows.push(RowChange { change, key, before, after });
                }
                [Err(why), _] | [_, Err(why)] => {
                    changes.reason = Some(why.to_string());
                    changes.omitted_rows += 1;
                }
            }
        }
    }

    fn row<'row>(&self, key: i64, table: &Table, payload: &'row [u8]) -> Result<Cells<'row>, Unreadable> {
        let layout = table.layout();
        let cells = columns(payload)?.into_iter().enumerate().map(|(index, column)| {
            let name = layout.columns.get(index).cloned().unwrap_or_else(|| format!("column {}", index + 1));
            let column = match column {
                // The key is not stored a second time.
                Column::Null if layout.key == Some(index) => Column::Integer(key),
                column => column,
            };
            (name, self.cell(column))
        });
        Ok(cells.collect())
    }

    fn cell<'row>(&self, column: Column<'row>) -> Cell<'row> {
        match column {
            Column::Null => Cell::of(Value::Null),
            Column::Integer(number) => Cell::of(number.into()),
            Column::Real(number) => Cell::of(
                Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number),
            ),
            Column::Text(text) => {
                let mut found = Found::default();
                Cell { shown: Value::String(self.text(text, &mut found)), whole: text, found }
            }
            Column::Blob(bytes) => {
                let shown = if self.redactor.holds_packed(bytes) {
                    json!({ "bytes": bytes.len() })
                } else {
                    json!({ "bytes": bytes.len(), "sha256": digest_hex([bytes]) })
                };
                Cell { shown, whole: bytes, found: Found::default() }
            }
        }
    }

    /// Without secrets, and only then cut.
    fn text(&self, text: &[u8], found: &mut Found) -> String {
        let text = String::from_utf8_lossy(text);
        let clean = self.redactor.text(&text, found);
        let keep = clean.floor_char_boundary(LONGEST_TEXT.min(clean.len()));
        if keep == clean.len() {
            return clean.into_owned();
        }
        format!("{}… ({} bytes more)", &clean[..keep], clean.len() - keep)
    }
}

/// Payloads by key.
type Rows = BTreeMap<i64, Vec<u8>>;
type Cells<'row> = Vec<(String, Cell<'row>)>;

/// A value as it is shown, and as it is where that does not tell whether it changed.
#[derive(PartialEq)]
struct Cell<'row> {
    shown: Value,
    whole: &'row [u8],
    found: Found,
}

impl Cell<'_> {
    fn of(shown: Value) -> Self {
        Cell { shown, whole: &[], found: Found::default() }
    }
}

fn keep_different(before: &mut Cells<'_>, after: &mut Cells<'_>) {
    let same: HashSet<String> =
        before.iter().filter(|cell| after.contains(cell)).map(|(name, _)| name.clone()).collect();
    before.retain(|(name, _)| !same.contains(name));
    after.retain(|(name, _)| !same.contains(name));
}

fn size(row: &Option<Cells<'_>>) -> usize {
    row.iter().flatten().map(|(name, cell)| name.len() + cell.shown.to_string().len()).sum()
}
