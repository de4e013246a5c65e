//! The platforms' HTTP servers on loopback.

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

/// The running platforms.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    counts: Counts,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Writes the CMCC and Lego files into `drop_dir`, then serves the other platforms on a free loopback port.
    pub async fn start(options: Options, drop_dir: &Path) -> Result<Self, SandboxError> {
        let world = World::new(options);
        let (counts, files, dir) = (world.counts(), world.clone(), drop_dir.to_owned());
        let write = move || {
            files.write_cmcc(&dir)?;
            files.write_lego(&dir)?;
            Archives::from_dir(&dir)
        };
        let archives = tokio::task::spawn_blocking(write).await??;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(SandboxError::Listen)?;
        let address = listener.local_addr().map_err(SandboxError::Listen)?;
        let (stop, stopped) = oneshot::channel();
        let router = build_router(world, archives);
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async {
                // A dropped sender means the same as a message.
                let _ = stopped.await;
            });
            // Serving ends only by the signal above, so its result says nothing.
            let _ = serving.await;
        });
        Ok(Self { address, counts, stop, server })
    }

    /// Returns `http://127.0.0.1:<port>`, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the raw records of each stream.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Stops serving. Requests under way get two seconds.
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

fn build_router(world: World, archives: Archives) -> Router {
    let options = world.options;
    let platform = Arc::new(Platform {
        world,
        archives,
        token: format!("sandbox-{:016x}", roll(options.seed, 91, 0)),
        troubles: options.faults.then(|| Troubles::new(options.seed)),
    });
    Router::new()
        .route("/institution/oauth/token", post(issue_token))
        .route("/institution/api/completions", get(list_completions))
        .route("/institution/api/progress", get(list_progress))
        .route("/intel/records.xml", get(list_intel))
        .route(microsoft::PATH, get(list_microsoft))
        .route("/cmcc/archives", get(list_archives))
        .route("/cmcc/archive", get(download_archive))
        .layer(middleware::from_fn_with_state(platform.clone(), fail_first))
        .with_state(platform)
}

async fn fail_first(State(platform): Shared, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let asked = uri.path_and_query().map_or("/", |asked| asked.as_str());
    // Two signed requests are the same request, whatever their signatures and times.
    let asked = asked.split("appId=").next().unwrap_or(asked);
    let trouble = platform.troubles.as_ref().and_then(|all| all.next_trouble(asked));
    match trouble {
        Some(trouble) => trouble::answer_trouble(trouble, asked.starts_with("/institution")).await,
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

async fn issue_token(State(platform): Shared, Form(grant): Form<Grant>) -> Response {
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
    /// Of the whole listing, including items that `updated_since` leaves out.
    total: u64,
}

async fn list_completions(State(platform): Shared, headers: HeaderMap, Query(listing): Query<Listing>) -> Response {
    list_items(&platform, Stream::Completions, &headers, &listing)
}

async fn list_progress(State(platform): Shared, headers: HeaderMap, Query(listing): Query<Listing>) -> Response {
    list_items(&platform, Stream::Progress, &headers, &listing)
}

fn is_authorised(headers: &HeaderMap, expected: &str) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|sent| sent.as_bytes() == expected.as_bytes())
}

fn list_items(platform: &Platform, stream: Stream, headers: &HeaderMap, listing: &Listing) -> Response {
    if !is_authorised(headers, &format!("Bearer {}", platform.token)) {
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
    let since = listing.updated_since.as_deref().map(parse_day);
    if since == Some(None) {
        return bad_request(40002, "invalid updated_since");
    }
    let since = since.flatten();
    let size = listing.page_size.unwrap_or(1_000).clamp(1, LARGEST_PAGE);
    // Without `updated_since`, items that are not listed need not be generated.
    let new_enough =
        |position: &u64| since.is_none_or(|since| platform.world.updated_at_position(stream, *position) >= since);
    let mut listed = (first..total).filter(new_enough);
    let items =
        listed.by_ref().take(size as usize).map(|position| platform.world.item_at_position(stream, position)).collect();
    let next_page_token = listed.next().map(encode_page_token);
    Json(Answer { code: 0, data: Data { items, next_page_token, total } }).into_response()
}

fn bad_request(code: u32, message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"code": code, "message": message}))).into_response()
}

/// Parses a day in the form `YYYY-MM-DD`, and in no other form.
fn parse_day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|day: &NaiveDate| day.to_string() == text)
}

/// Returns an opaque token: a letter and the position in base 36.
fn encode_page_token(mut position: u64) -> String {
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

async fn list_archives(State(platform): Shared, Query(query): Parameters) -> Response {
    platform.archives.answer_listing(&query)
}

async fn download_archive(State(platform): Shared, Query(query): Parameters) -> Response {
    platform.archives.answer_download(&query)
}

async fn list_microsoft(
    State(platform): Shared,
    headers: HeaderMap,
    Query(asked): Query<microsoft::ListingQuery>,
) -> Response {
    microsoft::answer_listing(&platform.world, &headers, &asked)
}

#[derive(Deserialize)]
struct Page {
    page: Option<u64>,
    size: Option<u64>,
}

async fn list_intel(State(platform): Shared, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    if !is_authorised(&headers, BASIC) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"intel\"")], "unauthorised")
            .into_response();
    }
    let size = page.size.unwrap_or(500).clamp(1, LARGEST_PAGE);
    let xml = platform.world.intel_page(page.page.unwrap_or(1).max(1), size);
    ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response()
}
