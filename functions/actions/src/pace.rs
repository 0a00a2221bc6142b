//! The rate that all functions together keep towards a provider.

use async_trait::async_trait;
use domain::configuration::{Provider, Rate};
use domain::{ActionError, Clock};
use http_client::Gate;
use jiff::SignedDuration;
use observability::metrics::{self, ThrottledBy};
use records::Table;
use std::sync::Arc;
use std::time::Duration;

/// How long one request waits for its turn before the step is given back to the state machine, which waits at no cost.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How long a provider is left alone that asks for fewer requests without saying for how long.
const UNSAID: Duration = Duration::from_secs(2);
/// A provider that asks for more is asked again after this.
const LONGEST_BLOCK: Duration = Duration::from_secs(3600);

/// Lets requests to a provider pass at its configured rate.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Where the rate is kept.
    pub(crate) table: Table,
    /// Whom requests go to.
    pub(crate) provider: Provider,
    /// How many may pass.
    pub(crate) rate: Rate,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Gate for Pace {
    async fn pass(&self) -> Result<(), ActionError> {
        let mut waited = Duration::ZERO;
        loop {
            let Err(throttled) = self.table.pass(self.provider, self.rate, self.clock.now()).await? else {
                return Ok(());
            };
            waited += throttled.retry_after;
            if waited > LONGEST_WAIT {
                metrics::throttled(self.provider.as_str(), ThrottledBy::Limit);
                return Err(throttled.into());
            }
            tokio::time::sleep(throttled.retry_after).await;
        }
    }

    async fn throttled(&self, retry_after: Option<Duration>) {
        metrics::throttled(self.provider.as_str(), ThrottledBy::Provider);
        let wait = retry_after.unwrap_or(UNSAID).min(LONGEST_BLOCK);
        let wait = SignedDuration::try_from(wait).unwrap_or_default();
        if let Err(error) = self.table.block_until(self.provider, self.clock.now() + wait).await {
            tracing::warn!(provider = self.provider.as_str(), %error, "a provider's limit was not recorded");
        }
    }
}
