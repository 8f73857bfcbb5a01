//! Instants as every public envelope spells them: RFC 3339, UTC, milliseconds, `Z`.

use std::time::SystemTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// `2026-01-31T08:05:09.120Z`. An instant that no calendar year of four digits holds is written
/// as the Unix epoch.
pub fn iso8601(at: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    const LAST: u64 = 253_402_300_799;
    let at = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since.as_secs() <= LAST => OffsetDateTime::from(at),
        _ => OffsetDateTime::UNIX_EPOCH,
    };
    at.format(&format).expect("the format names only parts that every date has")
}

/// Reads any RFC 3339 instant.
pub fn parse_iso8601(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}
