//! Spending and limits.

use crate::control::Control;
use domain::configuration::Configuration;
use domain::{Actor, MicroUsd};
use records::{LimitOf, RecordsError, Spending};

/// Spending against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// The amounts spent and reserved.
    pub spending: Spending,
    /// The limit.
    pub limit: MicroUsd,
}

impl Control {
    /// The total spent on a ticket, by its canonical name.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn costs_of_ticket(
        &self,
        configuration: &Configuration,
        task_id: &str,
    ) -> Result<Costs, RecordsError> {
        let spending = self.table.spending(&LimitOf::Task(task_id.to_owned())).await?;
        Ok(Costs { spending, limit: configuration.budgets.per_task() })
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
        Ok(Costs { spending, limit: configuration.budgets.per_user_month() })
    }
}
