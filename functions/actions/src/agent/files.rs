//! Which files of a repository a model sees: those an earlier step named, else all of a small repository, else those it chooses.

use super::fence::{fence, fence_file};
use super::{AgentExecution, Question, template_values};
use domain::configuration::Project;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind, VersionControl};
use domain::{ActionError, BranchName, CommitSha, Task};
use minijinja::Value;
use minijinja::value::Serde;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A repository whose text is no larger than this is shown whole, in bytes.
const WHOLE: u64 = 100 * 1024;
/// No more text than this is shown, in bytes.
const MOST_TEXT: u64 = 400 * 1024;
/// No more than this of the list of paths is shown, in bytes.
const MOST_PATHS: usize = 64 * 1024;
/// How many files a model may choose.
const MOST_CHOSEN: usize = 30;

/// A repository at one commit, to be read only.
pub struct Repository<'a> {
    host: &'a dyn VersionControl,
    project: &'a Project,
    /// The commit that is read.
    pub commit: CommitSha,
    /// Every entry of its tree.
    pub tree: Vec<TreeEntry>,
}

/// The reply when a model chooses files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Paths from the list, the most important first.
    paths: Vec<String>,
}

impl<'a> Repository<'a> {
    /// Opens a project's repository at the head of `branch`, or of the base branch where there is no such branch yet.
    ///
    /// # Errors
    /// `Rejected` when the base branch does not exist; the code host's errors.
    pub async fn open(
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
        let commit = commit.ok_or_else(|| {
            ActionError::rejected(format!(
                "{repository} has no branch `{}`, the base branch",
                project.base_branch
            ))
        })?;
        let tree = host.tree(repository, commit.as_str()).await?;
        Ok(Self { host, project, commit, tree })
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
    ) -> Result<BTreeMap<String, String>, ActionError> {
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
            present(&self.choose(agent, task).await?)
        } else {
            named
        };
        let mut room = MOST_TEXT;
        let fitting: Vec<String> = paths
            .into_iter()
            .filter(|path| {
                let size = sizes.get(path.as_str()).copied().unwrap_or_default();
                let fits = size <= room;
                room -= if fits { size } else { 0 };
                fits
            })
            .collect();
        let contents = self.host.read_files(&self.project.repository, self.commit.as_str(), &fitting).await?;
        Ok(fitting
            .into_iter()
            .zip(contents)
            .filter_map(|(path, content)| match content {
                Some(FileContent::Text(text)) => Some((path, text)),
                Some(FileContent::Binary(_)) | None => None,
            })
            .collect())
    }

    async fn choose(&self, agent: &AgentExecution, task: &Task) -> Result<Vec<String>, ActionError> {
        let values = template_values([
            ("task", Value::from(Serde(task))),
            ("paths", Value::from(self.listing())),
            ("most", Value::from(MOST_CHOSEN)),
        ]);
        let text = agent.render(None, "prompts/file_selection.md", &values)?;
        let choice: Choice =
            agent.ask(Question { material: None, text, max_output_tokens: Some(4_000) }).await?;
        Ok(choice.paths.into_iter().take(MOST_CHOSEN).collect())
    }

    /// Every file's path and size, one a line.
    fn listing(&self) -> String {
        let mut lines = String::new();
        for entry in self.tree.iter().filter(|entry| is_file(entry)) {
            let line = format!("{} ({})\n", entry.path, entry.size.unwrap_or_default());
            if lines.len() + line.len() > MOST_PATHS {
                lines.push_str("… (further files are not listed)\n");
                break;
            }
            lines.push_str(&line);
        }
        lines
    }

    /// The repository as a model is shown it: every path, and the contents of the chosen files.
    pub fn material(&self, files: &BTreeMap<String, String>) -> String {
        let mut text = format!(
            "The repository at commit {}. Its files, with their sizes in bytes:\n\n{}\n\nThe present contents of {} of them:\n\n",
            self.commit,
            fence(&self.listing()),
            files.len()
        );
        for (path, content) in files {
            text.push_str(&fence_file(path, content));
            text.push('\n');
        }
        text
    }
}

fn is_file(entry: &TreeEntry) -> bool {
    matches!(entry.kind, TreeEntryKind::File | TreeEntryKind::ExecutableFile)
}

/// Whether a file may be text, told from its name; what turns out to be none is left out when it is read.
fn is_text(entry: &TreeEntry) -> bool {
    const BINARY: [&str; 34] = [
        "7z", "avif", "bin", "bmp", "class", "dll", "dylib", "eot", "exe", "gif", "gz", "ico", "jar", "jpeg",
        "jpg", "mo", "mov", "mp3", "mp4", "o", "otf", "parquet", "pdf", "png", "pyc", "so", "sqlite", "ttf",
        "wasm", "webm", "webp", "woff", "woff2", "zip",
    ];
    let extension = entry.path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    is_file(entry) && !extension.is_some_and(|extension| BINARY.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_text_is_not_read() {
        let entry = |path: &str, kind| TreeEntry { path: path.into(), kind, size: Some(1) };
        assert!(is_text(&entry("src/main.py", TreeEntryKind::File)));
        assert!(is_text(&entry("Makefile", TreeEntryKind::ExecutableFile)));
        assert!(!is_text(&entry("logo.PNG", TreeEntryKind::File)));
        assert!(!is_text(&entry("src", TreeEntryKind::Folder)));
        assert!(!is_text(&entry("link", TreeEntryKind::SymbolicLink)));
    }
}
