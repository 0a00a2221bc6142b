//! People who push to a branch or ask for a review, and the webhooks for that.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    GitHub, find,
    webhooks::{Refusal, outgoing, person},
};
use crate::git::{GitError, TreeChange};
use crate::webhook::Outgoing;

impl GitHub {
    /// `by` pushes one commit to a branch: `push`. A file without a text is deleted.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the branch and the person does not exist.
    pub fn pushed(
        &self,
        repository: &str,
        branch: &str,
        files: &BTreeMap<String, Option<String>>,
        message: &str,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by, now) = (find(&state, repository)?, person(&state, by)?, state.now());
        let who = state.signature(&by, now);
        let known = &state.repositories[index];
        let parent = known.head_of(branch).ok_or_else(|| format!("{repository} has no branch `{branch}`"))?;
        let git = &known.git;
        let make = || {
            let changes = files.iter().map(|(path, text)| {
                let object = match text {
                    Some(text) => Some(("100644".into(), git.write_blob(text.as_bytes())?)),
                    None => None,
                };
                Ok(TreeChange { path: path.clone(), object })
            });
            let changes = changes.collect::<Result<Vec<_>, GitError>>()?;
            let tree = git.write_tree(Some(&git.read_commit(&parent)?.tree), &changes)?;
            let commit = git.write_commit(&tree, std::slice::from_ref(&parent), &who, &who, message)?;
            git.set_reference(&format!("refs/heads/{branch}"), &commit)?;
            Ok::<_, GitError>(commit)
        };
        let commit = make().map_err(|error| error.to_string())?;
        let payload = json!({
            "ref": format!("refs/heads/{branch}"), "before": parent, "after": commit, "created": false, "deleted": false, "forced": false,
        });
        Ok(outgoing(&mut state, &self.signing, index, "push", payload, &by))
    }

    /// `by` asks `reviewer` to review an open pull request: `pull_request.review_requested`.
    ///
    /// # Errors
    /// A sentence that says which of the repository, the pull request and the people does not exist.
    pub fn review_requested(
        &self,
        repository: &str,
        number: u64,
        reviewer: &str,
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let (index, by) = (find(&state, repository)?, person(&state, by)?);
        let reviewer = person(&state, reviewer)?;
        let known = &state.repositories[index];
        let missing = || format!("#{number} is not an open pull request");
        let issue = known.issues.get(&number).filter(|issue| issue.closed.is_none()).ok_or_else(missing)?;
        let pull = issue.pull.as_ref().ok_or_else(missing)?;
        let shown = state.full_pull(known, issue, pull).map_err(|failure| failure.message)?;
        let payload = json!({
            "action": "review_requested", "number": number, "pull_request": shown, "requested_reviewer": state.user(&reviewer),
        });
        Ok(outgoing(&mut state, &self.signing, index, "pull_request", payload, &by))
    }
}
