//! GitHub's JSON for people, repositories, issues, comments and the rest.
//!
//! Fields that cannot be set in a simulation have their value on a new account.

mod checks;
mod code;
pub(super) mod diff_lines;
mod pulls;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(super) use checks::ACTIONS;
pub(super) use code::{blob_entry_url, git_commit, git_reference};

use super::{
    access::Permissions,
    state::{Comment, Issue, Reaction, Repository, State},
    world::{Role, UserType},
};

/// A stable number for something that has only a name.
fn id_of(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(4).fold(0, |id, byte| (id << 8) | u64::from(*byte))
}

/// GitHub's opaque name of an object.
pub(super) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(format!("{:03}:{kind}{id}", kind.len()))
}

/// A moment as GitHub writes it: whole seconds, UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl State {
    /// The address of a repository in the API.
    pub(super) fn api(&self, repository: &Repository) -> String {
        format!("{}/repos/{}", self.address, repository.full_name())
    }

    /// The address of a repository for people.
    pub(super) fn web(&self, repository: &Repository) -> String {
        format!("{}/{}", self.address, repository.full_name())
    }

    pub(super) fn user(&self, login: &str) -> Value {
        let known = self.users.iter().find(|user| user.login == login);
        let is_owner = || self.repositories.iter().any(|repository| repository.owner == login);
        let kind = match known {
            Some(user) => user.r#type,
            None if login.ends_with("[bot]") => UserType::Bot,
            None if is_owner() => UserType::Organization,
            None => UserType::User,
        };
        let (id, url) = (id_of(login), format!("{}/users/{login}", self.address));
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("User", id),
            "avatar_url": format!("{}/avatars/{login}", self.address),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{}/{login}", self.address),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind.as_str(),
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// A repository as it is inside other objects.
    pub(super) fn repository(&self, repository: &Repository) -> Value {
        let (api, web, id) = (self.api(repository), self.web(repository), repository.id);
        let open = repository.issues.values().filter(|issue| issue.closed.is_none()).count();
        let mut shown = json!({
            "id": id,
            "node_id": node_id("Repository", id),
            "name": repository.name,
            "full_name": repository.full_name(),
            "private": repository.private,
            "visibility": if repository.private { "private" } else { "public" },
            "owner": self.user(&repository.owner),
            "html_url": web,
            "description": repository.description,
            "fork": false,
            "url": api,
            "created_at": moment(repository.created_at),
            "updated_at": moment(repository.pushed_at),
            "pushed_at": moment(repository.pushed_at),
            "git_url": web.replacen("http", "git", 1) + ".git",
            "ssh_url": format!("git@localhost:{}.git", repository.full_name()),
            "clone_url": format!("{web}.git"),
            "svn_url": web,
            "default_branch": repository.default_branch,
        });
        shown["topics"] = json!([]);
        for count in ["open_issues_count", "open_issues"] {
            shown[count] = json!(open);
        }
        for none in ["size", "stargazers_count", "watchers_count", "forks_count", "forks", "watchers"] {
            shown[none] = json!(0);
        }
        for absent in ["homepage", "language", "mirror_url", "license"] {
            shown[absent] = Value::Null;
        }
        for on in ["has_issues", "has_projects", "has_downloads", "allow_forking"] {
            shown[on] = json!(true);
        }
        for off in [
            "has_wiki",
            "has_pages",
            "has_discussions",
            "archived",
            "disabled",
            "is_template",
            "web_commit_signoff_required",
        ] {
            shown[off] = json!(false);
        }
        for (name, below) in REPOSITORY_ADDRESSES {
            shown[*name] = Value::from(format!("{api}{below}"));
        }
        shown
    }

    /// A repository as `GET /repos/{owner}/{repo}` shows it to someone with a role.
    pub(super) fn full_repository(&self, repository: &Repository, role: Option<Role>) -> Value {
        let mut shown = self.repository(repository);
        let at_least = |needed: Role| role.is_some_and(|role| role >= needed);
        shown["permissions"] = json!({
            "admin": at_least(Role::Admin),
            "maintain": at_least(Role::Maintain),
            "push": at_least(Role::Write),
            "triage": at_least(Role::Triage),
            "pull": true,
        });
        for allowed in ["allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"] {
            shown[allowed] = Value::Bool(true);
        }
        for refused in ["allow_auto_merge", "delete_branch_on_merge", "allow_update_branch"] {
            shown[refused] = Value::Bool(false);
        }
        shown["temp_clone_token"] = Value::Null;
        shown["network_count"] = Value::from(0);
        shown["subscribers_count"] = Value::from(0);
        shown
    }

    pub(super) fn label(&self, repository: &Repository, name: &str) -> Value {
        let id = repository.labels.get(name).copied().unwrap_or_default();
        let path = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        json!({
            "id": id,
            "node_id": node_id("Label", id),
            "url": format!("{}/labels/{path}", self.api(repository)),
            "name": name,
            "color": "ededed",
            "default": false,
            "description": null,
        })
    }

    pub(super) fn labels(&self, repository: &Repository, issue: &Issue) -> Vec<Value> {
        issue.labels.iter().map(|name| self.label(repository, name)).collect()
    }

    /// An issue, or the issue side of a pull request.
    pub(super) fn issue(&self, repository: &Repository, issue: &Issue) -> Value {
        let (api, web, number) = (self.api(repository), self.web(repository), issue.number);
        let url = format!("{api}/issues/{number}");
        let page = if issue.pull.is_some() { "pull" } else { "issues" };
        let mut shown = json!({
            "id": issue.id,
            "node_id": node_id("Issue", issue.id),
            "url": url,
            "repository_url": api,
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"),
            "html_url": format!("{web}/{page}/{number}"),
            "number": number,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(&issue.user),
            "labels": self.labels(repository, issue),
            "state": if issue.closed.is_some() { "closed" } else { "open" },
            "state_reason": issue.closed.as_ref().map(|closed| closed.reason.clone()),
            "locked": false,
            "active_lock_reason": null,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "comments": issue.comments.len(),
            "created_at": moment(issue.created_at),
            "updated_at": moment(issue.updated_at),
            "closed_at": issue.closed.as_ref().map(|closed| moment(closed.at)),
            "author_association": self.association(repository, &issue.user),
            "performed_via_github_app": null,
            "reactions": reaction_counts(&url, &issue.reactions),
        });
        if let Some(pull) = &issue.pull {
            shown["draft"] = Value::Bool(pull.draft);
            shown["pull_request"] = json!({
                "url": format!("{api}/pulls/{number}"),
                "html_url": format!("{web}/pull/{number}"),
                "diff_url": format!("{web}/pull/{number}.diff"),
                "patch_url": format!("{web}/pull/{number}.patch"),
                "merged_at": pull.merged.as_ref().map(|merged| moment(merged.at)),
            });
        }
        shown
    }

    pub(super) fn comment(&self, repository: &Repository, issue: &Issue, comment: &Comment) -> Value {
        let (api, web, id) = (self.api(repository), self.web(repository), comment.id);
        let page = if issue.pull.is_some() { "pull" } else { "issues" };
        let url = format!("{api}/issues/comments/{id}");
        json!({
            "id": id,
            "node_id": node_id("IssueComment", id),
            "url": url,
            "html_url": format!("{web}/{page}/{}#issuecomment-{id}", issue.number),
            "issue_url": format!("{api}/issues/{}", issue.number),
            "user": self.user(&comment.user),
            "body": comment.body,
            "created_at": moment(comment.created_at),
            "updated_at": moment(comment.updated_at),
            "author_association": self.association(repository, &comment.user),
            "performed_via_github_app": null,
            "reactions": reaction_counts(&url, &comment.reactions),
        })
    }

    pub(super) fn reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node_id("Reaction", reaction.id),
            "user": self.user(&reaction.user),
            "content": reaction.content,
            "created_at": moment(reaction.at),
        })
    }

    /// An author's association with a repository, in GitHub's words.
    pub(super) fn association(&self, repository: &Repository, login: &str) -> &'static str {
        match repository.collaborators.get(login) {
            _ if repository.owner == login => "OWNER",
            Some(_) => "COLLABORATOR",
            None => "NONE",
        }
    }
}

/// Permissions of an app as GitHub lists them.
pub(super) fn permissions(permissions: &Permissions) -> Value {
    permissions.iter().map(|(name, level)| (name.clone(), Value::from(level.as_str()))).collect()
}

/// The reactions that GitHub knows.
pub(super) const REACTIONS: &[&str] = &["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

fn reaction_counts(url: &str, reactions: &[Reaction]) -> Value {
    let mut counts = json!({ "url": format!("{url}/reactions"), "total_count": reactions.len() });
    for content in REACTIONS {
        let count = reactions.iter().filter(|reaction| reaction.content == *content).count();
        counts[*content] = Value::from(count);
    }
    counts
}

const REPOSITORY_ADDRESSES: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];
