//! A worker's own small web page, for machines: is it alive, is it ready, how does it stand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use huiliu_store::sql::schema::{self, SchemaState};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::wire::House;
use crate::words::{both, spoken};
use crate::{Stop, metrics};

/// One part of a worker and how it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    pub part: String,
    pub ok: bool,
    #[serde(default)]
    pub detail: String,
}

/// Whether a worker is ready, and which part is not.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    pub ready: bool,
    pub parts: Vec<Part>,
}

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long figures are good for: a scrape more often than this asks the database nothing.
const FRESH: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Desk {
    house: House,
    kept: Arc<tokio::sync::Mutex<Option<(Instant, String)>>>,
}

/// When a worker's last sweep went through.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// A sweep went through.
    pub fn beat(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
    }

    fn age(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).map(|at| at.elapsed())
    }
}

/// Takes the port; a port in use is told at once.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Stop> {
    TcpListener::bind(address).await.map_err(|e| {
        Stop::usage(both!(
            "cannot listen at {address}: {e}; give another address with `health` or HUILIU_HEALTH, or none",
            "无法在 {address} 上监听：{e}；请用 health 或 HUILIU_HEALTH 指定其他地址，或留空",
            e = spoken(&e)
        ))
    })
}

/// Answers until the process ends.
pub async fn serve(listener: TcpListener, house: House) {
    let routes = Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(figures))
        .with_state(Desk { house, kept: Arc::default() });
    if let Err(e) = axum::serve(listener, routes).await {
        tracing::error!(error = %e, "nobody answers about this worker's health any more");
    }
}

async fn ready(State(desk): State<Desk>) -> Response {
    let ready = examine(&desk.house).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&ready).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn examine(house: &House) -> Ready {
    let state = in_time(async { schema::state(&house.desk.db).await.map_err(|e| spoken(&e)) }).await;
    let queue = in_time(async { house.bell.depth().await.map_err(|e| spoken(&e)) }).await;
    let part = |part: &str, fault: Option<String>| Part {
        part: part.to_owned(),
        ok: fault.is_none(),
        detail: fault.unwrap_or_default(),
    };
    let schema = match &state {
        Ok(SchemaState::Current) => None,
        Ok(other) => Some(format!("{other:?}")),
        Err(_) => Some(both!("not known", "未知")),
    };
    // Three sweeps may be missed: one may be waiting for a lock.
    let overdue = house.sweep_every() * 3 + Duration::from_secs(15);
    let sweep = match house.pulse.age() {
        None => Some(both!("none yet", "尚无")),
        Some(age) if age > overdue => Some(both!("{s} s ago", "{s} 秒前", s = age.as_secs())),
        Some(_) => None,
    };
    let parts =
        vec![part("database", state.err()), part("schema", schema), part("queue", queue.err()), part("sweep", sweep)];
    Ready { ready: parts.iter().all(|p| p.ok), parts }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(both!("no answer within {s} s", "{s} 秒内没有应答", s = PATIENCE.as_secs())),
    }
}

async fn figures(State(desk): State<Desk>) -> Response {
    let mut kept = desk.kept.lock().await;
    if let Some((at, text)) = kept.as_ref()
        && at.elapsed() < FRESH
    {
        return page(text.clone());
    }
    match in_time(async { metrics::text(&desk.house).await.map_err(|e| spoken(&e)) }).await {
        Ok(text) => {
            *kept = Some((Instant::now(), text.clone()));
            page(text)
        }
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response(),
    }
}

fn page(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
