//! Work that takes the processor for long, such as decoding a large payload.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Work about fewer bytes than this is done before another thread could take over.
const HEAVY: usize = 64 << 10;

/// Does work about so many bytes that takes the processor, or waits for a disk. Other tasks of the process go on meanwhile,
/// so that one source's payload stalls no other source and no signal.
pub fn run_heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) if bytes >= HEAVY => tokio::task::block_in_place(work),
        // It is short, or there is no other thread that could take over.
        _ => work(),
    }
}
