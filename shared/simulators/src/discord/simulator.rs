//! The server as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Discord, World, authenticate, interactions, messages, people};
use crate::attachment::Attachment;
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions in the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// Discord checks whether the endpoint answers.
    #[serde(rename = "discord-ping")]
    Ping {},
    /// The slash command is used.
    #[serde(rename = "discord-command")]
    Command {
        /// The text after the command.
        text: String,
        /// Name of the person.
        by: String,
        /// Name of the channel.
        channel: String,
        /// What is given for the command's options that take files.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// A button under a message is pressed.
    #[serde(rename = "discord-button")]
    Button {
        /// Which action it is: `approve`.
        action: String,
        /// ID of the message.
        message: String,
        /// Name of the person.
        by: String,
        /// Name or ID of the channel.
        channel: String,
    },
}

impl Simulator for Discord {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "discord";
    const TITLE: &'static str = "Discord";
    const DESCRIPTIONS: &'static [&'static str] = &["discord.json"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Self::start(world, &opening)
    }

    /// All methods, with authentication, and answers to interactions, which need none.
    fn router(&self) -> Router {
        let methods = Router::new()
            .route("/applications/@me", get(people::application))
            .route("/applications/{application}/commands", get(people::commands))
            .route("/channels/{channel}/messages", get(messages::list_messages).post(messages::create))
            .route("/channels/{channel}/messages/{message}", get(messages::get).patch(messages::edit))
            .route("/channels/{channel}/messages/{message}/reactions/{emoji}/@me", put(messages::react))
            .route("/guilds/{server}/channels", get(people::channels))
            .route("/guilds/{server}/members/{user}", get(people::member))
            .route("/guilds/{server}/roles", get(people::roles))
            .route("/users/@me", get(people::myself))
            .route("/users/@me/guilds", get(people::servers))
            .route("/users/{user}", get(people::user))
            .layer(from_fn_with_state(self.clone(), authenticate));
        let answers = Router::new().route("/webhooks/{application}/{token}", post(interactions::follow_up));
        Router::new().nest("/api/v10", methods.merge(answers)).with_state(self.clone())
    }

    /// The store of files, which needs no token.
    fn pages(&self) -> Router {
        let path = "/ephemeral-attachments/{application}/{file}/{name}";
        Router::new().route(path, get(interactions::attachment)).with_state(self.clone())
    }

    /// The messages by channel name, and later answers to interactions.
    fn state(&self) -> Value {
        let state = self.lock();
        let messages = state.messages.iter().map(|message| {
            let mut shown = self.message_json(message);
            let channel = self.world().channels.iter().find(|channel| channel.id == message.channel);
            shown["channel"] = channel.map(|channel| format!("#{}", channel.name)).into();
            shown
        });
        let responses = state.responses.iter().map(|(token, body)| json!({"token": token, "body": body}));
        json!({"messages": messages.collect::<Vec<_>>(), "responses": responses.collect::<Vec<_>>()})
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Ping {} => Ok(self.pinged()),
            Delivery::Command { text, by, channel, files } => self.commanded(&text, &by, &channel, &files),
            Delivery::Button { action, message, by, channel } => {
                self.pressed(&action, &message, &by, &channel)
            }
        }
    }
}
