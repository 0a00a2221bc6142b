//! The branch that a session works on if the one that is asked for has had its pull request.

use crate::context::Context;
use crate::done::NoOutput;
use domain::configuration::Project;
use domain::plugins::{RepositoryAccess, VersionControl};
use domain::{ActionError, BranchName, ErrorKind, Task};

/// So many branches of one ticket are told apart.
const MOST_BRANCHES: u32 = 100;

/// The branch for new work on a ticket. That is the one that is asked for, unless the newest pull request of the ticket came from it, or from
/// one named after it: then it is the pull request's own while that is open, and otherwise the first of `feature/SHOP-1`,
/// `feature/SHOP-1-2` and so on that does not exist. What people declined, or merged in a form of their own, is no part of new work.
///
/// # Errors
/// `Rejected` if all these branches exist; the errors of the code host and of the table.
pub(super) async fn branch_for(
    context: &Context<'_>,
    host: &dyn VersionControl,
    project: &Project,
    task: &Task,
    asked: &BranchName,
) -> Result<BranchName, NoOutput> {
    let (table, repository) = (context.table(), &project.repository);
    let task_id = context.scope().directory.canonical(&task.task_id);
    let opened = table.pull_request_of_task(repository, &task_id).await?;
    let Some(opened) = opened.filter(|opened| is_of(asked, &opened.branch)) else { return Ok(asked.clone()) };
    let is_closed = table.was_closed(repository, opened.number).await?
        || is_closed_there(context, project, opened.number).await?;
    if !is_closed {
        return Ok(opened.branch);
    }
    for number in 1..=MOST_BRANCHES {
        let branch = numbered(asked, number)?;
        if host.find_branch(repository, &branch).await?.is_none() {
            return Ok(branch);
        }
    }
    Err(ActionError::rejected(format!(
        "{repository} has the branch `{asked}` and those up to `{asked}-{MOST_BRANCHES}`; delete those that are merged or declined"
    ))
    .into())
}

/// Whether the code host says that a pull request was closed: the delivery about it may have been lost. One that it does not show is as it was
/// recorded.
async fn is_closed_there(context: &Context<'_>, project: &Project, number: u64) -> Result<bool, NoOutput> {
    let host = context.code_host(RepositoryAccess::ReadConversations).await?;
    let Some(reviews) = host.reviews() else { return Ok(false) };
    match reviews.read_pull_request(&project.repository, number).await {
        Ok(found) => Ok(!found.is_open),
        Err(error) if error.kind == ErrorKind::Rejected => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A branch, or the one of this number that is named after it.
fn numbered(asked: &BranchName, number: u32) -> Result<BranchName, ActionError> {
    if number < 2 {
        return Ok(asked.clone());
    }
    let name = format!("{asked}-{number}");
    name.parse().map_err(|error: domain::repository::InvalidName| ActionError::rejected(error.to_string()))
}

/// Whether a branch is the one that is asked for, or named after it.
fn is_of(asked: &BranchName, branch: &BranchName) -> bool {
    let more = branch.as_str().strip_prefix(asked.as_str());
    more.is_some_and(|more| {
        more.is_empty() || more.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_named_after_the_one_that_is_asked_for() {
        let asked: BranchName = "feature/SHOP-1".parse().unwrap();
        assert_eq!(numbered(&asked, 1).unwrap(), asked);
        assert_eq!(numbered(&asked, 2).unwrap().as_str(), "feature/SHOP-1-2");
        let is_of = |branch: &str| is_of(&asked, &branch.parse().unwrap());
        assert!(is_of("feature/SHOP-1") && is_of("feature/SHOP-1-2") && is_of("feature/SHOP-1-12"));
        assert!(!is_of("feature/SHOP-12") && !is_of("feature/SHOP-1-x") && !is_of("feature/SHOP"));
    }
}
