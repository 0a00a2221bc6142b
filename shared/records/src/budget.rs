//! Budgets: money is reserved before a model is called and settled after it, so that no number of functions at once can spend
//! more than a limit.
//!
//! Each limited thing (a task; an account, a project, a workflow in a month) has one item with `committed`: the amount reserved and
//! spent. A reservation adds its worst case to each of them if that stays within the limit; the settlement replaces it with the actual
//! cost. Months of projects and workflows are counted whether or not they are limited, so that a new limit counts all of its month.

use crate::agent_execution::AgentExecution;
use crate::cost::{Cost, CostRecord};
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, moment, number, text, to_item};
use crate::keys::{self, Key};
use crate::limit::{LimitOf, Limits, Spender};
use crate::paid_reply::{PaidReply, QuestionId};
use crate::retention;
use crate::spend::rolled_up;
use crate::spending::spending_in;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::{ABSENT, Refused, Write};
use domain::plugins::Usage;
use domain::{ActionError, ActionId, MicroUsd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Money set aside for one call of a model: its worst case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The invocation's id: every try pays for itself.
    pub id: String,
    /// The worst case.
    pub amount: MicroUsd,
    /// Whom it is charged to, by [`domain::Actor::account`].
    pub account: String,
    /// The project's key in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The ticket it is spent on; without one the ticket's limit does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The workflow's name. Reservations of earlier versions have none, and do not count against the months of project and workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
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
    /// The time; its calendar month (UTC) is charged.
    #[serde(with = "timestamp")]
    pub reserved_at: Timestamp,
}

/// A limit that a reservation would exceed. Nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the limit of {of} is {limit}; {committed} of it is spent or reserved, and this call may cost up to {wanted}"
)]
pub struct BudgetExceeded {
    /// Whose limit.
    pub of: LimitOf,
    /// The limit, including additions by people.
    pub limit: MicroUsd,
    /// How much of it is spent or reserved.
    pub committed: MicroUsd,
    /// The amount requested.
    pub wanted: MicroUsd,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// A limit would be exceeded: park until somebody raises it.
    #[error(transparent)]
    Exceeded(#[from] BudgetExceeded),
    /// The table could not be written.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl From<ReserveError> for ActionError {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::Exceeded(exceeded) => Self::budget_exceeded(exceeded.to_string()),
            ReserveError::Records(error) => error.into(),
        }
    }
}

/// What really came of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The price; `None` when it is not known.
    pub price: Option<MicroUsd>,
    /// The amount that stays booked if the price is not known; the whole reservation if this is not known either.
    pub at_most: Option<MicroUsd>,
    /// The tokens, if the provider reported them.
    pub usage: Option<Usage>,
    /// An anomaly of the bill, for people; `None` for a normal one.
    pub remark: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Settlement {
    /// The bill is unknown.
    pub fn unknown(at: Timestamp) -> Self {
        Self { price: None, at_most: None, usage: None, remark: None, at }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReservationStatus {
    Open,
    Settled,
    Released,
}

impl ReservationStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Released => "released",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct ReservationItem {
    #[serde(flatten)]
    reservation: Reservation,
    status: ReservationStatus,
}

/// Whether a reservation was neither settled nor released, by its item.
pub(crate) fn is_open_reservation(item: &Item) -> bool {
    attribute(item, "status") == Some(ReservationStatus::Open.as_str())
}

impl Table {
    /// Reserves money, within all limits or not at all. Repeating an open reservation has no effect.
    ///
    /// # Errors
    /// [`ReserveError::Exceeded`] with the limit that would be exceeded; [`RecordsError::Conflict`] when the id was used for
    /// another reservation or was settled.
    pub async fn reserve(&self, reservation: &Reservation, limits: Limits) -> Result<(), ReserveError> {
        let budgets = reservation.budgets();
        let spendings = self.spendings(budgets.iter().map(|(of, _)| of)).await?;
        // Additions to a limit only grow, so a value that was read can be too small, but never too large.
        let limit_of = |of: &LimitOf| {
            let added = spendings.get(of).map_or(MicroUsd::ZERO, |spending| spending.added);
            limits.of(of).map(|limit| limit + added)
        };
        for (of, _) in &budgets {
            // DynamoDB conditions cannot subtract, and a limit below the amount has no remainder to compare with.
            if let Some(limit) = limit_of(of).filter(|limit| reservation.amount > *limit) {
                let committed = spendings.get(of).map_or(MicroUsd::ZERO, |spending| spending.committed);
                self.put_refusal(reservation).await?;
                return Err(reservation.exceeded(of, limit, committed).into());
            }
        }
        let item = ReservationItem { reservation: reservation.clone(), status: ReservationStatus::Open };
        let mut writes = vec![Write::Put {
            item: to_item(&item, keys::reservation(&reservation.execution, &reservation.id), None)?,
            condition: Some(ABSENT),
        }];
        for (of, key) in &budgets {
            let mut update = Update::new(key.clone(), "ADD #committed :amount")
                .value(":amount", number(reservation.amount.0));
            if let Some(limit) = limit_of(of) {
                update = update
                    .condition("attribute_not_exists(#committed) OR #committed <= :room")
                    .value(":room", number(limit.saturating_sub(reservation.amount).0));
            }
            writes.push(Write::Update(update));
        }
        match self.transact("reserve money", writes).await? {
            Ok(()) => Ok(()),
            Err(Refused { index: 0, item }) => {
                let before: Option<ReservationItem> = item.map(from_item).transpose()?;
                match before {
                    Some(before)
                        if before.status == ReservationStatus::Open && before.reservation == *reservation =>
                    {
                        Ok(())
                    }
                    _ => Err(RecordsError::Conflict(format!(
                        "the reservation id `{}` was used before",
                        reservation.id
                    ))
                    .into()),
                }
            }
            Err(Refused { index, item }) => {
                let Some((of, _)) = budgets.get(index - 1) else {
                    return Err(RecordsError::Corrupt("a write that was not made was refused".into()).into());
                };
                let committed = spending_in(&item.unwrap_or_default())?.committed;
                self.put_refusal(reservation).await?;
                let limit = limit_of(of).unwrap_or(committed);
                Err(reservation.exceeded(of, limit, committed).into())
            }
        }
    }

    /// Books a call's cost in place of its reservation, and writes the cost record, in one transaction and exactly once:
    /// `None` when it was settled or released before.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never reserved.
    pub async fn settle(
        &self,
        reservation: &Reservation,
        settlement: Settlement,
    ) -> Result<Option<CostRecord>, RecordsError> {
        self.settle_keeping(reservation, settlement, Vec::new()).await
    }

    /// The same, and keeps the reply that was paid for, so that the same question of the same step is not paid for again, and `call`, which
    /// describes it for people: none is recorded without the others.
    ///
    /// # Errors
    /// As [`Table::settle`]; [`RecordsError::Invalid`] when the reply is too large to be kept.
    pub async fn settle_with_reply(
        &self,
        reservation: &Reservation,
        settlement: Settlement,
        (question, reply): (&QuestionId, &PaidReply),
        call: &AgentExecution,
    ) -> Result<Option<CostRecord>, RecordsError> {
        let kept = self.reply_write(question, reply, settlement.at).await?;
        self.settle_keeping(reservation, settlement, vec![kept, call.write()?]).await
    }

    async fn settle_keeping(
        &self,
        reservation: &Reservation,
        settlement: Settlement,
        kept: Vec<Write>,
    ) -> Result<Option<CostRecord>, RecordsError> {
        let booked = settlement.at_most.unwrap_or(reservation.amount);
        let cost = settlement.price.map_or(Cost::Unknown { booked }, Cost::Priced);
        let record = CostRecord {
            id: reservation.id.clone(),
            at: reservation.reserved_at,
            account: reservation.account.clone(),
            project: reservation.project.clone(),
            task_id: reservation.task_id.clone(),
            execution: reservation.execution.clone(),
            state: reservation.state.clone(),
            action: reservation.action.clone(),
            provider: reservation.provider.clone(),
            model: reservation.model.clone(),
            usage: settlement.usage,
            cost,
            remark: settlement.remark,
        };
        let spent = cost.booked();
        let unknown = u64::from(cost.priced().is_none());
        let mut writes = vec![reservation.close(ReservationStatus::Settled, settlement.at)];
        for (_, key) in reservation.budgets() {
            writes.push(Write::Update(
                Update::new(key, "ADD #committed :difference, #spent :spent, #unknown_calls :unknown")
                    .value(":difference", number(i128::from(spent.0) - i128::from(reservation.amount.0)))
                    .value(":spent", number(spent.0))
                    .value(":unknown", number(unknown)),
            ));
        }
        writes.extend(record.writes()?);
        let workflow = match &reservation.workflow {
            Some(workflow) => Some(workflow.clone()),
            None => self.workflow_of(&record.execution).await?,
        };
        writes.extend(rolled_up(&record, workflow.as_deref()));
        writes.extend(kept);
        let settled = self.close_reservation(reservation, "settle a reservation", writes).await?;
        Ok(settled.then_some(record))
    }

    /// Releases the reservation of a call that was never made; `false` when it was settled or released before.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never reserved.
    pub async fn release(&self, reservation: &Reservation, at: Timestamp) -> Result<bool, RecordsError> {
        let mut writes = vec![reservation.close(ReservationStatus::Released, at)];
        for (_, key) in reservation.budgets() {
            writes.push(Write::Update(
                Update::new(key, "ADD #committed :difference")
                    .value(":difference", number(-i128::from(reservation.amount.0))),
            ));
        }
        self.close_reservation(reservation, "release a reservation", writes).await
    }

    async fn close_reservation(
        &self,
        reservation: &Reservation,
        operation: &str,
        writes: Vec<Write>,
    ) -> Result<bool, RecordsError> {
        match self.transact(operation, writes).await? {
            Ok(()) => Ok(true),
            Err(Refused { index: 0, item: Some(_) }) => Ok(false),
            Err(Refused { index: 0, item: None }) => {
                Err(RecordsError::Missing(format!("reservation `{}`", reservation.id)))
            }
            Err(_) => Err(RecordsError::Conflict(format!(
                "reservation `{}` is open but has a cost record",
                reservation.id
            ))),
        }
    }

    /// Settles at their worst case the reservations of an execution that were neither settled nor released, and returns their records:
    /// the process that made those calls ended before recording their cost. A call in progress stays counted like this, too.
    ///
    /// # Errors
    /// [`RecordsError`] if the table does not answer; settlements made by then stay.
    pub async fn settle_open(&self, execution: &str, at: Timestamp) -> Result<Vec<CostRecord>, RecordsError> {
        let mut settled = Vec::new();
        for reservation in self.open_reservations(execution).await? {
            settled.extend(self.settle(&reservation, Settlement::unknown(at)).await?);
        }
        Ok(settled)
    }

    /// Reservations of an execution that were neither settled nor released.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_reservations(&self, execution: &str) -> Result<Vec<Reservation>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::RESERVATION).await?;
        let items = items.into_iter().map(from_item).collect::<Result<Vec<ReservationItem>, _>>()?;
        Ok(items
            .into_iter()
            .filter(|item| item.status == ReservationStatus::Open)
            .map(|item| item.reservation)
            .collect())
    }
}

impl Reservation {
    /// The limits it counts against, with their items.
    fn budgets(&self) -> Vec<(LimitOf, Key)> {
        let keyed = |of: LimitOf| {
            let key = of.key();
            (of, key)
        };
        self.spender().limits(self.reserved_at).into_iter().map(keyed).collect()
    }

    fn spender(&self) -> Spender<'_> {
        Spender {
            account: &self.account,
            task_id: self.task_id.as_deref(),
            project: self.project.as_deref(),
            workflow: self.workflow.as_deref(),
        }
    }

    fn exceeded(&self, of: &LimitOf, limit: MicroUsd, committed: MicroUsd) -> BudgetExceeded {
        BudgetExceeded { of: of.clone(), limit, committed, wanted: self.amount }
    }

    fn close(&self, status: ReservationStatus, at: Timestamp) -> Write {
        Write::Update(
            Update::new(
                keys::reservation(&self.execution, &self.id),
                "SET #status = :status, #closed_at = :at, #expires_at = :expires_at",
            )
            .condition("#status = :open")
            .value(":open", text(ReservationStatus::Open.as_str()))
            .value(":status", text(status.as_str()))
            .value(":at", moment(at))
            .value(":expires_at", number(retention::expires_at(at, retention::EXECUTION))),
        )
    }
}
