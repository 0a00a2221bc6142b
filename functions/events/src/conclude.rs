//! What follows when an execution has ended, apart from what its people are shown.

use crate::ending::Ending;
use crate::handle::Events;
use crate::look::Look;
use domain::ActionError;
use domain::execution::Outcome;

impl Events {
    /// Records the end of an execution, and does what others wait for then: a due undo, the places that it held, its successors in line, and the
    /// message to its starter. Returns the look as it is with the end. Idempotent.
    ///
    /// # Errors
    /// When the records, the code host or Step Functions do not answer.
    pub(crate) async fn conclude(&self, look: Look, ending: &Ending) -> Result<Look, ActionError> {
        let outcome = Outcome::from_status(&ending.status, ending.error.as_deref());
        // Recorded before the end or with it, so that a second undo, requested as soon as the first one is seen to end, finds nothing left.
        let left = self.note_what_is_left(&look, outcome).await?;
        let look = self.close_seen(look, ending, left).await?;
        let execution = &look.view.execution;
        self.undo_where_due(execution, ending).await;
        if outcome == Outcome::Succeeded {
            self.note_cost(&look).await?;
        }
        // First the changes that others wait for, then the notifications.
        Box::pin(self.give_back_place(&look)).await?;
        self.start_next(execution).await?;
        self.notify_of_end(&look).await?;
        Ok(look)
    }
}
