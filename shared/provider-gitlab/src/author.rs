//! Who a commit is by, and for whom.

use crate::gitlab::Gitlab;
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

/// The author that the setting `commit_author` names; `None` leaves it to GitLab, which takes the account of the token.
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

/// The trailer by which a commit of ours is found again.
pub(crate) fn mark_line(mark: &Mark) -> String {
    format!("{MARK}{}", mark.digest())
}

/// How the trailer of every commit of ours begins.
pub(crate) const MARK: &str = "Ticketsmith-Mark: ";

impl Gitlab {
    /// The person as `Name <address>`, with the [address](https://docs.gitlab.com/user/profile/#use-an-automatically-generated-private-commit-email)
    /// that GitLab gives everybody and nobody reads; `None` for who has no account there.
    pub(crate) async fn co_author(&self, login: Option<&str>) -> Result<Option<String>, ActionError> {
        let Some(login) = login else { return Ok(None) };
        let Some(user) = self.user_named(login).await? else { return Ok(None) };
        let is_kept = |c: &char| !c.is_control() && !matches!(c, '<' | '>');
        let name: String = user.name.unwrap_or_default().chars().filter(is_kept).collect();
        let name = if name.trim().is_empty() { &user.username } else { name.trim() };
        let host = self.site.split_once("://").map_or(self.site.as_str(), |(_, host)| host);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        Ok(Some(format!("{name} <{}-{}@users.noreply.{host}>", user.id, user.username)))
    }
}

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
