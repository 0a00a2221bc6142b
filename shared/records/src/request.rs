//! Repeated requests: the response to the first one, for a day.

use crate::error::RecordsError;
use crate::item::{from_item, moment, text, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::ABSENT;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long performing a request may take; after that, the same request may be performed again.
const LEASE: SignedDuration = SignedDuration::from_mins(1);

/// A request by its key.
#[derive(Debug, Serialize, Deserialize)]
struct RequestItem {
    /// The digest of the request.
    sha256: String,
    /// Until when somebody performs it.
    #[serde(with = "timestamp")]
    until: Timestamp,
    /// The response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

/// What [`Table::claim_request`] came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestClaim {
    /// It is to be performed now.
    New,
    /// It was performed, and answered this.
    Answered(String),
    /// Another one with the same key is being performed.
    Running,
    /// Something else was asked for under the key.
    Other,
}

impl Table {
    /// Claims a request, by its key and its digest. Perform it, then call [`Table::answer_request`] or
    /// [`Table::forget_request`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_request(
        &self,
        key: &str,
        sha256: &str,
        now: Timestamp,
    ) -> Result<RequestClaim, RecordsError> {
        let item = RequestItem { sha256: sha256.to_owned(), until: now + LEASE, answer: None };
        let expires_at = retention::expires_at(now, retention::REQUEST);
        let item = to_item(&item, keys::request(key), Some(expires_at))?;
        let Err(refused) = self.put("claim a request", item, Some(ABSENT)).await? else {
            return Ok(RequestClaim::New);
        };
        let Some(present) = refused.item else { return Ok(RequestClaim::Running) };
        let before: RequestItem = from_item(present)?;
        if before.sha256 != sha256 {
            return Ok(RequestClaim::Other);
        }
        if let Some(answer) = before.answer {
            return Ok(RequestClaim::Answered(answer));
        }
        // Its process ended before it answered, unless its time is not over.
        let update = Update::new(keys::request(key), "SET #until = :until")
            .condition("#until < :now AND attribute_not_exists(#answer)")
            .value(":until", moment(now + LEASE))
            .value(":now", moment(now));
        Ok(match self.update("claim a request again", update).await? {
            Ok(_) => RequestClaim::New,
            Err(_) => RequestClaim::Running,
        })
    }

    /// Stores the response to a request.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_request(&self, key: &str, answer: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::request(key), "SET #answer = :answer")
            .condition("attribute_exists(#pk)")
            .value(":answer", text(answer));
        // Refused means that it expired.
        let _ = self.update("keep the answer of a request", update).await?;
        Ok(())
    }

    /// Forgets a request that was refused: sent again, it is performed.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn forget_request(&self, key: &str, sha256: &str) -> Result<(), RecordsError> {
        let condition = "#sha256 = :sha256 AND attribute_not_exists(#answer)";
        self.delete_if("forget a request", keys::request(key), condition, (":sha256", text(sha256))).await
    }
}
