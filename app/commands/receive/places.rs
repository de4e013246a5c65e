//! Places for payloads that are coming in. A source has its own, so that one that sends slowly, or too much, is in nobody's
//! way but its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::problem::Problem;

/// How long a payload waits for a place.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many payloads of one source wait at the same time.
const MAX_WAITING: usize = 64;
/// From so many sources on, those that are not in use are forgotten.
const MANY: usize = 64;

/// A number of places for each source, and one for all of them together.
#[derive(Debug)]
pub struct Places {
    for_each: usize,
    waiting: usize,
    sources: Mutex<HashMap<String, Arc<SourcePlaces>>>,
    all: Arc<Semaphore>,
}

#[derive(Debug)]
struct SourcePlaces {
    /// Those who wait, and those who have a place.
    line: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The one that lands: a source lands one payload at a time.
    landing: Semaphore,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    of_source: Arc<SourcePlaces>,
    _permits: [OwnedSemaphorePermit; 3],
}

impl Places {
    /// Makes places for senders who have proven who they are: they wait for a place.
    pub fn for_proven(for_each: usize, in_all: usize) -> Self {
        Self { for_each, waiting: MAX_WAITING, sources: Mutex::default(), all: Arc::new(Semaphore::new(in_all)) }
    }

    /// Makes places for senders who may be anybody: they do not wait, because they would hold their connections.
    pub fn for_claimed(for_each: usize, in_all: usize) -> Self {
        Self { waiting: 0, ..Self::for_proven(for_each, in_all) }
    }

    /// Takes a place of a source.
    pub async fn take(&self, source: &str) -> Result<Place, Problem> {
        let of_source = self.find_source(source);
        let line = Arc::clone(&of_source.line).try_acquire_owned().map_err(|_| Problem::too_many())?;
        let patience = if self.waiting == 0 { Duration::ZERO } else { PATIENCE };
        let until = tokio::time::Instant::now() + patience;
        let wait = |of: &Arc<Semaphore>| tokio::time::timeout_at(until, Arc::clone(of).acquire_owned());
        let own = wait(&of_source.places).await.ok().and_then(Result::ok).ok_or_else(Problem::too_many)?;
        let shared = wait(&self.all).await.ok().and_then(Result::ok).ok_or_else(Problem::later)?;
        Ok(Place { of_source, _permits: [line, own, shared] })
    }

    fn find_source(&self, source: &str) -> Arc<SourcePlaces> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MANY {
            sources.retain(|_, of| Arc::strong_count(of) > 1);
        }
        let made = || {
            let line = Arc::new(Semaphore::new(self.for_each + self.waiting));
            let places = Arc::new(Semaphore::new(self.for_each));
            Arc::new(SourcePlaces { line, places, landing: Semaphore::new(1) })
        };
        Arc::clone(sources.entry(source.to_owned()).or_insert_with(made))
    }
}

impl Place {
    /// Waits until no other payload of the source is landing.
    pub async fn wait_for_landing(&self) -> Option<SemaphorePermit<'_>> {
        self.of_source.landing.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_has_its_own_places_and_a_dropped_one_is_free() {
        let places = Places::for_claimed(1, 2);
        let first = places.take("a").await.ok().unwrap();
        assert_eq!(places.take("a").await.err().unwrap().status, 429);
        let second = places.take("b").await.ok().unwrap();
        assert_eq!(places.take("c").await.err().unwrap().status, 503);
        drop(first);
        let third = places.take("a").await.ok().unwrap();
        drop((second, third));
        for n in 0..3 * MANY {
            drop(places.take(&n.to_string()).await.ok().unwrap());
        }
        assert!(places.sources.lock().unwrap().len() <= MANY);
    }

    #[tokio::test]
    async fn who_has_proven_who_he_is_waits_for_his_turn() {
        let places = Arc::new(Places::for_proven(1, 1));
        let first = places.take("a").await.ok().unwrap();
        let waits = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take("a").await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(first);
        assert!(waits.await.unwrap());
    }
}
