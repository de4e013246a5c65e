//! What a worker remembers of committed rows from load to load, so that the same people and courses need not be looked up
//! in every batch.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::identity::claims::ClaimCache;

/// What is known of the rows that loads refer to.
#[derive(Debug, Default)]
pub struct KnownRows {
    /// Claims that have a teacher.
    pub claims: Mutex<ClaimCache>,
    /// Offerings. They are never changed or deleted.
    pub(crate) offerings: Mutex<OfferingCache>,
}

/// A cache of committed offerings, by source and digest.
#[derive(Debug, Default)]
pub(crate) struct OfferingCache(HashMap<(i64, [u8; 16]), i64>);

impl OfferingCache {
    /// Offerings at most: about 1 MB.
    const MAX: usize = 1 << 14;

    pub fn get(&self, source: i64, digest: &[u8; 16]) -> Option<i64> {
        self.0.get(&(source, *digest)).copied()
    }

    pub fn insert_found(&mut self, source: i64, found: &HashMap<[u8; 16], i64>) {
        if self.0.len() + found.len() > Self::MAX {
            self.0.clear();
        }
        self.0.extend(found.iter().take(Self::MAX).map(|(digest, id)| ((source, *digest), *id)));
    }
}
