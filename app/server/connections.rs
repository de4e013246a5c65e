//! The connections of a server: what is known of each, and the places that they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The connection of a request; every request has it as an extension.
#[derive(Debug, Clone)]
pub struct Caller(pub Arc<Connection>);

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
pub struct Connection {
    state: Mutex<ConnectionState>,
    /// Told when the connection is to be closed at once.
    pub close: Notify,
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

    /// Returns whether a request is being answered, and when the connection was last used; `None` if it keeps its place.
    fn may_go(&self) -> Option<(bool, Instant)> {
        let state = self.lock();
        (state.kept == 0).then_some((state.in_flight > 0, state.last_used))
    }

    /// Counts an answer. Returns false if it answers nothing that was passed on: the server found no request in what came.
    pub fn count_answer(&self) -> bool {
        let mut state = self.lock();
        let is_ours = state.answers < state.requests;
        state.answers += u64::from(is_ours);
        is_ours
    }
}

/// Counts a request as long as its answer is not ready.
pub struct InFlight(Arc<Connection>);

impl InFlight {
    pub fn begin(connection: &Arc<Connection>) -> Self {
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
pub struct Places {
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
pub struct Place {
    number: u64,
    pub connection: Arc<Connection>,
    places: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().open.remove(&self.number);
    }
}

impl Places {
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, TakenPlaces> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place. If there is none, the connection that was used longest ago is closed, rather one that asks for
    /// nothing; `None` if all keep theirs.
    pub fn take(&self) -> Option<Place> {
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
    pub fn close_idle(&self, long: Duration) {
        for open in self.lock().open.values() {
            if open.idle_since().is_some_and(|since| since.elapsed() > long) {
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
        // A request of nobody known that is being answered is better than none, but does not keep the place.
        let _asked = InFlight::begin(&first.connection);
        let fourth = places.take().unwrap();
        assert_eq!(numbers(), [third.number, fourth.number]);
        let _asked = InFlight::begin(&fourth.connection);
        drop(more);
        let fifth = places.take().unwrap();
        assert_eq!(numbers(), [fourth.number, fifth.number]);
        drop((first, third, fourth, fifth));
        assert!(numbers().is_empty());
    }
}
