//! The setup in Discord.

use provider::{Setup, SetupFacts, SigningSecret};

// The secret is the application's public key. Discord checks the address when it is saved, so that Ticketsmith must run then.
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Theirs);

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Create an application at https://discord.com/developers/applications. Its Public Key is the signing secret.".to_owned(),
        "Under Bot, reset the token. That is the `bot_token`. No privileged intents are needed.".to_owned(),
        "Under OAuth2 > URL Generator, choose the scopes `bot` and `applications.commands` and the permissions View Channels, Send \
         Messages, Read Message History and Add Reactions, and open the address to invite the bot."
            .to_owned(),
        format!(
            "Register the slash command `{}` with one option `text` of type string, as \
             https://docs.discord.com/developers/interactions/application-commands shows; `docs/providers/discord.md` has the command.",
            facts.command
        ),
        format!(
            "When Ticketsmith runs, set General Information > Interactions Endpoint URL to {}.",
            facts.webhook_address("/webhooks/discord")
        ),
    ]
}
