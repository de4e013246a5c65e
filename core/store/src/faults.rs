//! Faults that the fault test can switch on in a debug build, and that a release build does not contain.

/// Whether the fencing check of a commit is left out: the fault test must then fail.
#[must_use]
pub fn skip_epoch() -> bool {
    cfg!(debug_assertions) && std::env::var_os("HUILIU_FAULT_SKIP_EPOCH").is_some()
}

/// Milliseconds to wait between the work on a batch and its commit, so that kills and pauses find work in flight.
#[must_use]
pub fn slow_commit_ms() -> u64 {
    if !cfg!(debug_assertions) {
        return 0;
    }
    std::env::var("HUILIU_FAULT_SLOW_MS").ok().and_then(|v| v.parse().ok()).unwrap_or(0)
}
