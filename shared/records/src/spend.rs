//! Spending by day: roll-ups of the cost records, written in the transaction that settles a call, in 16 shards so that many calls at
//! once do not wait for each other, and summed when they are read.
//!
//! Costs that were settled before roll-ups existed are in them once `backfill` has found them.

use crate::cost::{Cost, CostRecord, CostTotal};
use crate::error::RecordsError;
use crate::item::{attribute, number, text, whole_number};
use crate::keys::{self, SK};
use crate::table::Table;
use crate::update::Update;
use crate::write::Write;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use domain::MicroUsd;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How many shards a month has.
const SHARDS: u8 = 16;

/// By what spending is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpendBy {
    /// By model.
    Model,
    /// By account: whom it is charged to.
    Person,
    /// By the project's key.
    Project,
    /// By workflow and step.
    Step,
    /// By the workflow's name.
    Workflow,
}

impl SpendBy {
    const ALL: [Self; 5] = [Self::Model, Self::Person, Self::Project, Self::Step, Self::Workflow];

    fn as_str(self) -> &'static str {
        match self {
            Self::Model => "MODEL",
            Self::Person => "PERSON",
            Self::Project => "PROJECT",
            Self::Step => "STEP",
            Self::Workflow => "WORKFLOW",
        }
    }
}

/// The spending on a day of a project, a person, a workflow or a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// The day in UTC: `2026-11-29`.
    pub day: String,
    /// The project's key, the account, the workflow's name, `workflow/State` or the model.
    pub name: String,
    /// How much.
    pub total: CostTotal,
    /// How many calls of models.
    pub calls: u64,
}

impl Table {
    /// The spending in a calendar month (UTC) such as `2026-11`, by day and name.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn spend(&self, month: &str, by: SpendBy) -> Result<Vec<Spend>, RecordsError> {
        let prefix = format!("{}#", by.as_str());
        let mut sums = BTreeMap::<(String, String), Spend>::new();
        for shard in 0..SHARDS {
            for item in self.query(keys::spend_partition(month, shard), &prefix).await? {
                let sk = attribute(&item, SK).and_then(|sk| sk.strip_prefix(&prefix)).unwrap_or_default();
                let Some((day, name)) = sk.split_once('#') else { continue };
                let (day, name) = (day.to_owned(), name.to_owned());
                let sum = sums.entry((day.clone(), name.clone())).or_insert_with(|| Spend {
                    day,
                    name,
                    total: CostTotal::default(),
                    calls: 0,
                });
                sum.total.priced = sum.total.priced + MicroUsd(whole_number(&item, "known")?);
                sum.total.unknown_booked =
                    sum.total.unknown_booked + MicroUsd(whole_number(&item, "unknown")?);
                sum.total.unknown_calls += whole_number(&item, "unknown_calls")?;
                sum.calls += whole_number(&item, "calls")?;
            }
        }
        Ok(sums.into_values().collect())
    }

    /// The name of an execution's workflow, for the roll-up of its costs.
    pub(crate) async fn workflow_of(&self, execution: &str) -> Result<Option<String>, RecordsError> {
        let key = keys::execution(execution);
        let answer = self
            .store
            .get_item(
                GetItemInput::builder()
                    .table_name(&*self.name)
                    .key(keys::PK, text(key.pk))
                    .key(keys::SK, text(key.sk))
                    .projection_expression("workflow")
                    .consistent_read(true),
            )
            .await
            .map_err(|error| RecordsError::from_sdk("read a record", &error))?;
        Ok(answer.item.as_ref().and_then(|item| attribute(item, "workflow").map(str::to_owned)))
    }
}

/// The writes that add a cost to its day's spending.
pub(crate) fn rolled_up(record: &CostRecord, workflow: Option<&str>) -> Vec<Write> {
    let digest = Sha256::digest(record.id.as_bytes());
    let shard = digest.first().copied().unwrap_or_default() % SHARDS;
    let moment = crate::timestamp::fixed_width(record.at);
    let (day, month) = (moment.get(..10).unwrap_or_default(), moment.get(..7).unwrap_or_default());
    let (known, unknown, unknown_calls) = match record.cost {
        Cost::Priced(amount) => (amount.0, 0, 0),
        Cost::Unknown { booked } => (0, booked.0, 1),
    };
    // Iterations of a loop are one step.
    let state = record.state.split('.').next().unwrap_or_default();
    let step = workflow.map(|workflow| format!("{workflow}/{state}"));
    let of = |by: SpendBy| match by {
        SpendBy::Model => Some(record.model.as_str()),
        SpendBy::Person => Some(record.account.as_str()),
        SpendBy::Project => record.project.as_deref(),
        SpendBy::Step => step.as_deref(),
        SpendBy::Workflow => workflow,
    };
    let named = SpendBy::ALL.into_iter().filter_map(|by| Some((by, of(by)?)));
    named
        .map(|(by, name)| {
            let key = keys::spend(month, shard, &format!("{}#{day}#{name}", by.as_str()));
            let update = Update::new(
                key,
                "ADD #known :known, #unknown :unknown, #unknown_calls :unknown_calls, #calls :one",
            );
            Write::Update(
                update
                    .value(":known", number(known))
                    .value(":unknown", number(unknown))
                    .value(":unknown_calls", number(unknown_calls))
                    .value(":one", number(1)),
            )
        })
        .collect()
}
