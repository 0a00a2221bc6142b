//! GitHub's refusals that people can do something about: what GitHub said, and what helps.

use domain::{ActionError, ErrorKind, RepositoryName};
use http_client::Failure;
use serde_json::Value;

/// Words in a refusal, and the sentence to say then. The first match counts.
const REASONS: &[(&[&str], Reason)] = &[
    (&["secret detected", "cannot contain secrets", "push protection"], Reason::Secret),
    (&["verified signature", "valid signature", "must be signed", "signed commits"], Reason::Unsigned),
    (&["rule violation", "repository rule", "creations being restricted"], Reason::Ruleset),
    (&["protected branch"], Reason::ProtectedBranch),
    (&["repository is empty"], Reason::Empty),
    (&["was archived", "is archived"], Reason::Archived),
    (&["saml enforcement"], Reason::SingleSignOn),
];

#[derive(Debug, Clone, Copy)]
enum Reason {
    Secret,
    Unsigned,
    Ruleset,
    ProtectedBranch,
    Empty,
    Archived,
    SingleSignOn,
}

/// The refusal in words that fit its reason; `None` if GitHub did not refuse, or for another reason.
pub(crate) fn explained(failure: &Failure, repository: &RepositoryName) -> Option<ActionError> {
    if !matches!(failure.error.kind, ErrorKind::Rejected | ErrorKind::Conflict) {
        return None;
    }
    let words = failure.words();
    let said = words.to_lowercase();
    let fits = |(words, _): &&(&[&str], Reason)| words.iter().any(|word| said.contains(word));
    let reason = match REASONS.iter().find(fits) {
        _ if !failure.body["metadata"]["secret_scanning"].is_null() => Reason::Secret,
        Some((_, reason)) => *reason,
        None => return None,
    };
    let words = words.trim_end_matches(['.', ' ']);
    Some(ActionError::rejected(reason.told(repository, words, &token_types(&failure.body))))
}

/// Whether a refusal says that a branch does not point where it was expected to.
pub(crate) fn is_about_movement(failure: &Failure) -> bool {
    let said = failure.words().to_lowercase();
    ["but expected", "expected branch to point", "fast forward", "fast-forward"]
        .iter()
        .any(|words| said.contains(words))
}

impl Reason {
    fn told(self, repository: &RepositoryName, words: &str, secrets: &str) -> String {
        match self {
            Self::Secret => format!(
                "GitHub's push protection found a secret{secrets} in the change, so nothing was committed to {repository}. \
                 GitHub says: {words}. Take the secret out of the ticket or the files it comes from, or allow it in the \
                 repository's security settings, then start again"
            ),
            Self::Unsigned => format!(
                "{repository} takes only signed commits here. GitHub says: {words}. GitHub signs the commits of a GitHub App: \
                 connect one in place of the token, and leave `commit_author` out of its section; or exempt the branch from the rule"
            ),
            Self::Ruleset => format!(
                "A ruleset of {repository} does not allow this. GitHub says: {words}. Someone who administers the repository can \
                 change the ruleset or add Ticketsmith's account to its bypass list"
            ),
            Self::ProtectedBranch => format!(
                "The protection of a branch of {repository} does not allow this. GitHub says: {words}. Work on another branch, or \
                 change the protection in the repository's settings under Branches"
            ),
            Self::Empty => format!(
                "{repository} is empty: it has no commit to start from. GitHub says: {words}. Push a first commit, for \
                 example a README, then start again"
            ),
            Self::Archived => format!(
                "{repository} is archived, so nothing in it can be changed. GitHub says: {words}. Unarchive it in its settings, or \
                 configure another repository"
            ),
            Self::SingleSignOn => format!(
                "The organization of {repository} wants single sign-on. GitHub says: {words}. Authorize the token for it at \
                 https://github.com/settings/tokens, or connect a GitHub App"
            ),
        }
    }
}

/// The kinds of secrets that push protection names, in parentheses; empty if it names none.
fn token_types(body: &Value) -> String {
    let found = body["metadata"]["secret_scanning"]["bypass_placeholders"].as_array().into_iter().flatten();
    let mut types: Vec<&str> = found.filter_map(|found| found["token_type"].as_str()).collect();
    types.dedup();
    if types.is_empty() { String::new() } else { format!(" ({})", http_client::excerpt(&types.join(", "))) }
}

/// Whether a refusal is of the kind that follows a push or creation for a moment, before GitHub shows everywhere what was made.
pub(crate) fn is_early(failure: &Failure) -> bool {
    match failure.status {
        Some(404) => true,
        Some(422) => {
            failure.body["errors"].as_array().into_iter().flatten().any(names_something_new)
                || EARLY.iter().any(|words| failure.says(422, words))
        }
        _ => false,
    }
}

/// GitHub's words for a commit, tree, branch or issue that it does not find yet.
const EARLY: &[&str] = &[
    "no commits between",
    "could not resolve to a node",
    "object does not exist",
    "sha does not exist",
    "badobjectstate",
];

/// An `invalid` `head` or `base` names a branch that does not exist.
fn names_something_new(error: &Value) -> bool {
    matches!(error["field"].as_str(), Some("head" | "base")) && error["code"] == "invalid"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failure(status: u16, body: Value) -> Failure {
        let error = ActionError::conflict("GitHub: POST / failed");
        Failure { status: Some(status), body, error, was_sent: true }
    }

    fn told(status: u16, body: Value) -> String {
        let told = explained(&failure(status, body), &"acme/shop".parse().unwrap()).unwrap();
        assert_eq!(told.kind, ErrorKind::Rejected, "{told}");
        told.message
    }

    #[test]
    fn each_refusal_has_its_own_sentence_and_github_s_words() {
        let signed = "Repository rule violations found\n\nCommits must have verified signatures.\n\n";
        let cases = [
            (
                409,
                json!({"message": "Secret detected in content"}),
                "push protection",
                "Secret detected in content",
            ),
            (422, json!({"message": signed}), "`commit_author`", "Commits must have verified signatures"),
            (
                422,
                json!({"message": "Repository rule violations found\n\nCannot create ref due to creations being restricted."}),
                "bypass list",
                "Cannot create ref due to creations being restricted.",
            ),
            (
                422,
                json!({"message": "Protected branch update failed for refs/heads/x."}),
                "under Branches",
                "refs/heads/x",
            ),
            (
                409,
                json!({"message": "Git Repository is empty.", "status": "409"}),
                "first commit",
                "is empty",
            ),
            (403, json!({"message": "Repository was archived so is read-only."}), "Unarchive", "read-only"),
            (200, json!({"errors": [{"message": signed}]}), "`commit_author`", "verified signatures"),
        ];
        for (status, body, advice, words) in cases {
            let told = told(status, body);
            assert!(told.contains(advice) && told.contains(words) && told.contains("acme/shop"), "{told}");
            assert!(!told.contains("moved") && !told.contains('\n'), "{told}");
        }
        let named = json!({"message": "Repository rule violations found", "metadata": {"secret_scanning":
            {"bypass_placeholders": [{"placeholder_id": "1", "token_type": "GITHUB_APP_KEY"}]}}});
        assert!(told(409, named).contains("(GITHUB_APP_KEY)"));
    }

    #[test]
    fn other_failures_keep_their_own_words() {
        let repository = "acme/shop".parse().unwrap();
        assert!(
            explained(&failure(422, json!({"message": "Update is not a fast forward"})), &repository)
                .is_none()
        );
        let failing =
            Failure { error: ActionError::unavailable("x"), ..failure(500, json!({"message": "archived"})) };
        assert!(explained(&failing, &repository).is_none());
        assert!(is_about_movement(&failure(422, json!({"message": "Update is not a fast forward"}))));
        assert!(!is_about_movement(&failure(422, json!({"message": "Repository rule violations found"}))));
    }

    #[test]
    fn what_was_just_made_may_not_be_found_yet() {
        let early = |status, body| is_early(&failure(status, body));
        assert!(early(404, json!({"message": "Not Found"})));
        let invalid = |field: &str| json!({"message": "Validation Failed", "errors": [{"field": field, "code": "invalid"}]});
        assert!(early(422, invalid("head")) && early(422, invalid("base")) && !early(422, invalid("title")));
        assert!(early(
            422,
            json!({"message": "x", "errors": [{"code": "custom", "message": "No commits between main and x"}]})
        ));
        assert!(!early(422, json!({"message": "Reference already exists"})) && !early(403, json!({})));
    }
}
