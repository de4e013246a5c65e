//! Detects batches that look as if the platform had changed: a renamed field, another type, another unit.

use std::collections::BTreeMap;

use huiliu_manifest::quality::Contract;
use huiliu_messages::said_in_english;
use serde::Serialize;

use crate::Parked;

/// A batch that breaks its stream's contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum BrokenContract {
    /// More of its records have the same problem than the contract allows.
    #[serde(rename = "contract.broken")]
    SharedProblems {
        /// Every problem that so many of its records share.
        problems: Vec<SharedProblem>,
    },
}

/// A problem that too many records of a batch share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum SharedProblem {
    /// The same reason at the same field.
    #[serde(rename = "contract.shared_problem")]
    Reason {
        /// Code of the reason.
        reason: String,
        /// The raw field.
        field: String,
        /// Records that have it.
        records: usize,
        /// Records of the batch.
        of: usize,
    },
    /// Most ID numbers were damaged by a spreadsheet.
    #[serde(rename = "contract.damaged_ids")]
    DamagedIds {
        /// The raw field.
        field: String,
        /// Records whose ID number is damaged.
        records: usize,
        /// Records with an ID number.
        of: usize,
        /// Places and masked values of the first ones.
        examples: Vec<String>,
    },
    /// The hours are many times those of the same courses, or a fraction of them.
    #[serde(rename = "contract.other_hours")]
    OtherHours {
        /// The raw field.
        field: String,
        /// Records with such hours.
        records: usize,
        /// Records of known courses.
        of: usize,
        /// Place of the first such record.
        address: String,
        /// Its class hours.
        now: String,
        /// Class hours of its course before.
        before: String,
    },
    /// The median is many times that of the accepted records, or a fraction of it.
    #[serde(rename = "contract.other_median")]
    OtherMedian {
        /// The raw field.
        field: String,
        /// Median of the batch.
        now: String,
        /// Median of the accepted records.
        before: String,
        /// Number of accepted records.
        records: u64,
    },
    /// Values that no accepted record has.
    #[serde(rename = "contract.new_words")]
    NewWords {
        /// The raw field.
        field: String,
        /// Records with such a value.
        records: u64,
        /// Records with any value.
        of: u64,
        /// The first of the new values.
        values: Vec<String>,
        /// Values of the accepted records.
        known: Vec<String>,
    },
    /// A field is blank that was blank in no accepted record.
    #[serde(rename = "contract.new_blanks")]
    NewBlanks {
        /// The raw field.
        field: String,
        /// Records in which it is blank.
        records: u64,
        /// Records of the batch.
        of: u64,
        /// Number of accepted records that had it.
        before: u64,
    },
}

said_in_english!(BrokenContract, SharedProblem);

/// Lists every problem that more of a batch's records share than the contract allows.
#[must_use]
pub fn list_shared(contract: &Contract, records: usize, parked: &[Parked<'_>]) -> Vec<SharedProblem> {
    if records < contract.hold_from_records.to_usize() {
        return vec![];
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in parked.iter().flat_map(|parked| &parked.problems) {
        *counts.entry((&problem.code, &problem.source_field)).or_default() += 1;
    }
    let bound = contract.hold_above_percent.to_usize();
    let shared = counts.into_iter().filter(|(_, count)| count * 100 > records * bound);
    shared
        .map(|((reason, field), count)| SharedProblem::Reason {
            reason: reason.to_owned(),
            field: field.to_owned(),
            records: count,
            of: records,
        })
        .collect()
}
