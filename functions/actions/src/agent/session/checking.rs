//! The agent's report of the project's own checks, run on the files as it changed them.

use super::import::Commit;
use super::overlay::FileChanges;
use super::report::Report;
use super::tools::said_with;
use super::work::Session;
use crate::agent::checks::{ChecksResult, check};
use crate::context::Context;
use crate::done::NoOutput;
use domain::plugins::RepositoryAccess;
use domain::{ActionError, ErrorKind};
use edits::FileEdit;
use records::SessionPhase;

/// Runs the checks that the agent asked for, and passes it the results. A session that does not (or no longer) ask is left alone.
///
/// # Errors
/// `Rejected` if there is no such session; the errors of the code host and of the records.
pub async fn run_checks(
    context: &Context<'_>,
    session: &str,
) -> Result<(Report, Option<ChecksResult>), NoOutput> {
    let mut session = Session::read(context, session).await?;
    if session.head.phase != SessionPhase::Check {
        return Ok((Report::of(&session), None));
    }
    let host = context.code_host(RepositoryAccess::ReadContents).await?;
    let project = context.scope().project_of(session.head.repository.as_ref())?;
    let commit = session.base().cloned().ok_or_else(|| {
        ActionError::internal(format!("the session `{}` runs checks, but has no repository", session.head.id))
    })?;
    let edits: Vec<FileEdit> =
        session.state.workspace.changes.iter().map(|(path, change)| FileEdit::of(path, change)).collect();
    let name = session.state.check.take();
    let of = Commit::new(context, project, &commit);
    let checked = match check(context, &*host, of, &edits, name.as_deref()).await {
        Ok(checked) => Ok(checked),
        // A retry would give the same result, so the agent continues without.
        Err(error) if error.kind == ErrorKind::Rejected => Err(error),
        Err(error) => return Err(error.into()),
    };
    let (text, is_error) = match &checked {
        Ok(checked) => (checked.for_agent(), false),
        Err(error) => (format!("The checks could not be run: {}", error.message), true),
    };
    session.head.phase = SessionPhase::Think;
    let message = said_with(&mut session.state, &text, is_error);
    let session = session.record(vec![message], None, FileChanges::default()).await?;
    Ok((Report::of(&session), checked.ok()))
}
