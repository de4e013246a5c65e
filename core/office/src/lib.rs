//! Office files cell by cell: .xlsx, .xlsb, .xls and .ods.
//!
//! A crate of its own for the sake of speed: generic readers are compiled where they are used, and this crate is compiled to
//! be fast in every profile.

mod cell;

use std::io::Cursor;

use calamine::{Ods, Reader, SheetType, Sheets, Style, Xls, XlsError, Xlsb, Xlsx, XlsxError};
pub use cell::Cell;
use cell::{Formatted, Shown};
use zip::ZipArchive;

const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Why a workbook cannot be read; whoever reads it says so in sentences of its own.
#[derive(Debug)]
pub enum Fault {
    /// It is protected by a password.
    Locked,
    /// It does not hang together, in the words of the library that reads it.
    Broken(String),
}

/// Where a cell stands in its sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellAddress {
    /// Its row, from 0.
    pub row: u32,
    /// Its column, from 0.
    pub column: u32,
}

/// Takes a cell with its address; false when no more of the sheet is wanted.
pub type Take<'t> = dyn FnMut(CellAddress, &dyn Cell) -> bool + 't;

/// A workbook that is open.
pub struct Book<'a>(Sheets<Cursor<&'a [u8]>>);

/// Whether bytes are a workbook before any was put into a ZIP archive: an OLE file.
#[must_use]
pub fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(OLE)
}

/// Whether a ZIP archive is a workbook itself.
#[must_use]
pub fn is_workbook(archive: &[u8]) -> bool {
    part_of(archive).is_some()
}

/// The part by which an archive is known as a workbook, and of which kind.
fn part_of(archive: &[u8]) -> Option<&'static str> {
    // Behind something else an archive can stand, too; that is no workbook.
    if !archive.starts_with(b"PK") {
        return None;
    }
    let archive = ZipArchive::new(Cursor::new(archive)).ok()?;
    ["xl/workbook.xml", "xl/workbook.bin", "content.xml"]
        .into_iter()
        .find(|name| archive.index_for_name(name).is_some())
}

impl<'a> Book<'a> {
    /// Opens a workbook; none where the bytes are none.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn open(bytes: &'a [u8]) -> Result<Option<Self>, Fault> {
        let cursor = Cursor::new(bytes);
        let sheets = if is_ole(bytes) {
            let package: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            if bytes.windows(package.len()).any(|window| window == package) {
                return Err(Fault::Locked);
            }
            Sheets::Xls(Xls::new(cursor).map_err(|e| match e {
                XlsError::Password => Fault::Locked,
                other => broken(&other),
            })?)
        } else {
            match part_of(bytes) {
                Some("xl/workbook.xml") => Sheets::Xlsx(Xlsx::new(cursor).map_err(of_xlsx)?),
                Some("xl/workbook.bin") => Sheets::Xlsb(Xlsb::new(cursor).map_err(|e| broken(&e))?),
                Some(_) => Sheets::Ods(Ods::new(cursor).map_err(|e| broken(&e))?),
                None => return Ok(None),
            }
        };
        Ok(Some(Self(sheets)))
    }

    /// The names of its sheets that have cells.
    #[must_use]
    pub fn sheets(&self) -> Vec<String> {
        let sheets = self.0.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        sheets.map(|sheet| sheet.name.clone()).collect()
    }

    /// Whether it counts its days from 1904.
    #[must_use]
    pub fn has_1904_epoch(&self) -> bool {
        match &self.0 {
            Sheets::Xlsx(book) => book.has_1904_epoch(),
            Sheets::Xls(book) => book.has_1904_epoch(),
            Sheets::Xlsb(_) | Sheets::Ods(_) => false,
        }
    }

    /// The merged cells of a sheet: first row, first column, last row, last column, from 0. The reader tells none of .xlsb and
    /// .ods files.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn merged(&mut self, sheet: &str) -> Result<Vec<[u32; 4]>, Fault> {
        let merged = match &mut self.0 {
            Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(sheet).map_err(of_xlsx)?,
            Sheets::Xls(book) => book.merge_cells_by_sheet_name(sheet).map_err(|e| broken(&e))?,
            Sheets::Xlsb(_) | Sheets::Ods(_) => vec![],
        };
        Ok(merged.iter().map(|m| [m.start.0, m.start.1, m.end.0, m.end.1]).collect())
    }

    /// Gives the cells of a sheet one after the other.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read(&mut self, sheet: &str, take: &mut Take<'_>) -> Result<(), Fault> {
        if let Sheets::Xlsx(book) = &mut self.0 {
            // Cell by cell: a range is allocated as wide and high as its farthest cells claim.
            let mut cells = book.worksheet_cells_reader(sheet).map_err(of_xlsx)?;
            let shown =
                |style: &Style| style.number_format.as_ref().map_or(Shown::AsItIs, |f| Shown::of(&f.format_code));
            let shown: Vec<Shown> = cells.styles().iter().map(shown).collect();
            while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(of_xlsx)? {
                let value = cell.get_value();
                let (row, column) = cell.get_position();
                let address = CellAddress { row, column };
                let go_on = match shown.get(style).copied() {
                    None | Some(Shown::AsItIs) => take(address, value),
                    Some(shown) => take(address, &Formatted(value, shown)),
                };
                if !go_on {
                    break;
                }
            }
            return Ok(());
        }
        let range = self.0.worksheet_range(sheet).map_err(|e| broken(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let far = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let address = CellAddress { row: top.saturating_add(far(row)), column: left.saturating_add(far(column)) };
            if !take(address, value) {
                break;
            }
        }
        Ok(())
    }
}

fn broken(why: &dyn std::fmt::Display) -> Fault {
    Fault::Broken(why.to_string())
}

fn of_xlsx(fault: XlsxError) -> Fault {
    match fault {
        XlsxError::Password => Fault::Locked,
        other => broken(&other),
    }
}
