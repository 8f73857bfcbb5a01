//! What is noted of a command while it runs, for whoever asks why it is slow: the queries that
//! WordPress makes.
//!
//! Invariant: what the guest reports is hostile. Only its shape is believed, and no more of it is kept
//! than was asked for.

use crate::contract::json_fits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub const COMMAND_DIAGNOSTICS_SCHEMA: &str = "wp-codebox/command-diagnostics/v1";

/// That queries are noted, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryCapture {
    pub max_items: usize,
    /// Of all queries together, as JSON.
    pub max_bytes: usize,
}

impl QueryCapture {
    pub const ITEMS: usize = 50;
    pub const ITEMS_MAX: usize = 500;
    pub const BYTES: usize = 64 << 10;
    pub const BYTES_MAX: usize = 512 << 10;
}

/// `wp-codebox/command-diagnostics/v1`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Diagnostics {
    schema: &'static str,
    wpdb_queries: Queries,
}

/// The queries of a command, in their order.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Queries {
    status: Status,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// How many the command made.
    #[serde(default)]
    count: u64,
    #[serde(default)]
    total_time_ms: f64,
    #[serde(default)]
    items: Vec<Query>,
    /// Those that there was no room for.
    #[serde(default)]
    dropped: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Captured,
    /// There was no room for some.
    Partial,
    #[default]
    Unavailable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// WordPress was not loaded, or has `SAVEQUERIES` switched off.
    WpdbQueriesUnavailable,
    /// The command was stopped, or ran out of memory.
    CommandStopped,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Query {
    query: String,
    time_ms: f64,
    /// The functions that led to it.
    caller: String,
}

#[derive(Deserialize)]
struct Reported {
    diagnostics: Queries,
}

impl QueryCapture {
    /// What is kept of what the guest says beside a command's outcome.
    pub(super) fn read(self, outcome: &[u8]) -> Value {
        let reported = serde_json::from_slice(outcome).map(|Reported { diagnostics }| diagnostics);
        let mut queries = reported
            .unwrap_or_else(|_| Queries { reason: Some(Reason::CommandStopped), ..Queries::default() });
        queries.items.truncate(self.max_items);
        while !json_fits(&queries.items, self.max_bytes) {
            queries.items.truncate(queries.items.len() * 3 / 4);
        }
        queries.dropped = queries.count.saturating_sub(queries.items.len() as u64);
        if queries.dropped > 0 && queries.status == Status::Captured {
            queries.status = Status::Partial;
        }
        json!(Diagnostics { schema: COMMAND_DIAGNOSTICS_SCHEMA, wpdb_queries: queries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURE: QueryCapture = QueryCapture { max_items: 3, max_bytes: 300 };

    fn told(diagnostics: &Value) -> Value {
        CAPTURE.read(json!({ "status": "ok", "diagnostics": diagnostics }).to_string().as_bytes())["wpdbQueries"].clone()
    }

    fn item(bytes: usize) -> Value {
        json!({ "query": "x".repeat(bytes), "timeMs": 0.5, "caller": "a" })
    }

    #[test]
    fn a_guest_that_reports_more_than_was_asked_for_is_cut() {
        let many = vec![item(1); 1000];
        let told_many =
            told(&json!({ "status": "captured", "count": 1000, "totalTimeMs": 1.0, "items": many }));
        assert_eq!((&told_many["status"], &told_many["dropped"]), (&json!("partial"), &json!(997)));
        assert_eq!(told_many["items"].as_array().unwrap().len(), 3);
        let long = told(
            &json!({ "status": "captured", "count": 2, "totalTimeMs": 1.0, "items": [item(1 << 20), item(1)] }),
        );
        assert_eq!((&long["items"], &long["dropped"]), (&json!([]), &json!(2)));
    }

    #[test]
    fn nonsense_is_no_report() {
        for nonsense in [
            json!(null),
            json!([]),
            json!({ "status": "fine" }),
            json!({ "status": "captured", "items": [7] }),
        ] {
            assert_eq!(told(&nonsense)["reason"], "command_stopped", "{nonsense}");
        }
        assert_eq!(CAPTURE.read(b"")["wpdbQueries"]["status"], "unavailable");
    }
}
