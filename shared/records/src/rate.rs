//! How fast a provider may be called, for all functions together, as long as its circuit is closed: the generic cell rate
//! algorithm in one conditional update,
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>.
//!
//! The item holds the *theoretical arrival time* in microseconds: when the calls let through so far would have been due at an
//! even pace. A call may pass while that lies less than one second's worth of calls ahead, so up to `per_second` calls may come
//! at once and the pace is even from then on.

use crate::circuit::{self, CLOSED, Circuit};
use crate::error::RecordsError;
use crate::item::{Item, number, whole_number};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp::microseconds;
use crate::write::Update;
use domain::ActionError;
use domain::configuration::{InstanceName, Rate};
use jiff::Timestamp;
use std::time::Duration;

/// Leave to make one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Whether the provider failed before: then [`Table::close_circuit`] must be called on an answer.
    pub after_failures: bool,
}

/// A call that must not be made now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{provider} {}takes no call for another {:.1} s",
    if *circuit_open { "keeps failing and " } else { "" },
    retry_after.as_secs_f64()
)]
pub struct PutOff {
    /// Whom it was to go to, by its name in the configuration.
    pub provider: InstanceName,
    /// When it may be tried again.
    pub retry_after: Duration,
    /// Whether that is because the provider keeps failing, and not for its rate.
    pub circuit_open: bool,
}

impl PutOff {
    fn new(provider: &InstanceName, microseconds: u64, circuit_open: bool) -> Self {
        Self { provider: provider.clone(), retry_after: Duration::from_micros(microseconds), circuit_open }
    }
}

impl From<PutOff> for ActionError {
    /// `Throttled`, because nothing was sent and the call costs nothing.
    fn from(put_off: PutOff) -> Self {
        Self::throttled(put_off.to_string(), Some(put_off.retry_after))
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
        provider: &InstanceName,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<Pass, PutOff>, RecordsError> {
        let interval = SECOND / u64::from(rate.per_second.max(1));
        let now_us = microseconds(now);
        let expires_at = number(retention::expires_at(now, retention::RATE));
        let unblocked =
            format!("(attribute_not_exists(#blocked_until) OR #blocked_until <= :now) AND {CLOSED}");
        // An update cannot take a maximum. Which of the two writes fits depends on whether the pace is ahead of time; a busy
        // provider's is.
        let ahead =
            Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at ADD #tat :interval")
                .condition(format!("#tat > :now AND #tat <= :latest AND {unblocked}"))
                .value(":interval", number(interval))
                .value(":opens_after", circuit::opens_after())
                .value(":now", number(now_us))
                .value(":latest", number((now_us + SECOND).saturating_sub(interval)))
                .value(":expires_at", expires_at.clone());
        let idle = Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at, #tat = :next")
            .condition(format!("(attribute_not_exists(#tat) OR #tat <= :now) AND {unblocked}"))
            .value(":next", number(now_us + interval))
            .value(":opens_after", circuit::opens_after())
            .value(":now", number(now_us))
            .value(":expires_at", expires_at);
        let mut circuit_open = false;
        // Between two tries, other calls may have passed: then each is tried once more.
        for turn in 0..4 {
            let update = match turn {
                _ if circuit_open => circuit::attempt(provider, now),
                0 | 2 => ahead.clone(),
                _ => idle.clone(),
            };
            let refused = match self.update("pace a call", update).await? {
                Ok(item) => return Ok(Ok(Pass { after_failures: Circuit::of(&item)?.has_failures() })),
                Err(refused) => refused,
            };
            let item = refused.item.unwrap_or_default();
            circuit_open = Circuit::of(&item)?.is_open();
            let wait = wait(&item, now_us, interval, circuit_open)?;
            if wait > 0 {
                return Ok(Err(PutOff::new(provider, wait, circuit_open)));
            }
        }
        // It changed under our hands each time: so many others pass that our turn is later.
        Ok(Err(PutOff::new(provider, interval, circuit_open)))
    }

    /// Lets no call to a provider pass before `until`, as it asked for. An earlier block is never shortened.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn block_until(&self, provider: &InstanceName, until: Timestamp) -> Result<(), RecordsError> {
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
fn wait(item: &Item, now: u64, interval: u64, circuit_open: bool) -> Result<u64, RecordsError> {
    let blocked = whole_number(item, "blocked_until")?.saturating_sub(now);
    let held = if circuit_open {
        whole_number(item, "open_until")?.saturating_sub(now)
    } else {
        whole_number(item, "tat")?.saturating_sub((now + SECOND).saturating_sub(interval))
    };
    Ok(blocked.max(held))
}
