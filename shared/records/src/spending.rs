//! How much of each limit is used.

use crate::error::RecordsError;
use crate::item::{Item, attribute, whole_number};
use crate::keys::{self, Key};
use crate::limit::LimitOf;
use crate::table::Table;
use domain::MicroUsd;
use std::collections::HashMap;

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spending {
    /// The amount spent plus the amount reserved.
    pub committed: MicroUsd,
    /// The amount spent, with calls of unknown cost at their worst case.
    pub spent: MicroUsd,
    /// How many calls of unknown cost are in it.
    pub unknown_calls: u64,
    /// How much people added to the limit.
    pub added: MicroUsd,
}

impl Table {
    /// How much of a limit is used.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn spending(&self, of: &LimitOf) -> Result<Spending, RecordsError> {
        spending_in(&self.get(of.key()).await?.unwrap_or_default())
    }

    /// The same of several limits; those without any spending are left out.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn spendings(
        &self,
        limits: impl IntoIterator<Item = &LimitOf>,
    ) -> Result<HashMap<LimitOf, Spending>, RecordsError> {
        let limits: Vec<_> = limits.into_iter().map(|of| (of.key(), of)).collect();
        let items = self.get_many(limits.iter().map(|(key, _)| key.clone()).collect()).await?;
        let mut found = HashMap::new();
        for item in items {
            let is_at = |key: &Key| {
                attribute(&item, keys::PK) == Some(&key.pk) && attribute(&item, keys::SK) == Some(&key.sk)
            };
            if let Some((_, of)) = limits.iter().find(|(key, _)| is_at(key)) {
                found.insert((*of).clone(), spending_in(&item)?);
            }
        }
        Ok(found)
    }
}

pub(crate) fn spending_in(item: &Item) -> Result<Spending, RecordsError> {
    Ok(Spending {
        committed: MicroUsd(whole_number(item, "committed")?),
        spent: MicroUsd(whole_number(item, "spent")?),
        unknown_calls: whole_number(item, "unknown_calls")?,
        added: MicroUsd(whole_number(item, "added")?),
    })
}
