//! Settings of the C library's heap, which SQLite and our own code allocate from.

/// Lets all threads share one arena. By default, glibc gives almost every thread its own arena, up to eight per
/// processor, and each keeps as much memory as its largest batch needed. In a sync of one large file, a third of the
/// peak of 140 MiB was free memory kept this way. Only two of our threads work at a time, and sharing an arena does not
/// slow them down.
///
/// Other C libraries have no such arenas.
pub fn limit_arenas() {
    #[cfg(target_env = "gnu")]
    #[allow(unsafe_code, reason = "the only call to the C library by hand: nobody wraps it")]
    // SAFETY: the call sets a number in the allocator's own state, under the allocator's lock, and touches no other
    // memory.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
