//! The C library's heap, in which SQLite and we hold what we hold.

/// Lets all threads share one arena. By itself the C library gives almost every thread its own, up to eight for each
/// processor, and each keeps what the largest batch once took: of the 140 MiB that a sync of one large file had at its peak,
/// a third was held by nobody. Two threads of ours work at a time; they take no longer for it.
///
/// Other C libraries have no such arenas.
pub fn limit_arenas() {
    #[cfg(target_env = "gnu")]
    #[allow(unsafe_code, reason = "the only call to the C library by hand: nobody wraps it")]
    // SAFETY: it sets a number in the heap's own books, under its own lock; no memory is touched.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
