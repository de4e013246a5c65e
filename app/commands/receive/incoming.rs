//! Reads the body of a request, as long as it comes fast enough.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use huiliu_engine::disk_room::DiskRoom;
use huiliu_engine::operations::push::ClaimedSender;
use huiliu_platform::push_auth::BodyDigest;
use huiliu_platform::push_spool::Spool;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::problem::Problem;

/// The largest accepted payload, in bytes.
pub const MAX_BODY: usize = 64 << 20;
/// How long a sender may take to send a payload.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The rate below which a sender is not waited for, in bytes a second, and from when on it counts.
const MIN_RATE: f64 = 1024.0;
const FREE_TIME: Duration = Duration::from_secs(5);

/// A payload that is coming in.
pub struct Incoming {
    pub spool: Spool,
    /// The digest that its sender states.
    pub digest: Option<BodyDigest>,
    /// Its sender, if the payload is what proves it.
    pub sender: Option<Box<ClaimedSender>>,
    pub room: Arc<DiskRoom>,
}

impl Incoming {
    /// Reads a body to its end, as long as it comes fast enough.
    pub async fn read(&mut self, mut body: Body, mut stop: watch::Receiver<bool>) -> Result<(), Problem> {
        let began = Instant::now();
        loop {
            #[allow(clippy::cast_precision_loss, reason = "a body has fewer bytes than such a number has digits for")]
            let earned = Duration::from_secs_f64(self.spool.len() as f64 / MIN_RATE);
            let until = began + PATIENCE.min(FREE_TIME + earned);
            let frame = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Err(Problem::later()),
                frame = tokio::time::timeout_at(until, body.frame()) => frame.map_err(|_| Problem::slow_body())?,
            };
            let Some(frame) = frame else { return Ok(()) };
            let Ok(bytes) = frame.map_err(|_| Problem::broken_body())?.into_data() else { continue };
            if self.spool.len() + bytes.len() > MAX_BODY {
                return Err(Problem::large_body());
            }
            self.take(&bytes)?;
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        if let Some(sender) = &mut self.sender {
            sender.update(bytes);
        }
        self.spool.push(bytes).map_err(|e| Problem::no_disk(&self.room, &e))
    }
}
