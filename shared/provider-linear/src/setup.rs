//! The setup in Linear.

use provider::{Setup, SetupFacts, SigningSecret};

// Only an admin of the workspace may create a webhook, and the key need not belong to one.
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Theirs);

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Invite an account for Ticketsmith to the Linear workspace as a member, not as an admin, and add it to the teams of the \
         projects."
            .to_owned(),
        "As that account, create a personal API key at https://linear.app/settings/account/security with the permissions Read and \
         Write. That is the `api_key`."
            .to_owned(),
        format!(
            "As an admin, create a webhook at https://linear.app/settings/api to {}, for Issues and Comments. Copy its signing secret.",
            facts.webhook_address("/webhooks/linear")
        ),
        "Create the label `agent` in the team, or for the workspace.".to_owned(),
    ]
}
