//! The truth about the population's training: which records are about the same training, and the hours of each person.

use std::io::Write;

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;
use serde_json::json;

use super::training::{Record, Training};

/// The outcome of a record, by the rules of Jilin's founding document as this project reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It counts finally.
    Counted,
    /// It counts provisionally: it was never assessed, or its teacher is exempt from the assessment.
    Provisional,
    /// It was not passed.
    NotPassed,
    /// Another record of the same training counts; this is its id.
    Duplicate(String),
}

/// The totals, as on the last line of the truth file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// People on the roster.
    pub teachers: u64,
    /// People with records, including those who are not on the roster.
    pub trained: u64,
    /// Records; each counts once, however often it was sent.
    pub records: u64,
    /// Records sent a second time.
    pub resent: u64,
    /// Records with a damaged name or ID number.
    pub damaged: u64,
    /// Records that are duplicates of others.
    pub duplicates: u64,
    /// Finally counted units of 1/108,000 class hour.
    pub units: u64,
    /// Provisionally counted units.
    pub provisional_units: u64,
}

impl Training {
    /// Returns a person's records and the outcome of each.
    #[must_use]
    pub fn credit_of_person(&self, person: u64) -> Vec<(Record, Outcome)> {
        let exempt_from = self.exempt_from(person);
        let stands = |record: &Record| match record.is_passed() {
            Some(true) => Outcome::Counted,
            Some(false) if exempt_from.is_none_or(|from| record.end < from) => Outcome::NotPassed,
            _ => Outcome::Provisional,
        };
        let records = self.records_of_person(person);
        let mut credit: Vec<(Record, Outcome)> = records.into_iter().map(|r| (r.clone(), stands(&r))).collect();
        for group in credit.chunk_by_mut(|(a, _), (b, _)| a.training == b.training) {
            let best = group.iter().filter(|(_, outcome)| *outcome != Outcome::NotPassed).min_by_key(|(r, outcome)| {
                let hours = std::cmp::Reverse(r.units());
                (*outcome != Outcome::Counted, hours, r.end, r.source.connector)
            });
            let Some(best) = best.map(|(record, _)| record.id.clone()) else { continue };
            for (record, outcome) in group {
                if *outcome != Outcome::NotPassed && record.id != best {
                    *outcome = Outcome::Duplicate(best.clone());
                }
            }
        }
        credit
    }

    /// Returns the day from which a teacher of the roster is exempt from the assessment: men at 55, women at 50. It is
    /// unknown for people who are not on the roster.
    fn exempt_from(&self, person: u64) -> Option<NaiveDate> {
        if person >= self.population.teachers {
            return None;
        }
        let teacher = self.population.teacher(person);
        let born: NaiveDate = teacher.birth_date.parse().ok()?;
        let year = born.year() + if teacher.sex == "男" { 55 } else { 50 };
        // A person born on a leap day turns a year older on 1 March.
        born.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
    }

    /// Writes the truth as JSON Lines: each record with its person, its training and its outcome, each person with
    /// records, and the totals last.
    ///
    /// # Errors
    /// Returns the writer's error.
    pub fn write_truth(&self, out: &mut impl Write) -> std::io::Result<Credit> {
        let mut totals = Credit { teachers: self.population.teachers, ..Credit::default() };
        for person in 0..self.person_count() {
            self.write_person(person, &mut totals, out)?;
        }
        let mut line = serde_json::to_value(totals)?;
        line["kind"] = json!("totals");
        writeln!(out, "{line}")?;
        Ok(totals)
    }

    fn write_person(&self, person: u64, totals: &mut Credit, out: &mut impl Write) -> std::io::Result<()> {
        let (mut units, mut provisional, mut duplicates) = (0, 0, 0);
        for (record, outcome) in self.credit_of_person(person) {
            let damage = self.identity_claim(&record).damage;
            let (word, counts, of) = match &outcome {
                Outcome::Counted => ("counted", record.units(), None),
                Outcome::Provisional => ("provisional", record.units(), None),
                Outcome::NotPassed => ("not_passed", 0, None),
                Outcome::Duplicate(of) => ("duplicate", 0, Some(of)),
            };
            *(if outcome == Outcome::Counted { &mut units } else { &mut provisional }) += counts;
            duplicates += u64::from(of.is_some());
            totals.records += 1;
            totals.resent += u64::from(record.before.is_some());
            totals.damaged += u64::from(damage != super::Damage::Clean);
            let line = json!({
                "kind": "record", "record": record.id, "source": record.source.name, "person": person,
                "training": record.training, "canonical": record.canonical, "outcome": word, "units": counts,
                "duplicate_of": of, "damage": damage.as_str(),
            });
            writeln!(out, "{line}")?;
        }
        totals.trained += 1;
        totals.duplicates += duplicates;
        totals.units += units;
        totals.provisional_units += provisional;
        let teacher = self.population.teacher(person);
        let line = json!({
            "kind": "person", "person": person, "id_number": teacher.id_number, "name": teacher.name,
            "on_roster": person < self.population.teachers, "units": units, "provisional_units": provisional,
            "duplicates": duplicates,
        });
        writeln!(out, "{line}")
    }
}
