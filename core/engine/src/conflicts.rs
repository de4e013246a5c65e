//! Transactions that another one was in the way of: they are done again, and counted.

use std::sync::atomic::{AtomicU64, Ordering};

use huiliu_store::StoreError;

/// How often work is done again before its error counts.
const TRIES: u32 = 5;

static COUNTED: AtomicU64 = AtomicU64::new(0);

/// Decides whether work is done again.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// Whether the work is to be done again: another transaction wrote the same row first, and that has not happened too often.
    pub fn try_again(&mut self, fault: &StoreError) -> bool {
        let again = fault.is_write_conflict() && self.0 < TRIES;
        if again {
            self.0 += 1;
            COUNTED.fetch_add(1, Ordering::Relaxed);
        }
        again
    }
}

/// Returns how often work was done again in this process.
pub(crate) fn count_conflicts() -> u64 {
    COUNTED.load(Ordering::Relaxed)
}
