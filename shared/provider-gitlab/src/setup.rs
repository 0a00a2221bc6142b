//! How GitLab is set up for us.

use provider::{Setup, SetupFacts, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Theirs);

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Create a project access token (in the project, Settings > Access tokens) or a group access token, with the role Developer and the scope `api`: branches, commits, merge requests and notes need it. It is the `token`. Its account is a bot, which distinguishes our work from people's."
            .to_owned(),
        "If the tier has no such tokens, create an account for the bot, make it a Developer of the project, and create a personal access token with the scope `api` as that account. Set `webhooks.own_accounts.gitlab` to its username."
            .to_owned(),
        format!(
            "In the project, Settings > Webhooks, add a webhook. URL: {}. Generate a signing token: it is the signing secret. Older servers have only a secret token: choose a long random one. Triggers: Comments, Issues events, Merge request events, Pipeline events.",
            facts.webhook_address("/webhooks/gitlab"),
        ),
    ]
}
