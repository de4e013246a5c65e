//! Faults that the fault test can switch on in a debug build. A release build does not contain them.

/// Aborts the process if a raw record's text contains `HUILIU_FAULT_ABORT_ON`, to simulate a batch that kills its
/// worker.
pub fn abort_if_injected(raw: &str) {
    if cfg!(debug_assertions)
        && let Ok(needle) = std::env::var("HUILIU_FAULT_ABORT_ON")
        && !needle.is_empty()
        && raw.contains(&needle)
    {
        std::process::abort();
    }
}
