//! An execution's remaining effects, as its record shows them: people who ask for an undo need not read the journal.

use crate::error::RecordsError;
use crate::item::text;
use crate::keys;
use crate::table::Table;
use crate::update::Update;
use aws_sdk_dynamodb::types::AttributeValue;

impl Table {
    /// Records whether any effect of an execution can still be taken back. Does nothing if there is no such execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn note_effects_left(&self, execution: &str, left: bool) -> Result<(), RecordsError> {
        let update = Update::new(keys::execution(execution), "SET #effects_left = :left")
            .condition("attribute_exists(#outcome)")
            .value(":left", AttributeValue::Bool(left));
        // A refusal means that there is no such execution.
        let _ = self.update("record what is left of an execution", update).await?;
        Ok(())
    }

    /// Records that an execution was undone, and by which other one. Does nothing if there is no such execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn note_undone(&self, execution: &str, by: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::execution(execution), "SET #undone_by = :by")
            .condition("attribute_exists(#outcome)")
            .value(":by", text(by));
        // A refusal means that there is no such execution.
        let _ = self.update("record that an execution was undone", update).await?;
        Ok(())
    }
}
