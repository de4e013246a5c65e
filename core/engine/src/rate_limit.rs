//! The requests that a platform allows, shared out among all workers by the database.

use std::time::Duration;

use async_trait::async_trait;

use huiliu_platform::RateLimiter;
use huiliu_store::Db;
use huiliu_store::intake::rate_limit;

/// Shares out requests by rows of the database.
#[derive(Debug, Clone)]
pub struct SharedRateLimit(pub Db);

#[async_trait]
impl RateLimiter for SharedRateLimit {
    async fn next_slot(&self, host: &str, every: Duration) -> Result<Duration, String> {
        rate_limit::next_slot(&self.0, host, every).await.map_err(|e| e.to_string())
    }
}
