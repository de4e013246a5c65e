//! What the rows of the tables of payloads were taken for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::intake::runs::RunRange;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::accounting::{LeftOut, PayloadLayout, TableCount};

/// A table of a payload.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LandedTable {
    /// Name of the stream.
    pub stream: String,
    /// Page or file name of the payload.
    pub payload: String,
    /// What its rows were taken for.
    #[serde(flatten)]
    pub count: TableCount,
}

/// The sums over the tables of some payloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LayoutTotals {
    /// Number of tables.
    pub tables: i64,
    /// Tables that are not read.
    pub tables_left_out: i64,
    /// Rows down to the last one that is not empty.
    pub rows: i64,
    /// Rows above a header.
    pub titles: i64,
    /// Header rows.
    pub headers: i64,
    /// Rows read as records.
    pub records: i64,
    /// Rows that look like records where none are expected; received and parked.
    pub suspects: i64,
    /// Rows without text.
    pub blank: i64,
    /// Rows left out by a marker.
    pub marked: i64,
    /// Rows at or below the end of a table.
    pub below: i64,
    /// Rows of tables that are not read.
    pub unread: i64,
    /// Rows among `titles` and `unread` that look like records, except for those of a payload after which another of its
    /// name was received.
    pub likely: i64,
}

impl LayoutTotals {
    /// Returns the sum of two.
    #[must_use]
    pub fn combine(self, other: &Self) -> Self {
        Self {
            tables: self.tables + other.tables,
            tables_left_out: self.tables_left_out + other.tables_left_out,
            rows: self.rows + other.rows,
            titles: self.titles + other.titles,
            headers: self.headers + other.headers,
            records: self.records + other.records,
            suspects: self.suspects + other.suspects,
            blank: self.blank + other.blank,
            marked: self.marked + other.marked,
            below: self.below + other.below,
            unread: self.unread + other.unread,
            likely: self.likely + other.likely,
        }
    }
}

fn to_int(n: u64) -> Option<i64> {
    Some(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Saves the tables of payloads that are landing, or are counted again, given with the payloads' row ids.
///
/// # Errors
/// [`StoreError`].
pub async fn insert_tables(tx: &mut Tx, layouts: &[(i64, &PayloadLayout)]) -> Result<(), StoreError> {
    let places: Vec<(i64, i64)> = layouts
        .iter()
        .flat_map(|(payload, layout)| (0..).take(layout.tables.len()).map(|ordinal| (*payload, ordinal)))
        .collect();
    let tables: Vec<&TableCount> = layouts.iter().flat_map(|(_, layout)| &layout.tables).collect();
    if tables.is_empty() {
        return Ok(());
    }
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    let names: Vec<[Option<String>; 2]> =
        tables.iter().map(|t| [t.member.as_deref().map(clean), t.sheet.as_deref().map(clean)]).collect();
    let markers: Vec<Option<String>> = tables.iter().map(|t| markers_json(&t.marked)).collect();
    let of = |count: fn(&TableCount) -> u64| tables.iter().map(move |table| to_int(count(table))).collect::<Vec<_>>();
    let rows = Rows::new()
        .int("payload_id", places.iter().map(|(payload, _)| Some(*payload)))
        .int("ordinal", places.iter().map(|(_, ordinal)| Some(*ordinal)))
        .text("member", names.iter().map(|[member, _]| member.as_deref()))
        .text("sheet", names.iter().map(|[_, sheet]| sheet.as_deref()))
        .int("hidden", tables.iter().map(|table| Some(i64::from(table.hidden))))
        .text("left_out", tables.iter().map(|table| table.left_out.map(LeftOut::as_str)))
        .int("row_count", of(|table| table.rows))
        .int("titles", of(|table| table.titles))
        .int("headers", of(|table| table.headers))
        .int("records", of(|table| table.records))
        .int("suspects", of(|table| table.suspects))
        .int("blank", of(|table| table.blank))
        .int("marked", of(|table| table.marked.values().sum()))
        .text("markers", markers.iter().map(Option::as_deref))
        .int("below", of(|table| table.below))
        .int("unread", of(|table| table.unread))
        .int("likely", of(|table| table.likely))
        .int("hidden_rows", of(|table| table.hidden_rows))
        .int("hidden_columns", of(|table| table.hidden_columns));
    tx.execute_with(
        "INSERT INTO payload_table (payload_id, ordinal, member, sheet, hidden, left_out, row_count, titles, headers, records,
           suspects, blank, marked, markers, below, unread, likely, hidden_rows, hidden_columns)
         SELECT payload_id, ordinal, member, sheet, hidden, left_out, row_count, titles, headers, records,
           suspects, blank, marked, markers, below, unread, likely, hidden_rows, hidden_columns FROM {rows} WHERE true",
        vec![],
        rows,
    )
    .await?;
    Ok(())
}

fn markers_json(markers: &BTreeMap<String, u64>) -> Option<String> {
    (!markers.is_empty()).then(|| serde_json::to_string(markers).unwrap_or_default())
}

/// Lists the tables of a run's payloads, at most `limit`, in the order of landing; with `only_likely`, those with rows that
/// look like records and were not read.
///
/// # Errors
/// [`StoreError`].
pub async fn list_tables(db: &Db, run: i64, only_likely: bool, limit: i64) -> Result<Vec<LandedTable>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT p.stream AS stream, p.address AS address, t.member AS member, t.sheet AS sheet, t.hidden AS hidden,
               t.left_out AS left_out, t.row_count AS row_count, t.titles AS titles, t.headers AS headers,
               t.records AS records, t.suspects AS suspects, t.blank AS blank, t.markers AS markers, t.below AS below,
               t.unread AS unread, t.likely AS likely, t.hidden_rows AS hidden_rows, t.hidden_columns AS hidden_columns
             FROM payload_table t JOIN payload p ON p.id = t.payload_id
             WHERE p.run_id = $1 AND ($2 = 0 OR t.likely > 0) ORDER BY t.payload_id, t.ordinal LIMIT $3",
            vec![run.into(), i64::from(only_likely).into(), limit.into()],
        )
        .await?;
    rows.iter().map(read_table).collect()
}

fn read_table(row: &Row) -> Result<LandedTable, StoreError> {
    let count = |name: &str| row.int(name).map(|n| u64::try_from(n).unwrap_or(0));
    let markers = row.opt_text("markers")?;
    Ok(LandedTable {
        stream: row.text("stream")?,
        payload: row.text("address")?,
        count: TableCount {
            member: row.opt_text("member")?,
            sheet: row.opt_text("sheet")?,
            hidden: row.int("hidden")? != 0,
            left_out: row.opt_text("left_out")?.as_deref().and_then(LeftOut::from_word),
            rows: count("row_count")?,
            titles: count("titles")?,
            headers: count("headers")?,
            records: count("records")?,
            suspects: count("suspects")?,
            blank: count("blank")?,
            marked: markers.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            below: count("below")?,
            unread: count("unread")?,
            likely: count("likely")?,
            hidden_rows: count("hidden_rows")?,
            hidden_columns: count("hidden_columns")?,
        },
    })
}

/// Adds up the tables of the payloads of some runs.
///
/// # Errors
/// [`StoreError`].
pub async fn sum_tables(db: &Db, runs: RunRange) -> Result<LayoutTotals, StoreError> {
    const SUMS: [&str; 9] =
        ["row_count", "titles", "headers", "records", "suspects", "blank", "marked", "below", "unread"];
    let sums: Vec<String> =
        SUMS.iter().map(|name| format!("CAST(coalesce(sum(t.{name}), 0) AS bigint) AS {name}")).collect();
    let sql = format!(
        "SELECT count(*) AS tables, count(t.left_out) AS tables_left_out, {},
           CAST(coalesce(sum(CASE WHEN t.likely > 0 AND NOT EXISTS (SELECT 1 FROM payload q WHERE q.source_id = p.source_id
             AND q.stream = p.stream AND q.address = p.address AND q.id > p.id AND q.state = 'landed')
             THEN t.likely ELSE 0 END), 0) AS bigint) AS likely
         FROM payload_table t JOIN payload p ON p.id = t.payload_id WHERE p.run_id BETWEEN $1 AND $2",
        sums.join(", ")
    );
    let rows = db.fetch_rows(&sql, vec![runs.first.into(), runs.last.into()]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Column { column: "payload_table".into() })?;
    Ok(LayoutTotals {
        tables: row.int("tables")?,
        tables_left_out: row.int("tables_left_out")?,
        rows: row.int("row_count")?,
        titles: row.int("titles")?,
        headers: row.int("headers")?,
        records: row.int("records")?,
        suspects: row.int("suspects")?,
        blank: row.int("blank")?,
        marked: row.int("marked")?,
        below: row.int("below")?,
        unread: row.int("unread")?,
        likely: row.int("likely")?,
    })
}
