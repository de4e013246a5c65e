//! Writes the population as files: its roster as counties deliver it, and its training as ten sources report it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use super::credit::Credit;
use super::people;
use super::training::{Record, SOURCES, Source, Training};
use super::{Claim, Population};
use crate::SandboxError;

/// The day of the roster's export.
const ROSTER: &str = "20140901";
/// Days of the exports: everything once, then the resends.
const EXPORTS: [&str; 2] = ["20190110", "20190120"];
const ROWS_PER_FILE: usize = 20_000;
/// The fields of a record, in all file formats.
const FIELDS: [&str; 19] = [
    "record",
    "version",
    "name",
    "id_number",
    "teacher_number",
    "birth_date",
    "sex",
    "phone",
    "school_code",
    "school",
    "region",
    "course",
    "role",
    "amount",
    "start",
    "end",
    "learning",
    "activity",
    "artefact",
];

/// The file format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Gb18030,
    Json,
    Workbook,
}

fn file_form(source: &Source) -> Form {
    match source.connector {
        "intel" => Form::Csv,
        "cmcc" => Form::Gb18030,
        "lego" => Form::Workbook,
        _ => Form::Json,
    }
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> SandboxError + '_ {
    move |source| SandboxError::Write { path: path.to_owned(), source }
}

fn create_folder(dir: &Path, name: &str) -> Result<PathBuf, SandboxError> {
    let folder = dir.join(name);
    std::fs::create_dir_all(&folder).map_err(write_error(&folder))?;
    Ok(folder)
}

impl Training {
    /// Writes `roster/` (in the form that `roster-csv` reads), a folder for each of [`SOURCES`], and `truth.jsonl`.
    ///
    /// A record has the fields `record`, `version`, `name`, `id_number`, `teacher_number`, `birth_date`, `sex`,
    /// `phone`, `school_code`, `school`, `region`, `course`, `role`, `amount`, `start`, `end`, `learning`, `activity`,
    /// `artefact`. Fields that a source does not send are empty. `intel` writes CSV, `cmcc` CSV in GB18030, `lego`
    /// workbooks, the others JSON objects with `items`. Resends are in files of a later day, with version 2.
    ///
    /// # Errors
    /// Returns a [`SandboxError`] if a file cannot be written.
    pub fn write_files(&self, dir: &Path) -> Result<Credit, SandboxError> {
        self.population.write_county(&create_folder(dir, "roster")?)?;
        self.write_sources(dir)?;
        let path = dir.join("truth.jsonl");
        let mut out = BufWriter::new(File::create(&path).map_err(write_error(&path))?);
        let credit = self.write_truth(&mut out).map_err(write_error(&path))?;
        out.flush().map_err(write_error(&path))?;
        Ok(credit)
    }

    fn write_sources(&self, dir: &Path) -> Result<(), SandboxError> {
        let mut files = Vec::with_capacity(SOURCES.len());
        for source in SOURCES {
            let folder = create_folder(dir, source.name)?;
            files.push(EXPORTS.map(|day| Files::new(&folder, source, day)));
        }
        for person in 0..self.person_count() {
            for record in self.records_of_person(person) {
                let Some(at) = SOURCES.iter().position(|s| *s == record.source) else { continue };
                let claim = self.identity_claim(&record);
                let [all, again] = &mut files[at];
                all.add_row(record_row(&record, &claim, 1, record.before.unwrap_or(record.amount)))?;
                if record.before.is_some() {
                    again.add_row(record_row(&record, &claim, 2, record.amount))?;
                }
            }
        }
        files.iter_mut().flatten().try_for_each(Files::write_file)
    }
}

fn record_row(record: &Record, claim: &Claim, version: u64, amount: u64) -> Vec<String> {
    let day = |date: NaiveDate| date.format("%Y-%m-%d").to_string();
    let score = |nth: usize| record.scores.map_or(String::new(), |scores| scores[nth].to_string());
    vec![
        record.id.clone(),
        version.to_string(),
        claim.name.clone(),
        claim.id_number.clone(),
        claim.teacher_number.clone(),
        claim.birth_date.clone(),
        claim.sex.clone(),
        claim.phone.clone(),
        claim.school_code.clone(),
        claim.school.clone(),
        claim.region.clone(),
        record.course.clone(),
        record.role.to_owned(),
        amount.to_string(),
        day(record.start),
        day(record.end),
        score(0),
        score(1),
        score(2),
    ]
}

/// The files of one export of a source while they are written.
struct Files<'d> {
    folder: PathBuf,
    source: Source,
    day: &'d str,
    rows: Vec<Vec<String>>,
    written: usize,
}

impl<'d> Files<'d> {
    fn new(folder: &Path, source: Source, day: &'d str) -> Self {
        Self { folder: folder.to_owned(), source, day, rows: vec![], written: 0 }
    }

    fn add_row(&mut self, row: Vec<String>) -> Result<(), SandboxError> {
        self.rows.push(row);
        if self.rows.len() == ROWS_PER_FILE { self.write_file() } else { Ok(()) }
    }

    fn write_file(&mut self) -> Result<(), SandboxError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.written += 1;
        let rows = std::mem::take(&mut self.rows);
        let (end, bytes) = match file_form(&self.source) {
            Form::Csv => ("csv", render_csv(&rows).into_bytes()),
            Form::Gb18030 => ("csv", encoding_rs::GB18030.encode(&render_csv(&rows)).0.into_owned()),
            Form::Json => ("json", render_json(&rows)?),
            Form::Workbook => ("xlsx", render_workbook(&rows)?),
        };
        let file = self.folder.join(format!("{}_{}_{:03}.{end}", self.source.name, self.day, self.written));
        std::fs::write(&file, bytes).map_err(write_error(&file))
    }
}

fn render_csv(rows: &[Vec<String>]) -> String {
    let header = FIELDS.join(",");
    rows.iter().fold(header + "\n", |text, row| text + &row.join(",") + "\n")
}

fn render_json(rows: &[Vec<String>]) -> Result<Vec<u8>, SandboxError> {
    let item = |row: &Vec<String>| -> serde_json::Map<String, serde_json::Value> {
        FIELDS.iter().zip(row).map(|(field, text)| ((*field).to_owned(), text.as_str().into())).collect()
    };
    Ok(serde_json::to_vec(&serde_json::json!({ "items": rows.iter().map(item).collect::<Vec<_>>() }))?)
}

fn render_workbook(rows: &[Vec<String>]) -> Result<Vec<u8>, SandboxError> {
    let mut book = Workbook::new();
    // A fixed date, so that the bytes are the same every time.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2019, 1, 10)?));
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, FIELDS)?;
    for (at, row) in (1..).zip(rows) {
        sheet.write_row(at, 0, row.iter().map(String::as_str))?;
    }
    Ok(book.save_to_buffer()?)
}

impl Population {
    /// Writes a table of schools and tables of teachers in the form in which a county delivers them.
    fn write_county(&self, dir: &Path) -> Result<(), SandboxError> {
        let write = |name: String, text: String| {
            let path = dir.join(name);
            std::fs::write(&path, text).map_err(write_error(&path))
        };
        let school = |school: u64| {
            let region = people::region_of(self.seed, school).unwrap_or_default();
            format!("{},{},{region}\n", people::school_code(self.seed, school), people::school_name(self.seed, school))
        };
        let schools: String = (0..people::count_schools(self)).map(school).collect();
        write(format!("学校名册_{ROSTER}.csv"), format!("学校标识码,学校名称,行政区划代码\n{schools}"))?;
        let mut file = 0;
        for first in (0..self.teachers).step_by(ROWS_PER_FILE) {
            file += 1;
            let last = self.teachers.min(first + ROWS_PER_FILE as u64);
            let lines: String = (first..last).map(|index| self.county_line(index)).collect();
            let header = "姓名,身份证号,性别,出生日期,学校标识码,教师编号,联系电话,曾用名\n";
            write(format!("教师名册_{ROSTER}_{file:03}.csv"), format!("{header}{lines}"))?;
        }
        Ok(())
    }

    fn county_line(&self, index: u64) -> String {
        let t = self.teacher(index);
        format!(
            "{},{},{},{},{},{},{},{}\n",
            t.name, t.id_number, t.sex, t.birth_date, t.school_code, t.teacher_number, t.phone, t.former_name
        )
    }
}
