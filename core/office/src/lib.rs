//! Reads office files cell by cell: .xlsx, .xlsb, .xls and .ods.
//!
//! It is a separate crate for speed: generic readers are compiled in the crate that uses them, and this crate is
//! compiled with optimizations in every profile.

mod cell;
mod format;
mod hidden;
mod odd;
mod ods;
mod ole;
mod package;
mod xls;
mod xlsb;

use std::collections::HashMap;
use std::io::Cursor;

use calamine::{
    DataRef, Ods, Reader, Sheet, SheetType, SheetVisible, Sheets, Style, Xls, XlsError, Xlsb, Xlsx, XlsxError,
};
pub use cell::Cell;
use cell::FormattedCell;
use format::{NumberDisplay, builtin_code};
pub use hidden::HiddenParts;
use odd::{FoundCell, Locator, SecondReading};
use package::{Package, WorkbookKind};

const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Why a workbook cannot be read. The caller turns it into a message of its own.
#[derive(Debug)]
pub enum WorkbookError {
    /// The workbook is protected by a password.
    Locked,
    /// The workbook is inconsistent; the text is from the library that reads it.
    Broken(String),
}

/// A sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetInfo {
    /// Its name.
    pub name: String,
    /// Whether a spreadsheet does not show it.
    pub is_hidden: bool,
}

/// Position of a cell in its sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellAddress {
    /// Row, from 0.
    pub row: u32,
    /// Column, from 0.
    pub column: u32,
}

/// Callback that takes a cell and its address. It returns false if no more of the sheet is needed.
pub type Take<'t> = dyn FnMut(CellAddress, &dyn Cell) -> bool + 't;

/// An open workbook.
pub struct Book<'a> {
    sheets: Sheets<Cursor<&'a [u8]>>,
    bytes: &'a [u8],
}

/// Returns whether bytes are an OLE file, the container of workbooks older than the ZIP-based formats.
#[must_use]
pub fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(OLE)
}

/// Returns whether a ZIP archive is itself a workbook.
#[must_use]
pub fn is_workbook(archive: &[u8]) -> bool {
    Package::open(archive).and_then(|mut package| package.find_kind()).is_some()
}

impl<'a> Book<'a> {
    /// Opens a workbook. Returns `None` if the bytes are not a workbook.
    ///
    /// # Errors
    /// Returns [`WorkbookError`] if the workbook is locked or damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Option<Self>, WorkbookError> {
        let cursor = Cursor::new(bytes);
        let sheets = if is_ole(bytes) {
            let package: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            if bytes.windows(package.len()).any(|window| window == package) {
                return Err(WorkbookError::Locked);
            }
            Sheets::Xls(Xls::new(cursor).map_err(|e| match e {
                XlsError::Password => WorkbookError::Locked,
                other => broken_fault(&other),
            })?)
        } else {
            match Package::open(bytes).and_then(|mut package| package.find_kind()) {
                Some(WorkbookKind::Xlsx) => Sheets::Xlsx(Xlsx::new(cursor).map_err(convert_xlsx_error)?),
                Some(WorkbookKind::Xlsb) => Sheets::Xlsb(Xlsb::new(cursor).map_err(|e| broken_fault(&e))?),
                Some(WorkbookKind::Ods) => Sheets::Ods(Ods::new(cursor).map_err(|e| broken_fault(&e))?),
                None => return Ok(None),
            }
        };
        Ok(Some(Self { sheets, bytes }))
    }

    /// Returns the names of the sheets that have cells.
    #[must_use]
    pub fn sheet_names(&self) -> Vec<String> {
        let sheets = self.sheets.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        sheets.map(|sheet| sheet.name.clone()).collect()
    }

    /// Returns the sheets that have cells.
    #[must_use]
    pub fn list_sheets(&self) -> Vec<SheetInfo> {
        let sheets = self.sheets.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let info =
            |sheet: &Sheet| SheetInfo { name: sheet.name.clone(), is_hidden: sheet.visible != SheetVisible::Visible };
        sheets.map(info).collect()
    }

    /// Returns whether the workbook counts its days from 1904.
    #[must_use]
    pub fn has_1904_epoch(&self) -> bool {
        match &self.sheets {
            Sheets::Xlsx(book) => book.has_1904_epoch(),
            Sheets::Xls(book) => book.has_1904_epoch(),
            Sheets::Xlsb(_) | Sheets::Ods(_) => false,
        }
    }

    /// Returns the merged cells of a sheet: first row, first column, last row, last column, from 0.
    ///
    /// # Errors
    /// Returns [`WorkbookError`] if the sheet cannot be read.
    pub fn merged_cells(&mut self, sheet: &str) -> Result<Vec<[u32; 4]>, WorkbookError> {
        let merged = match &mut self.sheets {
            Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(sheet).map_err(convert_xlsx_error)?,
            Sheets::Xls(book) => book.merge_cells_by_sheet_name(sheet).map_err(|e| broken_fault(&e))?,
            Sheets::Xlsb(_) | Sheets::Ods(_) => return Ok(self.read_formats(sheet).merged),
        };
        Ok(merged.iter().map(|m| [m.start.0, m.start.1, m.end.0, m.end.1]).collect())
    }

    /// Returns the rows and columns of a sheet that are hidden; none if the file does not say it readably.
    #[must_use]
    pub fn hidden_parts(&self, sheet: &str) -> HiddenParts {
        match &self.sheets {
            Sheets::Xlsx(_) => hidden::read_xlsx(self.bytes, sheet).unwrap_or_default(),
            Sheets::Xls(_) | Sheets::Xlsb(_) | Sheets::Ods(_) => self.read_formats(sheet).hidden,
        }
    }

    /// Passes the cells of a sheet to `take`, one after the other.
    ///
    /// # Errors
    /// Returns [`WorkbookError`] if the sheet cannot be read.
    pub fn read_cells(&mut self, sheet: &str, take: &mut Take<'_>) -> Result<(), WorkbookError> {
        let epoch_1904 = self.has_1904_epoch();
        if let Sheets::Xlsx(book) = &mut self.sheets {
            // Reads cell by cell, because a range is allocated as large as its farthest cells claim.
            let mut cells = book.worksheet_cells_reader(sheet).map_err(convert_xlsx_error)?;
            let shown = |style: &Style| {
                style.number_format.as_ref().map_or(NumberDisplay::AsItIs, |format| {
                    // The library knows no code for the formats that depend on the language.
                    let code = format.format_id.filter(|_| format.format_code == "General").and_then(builtin_code);
                    NumberDisplay::from_format_code(code.unwrap_or(&format.format_code))
                })
            };
            let shown: Vec<NumberDisplay> = cells.styles().iter().map(shown).collect();
            let again = SecondReading::new(self.bytes, sheet);
            let (mut package, mut number) = (Package::open(self.bytes), 0);
            let mut package = package.as_mut();
            let mut locator = None;
            loop {
                number += 1;
                let read = cells.next_cell_with_style_id();
                let is_odd = match &read {
                    Ok(None) => break,
                    Ok(Some((cell, _))) => matches!(cell.get_value(), DataRef::Empty) && again.has_formula(),
                    Err(fault) if odd::is_of_one_cell(fault) => true,
                    Err(_) => false,
                };
                let found = if is_odd {
                    if let Some(package) = package.take() {
                        locator = again.path().and_then(|path| package.open_member(path)).map(Locator::new);
                    }
                    locator.as_mut().and_then(|locator| locator.find_cell(number))
                } else {
                    None
                };
                let (cell, style) = match (read, found) {
                    (Ok(Some((cell, style))), found) => {
                        let (row, column) = cell.get_position();
                        match found.and_then(FoundCell::into_uncalculated) {
                            Some(odd) if !take(CellAddress { row, column }, &odd) => break,
                            Some(_) => continue,
                            None => (cell, style),
                        }
                    }
                    (Err(fault), Some(found)) => {
                        // Without an address of its own, the cells after it would move.
                        let Some(address) = found.address else { return Err(convert_xlsx_error(fault)) };
                        if take(address, &found.into_odd()) {
                            continue;
                        }
                        break;
                    }
                    (Err(fault), None) => return Err(convert_xlsx_error(fault)),
                    (Ok(None), _) => break,
                };
                let value = cell.get_value();
                let (row, column) = cell.get_position();
                let address = CellAddress { row, column };
                let go_on = match shown.get(style) {
                    None | Some(NumberDisplay::AsItIs) => take(address, value),
                    Some(shown) => take(address, &FormattedCell { value, shown, epoch_1904 }),
                };
                if !go_on {
                    break;
                }
            }
            return Ok(());
        }
        let formats = self.read_formats(sheet);
        let range = self.sheets.worksheet_range(sheet).map_err(|e| broken_fault(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let far = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let address = CellAddress { row: top.saturating_add(far(row)), column: left.saturating_add(far(column)) };
            let go_on = match formats.shown_at(address) {
                None => take(address, value),
                Some(shown) => take(address, &FormattedCell { value, shown, epoch_1904 }),
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// Reads what the library does not tell about a sheet of a workbook that is not .xlsx.
    fn read_formats(&self, sheet: &str) -> SheetFormats {
        let found = match &self.sheets {
            Sheets::Xls(book) => {
                let nth = book.sheets_metadata().iter().position(|of| of.name == sheet);
                nth.and_then(|nth| xls::read_formats(self.bytes, nth))
            }
            Sheets::Xlsb(_) => xlsb::read_formats(self.bytes, sheet),
            Sheets::Ods(_) => ods::read_formats(self.bytes, sheet),
            Sheets::Xlsx(_) => None,
        };
        found.unwrap_or_default()
    }
}

/// How cells of a sheet are shown, of those that are not shown as they are, which cells are merged, and which rows and
/// columns are hidden.
#[derive(Debug, Default)]
pub(crate) struct SheetFormats {
    displays: Vec<NumberDisplay>,
    cells: HashMap<(u32, u32), usize>,
    merged: Vec<[u32; 4]>,
    hidden: HiddenParts,
}

impl SheetFormats {
    fn shown_at(&self, address: CellAddress) -> Option<&NumberDisplay> {
        self.displays.get(*self.cells.get(&(address.row, address.column))?)
    }

    /// Notes that a cell has the display with this number, unless it is shown as it is.
    pub(crate) fn note_cell(&mut self, row: u32, column: u32, display: usize) {
        if self.displays.get(display).is_some_and(|shown| *shown != NumberDisplay::AsItIs) {
            self.cells.insert((row, column), display);
        }
    }
}

fn broken_fault(why: &dyn std::fmt::Display) -> WorkbookError {
    WorkbookError::Broken(why.to_string())
}

fn convert_xlsx_error(fault: XlsxError) -> WorkbookError {
    match fault {
        XlsxError::Password => WorkbookError::Locked,
        other => broken_fault(&other),
    }
}
