//! The `slack` section of a world file.

use serde::Deserialize;

/// A Slack workspace with Ticketsmith's app installed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `bot_token` (`xoxb-…`).
    pub secret: String,
    /// The workspace.
    pub team: Team,
    /// The app.
    pub app: App,
    /// People of the workspace.
    pub users: Vec<User>,
    /// Channels.
    pub channels: Vec<Channel>,
}

/// A workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Such as `T012AB3C4`.
    pub id: String,
    /// Name that people see.
    pub name: String,
    /// First part of its address, such as `acme`.
    pub domain: String,
}

/// The installed app and its bot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Such as `A012ABCD0A0`.
    pub id: String,
    /// Id of the bot, such as `B012ABCDEFG`.
    pub bot_id: String,
    /// Id by which the bot is mentioned, such as `U0LAN0Z89`.
    pub bot_user_id: String,
    /// Name of the bot, such as `ticketsmith`.
    pub bot_name: String,
    /// Its slash command, such as `/ticketsmith`.
    pub command: String,
    /// The bot token's scopes, as `chat:write`; those a bot needs when absent.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

fn scopes() -> Vec<String> {
    [
        "chat:write",
        "commands",
        "app_mentions:read",
        "channels:read",
        "channels:history",
        "files:read",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "reactions:write",
        "users:read",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Such as `U012AB3CD`.
    pub id: String,
    /// Handle, which the rest of the world file uses for this person.
    pub name: String,
    /// Name that people see.
    pub real_name: String,
    /// Address; absent for a person who hides it.
    #[serde(default)]
    pub email: Option<String>,
}

/// A channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Such as `C012AB3CD`.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// Whether only members see it.
    #[serde(default)]
    pub private: bool,
    /// Whether it is archived.
    #[serde(default)]
    pub archived: bool,
    /// Whether the bot is a member; otherwise it cannot write there.
    #[serde(default = "yes")]
    pub bot_is_member: bool,
}

fn yes() -> bool {
    true
}
