//! Why a platform did not give what was asked for.

use std::time::Duration;

use thiserror::Error;

use huiliu_decode::decode::DecodeFault;
use huiliu_decode::unpack::UnpackFault;

/// Why a pull did not give a page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct Failure {
    /// Stable code.
    pub code: &'static str,
    /// What happened, where, and what to do.
    pub text: String,
    /// Whether it is worth trying again, and not before when.
    pub retry: Option<Duration>,
}

impl Failure {
    /// A failure that trying again cannot mend.
    #[must_use]
    pub fn fatal(code: &'static str, text: String) -> Self {
        Self { code, text, retry: None }
    }

    /// A failure that may pass.
    #[must_use]
    pub fn passing(code: &'static str, text: String) -> Self {
        Self { code, text, retry: Some(Duration::ZERO) }
    }

    /// A body that holds no records that can be read; it is worth asking again.
    pub(crate) fn undecodable(address: &str, e: DecodeFault) -> Self {
        if let DecodeFault::Unpack(UnpackFault::Start { why }) = e {
            return Self::passing("process", format!("{address}: no process to read it in: {why}"));
        }
        Self::passing("undecodable", format!("{address}: {e}"))
    }
}
