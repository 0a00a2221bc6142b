//! How often a credential is used: requests beyond its rate are refused. The same algorithm as in `rate`, without turns in the future: a
//! request that comes too early is not let in later, but told when to come again.

use crate::error::RecordsError;
use crate::item::{number, whole_number};
use crate::keys::identity as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp::microseconds;
use crate::update::Update;
use domain::configuration::Rate;
use jiff::Timestamp;
use std::time::Duration;

/// How many microseconds the clocks of functions differ at most. What is further ahead was written before the clock was set back.
const CLOCKS_DIFFER_BY: u64 = 60_000_000;

impl Table {
    /// Counts one request of a credential, by its name; returns how long it must wait if it came too early.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn count_use(
        &self,
        credential: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, RecordsError> {
        let interval = u64::try_from(rate.interval().as_micros()).unwrap_or(u64::MAX / 4).max(1);
        let tolerance = interval.saturating_mul(u64::from(rate.burst().saturating_sub(1)));
        let now_us = microseconds(now);
        let latest = now_us.saturating_add(tolerance);
        let next = now_us.saturating_add(interval);
        // No request leaves the time further ahead than this. Otherwise all would be refused until the clock shows the old time again.
        let furthest = latest.saturating_add(interval).saturating_add(CLOCKS_DIFFER_BY);
        let key = keys::usage(credential);
        let expires_at = number(retention::expires_at(now, retention::RATE));
        let ahead = Update::new(key.clone(), "SET #expires_at = :expires_at ADD #tat :interval")
            .condition("#tat > :now AND #tat <= :latest")
            .value(":interval", number(interval))
            .value(":now", number(now_us))
            .value(":latest", number(latest))
            .value(":expires_at", expires_at.clone());
        let idle = Update::new(key, "SET #expires_at = :expires_at, #tat = :next")
            .condition("attribute_not_exists(#tat) OR #tat <= :now OR #tat > :furthest")
            .value(":next", number(next))
            .value(":now", number(now_us))
            .value(":furthest", number(furthest))
            .value(":expires_at", expires_at);
        // Between two attempts, other requests may have come: then each is tried once more.
        for update in [idle.clone(), ahead.clone(), idle, ahead] {
            let Err(refused) = self.update("count a request", update).await? else { return Ok(Ok(())) };
            let tat = whole_number(&refused.item.unwrap_or_default(), "tat")?;
            if tat > latest {
                return Ok(Err(Duration::from_micros(tat - latest)));
            }
        }
        // It changed under our hands each time: so many come at once that this one is over the rate.
        Ok(Err(Duration::from_micros(interval)))
    }
}
