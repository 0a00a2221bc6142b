//! The record of a ticket that was worked on.

use crate::api::Shared;
use crate::caller::Caller;
use crate::problem::Problem;
use records::TaskRecord;

/// The record of the ticket with this name, as it was recorded or as people write it; `None` if it was never worked on. It says nothing about whether the
/// caller may see it.
///
/// # Errors
/// A problem if the records do not answer.
pub(crate) async fn task_record(
    api: &Shared,
    caller: &Caller,
    name: &str,
) -> Result<Option<TaskRecord>, Problem> {
    let directory = caller.directory();
    if directory.check_length(name).is_err() {
        return Ok(None);
    }
    // A record keeps the name that its ticket had when it was worked on, even if the configuration writes it differently by now.
    if let Some(record) = api.table.task(name).await? {
        return Ok(Some(record));
    }
    Ok(api.table.task(&directory.canonical(name)).await?)
}
