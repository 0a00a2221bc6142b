//! Trees and the contents of files.

use crate::github::{Github, not_there};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind};
use domain::{ActionError, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Tree {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct Entry {
    path: String,
    mode: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    sha: Option<String>,
}

/// A file's content; `encoding` is `none` if it is too large for a listing.
#[derive(Debug, Deserialize)]
struct Content {
    sha: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    encoding: String,
}

impl Github {
    pub(crate) async fn read_tree(
        &self,
        repository: &RepositoryName,
        reference: &str,
    ) -> Result<Vec<TreeEntry>, ActionError> {
        let commit = self.resolve(repository, reference).await?;
        let path = "/repos/{owner}/{name}/git/trees/{commit}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), &commit]);
        let answer = self.send(repository, request.query("recursive", 1)).await.optional()?;
        let found = answer.ok_or_else(|| not_there(format!("commit {commit} in {repository}")))?;
        let tree: Tree = found.json()?;
        if tree.truncated {
            return Err(ActionError::rejected(format!(
                "{repository} has more files than GitHub lists at once (100,000 entries or 7 MB); \
                 repositories of this size cannot be worked on"
            )));
        }
        tree.tree.into_iter().map(TreeEntry::try_from).collect()
    }

    /// The commit for a branch's name or a commit's ID.
    async fn resolve(&self, repository: &RepositoryName, reference: &str) -> Result<String, ActionError> {
        if reference.parse::<domain::CommitSha>().is_ok() {
            return Ok(reference.to_owned());
        }
        let branch = reference
            .parse()
            .map_err(|error: domain::repository::InvalidName| ActionError::rejected(error.to_string()))?;
        let head = self.branch_head(repository, &branch).await?;
        let head = head.ok_or_else(|| not_there(format!("branch `{branch}` in {repository}")))?;
        Ok(head.as_str().to_owned())
    }

    pub(crate) async fn contents(
        &self,
        repository: &RepositoryName,
        reference: &str,
        paths: &[String],
    ) -> Result<Vec<Option<FileContent>>, ActionError> {
        // All files are of one commit, also while the branch moves.
        let commit = self.resolve(repository, reference).await?;
        match paths {
            [path] => Ok(vec![self.content(repository, &commit, path).await?]),
            _ => self.contents_at_once(repository, &commit, paths).await,
        }
    }

    pub(crate) async fn content(
        &self,
        repository: &RepositoryName,
        commit: &str,
        path: &str,
    ) -> Result<Option<FileContent>, ActionError> {
        let request = self
            .client
            .get("/repos/{owner}/{name}/contents/{+path}", &[repository.owner(), repository.name(), path])
            .query("ref", commit);
        let Some(answer) = self.send(repository, request).await.optional()? else { return Ok(None) };
        let value: Value = answer.json()?;
        // A list is a folder, not a file.
        if value.is_array() || value["type"] != "file" {
            return Ok(None);
        }
        let mut found: Content = answer.json()?;
        if found.encoding != "base64" {
            let path = "/repos/{owner}/{name}/git/blobs/{sha}";
            let request = self.client.get(path, &[repository.owner(), repository.name(), &found.sha]);
            found = self.send(repository, request).await?.json()?;
        }
        let encoded: String = found.content.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(encoded).map_err(|_| {
            ActionError::internal(format!("GitHub returned `{path}` of {repository} in invalid base64"))
        })?;
        Ok(Some(bytes.into()))
    }
}

impl TryFrom<Entry> for TreeEntry {
    type Error = ActionError;

    fn try_from(entry: Entry) -> Result<Self, ActionError> {
        let Some(kind) = TreeEntryKind::from_git_mode(&entry.mode) else {
            let Entry { path, mode, .. } = entry;
            let message = format!("GitHub gave `{path}` the mode {mode}, which git does not have");
            return Err(ActionError::internal(message));
        };
        Ok(Self { path: entry.path, kind, size: entry.size, id: entry.sha })
    }
}
