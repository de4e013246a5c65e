//! The addresses of stored records. A record's address continues that of its payload, which stands in the payload's row. So
//! a record stores only the rest, with the blank before it: ` item 7`, ` › 第一期 row 12`. An address without such a blank
//! stands as a whole.

use std::collections::HashMap;

use crate::delivery::batch::ClaimedBatch;
use huiliu_decode::TrainingRecord;

/// Returns what records store of their addresses.
pub(crate) fn shorten<'l>(
    held: &'l [ClaimedBatch],
    records: &[&'l TrainingRecord<'_>],
) -> impl Iterator<Item = Option<&'l str>> {
    let payloads: HashMap<i64, &str> = held.iter().map(|batch| (batch.id, batch.address.as_str())).collect();
    records.iter().map(move |record| {
        let rest = payloads.get(&record.batch).and_then(|payload| record.address.strip_prefix(payload));
        Some(rest.filter(|rest| rest.starts_with(' ')).unwrap_or(&record.address))
    })
}

/// Returns the SQL expression for the whole address of a record `table`, whose batch is `batch`.
pub(crate) fn whole_address(table: &str, batch: &str) -> String {
    format!(
        "CASE WHEN {table}.address LIKE ' %'
           THEN coalesce((SELECT p.address FROM batch b JOIN payload p ON p.id = b.payload_id WHERE b.id = {batch}), '') || {table}.address
           ELSE {table}.address END"
    )
}
