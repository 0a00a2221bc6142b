//! The setup in Discord.

use provider::{Setup, SetupFacts, SigningSecret};

// The secret is the application's public key. Discord checks the address when it is saved, so that Ticketsmith must run then.
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Theirs);

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Create an application at https://discord.com/developers/applications. Its Public Key is the signing secret.".to_owned(),
        "Under Bot, reset the token. That is the `bot_token`. For `serve --pull`, also enable Message Content Intent there under Privileged Gateway \
         Intents, so that replies to the bot and messages in threads reach it without a mention."
            .to_owned(),
        "Under OAuth2 > URL Generator, choose the scopes `bot` and `applications.commands` and the permissions View Channels, Send \
         Messages, Send Messages in Threads, Read Message History and Add Reactions, and open the address to invite the bot."
            .to_owned(),
        format!(
            "Register the slash command `{}` with one option `text` of type string, as \
             https://docs.discord.com/developers/interactions/application-commands shows; `docs/providers/discord.md` has the command.",
            facts.command
        ),
        match facts.webhook_url {
            Some(url) => format!(
                "When Ticketsmith runs, set General Information > Interactions Endpoint URL to {url}. `serve --pull` fetches messages in addition."
            ),
            None => "Leave General Information > Interactions Endpoint URL empty: `serve --pull` fetches commands, buttons and messages."
                .to_owned(),
        },
    ]
}
