//! Checks before every request to a provider, shared by all functions: the configured rate, the wait that the provider itself
//! asked for (`Retry-After`), and a circuit that opens when it keeps failing. All state is the [`Table`]'s, which decides whether it is in DynamoDB,
//! or in the memory of a process that makes all calls. None is in this crate.

use async_trait::async_trait;
use domain::configuration::{InstanceName, Rate};
use domain::{ActionError, Clock};
use http_client::{Gate, Reply};
use jiff::SignedDuration;
use observability::metrics::{self, ThrottledBy};
use records::{PutOff, Table};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use records::Patience;

/// How long to pause when a provider asks for fewer requests without naming a time.
const UNSAID: Duration = Duration::from_secs(2);
/// The longest pause; a provider that asks for more is tried again after this.
const LONGEST_BLOCK: Duration = Duration::from_secs(3600);
/// A call that waited this long for its turn checks whether the provider has requested a pause since.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// How long the requests of this task may still wait for their turns.
    static LEFT: Cell<Duration>;
}

/// Awaits `work`, whose requests wait for their turns for `patience` all together; a longer wait is returned as `Throttled`, so that the
/// caller waits at no cost. It replaces each [`Pace`]'s own patience.
pub async fn with_patience<F: Future>(patience: Duration, work: F) -> F::Output {
    LEFT.scope(Cell::new(patience), work).await
}

/// Lets requests to one provider pass, by its name in the configuration: two instances of a provider keep a pace each.
#[derive(Debug)]
pub struct Pace {
    table: Table,
    provider: InstanceName,
    rate: Rate,
    clock: Arc<dyn Clock>,
    patience: Patience,
    /// Whether the last request passed after others had failed: then its answer closes the circuit.
    after_failures: AtomicBool,
}

impl Pace {
    /// A pace that is kept by the table. A request waits for its turn as `patience` says, unless [`with_patience`] says otherwise.
    pub fn new(
        table: Table,
        provider: InstanceName,
        rate: Rate,
        clock: Arc<dyn Clock>,
        patience: Patience,
    ) -> Self {
        Self { table, provider, rate, clock, patience, after_failures: AtomicBool::new(false) }
    }

    async fn record(&self, reply: Reply) -> Result<(), records::RecordsError> {
        let now = self.clock.now();
        match reply {
            Reply::Answered => self.answered().await?,
            Reply::AnsweredLast(reset) => {
                self.answered().await?;
                self.block(reset).await?;
            }
            Reply::AskedToWait(retry_after) => {
                metrics::throttled(self.provider.as_str(), ThrottledBy::Provider);
                self.block(retry_after.unwrap_or(UNSAID)).await?;
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

    async fn answered(&self) -> Result<(), records::RecordsError> {
        match self.after_failures.swap(false, Ordering::Relaxed) {
            true => self.table.close_circuit(&self.provider).await,
            false => Ok(()),
        }
    }

    async fn block(&self, wait: Duration) -> Result<(), records::RecordsError> {
        let wait = SignedDuration::try_from(wait.min(LONGEST_BLOCK)).unwrap_or_default();
        self.table.block_until(&self.provider, self.rate, self.clock.now() + wait).await
    }

    fn put_off(&self, put_off: PutOff) -> ActionError {
        let by = if put_off.circuit_open { ThrottledBy::Circuit } else { ThrottledBy::Limit };
        metrics::throttled(self.provider.as_str(), by);
        put_off.into()
    }
}

#[async_trait]
impl Gate for Pace {
    async fn pass(&self) -> Result<(), ActionError> {
        loop {
            let left = LEFT.try_with(Cell::get).ok();
            let patience = left.map_or(self.patience, Patience::Of);
            let now = self.clock.now();
            let pass = match self.table.pass(&self.provider, self.rate, patience, now).await? {
                Ok(pass) => pass,
                Err(put_off) => return Err(self.put_off(put_off)),
            };
            self.after_failures.store(pass.after_failures, Ordering::Relaxed);
            if pass.wait.is_zero() {
                return Ok(());
            }
            let _ = LEFT.try_with(|left| left.set(left.get().saturating_sub(pass.wait)));
            tokio::time::sleep(pass.wait).await;
            if pass.wait < LOOKS_AGAIN_AFTER
                || self.table.held(&self.provider, self.clock.now()).await?.is_none()
            {
                return Ok(());
            }
        }
    }

    async fn ended(&self, reply: Reply) {
        if let Err(error) = self.record(reply).await {
            tracing::warn!(provider = self.provider.as_str(), %error, "how the provider took a request was not recorded");
        }
    }
}
