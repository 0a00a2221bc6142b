//! Hands over what arrived, in order, and keeps how far it came.

use super::hearing::{Place, delivery, in_json};
use super::session::{Kept, Session};
use crate::channels::is_thread;
use crate::discord::{Discord, send};
use domain::ActionError;
use jiff::Timestamp;
use provider::Receiver;
use serde_json::Value;
use std::collections::HashMap;
use tokio::sync::mpsc::UnboundedReceiver;

/// What arrived.
#[derive(Debug)]
pub(super) struct Job {
    /// The number of the last event until then.
    pub(super) sequence: Option<u64>,
    /// When it arrived.
    pub(super) at: Timestamp,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A session began.
    Began(Session),
    /// Nothing is missing until here.
    Alive,
    /// A message.
    Said(Value),
}

/// Hands over to a receiver.
pub(super) struct Hand<'a> {
    discord: &'a Discord,
    to: &'a dyn Receiver,
    own: &'a str,
    kept: Kept,
    /// The places of messages by their channels.
    places: HashMap<String, Place>,
}

impl<'a> Hand<'a> {
    pub(super) fn new(discord: &'a Discord, to: &'a dyn Receiver, own: &'a str, kept: Kept) -> Self {
        Self { discord, to, own, kept, places: HashMap::new() }
    }

    /// Until the connection ends.
    pub(super) async fn run(&mut self, mut waiting: UnboundedReceiver<Job>) -> Result<(), ActionError> {
        while let Some(job) = waiting.recv().await {
            self.take(job).await?;
        }
        Ok(())
    }

    /// The next session is another one. What was said since is read from the channels then.
    pub(super) async fn forget_session(&mut self) -> Result<(), ActionError> {
        self.kept.session = None;
        self.kept.write(self.to).await
    }

    async fn take(&mut self, Job { sequence, at, what }: Job) -> Result<(), ActionError> {
        let mut until = at;
        match what {
            What::Began(session) => {
                self.catch_up().await?;
                self.kept.session = Some(session);
            }
            What::Said(message) => {
                // Where a session is resumed, later messages may be older than now.
                let said_at = message["timestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                until = said_at.map_or(until, |said_at| said_at.min(until));
                self.hand_over(&message).await?;
            }
            What::Alive => {}
        }
        if let Some((session, sequence)) = self.kept.session.as_mut().zip(sequence) {
            session.sequence = sequence;
        }
        self.kept.since = Some(self.kept.since.map_or(until, |since| since.max(until)));
        self.kept.write(self.to).await
    }

    async fn hand_over(&mut self, message: &Value) -> Result<(), ActionError> {
        let Some(channel) = message["channel_id"].as_str() else { return Ok(()) };
        let place = match self.places.get(channel) {
            Some(known) => known.clone(),
            None => {
                let place = self.discord.place_of(channel).await?;
                self.places.insert(channel.to_owned(), place.clone());
                place
            }
        };
        self.to.receive(delivery(message, self.own, &place)).await?;
        Ok(())
    }

    /// What was said to us since the last time, from the channels: a session that begins does not know of it.
    async fn catch_up(&mut self) -> Result<(), ActionError> {
        let Some(since) = self.kept.since else { return Ok(()) };
        for channel in self.discord.channels_with_news(since).await? {
            for message in self.discord.said_since(&channel, since, self.own).await? {
                self.hand_over(&message).await?;
            }
        }
        Ok(())
    }
}

impl Discord {
    async fn place_of(&self, id: &str) -> Result<Place, ActionError> {
        let Some(found) = self.any_channel(id).await? else {
            return Ok(Place { channel: id.to_owned(), ..Place::default() });
        };
        match found.parent_id.filter(|_| is_thread(found.kind)) {
            Some(parent) => {
                let above = self.any_channel(&parent).await?;
                let channel_name = above.and_then(|above| above.name);
                Ok(Place { channel: parent, channel_name, thread: Some(id.to_owned()) })
            }
            None => Ok(Place { channel: id.to_owned(), channel_name: found.name, thread: None }),
        }
    }

    /// Hands over commands and buttons, each of which is to be answered within three seconds:
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction>.
    pub(super) async fn answer_all(
        &self,
        mut asked: UnboundedReceiver<Value>,
        to: &dyn Receiver,
    ) -> Result<(), ActionError> {
        while let Some(interaction) = asked.recv().await {
            let answer = to.receive(in_json(interaction.to_string())).await?;
            let (Some(id), Some(token)) = (interaction["id"].as_str(), interaction["token"].as_str()) else {
                continue;
            };
            // Other answers are not for Discord.
            if !answer["type"].is_u64() {
                continue;
            }
            let path = "/interactions/{interaction}/{token}/callback";
            if let Err(failure) = send(self.without_token.post(path, &[id, token]).json(&answer)).await {
                // What was asked for is done nevertheless; Discord says that there is no answer.
                tracing::warn!(error = %failure.error, "an interaction could not be answered");
            }
        }
        Ok(())
    }
}
