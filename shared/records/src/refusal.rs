//! The reservation that a limit refused, kept while its execution is parked: once there is room for it, the
//! execution continues.

use crate::budget::Reservation;
use crate::error::RecordsError;
use crate::item::to_item;
use crate::keys;
use crate::limit::{LimitOf, Spender};
use crate::retention;
use crate::table::Table;
use domain::MicroUsd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The refused reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The worst case of the call.
    pub wanted: MicroUsd,
    /// Whom it is charged to, by [`domain::Actor::account`].
    pub account: String,
    /// The ticket it is spent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The project's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The workflow's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
}

impl Refusal {
    /// The limits that the call counts against, in the month that `within` lies in.
    pub fn limits(&self, within: Timestamp) -> Vec<LimitOf> {
        let spender = Spender {
            account: &self.account,
            task_id: self.task_id.as_deref(),
            project: self.project.as_deref(),
            workflow: self.workflow.as_deref(),
        };
        spender.limits(within)
    }
}

impl Table {
    /// Stores a refused reservation; the newest of an execution replaces an older one.
    pub(crate) async fn put_refusal(&self, reservation: &Reservation) -> Result<(), RecordsError> {
        let refusal = Refusal {
            wanted: reservation.amount,
            account: reservation.account.clone(),
            task_id: reservation.task_id.clone(),
            project: reservation.project.clone(),
            workflow: reservation.workflow.clone(),
        };
        let expires_at = retention::expires_at(reservation.reserved_at, retention::EXECUTION);
        let item = to_item(&refusal, keys::refusal(&reservation.execution), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep what could not be reserved", item, None).await?;
        Ok(())
    }
}
