//! The reservation that a limit refused, kept while its execution is parked: once there is room for it, the
//! execution goes on.

use crate::budget::Reservation;
use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::limit::{LimitOf, Limits};
use crate::retention;
use crate::table::Table;
use domain::MicroUsd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What could not be reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The worst case of the call.
    pub wanted: MicroUsd,
    /// Whom it is charged to, by [`domain::Actor::account`].
    pub account: String,
    /// The ticket it is spent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
}

impl Table {
    /// Keeps what could not be reserved; the newest of an execution takes the place of an older one.
    pub(crate) async fn put_refusal(&self, reservation: &Reservation) -> Result<(), RecordsError> {
        let refusal = Refusal {
            wanted: reservation.amount,
            account: reservation.account.clone(),
            task_id: reservation.task_id.clone(),
        };
        let expires_at = retention::expires_at(reservation.reserved_at, retention::EXECUTION);
        let item = to_item(&refusal, keys::refusal(&reservation.execution), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep what could not be reserved", item, None).await?;
        Ok(())
    }

    /// What an execution could not reserve the last time a limit refused it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn refusal(&self, execution: &str) -> Result<Option<Refusal>, RecordsError> {
        self.get(keys::refusal(execution)).await?.map(from_item).transpose()
    }

    /// Whether the limits leave room for it in the present month.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn has_room(
        &self,
        refusal: &Refusal,
        limits: Limits,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let task = refusal.task_id.clone().map(LimitOf::Task);
        for of in task.into_iter().chain([LimitOf::month(&refusal.account, now)]) {
            if self.spending(&of).await?.committed + refusal.wanted > limits.of(&of) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
