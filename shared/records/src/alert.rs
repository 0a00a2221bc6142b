//! Which share of a limit people were notified of, so that each is reported once.

use crate::error::RecordsError;
use crate::item::number;
use crate::limit::LimitOf;
use crate::table::Table;
use crate::update::Update;

impl Table {
    /// Claims the right to report that `percent` of a limit is spent; refused when that share, or a higher one, was already reported.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_alert(&self, of: &LimitOf, percent: u8) -> Result<bool, RecordsError> {
        let update = Update::new(of.key(), "SET #told_percent = :percent")
            .condition("attribute_not_exists(#told_percent) OR #told_percent < :percent")
            .value(":percent", number(percent));
        Ok(self.update("claim an alert", update).await?.is_ok())
    }
}
