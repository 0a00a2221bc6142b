//! How fast a provider may be called, for all functions together, as long as its circuit is closed: the generic cell rate
//! algorithm in one conditional update,
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>.
//!
//! The item holds the *theoretical arrival time* in microseconds: when the calls let through so far would have been due at an
//! even pace. A call has its turn if that is less than a burst ahead. It takes its turn at once, even if it comes
//! later, so calls queue in the order in which they ask, and who would wait for too long takes none.
//!
//! Where one process makes all calls, the same is decided in its memory instead: see `local_turns`.

use crate::circuit::{self, CLOSED};
use crate::error::RecordsError;
use crate::failures::Circuit;
use crate::item::{Item, number, whole_number};
use crate::keys;
use crate::pass::{Pace, Pass, Patience, PutOff};
use crate::retention;
use crate::table::Table;
use crate::timestamp::microseconds;
use crate::update::Update;
use domain::configuration::{InstanceName, Rate};
use jiff::Timestamp;
use std::time::Duration;

impl Table {
    /// Gives one call to a provider its turn, or says how long to wait before asking again. Nothing waits here.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn pass(
        &self,
        provider: &InstanceName,
        rate: Rate,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Result<Pass, PutOff>, RecordsError> {
        if let Some(turns) = &self.local_turns {
            return self.pass_locally(turns, provider, rate, patience, now).await;
        }
        let pace = Pace::of(rate);
        let now_us = microseconds(now);
        let latest = now_us + pace.most_ahead(patience);
        let expires_at = number(retention::expires_at(now, retention::RATE));
        // An update cannot take a maximum. Which of the two writes fits depends on whether the pace is ahead of time. What was seen last
        // here only says which one to try first: the table decides.
        let ahead =
            Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at ADD #tat :interval")
                .condition(format!("#tat > :now AND #tat <= :latest AND {CLOSED}"))
                .value(":interval", number(pace.interval))
                .value(":opens_after", circuit::opens_after())
                .value(":now", number(now_us))
                .value(":latest", number(latest))
                .value(":expires_at", expires_at.clone());
        let idle = Update::new(keys::rate(provider.as_str()), "SET #expires_at = :expires_at, #tat = :next")
            .condition(format!("(attribute_not_exists(#tat) OR #tat <= :now) AND {CLOSED}"))
            .value(":next", number(now_us + pace.interval))
            .value(":opens_after", circuit::opens_after())
            .value(":now", number(now_us))
            .value(":expires_at", expires_at);
        let mut circuit_open = false;
        let mut is_ahead = self.last_turns.get(provider) > now_us;
        // Between two attempts, other calls may have passed: then each is tried once more.
        for _ in 0..4 {
            let update = match is_ahead {
                _ if circuit_open => circuit::attempt(provider, now),
                true => ahead.clone(),
                false => idle.clone(),
            };
            is_ahead = !is_ahead;
            let refused = match self.update("pace a call", update).await? {
                Ok(item) => {
                    self.last_turns.set(provider, whole_number(&item, "tat")?);
                    let wait = match circuit_open {
                        true => 0,
                        false => whole_number(&item, "tat")?
                            .saturating_sub(now_us + pace.interval + pace.tolerance),
                    };
                    let after_failures = Circuit::of(&item)?.has_failures();
                    return Ok(Ok(Pass { wait: Duration::from_micros(wait), after_failures }));
                }
                Err(refused) => refused,
            };
            let item = refused.item.unwrap_or_default();
            circuit_open = Circuit::of(&item)?.is_open();
            let wait = held(&item, now_us)?;
            let tat = whole_number(&item, "tat")?;
            self.last_turns.set(provider, tat);
            if !circuit_open && tat > latest {
                return Ok(Err(PutOff::new(provider, pace.due_in(patience, tat, now_us), false)));
            }
            if circuit_open && wait > 0 {
                return Ok(Err(PutOff::new(provider, wait, true)));
            }
        }
        // It changed under our hands each time: so many others pass that our turn is later.
        Ok(Err(PutOff::new(provider, pace.interval, circuit_open)))
    }

    /// How long a provider accepts no calls, even from those that have a turn, because it requested a pause or because its circuit has opened since.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn held(
        &self,
        provider: &InstanceName,
        now: Timestamp,
    ) -> Result<Option<PutOff>, RecordsError> {
        if let Some(turns) = &self.local_turns {
            return self.held_locally(turns, provider, now).await;
        }
        let item = self.get(keys::rate(provider.as_str())).await?.unwrap_or_default();
        let wait = held(&item, microseconds(now))?;
        Ok((wait > 0).then_some(PutOff::new(provider, wait, Circuit::of(&item)?.is_open())))
    }

    /// Lets no call to a provider pass before `until`, as it asked for; from then on they pass at an even pace. An earlier block is never
    /// shortened.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn block_until(
        &self,
        provider: &InstanceName,
        rate: Rate,
        until: Timestamp,
    ) -> Result<(), RecordsError> {
        if let Some(turns) = &self.local_turns {
            return self.block_locally(turns, provider, rate, until).await;
        }
        let until_us = microseconds(until);
        let block = |update: &str, condition: &str| {
            let update = format!("SET {update}#blocked_until = :until, #expires_at = :expires_at");
            Update::new(keys::rate(provider.as_str()), update)
                .condition(format!(
                    "(attribute_not_exists(#blocked_until) OR #blocked_until < :until) AND {condition}"
                ))
                .value(":until", number(until_us))
                .value(":turn", number(until_us + Pace::of(rate).tolerance))
                .value(":expires_at", number(retention::expires_at(until, retention::RATE)))
        };
        let queue_is_shorter = block("#tat = :turn, ", "(attribute_not_exists(#tat) OR #tat < :turn)");
        if self.update("block a provider", queue_is_shorter).await?.is_err() {
            // Refused means that it is blocked for longer already, or that those who queue have their turns later anyway.
            let queue_is_longer = block("", "#tat >= :turn");
            let _ = self.update("block a provider", queue_is_longer).await?;
        }
        Ok(())
    }
}

/// How many microseconds no turn counts.
fn held(item: &Item, now: u64) -> Result<u64, RecordsError> {
    let blocked = whole_number(item, "blocked_until")?.saturating_sub(now);
    let open = match Circuit::of(item)?.is_open() {
        true => whole_number(item, "open_until")?.saturating_sub(now),
        false => 0,
    };
    Ok(blocked.max(open))
}
