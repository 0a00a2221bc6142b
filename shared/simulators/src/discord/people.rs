//! The server, its channels and accounts, and the application.

use axum::Json;
use axum::extract::{Path, State as AxumState};
use serde_json::{Value, json};

use super::{Channel, Discord, Failure, State, Thread};

type Answer = Result<Json<Value>, Failure>;

/// `GET /users/@me`
pub(super) async fn myself(AxumState(discord): AxumState<Discord>) -> Json<Value> {
    let own = &discord.world().application.id;
    Json(discord.user_json(own).unwrap_or_default())
}

/// `GET /users/{user}`
pub(super) async fn user(AxumState(discord): AxumState<Discord>, Path(id): Path<String>) -> Answer {
    discord.user_json(&id).map(Json).ok_or(Failure::not_found(10_013, "Unknown User"))
}

/// `GET /users/@me/guilds`
pub(super) async fn servers(AxumState(discord): AxumState<Discord>) -> Json<Value> {
    let server = &discord.world().server;
    Json(json!([{"id": server.id, "name": server.name, "owner": false, "permissions": "0", "features": []}]))
}

/// `GET /applications/@me`
pub(super) async fn application(AxumState(discord): AxumState<Discord>) -> Json<Value> {
    let application = &discord.world().application;
    let endpoint = application.command.as_ref().filter(|_| !application.without_endpoint);
    let endpoint = endpoint.map(|_| "https://ticketsmith.example/webhooks/discord");
    Json(json!({
        "id": application.id, "name": application.name, "flags": application.flags(), "interactions_endpoint_url": endpoint,
    }))
}

/// `GET /applications/{application}/commands`
pub(super) async fn commands(AxumState(discord): AxumState<Discord>, Path(id): Path<String>) -> Answer {
    let application = &discord.world().application;
    if application.id != id {
        return Err(Failure::not_found(10_002, "Unknown Application"));
    }
    let commands = application.command.iter().map(|name| json!({"id": "1", "name": name, "type": 1}));
    Ok(Json(commands.collect()))
}

fn check_server(discord: &Discord, id: &str) -> Result<(), Failure> {
    if discord.world().server.id == id { Ok(()) } else { Err(Failure::not_found(10_004, "Unknown Guild")) }
}

/// The newest message in a channel or thread.
fn newest(state: &State, channel: &str) -> Option<String> {
    state.messages.iter().rev().find(|message| message.channel == channel).map(|message| message.id.clone())
}

fn channel_json(discord: &Discord, state: &State, channel: &Channel) -> Value {
    let server = &discord.world().server.id;
    let denied = match channel.denied {
        0 => json!([]),
        bits => json!([{"id": server, "type": 0, "allow": "0", "deny": bits.to_string()}]),
    };
    json!({"id": channel.id, "type": 0, "guild_id": server, "name": channel.name, "permission_overwrites": denied,
           "parent_id": null, "last_message_id": newest(state, &channel.id)})
}

fn thread_json(discord: &Discord, state: &State, thread: &Thread) -> Value {
    json!({"id": thread.id, "type": 11, "guild_id": discord.world().server.id, "name": "thread", "parent_id": thread.parent,
           "last_message_id": newest(state, &thread.id), "thread_metadata": {"archived": false, "locked": false}})
}

/// `GET /channels/{channel}`: a channel or a thread.
pub(super) async fn channel(AxumState(discord): AxumState<Discord>, Path(id): Path<String>) -> Answer {
    let found = discord.channel_for(&id, 0)?;
    let state = discord.lock();
    Ok(Json(match state.threads.iter().find(|thread| thread.id == id) {
        Some(thread) => thread_json(&discord, &state, thread),
        None => channel_json(&discord, &state, found),
    }))
}

/// `GET /guilds/{server}/threads/active`
pub(super) async fn threads(AxumState(discord): AxumState<Discord>, Path(server): Path<String>) -> Answer {
    check_server(&discord, &server)?;
    let state = discord.lock();
    let threads: Vec<Value> =
        state.threads.iter().map(|thread| thread_json(&discord, &state, thread)).collect();
    Ok(Json(json!({"threads": threads, "members": []})))
}

/// `GET /guilds/{server}/channels`: text channels, and a voice channel.
pub(super) async fn channels(AxumState(discord): AxumState<Discord>, Path(server): Path<String>) -> Answer {
    check_server(&discord, &server)?;
    let state = discord.lock();
    let channels = discord.world().channels.iter().map(|channel| channel_json(&discord, &state, channel));
    let voice = json!({"id": "290926798999357299", "type": 2, "guild_id": server, "name": "voice", "permission_overwrites": []});
    Ok(Json(channels.chain([voice]).collect()))
}

/// `GET /guilds/{server}/members/{user}`
pub(super) async fn member(
    AxumState(discord): AxumState<Discord>,
    Path((server, user)): Path<(String, String)>,
) -> Answer {
    check_server(&discord, &server)?;
    let shown = discord.user_json(&user).ok_or(Failure::not_found(10_007, "Unknown Member"))?;
    let roles = if user == discord.world().application.id { json!([ROLE]) } else { json!([]) };
    Ok(Json(json!({"user": shown, "roles": roles, "deaf": false, "mute": false, "flags": 0})))
}

/// The bot's role.
const ROLE: &str = "197038439483310999";

/// `GET /guilds/{server}/roles`
pub(super) async fn roles(AxumState(discord): AxumState<Discord>, Path(server): Path<String>) -> Answer {
    check_server(&discord, &server)?;
    let permissions = discord.world().application.permissions.to_string();
    Ok(Json(json!([
        {"id": server, "name": "@everyone", "permissions": "0", "position": 0},
        {"id": ROLE, "name": discord.world().application.name, "permissions": permissions, "position": 1},
    ])))
}
