//! Messages with a mark.

use crate::channels::{Next, from};
use crate::limits;
use crate::mrkdwn::mrkdwn_from_markdown;
use crate::slack::{Slack, SlackError, answer};
use domain::ActionError;
use domain::plugins::{Mark, Message, MessageBody, MessageButton, SentMessage};
use domain::text::{CUT, TextLimit, cut, cut_line, split};
use http_client::{Page, Pages};
use jiff::SignedDuration;
use provider::send_fitting_items;
use serde::Deserialize;
use serde_json::{Value, json};

const EVENT_TYPE: &str = "ticketsmith";
const PAGE: u32 = 200;
/// How far Slack's clock and ours may differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);

/// Of one block of [actions](https://docs.slack.dev/reference/block-kit/blocks/actions-block).
const MOST_BUTTONS: usize = 25;

#[derive(Debug, Deserialize)]
struct Posted {
    channel: String,
    ts: String,
}

#[derive(Debug, Deserialize)]
struct History {
    messages: Vec<Past>,
    #[serde(default)]
    response_metadata: Option<Next>,
}

#[derive(Debug, Deserialize)]
struct Past {
    ts: String,
    /// The author; for an app's message, the user of its bot.
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    metadata: Value,
}

#[derive(Debug, Deserialize)]
struct Own {
    user_id: String,
}

impl Slack {
    pub(crate) async fn post_message(
        &self,
        message: &Message,
        mark: &Mark,
    ) -> Result<SentMessage, ActionError> {
        let text = mrkdwn_from_markdown(&message.body.text);
        let text = text.as_str();
        let rest = message.body.rest.as_deref().map(mrkdwn_from_markdown);
        let rest = rest.as_deref();
        let posted: Posted = self
            .in_channel(&message.channel, async |channel: String| {
                let channel = channel.as_str();
                let send = async |shown: String| {
                    let mut body = content(&shown, &message.body.buttons, limits::MESSAGE);
                    body["channel"] = channel.into();
                    body["metadata"] = metadata(mark);
                    body["unfurl_links"] = false.into();
                    body["unfurl_media"] = false.into();
                    if let Some(thread) = &message.thread {
                        body["thread_ts"] = thread.as_str().into();
                    }
                    self.call("/chat.postMessage", &body).await
                };
                send_fitting_items(text, rest, limits::MESSAGE, limits::is_too_long, send).await
            })
            .await?;
        Ok(SentMessage { channel: posted.channel, id: posted.ts, url: None })
    }

    pub(crate) async fn replace_message(
        &self,
        sent: &SentMessage,
        message: &MessageBody,
        mark: Option<&Mark>,
    ) -> Result<(), ActionError> {
        let send = async |shown: String| {
            let mut body = content(&shown, &message.buttons, limits::CHANGED_MESSAGE);
            body["channel"] = sent.channel.as_str().into();
            body["ts"] = sent.id.as_str().into();
            // Without the field, Slack keeps the existing metadata.
            if let Some(mark) = mark {
                body["metadata"] = metadata(mark);
            }
            self.call("/chat.update", &body).await
        };
        let text = mrkdwn_from_markdown(&message.text);
        let rest = message.rest.as_deref().map(mrkdwn_from_markdown);
        let _: Value =
            send_fitting_items(&text, rest.as_deref(), limits::MESSAGE, limits::is_too_long, send).await?;
        Ok(())
    }

    pub(crate) async fn find_marked_message(
        &self,
        channel: &str,
        thread: Option<&str>,
        mark: &Mark,
    ) -> Result<Option<SentMessage>, ActionError> {
        let channel = self.channel_id(channel).await?;
        let digest = mark.digest();
        let oldest = (mark.at - CLOCKS_DIFFER_BY).as_second();
        let method = if thread.is_some() { "/conversations.replies" } else { "/conversations.history" };
        let at = channel.as_str();
        let load = |cursor: String| async move {
            let request = self.client.get(method, &[]).query("channel", at).query("oldest", oldest);
            let request = request.query("limit", PAGE).query("include_all_metadata", true);
            let request = thread.into_iter().fold(request, |request, thread| request.query("ts", thread));
            let (page, bytes) = answer::<History>(method, from(request, &cursor)).await?;
            let next = page.response_metadata.unwrap_or_default().into_cursor();
            Ok::<_, SlackError>(Page { items: page.messages, next, bytes })
        };
        let marked = |message: &Past| {
            message.metadata["event_type"] == EVENT_TYPE
                && message.metadata["event_payload"]["mark"] == digest.as_str()
        };
        let pages = || Pages::of("Slack's messages");
        let Some(mut found) = pages().find(String::new(), load, marked).await? else { return Ok(None) };
        let own = self.own_user().await?;
        if found.user.as_deref() != Some(own) {
            // Another app gave its message our mark; ours may be older.
            let ours = |message: &Past| marked(message) && message.user.as_deref() == Some(own);
            match pages().find(String::new(), load, ours).await? {
                Some(ours) => found = ours,
                None => return Ok(None),
            }
        }
        Ok(Some(SentMessage { channel, id: found.ts, url: None }))
    }

    /// The id of our bot's user, asked for once in a client's life: [auth.test](https://docs.slack.dev/reference/methods/auth.test).
    pub(crate) async fn own_user(&self) -> Result<&str, ActionError> {
        if let Some(known) = self.own_user.get() {
            return Ok(known);
        }
        let Own { user_id } = self.call("/auth.test", &json!({})).await?;
        Ok(self.own_user.get_or_init(|| user_id))
    }
}

fn metadata(mark: &Mark) -> Value {
    json!({"event_type": EVENT_TYPE, "event_payload": {"mark": mark.digest()}})
}

/// The `text` and `blocks` of a message in Slack's language. Slack does not look for names, channels and addresses in them. People see the blocks; notifications show the text, cut to `limit`.
pub(crate) fn content(shown: &str, buttons: &[MessageButton], limit: TextLimit) -> Value {
    let text = cut(shown, limit, CUT);
    let sections = split(shown, limits::SECTION).into_iter().map(
        |section| json!({"type": "section", "text": {"type": "mrkdwn", "text": section, "verbatim": true}}),
    );
    let mut blocks: Vec<Value> = sections.collect();
    if !buttons.is_empty() {
        let buttons: Vec<Value> = buttons.iter().take(MOST_BUTTONS).map(button).collect();
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    json!({"text": text, "blocks": blocks})
}

fn button(button: &MessageButton) -> Value {
    let mut element = json!({
        "type": "button",
        "text": {"type": "plain_text", "text": cut_line(&button.label, limits::LABEL)},
        "action_id": button.action,
    });
    if !button.value.is_empty() {
        element["value"] = button.value.as_str().into();
    }
    if let Some(url) = &button.url {
        element["url"] = url.as_str().into();
    }
    match button.action.as_str() {
        "approve" => element["style"] = "primary".into(),
        "deny" | "stop" => element["style"] = "danger".into(),
        _ => {}
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_message() {
        let button = MessageButton {
            label: "Approve".into(),
            action: "approve".into(),
            value: "token".into(),
            url: None,
        };
        assert_eq!(
            content(&mrkdwn_from_markdown("**Done** <!channel>"), &[button], limits::MESSAGE),
            json!({
                "text": "*Done* &lt;!channel&gt;",
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": "*Done* &lt;!channel&gt;", "verbatim": true}},
                    {"type": "actions", "elements": [{
                        "type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "approve",
                        "value": "token", "style": "primary"}]}]})
        );
    }

    #[test]
    fn long_text_is_parted_between_lines_and_loses_nothing() {
        let text = format!("{}\n{}\nend", "a".repeat(2_000), "ü".repeat(7_000));
        let message = content(&text, &[], limits::CHANGED_MESSAGE);
        let parts: Vec<&str> = message["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["text"]["text"].as_str().unwrap())
            .collect();
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|part| limits::SECTION.holds(part)));
        assert_eq!(parts[0].trim_end().len(), 2_000);
        assert!(limits::CHANGED_MESSAGE.holds(message["text"].as_str().unwrap()));
    }

    #[test]
    fn code_over_several_sections_is_code_in_each() {
        let text = format!("before\n\n```python\n{}```\n\nafter", "x = 1  # a line of code\n".repeat(300));
        let message = content(&mrkdwn_from_markdown(&text), &[], limits::MESSAGE);
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() > 2);
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap();
            assert_eq!(text.matches("```").count(), 2, "{text}");
        }
        let buttons = content(&"x ".repeat(20_000), &[], limits::CHANGED_MESSAGE);
        assert!(buttons["text"].as_str().unwrap().ends_with(CUT), "a text that is cut says so");
    }
}
