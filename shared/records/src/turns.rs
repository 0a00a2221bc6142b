//! The sweeper's next checks of executions that wait for something automatic. There may be thousands, so they take turns: each time some
//! are looked at, and the next time those after them.

use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, text};
use crate::keys;
use crate::limit::{LimitOf, Limits};
use crate::refusal::Refusal;
use crate::spending::Spending;
use crate::table::Table;
use crate::topic::Topic;
use crate::waiter::Waiter;
use crate::write::Write;
use domain::MicroUsd;
use jiff::Timestamp;
use std::collections::HashMap;

const AFTER: &str = "after";

impl Table {
    /// The next waiters of a topic, at most `limit`. After the last come the first again.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiters_in_turn(&self, topic: &Topic, limit: usize) -> Result<Vec<Waiter>, RecordsError> {
        let topic = topic.to_string();
        let turn = keys::turn(&topic);
        let before = self.get(turn.clone()).await?;
        let after = before.as_ref().and_then(|item| attribute(item, AFTER)).unwrap_or_default();
        let items = self.query_after(keys::waiter_partition(&topic), keys::WAITER, after, limit).await?;
        let last = items.last().filter(|_| items.len() >= limit).and_then(|item| attribute(item, keys::SK));
        match (last, &before) {
            (Some(last), _) => {
                let item: Item = HashMap::from([
                    (keys::PK.to_owned(), text(turn.pk)),
                    (keys::SK.to_owned(), text(turn.sk)),
                    (AFTER.to_owned(), text(last)),
                ]);
                // Without a condition nothing can refuse it.
                let _ = self.put("note whose turn is next", item, None).await?;
            }
            (None, Some(_)) => {
                let _ =
                    self.transact("begin with the first again", vec![Write::Delete { key: turn }]).await?;
            }
            (None, None) => {}
        }
        items.into_iter().map(from_item).collect()
    }

    /// What executions could not reserve the last time a limit refused them, by their names.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn refusals(
        &self,
        executions: impl IntoIterator<Item = &str>,
    ) -> Result<HashMap<String, Refusal>, RecordsError> {
        let wanted = executions.into_iter().map(keys::refusal).collect();
        let found = self.get_many(wanted).await?.into_iter().filter_map(|item| {
            let execution = attribute(&item, keys::PK)?.strip_prefix("EXECUTION#")?.to_owned();
            Some(from_item(item).map(|refusal| (execution, refusal)))
        });
        found.collect()
    }

    /// The room that limits leave in the month of `now`.
    pub fn room(&self, limits: Limits, now: Timestamp) -> Room<'_> {
        Room { table: self, limits, now, spent: HashMap::new() }
    }
}

/// The room that limits leave. Each limit is read once, and an execution that has room reduces it for later ones.
pub struct Room<'a> {
    table: &'a Table,
    limits: Limits,
    now: Timestamp,
    spent: HashMap<LimitOf, Spending>,
}

/// A limit that leaves too little room for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Whose limit.
    pub of: LimitOf,
    /// How much may be spent.
    pub limit: MicroUsd,
    /// How much of it is spent or reserved.
    pub committed: MicroUsd,
    /// How much is missing.
    pub missing: MicroUsd,
}

impl Room<'_> {
    /// Whether there is room for the refused call. If so, there is less of it from now on.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn take(&mut self, refusal: &Refusal) -> Result<bool, RecordsError> {
        if !self.missing(refusal).await?.is_empty() {
            return Ok(false);
        }
        for of in refusal.limits(self.now) {
            let spending = self.spent.entry(of).or_default();
            spending.committed = spending.committed + refusal.wanted;
        }
        Ok(true)
    }

    /// The limits that leave no room for the refused call.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn missing(&mut self, refusal: &Refusal) -> Result<Vec<Shortfall>, RecordsError> {
        let mut missing = Vec::new();
        for of in refusal.limits(self.now) {
            let Some(limit) = self.limits.of(&of) else { continue };
            let spending = match self.spent.get(&of) {
                Some(spending) => *spending,
                None => self.table.spending(&of).await?,
            };
            self.spent.insert(of.clone(), spending);
            let (limit, committed) = (limit + spending.added, spending.committed);
            let short = (committed + refusal.wanted).saturating_sub(limit);
            if short > MicroUsd::ZERO {
                missing.push(Shortfall { of, limit, committed, missing: short });
            }
        }
        Ok(missing)
    }
}
