//! Why a platform did not give what was asked for.

use std::time::Duration;

use strum::IntoStaticStr;
use thiserror::Error;

use huiliu_decode::decode::DecodeFault;
use huiliu_decode::unpack::UnpackFault;

/// What kind of failure it is. The codes are stable: people and other programs act on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum FailureCode {
    /// An address that may not be connected to.
    Address,
    /// No address can be made of a bucket's name.
    Bucket,
    /// The budget of requests cannot be asked for.
    Budget,
    /// No client certificate, or one that cannot be used.
    Certificate,
    /// No HTTP client can be made.
    Client,
    /// The platform refuses user and password, or none are set.
    Credentials,
    /// The stored cursor cannot be read.
    Cursor,
    /// A fan-out over more values than are allowed.
    Each,
    /// An answer in an encoding that was not asked for.
    Encoding,
    /// An export failed, or was not ready in time.
    Export,
    /// A file cannot be read.
    File,
    /// A folder cannot be read.
    Folder,
    /// A signing key or an object's key cannot be used.
    Key,
    /// A next link that is none, or leads elsewhere.
    Link,
    /// The login gave no session.
    Login,
    /// A login page instead of an answer.
    LoginPage,
    /// Pages that come again.
    Loop,
    /// The manifest does not say what is needed.
    Manifest,
    /// The platform cannot be reached.
    Network,
    /// No random number.
    Nonce,
    /// What came cannot be packed.
    Packing,
    /// More pages than are allowed, or too many without records.
    Pages,
    /// A part of an object cannot be had.
    Part,
    /// No process to read a payload in.
    Process,
    /// What is handed in does not fit its connector.
    Push,
    /// The platform leads on to another address.
    Redirect,
    /// An error that stays.
    Refused,
    /// Fewer records than the platform counts.
    Short,
    /// An answer or a file that is too large.
    Size,
    /// An answer that says no.
    Status,
    /// The process was told to stop.
    Stopped,
    /// A token that is none, or has run out.
    Token,
    /// Another process has taken the source over.
    TurnLost,
    /// A body that holds no records that can be read.
    Undecodable,
    /// No URL.
    Url,
    /// A value that the manifest names is not there, or cannot be used.
    Value,
    /// A file that is still being written.
    Writing,
}

impl FailureCode {
    /// The spelling in JSON and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a pull did not give a page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct Failure {
    /// What kind of failure it is.
    pub code: FailureCode,
    /// What happened, where, and what to do.
    pub text: String,
    /// Whether it is worth trying again, and not before when.
    pub retry: Option<Duration>,
}

impl Failure {
    /// A failure that trying again cannot mend.
    #[must_use]
    pub fn fatal(code: FailureCode, text: String) -> Self {
        Self { code, text, retry: None }
    }

    /// A failure that may pass.
    #[must_use]
    pub fn passing(code: FailureCode, text: String) -> Self {
        Self { code, text, retry: Some(Duration::ZERO) }
    }

    /// A body that holds no records that can be read; it is worth asking again.
    pub(crate) fn undecodable(address: &str, e: DecodeFault) -> Self {
        if let DecodeFault::Unpack(UnpackFault::Start { why }) = e {
            return Self::passing(FailureCode::Process, format!("{address}: no process to read it in: {why}"));
        }
        Self::passing(FailureCode::Undecodable, format!("{address}: {e}"))
    }
}
