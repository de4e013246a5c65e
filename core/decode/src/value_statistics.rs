//! Statistics of the values of a stream's accepted records, in a bounded size. A batch whose values differ from them as if
//! the platform had changed a unit, a code or a field is quarantined, see [`crate::drift`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TrainingRecord;
use crate::draft::Draft;
use huiliu_manifest::Field;
use huiliu_manifest::mapping::Map;
use huiliu_values::text::fold_course;
use huiliu_vault::keys::{Keys, hex_encode};

/// Maximum number of different words kept of a field; a field with more is no enumeration.
const MAX_WORDS: usize = 24;
/// Maximum number of courses kept.
const MAX_COURSES: usize = 100;
/// Fields with few different words.
const ENUMERATIONS: [Field; 6] =
    [Field::Mode, Field::DeliveryCode, Field::CategoryCode, Field::Required, Field::Tier, Field::Result];

/// Statistics of the values of accepted records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueStatistics {
    /// Number of records.
    pub records: u64,
    /// For each mapped field, in how many records it was given and blank.
    pub presence: BTreeMap<String, Presence>,
    /// The words of each enumeration.
    pub words: BTreeMap<String, WordCounts>,
    /// The numbers of each numeric field.
    pub numbers: BTreeMap<String, NumberCounts>,
    /// The lowest and highest hours of each course, by a keyed digest of the course.
    pub courses: BTreeMap<String, HoursRange>,
}

/// In how many records a field was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Records with a value.
    pub given: u64,
    /// Records without one.
    pub blank: u64,
}

/// The words of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordCounts {
    /// Word → number of records.
    pub counts: BTreeMap<String, u64>,
    /// Whether the field had more words than are kept.
    pub is_open: bool,
}

/// The numbers of a field, in classes whose bounds are at most a quarter apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberCounts(pub BTreeMap<u32, NumberClass>);

/// The numbers of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberClass {
    /// Number of records.
    pub records: u64,
    /// The lowest number.
    pub least: i64,
}

/// The hours of a course, in hours units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursRange {
    /// The lowest.
    pub least: i64,
    /// The highest.
    pub most: i64,
}

impl ValueStatistics {
    /// Computes the statistics of valid records. `map` is the mapping of their stream.
    #[must_use]
    pub fn of_records(map: &Map, keys: &Keys, records: &[Box<TrainingRecord<'_>>]) -> Self {
        let mut told = Self { records: records.len() as u64, ..Self::default() };
        for field in map.keys() {
            let is_given =
                |record: &TrainingRecord<'_>| record.texts.field(*field).is_some_and(|text| !text.trim().is_empty());
            let given = records.iter().filter(|record| is_given(record)).count() as u64;
            let presence = Presence { given, blank: told.records - given };
            told.presence.insert(field.as_str().to_owned(), presence);
        }
        for field in ENUMERATIONS.iter().filter(|field| map.contains_key(field)) {
            let mut words = WordCounts::default();
            records
                .iter()
                .filter_map(|record| enumeration_word(&record.texts, *field))
                .for_each(|word| words.add(word, 1));
            told.words.insert(field.as_str().to_owned(), words);
        }
        for record in records {
            for (field, number) in record_numbers(record) {
                match told.numbers.get_mut(field.as_str()) {
                    Some(numbers) => numbers.add(number, number, 1),
                    None => told.numbers.entry(field.as_str().to_owned()).or_default().add(number, number, 1),
                }
            }
            let units = record.hours.units();
            told.add_course(course_digest(keys, record), HoursRange { least: units, most: units });
        }
        told
    }

    /// Adds the statistics of further records.
    pub fn merge(&mut self, other: &Self) {
        self.records += other.records;
        for (field, presence) in &other.presence {
            let held = self.presence.entry(field.clone()).or_default();
            held.given += presence.given;
            held.blank += presence.blank;
        }
        for (field, words) in &other.words {
            let held = self.words.entry(field.clone()).or_default();
            held.is_open |= words.is_open;
            words.counts.iter().for_each(|(word, records)| held.add(word, *records));
        }
        for (field, numbers) in &other.numbers {
            let held = self.numbers.entry(field.clone()).or_default();
            numbers.0.values().for_each(|class| held.add(class.least, class.least, class.records));
        }
        other.courses.iter().for_each(|(course, hours)| self.add_course(course.clone(), *hours));
    }

    fn add_course(&mut self, course: String, hours: HoursRange) {
        let has_room = self.courses.len() < MAX_COURSES;
        match self.courses.get_mut(&course) {
            Some(held) => {
                *held = HoursRange { least: held.least.min(hours.least), most: held.most.max(hours.most) };
            }
            None if has_room => {
                self.courses.insert(course, hours);
            }
            None => {}
        }
    }
}

impl WordCounts {
    fn add(&mut self, word: &str, records: u64) {
        let has_room = self.counts.len() < MAX_WORDS;
        match self.counts.get_mut(word) {
            Some(held) => *held += records,
            None if has_room => {
                self.counts.insert(word.to_owned(), records);
            }
            None => self.is_open = true,
        }
    }

    /// Returns the number of records with a word.
    #[must_use]
    pub fn given(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl NumberCounts {
    fn add(&mut self, number: i64, least: i64, records: u64) {
        let class = self.0.entry(number_class(number)).or_insert(NumberClass { records: 0, least });
        class.records += records;
        class.least = class.least.min(least);
    }

    /// Returns the number of records.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.0.values().map(|class| class.records).sum()
    }

    /// Returns the number below which `percent` of the records are, as the lowest number of its class.
    #[must_use]
    pub fn quantile(&self, percent: u64) -> Option<i64> {
        let wanted = self.records() * percent;
        let mut below = 0;
        let class = self.0.values().find(|class| {
            below += class.records;
            below * 100 > wanted
        });
        class.or_else(|| self.0.values().next_back()).map(|class| class.least)
    }
}

/// Returns the class of a number: its binary length and the two bits after its first.
fn number_class(number: i64) -> u32 {
    let number = number.max(0).unsigned_abs();
    let length = u64::BITS - number.leading_zeros();
    let next = if length >= 3 { (number >> (length - 3)) & 3 } else { 0 };
    length * 4 + u32::try_from(next).unwrap_or(0)
}

/// Returns the word of an enumeration, if the record has one.
pub(crate) fn enumeration_word<'d>(draft: &'d Draft<'_>, field: Field) -> Option<&'d str> {
    draft.field(field).map(str::trim).filter(|word| !word.is_empty() && word.chars().count() <= 50)
}

/// Returns the numbers of a record other than its hours, in hundredths.
fn record_numbers(record: &TrainingRecord<'_>) -> impl Iterator<Item = (Field, i64)> {
    let total = record.assessment.as_ref().filter(|assessment| assessment.total_denominator > 0);
    let total = total.map(|assessment| (Field::ScoreTotal, assessment.total_numerator / assessment.total_denominator));
    let attendance = record.attendance.map(|percent| (Field::Attendance, percent));
    std::iter::once((Field::Hours, record.hours.units())).chain(total).chain(attendance)
}

/// Returns the keyed digest of a record's course, as the statistics name it.
pub(crate) fn course_digest(keys: &Keys, record: &TrainingRecord<'_>) -> String {
    let course = fold_course(record.texts.course_code.as_deref().unwrap_or_default().trim());
    let digest = keys.short_digest(&[b"course", course.as_bytes()]);
    hex_encode(digest.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_in_few_classes_and_their_quantiles_are_near() {
        let mut numbers = NumberCounts::default();
        for number in 1..=1_000 {
            numbers.add(number, number, 1);
        }
        assert!(numbers.0.len() < 45, "{}", numbers.0.len());
        for (percent, low, high) in [(5, 40, 51), (50, 400, 501), (95, 750, 951)] {
            let found = numbers.quantile(percent).unwrap();
            assert!((low..=high).contains(&found), "{percent}: {found}");
        }
        let mut zeros = NumberCounts::default();
        zeros.add(0, 0, 3);
        assert_eq!((zeros.quantile(50), NumberCounts::default().quantile(50)), (Some(0), None));
    }

    #[test]
    fn what_is_merged_is_what_would_have_been_counted_together() {
        let words = |list: &[&str]| {
            let mut counts = WordCounts::default();
            list.iter().for_each(|word| counts.add(word, 1));
            ValueStatistics {
                records: list.len() as u64,
                words: [("mode".to_owned(), counts)].into(),
                ..Default::default()
            }
        };
        let mut one = words(&["a", "b"]);
        one.merge(&words(&["b", "c"]));
        assert_eq!(one, words(&["a", "b", "b", "c"]));
        let many: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        assert!(words(&many.iter().map(String::as_str).collect::<Vec<_>>()).words["mode"].is_open);
    }
}
