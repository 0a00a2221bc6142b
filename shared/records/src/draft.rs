//! People's decisions about a run that a limit stopped, and the runs that are to end as drafts.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::MicroUsd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What becomes of a run that a limit stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It continues with more money.
    Add {
        /// So much is added to the limits that stopped it.
        amount: MicroUsd,
        /// Whether that includes monthly limits, which others share; otherwise only the ticket's.
        shared: bool,
    },
    /// It ends with a draft of what is done.
    Draft,
    /// It is stopped, and its effects are taken back.
    RollBack,
}

/// A run that ends with what is done after a limit stopped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The person who decided; `None` if nobody did in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl fmt::Display for Choice {
    /// The decision, as a phrase between a name and a period: `added $5.00, and the work continues`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { amount, .. } => write!(formatter, "added {amount}, and the work continues"),
            Self::Draft => formatter.write_str("had it end with a draft of what is done"),
            Self::RollBack => formatter.write_str("had it stopped and taken back"),
        }
    }
}

impl Table {
    /// Records that an execution ends as a draft. A redrive of it does not.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_draft(&self, execution: &str, draft: &Draft) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(draft.at, retention::EXECUTION);
        let item = to_item(draft, keys::draft(execution), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("end a run as a draft", item, None).await?;
        Ok(())
    }

    /// Whether an execution, by its name, ends as a draft.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn draft_of(&self, execution: &str) -> Result<Option<Draft>, RecordsError> {
        self.get(keys::draft(execution)).await?.map(from_item).transpose()
    }

    /// An execution, and whether it ends as a draft, as one reading gives them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution_and_draft(
        &self,
        name: &str,
    ) -> Result<(Option<ExecutionRecord>, Option<Draft>), RecordsError> {
        let [execution, draft] = self.get_each([keys::execution(name), keys::draft(name)]).await?;
        Ok((execution.map(from_item).transpose()?, draft.map(from_item).transpose()?))
    }
}
