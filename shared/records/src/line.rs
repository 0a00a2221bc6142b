//! The line of a project: its open executions, some of which are at work while the others wait until one of those ends or is parked.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{from_item, text};
use crate::keys;
use crate::place::Place;
use crate::table::Table;
use crate::update::Update;
use crate::write::Write;
use aws_sdk_dynamodb::types::AttributeValue;

impl Table {
    /// The line of a project, unordered.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn line(&self, project: &str) -> Result<Vec<Place>, RecordsError> {
        let items = self.query(keys::project_partition(project), keys::PLACE).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Removes the places of ended executions from a line, such as those that a restored table has again.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn clear_line(&self, project: &str, line: &mut Vec<Place>) -> Result<(), RecordsError> {
        let at_work = line.iter().filter(|place| place.at_work).map(|place| place.name.clone()).collect();
        let known = self.executions_named(at_work).await?;
        let is_open = |name: &str| known.iter().any(|one| one.name == name && !one.outcome.is_final());
        for place in line.iter().filter(|place| place.at_work && !is_open(&place.name)) {
            let leave = Write::Delete { key: keys::place(project, &place.name) };
            let _ = self.transact("leave the line", vec![leave]).await?;
        }
        line.retain(|place| !place.at_work || is_open(&place.name));
        Ok(())
    }

    /// Records that an execution in line goes to work. `false` if it is no longer in line.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn go_to_work(&self, project: &str, name: &str) -> Result<bool, RecordsError> {
        let update = Update::new(keys::place(project, name), "SET #at_work = :yes")
            .condition("attribute_exists(#pk)")
            .value(":yes", AttributeValue::Bool(true));
        Ok(self.update("let an execution go to work", update).await?.is_ok())
    }

    /// Takes a place that still waits out of the line. `false` when it has gone to work, or was not in line.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn give_up_place(&self, project: &str, name: &str) -> Result<bool, RecordsError> {
        let waits = Update::new(keys::place(project, name), "SET #account = :nobody, #at_work = :yes")
            .condition("#at_work = :no")
            .value(":nobody", text("nobody"))
            .value(":yes", AttributeValue::Bool(true))
            .value(":no", AttributeValue::Bool(false));
        Ok(self.update("give up a place in line", waits).await?.is_ok())
    }

    /// Removes a parked execution from the line: it is not at work.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn leave_line(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let Some((project, place)) = execution.place(true) else { return Ok(()) };
        let leave = Write::Delete { key: keys::place(project, &place.name) };
        let _ = self.transact("leave the line", vec![leave]).await?;
        Ok(())
    }

    /// Restores the place of an execution that is at work again, even if others wait.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn rejoin_line(&self, execution: &ExecutionRecord) -> Result<(), RecordsError> {
        let Some((project, place)) = execution.place(true) else { return Ok(()) };
        let _ = self.put("go to work again", place.to_item(project)?, None).await?;
        Ok(())
    }
}
