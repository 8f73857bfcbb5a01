//! The columns of a row.

use super::Unreadable;
use super::tree::varint;

/// More columns than SQLite allows by default.
const MOST_COLUMNS: usize = 2000;

#[derive(Debug, Clone, PartialEq)]
pub enum Column<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

pub fn columns(payload: &[u8]) -> Result<Vec<Column<'_>>, Unreadable> {
    let damaged = Unreadable::Damaged("a row does not fit its columns");
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok().filter(|len| *len <= payload.len()).ok_or(damaged)?;
    let mut columns = Vec::new();
    let mut body = header;
    while at < header {
        let (kind, next) = varint(payload, at)?;
        at = next;
        let len = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).map_err(|_| damaged)?,
            _ => return Err(damaged),
        };
        let end = body.checked_add(len).ok_or(damaged)?;
        let bytes = payload.get(body..end).ok_or(damaged)?;
        body = end;
        columns.push(match kind {
            0 => Column::Null,
            8 => Column::Integer(0),
            9 => Column::Integer(1),
            1..=6 => Column::Integer(integer(bytes)),
            7 => Column::Real(f64::from_bits(integer(bytes).cast_unsigned())),
            even if even % 2 == 0 => Column::Blob(bytes),
            _ => Column::Text(bytes),
        });
        if columns.len() > MOST_COLUMNS {
            return Err(damaged);
        }
    }
    Ok(columns)
}

/// Big endian, of any length up to eight, signed.
fn integer(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |value: i64, byte| value << 8 | i64::from(*byte))
}
