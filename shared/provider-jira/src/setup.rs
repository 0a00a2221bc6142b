//! How Jira is set up for us.

use provider::{Setup, SetupFacts, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Ours);

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Give the bot an account of its own, if you can, that may browse the project, create, edit and transition issues, add comments and edit its own; for plans, also link and delete issues."
            .to_owned(),
        "As that account, create an API token: https://id.atlassian.com/manage-profile/security/api-tokens. It is the `api_token`; `email` is the account's address."
            .to_owned(),
        format!(
            "As an administrator, create a webhook at {}/plugins/servlet/webhooks. URL: {}. Secret: the signing secret. Events: Issue created, Issue updated, Comment created.",
            if facts.site.is_empty() { "https://YOUR-SITE.atlassian.net" } else { facts.site },
            facts.webhook_address("/webhooks/jira"),
        ),
    ]
}
