//! Statistics of the values of streams, which batches are compared with.

use crate::delivery::batch::ClaimedBatch;
use crate::sql::db::Db;
use crate::sql::error::StoreError;
use huiliu_decode::value_statistics::ValueStatistics;

/// Loads the statistics of a batch's stream under a version of its manifest. Without any, or with those of another
/// version or program, the batch has nothing to be compared with.
///
/// # Errors
/// [`StoreError`].
pub async fn load_statistics(db: &Db, held: &ClaimedBatch, version: i64) -> Result<ValueStatistics, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT statistics FROM stream_values WHERE source_id = $1 AND stream = $2 AND manifest_version = $3",
            vec![held.source_id.into(), held.stream.as_str().into(), version.into()],
        )
        .await?;
    let text = rows.first().map(|row| row.text("statistics")).transpose()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Saves the statistics of a batch's stream. Of two processes that save at once, one wins: the statistics are of a large
/// part of the records, not of each of them.
///
/// # Errors
/// [`StoreError`].
pub async fn save_statistics(
    db: &Db,
    held: &ClaimedBatch,
    version: i64,
    statistics: &ValueStatistics,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(statistics).unwrap_or_default();
    db.execute(
        "INSERT INTO stream_values (source_id, stream, manifest_version, statistics) VALUES ($1, $2, $3, $4)
         ON CONFLICT (source_id, stream) DO UPDATE SET
           manifest_version = excluded.manifest_version, statistics = excluded.statistics",
        vec![held.source_id.into(), held.stream.as_str().into(), version.into(), text.into()],
    )
    .await?;
    Ok(())
}
