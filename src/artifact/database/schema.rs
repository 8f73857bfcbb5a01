//! Which tables a database has, and how their columns are called.

use super::Unreadable;
use super::image::Image;
use super::record::{Column, columns};
use super::tree::{self, Budget};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// The table that lists the others has its root here.
const SCHEMA_ROOT: u32 = 1;

#[derive(Debug)]
pub struct Table {
    pub root: u32,
    /// `CREATE TABLE …`.
    sql: String,
    /// What the statement declares; read for a table that has changed.
    layout: OnceCell<Layout>,
}

#[derive(Debug)]
pub struct Layout {
    pub columns: Vec<String>,
    /// Index of the column that is another name for the row's number.
    pub key: Option<usize>,
}

impl Table {
    pub fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| declared(&self.sql))
    }
}

/// The tables of the site, by name.
pub fn tables(image: &Image<'_>, budget: &mut Budget) -> Result<BTreeMap<String, Table>, Unreadable> {
    let mut rows = Vec::new();
    for leaf in tree::leaves(image, SCHEMA_ROOT)? {
        tree::read(image, leaf, budget, &mut rows)?;
    }
    let mut tables = BTreeMap::new();
    for row in &rows {
        let columns = columns(&row.payload)?;
        let [Column::Text(b"table"), Column::Text(name), _, Column::Integer(root), Column::Text(sql), ..] =
            columns.as_slice()
        else {
            continue;
        };
        let name = String::from_utf8_lossy(name).into_owned();
        if name.starts_with("sqlite_") || name.starts_with("_wp_sqlite_") {
            continue;
        }
        let root = u32::try_from(*root).map_err(|_| Unreadable::Damaged("a table has no place"))?;
        let sql = String::from_utf8_lossy(sql).into_owned();
        tables.insert(name, Table { root, sql, layout: OnceCell::new() });
    }
    Ok(tables)
}

/// The columns that a `CREATE TABLE` declares, and which of them is the row's number.
fn declared(sql: &str) -> Layout {
    let mut columns = Vec::new();
    let mut key = None;
    let mut named_key = None;
    for part in parts(sql) {
        let words: Vec<&str> = part.iter().map(String::as_str).collect();
        let Some(first) = words.first() else { continue };
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let primary = upper.windows(2).any(|pair| pair[0] == "PRIMARY" && pair[1] == "KEY");
        let constraint = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"].contains(&upper[0].as_str());
        if constraint {
            // PRIMARY KEY ("ID")
            let at = upper.iter().position(|word| word == "KEY");
            if primary
                && let Some([open, name, close, ..]) = at.map(|at| &words[at + 1..])
                && *open == "("
                && [")", "AUTOINCREMENT"].iter().any(|end| close.eq_ignore_ascii_case(end))
            {
                named_key = Some(unquoted(name));
            }
            continue;
        }
        if primary && upper.get(1).is_some_and(|kind| kind == "INTEGER") {
            key = Some(columns.len());
        }
        columns.push(unquoted(first));
    }
    let key = key.or_else(|| columns.iter().position(|name| Some(name) == named_key.as_ref()));
    Layout { columns, key }
}

/// The parts between the outermost parentheses, split at their commas, as words.
fn parts(sql: &str) -> Vec<Vec<String>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        let close = match c {
            '"' | '\'' | '`' => Some(c),
            '[' => Some(']'),
            _ => None,
        };
        let word = if let Some(close) = close {
            let mut word = String::from(c);
            while let Some(c) = chars.next() {
                word.push(c);
                if c == close && chars.next_if_eq(&close).is_none() {
                    break;
                }
            }
            word
        } else if c == '-' && chars.next_if_eq(&'-').is_some() {
            while chars.next_if(|c| *c != '\n').is_some() {}
            continue;
        } else if c.is_alphanumeric() || c == '_' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(c);
            }
            word
        } else if c.is_whitespace() {
            continue;
        } else {
            c.to_string()
        };
        match (word.as_str(), depth) {
            ("(", 0) => depth = 1,
            (")", 1) => break,
            (",", 1) => parts.push(Vec::new()),
            (_, 0) => {}
            (text, _) => {
                depth = match text {
                    "(" => depth + 1,
                    ")" => depth - 1,
                    _ => depth,
                };
                if let Some(part) = parts.last_mut() {
                    part.push(word);
                }
            }
        }
    }
    parts
}

fn unquoted(word: &str) -> String {
    match word.as_bytes() {
        [b'"' | b'\'' | b'`' | b'[', .., _] => word[1..word.len() - 1].to_owned(),
        _ => word.to_owned(),
    }
}
