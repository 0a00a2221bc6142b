//! What actions about a pull request have in common: which one is meant, and the part of the code host on which it is reviewed.

use crate::context::Context;
use domain::configuration::Project;
use domain::plugins::{ReviewedPullRequest, Reviews, VersionControl};
use domain::reference::Numbered;
use domain::{ActionError, BranchName, RepositoryName};

/// Finds the pull request that an input names: by `owner/name#7`, `group/project!7` or a link, or by its number in a repository.
///
/// # Errors
/// `Rejected` when neither is given, the text names none, or its repository is not configured.
pub(crate) fn named<'a>(
    context: &'a Context<'_>,
    reference: Option<&str>,
    repository: Option<&RepositoryName>,
    number: Option<u64>,
) -> Result<(&'a Project, u64), ActionError> {
    let scope = context.scope();
    let Some(typed) = reference else {
        let number = number.ok_or_else(|| {
            ActionError::rejected(format!(
                "no {} is named; give `pull_request`, or `number` and `repository`",
                scope.pull_request_name(&scope.project)
            ))
        })?;
        return Ok((scope.project_of(repository)?, number));
    };
    let found = scope.directory.canonical(typed).parse::<Numbered>();
    let Numbered { repository, number, .. } = found.map_err(|_| {
        let words = providers::pull_request_words(&scope.configuration, &scope.project);
        ActionError::rejected(format!(
            "`{}` is not a {}; accepted: `{}{}7` or a link to one",
            domain::stored::cut_inline(typed),
            words.name(),
            scope.project.repository,
            words.sign
        ))
    })?;
    Ok((scope.project_of(Some(&repository))?, number))
}

/// The part of a code host on which pull requests are reviewed.
///
/// # Errors
/// `Rejected` if the code host has none.
pub(crate) fn reviews<'a>(
    host: &'a dyn VersionControl,
    project: &Project,
) -> Result<&'a dyn Reviews, ActionError> {
    host.reviews().ok_or_else(|| {
        ActionError::rejected(format!(
            "Ticketsmith cannot read reviews from the code host of {}",
            project.repository
        ))
    })
}

/// The pull request of this number, if it is open and its changes are on this branch. People may have given it another target since it was
/// opened.
///
/// # Errors
/// `Rejected` if there is none of this number; the code host's errors.
pub(crate) async fn open_from(
    host: &dyn VersionControl,
    project: &Project,
    number: u64,
    branch: &BranchName,
) -> Result<Option<ReviewedPullRequest>, ActionError> {
    let found = reviews(host, project)?.read_pull_request(&project.repository, number).await?;
    let is_meant = found.is_open && !found.is_from_fork && found.source == branch.as_str();
    Ok(is_meant.then_some(found))
}
