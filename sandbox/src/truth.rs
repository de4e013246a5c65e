//! The truth: the result of a correct import.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

use crate::facts::{Facts, Stream};
use crate::{SandboxError, World, cmcc, lego};

/// The totals, as on the last line of the truth file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TruthSummary {
    /// Raw records: `bad + distinct_good_records + superseded_good`.
    pub records: u64,
    /// Raw records with faults.
    pub bad: u64,
    /// Good records that another record outranks for the same person and canonical course.
    pub duplicates: u64,
    /// People with at least one good record of their own.
    pub teachers: u64,
    /// Passed units of 1/108,000 class hour.
    pub units: u64,
    /// Provisional units.
    pub provisional_units: u64,
    /// Good records; each counts once, however many versions were sent.
    pub distinct_good_records: u64,
    /// Good raw records that are not the newest version of their record.
    pub superseded_good: u64,
    /// Good completions under another person's name (part of the distinct good records).
    pub contradicting: u64,
    /// Newest completions below the pass mark (part of the distinct good records).
    pub not_passed: u64,
    /// Records that carry the units: passed completions and provisional records.
    pub counted: u64,
}

/// A record that may carry credit.
struct Candidate {
    canonical: Option<String>,
    passed: bool,
    /// Whether the person led the course for others, which is no duplicate of having taken it.
    leads: bool,
    units: u64,
    end: NaiveDate,
    platform: &'static str,
    record: String,
}

impl Candidate {
    /// Returns the sort key; of several candidates the smallest counts.
    fn rank(&self) -> (bool, std::cmp::Reverse<u64>, NaiveDate, &str, &str) {
        let hours = std::cmp::Reverse(self.units);
        (!self.passed, hours, self.end, self.platform, &self.record)
    }
}

/// Returns the course behind all platforms' codes for it, or `None` for an unmapped code.
fn canonical_course(stream: Stream, course: u32) -> Option<String> {
    let shared = |number: u32| Some(format!("C-{number:03}"));
    match (stream, course) {
        (Stream::Completions | Stream::Progress, 1..=4) => shared(course),
        (Stream::Completions | Stream::Progress, _) => Some(format!("TS-{course:02}")),
        (Stream::Intel, 1 | 2) => shared(course),
        (Stream::Intel, _) => shared(4),
        (Stream::Microsoft, 1 | 2) => shared(course),
        (Stream::Microsoft, 3) => Some("MS-03".to_owned()),
        (Stream::Microsoft, _) => None,
        (Stream::Cmcc, 1..=3) => shared(course),
        (Stream::Cmcc, 8) | (Stream::Lego, 6) => None,
        (Stream::Lego, 1 | 2) => shared(course + 2),
        (Stream::Lego, _) => Some(lego::course_code(course)),
        (Stream::Cmcc, _) => Some(cmcc::course_code(course)),
    }
}

/// The output and the totals so far.
struct LedgerWriter<W: Write> {
    out: W,
    totals: TruthSummary,
}

impl World {
    /// Writes the truth as JSON Lines. The last line has the totals.
    pub fn write_truth(&self, path: &Path) -> Result<TruthSummary, SandboxError> {
        let failed = |source| SandboxError::Write { path: path.to_owned(), source };
        let out = BufWriter::new(File::create(path).map_err(failed)?);
        let mut teller = LedgerWriter { out, totals: TruthSummary::default() };
        for person in 0..self.persons() {
            self.write_person(person, &mut teller).map_err(failed)?;
        }
        for (facts, place) in self.cmcc_rows() {
            if !facts.faults.is_empty() {
                teller
                    .write_bad_row(&facts, json!({"file": place.file_name(), "line": place.line()}))
                    .map_err(failed)?;
            }
        }
        for (facts, place) in self.lego_rows() {
            if !facts.faults.is_empty() {
                let place = json!({"file": place.file_name(), "sheet": place.sheet(), "row": place.row()});
                teller.write_bad_row(&facts, place).map_err(failed)?;
            }
        }
        let mut totals = serde_json::to_value(teller.totals)?;
        totals["kind"] = json!("totals");
        teller.write_line(&totals).map_err(failed)?;
        teller.out.flush().map_err(failed)?;
        Ok(teller.totals)
    }

    /// Returns the newest good version of each of a person's records. Writes bad records on the way.
    fn newest_versions<W: Write>(&self, person: u64, teller: &mut LedgerWriter<W>) -> std::io::Result<Vec<Facts>> {
        let mut newest: Vec<Facts> = Vec::with_capacity(10);
        for stream in Stream::ALL {
            for index in self.items_of(stream, person) {
                let facts = self.item_facts(stream, index);
                teller.totals.records += 1;
                if !facts.faults.is_empty() {
                    if !matches!(stream, Stream::Cmcc | Stream::Lego) {
                        let position = self.listing(stream).position_of(facts.index);
                        let place = json!({"record": facts.record, "position": position});
                        teller.write_bad_row(&facts, place)?;
                    }
                    continue;
                }
                let older = newest.iter_mut().find(|other| same_record(other, &facts));
                match older {
                    None => newest.push(facts),
                    Some(other) => {
                        teller.totals.superseded_good += 1;
                        if version_order(&facts) > version_order(other) {
                            *other = facts;
                        }
                    }
                }
            }
        }
        teller.totals.distinct_good_records += newest.len() as u64;
        Ok(newest)
    }

    fn write_person<W: Write>(&self, number: u64, teller: &mut LedgerWriter<W>) -> std::io::Result<()> {
        let mut newest = self.newest_versions(number, teller)?;
        let person = self.people.person(number);
        for facts in newest.extract_if(.., |facts| facts.other_name.is_some()) {
            teller.totals.contradicting += 1;
            teller.write_line(&json!({
                "kind": "uncounted", "id_number": person.id_number,
                "platform": facts.stream.platform(), "stream": facts.stream.name(),
                "record": facts.record, "reason": "name_contradicts",
            }))?;
        }
        if newest.is_empty() {
            return Ok(());
        }
        let mut candidates = Vec::with_capacity(newest.len());
        for facts in &newest {
            match facts.stream {
                Stream::Progress => {}
                Stream::Completions if !facts.is_passed() => teller.totals.not_passed += 1,
                _ => candidates.push(self.make_candidate(facts, &person.id_number)),
            }
        }
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let (mut units, mut provisional) = (0, 0);
        let mut taken: Vec<(&str, bool)> = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            if let Some(course) = candidate.canonical.as_deref() {
                if taken.contains(&(course, candidate.leads)) {
                    teller.totals.duplicates += 1;
                    teller.write_line(&json!({
                        "kind": "duplicate", "id_number": person.id_number, "canonical": course,
                        "platform": candidate.platform, "record": candidate.record,
                    }))?;
                    continue;
                }
                taken.push((course, candidate.leads));
            }
            teller.totals.counted += 1;
            *(if candidate.passed { &mut units } else { &mut provisional }) += candidate.units;
        }
        teller.totals.teachers += 1;
        teller.totals.units += units;
        teller.totals.provisional_units += provisional;
        teller.write_line(&json!({
            "kind": "teacher", "id_number": person.id_number, "name": person.name,
            "units": units, "provisional_units": provisional,
        }))
    }

    fn make_candidate(&self, facts: &Facts, id_number: &str) -> Candidate {
        Candidate {
            canonical: canonical_course(facts.stream, facts.course),
            leads: self.is_course_leader(facts),
            passed: facts.stream == Stream::Completions,
            units: facts.units(),
            end: facts.end,
            platform: facts.stream.platform(),
            record: match facts.stream {
                Stream::Cmcc => format!("{id_number}|{}", cmcc::course_code(facts.course)),
                _ => facts.record.clone(),
            },
        }
    }
}

/// Returns whether two good items of one person are versions of the same record.
fn same_record(a: &Facts, b: &Facts) -> bool {
    a.stream == b.stream
        && match a.stream {
            Stream::Cmcc => a.course == b.course,
            _ => a.record == b.record,
        }
}

/// Returns a key that is greater for newer versions.
fn version_order(facts: &Facts) -> (usize, u32) {
    (facts.export, facts.version)
}

impl<W: Write> LedgerWriter<W> {
    fn write_line(&mut self, line: &serde_json::Value) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    /// Writes a bad row with its place in the listing or file.
    fn write_bad_row(&mut self, facts: &Facts, mut line: serde_json::Value) -> std::io::Result<()> {
        let mut reasons: Vec<&str> = facts.faults.iter().flat_map(|fault| fault.reason_codes()).copied().collect();
        reasons.sort_unstable();
        line["kind"] = json!("bad");
        line["platform"] = json!(facts.stream.platform());
        line["stream"] = json!(facts.stream.name());
        line["reasons"] = json!(reasons);
        self.totals.bad += 1;
        self.write_line(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crosswalk_is_as_agreed() {
        let of = |stream, course| canonical_course(stream, course).unwrap_or_default();
        assert_eq!(crate::intel::CODES[2], "ITF-PBL");
        assert_eq!(of(Stream::Intel, 3), of(Stream::Completions, 4));
        assert_eq!(of(Stream::Cmcc, 3), of(Stream::Completions, 3));
        assert_ne!(of(Stream::Cmcc, 4), of(Stream::Completions, 4));
        assert_eq!(canonical_course(Stream::Cmcc, 8), None);
    }
}
