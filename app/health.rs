//! The HTTP endpoints of a worker, for monitoring: liveness, readiness and metrics.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use huiliu_engine::operations::health::{self, SweepPulse};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::words::{error_text, sentence, system_error_text};
use crate::worker::Worker;
use crate::{CliError, metrics, server};

/// How long the database may take to answer a request for metrics.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long metrics are cached, so that frequent scrapes do not query the database.
const METRICS_TTL: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct EndpointState {
    worker: Worker,
    cached_metrics: Arc<tokio::sync::Mutex<Option<(Instant, String)>>>,
}

/// When a worker's last sweep succeeded.
#[derive(Debug, Clone, Default)]
pub struct LastSweep(Arc<Mutex<Option<Instant>>>);

impl LastSweep {
    /// Records that a sweep succeeded just now.
    pub fn record_sweep(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
    }

    fn last_sweep_age(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).map(|at| at.elapsed())
    }
}

/// Binds the port, so that a port in use is reported at once.
pub fn bind_listener(address: SocketAddr) -> Result<TcpListener, CliError> {
    server::bind(address).map_err(|e| {
        CliError::usage(sentence!("cli-health-cannot-listen-give-another-address", address, e = system_error_text(&e)))
    })
}

/// Serves requests until the worker stops.
pub async fn serve_health(listener: TcpListener, worker: Worker, stop: watch::Receiver<bool>) {
    let routes = Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(get_readiness))
        .route("/metrics", get(get_metrics))
        .with_state(EndpointState { worker, cached_metrics: Arc::default() });
    server::serve(listener, routes, stop).await;
}

async fn get_readiness(State(page): State<EndpointState>) -> Response {
    let pulse = SweepPulse { age: page.worker.pulse.last_sweep_age(), every: page.worker.sweep_interval() };
    let ready = health::readiness(&page.worker.runtime, pulse).await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&ready).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn get_metrics(State(page): State<EndpointState>) -> Response {
    let mut cached_metrics = page.cached_metrics.lock().await;
    if let Some((at, text)) = cached_metrics.as_ref()
        && at.elapsed() < METRICS_TTL
    {
        return metrics_response(text.clone());
    }
    match tokio::time::timeout(PATIENCE, health::metrics(&page.worker.runtime)).await {
        Ok(Ok(read)) => {
            let text = metrics::render_metrics(&read);
            *cached_metrics = Some((Instant::now(), text.clone()));
            metrics_response(text)
        }
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, error_text(&error) + "\n").into_response(),
        Err(_) => {
            let why = sentence!("cli-health-answer-within", s = PATIENCE.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, why + "\n").into_response()
        }
    }
}

fn metrics_response(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
