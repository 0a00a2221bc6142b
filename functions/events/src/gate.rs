//! The rate limit that all functions share, in front of every request of this one.

use async_trait::async_trait;
use domain::configuration::{Provider, Rate};
use domain::{ActionError, Clock};
use http_client::Gate;
use jiff::SignedDuration;
use observability::metrics::{self, ThrottledBy};
use records::Table;
use std::sync::Arc;
use std::time::Duration;

/// How long a provider is left alone that asked for fewer requests without saying for how long.
const UNSAID: Duration = Duration::from_secs(60);

pub(crate) struct SharedRate {
    pub(crate) table: Table,
    pub(crate) provider: Provider,
    pub(crate) rate: Rate,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Gate for SharedRate {
    async fn pass(&self) -> Result<(), ActionError> {
        if let Err(throttled) = self.table.pass(self.provider, self.rate, self.clock.now()).await? {
            metrics::throttled(self.provider.as_str(), ThrottledBy::Limit);
            return Err(throttled.into());
        }
        Ok(())
    }

    async fn throttled(&self, retry_after: Option<Duration>) {
        metrics::throttled(self.provider.as_str(), ThrottledBy::Provider);
        let wait =
            SignedDuration::try_from(retry_after.unwrap_or(UNSAID)).unwrap_or(SignedDuration::from_mins(1));
        if let Err(error) = self.table.block_until(self.provider, self.clock.now() + wait).await {
            tracing::warn!(provider = self.provider.as_str(), %error, "the provider's wish to wait was not written down");
        }
    }
}
