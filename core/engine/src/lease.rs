//! Renewal of leases in the background.

use std::time::Duration;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::log_event::LogEvent;
use huiliu_messages::Message;
use huiliu_store::{Db, Lease};

/// Renews leases every third of their duration until they are lost or this value is dropped. The drop stops renewal however
/// the work ends, a panic included.
#[derive(Debug)]
pub(crate) struct Renewal(JoinHandle<()>);

impl Renewal {
    pub fn start(db: &Db, leases: Vec<Lease>, lease_ms: u64) -> Self {
        Self(tokio::spawn(renew_until_lost(db.clone(), leases, lease_ms).in_current_span()))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn renew_until_lost(db: Db, mut leases: Vec<Lease>, lease_ms: u64) {
    let every = Duration::from_millis((lease_ms / 3).max(50));
    while !leases.is_empty() {
        tokio::time::sleep(every).await;
        let mut kept = vec![];
        for lease in leases {
            match lease.renew(&db, lease_ms).await {
                Ok(true) => kept.push(lease),
                Ok(false) => {}
                Err(e) => {
                    let event = LogEvent::LeaseNotRenewed { why: Message::new(&e) };
                    tracing::warn!(of = ?lease.of, key = lease.key, "{event}");
                    kept.push(lease);
                }
            }
        }
        leases = kept;
    }
}
