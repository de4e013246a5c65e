//! The platforms' HTTP side, on the loopback address.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::chance::roll;
use crate::download::Archives;
use crate::facts::Stream;
use crate::institution::Item;
use crate::microsoft;
use crate::trouble::{self, Troubles};
use crate::{CLIENT, Counts, Options, SECRET, SandboxError, World};

/// `huiliu:sandbox-secret` in Base64.
const BASIC: &str = "Basic aHVpbGl1OnNhbmRib3gtc2VjcmV0";
const LARGEST_PAGE: u64 = 5_000;

/// The platforms, running.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    counts: Counts,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Writes the CMCC and Lego files into `drop_dir`, then serves the other platforms on a free port
    /// of the loopback address.
    pub async fn start(options: Options, drop_dir: &Path) -> Result<Self, SandboxError> {
        let world = World::new(options);
        let (counts, files, dir) = (world.counts(), world.clone(), drop_dir.to_owned());
        let write = move || {
            files.write_cmcc(&dir)?;
            files.write_lego(&dir)?;
            Archives::of(&dir)
        };
        let archives = tokio::task::spawn_blocking(write).await??;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(SandboxError::Listen)?;
        let address = listener.local_addr().map_err(SandboxError::Listen)?;
        let (stop, stopped) = oneshot::channel();
        let router = router(world, archives);
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async {
                // A dropped sender means the same as a message.
                let _ = stopped.await;
            });
            // Serving ends only by the signal above.
            let _ = serving.await;
        });
        Ok(Self { address, counts, stop, server })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The raw records of each stream.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Stops serving; requests under way get two seconds.
    pub async fn stop(mut self) {
        let _ = self.stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(2), &mut self.server).await;
        if ended.is_err() {
            self.server.abort();
        }
    }
}

struct Platform {
    world: World,
    archives: Archives,
    token: String,
    troubles: Option<Troubles>,
}

type Shared = State<Arc<Platform>>;

fn router(world: World, archives: Archives) -> Router {
    let options = world.options;
    let platform = Arc::new(Platform {
        world,
        archives,
        token: format!("sandbox-{:016x}", roll(options.seed, 91, 0)),
        troubles: options.faults.then(|| Troubles::new(options.seed)),
    });
    Router::new()
        .route("/institution/oauth/token", post(token))
        .route("/institution/api/completions", get(completions))
        .route("/institution/api/progress", get(progress))
        .route("/intel/records.xml", get(intel))
        .route(microsoft::PATH, get(records))
        .route("/cmcc/archives", get(archives_list))
        .route("/cmcc/archive", get(archive))
        .layer(middleware::from_fn_with_state(platform.clone(), fail_first))
        .with_state(platform)
}

async fn fail_first(State(platform): Shared, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let asked = uri.path_and_query().map_or("/", |asked| asked.as_str());
    // A signed request is the same whenever it is signed.
    let asked = asked.split("appId=").next().unwrap_or(asked);
    let trouble = platform.troubles.as_ref().and_then(|all| all.next(asked));
    match trouble {
        Some(trouble) => trouble::answer(trouble, asked.starts_with("/institution")).await,
        None => next.run(request).await,
    }
}

#[derive(Deserialize)]
struct Grant {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

async fn token(State(platform): Shared, Form(grant): Form<Grant>) -> Response {
    if grant.grant_type != "client_credentials" {
        let refusal = json!({"error": "unsupported_grant_type"});
        return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
    }
    if grant.client_id != CLIENT || grant.client_secret != SECRET {
        let refusal = json!({"error": "invalid_client"});
        return (StatusCode::UNAUTHORIZED, Json(refusal)).into_response();
    }
    Json(json!({
        "access_token": platform.token,
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
    .into_response()
}

#[derive(Deserialize)]
struct Listing {
    page_size: Option<u64>,
    page_token: Option<String>,
    updated_since: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    code: u32,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    items: Vec<Item>,
    next_page_token: Option<String>,
    /// Of the whole listing, whatever `updated_since` leaves out.
    total: u64,
}

async fn completions(State(platform): Shared, headers: HeaderMap, Query(listing): Query<Listing>) -> Response {
    list(&platform, Stream::Completions, &headers, &listing)
}

async fn progress(State(platform): Shared, headers: HeaderMap, Query(listing): Query<Listing>) -> Response {
    list(&platform, Stream::Progress, &headers, &listing)
}

fn authorised(headers: &HeaderMap, expected: &str) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|sent| sent.as_bytes() == expected.as_bytes())
}

fn list(platform: &Platform, stream: Stream, headers: &HeaderMap, listing: &Listing) -> Response {
    if !authorised(headers, &format!("Bearer {}", platform.token)) {
        let refusal = json!({"code": 40101, "message": "invalid token"});
        return (StatusCode::UNAUTHORIZED, Json(refusal)).into_response();
    }
    let first = match listing.page_token.as_deref().unwrap_or_default() {
        "" => Some(0),
        token => token.strip_prefix('t').and_then(|at| u64::from_str_radix(at, 36).ok()),
    };
    let total = platform.world.listing(stream).size();
    let Some(first) = first.filter(|first| *first <= total) else {
        return bad_request(40001, "invalid page_token");
    };
    let since = listing.updated_since.as_deref().map(day);
    if since == Some(None) {
        return bad_request(40002, "invalid updated_since");
    }
    let since = since.flatten();
    let size = listing.page_size.unwrap_or(1_000).clamp(1, LARGEST_PAGE);
    // Without a day nothing is looked at before it is listed.
    let new_enough = |position: &u64| since.is_none_or(|since| platform.world.updated(stream, *position) >= since);
    let mut listed = (first..total).filter(new_enough);
    let items = listed.by_ref().take(size as usize).map(|position| platform.world.item(stream, position)).collect();
    let next_page_token = listed.next().map(page_token);
    Json(Answer { code: 0, data: Data { items, next_page_token, total } }).into_response()
}

fn bad_request(code: u32, message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"code": code, "message": message}))).into_response()
}

/// A day written `YYYY-MM-DD` and in no other way.
fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|day: &NaiveDate| day.to_string() == text)
}

/// An opaque token: a position in base 36 after a letter.
fn page_token(mut position: u64) -> String {
    let mut digits = Vec::new();
    while position > 0 {
        let digit = (position % 36) as u32;
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        position /= 36;
    }
    digits.push('t');
    digits.iter().rev().collect()
}

type Parameters = Query<HashMap<String, String>>;

async fn archives_list(State(platform): Shared, Query(query): Parameters) -> Response {
    platform.archives.list(&query)
}

async fn archive(State(platform): Shared, Query(query): Parameters) -> Response {
    platform.archives.file(&query)
}

async fn records(State(platform): Shared, headers: HeaderMap, Query(asked): Query<microsoft::Asked>) -> Response {
    microsoft::answer(&platform.world, &headers, &asked)
}

#[derive(Deserialize)]
struct Page {
    page: Option<u64>,
    size: Option<u64>,
}

async fn intel(State(platform): Shared, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    if !authorised(&headers, BASIC) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"intel\"")], "unauthorised")
            .into_response();
    }
    let size = page.size.unwrap_or(500).clamp(1, LARGEST_PAGE);
    let xml = platform.world.intel_page(page.page.unwrap_or(1).max(1), size);
    ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response()
}
