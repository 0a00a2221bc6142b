//! Messages with a mark.

use crate::channels::Next;
use crate::mrkdwn::mrkdwn_from_markdown;
use crate::slack::{Slack, answer};
use domain::ActionError;
use domain::plugins::{Mark, Message, MessageBody, MessageButton, SentMessage};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

const EVENT_TYPE: &str = "ticketsmith";
const PAGE: u32 = 200;
/// How far Slack's clock and ours may differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);

/// Slack's limits of [sections](https://docs.slack.dev/reference/block-kit/blocks/section-block),
/// [buttons](https://docs.slack.dev/reference/block-kit/block-elements/button-element) and, for the whole text, what people
/// read.
const LONGEST_SECTION: usize = 3_000;
const LONGEST_TEXT: usize = 12_000;
const LONGEST_LABEL: usize = 75;
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
    #[serde(default)]
    metadata: Value,
}

impl Slack {
    pub(crate) async fn post_message(
        &self,
        message: &Message,
        mark: &Mark,
    ) -> Result<SentMessage, ActionError> {
        let mut body = content(&message.body);
        body["channel"] = self.channel_id(&message.channel).await?.into();
        body["metadata"] = metadata(mark);
        body["unfurl_links"] = false.into();
        body["unfurl_media"] = false.into();
        if let Some(thread) = &message.thread {
            body["thread_ts"] = thread.as_str().into();
        }
        let posted: Posted = self.call("/chat.postMessage", &body).await?;
        Ok(SentMessage { channel: posted.channel, id: posted.ts, url: None })
    }

    pub(crate) async fn replace_message(
        &self,
        sent: &SentMessage,
        message: &MessageBody,
        mark: Option<&Mark>,
    ) -> Result<(), ActionError> {
        let mut body = content(message);
        body["channel"] = sent.channel.as_str().into();
        body["ts"] = sent.id.as_str().into();
        // Without the field Slack keeps the metadata that is there.
        if let Some(mark) = mark {
            body["metadata"] = metadata(mark);
        }
        let _: Value = self.call("/chat.update", &body).await?;
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
        let mut cursor = String::new();
        loop {
            let mut request = self
                .client
                .get(method, &[])
                .query("channel", &channel)
                .query("oldest", oldest)
                .query("limit", PAGE)
                .query("include_all_metadata", true);
            if let Some(thread) = thread {
                request = request.query("ts", thread);
            }
            if !cursor.is_empty() {
                request = request.query("cursor", &cursor);
            }
            let page: History = answer(method, request).await?;
            let marked = |message: &Past| {
                message.metadata["event_type"] == EVENT_TYPE
                    && message.metadata["event_payload"]["mark"] == digest.as_str()
            };
            if let Some(found) = page.messages.into_iter().find(marked) {
                return Ok(Some(SentMessage { channel, id: found.ts, url: None }));
            }
            cursor = page.response_metadata.unwrap_or_default().next_cursor;
            if cursor.is_empty() {
                return Ok(None);
            }
        }
    }
}

fn metadata(mark: &Mark) -> Value {
    json!({"event_type": EVENT_TYPE, "event_payload": {"mark": mark.digest()}})
}

/// The `text` and `blocks` of a message.
fn content(body: &MessageBody) -> Value {
    let text = cut(&mrkdwn_from_markdown(&body.text), LONGEST_TEXT);
    let sections = sections(&text)
        .into_iter()
        .map(|section| json!({"type": "section", "text": {"type": "mrkdwn", "text": section}}));
    let mut blocks: Vec<Value> = sections.collect();
    if !body.buttons.is_empty() {
        let buttons: Vec<Value> = body.buttons.iter().take(MOST_BUTTONS).map(button).collect();
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    json!({"text": text, "blocks": blocks})
}

fn button(button: &MessageButton) -> Value {
    let mut element = json!({
        "type": "button",
        "text": {"type": "plain_text", "text": cut(&button.label, LONGEST_LABEL)},
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

/// Pieces that fit a section, parted between lines where there are any.
fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    let mut room = 0;
    for line in text.split_inclusive('\n') {
        let characters: Vec<char> = line.chars().collect();
        for piece in characters.chunks(LONGEST_SECTION) {
            if piece.len() > room {
                sections.push(String::new());
                room = LONGEST_SECTION;
            }
            room -= piece.len();
            if let Some(section) = sections.last_mut() {
                section.extend(piece);
            }
        }
    }
    sections.retain(|section| !section.trim().is_empty());
    sections
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest - 1).chain(['…']).collect(),
    }
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
            content(&MessageBody { text: "**Done** <!channel>".into(), buttons: vec![button] }),
            json!({
                "text": "*Done* &lt;!channel&gt;",
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": "*Done* &lt;!channel&gt;"}},
                    {"type": "actions", "elements": [{
                        "type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "approve",
                        "value": "token", "style": "primary"}]}]})
        );
    }

    #[test]
    fn long_text_is_parted_between_lines_and_loses_nothing() {
        let text = format!("{}\n{}\nend", "a".repeat(2_000), "ü".repeat(7_000));
        let parts = sections(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|part| part.chars().count() <= LONGEST_SECTION));
        assert_eq!(parts[0].trim_end().len(), 2_000);
        assert_eq!(sections(""), Vec::<String>::new());
        assert_eq!(cut(&"ü".repeat(76), 75).chars().count(), 75);
    }
}
