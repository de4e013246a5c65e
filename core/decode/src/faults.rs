//! Faults that the fault test can switch on in a debug build, and that a release build does not contain.

/// Ends the process when a raw record's text contains `HUILIU_FAULT_ABORT_ON`: a true killer batch.
pub fn abort_on(raw: &str) {
    if cfg!(debug_assertions)
        && let Ok(needle) = std::env::var("HUILIU_FAULT_ABORT_ON")
        && !needle.is_empty()
        && raw.contains(&needle)
    {
        std::process::abort();
    }
}
