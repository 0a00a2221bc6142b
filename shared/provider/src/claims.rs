//! What a configuration claims of a service, for `doctor` to verify.

use domain::PermissionProblem;

/// What a configuration says of a service outside the service's own section. [`ProviderSpec::probe`](crate::ProviderSpec::probe) verifies it
/// where the service can be asked; by default there is nothing to verify.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// The bot's own account, whose events are ignored; `None` if the configuration does not say.
    pub own_account: Option<String>,
    /// Whether the service sends us webhooks, so that the bot's own account must be known.
    pub sends_webhooks: bool,
    /// People's names and what the service calls them.
    pub people: Vec<(String, String)>,
    /// The actions of the workflows that the project's tracker serves, and those that take them back.
    pub tracker_actions: Vec<String>,
    /// Statuses that the project or its workflows name, in the tracker's words.
    pub statuses: Vec<String>,
}

impl Claims {
    /// What is wrong with the configured account of the bot, given the account that the credential has: `key` is where it belongs in the
    /// configuration, and `is_learned` says that the service is asked for it if the configuration does not say.
    pub fn own_account_problem(
        &self,
        key: &str,
        actual: &str,
        is_learned: bool,
    ) -> Option<PermissionProblem> {
        let problem = |consequence: &str| {
            let remedy = format!("set {key} to `{actual}`");
            PermissionProblem::missing(format!("{key}: {actual}"), consequence, remedy)
        };
        match &self.own_account {
            Some(configured) if configured.eq_ignore_ascii_case(actual) => None,
            Some(configured) => Some(problem(&format!(
                "the configuration says `{configured}`, so what the bot does itself is taken for somebody else's work"
            ))),
            None if self.sends_webhooks && !is_learned => {
                Some(problem("what the bot does itself is taken for somebody else's work"))
            }
            None => None,
        }
    }

    /// The problem that nobody has an account that the configuration gives to a person.
    pub fn unknown_account(service: &str, person: &str, account: &str) -> PermissionProblem {
        PermissionProblem::missing(
            format!("the account {account} of {person}"),
            format!("{service} knows nobody of this ID, so {person} is not recognized there"),
            format!("correct it under users, at {person}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bots_own_account_must_be_the_credentials() {
        let problem = |configured: Option<&str>, sends_webhooks: bool, is_learned: bool| {
            let own_account = configured.map(str::to_owned);
            let claims = Claims { own_account, sends_webhooks, ..Claims::default() };
            claims.own_account_problem("webhooks.own_accounts.github", "bot", is_learned)
        };
        assert_eq!(problem(Some("Bot"), true, false), None);
        assert_eq!(problem(None, true, true), None);
        assert_eq!(problem(None, false, false), None);
        let wrong = problem(Some("robot"), true, true).unwrap().to_string();
        assert!(
            wrong.contains("says `robot`") && wrong.contains("set webhooks.own_accounts.github to `bot`"),
            "{wrong}"
        );
        assert!(problem(None, true, false).is_some());
    }
}
