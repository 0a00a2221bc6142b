//! A repository's facts, and people's permissions in it.

use crate::github::{Github, not_there};
use domain::plugins::{RepositoryInfo, RepositoryPermission};
use domain::{ActionError, BranchName, RepositoryName};
use http_client::Optional;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    html_url: String,
    default_branch: BranchName,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    archived: bool,
}

#[derive(Debug, Deserialize)]
struct Permission {
    permission: String,
}

impl Github {
    pub(crate) async fn read_repository(
        &self,
        repository: &RepositoryName,
    ) -> Result<RepositoryInfo, ActionError> {
        let request = self.client.get("/repos/{owner}/{name}", &[repository.owner(), repository.name()]);
        let answer = self.send(repository, request).await.optional()?;
        let found: Repository =
            answer.ok_or_else(|| not_there(format!("repository {repository}")))?.json()?;
        Ok(RepositoryInfo {
            // A renamed repository answers under its new name.
            repository: found.full_name.parse().unwrap_or_else(|_| repository.clone()),
            url: found.html_url,
            default_branch: found.default_branch,
            description: found.description,
            language: found.language,
            private: found.private,
            archived: found.archived,
        })
    }

    /// Also `None` for someone GitHub does not know, who may do nothing.
    pub(crate) async fn permission_of(
        &self,
        repository: &RepositoryName,
        login: &str,
    ) -> Result<RepositoryPermission, ActionError> {
        let path = "/repos/{owner}/{name}/collaborators/{login}/permission";
        let request = self.client.get(path, &[repository.owner(), repository.name(), login]);
        let Some(answer) = self.send(repository, request).await.optional()? else {
            return Ok(RepositoryPermission::None);
        };
        let found: Permission = answer.json()?;
        Ok(match found.permission.as_str() {
            "admin" => RepositoryPermission::Admin,
            // GitHub gives the roles `maintain` and `triage` as the nearest of these.
            "write" => RepositoryPermission::Write,
            "read" => RepositoryPermission::Read,
            _ => RepositoryPermission::None,
        })
    }
}
