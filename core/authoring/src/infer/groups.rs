//! Finds groups of columns that repeat, such as `课程1, 学时1, 课程2, 学时2`: several trainings in one row, each of which is
//! a record of its own.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::infer::candidates::{Columns, MIN_TELLING_SCORE};
use crate::infer::names::{self, Name};
use crate::infer::settle::Settled;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// Fields that each training of a row has of its own.
const OF_TRAINING: [Field; 5] =
    [Field::CourseCode, Field::CourseTitle, Field::Hours, Field::PeriodStart, Field::PeriodEnd];
/// Words that count things, after their number.
const COUNTED: [char; 7] = ['门', '个', '次', '期', '项', '阶', '段'];

/// Numerals in names, from 1.
const NUMERALS: &str = "一二三四五六七八九十";

/// The columns of one training of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Places of the columns in the table.
    pub columns: Vec<usize>,
}

impl Columns<'_> {
    /// Returns the groups of columns that repeat; none if there is only one.
    pub fn find_groups(&self) -> Vec<Group> {
        let mut stems: BTreeMap<String, BTreeMap<u32, usize>> = BTreeMap::new();
        for at in (0..self.table.columns.len()).filter(|at| self.is_of_training(*at)) {
            let column = &self.table.columns[at];
            let (stem, number) = split_index(&column.path);
            let numbers = stems.entry(stem).or_default();
            // Columns with one name are numbered as they come, and the first of several may have no number: 课程, 课程2.
            let number = number.filter(|number| !numbers.contains_key(number));
            let next = (1..).find(|next| !numbers.contains_key(next)).unwrap_or(u32::MAX);
            numbers.insert(number.unwrap_or(next), at);
        }
        stems.retain(|_, numbers| numbers.len() > 1);
        let has = |field: &[Field]| {
            let is_one = |at: &usize| self.training_field(*at).is_some_and(|of| field.contains(&of));
            stems.values().any(|numbers| numbers.values().any(is_one))
        };
        // Two hours for one course may be planned and granted ones; two courses with their hours are two trainings.
        if !(has(&[Field::CourseCode, Field::CourseTitle]) && has(&[Field::Hours, Field::PeriodEnd])) {
            return vec![];
        }
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for numbers in stems.values() {
            for (number, at) in numbers {
                groups.entry(*number).or_default().push(*at);
            }
        }
        let sorted = |mut columns: Vec<usize>| {
            columns.sort_unstable();
            Group { columns }
        };
        groups.into_values().map(sorted).collect()
    }

    /// Returns whether a required field is in the columns of groups.
    pub fn is_in_groups(&self, settled: &Settled, field: Field) -> bool {
        let mut columns = settled.groups.iter().flat_map(|group| &group.columns);
        columns.any(|at| match self.training_field(*at) {
            // The title serves as a code.
            Some(Field::CourseTitle) => field == Field::CourseCode,
            found => found == Some(field),
        })
    }

    fn is_of_training(&self, at: usize) -> bool {
        self.training_field(at).is_some() && self.facts[at].filled > 0
    }

    /// Returns the field of a training that a column is named as.
    fn training_field(&self, at: usize) -> Option<Field> {
        let telling =
            |name: &Name| name.matches.first().filter(|found| found.score >= MIN_TELLING_SCORE).map(|m| m.meaning);
        let meaning = telling(&self.names[at]).or_else(|| {
            // A number at the end of a word makes another word of it: hours2.
            let (stem, number) = split_index(&self.table.columns[at].path);
            number.and_then(|_| telling(&names::read_name(&[stem])))
        })?;
        match meaning {
            Meaning::Field(Field::ProjectTitle | Field::ProjectCode) => Some(Field::CourseTitle),
            Meaning::Field(field) => OF_TRAINING.contains(&field).then_some(field),
            _ => None,
        }
    }
}

/// Splits the only number out of a name: `第二门课程` into `课程` and 2. A name with none or several stays whole.
fn split_index(name: &str) -> (String, Option<u32>) {
    let name: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let chars: Vec<char> = name.chars().collect();
    let is_part = |c: &char| c.is_ascii_digit() || NUMERALS.contains(*c);
    let bare = |chars: &[char]| chars.iter().filter(|c| c.is_alphanumeric()).collect::<String>();
    let whole = (bare(&chars), None);
    let Some(begin) = chars.iter().position(is_part) else { return whole };
    let length = chars.iter().skip(begin).take_while(|c| is_part(c)).count();
    let (before, rest) = chars.split_at(begin);
    let (digits, after) = rest.split_at(length);
    if after.iter().any(is_part) {
        return whole;
    }
    let number = match digits {
        [c] if !c.is_ascii_digit() => NUMERALS.chars().zip(1..).find(|(of, _)| of == c).map(|(_, number)| number),
        digits => digits.iter().collect::<String>().parse().ok(),
    };
    if number.is_none() {
        return whole;
    }
    let before = before.strip_suffix(&['第']).unwrap_or(before);
    let after: Vec<char> = after.iter().copied().skip_while(|c| COUNTED.contains(c)).collect();
    (bare(before) + &bare(&after), number)
}

#[cfg(test)]
mod tests {
    use super::split_index;

    #[test]
    fn a_number_is_split_out_of_a_name() {
        for (name, stem, number) in [
            ("课程1", "课程", Some(1)),
            ("学时２", "学时", Some(2)),
            ("第一门课程名称", "课程名称", Some(1)),
            ("第2期学时", "学时", Some(2)),
            ("课程(三)", "课程", Some(3)),
            ("course_2", "course", Some(2)),
            ("trainings.1.hours", "trainingshours", Some(1)),
            ("课程", "课程", None),
            ("2014年第1期", "2014年第1期", None),
            ("十二学时", "十二学时", None),
        ] {
            assert_eq!(split_index(name), (stem.to_owned(), number), "{name}");
        }
    }
}
