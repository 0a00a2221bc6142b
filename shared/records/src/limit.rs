//! Spending limits, and what they apply to.

use crate::error::RecordsError;
use crate::item::number;
use crate::keys::{self, Key};
use crate::table::Table;
use crate::timestamp::month;
use crate::update::Update;
use crate::waiter::Waiter;
use crate::write::{Refused, Write};
use domain::MicroUsd;
use domain::configuration::Budgets;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::fmt;

/// The limits that apply to a reservation, as configured. Additions by people are recorded with the spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the task, ever.
    pub per_task: MicroUsd,
    /// For the account in the calendar month.
    pub per_month: MicroUsd,
    /// For the project in the calendar month, if that is limited.
    pub per_project_month: Option<MicroUsd>,
    /// For the workflow in the calendar month, if that is limited.
    pub per_workflow_month: Option<MicroUsd>,
}

impl From<&Budgets> for Limits {
    fn from(budgets: &Budgets) -> Self {
        Self {
            per_task: budgets.per_task(),
            per_month: budgets.per_user_month(),
            per_project_month: budgets.per_project_month(),
            per_workflow_month: budgets.per_workflow_month(),
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LimitOf {
    /// The task's.
    Task(String),
    /// The account's, in a month such as `2026-11`.
    Month {
        /// The account.
        account: String,
        /// The month.
        month: String,
    },
    /// A project's, in a month.
    ProjectMonth {
        /// The project's key.
        project: String,
        /// The month.
        month: String,
    },
    /// A workflow's, in a month.
    WorkflowMonth {
        /// The workflow's name.
        workflow: String,
        /// The month.
        month: String,
    },
}

impl fmt::Display for LimitOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => write!(formatter, "task {task}"),
            Self::Month { account, month } => write!(formatter, "{account} in {month}"),
            Self::ProjectMonth { project, month } => write!(formatter, "project {project} in {month}"),
            Self::WorkflowMonth { workflow, month } => write!(formatter, "workflow {workflow} in {month}"),
        }
    }
}

/// Everything that a call of a model counts against.
#[derive(Debug, Clone, Copy)]
pub struct Spender<'a> {
    /// Whom it is charged to.
    pub account: &'a str,
    /// The ticket, if there is one.
    pub task_id: Option<&'a str>,
    /// The project's key.
    pub project: Option<&'a str>,
    /// The workflow's name; without one, the months of project and workflow do not count it.
    pub workflow: Option<&'a str>,
}

impl Spender<'_> {
    /// The limits that it counts against, in the month that `within` lies in.
    pub fn limits(&self, within: Timestamp) -> Vec<LimitOf> {
        let month = month(within);
        let mut all: Vec<_> = self.task_id.map(|task| LimitOf::Task(task.to_owned())).into_iter().collect();
        all.push(LimitOf::Month { account: self.account.to_owned(), month: month.clone() });
        if let Some(workflow) = self.workflow {
            let project = self.project.map(str::to_owned);
            all.extend(project.map(|project| LimitOf::ProjectMonth { project, month: month.clone() }));
            all.push(LimitOf::WorkflowMonth { workflow: workflow.to_owned(), month });
        }
        all
    }
}

impl LimitOf {
    /// The limit of an account in the calendar month (UTC) that `within` lies in.
    pub fn month(account: impl Into<String>, within: Timestamp) -> Self {
        Self::Month { account: account.into(), month: month(within) }
    }

    /// Whether it is the limit of a month, which others share.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Self::Task(_))
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Task(task) => keys::task_budget(task),
            Self::Month { account, month } => keys::person_budget(account, month),
            Self::ProjectMonth { project, month } => keys::project_budget(project, month),
            Self::WorkflowMonth { workflow, month } => keys::workflow_budget(workflow, month),
        }
    }
}

impl Limits {
    /// Its configured limit; `None` if it has none.
    pub fn of(self, of: &LimitOf) -> Option<MicroUsd> {
        match of {
            LimitOf::Task(_) => Some(self.per_task),
            LimitOf::Month { .. } => Some(self.per_month),
            LimitOf::ProjectMonth { .. } => self.per_project_month,
            LimitOf::WorkflowMonth { .. } => self.per_workflow_month,
        }
    }
}

impl Table {
    /// Adds a person's answer to limits, once for each question. `false` if that was done before.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn add_to_limits(
        &self,
        waiter: &Waiter,
        limits: &[LimitOf],
        amount: MicroUsd,
    ) -> Result<bool, RecordsError> {
        let once = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #added = :token")
            .condition("attribute_exists(#pk) AND (attribute_not_exists(#added) OR #added <> :token)")
            .value(":token", crate::item::text(waiter.token.expose_secret()));
        let mut writes = vec![Write::Update(once)];
        writes.extend(limits.iter().map(|of| {
            Write::Update(Update::new(of.key(), "ADD #added :amount").value(":amount", number(amount.0)))
        }));
        match self.transact("add to a limit", writes).await? {
            Ok(()) => Ok(true),
            Err(Refused { .. }) => Ok(false),
        }
    }
}
