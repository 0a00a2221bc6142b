//! The beginning of a session: the ticket, the repository's instructions for agents, and the repository itself.

use super::attachments::attached;
use super::branching::branch_for;
use super::continuing::earlier;
use super::generation::{Files, Opening, definition, first_message, prefix};
use super::guides::read_guides;
use super::import::{Commit, MOST_IMPORTED, groups, ignore_files, is_imported};
use super::kept::{SessionState, to_json};
use super::linked::linked_at_beginning;
use super::listed::Linked;
use super::report::Report;
use super::shown_files::pictures;
use super::words::{first_words, take_in, words_taken};
use super::work::Session;
use crate::agent::files::Repository;
use crate::context::Context;
use crate::done::NoOutput;
use domain::plugins::{FileContent, RepositoryAccess, TreeEntry, TreeEntryKind, VersionControl};
use domain::text::{TextLimit, cut};
use domain::{ActionError, BranchName, CommitSha, MicroUsd, RepositoryName, Task};
use edits::{AgentPaths, ReviewSubject, shown_text};
use records::{Changed, SessionBounds, SessionChange, SessionHead, SessionPhase};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The repository's instructions for agents, the first file that exists.
const GUIDES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];
/// No more of it is shown, in bytes.
const MOST_OF_A_GUIDE: usize = 32 * 1024;
/// The most folders with their own guide.
const MOST_NESTED: usize = 50;
/// The most folders with a skill that are listed.
const MOST_SKILLS: usize = 100;
/// The most folders of a large repository that are listed.
const MOST_FOLDERS: usize = 400;

/// A session to open.
#[derive(Debug)]
pub struct NewSession {
    /// The agent's name.
    pub agent: String,
    /// The ticket.
    pub task: Option<Task>,
    /// The repository; the project's own where none is named.
    pub repository: Option<RepositoryName>,
    /// The branch to work on.
    pub branch: Option<BranchName>,
    /// Whether to work on another branch once the pull request from this one was closed or merged.
    pub new_branch: bool,
    /// Words of the workflow's author, which the agent keeps to.
    pub instructions: Option<String>,
    /// Data that it should know.
    pub context: Option<String>,
    /// Whether to continue the session that worked on the branch before, if there is one.
    pub continues: bool,
    /// The pull request under review, or whose threads are answered.
    pub review: Option<ReviewSubject>,
}

/// Opens the session of the step, unless it is open already: reads the repository, imports its text, and writes the first message. A
/// step that continues begins another round of the session that worked on the branch before.
///
/// # Errors
/// `Rejected` if there is no such agent, its definition is invalid, or the base branch does not exist or has no files; the errors of the
/// code host.
pub async fn open(context: &Context<'_>, mut new: NewSession) -> Result<Report, NoOutput> {
    let id = hex::encode(&Sha256::digest(context.key.as_bytes())[..16]);
    let table = context.table();
    if table.session(&id).await?.is_some() {
        return Ok(Report::of(&Session::read(context, &id).await?));
    }
    let earlier = match new.continues {
        true => earlier(context, &new.agent, new.repository.as_ref(), new.branch.as_ref()).await?,
        false => None,
    };
    if let Some(session) = earlier.as_ref().filter(|session| session.is_continued_here()) {
        return Ok(Report::of(session));
    }
    let task_id = new.task.as_ref().map(|task| task.task_id.clone());
    let agent = context.agent(None, task_id.as_deref()).await?;
    let host = match context.code_host(RepositoryAccess::ReadContents).await {
        Ok(host) => Some(host),
        Err(NoOutput::Skipped(_)) => None,
        Err(other) => return Err(other),
    };
    if let (true, Some(task), Some(host), Some(asked)) = (new.new_branch, &new.task, &host, &new.branch) {
        let project = context.scope().project_of(new.repository.as_ref())?;
        new.branch = Some(branch_for(context, &**host, project, task, asked).await?);
    }
    let definition = definition(context, &new.agent).await?;
    let paths = AgentPaths::new(&definition.paths)?;
    let mut opening = Opening {
        task: new.task.clone(),
        instructions: new.instructions.clone(),
        context: new.context.clone(),
        review: new.review.clone(),
        ..Opening::default()
    };
    let mut state = SessionState::default();
    let (mut repository, mut base) = (None, None);
    if let Some(host) = &host {
        let (name, commit) = import(context, &**host, &new, &paths, &mut opening, &mut state).await?;
        let review = new.review.as_ref();
        opening.pull_request = review.map(|subject| host.pull_request_reference(&name, subject.number));
        (repository, base) = (Some(name), Some(commit));
    }
    let prefix = prefix(context, &agent, &opening, definition, None).await?;
    let model = context.model_named(&prefix.model).await?;
    let session = earlier.as_ref().map_or(id.as_str(), |session| &session.head.id);
    let linked = match opening.words_with_links() {
        Some(words) => {
            let task_id = opening.task.as_ref().map(|task| task.task_id.as_str());
            Box::pin(linked_at_beginning(context, words, task_id, opening.pull_request.as_deref())).await?
        }
        None => Linked::default(),
    };
    opening.attachments = Box::pin(attached(context, opening.task.as_ref(), linked, &model, session)).await?;
    state.note_model(&model);
    if let Some(session) = earlier {
        return Ok(session.begin_round(&prefix, &opening, state, repository.zip(base)).await?);
    }
    let (scope, now) = (context.scope(), context.clock().now());
    let head = SessionHead {
        id: id.clone(),
        version: 1,
        run: scope.run.clone(),
        project: scope.project.key.clone(),
        agent: new.agent,
        task_id: agent.task_id().map(str::to_owned),
        repository,
        branch: new.branch,
        base,
        phase: SessionPhase::Think,
        generation: 1,
        messages: 1,
        turn: 0,
        bounds: SessionBounds {
            turns: prefix.definition.max_turns,
            minutes: prefix.definition.max_minutes,
            usd: prefix.definition.max_usd,
        },
        executions: vec![scope.execution.clone()],
        spent: MicroUsd::ZERO,
        worked_ms: 0,
        usage: None,
        round: None,
        plan_done: 0,
        plan_items: 0,
        opened_at: now,
        changed_at: now,
    };
    let shown = Box::pin(pictures(context, &opening.attachments, state.takes_pictures)).await?;
    let mut first = first_message(&opening, &state, shown);
    let words = first_words(context, &id, head.task_id.as_deref(), &opening.known(), &mut state).await?;
    if let Some(words) = &words {
        take_in(context, &id, words, &mut state, &mut first).await?;
    }
    let change = SessionChange {
        prefix: Some(to_json(&prefix)?),
        messages: vec![to_json(&first)?],
        state: Some(to_json(&state)?),
        words,
        ..SessionChange::default()
    };
    let link = (scope.execution.as_str(), scope.state.as_str());
    match table.open_session(&head, &to_json(&opening)?, change, link).await? {
        Changed::Yes => {}
        Changed::Overtaken => tracing::info!(session = id, "another invocation opened the session"),
        Changed::WordsTaken => return Err(words_taken(&id).into()),
    }
    Ok(Report::of(&Session::read(context, &id).await?))
}

/// Reads the repository, and keeps what tools need of it.
async fn import(
    context: &Context<'_>,
    host: &dyn VersionControl,
    new: &NewSession,
    paths: &AgentPaths,
    opening: &mut Opening,
    state: &mut SessionState,
) -> Result<(RepositoryName, CommitSha), NoOutput> {
    let project = context.scope().project_of(new.repository.as_ref())?;
    // A named branch is a working branch.
    let reviewed = new.review.as_ref().filter(|_| new.branch.is_none());
    let Repository { commit, tree, .. } = match reviewed {
        Some(subject) => Repository::at(context, host, project, subject.head.clone()).await?,
        None => Repository::open(context, host, project, new.branch.as_ref()).await?,
    };
    if !tree.iter().any(|entry| entry.kind != TreeEntryKind::Folder) {
        return Err(ActionError::rejected(format!(
            "the repository {} is empty: there are no files on the branch `{}`; push a first commit, and start again",
            project.repository,
            new.branch.as_ref().unwrap_or(&project.base_branch)
        ))
        .into());
    }
    let of = Commit::new(context, project, &commit);
    let visible = || tree.iter().filter(|entry| paths.contains(&entry.path));
    let texts: Vec<&TreeEntry> = visible().filter(|entry| is_imported(entry)).collect();
    let bytes: u64 = texts.iter().filter_map(|entry| entry.size).sum();
    of.import(host, &[ignore_files(&tree)]).await?;
    if bytes <= MOST_IMPORTED {
        of.import(host, &groups(texts)).await?;
        opening.files = Files::Whole;
    } else {
        opening.files = Files::Partial;
        opening.folders = Some(folders(visible()));
        state.loaded = Some(Vec::new());
    }
    opening.repository = Some(project.repository.to_string());
    opening.branch = Some(match reviewed {
        Some(subject) => subject.source.clone(),
        None => new.branch.as_ref().unwrap_or(&project.base_branch).to_string(),
    });
    opening.commit = Some(commit.to_string());
    // From the base branch: people who may push to a working branch must not instruct agents.
    let (repository, base_branch) = (&project.repository, project.base_branch.as_str());
    let guides = GUIDES.map(str::to_owned);
    let contents = read_guides(host, repository, base_branch, &guides).await?;
    let found = guides.into_iter().zip(contents);
    opening.guide = found.filter_map(|(path, content)| guide(path, content?)).next();
    let nested: Vec<(String, String)> = nested_guides(visible()).into_iter().take(MOST_NESTED).collect();
    let names: Vec<String> = nested.iter().map(|(_, path)| path.clone()).collect();
    if !names.is_empty() {
        let contents = read_guides(host, repository, base_branch, &names).await?;
        let found = nested.into_iter().zip(contents);
        opening.nested = found
            .filter_map(|((folder, path), content)| {
                guide(path, content?).map(|(path, text)| (folder, path, text))
            })
            .collect();
    }
    let skills: Vec<String> = visible()
        .filter(|entry| entry.path == "SKILL.md" || entry.path.ends_with("/SKILL.md"))
        .map(|entry| entry.path.clone())
        .take(MOST_SKILLS)
        .collect();
    if !skills.is_empty() {
        // They are read from this commit, which anybody may have made, so only those are listed that the base branch has as well.
        let here = host.read_files(&project.repository, commit.as_str(), &skills).await?;
        let base = host.read_files(&project.repository, project.base_branch.as_str(), &skills).await?;
        let read = skills.into_iter().zip(here.into_iter().zip(base));
        // What is no file in either, such as a folder with such a name, is no skill.
        let is_known =
            |here: &Option<FileContent>, base: &Option<FileContent>| here.is_some() && here == base;
        opening.skills =
            read.filter(|(_, (here, base))| is_known(here, base)).map(|(path, _)| path).collect();
    }
    Ok((project.repository.clone(), commit))
}

/// A guide as it is shown, if it is text.
fn guide(path: String, content: FileContent) -> Option<(String, String)> {
    let text = cut(shown_text(&content).ok()?, TextLimit::bytes(MOST_OF_A_GUIDE), "\n… (cut)");
    Some((path, text))
}

/// The folders below the root with their own guide, each with the path of the guide that applies.
fn nested_guides<'a>(entries: impl Iterator<Item = &'a TreeEntry>) -> BTreeMap<String, String> {
    let mut guides = BTreeMap::<String, String>::new();
    for entry in entries {
        let Some((folder, name)) = entry.path.rsplit_once('/') else { continue };
        let known = guides.get(folder).is_some_and(|path| path.ends_with(GUIDES[0]));
        if GUIDES.contains(&name) && !known {
            guides.insert(folder.to_owned(), entry.path.clone());
        }
    }
    guides
}

/// Two levels of a tree: how many files each folder has, and how large they are.
fn folders<'a>(entries: impl Iterator<Item = &'a TreeEntry>) -> String {
    let mut folders = BTreeMap::<String, (usize, u64)>::new();
    for entry in entries.filter(|entry| entry.kind != TreeEntryKind::Folder) {
        let mut parts: Vec<&str> = entry.path.split('/').collect();
        parts.pop();
        parts.truncate(2);
        let (files, bytes) = folders.entry(format!("{}/", parts.join("/"))).or_default();
        *files += 1;
        *bytes = bytes.saturating_add(entry.size.unwrap_or_default());
    }
    let more = folders.len().saturating_sub(MOST_FOLDERS);
    let mut text: String = folders
        .iter()
        .take(MOST_FOLDERS)
        .map(|(folder, (files, bytes))| format!("{folder} ({files} files, {bytes} bytes)\n"))
        .collect();
    if more > 0 {
        text.push_str(&format!("… ({more} more folders)\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_guide_and_the_first_name_counts() {
        let file =
            |path: &str| TreeEntry { path: path.into(), kind: TreeEntryKind::File, size: Some(5), id: None };
        let entries = ["AGENTS.md", "a/AGENTS.md", "a/CLAUDE.md", "b/CLAUDE.md", "c/MYAGENTS.md"].map(file);
        let guides: Vec<_> = nested_guides(entries.iter()).into_iter().collect();
        let expected = [("a", "a/AGENTS.md"), ("b", "b/CLAUDE.md")];
        assert_eq!(guides, expected.map(|(folder, path)| (folder.to_owned(), path.to_owned())));
    }

    #[test]
    fn folders_are_listed_two_levels_deep() {
        let file =
            |path: &str| TreeEntry { path: path.into(), kind: TreeEntryKind::File, size: Some(5), id: None };
        let entries = [file("README.md"), file("a/x.py"), file("a/b/y.py"), file("a/b/c/z.py")];
        let text = folders(entries.iter());
        assert_eq!(text, "/ (1 files, 5 bytes)\na/ (1 files, 5 bytes)\na/b/ (2 files, 10 bytes)\n");
    }
}
