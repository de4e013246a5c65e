//! Samples of a connector: what its platform may send, and what must come of it.

/// A payload that a platform may send, and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The stream it belongs to.
    pub stream: String,
    /// Page or file name, as the platform gives it.
    pub address: String,
    /// Bytes as received.
    pub bytes: Vec<u8>,
    /// The outcome of each raw record, in order, as JSON.
    pub expected: String,
}

/// Most that the samples of one version may hold, in bytes: they are kept in one row.
pub const MAX_SAMPLES: usize = 16 << 20;
