//! The server as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::gateway::{self, Trouble};
use super::writing::Under;
use super::{Discord, World, authenticate, interactions, link, messages, people};
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
    /// The bot is mentioned in a channel.
    #[serde(rename = "discord-mention")]
    Mention {
        /// The message; the mention is put first when it has none.
        text: String,
        /// Name of the person.
        by: String,
        /// Name of the channel.
        channel: String,
        /// What the person uploads with it.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// Somebody answers a message of ours, without mentioning the bot in words.
    #[serde(rename = "discord-reply")]
    Reply {
        /// The message.
        text: String,
        /// Name of the person.
        by: String,
        /// Name of the channel.
        channel: String,
        /// Words in the message of ours; of several, the newest.
        about: String,
        /// What the person uploads with it.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// Somebody writes in the thread on a message of ours, which begins if there is none.
    #[serde(rename = "discord-thread")]
    Thread {
        /// The message.
        text: String,
        /// Name of the person.
        by: String,
        /// Name of the channel that the thread is in.
        channel: String,
        /// Words in the message of ours; of several, the newest.
        about: String,
        /// What the person uploads with it.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// The Gateway does something to its connections, and Discord checks the endpoint.
    #[serde(rename = "discord-gateway")]
    Gateway {
        /// What it does.
        does: Trouble,
    },
}

impl Simulator for Discord {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "discord";
    const TITLE: &'static str = "Discord";
    const DESCRIPTIONS: &'static [&'static str] = &["discord.json"];
    /// The Gateway's own protocol.
    const CHECKS_ITSELF: &'static [&'static str] = &[gateway::BEGINNING, gateway::RESUMING];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        Self::start(world, &opening)
    }

    /// All methods, with authentication, answers to interactions, which need none, and the Gateway, which asks for the token itself.
    fn router(&self) -> Router {
        let methods = Router::new()
            .route("/applications/@me", get(people::application))
            .route("/applications/{application}/commands", get(people::commands))
            .route("/channels/{channel}", get(people::channel))
            .route("/channels/{channel}/messages", get(messages::list_messages).post(messages::create))
            .route("/channels/{channel}/messages/{message}", get(messages::get).patch(messages::edit))
            .route("/channels/{channel}/messages/{message}/reactions/{emoji}/@me", put(messages::react))
            .route("/gateway/bot", get(gateway::bot))
            .route("/guilds/{server}/channels", get(people::channels))
            .route("/guilds/{server}/members/{user}", get(people::member))
            .route("/guilds/{server}/roles", get(people::roles))
            .route("/guilds/{server}/threads/active", get(people::threads))
            .route("/users/@me", get(people::myself))
            .route("/users/@me/guilds", get(people::servers))
            .route("/users/{user}", get(people::user))
            .layer(from_fn_with_state(self.clone(), authenticate));
        let answers = Router::new()
            .route("/interactions/{interaction}/{token}/callback", post(interactions::callback))
            .route("/webhooks/{application}/{token}", post(interactions::follow_up));
        Router::new()
            .nest("/api/v10", methods.merge(answers))
            .route(gateway::BEGINNING, get(link::open))
            .route(gateway::RESUMING, get(link::open))
            .with_state(self.clone())
    }

    /// The store of files, which needs no token.
    fn pages(&self) -> Router {
        // The addresses are those that Discord itself gives out.
        let uploaded = "/attachments/{channel}/{file}/{name}";
        let given = "/ephemeral-attachments/{application}/{file}/{name}";
        Router::new()
            .route(uploaded, get(interactions::attachment))
            .route(given, get(interactions::attachment))
            .with_state(self.clone())
    }

    /// The messages by channel name, answers to interactions, and what the Gateway did.
    fn state(&self) -> Value {
        let state = self.lock();
        let messages = state.messages.iter().map(|message| {
            let mut shown = self.message_json(message);
            let channel = self.world().channels.iter().find(|channel| channel.id == message.channel);
            let is_in_thread = state.threads.iter().any(|thread| thread.id == message.channel);
            shown["channel"] = match is_in_thread {
                true => format!("thread {}", message.channel).into(),
                false => channel.map(|channel| format!("#{}", channel.name)).into(),
            };
            shown
        });
        let callbacks = state.callbacks.iter().map(|(token, body)| json!({"token": token, "body": body}));
        let responses = state.responses.iter().map(|(token, body)| json!({"token": token, "body": body}));
        json!({
            "messages": messages.collect::<Vec<_>>(), "responses": responses.collect::<Vec<_>>(),
            "callbacks": callbacks.collect::<Vec<_>>(), "gateway": state.gateway.shown(),
        })
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Ping {} => Ok(self.pinged()),
            Delivery::Command { text, by, channel, files } => self.commanded(&text, &by, &channel, &files),
            Delivery::Button { action, message, by, channel } => {
                self.pressed(&action, &message, &by, &channel)
            }
            Delivery::Mention { text, by, channel, files } => {
                self.wrote((&self.with_mention(&text), &files), &by, &channel, Under::Channel)
            }
            Delivery::Reply { text, by, channel, about, files } => {
                self.wrote((&text, &files), &by, &channel, Under::Reply(&about))
            }
            Delivery::Thread { text, by, channel, about, files } => {
                self.wrote((&text, &files), &by, &channel, Under::Thread(&about))
            }
            Delivery::Gateway { does } => {
                self.trouble(does)?;
                Ok(self.pinged())
            }
        }
    }
}
