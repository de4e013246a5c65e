//! When a batch looks as if the platform had changed: a renamed field, another type, another unit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Parked;
use huiliu_manifest::quality::Contract;

/// Why the batch is to be held, with every fault that so many of its records share; `None` when it keeps the contract.
#[must_use]
pub fn broken(contract: &Contract, records: usize, parked: &[Parked<'_>]) -> Option<String> {
    if records < contract.hold_from_records.count() {
        return None;
    }
    let mut faults: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in parked.iter().flat_map(|parked| &parked.problems) {
        *faults.entry((&problem.code, &problem.source_field)).or_default() += 1;
    }
    let bound = contract.hold_above_percent.count();
    let shared = faults.iter().filter(|(_, n)| **n * 100 > records * bound);
    let told = shared.fold(String::new(), |mut told, ((code, field), n)| {
        // Writing to a string cannot fail.
        let _ = write!(told, "{}{code} at {field} in {n} of {records}", if told.is_empty() { "" } else { ", " });
        told
    });
    (!told.is_empty()).then(|| {
        format!("held by the contract: {told}; correct the manifest, or release the batch as it is with `huiliu batches release`")
    })
}
