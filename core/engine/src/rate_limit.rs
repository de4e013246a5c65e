//! Limits the requests to a platform across all workers, by way of the database.

use std::time::Duration;

use async_trait::async_trait;

use huiliu_platform::RateLimiter;
use huiliu_store::Db;
use huiliu_store::intake::rate_limit;

/// A rate limiter whose state is in the database.
#[derive(Debug, Clone)]
pub struct SharedRateLimit(pub Db);

#[async_trait]
impl RateLimiter for SharedRateLimit {
    async fn next_slot(&self, host: &str, every: Duration) -> Result<Duration, String> {
        rate_limit::reserve_slot(&self.0, host, every).await.map_err(|e| e.to_string())
    }
}
