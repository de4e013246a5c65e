//! `receive`: a small HTTP server to which platforms push payloads.
//!
//! `POST /push/SOURCE/STREAM` takes a payload as its body and lands it in a run of its own, as `upload` does with a
//! file; worker processes deliver it. Every response is JSON; refusals give the reason in both languages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt as _;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_decode::text_window;
use huiliu_engine::database::MayCreate;
use huiliu_engine::disk_room::NoRoom;
use huiliu_engine::operations::push::{self, AcceptedPayload, PushError, Sender};
use huiliu_engine::runtime::Runtime;
use huiliu_messages::in_log;
use huiliu_platform::push_auth::{self, Proof, PushAuthError};
use huiliu_store::StoreError;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::sync::watch_stop_signals;
use crate::settings::Settings;
use crate::words::{BilingualText, error_text, in_both, note, sentence, system_error_text};
use crate::{CliError, open};

/// The largest accepted payload, in bytes.
const MAX_BODY: usize = 64 << 20;
/// How long a sender may take to send a payload.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many payloads are received at the same time.
const MAX_CONCURRENT_PAYLOADS: usize = 4;

/// State that all requests share.
#[derive(Clone)]
struct ServerState {
    runtime: Runtime,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Why a payload was not accepted.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    why: BilingualText,
    /// The run in which a payload was landed nevertheless: this one, if it is unreadable, or another with the same
    /// idempotency key.
    run: Option<i64>,
}

/// A refusal as response body: a problem document (RFC 9457), with members of our own after `detail`.
#[derive(Serialize)]
struct RefusalBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    en: &'a str,
    zh: &'a str,
    run: Option<i64>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, why: BilingualText) -> Self {
        Self { status, code, why, run: None }
    }

    /// Builds the refusal for a temporary problem on our side: 503, with a request to try later.
    fn unavailable(why: &str) -> Self {
        tracing::warn!("{}", sentence!("cli-log-not-accepted", why));
        let why = in_both!("cli-receive-cannot-taken-just-now-send");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", why)
    }
}

impl std::convert::From<StoreError> for Refusal {
    fn from(fault: StoreError) -> Self {
        Self::unavailable(&error_text(&fault))
    }
}

impl std::convert::From<NoRoom> for Refusal {
    /// The log has said why, once.
    fn from(_: NoRoom) -> Self {
        let why = in_both!("cli-receive-no-room");
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "room", why)
    }
}

impl std::convert::From<PushAuthError> for Refusal {
    fn from(fault: PushAuthError) -> Self {
        let (status, code) = match fault {
            PushAuthError::Secret => (StatusCode::UNAUTHORIZED, "secret"),
            PushAuthError::Time => (StatusCode::UNAUTHORIZED, "time"),
            PushAuthError::Key => (StatusCode::BAD_REQUEST, "key"),
        };
        Self::new(status, code, crate::words::render_in_both(&fault))
    }
}

impl std::convert::From<PushError> for Refusal {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Door(fault) => fault.into(),
            PushError::Disabled => disabled_refusal(),
            PushError::Stream { known } => unknown_stream_refusal(&known),
            PushError::KeyTaken { run } => {
                let why = in_both!("cli-receive-another-payload-was-handed-idempotency");
                Self { run: Some(run), ..Self::new(StatusCode::CONFLICT, "key", why) }
            }
            PushError::NoRoom(why) => why.into(),
            PushError::Unreadable { run, .. } => {
                let why = crate::words::render_in_both(&error);
                Self { run: Some(run), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", why) }
            }
            other => Self::unavailable(&other.to_string()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = RefusalBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.why.english,
            code: self.code,
            en: &self.why.english,
            zh: &self.why.chinese,
            run: self.run,
        };
        let mut answer = json_answer(self.status, &body);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let again = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => "5",
            StatusCode::INSUFFICIENT_STORAGE => "60",
            _ => return answer,
        };
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(again));
        answer
    }
}

fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{text}\n")).into_response()
}

/// Serves until a signal stops the process, or until the key has been rotated.
pub async fn run(settings: Settings, address: SocketAddr) -> Result<(), CliError> {
    let stop = watch_stop_signals()?;
    let runtime = open::start_runtime(&settings, MayCreate::Files).await?;
    let listener = TcpListener::bind(address).await.map_err(|e| {
        CliError::usage(sentence!("cli-receive-cannot-listen-give-another-address", address, e = system_error_text(&e)))
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let state = ServerState {
        runtime: runtime.clone(),
        room: Arc::new(Semaphore::new(MAX_CONCURRENT_PAYLOADS)),
        stop: stop.clone(),
    };
    let routes = Router::new()
        .route("/push/{source}", post(push_to_only_stream))
        .route("/push/{source}/{stream}", post(push_to_stream))
        .with_state(state);
    note(&sentence!("cli-receive-payloads-taken-http-push-source", address));
    let mut told = stop.clone();
    let served = axum::serve(listener, routes).with_graceful_shutdown(async move {
        let _ = told.wait_for(|stop| *stop).await;
    });
    let ended = tokio::select! {
        served = served => served.map_err(|e| CliError::failed(system_error_text(&e))),
        rotated = wait_for_rotation(&runtime) => Err(rotated),
    };
    runtime.close().await;
    ended
}

/// Waits until the key has been rotated. The server then ends, so that nothing is sealed under a retired key; it must
/// be restarted with the new one.
async fn wait_for_rotation(runtime: &Runtime) -> CliError {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        match runtime.check_key().await {
            Ok(()) => {}
            Err(fault @ (StoreError::KeyRetired | StoreError::KeyGeneration { .. } | StoreError::WrongKey)) => {
                return fault.into();
            }
            Err(e) => tracing::warn!("{}", sentence!("cli-log-database-silent", e = in_log(&e))),
        }
    }
}

/// A pushed payload that has not been checked yet.
struct PushedPayload<'p> {
    source: &'p str,
    /// Without it, the source must have exactly one stream.
    stream: Option<&'p str>,
    /// Path and query of the request, which the signature covers.
    path: &'p str,
    headers: &'p HeaderMap,
    body: Body,
}

async fn push_to_only_stream(
    State(state): State<ServerState>,
    Path(source): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    handle_push(&state, PushedPayload { source: &source, stream: None, path, headers: &headers, body }).await
}

async fn push_to_stream(
    State(state): State<ServerState>,
    Path((source, stream)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    handle_push(&state, PushedPayload { source: &source, stream: Some(&stream), path, headers: &headers, body }).await
}

async fn handle_push(state: &ServerState, pushed: PushedPayload<'_>) -> Response {
    match accept_payload(state, pushed).await {
        Ok(taken) => json_answer(StatusCode::ACCEPTED, &taken),
        Err(refused) => refused.into_response(),
    }
}

/// Reads a payload, checks that its sender is authorized, and lands it under its source's lease. A payload that is
/// already here is not landed again.
async fn accept_payload(state: &ServerState, pushed: PushedPayload<'_>) -> Result<AcceptedPayload, Refusal> {
    let PushedPayload { source, stream, path, headers, body } = pushed;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text("idempotency-key").unwrap_or_default();
    push_auth::check_key(key)?;
    state.runtime.room.check()?;
    let _room = state.room.try_acquire().map_err(|_| Refusal::unavailable(&sentence!("cli-log-too-many-payloads")))?;
    state.runtime.refresh_registry().await?;
    let target = push::target(&state.runtime, source);
    let packer = target.as_ref().ok().and_then(|target| target.choose_stream(stream).ok());
    let packer = packer.map_or_else(Packer::default, |stream| text_window::build_packer(stream, 0));
    let read = tokio::time::timeout(PATIENCE, read_body(body, packer)).await;
    let payload = read.map_err(|_| slow_body_refusal())?.ok_or_else(large_body_refusal)?;
    let target = target?;
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let proof = match (bearer, text("huiliu-timestamp"), text("huiliu-signature")) {
        (Some(sent), None, None) => Proof::Bearer(sent),
        (None, Some(timestamp), Some(signature)) => Proof::Signature { timestamp, signature },
        _ => return Err(PushAuthError::Secret.into()),
    };
    target.authorize_sender(&state.runtime, Sender { proof, path, key }, &payload)?;
    let stream = target.choose_stream(stream)?.name.clone();
    Ok(target.land(&state.runtime, &stream, key, payload, &state.stop).await?)
}

/// Reads a body. Returns `None` if it is too large or ends early.
async fn read_body(mut body: Body, mut packer: Packer) -> Option<Payload> {
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.ok()?.into_data() else { continue };
        if packer.len() + bytes.len() > MAX_BODY {
            return None;
        }
        packer.push(&bytes).ok()?;
    }
    packer.into_payload().ok()
}

fn slow_body_refusal() -> Refusal {
    let why = in_both!("cli-receive-body-did-come-within-send", s = PATIENCE.as_secs());
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "slow", why)
}

fn large_body_refusal() -> Refusal {
    let why = in_both!("cli-receive-body-more-than-bytes-broke", MAX_BODY);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "size", why)
}

fn disabled_refusal() -> Refusal {
    let why = in_both!("cli-receive-connector-source-disabled-ask-whoever");
    Refusal::new(StatusCode::FORBIDDEN, "disabled", why)
}

fn unknown_stream_refusal(known: &[String]) -> Refusal {
    let all = known.join(", ");
    let why = in_both!("cli-receive-such-stream-there-send-push", all);
    Refusal::new(StatusCode::NOT_FOUND, "stream", why)
}
