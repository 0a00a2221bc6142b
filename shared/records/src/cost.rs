//! Cost records: the cost of each model call and whom it is charged to.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp::{self, month};
use crate::update::Update;
use crate::write::{ABSENT, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::plugins::Usage;
use domain::{ActionId, MicroUsd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The attribute of records that are in the roll-ups.
const ROLLED_UP: &str = "rolled_up";

/// What something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Known, by the price list.
    Priced(MicroUsd),
    /// Not known: no price, or no usage was reported. Never zero: the worst case that had been reserved stays booked.
    Unknown {
        /// The reservation's amount, which counts against the limits.
        booked: MicroUsd,
    },
}

impl Cost {
    /// What counts against the limits.
    pub fn booked(self) -> MicroUsd {
        match self {
            Self::Priced(amount) => amount,
            Self::Unknown { booked } => booked,
        }
    }

    /// The price, if known.
    pub fn priced(self) -> Option<MicroUsd> {
        match self {
            Self::Priced(amount) => Some(amount),
            Self::Unknown { .. } => None,
        }
    }
}

/// The cost of one model call. Written once, with the settlement of its reservation, and never changed; it does not expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostRecord {
    /// The reservation's id.
    pub id: String,
    /// When the money for it was reserved: it counts in the month whose limit it was reserved from.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// Whom it is charged to, by [`domain::Actor::account`].
    pub account: String,
    /// The project's key in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The ticket it was spent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The execution's name.
    pub execution: String,
    /// The state's name with its loop indexes.
    pub state: String,
    /// The request.
    pub action: ActionId,
    /// The provider by its name in the price list: `anthropic`.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The tokens, as the provider reported them; absent when it did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The cost.
    pub cost: Cost,
    /// An anomaly of the bill, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// The sum of some costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CostTotal {
    /// The known amount.
    pub priced: MicroUsd,
    /// The amount booked at worst case for calls of unknown cost.
    pub unknown_booked: MicroUsd,
    /// The number of such calls.
    pub unknown_calls: u64,
}

impl CostTotal {
    /// The sum of the records.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a CostRecord>) -> Self {
        records.into_iter().fold(Self::default(), |mut total, record| {
            match record.cost {
                Cost::Priced(amount) => total.priced = total.priced + amount,
                Cost::Unknown { booked } => {
                    total.unknown_booked = total.unknown_booked + booked;
                    total.unknown_calls += 1;
                }
            }
            total
        })
    }

    /// What counts against the limits.
    pub fn booked(self) -> MicroUsd {
        self.priced + self.unknown_booked
    }
}

impl CostRecord {
    /// The writes that put the record in each of its partitions; the first of them must be new.
    pub(crate) fn writes(&self) -> Result<Vec<Write>, RecordsError> {
        // What was spent is in the sums by day and in the budgets, which stay.
        let expires_at = Some(retention::expires_at(self.at, retention::LISTED));
        [
            Some(keys::execution_partition(&self.execution)),
            Some(keys::person_partition(&self.account)),
            self.task_id.as_deref().map(keys::task_partition),
            self.project.as_deref().map(keys::project_partition),
        ]
        .into_iter()
        .flatten()
        .map(|partition| {
            let mut item = to_item(self, keys::cost(partition, self.at, &self.id), expires_at)?;
            item.insert(ROLLED_UP.to_owned(), AttributeValue::Bool(true));
            Ok(Write::Put { item, condition: Some(ABSENT) })
        })
        .collect()
    }

    /// Marks the record as rolled up, unless it is.
    pub(crate) fn mark_rolled_up(&self) -> Update {
        let partition = keys::execution_partition(&self.execution);
        Update::new(keys::cost(partition, self.at, &self.id), format!("SET #{ROLLED_UP} = :yes"))
            .condition(format!("attribute_exists(#pk) AND attribute_not_exists(#{ROLLED_UP})"))
            .value(":yes", AttributeValue::Bool(true))
    }
}

impl Table {
    /// The costs of an execution, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_execution(&self, execution: &str) -> Result<Vec<CostRecord>, RecordsError> {
        self.costs(keys::execution_partition(execution), "").await
    }

    /// The costs of a task, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_task(&self, task_id: &str) -> Result<Vec<CostRecord>, RecordsError> {
        self.costs(keys::task_partition(task_id), "").await
    }

    /// The costs charged to an account in the calendar month (UTC) that `within` lies in, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_account(
        &self,
        account: &str,
        within: Timestamp,
    ) -> Result<Vec<CostRecord>, RecordsError> {
        self.costs(keys::person_partition(account), &month(within)).await
    }

    /// The costs of a project in the calendar month (UTC) that `within` lies in, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_project(
        &self,
        project: &str,
        within: Timestamp,
    ) -> Result<Vec<CostRecord>, RecordsError> {
        self.costs(keys::project_partition(project), &month(within)).await
    }

    async fn costs(&self, partition: String, month: &str) -> Result<Vec<CostRecord>, RecordsError> {
        let prefix = format!("{}{month}", keys::COST);
        self.query(partition, &prefix).await?.into_iter().map(from_item).collect()
    }
}
