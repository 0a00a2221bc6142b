//! Limits on what may be spent, and what they apply to.

use crate::keys::{self, Key};
use crate::timestamp::month;
use domain::MicroUsd;
use jiff::Timestamp;
use std::fmt;

/// The limits that hold at a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the task, ever.
    pub per_task: MicroUsd,
    /// For the account in the calendar month.
    pub per_month: MicroUsd,
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
}

impl fmt::Display for LimitOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => write!(formatter, "task {task}"),
            Self::Month { account, month } => write!(formatter, "{account} in {month}"),
        }
    }
}

impl LimitOf {
    /// The limit of an account in the calendar month (UTC) that `within` lies in.
    pub fn month(account: impl Into<String>, within: Timestamp) -> Self {
        Self::Month { account: account.into(), month: month(within) }
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Task(task) => keys::task_budget(task),
            Self::Month { account, month } => keys::person_budget(account, month),
        }
    }
}

impl Limits {
    /// The limit that holds for it.
    pub fn of(self, of: &LimitOf) -> MicroUsd {
        match of {
            LimitOf::Task(_) => self.per_task,
            LimitOf::Month { .. } => self.per_month,
        }
    }
}
