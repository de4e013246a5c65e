//! One batch through the stages, classified and committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::keys::Keys;
use crate::manifest::Manifest;
use crate::policy::Policy;
use crate::stages::{self, Context, Staged};
use crate::store::books::{self, Held};
use crate::store::load::{self, Commit, Load, Outcomes};
use crate::store::{Db, StoreFault};

/// A claim that was lost this often makes the batch run alone in a child process.
pub const SUSPECT_AFTER: i64 = 3;

/// What delivery works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The store.
    pub db: Db,
    /// Keys.
    pub keys: Keys,
    /// Rules.
    pub policy: Arc<Policy>,
    /// Connector id → manifest and its activation.
    pub manifests: Arc<HashMap<String, (Manifest, i64)>>,
    /// How long a claim holds without being renewed, in milliseconds.
    pub lease_ms: u64,
}

/// How one delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Committed.
    Done(Outcomes),
    /// Nothing to do: done already, not due, or in other hands.
    NotOurs,
    /// Taken away while we worked: nothing was written.
    Fenced,
    /// Put back, due again later.
    Released,
    /// Its claim was lost too often: to be run alone.
    Suspect,
}

/// Claims a batch and delivers it. A suspect is only claimed when `alone`.
///
/// # Errors
/// [`StoreFault`] when the database does not answer; the sweep rings the batch again.
pub async fn deliver(desk: &Desk, batch: i64, alone: bool) -> Result<Delivered, StoreFault> {
    if !alone && is_suspect(desk, batch).await? {
        return Ok(Delivered::Suspect);
    }
    let Some(held) = books::claim(&desk.db, batch, desk.lease_ms).await? else { return Ok(Delivered::NotOurs) };
    let renewal = tokio::spawn(keep(desk.clone(), held.clone()));
    let result = work(desk, &held).await;
    renewal.abort();
    match result {
        Ok(Commit::Done(outcomes)) => Ok(Delivered::Done(outcomes)),
        Ok(Commit::Fenced) => Ok(Delivered::Fenced),
        Err(fault) => {
            let wait = 500u64.saturating_mul(1 << held.lost_claims.clamp(0, 6));
            books::release(&desk.db, &held, wait, &fault.to_string()).await?;
            Ok(Delivered::Released)
        }
    }
}

async fn is_suspect(desk: &Desk, batch: i64) -> Result<bool, StoreFault> {
    let rows = desk
        .db
        .rows(
            "SELECT lost_claims + CASE WHEN state = 'claimed' AND lease_until < {now} THEN 1 ELSE 0 END AS lost
             FROM batch WHERE id = $1 AND (state = 'due' OR (state = 'claimed' AND lease_until < {now}))",
            vec![batch.into()],
        )
        .await?;
    Ok(rows.first().map_or(Ok(0), |r| r.int("lost"))? >= SUSPECT_AFTER)
}

async fn keep(desk: Desk, held: Held) {
    let every = Duration::from_millis((desk.lease_ms / 3).max(50));
    loop {
        tokio::time::sleep(every).await;
        match books::renew(&desk.db, &held, desk.lease_ms).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(e) => tracing::debug!(batch = held.id, error = %e, "lease not renewed"),
        }
    }
}

async fn work(desk: &Desk, held: &Held) -> Result<Commit, StoreFault> {
    let bytes = books::payload_bytes(&desk.db, &desk.keys, held).await?;
    let load = stage(desk, held, &bytes)?;
    drop(bytes);
    let slow = crate::faults::slow_commit_ms();
    if slow > 0 {
        tokio::time::sleep(Duration::from_millis(slow)).await;
    }
    load::commit(&desk.db, &desk.keys, held, &load).await
}

fn stage(desk: &Desk, held: &Held, bytes: &[u8]) -> Result<Load, StoreFault> {
    let (manifest, activation) = desk.manifests.get(&held.connector).ok_or_else(|| {
        StoreFault::Schema(format!("no connector {:?} is registered; it was when the payload landed", held.connector))
    })?;
    let stream = manifest.stream(&held.stream).ok_or_else(|| {
        StoreFault::Schema(format!("connector {} has no stream {:?} any more", held.connector, held.stream))
    })?;
    let cx = Context {
        manifest,
        stream,
        policy: &desk.policy,
        keys: &desk.keys,
        source_id: held.source_id,
        address: &held.address,
    };
    let staged = stages::run(cx, bytes, held.first, held.count).map_err(|e| StoreFault::Schema(e.to_string()))?;
    let mut load = Load {
        clean: Vec::with_capacity(staged.len()),
        parked: vec![],
        hours_unit: stream.hours_unit.clone(),
        manifest_version: manifest.version,
        activation: *activation,
    };
    for one in staged {
        match one {
            Staged::Clean(record) => load.clean.push(*record),
            Staged::Parked(parked) => load.parked.push(parked),
        }
    }
    Ok(load)
}
