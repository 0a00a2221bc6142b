//! The workspace as one of the services of a simulation.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

use super::{Channel, Slack, World, authenticate, conversations, files, messages, people, socket, webhooks};
use crate::attachment::Attachment;
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions in the workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// The slash command is typed in Slack.
    #[serde(rename = "slack-command")]
    Command {
        /// The text after the command, such as `run SHOP-1`.
        text: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
    },
    /// The bot is mentioned in Slack.
    #[serde(rename = "slack-mention")]
    Mention {
        /// The message; the mention is put first when it has none.
        text: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
        /// `ts` of the message whose thread it continues.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// What the person uploads with it.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// Somebody answers in the thread of a message of ours, without mentioning the bot.
    #[serde(rename = "slack-thread")]
    Thread {
        /// The message.
        text: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
        /// Words in the message of ours that begins the thread; of several, the newest.
        about: String,
        /// What the person uploads with it.
        #[serde(default)]
        files: Vec<Attachment>,
    },
    /// A button of a Slack message is pressed.
    #[serde(rename = "slack-button")]
    Button {
        /// The button's `action_id`.
        action_id: String,
        /// `ts` of the message.
        message: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
    },
    /// A button is pressed in the answer to the slash command, which only the person sees.
    #[serde(rename = "slack-answer-button")]
    AnswerButton {
        /// The button's `action_id`.
        action_id: String,
        /// The button's value.
        value: String,
        /// Handle of the person.
        by: String,
        /// Name of the channel, with or without `#`.
        channel: String,
    },
}

impl Simulator for Slack {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "slack";
    const TITLE: &'static str = "Slack";
    const DESCRIPTIONS: &'static [&'static str] = &[];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let signing = opening.signing_of(Self::NAME)?;
        Ok(Self::start(world, opening.secrets, signing, opening.address, opening.clock, opening.violations)?)
    }

    /// All methods, with authentication, and the response addresses, which need none.
    fn router(&self) -> Router {
        let methods = Router::new()
            .route("/auth.test", post(people::auth_test).get(people::auth_test))
            .route("/chat.postMessage", post(messages::post))
            .route("/chat.update", post(messages::update))
            .route("/conversations.list", post(conversations::list).get(conversations::list))
            .route("/conversations.info", post(conversations::info).get(conversations::info))
            .route("/conversations.history", post(conversations::history).get(conversations::history))
            .route("/conversations.open", post(conversations::open))
            .route("/conversations.replies", post(conversations::replies).get(conversations::replies))
            .route("/files.info", get(files::info))
            .route("/reactions.add", post(messages::add_reaction))
            .route("/users.info", post(people::info).get(people::info))
            .layer(from_fn_with_state(self.clone(), authenticate))
            // It takes the app's own token.
            .route("/apps.connections.open", post(socket::open));
        Router::new()
            .nest("/api", methods)
            .route("/link", get(socket::link))
            .route("/files-pri/{file}/download/{name}", get(files::download))
            .route("/commands/{team}/{id}/{token}", post(webhooks::respond))
            .with_state(self.clone())
    }

    /// The messages by channel name, those posted to response addresses, and those sent over sockets.
    fn state(&self) -> Value {
        let written = self.lock().messages.clone();
        let messages: Vec<Value> = written
            .iter()
            .map(|message| {
                let mut json = self.message_json(message, true);
                let channel = self.channel(&message.channel, false).ok().map(Cow::into_owned);
                json["channel"] = channel
                    .map(|Channel { name, .. }| match name.starts_with('@') {
                        true => name,
                        false => format!("#{name}"),
                    })
                    .into();
                json
            })
            .collect();
        let state = self.lock();
        let responses: Vec<Value> =
            state.responses.iter().map(|(to, body)| json!({"response_url": to, "body": body})).collect();
        json!({"messages": messages, "responses": responses, "socket": state.socket.shown()})
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        let outgoing = match delivery {
            Delivery::Command { text, by, channel } => self.commanded(&text, &by, &channel),
            Delivery::Mention { text, by, channel, thread, files } => {
                self.mentioned((&text, &files), &by, &channel, thread.as_deref())
            }
            Delivery::Thread { text, by, channel, about, files } => {
                self.replied((&text, &files), &by, &channel, &about)
            }
            Delivery::Button { action_id, message, by, channel } => {
                self.pressed(&action_id, &message, &by, &channel)
            }
            Delivery::AnswerButton { action_id, value, by, channel } => {
                self.pressed_in_answer(&action_id, &value, &by, &channel)
            }
        }?;
        self.send_over_socket(&outgoing);
        Ok(outgoing)
    }
}
