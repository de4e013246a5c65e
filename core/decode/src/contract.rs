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
}

said_in_english!(BrokenContract, SharedProblem);

/// Returns why the batch must be quarantined, with every problem that more records share than the contract allows.
/// Returns `None` if the batch keeps the contract.
#[must_use]
pub fn find_breach(contract: &Contract, records: usize, parked: &[Parked<'_>]) -> Option<BrokenContract> {
    if records < contract.hold_from_records.to_usize() {
        return None;
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in parked.iter().flat_map(|parked| &parked.problems) {
        *counts.entry((&problem.code, &problem.source_field)).or_default() += 1;
    }
    let bound = contract.hold_above_percent.to_usize();
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
