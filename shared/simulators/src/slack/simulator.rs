//! The workspace as one of the services of a simulation.

use axum::Router;
use serde::Deserialize;
use serde_json::Value;

use super::{Slack, World};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// What people do in the workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// The slash command is typed in Slack.
    #[serde(rename = "slack-command")]
    Command {
        /// What follows the command, such as `run SHOP-1`.
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
}

impl Simulator for Slack {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "slack";
    const TITLE: &'static str = "Slack";
    const DESCRIPTIONS: &'static [&'static str] = &[];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let signing = opening.signing_of(Self::NAME)?;
        Ok(Self::start(world, opening.secrets, signing, opening.address, opening.clock)?)
    }

    fn router(&self) -> Router {
        Self::router(self)
    }

    fn state(&self) -> Value {
        Self::state(self)
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Command { text, by, channel } => self.commanded(&text, &by, &channel),
            Delivery::Mention { text, by, channel, thread } => {
                self.mentioned(&text, &by, &channel, thread.as_deref())
            }
            Delivery::Button { action_id, message, by, channel } => {
                self.pressed(&action_id, &message, &by, &channel)
            }
        }
    }
}
