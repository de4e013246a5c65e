//! What a correct importer ends up with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

use crate::facts::{Facts, Stream};
use crate::{SandboxError, World, cmcc, lego};

/// The totals, as they stand on the last line of the truth file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TruthSummary {
    /// Raw records; `bad + distinct_good_records + superseded_good`.
    pub records: u64,
    /// Raw records with something wrong.
    pub bad: u64,
    /// Good records that another one outranks for the same person and canonical course.
    pub duplicates: u64,
    /// People with at least one good record that is theirs.
    pub teachers: u64,
    /// Passed units; 108,000 are one class hour.
    pub units: u64,
    /// Provisional units.
    pub provisional_units: u64,
    /// Good records, each counted once however many versions were sent.
    pub distinct_good_records: u64,
    /// Good raw records that are not the newest version of theirs.
    pub superseded_good: u64,
    /// Good completions under somebody else's name (part of the distinct good records).
    pub contradicting: u64,
    /// Newest completions below the pass mark (part of the distinct good records).
    pub not_passed: u64,
    /// Records that carry the units: passed completions and provisional ones.
    pub counted: u64,
}

/// A record that may carry credit.
struct Candidate {
    canonical: Option<String>,
    passed: bool,
    /// As who leads the course for others, which is no duplicate of having taken it.
    leads: bool,
    units: u64,
    end: NaiveDate,
    platform: &'static str,
    record: String,
}

impl Candidate {
    /// The least one counts.
    fn rank(&self) -> (bool, std::cmp::Reverse<u64>, NaiveDate, &str, &str) {
        let hours = std::cmp::Reverse(self.units);
        (!self.passed, hours, self.end, self.platform, &self.record)
    }
}

/// The course all platforms' codes for it stand for; nothing for an unmapped one.
fn canonical(stream: Stream, course: u32) -> Option<String> {
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
        (Stream::Lego, _) => Some(lego::code(course)),
        (Stream::Cmcc, _) => Some(cmcc::code(course)),
    }
}

/// Counts and lines while going through the people.
struct Teller<W: Write> {
    out: W,
    totals: TruthSummary,
}

impl World {
    /// Writes the truth as JSON Lines; the last line holds the totals.
    pub fn write_truth(&self, path: &Path) -> Result<TruthSummary, SandboxError> {
        let failed = |source| SandboxError::Write { path: path.to_owned(), source };
        let out = BufWriter::new(File::create(path).map_err(failed)?);
        let mut teller = Teller { out, totals: TruthSummary::default() };
        for person in 0..self.persons() {
            self.tell(person, &mut teller).map_err(failed)?;
        }
        for (facts, place) in self.cmcc_rows() {
            if !facts.faults.is_empty() {
                teller.bad(&facts, json!({"file": place.file(), "line": place.line()})).map_err(failed)?;
            }
        }
        for (facts, place) in self.lego_rows() {
            if !facts.faults.is_empty() {
                let place = json!({"file": place.file(), "sheet": place.sheet(), "row": place.row()});
                teller.bad(&facts, place).map_err(failed)?;
            }
        }
        let mut totals = serde_json::to_value(teller.totals)?;
        totals["kind"] = json!("totals");
        teller.line(&totals).map_err(failed)?;
        teller.out.flush().map_err(failed)?;
        Ok(teller.totals)
    }

    /// The newest good version of every record of a person; bad ones are told on the way.
    fn newest<W: Write>(&self, person: u64, teller: &mut Teller<W>) -> std::io::Result<Vec<Facts>> {
        let mut newest: Vec<Facts> = Vec::with_capacity(10);
        for stream in Stream::ALL {
            for index in self.items_of(stream, person) {
                let facts = self.facts(stream, index);
                teller.totals.records += 1;
                if !facts.faults.is_empty() {
                    if !matches!(stream, Stream::Cmcc | Stream::Lego) {
                        let position = self.listing(stream).position_of(facts.index);
                        let place = json!({"record": facts.record, "position": position});
                        teller.bad(&facts, place)?;
                    }
                    continue;
                }
                let older = newest.iter_mut().find(|other| same_record(other, &facts));
                match older {
                    None => newest.push(facts),
                    Some(other) => {
                        teller.totals.superseded_good += 1;
                        if age(&facts) > age(other) {
                            *other = facts;
                        }
                    }
                }
            }
        }
        teller.totals.distinct_good_records += newest.len() as u64;
        Ok(newest)
    }

    fn tell<W: Write>(&self, number: u64, teller: &mut Teller<W>) -> std::io::Result<()> {
        let mut newest = self.newest(number, teller)?;
        let person = self.people.person(number);
        for facts in newest.extract_if(.., |facts| facts.other_name.is_some()) {
            teller.totals.contradicting += 1;
            teller.line(&json!({
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
                Stream::Completions if !facts.passed() => teller.totals.not_passed += 1,
                _ => candidates.push(self.candidate(facts, &person.id_number)),
            }
        }
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let (mut units, mut provisional) = (0, 0);
        let mut taken: Vec<(&str, bool)> = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            if let Some(course) = candidate.canonical.as_deref() {
                if taken.contains(&(course, candidate.leads)) {
                    teller.totals.duplicates += 1;
                    teller.line(&json!({
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
        teller.line(&json!({
            "kind": "teacher", "id_number": person.id_number, "name": person.name,
            "units": units, "provisional_units": provisional,
        }))
    }

    fn candidate(&self, facts: &Facts, id_number: &str) -> Candidate {
        Candidate {
            canonical: canonical(facts.stream, facts.course),
            leads: self.leads(facts),
            passed: facts.stream == Stream::Completions,
            units: facts.units(),
            end: facts.end,
            platform: facts.stream.platform(),
            record: match facts.stream {
                Stream::Cmcc => format!("{id_number}|{}", cmcc::code(facts.course)),
                _ => facts.record.clone(),
            },
        }
    }
}

/// Two good items of one person that are versions of the same record.
fn same_record(a: &Facts, b: &Facts) -> bool {
    a.stream == b.stream
        && match a.stream {
            Stream::Cmcc => a.course == b.course,
            _ => a.record == b.record,
        }
}

/// The greater, the newer.
fn age(facts: &Facts) -> (usize, u32) {
    (facts.export, facts.version)
}

impl<W: Write> Teller<W> {
    fn line(&mut self, line: &serde_json::Value) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    /// A bad row, with its place in the listing or file.
    fn bad(&mut self, facts: &Facts, mut line: serde_json::Value) -> std::io::Result<()> {
        let mut reasons: Vec<&str> = facts.faults.iter().flat_map(|fault| fault.codes()).copied().collect();
        reasons.sort_unstable();
        line["kind"] = json!("bad");
        line["platform"] = json!(facts.stream.platform());
        line["stream"] = json!(facts.stream.name());
        line["reasons"] = json!(reasons);
        self.totals.bad += 1;
        self.line(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crosswalk_is_as_agreed() {
        let of = |stream, course| canonical(stream, course).unwrap_or_default();
        assert_eq!(crate::intel::CODES[2], "ITF-PBL");
        assert_eq!(of(Stream::Intel, 3), of(Stream::Completions, 4));
        assert_eq!(of(Stream::Cmcc, 3), of(Stream::Completions, 3));
        assert_ne!(of(Stream::Cmcc, 4), of(Stream::Completions, 4));
        assert_eq!(canonical(Stream::Cmcc, 8), None);
    }
}
