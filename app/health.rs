//! A worker's own small web page, for machines: is it alive, is it ready, how does it stand.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use huiliu_engine::operations::health::{self, SweepPulse};
use huiliu_messages::{SystemError, in_log};
use tokio::net::TcpListener;

use crate::words::{logged, sentence, spoken, spoken_system};
use crate::worker::Worker;
use crate::{CliError, metrics};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long figures are good for: a scrape more often than this asks the database nothing.
const FRESH: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Page {
    worker: Worker,
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
pub async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|e| {
        CliError::usage(sentence!("cli-health-cannot-listen-give-another-address", address, e = spoken_system(&e)))
    })
}

/// Answers until the process ends.
pub async fn serve(listener: TcpListener, worker: Worker) {
    let routes = Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(figures))
        .with_state(Page { worker, kept: Arc::default() });
    if let Err(e) = axum::serve(listener, routes).await {
        tracing::error!("{}", logged!("cli-log-no-health", e = in_log(&SystemError::from(&e))));
    }
}

async fn ready(State(page): State<Page>) -> Response {
    let pulse = SweepPulse { age: page.worker.pulse.age(), every: page.worker.sweep_every() };
    let ready = health::readiness(&page.worker.runtime, pulse).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&ready).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn figures(State(page): State<Page>) -> Response {
    let mut kept = page.kept.lock().await;
    if let Some((at, text)) = kept.as_ref()
        && at.elapsed() < FRESH
    {
        return answer(text.clone());
    }
    match tokio::time::timeout(PATIENCE, health::metrics(&page.worker.runtime)).await {
        Ok(Ok(read)) => {
            let text = metrics::text(&read);
            *kept = Some((Instant::now(), text.clone()));
            answer(text)
        }
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, spoken(&error) + "\n").into_response(),
        Err(_) => {
            let why = sentence!("cli-health-answer-within", s = PATIENCE.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response()
        }
    }
}

fn answer(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
