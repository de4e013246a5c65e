//! The China Mobile programme: CSV files in GB18030, written per export day.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::facts::{Facts, Stream};
use crate::{SandboxError, World, text};

/// Early (stale copies), main, late (resends).
const EXPORTS: [&str; 3] = ["20141001", "20141011", "20141021"];
const ROWS_PER_FILE: u64 = 5_000;
/// Lines before the first row: the title and the header.
const LINES_BEFORE: u64 = 2;
const TITLE: &str = "中国移动中小学教师信息技术能力培训 学员培训记录,,,,,,,";
const HEADER: &str = "序号,姓名,身份证号,学校标识码,课程编号,课程名称,培训学时,结业时间,证书编号";
const SIGNATURE: &str = "填表人：,,审核人：,,,,,,";
const NAMES: [&str; 8] = [
    "信息技术与课堂教学基础",
    "信息技术与学科整合",
    "多媒体素材加工",
    "教育博客与网络研修",
    "交互式白板教学",
    "校园网络应用",
    "远程教育资源应用",
    "手机与移动学习",
];

/// The position of a row in the files.
pub(crate) struct Place {
    export: usize,
    row: u64,
}

impl Place {
    /// Returns the name of the file.
    pub(crate) fn file_name(&self) -> String {
        format!("CMCC_{}_{:03}.csv", EXPORTS[self.export], self.row / ROWS_PER_FILE + 1)
    }

    /// Returns the physical line, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.row % ROWS_PER_FILE + LINES_BEFORE + 1
    }
}

/// Returns the course code for a course number.
pub(crate) fn course_code(course: u32) -> String {
    format!("CM-{course:02}")
}

/// A file that is written under a name that no importer looks for, and renamed when complete.
struct Draft {
    unfinished: PathBuf,
    finished: PathBuf,
    file: BufWriter<File>,
    encoded: Vec<u8>,
    known: HashMap<char, Vec<u8>>,
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> SandboxError + '_ {
    move |source| SandboxError::Write { path: path.to_owned(), source }
}

impl Draft {
    fn create(dir: &Path, place: &Place) -> Result<Self, SandboxError> {
        let finished = dir.join(place.file_name());
        let unfinished = finished.with_extension("csv.part");
        let file = File::create(&unfinished).map_err(write_error(&unfinished))?;
        let mut draft =
            Self { unfinished, finished, file: BufWriter::new(file), encoded: Vec::new(), known: HashMap::new() };
        draft.write_line(TITLE)?;
        draft.write_line(HEADER)?;
        Ok(draft)
    }

    fn write_line(&mut self, text: &str) -> Result<(), SandboxError> {
        self.encoded.clear();
        for character in text.chars() {
            // The encoder searches for every Han character, so the few hundred that occur are cached.
            let bytes = self.known.entry(character).or_insert_with(|| {
                let mut buffer = [0; 4];
                let (bytes, _, _) = encoding_rs::GB18030.encode(character.encode_utf8(&mut buffer));
                bytes.into_owned()
            });
            self.encoded.extend_from_slice(bytes);
        }
        self.encoded.extend_from_slice(b"\r\n");
        let written = self.file.write_all(&self.encoded);
        written.map_err(write_error(&self.unfinished))
    }

    fn finish(mut self) -> Result<(), SandboxError> {
        self.write_line(SIGNATURE)?;
        self.file.flush().map_err(write_error(&self.unfinished))?;
        std::fs::rename(&self.unfinished, &self.finished).map_err(write_error(&self.finished))
    }
}

impl World {
    /// Returns every row in the order in which they are written, with its place.
    pub(crate) fn cmcc_rows(&self) -> impl Iterator<Item = (Facts, Place)> + '_ {
        let listing = self.listing(Stream::Cmcc);
        let mut rows = [0_u64; EXPORTS.len()];
        (0..listing.size()).map(move |position| {
            let facts = self.item_facts(Stream::Cmcc, listing.value_at(position));
            let export = facts.export.min(EXPORTS.len() - 1);
            let row = rows[export];
            rows[export] += 1;
            (facts, Place { export, row })
        })
    }

    /// Writes the CMCC files into a directory, which is created if missing. A file appears under its own name only when
    /// it is complete.
    pub fn write_cmcc(&self, dir: &Path) -> Result<(), SandboxError> {
        std::fs::create_dir_all(dir).map_err(write_error(dir))?;
        let mut drafts: [Option<Draft>; EXPORTS.len()] = Default::default();
        for (facts, place) in self.cmcc_rows() {
            let slot = &mut drafts[place.export];
            if place.row % ROWS_PER_FILE == 0
                && let Some(full) = slot.take()
            {
                full.finish()?;
            }
            let draft = match slot {
                Some(draft) => draft,
                None => slot.insert(Draft::create(dir, &place)?),
            };
            draft.write_line(&self.cmcc_line(&facts, &place))?;
        }
        drafts.into_iter().flatten().try_for_each(Draft::finish)
    }

    fn cmcc_line(&self, facts: &Facts, place: &Place) -> String {
        let person = self.people.person(facts.person);
        let unit = if self.roll(80, facts.index).is_multiple_of(2) { "学时" } else { "" };
        format!(
            "{},{},{},{},{},{},{}{unit},{},CM2014{:08}",
            place.row % ROWS_PER_FILE + 1,
            self.name_text(facts, &person),
            self.id_text(facts, &person),
            person.school_code,
            text::course_text(facts, &course_code(facts.course)),
            NAMES[(facts.course as usize - 1) % NAMES.len()],
            self.hours_text(facts),
            self.end_text(facts),
            facts.index,
        )
    }
}
