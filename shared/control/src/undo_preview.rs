//! A preview of what an undo would take back, bound to a confirmation by a code.

use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use crate::left::UndoPreview;
use crate::undo::{Target, UndoResult};
use records::RecordsError;

/// The answer to a request for a preview of an undo.
#[derive(Debug, Clone, PartialEq)]
pub enum UndoPreviewResult {
    /// This.
    Preview(Box<UndoPreview>),
    /// An undo would be refused, in this way.
    Refused(UndoResult),
}

impl Control {
    /// What [`Control::undo`] would take back for this caller.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn preview_undo(
        &self,
        caller: &Caller<'_>,
        ticket: &Ticket<'_>,
    ) -> Result<UndoPreviewResult, RecordsError> {
        let target = self.undo_target(caller, ticket).await?;
        self.preview_target(target).await
    }

    /// What [`Control::undo_execution`] would take back for this caller.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn preview_undo_execution(
        &self,
        caller: &Caller<'_>,
        name: &str,
    ) -> Result<UndoPreviewResult, RecordsError> {
        let target = self.undo_target_named(caller, name).await?;
        self.preview_target(target).await
    }

    async fn preview_target(&self, target: Target<'_>) -> Result<UndoPreviewResult, RecordsError> {
        let (_, execution) = match target {
            Ok(found) => found,
            Err(result) => return Ok(UndoPreviewResult::Refused(result)),
        };
        if let Some(obstacle) = self.undo_obstacle(&execution).await? {
            return Ok(UndoPreviewResult::Refused(obstacle));
        }
        let preview = self.preview_of(&execution).await?;
        Ok(match preview.effects.is_empty() {
            true => UndoPreviewResult::Refused(UndoResult::NothingDone),
            false => UndoPreviewResult::Preview(Box::new(preview)),
        })
    }
}
