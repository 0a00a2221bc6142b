//! What people write in channels, as replies and in threads. Discord sends it over the Gateway and not as a webhook; what is returned is the same
//! event, signed, so that it can be handed over once more like a delivery.

use serde_json::{Value, json};

use super::{Discord, Message, State, Thread};
use crate::attachment::Attachment;
use crate::webhook::Outgoing;

/// What a message belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Under<'a> {
    /// The channel.
    Channel,
    /// The newest message of the application in the channel that has these words, which it answers.
    Reply(&'a str),
    /// The thread on such a message, which begins with it if there is none.
    Thread(&'a str),
}

impl Discord {
    /// `by` writes a message in a channel.
    pub(super) fn wrote(
        &self,
        (text, files): (&str, &[Attachment]),
        by: &str,
        channel: &str,
        under: Under<'_>,
    ) -> Result<Outgoing, String> {
        let (user, parent) = (self.person(by)?, self.channel_named(channel)?);
        let mut state = self.lock();
        let (channel, answers) = match under {
            Under::Channel => (parent.clone(), None),
            Under::Reply(about) => {
                let answered = self.own_message(&state, &parent, about)?;
                (parent.clone(), Some(Box::new(Message { answers: None, ..answered })))
            }
            Under::Thread(about) => {
                let id = self.own_message(&state, &parent, about)?.id;
                if !state.threads.iter().any(|thread| thread.id == id) {
                    state.threads.push(Thread { id: id.clone(), parent: parent.clone() });
                }
                (id, None)
            }
        };
        let id = self.next_id(&mut state);
        let attachments = self.uploaded(&mut state, &channel, files)?;
        let message = Message {
            id,
            channel,
            author: user.id.clone(),
            content: text.trim().to_owned(),
            components: json!([]),
            embeds: json!([]),
            flags: 0,
            attachments,
            answers,
            nonce: None,
            reactions: Vec::new(),
            sent: self.now(),
            edited: None,
            pings: false,
        };
        self.dispatch_message(&mut state, &message);
        let thread = (message.channel != parent).then(|| message.channel.clone());
        let event = json!({
            "t": "MESSAGE_CREATE", "d": self.message_json(&message), "own_account": self.world().application.id,
            "place": {"channel": parent, "thread": thread},
        });
        state.messages.push(message);
        Ok(self.signed(&event))
    }

    /// The mention of the bot before a text that has none.
    pub(super) fn with_mention(&self, text: &str) -> String {
        let mention = format!("<@{}>", self.world().application.id);
        if text.contains(&mention) { text.to_owned() } else { format!("{mention} {text}") }
    }

    fn own_message(&self, state: &State, channel: &str, about: &str) -> Result<Message, String> {
        let own = &self.world().application.id;
        let is_meant = |message: &&Message| {
            message.channel == channel && message.author == *own && message.content.contains(about)
        };
        let found = state.messages.iter().rev().find(is_meant).cloned();
        found.ok_or_else(|| format!("the application sent no message about `{about}` to the channel"))
    }

    /// Keeps what a person uploads with a message, and shows it.
    fn uploaded(&self, state: &mut State, channel: &str, files: &[Attachment]) -> Result<Value, String> {
        let mut shown = Vec::new();
        for file in files {
            let (id, key) = (self.next_id(state), uuid::Uuid::new_v4().simple().to_string());
            let name = file.name.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "_");
            let url = format!("{}/attachments/{channel}/{id}/{name}?ex=1&is=1&hm={key}", self.0.address);
            shown.push(json!({
                "id": id, "filename": file.name, "size": file.bytes()?.len(), "url": url, "proxy_url": url,
                "content_type": file.media_type(),
            }));
            state.uploads.push((id, key, file.clone()));
        }
        Ok(shown.into())
    }
}
