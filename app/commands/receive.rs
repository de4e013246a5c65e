//! `receive`: a small door through which platforms hand in payloads themselves, over HTTP.
//!
//! `POST /push/SOURCE/STREAM` with the payload as its body. It is landed as `upload` lands a file, in a run of its own; worker
//! processes deliver it. Every answer is JSON; what is refused is told in both languages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt as _;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_decode::text_window;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::push::{self, AcceptedPayload, PushError, Sender};
use huiliu_engine::runtime::Runtime;
use huiliu_messages::in_log;
use huiliu_platform::push_auth::{self, Proof, PushAuthError};
use huiliu_store::StoreError;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::sync::told_to_stop;
use crate::settings::Settings;
use crate::words::{Both, in_both, logged, note, sentence, spoken, spoken_system};
use crate::{CliError, open};

/// The largest payload, in bytes.
const MAX_BODY: usize = 64 << 20;
/// How long a sender may take over it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Payloads that are held at a time.
const AT_ONCE: usize = 4;

/// What every request is answered with.
#[derive(Clone)]
struct Door {
    runtime: Runtime,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Why nothing was taken.
struct Refused {
    status: StatusCode,
    code: &'static str,
    why: Both,
    /// The run in which it was landed all the same.
    run: Option<i64>,
}

/// The same as it is answered.
#[derive(Serialize)]
struct RefusedBody<'a> {
    code: &'a str,
    en: &'a str,
    zh: &'a str,
    run: Option<i64>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, why: Both) -> Self {
        Self { status, code, why, run: None }
    }

    /// Something here, which may pass.
    fn later(why: &str) -> Self {
        tracing::warn!("{}", logged!("cli-log-not-accepted", why));
        let why = in_both!("cli-receive-cannot-taken-just-now-send");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", why)
    }
}

impl std::convert::From<StoreError> for Refused {
    fn from(fault: StoreError) -> Self {
        Self::later(&spoken(&fault))
    }
}

impl std::convert::From<PushAuthError> for Refused {
    fn from(fault: PushAuthError) -> Self {
        let (status, code) = match fault {
            PushAuthError::Secret => (StatusCode::UNAUTHORIZED, "secret"),
            PushAuthError::Time => (StatusCode::UNAUTHORIZED, "time"),
            PushAuthError::Key => (StatusCode::BAD_REQUEST, "key"),
        };
        Self::new(status, code, crate::words::both(&fault))
    }
}

impl std::convert::From<PushError> for Refused {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Door(fault) => fault.into(),
            PushError::Disabled => disabled(),
            PushError::Stream { known } => no_stream(&known),
            PushError::KeyTaken { run } => {
                let why = in_both!("cli-receive-another-payload-was-handed-idempotency");
                Self { run: Some(run), ..Self::new(StatusCode::CONFLICT, "key", why) }
            }
            PushError::Unreadable { run, .. } => {
                let why = crate::words::both(&error);
                Self { run: Some(run), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", why) }
            }
            other => Self::later(&other.to_string()),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = RefusedBody { code: self.code, en: &self.why.english, zh: &self.why.chinese, run: self.run };
        let mut answer = json_answer(self.status, &body);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        answer
    }
}

fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{text}\n")).into_response()
}

/// Listens until told to stop, or until the key has been rotated.
pub async fn run(settings: Settings, address: SocketAddr) -> Result<(), CliError> {
    let stop = told_to_stop()?;
    let runtime = open::runtime(&settings, MayCreate::Files).await?;
    let listener = TcpListener::bind(address).await.map_err(|e| {
        CliError::usage(sentence!("cli-receive-cannot-listen-give-another-address", address, e = spoken_system(&e)))
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let door = Door { runtime: runtime.clone(), room: Arc::new(Semaphore::new(AT_ONCE)), stop: stop.clone() };
    let routes = Router::new()
        .route("/push/{source}", post(take_only))
        .route("/push/{source}/{stream}", post(take_for))
        .with_state(door);
    note(&sentence!("cli-receive-payloads-taken-http-push-source", address));
    let mut told = stop.clone();
    let served = axum::serve(listener, routes).with_graceful_shutdown(async move {
        let _ = told.wait_for(|stop| *stop).await;
    });
    let ended = tokio::select! {
        served = served => served.map_err(|e| CliError::failed(spoken_system(&e))),
        rotated = until_rotated(&runtime) => Err(rotated),
    };
    runtime.close().await;
    ended
}

/// Nothing is sealed under a retired key; whoever starts it again gives it the new one.
async fn until_rotated(runtime: &Runtime) -> CliError {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        match runtime.check_key().await {
            Ok(()) => {}
            Err(fault @ (StoreError::KeyRetired | StoreError::KeyGeneration { .. } | StoreError::WrongKey)) => {
                return fault.into();
            }
            Err(e) => tracing::warn!("{}", logged!("cli-log-database-silent", e = in_log(&e))),
        }
    }
}

/// A payload as it is handed in.
struct PushedPayload<'p> {
    source: &'p str,
    /// Without it the source's only one.
    stream: Option<&'p str>,
    /// Path and query, which a signature covers.
    path: &'p str,
    headers: &'p HeaderMap,
    body: Body,
}

async fn take_only(
    State(door): State<Door>,
    Path(source): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    answer(&door, PushedPayload { source: &source, stream: None, path, headers: &headers, body }).await
}

async fn take_for(
    State(door): State<Door>,
    Path((source, stream)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    answer(&door, PushedPayload { source: &source, stream: Some(&stream), path, headers: &headers, body }).await
}

async fn answer(door: &Door, pushed: PushedPayload<'_>) -> Response {
    match take(door, pushed).await {
        Ok(taken) => json_answer(StatusCode::ACCEPTED, &taken),
        Err(refused) => refused.into_response(),
    }
}

/// The life of a payload that is handed in: proven, then taken in its source's lease, unless it is here already.
async fn take(door: &Door, pushed: PushedPayload<'_>) -> Result<AcceptedPayload, Refused> {
    let PushedPayload { source, stream, path, headers, body } = pushed;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text("idempotency-key").unwrap_or_default();
    push_auth::check_key(key)?;
    let _room = door.room.try_acquire().map_err(|_| Refused::later("payloads of others are being taken"))?;
    door.runtime.refresh_registry().await?;
    let target = push::target(&door.runtime, source);
    let packer = target.as_ref().ok().and_then(|target| target.choose_stream(stream).ok());
    let packer = packer.map_or_else(Packer::default, |stream| text_window::build_packer(stream, 0));
    let read = tokio::time::timeout(PATIENCE, received(body, packer)).await;
    let payload = read.map_err(|_| too_slow())?.ok_or_else(too_large)?;
    let target = target?;
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let proof = match (bearer, text("huiliu-timestamp"), text("huiliu-signature")) {
        (Some(sent), None, None) => Proof::Bearer(sent),
        (None, Some(timestamp), Some(signature)) => Proof::Signature { timestamp, signature },
        _ => return Err(PushAuthError::Secret.into()),
    };
    target.authorize_sender(&door.runtime, Sender { proof, path, key }, &payload)?;
    let stream = target.choose_stream(stream)?.name.clone();
    Ok(target.land(&door.runtime, &stream, key, payload, &door.stop).await?)
}

/// A body, unless it is too large or breaks off.
async fn received(mut body: Body, mut packer: Packer) -> Option<Payload> {
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.ok()?.into_data() else { continue };
        if packer.len() + bytes.len() > MAX_BODY {
            return None;
        }
        packer.push(&bytes).ok()?;
    }
    packer.into_payload().ok()
}

fn too_slow() -> Refused {
    let why = in_both!("cli-receive-body-did-come-within-send", s = PATIENCE.as_secs());
    Refused::new(StatusCode::REQUEST_TIMEOUT, "slow", why)
}

fn too_large() -> Refused {
    let why = in_both!("cli-receive-body-more-than-bytes-broke", MAX_BODY);
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "size", why)
}

fn disabled() -> Refused {
    let why = in_both!("cli-receive-connector-source-disabled-ask-whoever");
    Refused::new(StatusCode::FORBIDDEN, "disabled", why)
}

fn no_stream(known: &[String]) -> Refused {
    let all = known.join(", ");
    let why = in_both!("cli-receive-such-stream-there-send-push", all);
    Refused::new(StatusCode::NOT_FOUND, "stream", why)
}
