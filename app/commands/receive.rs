//! `receive`: a small HTTP server to which platforms push payloads.
//!
//! `POST /push/SOURCE/STREAM` takes a payload as its body and lands it in a run of its own, as `upload` does with a
//! file; worker processes deliver it. Who sends, and what, is checked before the body is read. Every response is JSON;
//! refusals give the reason in both languages.

mod incoming;
mod places;
mod refusals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use huiliu_decode::text_window;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::push::{self, AcceptedPayload, CheckedSender, PushTarget, Sender};
use huiliu_engine::runtime::Runtime;
use huiliu_messages::in_log;
use huiliu_platform::push_auth::{self, BodyDigest, Proof, PushAuthError};
use huiliu_platform::push_spool::{self, Spool};
use huiliu_store::StoreError;
use serde::Serialize;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::Instant;

use self::incoming::{Incoming, MAX_BODY};
use self::places::{Place, Places};
use crate::problem::Problem;
use crate::server::{self, Caller};
use crate::settings::Settings;
use crate::stop::watch_stop_signals;
use crate::words::{join_error_text, note, sentence, system_error_text};
use crate::{CliError, open};

/// How many payloads of a source are received at the same time, and how many of all sources. Those of senders that can be
/// known only by their whole payload have places of their own.
const PLACES: (usize, usize) = (2, 32);
const CLAIMED_PLACES: (usize, usize) = (1, 4);
/// How many payloads land at the same time. Each may be in memory.
const MAX_LANDING: usize = 4;
/// How long a payload that has come in waits until others have landed.
const LANDING_WAIT: Duration = Duration::from_secs(60);
/// A refused sender is answered at a multiple of this time, so that the time tells nothing about the source.
const REFUSED_EVERY: Duration = Duration::from_millis(100);
/// For how long the registry is as new as a request needs it.
const FRESH: Duration = Duration::from_millis(50);

/// State that all requests share.
#[derive(Clone)]
struct ServerState {
    runtime: Runtime,
    /// Where payloads stay that are coming in.
    folder: Arc<PathBuf>,
    proven: Arc<Places>,
    claimed: Arc<Places>,
    landing: Arc<Semaphore>,
    refreshed: Arc<Mutex<Option<Instant>>>,
    stop: watch::Receiver<bool>,
}

fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{text}\n")).into_response()
}

/// Serves until a signal stops the process, or until the key has been rotated.
pub async fn run(settings: Settings, address: SocketAddr) -> Result<(), CliError> {
    let stop = watch_stop_signals()?;
    let runtime = open::start_runtime(&settings, MayCreate::Files).await?;
    let listener = server::bind(address).map_err(|e| {
        CliError::usage(sentence!("cli-receive-cannot-listen-give-another-address", address, e = system_error_text(&e)))
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let folder = settings.engine.data_dir.clone();
    push_spool::sweep_spools(&folder);
    let state = ServerState {
        runtime: runtime.clone(),
        folder: Arc::new(folder),
        proven: Arc::new(Places::for_proven(PLACES.0, PLACES.1)),
        claimed: Arc::new(Places::for_claimed(CLAIMED_PLACES.0, CLAIMED_PLACES.1)),
        landing: Arc::new(Semaphore::new(MAX_LANDING)),
        refreshed: Arc::default(),
        stop: stop.clone(),
    };
    let routes = Router::new()
        .route("/push/{source}", post(push_to_only_stream))
        .route("/push/{source}/{stream}", post(push_to_stream))
        .with_state(state);
    note(&sentence!("cli-receive-payloads-taken-http-push-source", address));
    let ended = tokio::select! {
        () = server::serve(listener, routes, stop) => Ok(()),
        rotated = wait_for_rotation(&runtime) => Err(rotated),
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), runtime.close()).await;
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

/// A request to push a payload, without the body.
struct Request<'r> {
    source: &'r str,
    /// Without it, the source must have exactly one stream.
    stream: Option<&'r str>,
    /// Path and query of the request, which the signature covers.
    path: &'r str,
    headers: &'r HeaderMap,
    caller: &'r Caller,
}

async fn push_to_only_stream(
    State(state): State<ServerState>,
    source: Result<Path<String>, PathRejection>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(Path(source)) = source else { return Problem::no_route().into_response() };
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    handle_push(&state, Request { source: &source, stream: None, path, headers: &headers, caller: &caller }, body).await
}

async fn push_to_stream(
    State(state): State<ServerState>,
    names: Result<Path<(String, String)>, PathRejection>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(Path((source, stream))) = names else { return Problem::no_route().into_response() };
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let request = Request { source: &source, stream: Some(&stream), path, headers: &headers, caller: &caller };
    handle_push(&state, request, body).await
}

async fn handle_push(state: &ServerState, request: Request<'_>, body: Body) -> Response {
    let came = Instant::now();
    match accept_payload(state, request, body).await {
        Ok(taken) => json_answer(StatusCode::ACCEPTED, &taken),
        Err(refused) => {
            if refused.status == StatusCode::UNAUTHORIZED {
                let steps = came.elapsed().as_millis() / REFUSED_EVERY.as_millis() + 1;
                tokio::time::sleep_until(came + REFUSED_EVERY * u32::try_from(steps).unwrap_or(1)).await;
            }
            refused.into_response()
        }
    }
}

impl<'r> Request<'r> {
    fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns how the sender proves that it knows the source's secret.
    fn proof(&self) -> Result<Proof<'r>, PushAuthError> {
        let bearer = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let signed = (self.header("huiliu-timestamp"), self.header("huiliu-signature"));
        Ok(match (bearer, signed, self.header("content-digest")) {
            (Some(sent), (None, None), _) => Proof::Bearer(sent),
            (None, (Some(timestamp), Some(signature)), Some(digest)) => {
                Proof::SignedDigest { timestamp, signature, digest }
            }
            (None, (Some(timestamp), Some(signature)), None) => Proof::SignedBody { timestamp, signature },
            _ => return Err(PushAuthError::Secret),
        })
    }
}

/// Checks a request in the order in which it costs least to refuse it, reads its payload, and lands it under its source's
/// lease. A payload that is already here is not landed again.
async fn accept_payload(state: &ServerState, request: Request<'_>, body: Body) -> Result<AcceptedPayload, Problem> {
    state.refresh_registry().await?;
    let key = request.header("idempotency-key").unwrap_or_default();
    let sender = Sender { proof: request.proof()?, path: request.path, key };
    let sender = push::check_sender(&state.runtime, request.source, sender)?;
    push_auth::check_key(key)?;
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Problem::large_body());
    }
    let digest = request.header("content-digest").map(BodyDigest::parse).transpose()?;
    state.runtime.room.check()?;
    let mut incoming =
        Incoming { spool: Spool::new(&state.folder), digest, sender: None, room: Arc::clone(&state.runtime.room) };
    let (target, place) = match sender {
        CheckedSender::Proven(target) => {
            let _kept = request.caller.keep_place();
            target.choose_stream(request.stream)?;
            target.check_enabled(&state.runtime)?;
            let place = state.proven.take(request.source).await?;
            incoming.read(body, state.stop.clone()).await?;
            (*target, place)
        }
        CheckedSender::Claimed(sender) => {
            let place = state.claimed.take(request.source).await?;
            incoming.sender = Some(sender);
            incoming.read(body, state.stop.clone()).await?;
            let target = incoming.sender.take().ok_or(PushAuthError::Secret)?.prove()?;
            target.check_enabled(&state.runtime)?;
            (target, place)
        }
    };
    let _kept = request.caller.keep_place();
    incoming.digest.take().map_or(Ok(()), BodyDigest::verify)?;
    let stream = target.choose_stream(request.stream)?.name.clone();
    state.land(Landing { target, stream, key: key.to_owned(), spool: incoming.spool, place }).await
}

/// A payload that has come in whole.
struct Landing {
    target: PushTarget,
    stream: String,
    key: String,
    spool: Spool,
    place: Place,
}

impl ServerState {
    /// Refreshes the registry, unless that was done just now: a flood of requests must not become one of queries.
    async fn refresh_registry(&self) -> Result<(), StoreError> {
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_none_or(|at| at.elapsed() > FRESH) {
            self.runtime.refresh_registry().await?;
            *refreshed = Some(Instant::now());
        }
        Ok(())
    }

    /// Lands a payload. That goes on if the sender breaks off: it has then the same answer when it asks again, and its
    /// source is free as soon as the payload has landed.
    async fn land(&self, landing: Landing) -> Result<AcceptedPayload, Problem> {
        let state = self.clone();
        let landed = tokio::spawn(async move {
            let Landing { target, stream, key, spool, place } = landing;
            // One source's payloads wait for each other before they are in the way of another's.
            let turns = async { (place.wait_for_landing().await, state.landing.acquire().await) };
            let _turns = tokio::time::timeout(LANDING_WAIT, turns).await;
            let _turns = _turns.map_err(|_| Problem::unavailable(&sentence!("cli-log-too-many-payloads")))?;
            let packer = text_window::build_packer(target.choose_stream(Some(&stream))?, 0);
            let payload = spool.into_payload(packer).map_err(|e| Problem::no_disk(&state.runtime.room, &e))?;
            Ok(target.land(&state.runtime, &stream, &key, payload, &state.stop).await?)
        });
        landed.await.unwrap_or_else(|e| Err(Problem::unavailable(join_error_text(&e))))
    }
}
