//! A commit's author and co-author.

use domain::ActionError;
use domain::plugins::Mark;

/// The account that the token belongs to, in the setting `commit_author`.
const ACCOUNT: &str = "account";

/// A name and an address that commits carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The author from the setting `commit_author`; `None` leaves it to GitLab, which uses the token's account.
///
/// # Errors
/// `Rejected` when the setting is neither `account` nor `Name <address>`.
pub(crate) fn author(setting: Option<&str>, section: &str) -> Result<Option<Author>, ActionError> {
    let given = match setting.map(str::trim) {
        None | Some(ACCOUNT) => return Ok(None),
        Some(given) => given,
    };
    let parts = given.strip_suffix('>').and_then(|given| given.split_once('<'));
    let legal = |part: &str| !part.is_empty() && !part.contains(['<', '>', '\n', '\r', '\0']);
    match parts.map(|(name, email)| (name.trim(), email.trim())) {
        Some((name, email)) if legal(name) && legal(email) && email.contains('@') => {
            Ok(Some(Author { name: name.to_owned(), email: email.to_owned() }))
        }
        _ => Err(ActionError::rejected(format!(
            "{section}.commit_author is `{given}`; accepted: `{ACCOUNT}`, or `Name <address>`"
        ))),
    }
}

/// The trailer that identifies one of our commits.
pub(crate) fn mark_line(mark: &Mark) -> String {
    format!("{MARK}{}", mark.digest())
}

/// The beginning of the trailer of each of our commits.
pub(crate) const MARK: &str = "Ticketsmith-Mark: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_by_the_account_unless_set() {
        let told = |setting| author(setting, "plugins.gitlab").unwrap().map(|author| author.email);
        assert_eq!((told(None), told(Some("account"))), (None, None));
        assert_eq!(told(Some("Shop Bot <bot@acme.example>")).as_deref(), Some("bot@acme.example"));
        for wrong in ["Shop Bot", "<bot@acme.example>", "Bot <>", "Bot <x>", "A\nB <a@b>"] {
            let error = author(Some(wrong), "plugins.gitlab").unwrap_err();
            assert!(error.message.contains("plugins.gitlab.commit_author"), "{error}");
        }
    }
}
