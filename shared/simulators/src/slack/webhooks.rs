//! What people do with the app, the signed requests that Slack sends about it, and the addresses at which it takes late
//! answers.

use axum::Json;
use axum::extract::{Path, State as AxumState};
use axum::http::StatusCode;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Message, Slack, State, User, Wanted};
use crate::attachment::Attachment;
use crate::webhook::{Outgoing, hmac_hex};

/// How often a response address may be used.
const RESPONSES_A_COMMAND: usize = 5;

/// The signature of [Slack's](https://docs.slack.dev/authentication/verifying-requests-from-slack/)
/// `X-Slack-Signature`: `v0=` and the HMAC of `v0:{timestamp}:{body}` in hexadecimal; `timestamp` in Unix seconds.
#[must_use]
pub fn sign_slack(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let prefix = format!("v0:{timestamp}:");
    format!("v0={}", hmac_hex(secret, &[prefix.as_bytes(), body]))
}

impl Slack {
    /// `by` types the app's slash command with this text in a channel.
    pub(crate) fn commanded(&self, text: &str, by: &str, channel: &str) -> Result<Outgoing, String> {
        let user = self.user(by)?;
        let channel = self.channel(channel, true).map_err(|_| unknown_channel(channel))?;
        let team = &self.world().team;
        let id = (self.0.clock)().as_microsecond();
        let response_url = self.response_url(&mut self.lock());
        let text = &as_sent(text);
        let fields = [
            ("token", "deprecated"),
            ("team_id", &team.id),
            ("team_domain", &team.domain),
            ("channel_id", &channel.id),
            ("channel_name", &channel.name),
            ("user_id", &user.id),
            ("user_name", &user.name),
            ("command", &self.world().app.command),
            ("text", text),
            ("api_app_id", &self.world().app.id),
            ("is_enterprise_install", "false"),
            ("response_url", &response_url),
            ("trigger_id", &format!("{id}.{}.{}", id / 7, uuid::Uuid::new_v4().simple())),
        ];
        let body = serde_urlencoded::to_string(fields).map_err(|error| error.to_string())?;
        Ok(self.signed("application/x-www-form-urlencoded", body))
    }

    /// `by` writes a message that mentions the bot; `text` may leave the mention out, then it is put first.
    pub(crate) fn mentioned(
        &self,
        (text, files): (&str, &[Attachment]),
        by: &str,
        channel: &str,
        thread: Option<&str>,
    ) -> Result<Outgoing, String> {
        let user = self.user(by)?;
        let channel = self.channel(channel, true).map_err(|_| unknown_channel(channel))?;
        let app = &self.world().app;
        let mention = format!("<@{}>", app.bot_user_id);
        let text = as_sent(text);
        let text = if text.contains(&mention) { text } else { format!("{mention} {text}") };
        let mut state = self.lock();
        let ts = self.next_ts(&mut state);
        let mut event = json!({"type": "app_mention", "user": user.id, "text": text, "ts": ts,
                               "channel": channel.id, "event_ts": ts, "team": self.world().team.id});
        if let Some(thread) = thread {
            event["thread_ts"] = thread.into();
        }
        self.upload(&mut state, files, user, &channel, &mut event)?;
        state.messages.push(said(&user.id, &channel.id, ts, thread, text));
        Ok(self.event_callback(&event))
    }

    /// `by` answers in the thread of the app's newest message in a channel that has `about` in it.
    pub(crate) fn replied(
        &self,
        (text, files): (&str, &[Attachment]),
        by: &str,
        channel: &str,
        about: &str,
    ) -> Result<Outgoing, String> {
        let user = self.user(by)?;
        let channel = self.channel(channel, true).map_err(|_| unknown_channel(channel))?;
        if self.check_scope(&channel, Wanted::Messages).is_err() || !channel.bot_is_member {
            return Err(format!("Slack does not tell the app what is said in #{}", channel.name));
        }
        let mut state = self.lock();
        let begins = |message: &&Message| {
            let is_ours = message.channel == channel.id && message.user.is_none();
            is_ours && message.thread_ts.is_none() && message.text.contains(about)
        };
        let thread = state.messages.iter().rev().find(begins).map(|message| message.ts.clone());
        let thread =
            thread.ok_or_else(|| format!("the app sent no message about `{about}` to #{}", channel.name))?;
        let (ts, text) = (self.next_ts(&mut state), as_sent(text));
        let kind = if channel.private { "group" } else { "channel" };
        let mut event = json!({"type": "message", "user": user.id, "text": text, "ts": ts, "channel": channel.id,
                           "channel_type": kind, "event_ts": ts, "team": self.world().team.id,
                           "thread_ts": thread, "parent_user_id": self.world().app.bot_user_id});
        self.upload(&mut state, files, user, &channel, &mut event)?;
        state.messages.push(said(&user.id, &channel.id, ts, Some(&thread), text));
        Ok(self.event_callback(&event))
    }

    /// The Events API's payload for an event.
    fn event_callback(&self, event: &Value) -> Outgoing {
        let app = &self.world().app;
        let body = json!({
            "token": "deprecated", "team_id": self.world().team.id, "api_app_id": app.id, "event": event,
            "type": "event_callback", "event_id": format!("Ev{}", uuid::Uuid::new_v4().simple()),
            "event_time": (self.0.clock)().as_second(),
            "authorizations": [{"enterprise_id": null, "team_id": self.world().team.id,
                                "user_id": app.bot_user_id, "is_bot": true, "is_enterprise_install": false}],
            "is_ext_shared_channel": false,
        });
        self.signed("application/json", body.to_string())
    }

    /// `by` presses the button with this `action_id` in the message `ts` of a channel.
    pub(crate) fn pressed(
        &self,
        action_id: &str,
        ts: &str,
        by: &str,
        channel: &str,
    ) -> Result<Outgoing, String> {
        let user = self.user(by)?;
        let channel = self.channel(channel, true).map_err(|_| unknown_channel(channel))?;
        let mut state = self.lock();
        let response_url = self.response_url(&mut state);
        let message = state
            .messages
            .iter()
            .find(|message| message.channel == channel.id && message.ts == ts)
            .ok_or_else(|| format!("no message in #{} has the ts {ts}", channel.name))?;
        let shown = std::iter::once(&message.blocks).chain(message.earlier_blocks.iter().rev());
        let button = shown
            .filter_map(Value::as_array)
            .flatten()
            .flat_map(|block| {
                block["elements"].as_array().into_iter().flatten().map(move |button| (block, button))
            })
            .find(|(_, button)| button["action_id"] == action_id);
        let (block, button) = button.ok_or_else(|| format!("the message has no button `{action_id}`"))?;
        let app = &self.world().app;
        let team = json!({"id": self.world().team.id, "domain": self.world().team.domain});
        let payload = json!({
            "type": "block_actions", "api_app_id": app.id, "token": "deprecated", "team": team,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": self.world().team.id},
            "container": {"type": "message", "message_ts": ts, "channel_id": channel.id, "is_ephemeral": false},
            "channel": {"id": channel.id, "name": channel.name},
            "message": self.message_json(message, true), "response_url": response_url,
            "trigger_id": uuid::Uuid::new_v4().simple().to_string(),
            "actions": [{"type": "button", "action_id": action_id, "block_id": block["block_id"],
                         "text": button["text"], "value": button["value"],
                         "action_ts": (self.0.clock)().as_second().to_string()}],
        });
        let body = serde_urlencoded::to_string([("payload", payload.to_string())])
            .map_err(|error| error.to_string())?;
        Ok(self.signed("application/x-www-form-urlencoded", body))
    }

    /// `by` presses a button under an answer that only they see. Slack keeps no such messages, so it sends none along.
    pub(crate) fn pressed_in_answer(
        &self,
        action_id: &str,
        value: &str,
        by: &str,
        channel: &str,
    ) -> Result<Outgoing, String> {
        let user = self.user(by)?;
        let channel = self.channel(channel, true).map_err(|_| unknown_channel(channel))?;
        let response_url = self.response_url(&mut self.lock());
        let team = json!({"id": self.world().team.id, "domain": self.world().team.domain});
        let now = (self.0.clock)();
        let payload = json!({
            "type": "block_actions", "api_app_id": self.world().app.id, "token": "deprecated", "team": team,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": self.world().team.id},
            "container": {"type": "message", "message_ts": format!("{}.000000", now.as_second()),
                          "channel_id": channel.id, "is_ephemeral": true},
            "channel": {"id": channel.id, "name": channel.name}, "response_url": response_url,
            "trigger_id": uuid::Uuid::new_v4().simple().to_string(),
            "actions": [{"type": "button", "action_id": action_id, "block_id": "b1", "value": value,
                         "action_ts": now.as_second().to_string()}],
        });
        let body = serde_urlencoded::to_string([("payload", payload.to_string())])
            .map_err(|error| error.to_string())?;
        Ok(self.signed("application/x-www-form-urlencoded", body))
    }

    /// A new address for late answers.
    fn response_url(&self, state: &mut State) -> String {
        let id = (self.0.clock)().as_microsecond();
        let token = uuid::Uuid::new_v4().simple();
        let address = format!("{}/commands/{}/{id}/{token}", self.0.base_url, self.world().team.id);
        state.addresses.push(address.clone());
        address
    }

    fn user(&self, name: &str) -> Result<&User, String> {
        self.world().users.iter().find(|user| user.name == name).ok_or_else(|| {
            let known =
                self.world().users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("nobody in slack.users is named `{name}`; there are: {known}")
        })
    }

    fn signed(&self, kind: &'static str, body: String) -> Outgoing {
        let timestamp = (self.0.clock)().as_second();
        let signature = sign_slack(&self.0.signing, timestamp, body.as_bytes());
        Outgoing {
            path: "/webhooks/slack",
            headers: vec![
                ("content-type", kind.to_owned()),
                ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
                ("x-slack-request-timestamp", timestamp.to_string()),
                ("x-slack-signature", signature),
            ],
            body: body.into_bytes(),
        }
    }
}

/// What somebody types, as Slack sends it: [escaped](https://docs.slack.dev/messaging/formatting-message-text#escaping), except for what Slack
/// itself writes between angle brackets, such as `<@U012AB3CD>`, and what is escaped already.
fn as_sent(text: &str) -> String {
    let mut sent = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        let (before, special) = rest.split_at(at);
        sent.push_str(before);
        let is_entity = ["&amp;", "&lt;", "&gt;"].iter().any(|entity| special.starts_with(entity));
        let is_written = ["<@", "<#", "<!", "<http"].iter().any(|start| special.starts_with(start));
        let length = match special.find('>').filter(|_| is_written) {
            Some(end) => end + 1,
            None => 1,
        };
        let (token, after) = special.split_at(length);
        sent.push_str(match token {
            "&" if !is_entity => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            token => token,
        });
        rest = after;
    }
    sent.push_str(rest);
    sent
}

/// A person's message.
fn said(user: &str, channel: &str, ts: String, thread: Option<&str>, text: String) -> Message {
    Message {
        channel: channel.to_owned(),
        ts,
        thread_ts: thread.map(str::to_owned),
        user: Some(user.to_owned()),
        text,
        blocks: Value::Null,
        earlier_blocks: Vec::new(),
        metadata: Value::Null,
        edited: None,
        reactions: Vec::new(),
    }
}

fn unknown_channel(name: &str) -> String {
    format!("no channel is named `{name}`")
}

/// A late answer to a slash command or a pressed button.
pub(super) async fn respond(
    AxumState(slack): AxumState<Slack>,
    Path((team, id, token)): Path<(String, String, String)>,
    Json(body): Json<Value>,
) -> (StatusCode, String) {
    let address = format!("{}/commands/{team}/{id}/{token}", slack.0.base_url);
    let mut state = slack.lock();
    if !state.addresses.contains(&address) {
        return (StatusCode::NOT_FOUND, "expired_url".to_owned());
    }
    if state.responses.iter().filter(|(used, _)| *used == address).count() >= RESPONSES_A_COMMAND {
        return (StatusCode::NOT_FOUND, "used_url".to_owned());
    }
    if body["text"].as_str().is_none_or(str::is_empty)
        && !body["blocks"].is_array()
        && body["delete_original"] != true
    {
        return (StatusCode::BAD_REQUEST, "no_text".to_owned());
    }
    state.responses.push((address, body));
    (StatusCode::OK, "ok".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that Slack publishes.
    #[test]
    fn published_signature() {
        let secret = SecretString::from("8f742231b10e8888abcd99yyyzzz85a5");
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
            &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
            &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
            &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            sign_slack(&secret, 1_531_420_618, body.as_bytes()),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }

    #[test]
    fn what_is_typed_is_sent_as_slack_does() {
        for (typed, sent) in [
            ("use Vec<String> && x", "use Vec&lt;String&gt; &amp;&amp; x"),
            ("<@U1> tell <https://a.example|b> &lt;", "<@U1> tell <https://a.example|b> &lt;"),
            ("a <- b", "a &lt;- b"),
            ("plain", "plain"),
        ] {
            assert_eq!(as_sent(typed), sent);
        }
    }
}
