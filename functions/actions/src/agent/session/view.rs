//! A session as people see it: the conversation, the plan, and the files with their base versions.

use super::import::{Commit, Imported, groups, is_imported};
use super::kept::{Prefix, Said, SessionState, read_json};
use super::overlay::change_of;
use control::Directory;
use domain::ActionError;
use domain::plugins::FileContent;
use edits::{ChangedContent, Contents, PlanItem};
use jiff::Timestamp;
use records::{SessionHead, Table};
use std::collections::BTreeMap;

/// A session.
#[derive(Debug)]
pub struct SessionView {
    /// Where it is.
    pub head: SessionHead,
    /// The messages of its generations, in order.
    pub generations: Vec<Vec<Said>>,
    /// The plan.
    pub plan: Vec<PlanItem>,
    /// The files that it changed, by path.
    pub files: BTreeMap<String, FileView>,
}

/// A file that a session changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its text in the base commit; `None` if there was no file, it is not text, or the stored commit has expired.
    pub before: Option<String>,
    /// Its current text; `None` if it is deleted or not text.
    pub after: Option<String>,
    /// The path that its content was at before, if it was moved without being read.
    pub moved_from: Option<String>,
    /// Whether it has the executable bit now.
    pub is_executable: bool,
}

/// Reads a session; `None` if there is none.
///
/// # Errors
/// When the records do not answer or are damaged.
pub async fn view(table: &Table, id: &str, now: Timestamp) -> Result<Option<SessionView>, ActionError> {
    let Some(head) = table.session(id).await? else { return Ok(None) };
    let state: SessionState = read_json(&table.session_state(id).await?)?;
    let mut generations = Vec::new();
    for generation in 1..=head.generation {
        let messages = table.session_messages(id, generation).await?;
        generations.push(messages.iter().map(|json| read_json(json)).collect::<Result<_, _>>()?);
    }
    let overlay = table.session_files(&head).await?;
    let paths: Vec<&str> = overlay.keys().map(String::as_str).collect();
    let before = before(table, &head, &state, &paths, now).await?;
    let mut files = BTreeMap::new();
    for (path, file) in &overlay {
        let content = match &file.content {
            Some(stored) => Some(table.load(stored).await?),
            None => None,
        };
        let after = match change_of(file, content).content {
            Some(ChangedContent::Text(text)) => Some(text),
            Some(ChangedContent::Base64(_) | ChangedContent::Moved(_)) | None => None,
        };
        let before = before.get(path).cloned();
        let moved_from = file.moved.as_ref().map(|moved| moved.from.clone());
        files.insert(path.clone(), FileView { before, after, moved_from, is_executable: file.executable });
    }
    Ok(Some(SessionView { head, generations, plan: state.workspace.plan, files }))
}

/// The texts of these files in the base commit, as far as they are stored.
async fn before(
    table: &Table,
    head: &SessionHead,
    state: &SessionState,
    paths: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<String, String>, ActionError> {
    let directory = Directory::read(table, now).await?;
    let project = directory.configuration().projects.iter().find(|project| project.key == head.project);
    let (Some(project), Some(commit)) = (project, &head.base) else { return Ok(BTreeMap::new()) };
    let commit = Commit { table, project, commit, now };
    let Some(tree) = commit.tree().await? else { return Ok(BTreeMap::new()) };
    let prefix: Prefix = read_json(&table.session_prefix(&head.id, head.generation).await?)?;
    let visible = edits::AgentPaths::new(&prefix.definition.paths)?;
    let kept = match &state.loaded {
        Some(loaded) => loaded.clone(),
        None => groups(tree.iter().filter(|entry| visible.contains(&entry.path) && is_imported(entry))),
    };
    let imported = Imported::new(commit, kept);
    let entries: Vec<_> = tree.iter().filter(|entry| paths.contains(&entry.path.as_str())).collect();
    let contents = match imported.read(&entries).await {
        Ok(contents) => contents,
        Err(_) if imported.has_expired() => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let texts = contents.into_iter().filter_map(|(path, content)| match content {
        FileContent::Text(text) => Some((path, text)),
        FileContent::Binary(_) => None,
    });
    Ok(texts.collect())
}
