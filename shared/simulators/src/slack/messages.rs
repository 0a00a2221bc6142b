//! Messages and reactions.

use axum::Json;
use axum::extract::State as AxumState;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::{Answer, Message, Refusal, Slack, State, answer, blocks};

const MAXIMUM_TEXT: usize = 40_000;

struct Content {
    text: String,
    blocks: Value,
    metadata: Value,
}

/// The text, blocks and metadata of a message to be shown.
fn content(arguments: &Arguments) -> Result<Content, Response> {
    let refuse = |error| Err(Refusal(error).into_response());
    let text = arguments.text("text").unwrap_or_default().to_owned();
    let shown = arguments.structure("blocks", "invalid_blocks_format").map_err(Refusal::into_response)?;
    let metadata =
        arguments.structure("metadata", "invalid_metadata_format").map_err(Refusal::into_response)?;
    if text.is_empty() && shown.as_array().is_none_or(Vec::is_empty) {
        return refuse("no_text");
    }
    if text.chars().count() > MAXIMUM_TEXT {
        return refuse("msg_too_long");
    }
    if let Err(problem) = blocks::check(&shown) {
        let body = json!({"ok": false, "error": "invalid_blocks", "errors": [problem],
                          "response_metadata": {"messages": [format!("[ERROR] {problem}")]}});
        return Err(Json(body).into_response());
    }
    if !metadata.is_null() && !(metadata["event_type"].is_string() && metadata["event_payload"].is_object()) {
        return refuse("invalid_metadata_schema");
    }
    Ok(Content { text, blocks: blocks::named(shown), metadata })
}

pub(super) async fn post(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Response {
    post_message(&slack, &arguments).unwrap_or_else(|refused| refused)
}

fn post_message(slack: &Slack, arguments: &Arguments) -> Result<Response, Response> {
    let given = arguments.required("channel", "channel_not_found").map_err(Refusal::into_response)?;
    let channel = slack.channel(given, true).map_err(Refusal::into_response)?;
    if channel.archived {
        return Err(Refusal("is_archived").into_response());
    }
    if !channel.bot_is_member {
        return Err(Refusal("not_in_channel").into_response());
    }
    let content = content(arguments)?;
    let mut state = slack.lock();
    let thread_ts = arguments.text("thread_ts").map(str::to_owned);
    if let Some(thread) = &thread_ts
        && find(&mut state, &channel.id, thread).is_none()
    {
        return Err(Refusal("thread_not_found").into_response());
    }
    let message = Message {
        channel: channel.id.clone(),
        ts: slack.next_ts(&mut state),
        thread_ts,
        user: None,
        text: content.text,
        blocks: content.blocks,
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
    Ok(Json(body).into_response())
}

fn find<'a>(state: &'a mut State, channel: &str, ts: &str) -> Option<&'a mut Message> {
    state.messages.iter_mut().find(|message| message.channel == channel && message.ts == ts)
}

pub(super) async fn update(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Response {
    update_message(&slack, &arguments).unwrap_or_else(|refused| refused)
}

fn update_message(slack: &Slack, arguments: &Arguments) -> Result<Response, Response> {
    let given = arguments.required("channel", "channel_not_found").map_err(Refusal::into_response)?;
    let channel = slack.channel(given, false).map_err(Refusal::into_response)?;
    let ts = arguments.required("ts", "message_not_found").map_err(Refusal::into_response)?;
    let content = content(arguments)?;
    let mut state = slack.lock();
    let edited = slack.next_ts(&mut state);
    let message =
        find(&mut state, &channel.id, ts).ok_or_else(|| Refusal("message_not_found").into_response())?;
    if message.user.is_some() {
        return Err(Refusal("cant_update_message").into_response());
    }
    message.text = content.text;
    message.blocks = content.blocks;
    if !content.metadata.is_null() {
        message.metadata = content.metadata;
    }
    message.edited = Some(edited);
    let body = json!({"ok": true, "channel": channel.id, "ts": ts, "text": message.text,
                      "message": slack.message_json(message, true)});
    Ok(Json(body).into_response())
}

pub(super) async fn delete(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    let ts = arguments.required("ts", "message_not_found")?;
    let mut state = slack.lock();
    let message = find(&mut state, &channel.id, ts).ok_or(Refusal("message_not_found"))?;
    if message.user.is_some() {
        return Err(Refusal("cant_delete_message"));
    }
    state.messages.retain(|message| message.channel != channel.id || message.ts != ts);
    answer(json!({"channel": channel.id, "ts": ts}))
}

pub(super) async fn permalink(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    let ts = arguments.required("message_ts", "message_not_found")?;
    find(&mut slack.lock(), &channel.id, ts).ok_or(Refusal("message_not_found"))?;
    let address = format!("{}/archives/{}/p{}", slack.0.base_url, channel.id, ts.replace('.', ""));
    answer(json!({"channel": channel.id, "permalink": address}))
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
    let message = find(state, &channel.id, ts).ok_or(Refusal("message_not_found"))?;
    Ok((message, name))
}

pub(super) async fn add_reaction(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let mut state = slack.lock();
    let bot = slack.world().app.bot_user_id.clone();
    let (message, name) = reacted(&slack, &mut state, &arguments)?;
    match message.reactions.iter_mut().find(|(known, _)| *known == name) {
        Some((_, users)) if users.contains(&bot) => return Err(Refusal("already_reacted")),
        Some((_, users)) => users.push(bot),
        None => message.reactions.push((name, vec![bot])),
    }
    answer(json!({}))
}

pub(super) async fn remove_reaction(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let mut state = slack.lock();
    let bot = slack.world().app.bot_user_id.clone();
    let (message, name) = reacted(&slack, &mut state, &arguments)?;
    let users = message.reactions.iter_mut().find(|(known, users)| *known == name && users.contains(&bot));
    let (_, users) = users.ok_or(Refusal("no_reaction"))?;
    users.retain(|user| *user != bot);
    message.reactions.retain(|(_, users)| !users.is_empty());
    answer(json!({}))
}
