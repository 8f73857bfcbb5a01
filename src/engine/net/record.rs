//! What a sandbox did on the network, for the record of its run.

use serde::Serialize;
use std::net::IpAddr;

/// Records that are kept between two takes; what comes after is counted.
const RECORDS_MAX: usize = 1000;

/// A connection, a request or a lookup, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub via: Via,
    pub allowed: bool,
    /// Why it was denied, or what ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The name that was asked for, or the address.
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Scheme, host and path. Queries carry secrets and are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    Lookup,
    Socket,
    Http,
}

impl Record {
    pub(super) fn new(via: Via, host: impl Into<String>) -> Record {
        Record {
            via,
            allowed: true,
            reason: None,
            host: host.into(),
            address: None,
            port: None,
            method: None,
            url: None,
            status: None,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }

    pub(super) fn denied(self, reason: impl ToString) -> Record {
        Record { allowed: false, reason: Some(reason.to_string()), ..self }
    }
}

/// Records, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Log {
    records: Vec<Record>,
    dropped: u64,
}

impl Log {
    /// Denials that repeat are kept once: a guest may ask for ever.
    pub(super) fn add(&mut self, record: Record) {
        if !record.allowed && self.records.contains(&record) {
            return;
        }
        if self.records.len() == RECORDS_MAX {
            self.dropped += 1;
            // A guest must not hide what it was denied behind much that it was allowed.
            let allowed = self.records.iter().rposition(|known| known.allowed);
            let Some(allowed) = allowed.filter(|_| !record.allowed) else { return };
            self.records.remove(allowed);
        }
        self.records.push(record);
    }

    pub(super) fn take(&mut self) -> (Vec<Record>, u64) {
        (std::mem::take(&mut self.records), std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_denied_is_kept_however_much_was_allowed_before() {
        let mut log = Log::default();
        for port in 0..2 * RECORDS_MAX {
            log.add(Record::new(Via::Lookup, format!("{port}.example.org")));
        }
        log.add(Record::new(Via::Lookup, "denied.example.net").denied("no"));
        log.add(Record::new(Via::Lookup, "denied.example.net").denied("no"));
        let (records, dropped) = log.take();
        assert_eq!((records.len(), dropped), (RECORDS_MAX, RECORDS_MAX as u64 + 1));
        assert_eq!(records.iter().filter(|record| !record.allowed).count(), 1);
        assert_eq!(records[0].host, "0.example.org");
    }
}
