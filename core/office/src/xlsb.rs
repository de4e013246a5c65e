//! Number formats, merged cells and hidden parts of an .xlsb sheet [MS-XLSB], which the library does not tell.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use crate::format::{NumberDisplay, builtin_code};
use crate::package::Package;
use crate::{HiddenParts, SheetFormats};

const ROW: u32 = 0;
/// Flag of a row that is hidden, in the byte at 11.
const ROW_HIDDEN: u8 = 0x10;
const COLUMNS: u32 = 60;
/// Cells with a number: an RK number, a real number, and the number of a formula.
const NUMBERS: [u32; 3] = [2, 5, 9];
const FORMAT: u32 = 44;
const XF: u32 = 47;
const SHEET: u32 = 156;
const MERGED: u32 = 176;
const BEGIN_CELL_XFS: u32 = 617;
const END_CELL_XFS: u32 = 618;
/// Maximum number of bytes of a record; longer ones are no record that is needed.
const MAX_RECORD: usize = 1 << 20;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Returns the text at an offset, and the offset after it.
fn text_at(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let length = usize::try_from(u32_at(bytes, at)?).ok()?;
    let end = at.checked_add(4)?.checked_add(length.checked_mul(2)?)?;
    let units = bytes.get(at + 4..end)?.chunks_exact(2).filter_map(|unit| u16_at(unit, 0));
    Some((String::from_utf16_lossy(&units.collect::<Vec<_>>()), end))
}

/// Passes each record of a part to `take` until it returns false.
fn for_each_record(part: impl Read, mut take: impl FnMut(u32, &[u8]) -> bool) -> Option<()> {
    let mut part = BufReader::new(part);
    let mut data = vec![];
    while let Some(kind) = read_number(&mut part, 2) {
        let length = usize::try_from(read_number(&mut part, 4)?).ok()?;
        data.clear();
        if length > MAX_RECORD {
            std::io::copy(&mut part.by_ref().take(length as u64), &mut std::io::sink()).ok()?;
            continue;
        }
        data.resize(length, 0);
        part.read_exact(&mut data).ok()?;
        if !take(kind, &data) {
            break;
        }
    }
    Some(())
}

/// Reads a number of at most `most` bytes with seven bits each. The type of a record has its bytes as they are.
fn read_number(part: &mut impl Read, most: u32) -> Option<u32> {
    let mut number = 0_u32;
    for nth in 0..most {
        let mut byte = [0];
        part.read_exact(&mut byte).ok()?;
        number |= u32::from(byte[0] & 0x7F) << (7 * nth);
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

/// Reads the formats of a sheet's cells; `None` if the file is damaged.
pub(crate) fn read_formats(bytes: &[u8], sheet: &str) -> Option<SheetFormats> {
    let mut package = Package::open(bytes)?;
    let mut id = None;
    for_each_record(package.open_member("xl/workbook.bin")?, |kind, data| {
        if kind == SHEET
            && let Some((of, end)) = text_at(data, 8)
            && text_at(data, end).is_some_and(|(name, _)| name == sheet)
        {
            id = Some(of);
        }
        id.is_none()
    })?;
    let displays = package.open_member("xl/styles.bin").and_then(read_displays).unwrap_or_default();
    let mut formats = SheetFormats { displays, ..SheetFormats::default() };
    let path = package.find_binary_part(&id?)?;
    let mut row = 0;
    for_each_record(package.open_member(&path)?, |kind, data| {
        note_hidden(kind, data, &mut formats.hidden).unwrap_or_default();
        match kind {
            ROW => row = u32_at(data, 0).unwrap_or(row),
            MERGED => {
                let at = |nth: usize| u32_at(data, 4 * nth);
                if let (Some(top), Some(bottom), Some(left), Some(right)) = (at(0), at(1), at(2), at(3)) {
                    formats.merged.push([top, left, bottom, right]);
                }
            }
            kind if NUMBERS.contains(&kind) => {
                if let (Some(column), Some(style)) = (u32_at(data, 0), u32_at(data, 4)) {
                    formats.note_cell(row, column, (style & 0x00FF_FFFF) as usize);
                }
            }
            _ => {}
        }
        true
    })?;
    Some(formats)
}

/// Notes a row or columns that are hidden.
fn note_hidden(kind: u32, data: &[u8], hidden: &mut HiddenParts) -> Option<()> {
    match kind {
        ROW if data.get(11)? & ROW_HIDDEN != 0 => hidden.push_rows(u32_at(data, 0)?, 1),
        COLUMNS if data.get(16)? & 1 == 1 => {
            let (first, last) = (u32_at(data, 0)?, u32_at(data, 4)?);
            hidden.push_columns(first, last.saturating_sub(first).saturating_add(1));
        }
        _ => {}
    }
    Some(())
}

fn read_displays(styles: impl Read) -> Option<Vec<NumberDisplay>> {
    let (mut codes, mut displays, mut is_cell) = (HashMap::new(), vec![], false);
    for_each_record(styles, |kind, data| {
        match kind {
            FORMAT => codes.extend(u16_at(data, 0).zip(text_at(data, 2).map(|(code, _)| code))),
            BEGIN_CELL_XFS => is_cell = true,
            XF if is_cell => {
                let id = u16_at(data, 2).unwrap_or_default();
                let code = codes.get(&id).map(String::as_str).or_else(|| builtin_code(u32::from(id)));
                displays.push(code.map_or(NumberDisplay::AsItIs, NumberDisplay::from_format_code));
            }
            END_CELL_XFS => return false,
            _ => {}
        }
        true
    })?;
    Some(displays)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records as the specification describes them: BrtRowHdr with fDyZero, and BrtColInfo with fHidden.
    #[test]
    fn hidden_rows_and_columns_are_noted() {
        let mut hidden = HiddenParts::default();
        let row = |number: u8, flags: u8| [number, 0, 0, 0, 0, 0, 0, 0, 0x2C, 1, 0, flags, 0, 0, 0, 0, 0];
        note_hidden(ROW, &row(2, 0), &mut hidden).unwrap();
        note_hidden(ROW, &row(3, ROW_HIDDEN | 7), &mut hidden).unwrap();
        let columns = |flags: u8| [1, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, flags, 0];
        note_hidden(COLUMNS, &columns(1), &mut hidden).unwrap();
        assert!(hidden.has_row(3) && !hidden.has_row(2));
        assert_eq!(hidden.count_columns(5), 2);
        assert_eq!(note_hidden(ROW, &row(4, 0)[..8], &mut hidden), None);
    }
}
