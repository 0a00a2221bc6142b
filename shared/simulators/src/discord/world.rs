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
}

/// View Channels, Send Messages, Read Message History, Add Reactions.
fn permissions() -> u64 {
    1 << 10 | 1 << 11 | 1 << 16 | 1 << 6
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
