//! Messages and reactions.

use axum::Json;
use axum::extract::State as AxumState;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::{Answer, Message, Refusal, Slack, State, answer, blocks};

/// Characters of a new message.
const MAXIMUM_TEXT: usize = 40_000;
/// The maximum bytes of an edited message.
const MAXIMUM_CHANGED_TEXT: usize = 4_000;

struct Content {
    text: String,
    blocks: Value,
    metadata: Value,
}

/// The text, blocks and metadata of a message to be shown.
fn content(arguments: &Arguments) -> Result<Content, Refusal> {
    let refuse = |error| Err(Refusal::Because(error));
    let text = arguments.text("text").unwrap_or_default().to_owned();
    let shown = arguments.structure("blocks", "invalid_blocks_format")?;
    let metadata = arguments.structure("metadata", "invalid_metadata_format")?;
    if text.is_empty() && shown.as_array().is_none_or(Vec::is_empty) {
        return refuse("no_text");
    }
    if text.chars().count() > MAXIMUM_TEXT {
        return refuse("msg_too_long");
    }
    blocks::check(&shown).map_err(Refusal::InvalidBlocks)?;
    let described = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !metadata.is_null() && !described {
        return refuse("invalid_metadata_schema");
    }
    Ok(Content { text, blocks: blocks::named(shown), metadata })
}

pub(super) async fn post(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let given = arguments.required("channel", "channel_not_found")?;
    let channel = slack.channel(given, true)?;
    if channel.archived {
        return Err(Refusal::Because("is_archived"));
    }
    if !channel.bot_is_member {
        return Err(Refusal::Because("not_in_channel"));
    }
    let content = content(&arguments)?;
    let mut state = slack.lock();
    let thread_ts = arguments.text("thread_ts").map(str::to_owned);
    if let Some(thread) = &thread_ts
        && find(&mut state, &channel.id, thread).is_none()
    {
        return Err(Refusal::Because("thread_not_found"));
    }
    let message = Message {
        channel: channel.id.clone(),
        ts: slack.next_ts(&mut state),
        thread_ts,
        user: None,
        text: content.text,
        blocks: content.blocks,
        earlier_blocks: Vec::new(),
        metadata: content.metadata,
        edited: None,
        reactions: Vec::new(),
    };
    let mut body = json!({"ok": true, "channel": channel.id, "ts": message.ts,
                          "message": slack.message_json(&message, true)});
    if arguments.missing_charset {
        body["warning"] = "missing_charset".into();
        body["response_metadata"] = json!({"warnings": ["missing_charset"]});
    }
    state.messages.push(message);
    Ok(Json(body))
}

fn find<'a>(state: &'a mut State, channel: &str, ts: &str) -> Option<&'a mut Message> {
    state.messages.iter_mut().find(|message| message.channel == channel && message.ts == ts)
}

pub(super) async fn update(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let given = arguments.required("channel", "channel_not_found")?;
    let channel = slack.channel(given, false)?;
    let ts = arguments.required("ts", "message_not_found")?;
    let content = content(&arguments)?;
    if content.text.len() > MAXIMUM_CHANGED_TEXT {
        return Err(Refusal::Because("msg_too_long"));
    }
    let mut state = slack.lock();
    let edited = slack.next_ts(&mut state);
    let message = find(&mut state, &channel.id, ts).ok_or(Refusal::Because("message_not_found"))?;
    if message.user.is_some() {
        return Err(Refusal::Because("cant_update_message"));
    }
    message.text = content.text;
    let earlier = std::mem::replace(&mut message.blocks, content.blocks);
    message.earlier_blocks.push(earlier);
    if !content.metadata.is_null() {
        message.metadata = content.metadata;
    }
    message.edited = Some(edited);
    let body = json!({"ok": true, "channel": channel.id, "ts": ts, "text": message.text,
                      "message": slack.message_json(message, true)});
    Ok(Json(body))
}

/// The message which a reaction names, and the reaction's name without colons.
fn reacted<'a>(
    slack: &Slack,
    state: &'a mut State,
    arguments: &Arguments,
) -> Result<(&'a mut Message, String), Refusal> {
    let name = arguments.required("name", "invalid_name")?.trim_matches(':').to_owned();
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    let ts = arguments.required("timestamp", "no_item_specified")?;
    let message = find(state, &channel.id, ts).ok_or(Refusal::Because("message_not_found"))?;
    Ok((message, name))
}

pub(super) async fn add_reaction(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let mut state = slack.lock();
    let bot = slack.world().app.bot_user_id.clone();
    let (message, name) = reacted(&slack, &mut state, &arguments)?;
    match message.reactions.iter_mut().find(|(known, _)| *known == name) {
        Some((_, users)) if users.contains(&bot) => return Err(Refusal::Because("already_reacted")),
        Some((_, users)) => users.push(bot),
        None => message.reactions.push((name, vec![bot])),
    }
    answer(json!({}))
}
