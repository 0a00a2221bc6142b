//! [Trees](https://docs.gitlab.com/api/repositories/#list-repository-tree) and the [contents of files](https://docs.gitlab.com/api/repository_files/).

use crate::gitlab::{Gitlab, not_there};
use crate::pages::{PER_PAGE, page};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use domain::{ActionError, RepositoryName};
use futures::{StreamExt, TryStreamExt};
use http_client::{Optional, Pages};
use serde::Deserialize;

/// Files are read so many at a time.
const AT_ONCE: usize = 8;

#[derive(Debug, Deserialize)]
struct Entry {
    path: String,
    mode: String,
    #[serde(default)]
    id: Option<String>,
}

/// A file as GitLab stores it.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored {
    #[serde(default)]
    content: String,
    /// The commit that changed it last.
    pub(crate) last_commit_id: String,
    #[serde(default)]
    pub(crate) execute_filemode: bool,
}

impl Stored {
    /// The file's bytes.
    fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.content.split_ascii_whitespace().collect::<String>()).ok()
    }

    /// Whether the file has this content.
    pub(crate) fn holds(&self, content: &FileContent) -> bool {
        let wanted = match content {
            FileContent::Text(text) => text.as_bytes(),
            FileContent::Binary(bytes) => bytes,
        };
        self.bytes().is_some_and(|bytes| bytes == wanted)
    }
}

impl Gitlab {
    pub(crate) async fn read_tree(
        &self,
        project: &RepositoryName,
        reference: &str,
    ) -> Result<Vec<TreeEntry>, ActionError> {
        // All pages are of one commit, also while the branch moves.
        let commit = self.resolve(project, reference).await?;
        let commit = commit.as_str();
        let load = |token: Option<String>| async move {
            let request = self.client.get("/projects/{id}/repository/tree", &[project.as_str()]);
            let request = request.query("ref", commit).query("recursive", true).query("pagination", "keyset");
            let mut request = request.query("per_page", PER_PAGE);
            if let Some(token) = token {
                request = request.query("page_token", token);
            }
            let answer = self.send(project, request).await.optional()?;
            let answer = answer.ok_or_else(|| not_there(format!("commit {commit} in {project}")))?;
            let read = page::<Entry>(&answer, "page_token")?;
            Ok::<_, ActionError>(http_client::Page {
                items: read.items,
                next: read.next.map(Some),
                bytes: read.bytes,
            })
        };
        let pages = Pages::of(format!("GitLab's files of {project}"));
        let entries = pages.collect(None, usize::MAX, load).await?;
        entries.into_iter().map(TreeEntry::try_from).collect()
    }

    /// The commit that a branch's name or a commit's id means.
    async fn resolve(&self, project: &RepositoryName, reference: &str) -> Result<String, ActionError> {
        if reference.parse::<domain::CommitSha>().is_ok() {
            return Ok(reference.to_owned());
        }
        let branch = reference
            .parse()
            .map_err(|error: domain::repository::InvalidName| ActionError::rejected(error.to_string()))?;
        let head = self.branch_head(project, &branch).await?;
        Ok(head.ok_or_else(|| not_there(format!("branch `{branch}` in {project}")))?.into())
    }

    pub(crate) async fn contents(
        &self,
        project: &RepositoryName,
        reference: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError> {
        let commit = self.resolve(project, reference).await?;
        let reads: Vec<_> = paths.iter().map(|path| self.content(project, &commit, path)).collect();
        futures::stream::iter(reads).buffered(AT_ONCE).try_collect().await
    }

    async fn content(
        &self,
        project: &RepositoryName,
        commit: &str,
        path: &str,
    ) -> Result<Option<FileContent>, ActionError> {
        match self.stored(project, commit, path).await? {
            None => Ok(None),
            Some(stored) => content_of(&stored, project, path).map(Some),
        }
    }
}

fn content_of(stored: &Stored, project: &RepositoryName, path: &str) -> Result<FileContent, ActionError> {
    let bytes = stored.bytes().ok_or_else(|| {
        ActionError::internal(format!("GitLab returned `{path}` of {project} in invalid base64"))
    })?;
    Ok(bytes.into())
}

impl TryFrom<Entry> for TreeEntry {
    type Error = ActionError;

    fn try_from(entry: Entry) -> Result<Self, ActionError> {
        let Some(kind) = TreeEntryKind::from_git_mode(&entry.mode) else {
            let Entry { path, mode, .. } = entry;
            let message = format!("GitLab gave `{path}` the mode {mode}, which git does not have");
            return Err(ActionError::internal(message));
        };
        // GitLab's listing does not include sizes.
        Ok(Self { path: entry.path, kind, size: None, id: entry.id })
    }
}
