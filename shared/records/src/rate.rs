//! How fast a provider may be called, for all functions together: the generic cell rate algorithm in one conditional update,
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>.
//!
//! The item holds the *theoretical arrival time* in microseconds: when the calls let through so far would have been due at an
//! even pace. A call may pass while that lies less than one second's worth of calls ahead, so up to `per_second` calls may come
//! at once and the pace is even from then on.

use crate::error::RecordsError;
use crate::item::{Item, number, whole_number};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::write::Update;
use domain::ActionError;
use domain::configuration::{Provider, Rate};
use jiff::Timestamp;
use std::time::Duration;

/// A call that must not be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} takes no call for another {:.1} s", provider.as_str(), retry_after.as_secs_f64())]
pub struct Throttled {
    /// Whom it was to go to.
    pub provider: Provider,
    /// When it may be tried again.
    pub retry_after: Duration,
}

impl From<Throttled> for ActionError {
    fn from(throttled: Throttled) -> Self {
        Self::throttled(throttled.to_string(), Some(throttled.retry_after))
    }
}

const SECOND: u64 = 1_000_000;

impl Table {
    /// Lets one call to a provider pass, or says how long to wait. Nothing waits here.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn pass(
        &self,
        provider: Provider,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, RecordsError> {
        let interval = SECOND / u64::from(rate.per_second.max(1));
        let now_us = microseconds(now);
        let expires_at = number(retention::expires_at(now, retention::RATE));
        let unblocked = "(attribute_not_exists(#blocked_until) OR #blocked_until <= :now)";
        // An update cannot take a maximum. Which of the two writes fits depends on whether the pace is ahead of time; a busy
        // provider's is.
        let ahead =
            Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at ADD #tat :interval")
                .condition(format!("#tat > :now AND #tat <= :latest AND {unblocked}"))
                .value(":interval", number(interval))
                .value(":now", number(now_us))
                .value(":latest", number((now_us + SECOND).saturating_sub(interval)))
                .value(":expires_at", expires_at.clone());
        let idle = Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at, #tat = :next")
            .condition(format!("(attribute_not_exists(#tat) OR #tat <= :now) AND {unblocked}"))
            .value(":next", number(now_us + interval))
            .value(":now", number(now_us))
            .value(":expires_at", expires_at);
        // Between the two, another call may have passed: then the first is tried once more.
        for update in [&ahead, &idle, &ahead] {
            let refused = match self.update("pace a call", update.clone()).await? {
                Ok(_) => return Ok(Ok(())),
                Err(refused) => refused,
            };
            let item = refused.item.unwrap_or_default();
            let wait = wait(&item, now_us, interval)?;
            if wait > 0 {
                return Ok(Err(Throttled { provider, retry_after: Duration::from_micros(wait) }));
            }
        }
        // Both changed under our hands three times: so many others pass that our turn is later.
        Ok(Err(Throttled { provider, retry_after: Duration::from_micros(interval) }))
    }

    /// Lets no call to a provider pass before `until`, as it asked for. An earlier block is never shortened.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn block_until(&self, provider: Provider, until: Timestamp) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::rate(provider.as_str()),
            "SET #blocked_until = :until, #expires_at = :expires_at",
        )
        .condition("attribute_not_exists(#blocked_until) OR #blocked_until < :until")
        .value(":until", number(microseconds(until)))
        .value(":expires_at", number(retention::expires_at(until, retention::RATE)));
        // Refused means that it is blocked for longer already.
        let _ = self.update("block a provider", update).await?;
        Ok(())
    }
}

/// How many microseconds until a call may pass.
fn wait(item: &Item, now: u64, interval: u64) -> Result<u64, RecordsError> {
    let blocked = whole_number(item, "blocked_until")?.saturating_sub(now);
    let paced = whole_number(item, "tat")?.saturating_sub((now + SECOND).saturating_sub(interval));
    Ok(blocked.max(paced))
}

fn microseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}
