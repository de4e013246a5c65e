//! An HTTP server that strangers cannot hold: its connections are bounded well below the limit of open files, each has to
//! send its requests in time, and when all places are taken, the connection that was used longest ago makes room.

mod connections;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::connections::Caller;
use self::connections::{InFlight, Place, Places};
use self::wire::Wire;
use crate::problem::Problem;

/// The most connections of one server, if the limit of open files allows that many.
const MAX_CONNECTIONS: usize = 4_096;
/// The limit of open files that is asked for. Many systems begin with 1,024 and allow more.
const FILES: u64 = 4 * MAX_CONNECTIONS as u64;
/// How long a connection may take to send the head of a request, or may be silent between two requests.
const IDLE: Duration = Duration::from_secs(10);
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 32 << 10;
/// How often idle connections are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the server waits before it accepts again after an error, such as that no file can be opened.
const PAUSE: Duration = Duration::from_millis(50);
/// How long requests that have begun may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(8);

/// Serves requests until `stop` becomes true, and ends those that have begun.
pub async fn serve(listener: TcpListener, routes: Router, mut stop: watch::Receiver<bool>) {
    let routes = routes
        .fallback(|| async { Problem::no_route() })
        .method_not_allowed_fallback(|| async { Problem::no_method() });
    let places = Places::new(count_places());
    let mut connections = JoinSet::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            biased;
            () = wait_for_stop(&mut stop) => break,
            _ = look.tick() => places.close_idle(IDLE + LOOK_EVERY),
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let Some(place) = places.take() else {
                        refuse(&stream);
                        continue;
                    };
                    connections.spawn(serve_connection(stream, place, routes.clone(), stop.clone()));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

/// Binds an address. The queue of connections that are not accepted yet is longer than the usual one, so that a flood of
/// them turns nobody away.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { tokio::net::TcpSocket::new_v4()? } else { tokio::net::TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4 * 1_024)
}

/// Returns how many connections may be open at once: half of the files that may be.
fn count_places() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES, |most| most.min(FILES));
    if current.is_some_and(|current| current < wanted) {
        // Without it, there are fewer places.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    files.map_or(MAX_CONNECTIONS, |files| (files / 2).clamp(8, MAX_CONNECTIONS))
}

async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// Tells a sender that there is no place, as far as its connection takes that at once.
fn refuse(stream: &TcpStream) {
    let _ = stream.try_write(&Problem::no_connection().to_wire());
}

async fn serve_connection(stream: TcpStream, place: Place, routes: Router, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let held = Arc::clone(&place.connection);
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(|mut request: Request<Incoming>| {
        let in_flight = InFlight::begin(&held);
        request.extensions_mut().insert(Caller(Arc::clone(&held)));
        let answer = routes.call(request);
        async move {
            let answer = answer.await;
            drop(in_flight);
            answer
        }
    });
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&held), stop.clone()));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(MAX_HEAD)
        .serve_connection(wire, service);
    let mut serving = std::pin::pin!(serving);
    let closed = held.close.notified();
    let mut closed = std::pin::pin!(closed);
    tokio::select! {
        // What became of a connection is the sender's business.
        _ = serving.as_mut() => return,
        () = &mut closed => return,
        () = wait_for_stop(&mut stop) => {}
    }
    serving.as_mut().graceful_shutdown();
    tokio::select! {
        _ = serving => {}
        () = closed => {}
    }
}
