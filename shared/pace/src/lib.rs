//! Checks before every request to a provider, shared by all functions: the configured rate, the wait that the provider itself
//! asked for (`Retry-After`), and a circuit that opens when it keeps failing. All state is in the table, none in this process.

use async_trait::async_trait;
use domain::configuration::{InstanceName, Rate};
use domain::{ActionError, Clock};
use http_client::{Gate, Reply};
use jiff::SignedDuration;
use observability::metrics::{self, ThrottledBy};
use records::{PutOff, Table};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long to pause when a provider asks for fewer requests without naming a time.
const UNSAID: Duration = Duration::from_secs(2);
/// The longest pause; a provider that asks for more is tried again after this.
const LONGEST_BLOCK: Duration = Duration::from_secs(3600);

/// Lets requests to one provider pass, by its name in the configuration: two instances of a provider keep a pace each.
#[derive(Debug)]
pub struct Pace {
    table: Table,
    provider: InstanceName,
    rate: Rate,
    clock: Arc<dyn Clock>,
    longest_wait: Duration,
    /// Whether the last request passed after others had failed: then its answer closes the circuit.
    after_failures: AtomicBool,
}

impl Pace {
    /// A pace that is kept in the table. A request waits for its turn for up to `longest_wait`; a longer wait is returned as
    /// `Throttled`, so that the caller waits at no cost.
    pub fn new(
        table: Table,
        provider: InstanceName,
        rate: Rate,
        clock: Arc<dyn Clock>,
        longest_wait: Duration,
    ) -> Self {
        Self { table, provider, rate, clock, longest_wait, after_failures: AtomicBool::new(false) }
    }

    async fn record(&self, reply: Reply) -> Result<(), records::RecordsError> {
        let now = self.clock.now();
        match reply {
            Reply::Answered => {
                if self.after_failures.swap(false, Ordering::Relaxed) {
                    self.table.close_circuit(&self.provider).await?;
                }
            }
            Reply::AskedToWait(retry_after) => {
                metrics::throttled(self.provider.as_str(), ThrottledBy::Provider);
                let wait = retry_after.unwrap_or(UNSAID).min(LONGEST_BLOCK);
                let wait = SignedDuration::try_from(wait).unwrap_or_default();
                self.table.block_until(&self.provider, now + wait).await?;
            }
            Reply::Failed => {
                if self.table.count_failure(&self.provider, now).await?.is_open() {
                    tracing::warn!(
                        provider = self.provider.as_str(),
                        "the provider keeps failing and is left alone"
                    );
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Gate for Pace {
    async fn pass(&self) -> Result<(), ActionError> {
        let mut waited = Duration::ZERO;
        loop {
            let put_off = match self.table.pass(&self.provider, self.rate, self.clock.now()).await? {
                Ok(pass) => {
                    self.after_failures.store(pass.after_failures, Ordering::Relaxed);
                    return Ok(());
                }
                Err(put_off) => put_off,
            };
            waited += put_off.retry_after;
            if waited > self.longest_wait {
                metrics::throttled(self.provider.as_str(), by(&put_off));
                return Err(put_off.into());
            }
            tokio::time::sleep(put_off.retry_after).await;
        }
    }

    async fn ended(&self, reply: Reply) {
        if let Err(error) = self.record(reply).await {
            tracing::warn!(provider = self.provider.as_str(), %error, "how the provider took a request was not recorded");
        }
    }
}

fn by(put_off: &PutOff) -> ThrottledBy {
    if put_off.circuit_open { ThrottledBy::Circuit } else { ThrottledBy::Limit }
}
