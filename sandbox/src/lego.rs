//! The Lego programme: workbooks with a sheet per class, written per export day.

use std::path::Path;

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Formula, Workbook, Worksheet};

use crate::facts::{Facts, Stream};
use crate::fault::Fault;
use crate::{SandboxError, World, text};

/// Early (stale copies), main and late (resends) export, each with the number of rows above its header, which differs.
const EXPORTS: [(&str, u32); 3] = [("20140930", 1), ("20141010", 2), ("20141020", 1)];
const ROWS_PER_SHEET: u64 = 500;
const SHEETS_PER_FILE: u64 = 8;
const HEADER_ROWS: u32 = 2;
const TITLE: &str = "乐高技术教育创新人才培养计划 学员名册";
/// Upper and lower header of each column; an upper header spans its columns.
const COLUMNS: [(&str, &str); 11] = [
    ("", "序号"),
    ("学员信息", "姓名"),
    ("学员信息", "身份证号"),
    ("学员信息", "学校标识码"),
    ("培训信息", "课程编号"),
    ("培训信息", "课程名称"),
    ("培训信息", "培训基地"),
    ("培训信息", "开始日期"),
    ("培训信息", "结束日期"),
    ("培训信息", "天数"),
    ("", "证书编号"),
];
const COURSES: [&str; 6] = ["简单机械", "动力与能量", "编程与机器人", "创意搭建", "机器人入门", "故事与表达"];
const NUMERALS: [&str; 8] = ["一", "二", "三", "四", "五", "六", "七", "八"];

/// The position of a row in the files.
pub(crate) struct Place {
    export: usize,
    row: u64,
}

impl Place {
    /// Returns the name of the file.
    pub(crate) fn file_name(&self) -> String {
        let number = self.row / (ROWS_PER_SHEET * SHEETS_PER_FILE) + 1;
        format!("LEGO_{}_{number:03}.xlsx", EXPORTS[self.export].0)
    }

    /// Returns the name of the sheet.
    pub(crate) fn sheet(&self) -> String {
        format!("第{}期", NUMERALS[(self.row / ROWS_PER_SHEET % SHEETS_PER_FILE) as usize])
    }

    /// Returns the row number as a spreadsheet counts, from 1.
    pub(crate) fn row(&self) -> u64 {
        self.row % ROWS_PER_SHEET + u64::from(EXPORTS[self.export].1 + HEADER_ROWS) + 1
    }
}

/// Returns the course code for a course number.
pub(crate) fn course_code(course: u32) -> String {
    format!("LG-{course:02}")
}

/// Creates a sheet with title and header.
fn new_sheet(place: &Place) -> Result<Worksheet, SandboxError> {
    let (bold, above) = (Format::new().set_bold(), EXPORTS[place.export].1);
    let mut sheet = Worksheet::new();
    sheet.set_name(place.sheet())?;
    sheet.merge_range(0, 0, 0, COLUMNS.len() as u16 - 1, TITLE, &bold)?;
    let mut first = 0;
    for (at, (upper, lower)) in COLUMNS.iter().enumerate() {
        let column = at as u16;
        if upper.is_empty() {
            sheet.merge_range(above, column, above + 1, column, lower, &bold)?;
            continue;
        }
        sheet.write(above + 1, column, *lower)?;
        if COLUMNS[at - 1].0 != *upper {
            first = column;
        }
        if COLUMNS.get(at + 1).is_none_or(|(next, _)| next != upper) {
            sheet.merge_range(above, first, above, column, upper, &bold)?;
        }
    }
    Ok(sheet)
}

/// The files of one export while they are written.
struct Files<'a> {
    dir: &'a Path,
    book: Workbook,
    sheet: Option<Worksheet>,
    last: Option<Place>,
    day: Format,
}

impl<'a> Files<'a> {
    fn new(dir: &'a Path) -> Self {
        let day = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
        Self { dir, book: Workbook::new(), sheet: None, last: None, day }
    }

    /// Returns the sheet for the next row, and begins it for its first row.
    fn sheet_for_row(&mut self, place: Place) -> Result<&mut Worksheet, SandboxError> {
        if self.last.as_ref().is_some_and(|last| last.sheet() != place.sheet() || last.file_name() != place.file_name())
        {
            self.end_sheet()?;
        }
        if self.last.as_ref().is_some_and(|last| last.file_name() != place.file_name()) {
            self.end_file()?;
        }
        let sheet = match self.sheet.take() {
            Some(sheet) => sheet,
            None => new_sheet(&place)?,
        };
        self.last = Some(place);
        Ok(self.sheet.insert(sheet))
    }

    fn end_sheet(&mut self) -> Result<(), SandboxError> {
        if let (Some(mut sheet), Some(last)) = (self.sheet.take(), &self.last) {
            sheet.write(last.row() as u32, 0, "填表人：")?;
            sheet.write(last.row() as u32, 5, "负责人：")?;
            self.book.push_worksheet(sheet);
        }
        Ok(())
    }

    /// Writes the file. It appears under its own name only when it is complete.
    fn end_file(&mut self) -> Result<(), SandboxError> {
        self.end_sheet()?;
        let Some(last) = self.last.take() else { return Ok(()) };
        let (finished, mut book) = (self.dir.join(last.file_name()), std::mem::take(&mut self.book));
        // A fixed date, so that the bytes are the same every time.
        let made = ExcelDateTime::from_ymd(2014, 10, 10)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let unfinished = finished.with_extension("xlsx.part");
        let written = std::fs::write(&unfinished, book.save_to_buffer()?);
        written
            .and_then(|()| std::fs::rename(&unfinished, &finished))
            .map_err(|source| SandboxError::Write { path: finished, source })
    }
}

impl World {
    /// Returns every row in the order in which they are written, with its place.
    pub(crate) fn lego_rows(&self) -> impl Iterator<Item = (Facts, Place)> + '_ {
        let listing = self.listing(Stream::Lego);
        let mut rows = [0_u64; EXPORTS.len()];
        (0..listing.size()).map(move |position| {
            let facts = self.item_facts(Stream::Lego, listing.value_at(position));
            let export = facts.export.min(EXPORTS.len() - 1);
            let row = rows[export];
            rows[export] += 1;
            (facts, Place { export, row })
        })
    }

    /// Writes the Lego workbooks into a directory, which is created if missing.
    ///
    /// # Errors
    /// Returns a [`SandboxError`] if a file cannot be created or written.
    pub fn write_lego(&self, dir: &Path) -> Result<(), SandboxError> {
        std::fs::create_dir_all(dir).map_err(|source| SandboxError::Write { path: dir.to_owned(), source })?;
        let mut exports = EXPORTS.map(|_| Files::new(dir));
        for (facts, place) in self.lego_rows() {
            let files = &mut exports[place.export];
            let day = files.day.clone();
            let (row, number) = (place.row() as u32 - 1, place.row % ROWS_PER_SHEET + 1);
            self.lego_row(files.sheet_for_row(place)?, row, number, &facts, &day)?;
        }
        exports.iter_mut().try_for_each(Files::end_file)
    }

    fn lego_row(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        number: u64,
        facts: &Facts,
        day: &Format,
    ) -> Result<(), SandboxError> {
        let person = self.people.person(facts.person);
        let chance = self.roll(81, facts.index);
        sheet.write(row, 0, number as u32)?;
        sheet.write(row, 1, self.name_text(facts, &person))?;
        let id = self.id_text(facts, &person);
        match id.parse::<u64>() {
            Ok(digits) if facts.has_fault(Fault::IdNumber) => sheet.write(row, 2, digits)?,
            // A spreadsheet can store fifteen digits as a number without damage.
            Ok(digits) if id.len() == 15 && chance & 1 == 0 => sheet.write(row, 2, digits)?,
            _ => sheet.write(row, 2, id)?,
        };
        sheet.write(row, 3, &person.school_code)?;
        sheet.write(row, 4, text::course_text(facts, &course_code(facts.course)))?;
        sheet.write(row, 5, COURSES[(facts.course as usize - 1) % COURSES.len()])?;
        sheet.write(row, 6, "东北师范大学")?;
        for (column, date, text) in [(7, facts.start, self.start_text(facts)), (8, facts.end, self.end_text(facts))] {
            write_day(sheet, (row, column), date, &text, day)?;
        }
        let hours = self.hours_text(facts);
        match hours.parse::<f64>() {
            _ if facts.has_fault(Fault::HoursFormula) => {
                sheet.write(row, 9, Formula::new("=1/0").set_result("#DIV/0!"))?
            }
            Ok(days) if !chance.is_multiple_of(4) => sheet.write(row, 9, days)?,
            Ok(_) => sheet.write(row, 9, format!("{hours}天"))?,
            Err(_) => sheet.write(row, 9, hours)?,
        };
        if !facts.has_fault(Fault::KeyMissing) {
            sheet.write(row, 10, &facts.record)?;
        }
        Ok(())
    }
}

/// Writes a day as a date, as the number of a date, or as text.
fn write_day(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    date: NaiveDate,
    text: &str,
    day: &Format,
) -> Result<(), SandboxError> {
    let plain = format!("{}年{}月{}日", date.year(), date.month(), date.day());
    if text == plain {
        let date = ExcelDateTime::from_ymd(date.year() as u16, date.month() as u8, date.day() as u8)?;
        sheet.write_with_format(row, column, &date, day)?;
    } else if let (5, Ok(serial)) = (text.len(), text.parse::<u32>()) {
        sheet.write(row, column, serial)?;
    } else {
        sheet.write(row, column, text)?;
    }
    Ok(())
}
