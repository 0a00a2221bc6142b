//! Whom the sweeper looks at next, of those who wait for something that comes by itself. There may be thousands, so they take turns: each time some
//! are looked at, and the next time those after them.

use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, text};
use crate::keys;
use crate::limit::{LimitOf, Limits};
use crate::refusal::Refusal;
use crate::table::Table;
use crate::waiter::{Topic, Waiter};
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

    /// The room that limits leave in the month that `now` lies in.
    pub fn room(&self, limits: Limits, now: Timestamp) -> Room<'_> {
        Room { table: self, limits, now, committed: HashMap::new() }
    }
}

/// The room that limits leave. Each limit is read once, and what was found to have room takes it from those who come after.
pub struct Room<'a> {
    table: &'a Table,
    limits: Limits,
    now: Timestamp,
    committed: HashMap<LimitOf, MicroUsd>,
}

impl Room<'_> {
    /// Whether there is room for what was refused. If so, there is less of it from now on.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn take(&mut self, refusal: &Refusal) -> Result<bool, RecordsError> {
        let task = refusal.task_id.clone().map(LimitOf::Task);
        let all: Vec<_> = task.into_iter().chain([LimitOf::month(&refusal.account, self.now)]).collect();
        for of in &all {
            let committed = match self.committed.get(of) {
                Some(committed) => *committed,
                None => self.table.spending(of).await?.committed,
            };
            self.committed.insert(of.clone(), committed);
            if committed + refusal.wanted > self.limits.of(of) {
                return Ok(false);
            }
        }
        for of in all {
            let committed = self.committed.entry(of).or_default();
            *committed = *committed + refusal.wanted;
        }
        Ok(true)
    }
}
