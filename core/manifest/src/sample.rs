//! Samples of a connector: payloads that its platform may send, with their expected outcomes.

/// A payload that a platform may send, and the outcome it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Name of the stream it belongs to.
    pub stream: String,
    /// Page or file name, as the platform gives it.
    pub address: String,
    /// The bytes as received.
    pub bytes: Vec<u8>,
    /// The expected outcome of each raw record, in order, as JSON.
    pub expected: String,
}

/// Maximum total size of the samples of one version, in bytes, because they are stored in one row.
pub const MAX_SAMPLES: usize = 16 << 20;
