//! CSV files as offices make them: title lines above the header, signature lines below, GB18030.

use std::sync::Arc;

use super::decode::{DecodeFault, Fields, Position, RawRecord};

/// Builds a range of a file's records.
///
/// # Errors
/// [`DecodeFault`] for malformed bytes, an unknown encoding or a missing header.
pub fn decode(
    bytes: &[u8],
    encoding: &str,
    header: &[String],
    end_marker: Option<&str>,
    first: u32,
    count: u32,
) -> Result<Vec<RawRecord>, DecodeFault> {
    let text = decode_text(bytes, encoding)?;
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut names: Option<Vec<Arc<str>>> = None;
    let mut records = Vec::new();
    let mut index = 0u32;
    let mut row = ::csv::StringRecord::new();
    let mut lines = Lines { text: &text, counted: 0, line: 1 };
    loop {
        let more = reader.read_record(&mut row).map_err(|e| DecodeFault::Form { format: "CSV", why: e.to_string() })?;
        if !more {
            break;
        }
        let line = lines.at(row.position().map_or(0, ::csv::Position::byte));
        let Some(names) = &names else {
            if header.iter().all(|h| row.iter().any(|c| c.trim() == h)) {
                names = Some(row.iter().map(|c| Arc::from(c.trim())).collect());
            }
            continue;
        };
        if row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        let first_cell = row.get(0).unwrap_or_default().trim();
        if end_marker.is_some_and(|m| first_cell.starts_with(m)) {
            break;
        }
        if index >= first && index - first < count {
            records.push(RawRecord {
                index,
                position: Position::Line(line),
                raw: line_text(&row),
                fields: Fields::Flat(names.iter().cloned().zip(row.iter().map(str::to_owned)).collect()),
            });
        }
        index += 1;
    }
    if names.is_none() {
        return Err(DecodeFault::Header(header.join(", ")));
    }
    Ok(records)
}

/// Physical lines; the reader's own count is one behind after CR LF.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let mut start = usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
        while bytes.get(start).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            start += 1;
        }
        let newlines = bytes[self.counted.min(start)..start].iter().filter(|b| **b == b'\n').count();
        self.counted = self.counted.max(start);
        self.line += newlines as u64;
        self.line
    }
}

fn line_text(row: &::csv::StringRecord) -> String {
    let mut writer = ::csv::WriterBuilder::new().from_writer(Vec::new());
    let written = writer.write_record(row).ok().and_then(|()| writer.into_inner().ok());
    String::from_utf8_lossy(&written.unwrap_or_default()).trim_end().to_owned()
}

fn decode_text(bytes: &[u8], label: &str) -> Result<String, DecodeFault> {
    let unknown = || DecodeFault::Form { format: "CSV", why: format!("unknown encoding {label:?}") };
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
    let (encoding, skip) = encoding_rs::Encoding::for_bom(bytes).unwrap_or((encoding, 0));
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 2));
    let (result, read) = decoder.decode_to_string_without_replacement(&bytes[skip..], &mut text, true);
    match result {
        encoding_rs::DecoderResult::InputEmpty => Ok(text),
        _ => Err(DecodeFault::Encoding { encoding: label.to_owned(), offset: skip + read }),
    }
}
