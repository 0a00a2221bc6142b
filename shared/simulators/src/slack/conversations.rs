//! Channels and their messages.

use axum::extract::State as AxumState;
use serde_json::{Value, json};

use super::arguments::Arguments;
use super::{Answer, Channel, Message, Refusal, Slack, Wanted, answer};

fn channel_json(slack: &Slack, channel: &Channel) -> Value {
    json!({
        "id": channel.id, "name": channel.name, "name_normalized": channel.name,
        "is_channel": !channel.private, "is_group": channel.private, "is_im": false, "is_mpim": false,
        "is_private": channel.private, "is_archived": channel.archived, "is_member": channel.bot_is_member,
        "is_general": false, "context_team_id": slack.world().team.id,
        "topic": {"value": "", "creator": "", "last_set": 0}, "purpose": {"value": "", "creator": "", "last_set": 0},
    })
}

/// The part of a list for a cursor and limit, and the next cursor.
fn page<T: Clone>(all: &[T], arguments: &Arguments) -> Result<(Vec<T>, String), Refusal> {
    let start = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("next:")
            .and_then(|offset| offset.parse().ok())
            .ok_or(Refusal::Because("invalid_cursor"))?,
    };
    let limit = arguments.number("limit").unwrap_or(100).clamp(1, 999);
    let end = all.len().min(start + limit);
    let next = if end < all.len() { format!("next:{end}") } else { String::new() };
    Ok((all.get(start..end).unwrap_or_default().to_vec(), next))
}

pub(super) async fn list(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let kinds = arguments.text("types").unwrap_or("public_channel");
    for (kind, scope) in [("public_channel", "channels:read"), ("private_channel", "groups:read")] {
        if kinds.contains(kind) && !slack.has_scope(scope) {
            return Err(Refusal::Because("missing_scope"));
        }
    }
    let shown: Vec<Value> = slack
        .world()
        .channels
        .iter()
        .filter(|channel| kinds.contains(if channel.private { "private_channel" } else { "public_channel" }))
        .filter(|channel| channel.bot_is_member || !channel.private)
        .filter(|channel| !(channel.archived && arguments.flag("exclude_archived")))
        .map(|channel| channel_json(&slack, channel))
        .collect();
    let (channels, next) = page(&shown, &arguments)?;
    answer(json!({"channels": channels, "response_metadata": {"next_cursor": next}}))
}

/// The ID of the direct messages between the bot and a person, as long as Slack's IDs even if a world's are short.
pub(super) fn direct_id(user: &str) -> String {
    format!("D{:0<10}", user.get(1..).unwrap_or_default())
}

/// Opens direct messages with one person, or returns the open ones:
/// [conversations.open](https://docs.slack.dev/reference/methods/conversations.open).
pub(super) async fn open(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let world = slack.world();
    if !world.app.scopes.iter().any(|scope| scope == "im:write") {
        return Err(Refusal::Because("missing_scope"));
    }
    let person = arguments.required("users", "users_list_not_supplied")?;
    let known = world.users.iter().any(|user| user.id == person);
    let id = direct_id(person);
    match known {
        true => {
            slack.opened().insert(id.clone());
            answer(json!({"channel": {"id": id}}))
        }
        false => Err(Refusal::Because("user_not_found")),
    }
}

pub(super) async fn info(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    if channel.private && !channel.bot_is_member {
        return Err(Refusal::Because("channel_not_found"));
    }
    slack.check_scope(&channel, Wanted::Name)?;
    answer(json!({"channel": channel_json(&slack, &channel)}))
}

/// The messages a time window chooses, in the order given.
fn within(messages: Vec<Message>, arguments: &Arguments) -> Vec<Message> {
    let inclusive = arguments.flag("inclusive");
    let after = arguments.text("oldest").map(str::to_owned);
    let before = arguments.text("latest").map(str::to_owned);
    messages
        .into_iter()
        .filter(|message| {
            let at = message.ts.as_str();
            after.as_deref().is_none_or(|oldest| at > oldest || (inclusive && at == oldest))
                && before.as_deref().is_none_or(|latest| at < latest || (inclusive && at == latest))
        })
        .collect()
}

fn show(slack: &Slack, messages: &[Message], arguments: &Arguments) -> Answer {
    let (messages, next) = page(messages, arguments)?;
    let metadata = arguments.flag("include_all_metadata");
    let shown: Vec<Value> = messages.iter().map(|message| slack.message_json(message, metadata)).collect();
    answer(
        json!({"messages": shown, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next}}),
    )
}

pub(super) async fn history(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    slack.check_scope(&channel, Wanted::Messages)?;
    if !channel.bot_is_member {
        return Err(Refusal::Because("not_in_channel"));
    }
    let mut messages: Vec<Message> = slack
        .lock()
        .messages
        .iter()
        .filter(|message| message.channel == channel.id && message.thread_ts.is_none())
        .cloned()
        .collect();
    messages.reverse();
    show(&slack, &within(messages, &arguments), &arguments)
}

pub(super) async fn replies(AxumState(slack): AxumState<Slack>, arguments: Arguments) -> Answer {
    let channel = slack.channel(arguments.required("channel", "channel_not_found")?, false)?;
    slack.check_scope(&channel, Wanted::Messages)?;
    let ts = arguments.required("ts", "thread_not_found")?;
    let messages: Vec<Message> = slack
        .lock()
        .messages
        .iter()
        .filter(|message| message.channel == channel.id)
        .filter(|message| message.ts == ts || message.thread_ts.as_deref() == Some(ts))
        .cloned()
        .collect();
    if messages.is_empty() {
        return Err(Refusal::Because("thread_not_found"));
    }
    show(&slack, &within(messages, &arguments), &arguments)
}
