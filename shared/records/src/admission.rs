//! Admissions: which runs may do anything, and who was found to be a writer of a project's repository.

use crate::error::RecordsError;
use crate::item::{Item, from_item, text, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::ABSENT;
use domain::Grant;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a person counts as a writer after the code host last confirmed it: a week. Starting work always asks again.
pub const WRITER_KNOWN: SignedDuration = SignedDuration::from_hours(24 * 7);

/// That a run was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// The outermost execution's ARN.
    pub run: String,
    /// Why it may do anything.
    pub grant: Grant,
    /// When it was admitted.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// The name of the redrive that performs the run now; absent until there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// That somebody may push to a project's repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Writer {
    account: String,
    project: String,
    #[serde(with = "timestamp")]
    until: Timestamp,
}

impl Table {
    /// Records that a run was admitted. The first admission of a run stays; repeating it is not an error.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn admit_run(&self, run: &str, grant: Grant, at: Timestamp) -> Result<(), RecordsError> {
        let admission = Admission { run: run.to_owned(), grant, at, execution: None };
        let expires_at = retention::expires_at(at, retention::EXECUTION);
        let item = to_item(&admission, keys::admission(run), Some(expires_at))?;
        // An existing record says the same.
        let _ = self.put("admit a run", item, Some(ABSENT)).await?;
        Ok(())
    }

    /// Records that a redrive performs an admitted run from now on: its steps and costs are the redrive's.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when the run was not admitted.
    pub async fn perform_run_as(&self, run: &str, execution: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::admission(run), "SET #execution = :execution")
            .condition("attribute_exists(#pk)")
            .value(":execution", text(execution));
        match self.update("hand a run over to a redrive", update).await? {
            Ok(_) => Ok(()),
            Err(_) => Err(RecordsError::Missing(format!("admission of run `{run}`"))),
        }
    }

    /// The admission of a run; `None` when it was not admitted.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn admission(&self, run: &str) -> Result<Option<Admission>, RecordsError> {
        self.get(keys::admission(run)).await?.map(from_item).transpose()
    }

    /// Records that the code host called an account (by [`domain::Actor::account`]) a writer of a project's repository.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_writer(&self, account: &str, project: &str, at: Timestamp) -> Result<(), RecordsError> {
        let until = at.saturating_add(WRITER_KNOWN).unwrap_or(at);
        let writer = Writer { account: account.to_owned(), project: project.to_owned(), until };
        let expires_at = retention::expires_at(at, WRITER_KNOWN);
        let item = to_item(&writer, keys::writer(account, project), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record a writer", item, None).await?;
        Ok(())
    }

    /// Whether the code host called an account a writer of a project's repository in the last week.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn is_writer(
        &self,
        account: &str,
        project: &str,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let item = self.get(keys::writer(account, project)).await?;
        item.map_or(Ok(false), |item| is_writer_in(item, now))
    }
}

/// Whether the code host's confirmation in this item still counts.
pub(crate) fn is_writer_in(item: Item, now: Timestamp) -> Result<bool, RecordsError> {
    let writer: Writer = from_item(item)?;
    Ok(writer.until > now)
}
