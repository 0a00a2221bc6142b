//! A commit's author.

use domain::ActionError;
use domain::plugins::Mark;

/// The account that the credentials belong to, in the setting `commit_author`.
const ACCOUNT: &str = "account";

/// A name and an address that commits carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The author from the setting `commit_author`. `None` leaves it to GitHub, which then uses the account of the credentials and
/// [signs](https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots)
/// an App's commits. The default is `None` for an App, and Ticketsmith for a token: a token belongs to a person who did not write
/// the commit. The address of Ticketsmith belongs to nobody: <https://www.rfc-editor.org/rfc/rfc2606>.
///
/// # Errors
/// `Rejected` when the setting is neither `account` nor `Name <address>`.
pub(crate) fn author(
    setting: Option<&str>,
    is_app: bool,
    section: &str,
) -> Result<Option<Author>, ActionError> {
    let given = match setting.map(str::trim) {
        Some(ACCOUNT) => return Ok(None),
        None if is_app => return Ok(None),
        None => "Ticketsmith <commits@ticketsmith.invalid>",
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

/// Where the addresses are that GitHub gives to people; an Enterprise Server has its own.
pub(crate) fn noreply_host(base_url: &str) -> String {
    let server = base_url.trim_end_matches('/').strip_suffix("/api/v3");
    let host = server.and_then(|server| server.split_once("://")).map(|(_, host)| host);
    format!("users.noreply.{}", host.unwrap_or("github.com"))
}

/// The last lines of a commit's message.
pub(crate) fn trailers(co_author: Option<&str>, mark: &Mark) -> String {
    let co_author = co_author.map(|person| format!("Co-authored-by: {person}\n")).unwrap_or_default();
    format!("{co_author}Ticketsmith-Mark: {}", mark.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_commits_as_itself_and_a_token_as_it_is_set() {
        let told =
            |setting, is_app| author(setting, is_app, "plugins.github").unwrap().map(|author| author.email);
        assert_eq!(told(None, true), None);
        assert_eq!(told(None, false).as_deref(), Some("commits@ticketsmith.invalid"));
        assert_eq!(told(Some("account"), false), None);
        assert_eq!(told(Some("Shop Bot <bot@acme.example>"), true).as_deref(), Some("bot@acme.example"));
        for wrong in ["Shop Bot", "<bot@acme.example>", "Bot <>", "Bot <x>", "A\nB <a@b>"] {
            let error = author(Some(wrong), false, "plugins.github").unwrap_err();
            assert!(error.message.contains("plugins.github.commit_author"), "{error}");
        }
    }

    #[test]
    fn addresses_are_of_the_server() {
        assert_eq!(noreply_host("https://api.github.com"), "users.noreply.github.com");
        assert_eq!(noreply_host("https://git.acme.example/api/v3/"), "users.noreply.git.acme.example");
    }
}
