//! How many rows a listing has in all, under the same filters as the listing.

use crate::admin::filter::{self, RowFilter};
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_values::BatchState;

/// How many runs there are.
///
/// # Errors
/// [`StoreError`].
pub async fn runs(db: &Db, of: &RowFilter) -> Result<i64, StoreError> {
    let more = filter::of_sources(vec![], of);
    let sql = "SELECT count(*) AS n FROM sync_run r JOIN source s ON s.id = r.source_id WHERE 1 = 1";
    filter::fetch_count(db, &format!("{sql}{}", more.sql), more.args).await
}

/// How many batches are not done.
///
/// # Errors
/// [`StoreError`].
pub async fn batches(db: &Db, state: Option<BatchState>, of: &RowFilter) -> Result<i64, StoreError> {
    let more = filter::of_batches(vec![state.map_or("", BatchState::as_str).into()], of);
    let sql =
        "SELECT count(*) AS n FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id
               WHERE b.state IN ('due', 'claimed', 'quarantined') AND ($1 = '' OR b.state = $1)";
    filter::fetch_count(db, &format!("{sql}{}", more.sql), more.args).await
}

/// How many training records there are.
///
/// # Errors
/// [`StoreError`].
pub async fn records(db: &Db, of: &RowFilter) -> Result<i64, StoreError> {
    if !of.flagged && of.status.is_none() {
        return records_by_books(db, of).await;
    }
    let more = filter::of_records(vec![], of);
    let sql =
        "SELECT count(*) AS n FROM training_record r JOIN source s ON s.id = r.source_id WHERE r.merged_into IS NULL";
    filter::fetch_count(db, &format!("{sql}{}", more.sql), more.args).await
}

/// Counts training records by the counters of batches, which are thousands of times fewer: what each has written and not lost
/// since, without the rows of rosters.
async fn records_by_books(db: &Db, of: &RowFilter) -> Result<i64, StoreError> {
    let more = filter::of_sources(vec![], of);
    let batches = format!(
        "batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id WHERE 1 = 1{}",
        more.sql
    );
    let sql = format!(
        "SELECT CAST((SELECT coalesce(sum(b.held), 0) FROM {batches})
           - (SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id IN (SELECT b.id FROM {batches}))
           - (SELECT count(*) FROM roster_row t JOIN source s ON s.id = t.source_id WHERE 1 = 1{}) AS bigint) AS n",
        more.sql
    );
    filter::fetch_count(db, &sql, more.args).await
}
