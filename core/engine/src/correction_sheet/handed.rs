//! Reads sheets that were handed in.

use std::collections::BTreeSet;

use super::{TOKEN, to_cell};
use huiliu_decode::correction_mark::{self, OpenedSheet};
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{RecordRange, draft};
use huiliu_manifest::{Format, Stream};

/// A row that was handed in.
#[derive(Debug)]
pub(crate) struct HandedRow {
    /// Sheet and row, or line.
    pub address: String,
    /// What stands in the column that names the letter.
    pub token: Option<String>,
    /// The texts of the columns, in the order that was asked for; `None` where its table has no such column.
    pub texts: Vec<Option<String>>,
    /// The columns whose cells cannot be relied on, such as an ID number that became a number.
    pub doubtful: BTreeSet<usize>,
    /// The columns whose cells are numbers, or may be.
    pub numbers: BTreeSet<usize>,
}

/// A sheet that was handed in.
pub(crate) struct HandedSheet<'b> {
    sheet: OpenedSheet<'b>,
    name: String,
}

impl<'b> HandedSheet<'b> {
    /// Opens a file that has the column; `None` for any other file.
    pub async fn open(unpacker: &Unpacker, of: &Stream, name: &str, bytes: &'b [u8]) -> Option<Self> {
        Some(Self { sheet: correction_mark::open(unpacker, of, bytes).await?, name: name.to_owned() })
    }

    /// Returns the sheets that have no such column, and were not read.
    pub fn unread(&self) -> &[String] {
        &self.sheet.unread
    }

    /// Reads all rows at these columns.
    ///
    /// # Errors
    /// [`DecodeError`], such as for a column name that stands twice.
    pub fn read_rows(&self, fields: &[String]) -> Result<Vec<HandedRow>, DecodeError> {
        let OpenedSheet { format, tables, .. } = &self.sheet;
        let is_text = matches!(format, Format::Csv { .. });
        let paths: Vec<&str> = std::iter::once(TOKEN).chain(fields.iter().map(String::as_str)).collect();
        let mut rows = vec![];
        for table in tables {
            let present: Vec<bool> =
                fields.iter().map(|field| correction_mark::has_columns(format, table, &[field])).collect();
            let row = |record: decode::RawRecord<'_>| {
                let doubt = |slot: &usize| draft::Doubt::of_slot(&record, *slot).is_some();
                let doubtful = (1..paths.len()).filter(doubt).map(|slot| slot - 1).collect();
                let is_number = |slot: &usize| is_text || record.stored_kind(*slot) == decode::Stored::Number;
                let numbers = (1..paths.len()).filter(is_number).map(|slot| slot - 1).collect();
                let mut texts = record.texts.iter().map(|text| text.as_deref().map(to_cell));
                let token = texts.next().flatten();
                let texts = texts.zip(&present).map(|(text, is)| is.then(|| text.unwrap_or_default())).collect();
                HandedRow { address: record.format_address(&self.name), token, texts, doubtful, numbers }
            };
            let raw = decode::decode_records(format, table, &paths, RecordRange::ALL)?;
            rows.extend(raw.into_iter().map(row));
        }
        Ok(rows)
    }
}
