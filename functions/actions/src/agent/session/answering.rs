//! What a session waits for: a person's answer, or files from the repository.

use super::import::{Commit, groups, ignore_files};
use super::overlay::FileChanges;
use super::report::Report;
use super::tools::said_with;
use super::work::Session;
use crate::context::Context;
use crate::done::NoOutput;
use domain::ActionError;
use domain::plugins::RepositoryAccess;
use edits::AgentPaths;
use records::SessionPhase;
use std::collections::BTreeSet;

/// Passes a person's answer to the agent. A session that does not (or no longer) ask is left alone.
///
/// # Errors
/// `Rejected` if there is no such session; the errors of the records.
pub async fn answer(
    context: &Context<'_>,
    session: &str,
    answer: &str,
    by: Option<&str>,
) -> Result<Report, ActionError> {
    let mut session = Session::read(context, session).await?;
    if session.head.phase != SessionPhase::Ask {
        return Ok(Report::of(&session));
    }
    let who = by.unwrap_or("A person");
    let text = format!("{who} answered: {answer}");
    let question = session.state.question.take().map(|question| question.text).unwrap_or_default();
    session.state.decisions.push(format!("{question}\n{text}"));
    (session.state.nudges, session.state.cut_off) = (0, 0);
    session.state.repetition.forget();
    session.head.phase = SessionPhase::Think;
    let message = said_with(&mut session.state, &text, false);
    let session = session.record_with_words(message, None, FileChanges::default()).await?;
    Ok(Report::of(&session))
}

/// Loads the files that the agent asked for, once more those that have expired since they were imported, or those that people linked in what
/// they said meanwhile.
///
/// # Errors
/// `Rejected` if there is no such session; the errors of the code host and of the records.
pub async fn load_paths(context: &Context<'_>, session: &str) -> Result<Report, NoOutput> {
    let mut session = Session::read(context, session).await?;
    if session.head.phase != SessionPhase::Load {
        return Ok(Report::of(&session));
    }
    if session.state.words_link {
        return session.load_linked().await;
    }
    let host = context.code_host(RepositoryAccess::ReadContents).await?;
    let project = context.scope().project_of(session.head.repository.as_ref())?;
    let commit = session.base().cloned().ok_or_else(|| {
        ActionError::internal(format!("the session `{}` loads files, but has no repository", session.head.id))
    })?;
    let of = Commit::new(context, project, &commit);
    let tree = of.fetch_tree(&*host).await?;
    if session.state.expired {
        let paths = AgentPaths::new(&session.prefix().await?.definition.paths)?;
        of.import(&*host, &[ignore_files(&tree)]).await?;
        of.import(&*host, &session.imported_groups(&tree, &paths)).await?;
        session.state.expired = false;
        session.head.phase = SessionPhase::Tools;
        let session = session.record(Vec::new(), None, FileChanges::default()).await?;
        return Ok(Report::of(&session));
    }
    let wanted: BTreeSet<String> = std::mem::take(&mut session.state.wanted).into_iter().collect();
    let loaded = groups(tree.iter().filter(|entry| wanted.contains(&entry.path)));
    of.import(&*host, &loaded).await?;
    if std::mem::take(&mut session.state.runs_again) {
        session.state.others.extend(loaded);
        session.head.phase = SessionPhase::Tools;
        let session = session.record(Vec::new(), None, FileChanges::default()).await?;
        return Ok(Report::of(&session));
    }
    let count: usize = loaded.iter().map(Vec::len).sum();
    session.head.phase = SessionPhase::Think;
    let text = match &mut session.state.loaded {
        Some(earlier) => {
            earlier.extend(loaded);
            format!("{count} files are loaded.")
        }
        // A version before ended the turn with the call that needed the file.
        None => {
            session.state.others.extend(loaded);
            "The file is loaded now: make this call again.".to_owned()
        }
    };
    let message = said_with(&mut session.state, &text, false);
    let session = session.record_with_words(message, None, FileChanges::default()).await?;
    Ok(Report::of(&session))
}
