//! A project's facts, and people's permissions in it.

use crate::gitlab::{Gitlab, not_there};
use domain::plugins::{RepositoryInfo, RepositoryPermission};
use domain::{ActionError, BranchName, RepositoryName};
use http_client::Optional;
use serde::Deserialize;

/// A [project](https://docs.gitlab.com/api/projects/#retrieve-a-project).
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    path_with_namespace: String,
    web_url: String,
    #[serde(default)]
    default_branch: Option<BranchName>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    visibility: String,
    #[serde(default)]
    archived: bool,
}

/// [Access levels](https://docs.gitlab.com/api/members/#roles).
const REPORTER: u32 = 20;
pub(crate) const DEVELOPER: u32 = 30;
pub(crate) const MAINTAINER: u32 = 40;

#[derive(Debug, Deserialize)]
struct Member {
    access_level: u32,
    #[serde(default)]
    state: Option<String>,
}

impl Gitlab {
    pub(crate) async fn project(&self, project: &RepositoryName) -> Result<Project, ActionError> {
        let request = self.client.get("/projects/{id}", &[project.as_str()]);
        let answer = self.send(project, request).await.optional()?;
        answer.ok_or_else(|| not_there(format!("project {project}")))?.json()
    }

    pub(crate) async fn read_project(&self, project: &RepositoryName) -> Result<RepositoryInfo, ActionError> {
        let found = self.project(project).await?;
        let default_branch = found.default_branch.ok_or_else(|| {
            ActionError::rejected(format!(
                "{project} is empty: it has no commit to start from. Push a first commit, for example a README"
            ))
        })?;
        Ok(RepositoryInfo {
            // A renamed project answers under its new name.
            repository: found.path_with_namespace.parse().unwrap_or_else(|_| project.clone()),
            url: found.web_url,
            default_branch,
            description: found.description.filter(|text| !text.is_empty()),
            // Another request gives the shares of languages.
            language: None,
            private: found.visibility != "public",
            archived: found.archived,
        })
    }

    /// By the [access level](https://docs.gitlab.com/api/members/), inherited ones included. `None` too for whom GitLab does not know.
    pub(crate) async fn permission_of(
        &self,
        project: &RepositoryName,
        login: &str,
    ) -> Result<RepositoryPermission, ActionError> {
        let Some(user) = self.user_named(login).await? else { return Ok(RepositoryPermission::None) };
        Ok(match self.access_level(project, user.id).await? {
            Some(level) if level >= MAINTAINER => RepositoryPermission::Admin,
            Some(level) if level >= DEVELOPER => RepositoryPermission::Write,
            Some(level) if level >= REPORTER => RepositoryPermission::Read,
            _ => RepositoryPermission::None,
        })
    }

    /// The access level of a member; `None` for who is none.
    pub(crate) async fn access_level(
        &self,
        project: &RepositoryName,
        user: u64,
    ) -> Result<Option<u32>, ActionError> {
        let path = "/projects/{id}/members/all/{user_id}";
        let request = self.client.get(path, &[project.as_str(), &user.to_string()]);
        let Some(answer) = self.send(project, request).await.optional()? else { return Ok(None) };
        let member: Member = answer.json()?;
        // Blocked accounts, and those waiting for approval, may do nothing.
        let is_active = member.state.is_none_or(|state| state == "active");
        Ok(is_active.then_some(member.access_level))
    }
}
