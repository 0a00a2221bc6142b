//! References, commits, branches and changed files.

use serde_json::{Value, json};

use super::{super::failure::Failure, moment, node_id};
use crate::git::{Commit, Reference, Signature};
use crate::github::state::{Repository, State};

fn person(signature: &Signature) -> Value {
    json!({ "name": signature.name, "email": signature.email, "date": moment(signature.date) })
}

fn verification(repository: &Repository, commit: &Commit) -> Value {
    match repository.signed.contains(&commit.sha) {
        true => json!({
            "verified": true, "reason": "valid", "signature": "-----BEGIN PGP SIGNATURE-----",
            "payload": commit.tree, "verified_at": moment(commit.committer.date),
        }),
        false => json!({
            "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
        }),
    }
}

/// A reference of the git database.
pub(in crate::github) fn git_reference(
    state: &State,
    repository: &Repository,
    reference: &Reference,
) -> Value {
    let api = state.api(repository);
    json!({
        "ref": reference.name,
        "node_id": node_id("Ref", &reference.name),
        "url": format!("{api}/git/{}", reference.name),
        "object": {
            "sha": reference.sha,
            "type": reference.kind,
            "url": format!("{api}/git/{}s/{}", reference.kind, reference.sha),
        },
    })
}

/// A commit of the git database.
pub(in crate::github) fn git_commit(state: &State, repository: &Repository, commit: &Commit) -> Value {
    let (api, web) = (state.api(repository), state.web(repository));
    let parents = commit.parents.iter().map(|sha| {
        json!({
            "sha": sha,
            "url": format!("{api}/git/commits/{sha}"),
            "html_url": format!("{web}/commit/{sha}"),
        })
    });
    json!({
        "sha": commit.sha,
        "node_id": node_id("Commit", &commit.sha),
        "url": format!("{api}/git/commits/{}", commit.sha),
        "html_url": format!("{web}/commit/{}", commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
        "message": commit.message,
        "parents": parents.collect::<Vec<_>>(),
        "verification": verification(repository, commit),
    })
}

/// The address of a tree's entry in the git database.
pub(in crate::github) fn blob_entry_url(api: &str, kind: &str, sha: &str) -> String {
    format!("{api}/git/{kind}s/{sha}")
}

impl State {
    /// The account whose address a signature carries.
    fn account_of(&self, signature: &Signature) -> Value {
        let found = self.users.iter().find(|user| {
            self.signature(&user.login, signature.date).email.eq_ignore_ascii_case(&signature.email)
        });
        found.map_or(Value::Null, |user| self.user(&user.login))
    }

    /// A commit as the repository shows it.
    pub(in crate::github) fn commit(&self, repository: &Repository, sha: &str) -> Result<Value, Failure> {
        let commit = repository.git.read_commit(sha)?;
        let (api, web) = (self.api(repository), self.web(repository));
        let parents = commit.parents.iter().map(|sha| {
            json!({
                "sha": sha,
                "url": format!("{api}/commits/{sha}"),
                "html_url": format!("{web}/commit/{sha}"),
            })
        });
        Ok(json!({
            "sha": commit.sha,
            "node_id": node_id("Commit", &commit.sha),
            "url": format!("{api}/commits/{}", commit.sha),
            "html_url": format!("{web}/commit/{}", commit.sha),
            "comments_url": format!("{api}/commits/{}/comments", commit.sha),
            "commit": {
                "url": format!("{api}/git/commits/{}", commit.sha),
                "author": person(&commit.author),
                "committer": person(&commit.committer),
                "message": commit.message,
                "comment_count": 0,
                "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
                "verification": verification(repository, &commit),
            },
            "author": self.account_of(&commit.author),
            "committer": self.account_of(&commit.committer),
            "parents": parents.collect::<Vec<_>>(),
        }))
    }

    /// The files that differ between two commits, as pull requests, comparisons and commits list them.
    pub(in crate::github) fn changed_files(
        &self,
        repository: &Repository,
        before: &str,
        after: &str,
    ) -> Result<Vec<Value>, Failure> {
        let (api, web) = (self.api(repository), self.web(repository));
        let mut words = repository.git.raw_diff(before, after)?.into_iter();
        let mut files = Vec::new();
        while let Some(columns) = words.next() {
            let columns: Vec<&str> = columns.split_whitespace().collect();
            let [_, _, old, new, letter] = columns[..] else { break };
            let first = words.next().unwrap_or_default();
            // A rename names the old path, then the new one.
            let (previous, path) = match letter.starts_with(['R', 'C']) {
                true => (Some(first), words.next().unwrap_or_default()),
                false => (None, first),
            };
            let paths: Vec<&str> = previous.as_deref().into_iter().chain([path.as_str()]).collect();
            let diff = repository.git.diff(before, after, &paths)?;
            let patch = diff.find("\n@@").map(|start| diff[start + 1..].trim_end_matches('\n').to_string());
            let count = |sign: char| {
                patch.iter().flat_map(|patch| patch.lines()).filter(|line| line.starts_with(sign)).count()
            };
            let (additions, deletions) = (count('+'), count('-'));
            let status = match letter.chars().next() {
                Some('A') => "added",
                Some('D') => "removed",
                Some('R') => "renamed",
                Some('C') => "copied",
                Some('T') => "changed",
                _ => "modified",
            };
            let mut file = json!({
                "sha": if status == "removed" { old } else { new },
                "filename": path,
                "status": status,
                "additions": additions,
                "deletions": deletions,
                "changes": additions + deletions,
                "blob_url": format!("{web}/blob/{after}/{path}"),
                "raw_url": format!("{web}/raw/{after}/{path}"),
                "contents_url": format!("{api}/contents/{path}?ref={after}"),
            });
            if let Some(patch) = patch {
                file["patch"] = Value::from(patch);
            }
            if let Some(previous) = previous {
                file["previous_filename"] = Value::from(previous);
            }
            files.push(file);
        }
        Ok(files)
    }
}
