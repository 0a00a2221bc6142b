//! Whether a provider keeps failing, for all functions together: a circuit breaker,
//! <https://learn.microsoft.com/en-us/azure/architecture/patterns/circuit-breaker>.
//!
//! The provider's item counts requests that failed one after another. With `OPENS_AFTER` of them the circuit is open, and no call
//! passes for `STAYS_OPEN`; then one may try, and no other for as long again. An answer of any kind closes the circuit. While all
//! is well, nothing is written: the write that admits a call returns whether there is anything to close.

use crate::error::RecordsError;
use crate::failures::{Circuit, OPENS_AFTER, STAYS_OPEN};
use crate::item::{attribute, number};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp::microseconds;
use crate::update::Update;
use domain::configuration::InstanceName;
use jiff::Timestamp;

/// The condition on the provider's item for calls to pass; wants the value `:opens_after`.
pub(crate) const CLOSED: &str = "(attribute_not_exists(#failures) OR #failures < :opens_after)";

pub(crate) fn opens_after() -> aws_sdk_dynamodb::types::AttributeValue {
    number(OPENS_AFTER)
}

/// Lets one call try whether the provider works again, and no other until it has had time to.
pub(crate) fn attempt(provider: &InstanceName, now: Timestamp) -> Update {
    Update::new(keys::rate(provider.as_str()), "SET #open_until = :until, #expires_at = :expires_at")
        .condition(
            "#failures >= :opens_after AND #open_until <= :now AND (attribute_not_exists(#blocked_until) OR #blocked_until <= :now)",
        )
        .value(":until", number(microseconds(now + STAYS_OPEN)))
        .value(":opens_after", opens_after())
        .value(":now", number(microseconds(now)))
        .value(":expires_at", number(retention::expires_at(now, retention::RATE)))
}

impl Table {
    /// Counts a request that failed for the provider's reasons: a server error, no connection, no answer in time.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn count_failure(
        &self,
        provider: &InstanceName,
        now: Timestamp,
    ) -> Result<Circuit, RecordsError> {
        if let Some(turns) = &self.local_turns {
            return self.count_failure_locally(turns, provider, now).await;
        }
        let update = Update::new(
            keys::rate(provider.as_str()),
            "SET #open_until = :until, #expires_at = :expires_at ADD #failures :one",
        )
        .value(":until", number(microseconds(now + STAYS_OPEN)))
        .value(":one", number(1))
        .value(":expires_at", number(retention::expires_at(now, retention::RATE)));
        match self.update("count a provider's failure", update).await? {
            Ok(item) => Circuit::of(&item),
            // Without a condition nothing is refused.
            Err(refused) => Circuit::of(&refused.item.unwrap_or_default()),
        }
    }

    /// Which of these providers keep failing, so that they are called only once a minute.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_circuits(&self, providers: &[InstanceName]) -> Result<Vec<InstanceName>, RecordsError> {
        let keys = providers.iter().map(|provider| keys::rate(provider.as_str())).collect();
        let mut open = Vec::new();
        for item in self.get_many(keys).await? {
            let key = attribute(&item, keys::PK).and_then(|pk| pk.strip_prefix(keys::PROVIDER));
            let provider = providers.iter().find(|provider| Some(provider.as_str()) == key);
            if let Some(provider) = provider.filter(|_| Circuit::of(&item).is_ok_and(Circuit::is_open)) {
                open.push(provider.clone());
            }
        }
        open.sort();
        Ok(open)
    }

    /// Forgets what failed, since the provider answered.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn close_circuit(&self, provider: &InstanceName) -> Result<(), RecordsError> {
        if let Some(turns) = &self.local_turns {
            return self.close_locally(turns, provider).await;
        }
        let update = Update::new(keys::rate(provider.as_str()), "REMOVE #failures, #open_until")
            .condition("attribute_exists(#pk)");
        // Refused means that the item expired, and with it what failed.
        let _ = self.update("close a provider's circuit", update).await?;
        Ok(())
    }
}
