//! Which of the votes that people gave still count.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation, authorize_with};
use crate::link;
use domain::Actor;
use domain::configuration::Configuration;
use records::{RecordsError, Table, Vote, Waiter};

/// Leaves an open question only the votes that count now, for whoever shows it: not those of people who were removed or lost the role since.
/// Those of a decided question stay, because they decided it.
///
/// # Errors
/// [`RecordsError`] when the table does not answer.
pub async fn keep_votes_that_count(
    table: &Table,
    configuration: &Configuration,
    waiter: &mut Waiter,
) -> Result<(), RecordsError> {
    if waiter.votes.is_empty() || waiter.answer.is_some() || waiter.over.is_some() {
        return Ok(());
    }
    let execution = table.execution(&waiter.execution).await?;
    let project = execution.as_ref().and_then(|execution| execution.project.as_deref());
    let project = project.and_then(|key| configuration.project(key));
    let not_by = link::not_by(table, configuration, waiter).await?;
    let Waiter { votes, approvers, question, .. } = waiter;
    let question = question.as_deref().unwrap_or_default();
    let operation = Operation::Answer { project, question, approvers, not_by: not_by.as_deref() };
    votes.retain(|vote| counts(configuration, &operation, vote));
    Ok(())
}

/// Whether somebody who said yes may still answer. A person who was removed since, or lost the role, does not count.
pub(crate) fn counts(configuration: &Configuration, operation: &Operation<'_>, vote: &Vote) -> bool {
    let (source, person) = (vote.via.clone(), Some(vote.by.clone()));
    let voter = Actor { source, id: String::new(), display_name: None, person };
    authorize_with(configuration, operation, Some(&voter), &Authority::Roles) == Authorization::Allowed
}
