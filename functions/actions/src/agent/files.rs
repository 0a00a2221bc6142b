//! Which files of a repository a model sees: those an earlier step named, else all of a small repository, else those it chooses.

use super::fence::{fence, fence_file};
use super::{AgentExecution, Question, authored, template_values};
use crate::context::Context;
use domain::configuration::{InstanceName, Project};
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind, VersionControl};
use domain::{ActionError, BranchName, CommitSha, PluginType, Task};
use edits::{
    Edit, IgnoredPaths, Operation, Text, Unshown, is_named_as_binary, shown_text, without_needless_ids,
};
use jiff::Timestamp;
use minijinja::Value;
use minijinja::value::Serde;
use records::{ReadingOf, Table};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A repository with at most this much text, in bytes, is shown whole.
const WHOLE: u64 = 100 * 1024;
/// No more text than this is shown, in bytes.
const MOST_TEXT: u64 = 400 * 1024;
/// No more than this of the list of paths is shown, in bytes.
const MOST_PATHS: usize = 64 * 1024;
/// How many files a model may choose.
const MOST_CHOSEN: usize = 30;

/// A repository at one commit, to be read only.
pub struct Repository<'a> {
    table: &'a Table,
    now: Timestamp,
    host: &'a dyn VersionControl,
    project: &'a Project,
    /// The commit to read.
    pub commit: CommitSha,
    /// Every entry of its tree.
    pub tree: Vec<TreeEntry>,
}

/// What a model sees of a repository's files.
#[derive(Debug, Default)]
pub struct Selection {
    /// The contents of the files that it is shown, each in the file's own form.
    pub files: BTreeMap<String, String>,
    /// Why files are not shown, if there is a reason, and the content of those that were read.
    pub unshown: BTreeMap<String, (Unshown, Option<FileContent>)>,
}

/// The reply when a model chooses files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Paths from the list, the most important first.
    paths: Vec<String>,
}

/// Why there is no base branch to start from: most repositories have another default branch than the project expects.
async fn no_base_branch(host: &dyn VersionControl, project: &Project) -> Result<ActionError, ActionError> {
    let (repository, base) = (&project.repository, &project.base_branch);
    let branch = host.repository_info(repository).await?.default_branch;
    let what = match branch == *base {
        true => "it is empty and needs a first commit".to_owned(),
        false => {
            format!(
                "its default branch is `{branch}`: set `base_branch` of the project {} to it",
                project.key
            )
        }
    };
    Ok(ActionError::rejected(format!("{repository} has no branch `{base}`, the base branch; {what}")))
}

impl<'a> Repository<'a> {
    /// Opens a project's repository at the head of `branch`, or of the base branch if `branch` does not exist yet.
    ///
    /// # Errors
    /// `Rejected` when the base branch does not exist; the code host's errors.
    pub async fn open(
        context: &'a Context<'_>,
        host: &'a dyn VersionControl,
        project: &'a Project,
        branch: Option<&BranchName>,
    ) -> Result<Self, ActionError> {
        let repository = &project.repository;
        let mut commit = match branch {
            Some(branch) => host.find_branch(repository, branch).await?,
            None => None,
        };
        if commit.is_none() {
            commit = host.find_branch(repository, &project.base_branch).await?;
        }
        match commit {
            Some(commit) => Self::at(context, host, project, commit).await,
            None => Err(no_base_branch(host, project).await?),
        }
    }

    /// Opens a project's repository at a commit.
    ///
    /// # Errors
    /// Those of the code host.
    pub async fn at(
        context: &'a Context<'_>,
        host: &'a dyn VersionControl,
        project: &'a Project,
        commit: CommitSha,
    ) -> Result<Self, ActionError> {
        let (table, now) = (context.table(), context.clock().now());
        let mut opened = Self { table, now, host, project, commit, tree: Vec::new() };
        let read = async || {
            // A session reads the same.
            let tree = host.tree(&project.repository, opened.commit.as_str()).await?;
            Ok::<_, ActionError>(without_needless_ids(tree))
        };
        opened.tree = opened.once(&[], read).await?;
        Ok(opened)
    }

    /// Data read from the commit, once for every step and run: the files at these paths, or its tree.
    async fn once<T, F>(&self, paths: &[String], read: F) -> Result<T, ActionError>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce() -> Result<T, ActionError>,
    {
        let instance = self.project.providers.get(&PluginType::VersionControl);
        let of = ReadingOf {
            instance: instance.map_or("", InstanceName::as_str),
            repository: self.project.repository.as_str(),
            commit: self.commit.as_str(),
            paths,
        };
        if let Some(known) = self.table.reading(of).await? {
            return Ok(known);
        }
        let value = read().await?;
        self.table.keep_reading(of, &value, self.now).await?;
        Ok(value)
    }

    /// The files an agent sees, with their contents. `wanted` are those that earlier steps named.
    ///
    /// # Errors
    /// Those of the code host and of the model.
    pub async fn select(
        &self,
        agent: &AgentExecution,
        task: &Task,
        wanted: &[String],
    ) -> Result<Selection, ActionError> {
        let mut selection = Selection { files: BTreeMap::new(), unshown: self.unreadable() };
        let texts: Vec<&TreeEntry> = self.tree.iter().filter(|entry| is_text(entry)).collect();
        let all: u64 = texts.iter().filter_map(|entry| entry.size).sum();
        let sizes: BTreeMap<&str, u64> =
            texts.iter().map(|entry| (entry.path.as_str(), entry.size.unwrap_or_default())).collect();
        let present = |paths: &[String]| -> Vec<String> {
            let mut seen = BTreeSet::new();
            paths
                .iter()
                .filter(|path| sizes.contains_key(path.as_str()) && seen.insert(*path))
                .cloned()
                .collect()
        };
        let named = present(wanted);
        let paths = if all <= WHOLE {
            texts.iter().map(|entry| entry.path.clone()).collect()
        } else if named.is_empty() {
            present(&self.choose(agent, task, &selection).await?)
        } else {
            named
        };
        let mut room = MOST_TEXT;
        let (fitting, others): (Vec<String>, Vec<String>) = paths.into_iter().partition(|path| {
            let size = sizes.get(path.as_str()).copied().unwrap_or_default();
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        });
        selection.unshown.extend(others.into_iter().map(|path| (path, (Unshown::TooLarge, None))));
        for (path, content) in self.read(&fitting).await? {
            match shown_text(&content) {
                Ok(text) => drop(selection.files.insert(path, text.to_owned())),
                Err(reason) => drop(selection.unshown.insert(path, (reason, Some(content)))),
            }
        }
        Ok(selection)
    }

    /// Reads what these edits need to be applied and the model was not shown: the binary files that they delete, which are added to
    /// the selection, and the repository's ignore rules if they create files.
    ///
    /// # Errors
    /// Those of the code host.
    pub async fn read_for(
        &self,
        edits: &[Edit],
        selection: &mut Selection,
    ) -> Result<IgnoredPaths, ActionError> {
        let of = |operation| {
            edits.iter().filter(move |edit| edit.operation == operation).map(|edit| edit.path.as_str())
        };
        let is_present = |path: &String| self.tree.iter().any(|entry| entry.path == *path);
        let rules: Vec<String> =
            IgnoredPaths::files(of(Operation::Create)).into_iter().filter(is_present).collect();
        let deleted = of(Operation::Delete).filter(
            |path| matches!(selection.unshown.get(*path), Some((reason, None)) if reason.may_be_removed()),
        );
        let wanted: Vec<String> = rules.iter().cloned().chain(deleted.map(str::to_owned)).collect();
        let (rules, deleted): (Vec<_>, Vec<_>) =
            self.read(&wanted).await?.into_iter().partition(|(path, _)| rules.contains(path));
        for (path, content) in deleted {
            if let Some((_, read)) = selection.unshown.get_mut(&path) {
                *read = Some(content);
            }
        }
        let texts =
            rules.iter().filter_map(|(path, content)| Some((path.as_str(), shown_text(content).ok()?)));
        Ok(IgnoredPaths::read(texts))
    }

    /// The contents of those files that exist.
    async fn read(&self, paths: &[String]) -> Result<Vec<(String, FileContent)>, ActionError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let (repository, commit) = (&self.project.repository, self.commit.as_str());
        let contents =
            self.once(paths, async || self.host.read_files(repository, commit, paths).await).await?;
        let found = paths.iter().zip(contents);
        Ok(found.filter_map(|(path, content)| Some((path.clone(), content?))).collect())
    }

    /// The files that are not shown, as far as the tree reveals.
    fn unreadable(&self) -> BTreeMap<String, (Unshown, Option<FileContent>)> {
        let reason = |entry: &TreeEntry| match entry.size {
            _ if !is_text(entry) => Some(Unshown::Binary),
            Some(size) if size > MOST_TEXT => Some(Unshown::TooLarge),
            _ => None,
        };
        let files = self.tree.iter().filter(|entry| is_file(entry));
        files.filter_map(|entry| Some((entry.path.clone(), (reason(entry)?, None)))).collect()
    }

    async fn choose(
        &self,
        agent: &AgentExecution,
        task: &Task,
        selection: &Selection,
    ) -> Result<Vec<String>, ActionError> {
        let values = template_values([
            ("task", Value::from(Serde(task))),
            ("paths", Value::from(self.listing(selection))),
            ("most", Value::from(MOST_CHOSEN)),
        ]);
        let text = agent.render(None, "prompts/file_selection.md", &values)?;
        let choice: Choice =
            agent.ask(Question { material: None, text, max_output_tokens: Some(4_000) }).await?;
        Ok(choice.paths.into_iter().take(MOST_CHOSEN).collect())
    }

    /// Every file's path, size and, if it is not shown, the reason, one per line.
    fn listing(&self, selection: &Selection) -> String {
        let mut lines = String::new();
        for entry in self.tree.iter().filter(|entry| entry.kind != TreeEntryKind::Folder) {
            let size = entry.size.unwrap_or_default();
            let line = match (entry.kind, selection.unshown.get(&entry.path)) {
                (TreeEntryKind::SymbolicLink, _) => format!("{} (a symbolic link)\n", entry.path),
                (TreeEntryKind::Submodule, _) => format!("{} (another repository)\n", entry.path),
                (_, Some((reason, _))) => format!("{} ({size}, not shown: {reason})\n", entry.path),
                (_, None) => format!("{} ({size})\n", entry.path),
            };
            if lines.len() + line.len() > MOST_PATHS {
                lines.push_str("… (further files are not listed)\n");
                break;
            }
            lines.push_str(&line);
        }
        lines
    }

    /// The variables of a template about a ticket and this repository: those that each of them has, and `more`.
    pub fn template_values<const COUNT: usize>(
        &self,
        task: &Task,
        branch: Option<&BranchName>,
        instructions: Option<&str>,
        more: [(&'static str, Value); COUNT],
    ) -> Value {
        let common = [
            ("task", Value::from(Serde(task))),
            ("repository", Value::from(self.project.repository.as_str())),
            ("branch", Value::from(branch.unwrap_or(&self.project.base_branch).as_str())),
            ("instructions", authored(instructions)),
        ];
        template_values(common.into_iter().chain(more))
    }

    /// The repository as a model is shown it: every path, and the contents of the chosen files.
    pub fn material(&self, selection: &Selection) -> String {
        let mut text = format!(
            "The repository at commit {}. Its files, with their sizes in bytes:\n\n{}\n\nThe present contents of {} of them:\n\n",
            self.commit,
            fence(&self.listing(selection)),
            selection.files.len()
        );
        for (path, content) in &selection.files {
            text.push_str(&fence_file(path, Text::read(content).as_str()));
            text.push('\n');
        }
        text
    }
}

fn is_file(entry: &TreeEntry) -> bool {
    matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::ExecutableFile)
}

/// Whether a file may be text, judged by its name; [`shown_text`] decides when it is read.
pub(super) fn is_text(entry: &TreeEntry) -> bool {
    is_file(entry) && !is_named_as_binary(&entry.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_text_is_not_read() {
        let entry = |path: &str, kind| TreeEntry { path: path.into(), kind, size: Some(1), id: None };
        assert!(is_text(&entry("src/main.py", TreeEntryKind::File)));
        assert!(is_text(&entry("Makefile", TreeEntryKind::ExecutableFile)));
        assert!(!is_text(&entry("logo.PNG", TreeEntryKind::File)));
        assert!(!is_text(&entry("src", TreeEntryKind::Folder)));
        assert!(!is_text(&entry("link", TreeEntryKind::SymbolicLink)));
    }
}
