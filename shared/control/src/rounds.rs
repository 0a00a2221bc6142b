//! A limit on the revisions of a ticket's pull request: two programs that answer each other would otherwise continue until the ticket's money
//! is spent.

use crate::control::Control;
use crate::plan::StartRequest;
use domain::EventName;
use domain::configuration::Configuration;
use jiff::SignedDuration;
use records::{ExecutionRecord, LIST_LIMIT, RecordsError};

/// Revisions that began within this time are counted together.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Control {
    /// Why a revision does not begin, for the person who asks: the maximum in `budgets` began on its ticket within a day. `None` for
    /// everything else, and for a delivery that began one.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn too_many_rounds(
        &self,
        configuration: &Configuration,
        request: &StartRequest,
    ) -> Result<Option<String>, RecordsError> {
        let Some(task_id) = request.task_id.as_deref() else { return Ok(None) };
        if request.trigger != EventName::REVISION_REQUESTED
            || self.table.delivery(&request.trigger.source(), &request.delivery).await?.is_some()
        {
            return Ok(None);
        }
        let since = self.clock.now() - DAY;
        let executions = self.table.executions_of_task(task_id, None, LIST_LIMIT).await?;
        let counts = |execution: &&ExecutionRecord| {
            execution.trigger == EventName::REVISION_REQUESTED && execution.begun_at > since
        };
        let begun = executions.iter().filter(counts).count();
        let most = configuration.budgets.revisions_per_task_day;
        Ok((u32::try_from(begun).unwrap_or(u32::MAX) >= most).then(|| {
            format!(
                "{begun} revisions of {task_id} began within 24 hours, and at most {most} are allowed; ask again later, or raise \
                 `revisions_per_task_day` under `budgets`"
            )
        }))
    }
}
