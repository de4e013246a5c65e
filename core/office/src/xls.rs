//! Number formats and hidden parts of an .xls sheet [MS-XLS], which the library does not tell.

use std::collections::HashMap;

use crate::SheetFormats;
use crate::format::{NumberDisplay, builtin_code};
use crate::ole;

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const BOUND_SHEET: u16 = 0x0085;
const FORMAT: u16 = 0x041E;
const XF: u16 = 0x00E0;
const ROW: u16 = 0x0208;
/// Flag of a row that is hidden, in the byte at 12.
const ROW_HIDDEN: u8 = 0x20;
const COLUMNS: u16 = 0x007D;
const NUMBER: u16 = 0x0203;
const RK: u16 = 0x027E;
const FORMULA: u16 = 0x0006;
const MUL_RK: u16 = 0x00BD;
/// Version of the format from Excel 97 on.
const BIFF8: u16 = 0x0600;

/// A record: its type and its data.
type Record<'a> = (u16, &'a [u8]);

fn records(stream: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let kind = u16_at(rest, 0)?;
        let end = 4 + usize::from(u16_at(rest, 2)?);
        let data = rest.get(4..end)?;
        rest = rest.get(end..)?;
        Some((kind, data))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Reads the formats of the cells of the `nth` sheet; `None` if the file is damaged.
pub(crate) fn read_formats(bytes: &[u8], nth: usize) -> Option<SheetFormats> {
    let stream = ole::read_stream(bytes, &["Workbook", "Book"])?;
    let mut is_biff8 = false;
    let (mut codes, mut styles, mut sheets) = (HashMap::new(), vec![], vec![]);
    for (kind, data) in records(&stream) {
        match kind {
            BOF => is_biff8 = u16_at(data, 0) == Some(BIFF8),
            FORMAT => codes.extend(parse_format(data, is_biff8)),
            XF => styles.push(u16_at(data, 2)?),
            BOUND_SHEET => sheets.push(u32::from_le_bytes(data.get(..4)?.try_into().ok()?)),
            EOF => break,
            _ => {}
        }
    }
    let code = |id: &u16| codes.get(id).map(String::as_str).or_else(|| builtin_code(u32::from(*id)));
    let displays = styles.iter().map(|id| code(id).map_or(NumberDisplay::AsItIs, NumberDisplay::from_format_code));
    let mut formats = SheetFormats { displays: displays.collect(), ..SheetFormats::default() };
    let mut depth = 0;
    for (kind, data) in records(stream.get(usize::try_from(*sheets.get(nth)?).ok()?..)?) {
        match kind {
            BOF => depth += 1,
            EOF if depth > 1 => depth -= 1,
            EOF => break,
            // A chart within the sheet has records of its own.
            _ if depth == 1 => note_cells(kind, data, &mut formats).unwrap_or_default(),
            _ => {}
        }
    }
    Some(formats)
}

/// Returns the number of a format and its code. Codes of files before Excel 97 are read only if they are ASCII.
fn parse_format(data: &[u8], is_biff8: bool) -> Option<(u16, String)> {
    let id = u16_at(data, 0)?;
    if !is_biff8 {
        let code = data.get(3..3 + usize::from(*data.get(2)?))?;
        return code.is_ascii().then(|| (id, String::from_utf8_lossy(code).into_owned()));
    }
    let (length, is_wide) = (usize::from(u16_at(data, 2)?), data.get(4)? & 1 == 1);
    let code = if is_wide {
        let units = data.get(5..5 + 2 * length)?.chunks_exact(2).filter_map(|unit| u16_at(unit, 0));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    } else {
        data.get(5..5 + length)?.iter().map(|byte| char::from(*byte)).collect()
    };
    Some((id, code))
}

fn note_cells(kind: u16, data: &[u8], formats: &mut SheetFormats) -> Option<()> {
    let row = || u16_at(data, 0).map(u32::from);
    match kind {
        ROW if data.get(12)? & ROW_HIDDEN != 0 => formats.hidden.push_rows(row()?, 1),
        COLUMNS if data.get(8)? & 1 == 1 => {
            let (first, last) = (u32::from(u16_at(data, 0)?), u32::from(u16_at(data, 2)?));
            formats.hidden.push_columns(first, last.saturating_sub(first) + 1);
        }
        NUMBER | RK | FORMULA => {
            formats.note_cell(row()?, u16_at(data, 2)?.into(), u16_at(data, 4)?.into());
        }
        MUL_RK => {
            let first = u32::from(u16_at(data, 2)?);
            let cells = data.get(4..data.len().checked_sub(2)?)?;
            for (cell, column) in cells.chunks_exact(6).zip(first..) {
                formats.note_cell(row()?, column, u16_at(cell, 0)?.into());
            }
        }
        _ => {}
    }
    Some(())
}
