//! Refusals with their own sentence.

use domain::{ActionError, ErrorKind, RepositoryName};
use http_client::Failure;

/// Words in GitLab's message, in lowercase, and what they mean.
const REASONS: &[(&[&str], &str)] = &[
    (
        &[
            "not allowed to push into this branch",
            "protected branch",
            "not allowed to push code to protected",
        ],
        "A branch of it is protected. Work on another branch, or let the token's account push to it under Settings > Repository > \
         Protected branches",
    ),
    (
        &["insufficient_scope", "higher privileges than provided"],
        "The token lacks the scope `api`. Create one that has it, and store it in the secret",
    ),
    (&["archived"], "It is archived, so nothing in it can be changed. Unarchive it under Settings > General"),
    (
        &["commit message does not follow", "does not match the pattern", "push rule", "committer's email"],
        "A push rule of it does not allow this. Change the rule under Settings > Repository > Push rules, or the message and the author \
         that the workflow and the section set",
    ),
    (
        &["empty repository", "repository is empty", "tree not found"],
        "It may have no commit to start from. Push a first commit, for example a README",
    ),
];

/// The failure with a sentence for its reason, if there is one.
pub(crate) fn explained(mut failure: Failure, project: &RepositoryName) -> Failure {
    if !matches!(failure.error.kind, ErrorKind::Rejected | ErrorKind::Conflict) {
        return failure;
    }
    let (words, whole) = (failure.words(), failure.body.to_string().to_lowercase());
    let fits = |(words, _): &&(&[&str], &str)| words.iter().any(|word| whole.contains(word));
    if let Some((_, advice)) = REASONS.iter().find(fits) {
        let words = words.trim_end_matches(['.', ' ']);
        failure.error =
            ActionError::rejected(format!("GitLab refuses this in {project}. It says: {words}. {advice}"));
    }
    failure
}

/// Whether a refusal is of the kind that follows a push or creation for a moment, before GitLab shows everywhere what was made.
pub(crate) fn is_early(failure: &Failure) -> bool {
    failure.status == Some(404)
        || failure.says(400, "source branch \\\"") && failure.says(400, "does not exist")
        || failure.says(422, "does not exist")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(status: u16, body: Value) -> ActionError {
        let failure = Failure {
            status: Some(status),
            body,
            error: ActionError::rejected("GitLab: POST / failed"),
            was_sent: true,
        };
        explained(failure, &"acme/web/shop".parse().unwrap()).error
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let branch = told(403, json!({"message": "You are not allowed to push into this branch"}));
        assert!(
            branch.message.contains("acme/web/shop") && branch.message.contains("Protected branches"),
            "{branch}"
        );
        let scope = told(
            403,
            json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token."}),
        );
        assert!(scope.message.contains("`api`"), "{scope}");
        assert_eq!(told(400, json!({"message": "other"})).message, "GitLab: POST / failed");
    }
}
