//! The `discord` section of a world file.

use serde::Deserialize;

/// A Discord server with Ticketsmith's application installed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Name of the secret with the field `bot_token`.
    pub secret: String,
    /// The seed of the Ed25519 key that interactions are signed with, as 64 hex digits. Its public key is in the signing secret.
    pub private_key: String,
    /// The application; its bot has the same ID.
    pub application: Application,
    /// The server.
    pub server: Server,
    /// People of the server.
    pub users: Vec<User>,
    /// Text channels.
    pub channels: Vec<Channel>,
    /// How many messages a channel takes in five seconds.
    #[serde(default = "many")]
    pub messages_in_five_seconds: usize,
    /// The Gateway.
    #[serde(default)]
    pub gateway: GatewaySettings,
}

/// What the Gateway asks of its clients.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// How often it wants a heartbeat, in milliseconds.
    pub heartbeat_ms: u64,
    /// How many sessions may begin.
    pub session_starts: usize,
    /// How much time has to be between two of them.
    pub seconds_between_sessions: i64,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self { heartbeat_ms: 41_250, session_starts: 1_000, seconds_between_sessions: 5 }
    }
}

fn many() -> usize {
    1_000
}

/// An application and its bot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Such as `1283052984719360041`.
    pub id: String,
    /// Name of the bot.
    pub name: String,
    /// Its slash command without the slash; absent until somebody registers one.
    #[serde(default)]
    pub command: Option<String>,
    /// The permissions of the bot's role, as a bit set.
    #[serde(default = "permissions")]
    pub permissions: u64,
    /// Whether the Message Content intent is enabled.
    #[serde(default = "yes")]
    pub message_content: bool,
    /// Whether it has no Interactions Endpoint URL, so that interactions come over the Gateway.
    #[serde(default)]
    pub without_endpoint: bool,
}

impl Application {
    /// [Its flags](https://docs.discord.com/developers/resources/application#application-object-application-flags).
    pub(super) fn flags(&self) -> u64 {
        if self.message_content { 1 << 19 } else { 0 }
    }
}

fn yes() -> bool {
    true
}

/// View Channels, Send Messages, Send Messages in Threads, Read Message History, Add Reactions.
fn permissions() -> u64 {
    1 << 10 | 1 << 11 | 1 << 38 | 1 << 16 | 1 << 6
}

/// A server, which Discord's API calls a guild.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Such as `197038439483310086`.
    pub id: String,
    /// Name that people see.
    pub name: String,
}

/// A person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Such as `175928847299117063`.
    pub id: String,
    /// User name, which the rest of the world file uses for this person.
    pub name: String,
}

/// A text channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Such as `290926798999357250`.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// The permissions that everybody is denied there, as a bit set.
    #[serde(default)]
    pub denied: u64,
}
