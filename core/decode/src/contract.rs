//! Whether a batch looks as if the platform had changed: a renamed field, another type, another unit.

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
}

said_in_english!(BrokenContract, SharedProblem);

/// Returns why a batch breaks its stream's contract; `None` if it keeps it.
#[must_use]
pub fn find_broken(contract: &Contract, records: usize, parked: &[Parked<'_>]) -> Option<BrokenContract> {
    if records < contract.hold_from_records.count() {
        return None;
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in parked.iter().flat_map(|parked| &parked.problems) {
        *counts.entry((&problem.code, &problem.source_field)).or_default() += 1;
    }
    let bound = contract.hold_above_percent.count();
    let shared = counts.into_iter().filter(|(_, count)| count * 100 > records * bound);
    let problems: Vec<SharedProblem> = shared
        .map(|((reason, field), count)| SharedProblem::Reason {
            reason: reason.to_owned(),
            field: field.to_owned(),
            records: count,
            of: records,
        })
        .collect();
    (!problems.is_empty()).then_some(BrokenContract::SharedProblems { problems })
}
