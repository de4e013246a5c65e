//! Fault injection for the fault tests. It works in debug builds; release builds ignore the variables.

/// Returns true if a commit must skip its fencing check. The fault test must then fail.
#[must_use]
pub fn skip_epoch() -> bool {
    cfg!(debug_assertions) && std::env::var_os("HUILIU_FAULT_SKIP_EPOCH").is_some()
}

/// Returns true if settlement must not notice that rules or decisions have changed since it read them. The test of
/// settlement under changes must then fail.
#[must_use]
pub fn skip_fence() -> bool {
    cfg!(debug_assertions) && std::env::var_os("HUILIU_FAULT_SKIP_FENCE").is_some()
}

/// Returns the milliseconds to wait between processing a batch and committing it, so that kills and pauses hit work in
/// flight.
#[must_use]
pub fn slow_commit_ms() -> u64 {
    if !cfg!(debug_assertions) {
        return 0;
    }
    std::env::var("HUILIU_FAULT_SLOW_MS").ok().and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// Returns the raw records per step of a replay, if a test wants other steps.
#[must_use]
pub fn step_records() -> Option<i64> {
    if !cfg!(debug_assertions) {
        return None;
    }
    std::env::var("HUILIU_FAULT_STEP_RECORDS").ok().and_then(|v| v.parse().ok())
}

/// Returns how often causes of notifications are looked for, in milliseconds, if a test wants another pause. Failed deliveries are
/// tried again after the same time.
#[must_use]
pub fn notify_ms() -> Option<u64> {
    if !cfg!(debug_assertions) {
        return None;
    }
    std::env::var("HUILIU_FAULT_NOTIFY_MS").ok().and_then(|v| v.parse().ok())
}
