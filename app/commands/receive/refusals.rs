//! Why `receive` does not accept a payload, as the sender is told.

use std::io::ErrorKind;

use axum::http::StatusCode;
use huiliu_engine::disk_room::{DiskRoom, NoRoom};
use huiliu_engine::operations::push::PushError;
use huiliu_platform::push_auth::PushAuthError;
use huiliu_store::StoreError;

use super::incoming::{MAX_BODY, PATIENCE};
use crate::problem::Problem;
use crate::words::{error_text, in_both, render_in_both, sentence, system_error_text};

impl Problem {
    /// Builds the refusal for a temporary problem on our side: 503, with a request to try later.
    pub fn unavailable(why: &str) -> Self {
        tracing::warn!("{}", sentence!("cli-log-not-accepted", why));
        Self::later()
    }

    /// Builds the same refusal for what is no problem on our side and is not logged.
    pub fn later() -> Self {
        let why = in_both!("cli-receive-cannot-taken-just-now-send");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", why)
    }

    /// Builds the refusal of a source that sends too many payloads at once.
    pub fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", in_both!("cli-receive-source-busy"))
    }

    pub fn slow_body() -> Self {
        let why = in_both!("cli-receive-body-did-come-within-send", s = PATIENCE.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow", why)
    }

    pub fn large_body() -> Self {
        let why = in_both!("cli-receive-body-more-than-bytes", MAX_BODY);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "size", why)
    }

    /// Builds the refusal of a payload that could not be written to disk.
    pub fn no_disk(room: &DiskRoom, e: &std::io::Error) -> Self {
        if matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            room.note_full();
            return NoRoom::Full.into();
        }
        Self::unavailable(&system_error_text(e))
    }

    pub fn broken_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "broken", in_both!("cli-receive-body-broke-off"))
    }

    fn disabled() -> Self {
        let why = in_both!("cli-receive-connector-source-disabled-ask-whoever");
        Self::new(StatusCode::FORBIDDEN, "disabled", why)
    }

    fn unknown_stream(known: &[String]) -> Self {
        let all = known.join(", ");
        let why = in_both!("cli-receive-such-stream-there-send-push", all);
        Self::new(StatusCode::NOT_FOUND, "stream", why)
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        Self::unavailable(&error_text(&fault))
    }
}

impl From<NoRoom> for Problem {
    /// The log has said why, once.
    fn from(_: NoRoom) -> Self {
        let why = in_both!("cli-receive-no-room");
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "room", why)
    }
}

impl From<PushAuthError> for Problem {
    fn from(fault: PushAuthError) -> Self {
        let (status, code) = match fault {
            PushAuthError::Secret => (StatusCode::UNAUTHORIZED, "secret"),
            PushAuthError::Time => (StatusCode::UNAUTHORIZED, "time"),
            PushAuthError::Key => (StatusCode::BAD_REQUEST, "key"),
            PushAuthError::Digest => (StatusCode::BAD_REQUEST, "digest"),
        };
        Self::new(status, code, render_in_both(&fault))
    }
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Door(fault) => fault.into(),
            PushError::Disabled => Self::disabled(),
            PushError::Stream { known } => Self::unknown_stream(&known),
            PushError::KeyTaken { run } => {
                let why = in_both!("cli-receive-another-payload-was-handed-idempotency");
                Self { run: Some(run), ..Self::new(StatusCode::CONFLICT, "key", why) }
            }
            PushError::NoRoom(why) => why.into(),
            PushError::Unreadable { run, .. } => {
                let why = render_in_both(&error);
                Self { run: Some(run), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", why) }
            }
            other => Self::unavailable(&other.to_string()),
        }
    }
}
