//! An HTTP server that strangers cannot hold: its connections are bounded well below the limit of open files, each has to
//! send its requests in time, and when all places are taken, the connection that was used longest ago makes room.

mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::wire::Wire;
use crate::problem::Problem;

/// The most connections of one server, if the limit of open files allows that many.
const MAX_CONNECTIONS: usize = 1_024;
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
            _ = look.tick() => places.close_idle(IDLE),
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

/// Returns how many connections may be open at once: a quarter of the files that may be.
fn count_places() -> usize {
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    files.map_or(MAX_CONNECTIONS, |files| (files / 4).clamp(8, MAX_CONNECTIONS))
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

/// The connection of a request; every request has it as an extension.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Connection>);

impl Caller {
    /// Keeps the connection's place until the value is dropped, because its sender has shown who it is. A connection of
    /// anybody else makes room when places are short, even while it is being answered.
    pub fn keep_place(&self) -> KeptPlace {
        self.0.lock().kept += 1;
        KeptPlace(Arc::clone(&self.0))
    }
}

/// See [`Caller::keep_place`].
#[derive(Debug)]
pub struct KeptPlace(Arc<Connection>);

impl Drop for KeptPlace {
    fn drop(&mut self) {
        self.0.lock().kept -= 1;
    }
}

/// What is known of an open connection.
#[derive(Debug)]
struct Connection {
    state: Mutex<ConnectionState>,
    /// Told when the connection is to be closed at once.
    close: Notify,
}

#[derive(Debug)]
struct ConnectionState {
    /// Requests whose answer is not ready yet.
    in_flight: usize,
    /// Number of [`KeptPlace`].
    kept: usize,
    /// When a request last came or was answered, or when the connection was opened.
    last_used: Instant,
    /// Number of requests that were passed on, and of their answers that were written.
    requests: u64,
    answers: u64,
}

impl Connection {
    fn new() -> Self {
        let state = ConnectionState { in_flight: 0, kept: 0, last_used: Instant::now(), requests: 0, answers: 0 };
        Self { state: Mutex::new(state), close: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns since when the connection is idle; `None` while a request is being answered.
    fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.in_flight == 0).then_some(state.last_used)
    }

    /// Returns when the connection was last used; `None` if it keeps its place.
    fn may_go(&self) -> Option<Instant> {
        let state = self.lock();
        (state.kept == 0).then_some(state.last_used)
    }

    /// Counts an answer. Returns false if it answers nothing that was passed on: the server found no request in what came.
    fn count_answer(&self) -> bool {
        let mut state = self.lock();
        let is_ours = state.answers < state.requests;
        state.answers += u64::from(is_ours);
        is_ours
    }
}

/// Counts a request as long as its answer is not ready.
struct InFlight(Arc<Connection>);

impl InFlight {
    fn begin(connection: &Arc<Connection>) -> Self {
        let mut state = connection.lock();
        state.in_flight += 1;
        state.requests += 1;
        state.last_used = Instant::now();
        drop(state);
        Self(Arc::clone(connection))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_flight -= 1;
        state.last_used = Instant::now();
    }
}

/// The places for connections.
#[derive(Debug, Clone)]
struct Places {
    most: usize,
    taken: Arc<Mutex<TakenPlaces>>,
}

#[derive(Debug, Default)]
struct TakenPlaces {
    next: u64,
    open: HashMap<u64, Arc<Connection>>,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
struct Place {
    number: u64,
    connection: Arc<Connection>,
    places: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().open.remove(&self.number);
    }
}

impl Places {
    fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, TakenPlaces> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place. If there is none, the connection that was used longest ago is closed; `None` if all keep theirs.
    fn take(&self) -> Option<Place> {
        let mut taken = self.lock();
        if taken.open.len() >= self.most {
            let others = taken.open.iter().filter_map(|(number, open)| Some((open.may_go()?, *number)));
            let (_, number) = others.min()?;
            if let Some(closed) = taken.open.remove(&number) {
                closed.close.notify_one();
            }
        }
        let (number, connection) = (taken.next, Arc::new(Connection::new()));
        taken.next += 1;
        taken.open.insert(number, Arc::clone(&connection));
        Some(Place { number, connection, places: self.clone() })
    }

    /// Closes the connections that have been idle for so long. A sender that does not read its answer is one of them.
    fn close_idle(&self, long: Duration) {
        for open in self.lock().open.values() {
            if open.idle_since().is_some_and(|since| since.elapsed() > long + LOOK_EVERY) {
                open.close.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_was_used_longest_ago_makes_room_unless_it_keeps_its_place() {
        let places = Places::new(2);
        let (first, second) = (places.take().unwrap(), places.take().unwrap());
        let kept = Caller(Arc::clone(&first.connection)).keep_place();
        let third = places.take().unwrap();
        let numbers = || {
            let mut open: Vec<u64> = places.lock().open.keys().copied().collect();
            open.sort_unstable();
            open
        };
        assert_eq!(numbers(), [first.number, third.number]);
        let more = Caller(Arc::clone(&third.connection)).keep_place();
        assert!(places.take().is_none());
        drop((second, kept));
        // A request that is being answered to nobody known does not keep the place.
        let _asked = InFlight::begin(&first.connection);
        let fourth = places.take().unwrap();
        assert_eq!(numbers(), [third.number, fourth.number]);
        drop((more, first, third, fourth));
        assert!(numbers().is_empty());
    }
}
