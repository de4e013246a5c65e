//! The pause before an empty queue is looked at again.

use std::time::Duration;

/// The first pause. Where messages come one after the other, few wait for longer.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause, which is how long the first message after a quiet time may wait.
const LONGEST: Duration = Duration::from_millis(500);

/// Pauses that grow while a queue stays empty, so that an idle worker costs next to nothing.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Pause {
    pub fn new() -> Self {
        Self(FIRST)
    }

    /// Waits, and makes the next pause half as long again.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(LONGEST);
    }
}
