//! Spending and limits.

use crate::caller::Caller;
use crate::control::Control;
use crate::status::StatusResult;
use domain::configuration::Configuration;
use domain::{Actor, MicroUsd};
use records::{LimitOf, RecordsError, Spending};

/// Spending against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// The amounts spent and reserved.
    pub spending: Spending,
    /// The limit, including additions by people.
    pub limit: MicroUsd,
}

/// The costs that somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CostsResult {
    /// These.
    Costs(Costs),
    /// They may not see them; the reason is for them.
    Denied(String),
}

impl Control {
    /// The total spent on a ticket, by its canonical name, for somebody who may see one of its executions.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_ticket(
        &self,
        caller: &Caller<'_>,
        task_id: &str,
    ) -> Result<CostsResult, RecordsError> {
        if let StatusResult::Denied(reason) = self.visible_executions(caller, Some(task_id), 1).await? {
            return Ok(CostsResult::Denied(reason));
        }
        let spending = self.table.spending(&LimitOf::Task(task_id.to_owned())).await?;
        let limit = caller.directory.configuration().budgets.per_task() + spending.added;
        Ok(CostsResult::Costs(Costs { spending, limit }))
    }

    /// The amount a person spent in this calendar month (UTC).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_person(
        &self,
        configuration: &Configuration,
        actor: &Actor,
    ) -> Result<Costs, RecordsError> {
        let month = LimitOf::month(actor.account(), self.clock.now());
        let spending = self.table.spending(&month).await?;
        Ok(Costs { spending, limit: configuration.budgets.per_user_month() + spending.added })
    }
}
