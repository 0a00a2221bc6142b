//! The reads for a step whose input names something of another project: in one request, and only for such steps.

use crate::admission::is_writer_in;
use crate::effect_request::{EffectRequest, request_in};
use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{Item, from_item, is_under};
use crate::keys::{self, Key};
use crate::table::Table;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What decides whether an execution may reach other projects.
#[derive(Debug, Default)]
pub struct ReachReading {
    /// The execution; `None` if it has no record.
    pub execution: Option<ExecutionRecord>,
    /// The keys of those of the projects whose code host called the account a writer of their repository in the last week.
    pub writer_of: BTreeSet<String>,
    /// The request of the effect that the step takes back; `None` if it was not kept or the step takes nothing back.
    pub undone: Option<EffectRequest>,
}

impl Table {
    /// Reads an execution by its name, to which of these projects an account may push, and the request of an effect by its run and key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn read_for_reach(
        &self,
        execution: &str,
        account: Option<&str>,
        projects: &BTreeSet<&str>,
        undone: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<ReachReading, RecordsError> {
        let writer = |project: &str| account.map(|account| keys::writer(account, project));
        let undone = undone.map(|(run, key)| (key, keys::effect_request(run, key)));
        let mut wanted = vec![keys::execution(execution)];
        wanted.extend(projects.iter().filter_map(|project| writer(project)));
        wanted.extend(undone.iter().map(|(_, key)| key.clone()));
        let items = self.get_many(wanted).await?;
        let of = |key: Key| -> Option<&Item> { items.iter().find(|item| is_under(item, &key)) };
        let mut writer_of = BTreeSet::new();
        for project in projects {
            if let Some(item) = writer(project).and_then(of)
                && is_writer_in(item.clone(), now)?
            {
                writer_of.insert((*project).to_owned());
            }
        }
        let undone = undone.and_then(|(effect, key)| Some(request_in(of(key)?, effect)));
        Ok(ReachReading {
            execution: of(keys::execution(execution)).cloned().map(from_item).transpose()?,
            writer_of,
            undone: undone.transpose()?,
        })
    }
}
