//! Discord as a chat, through its [REST API](https://docs.discord.com/developers/reference) with a bot token.
//!
//! - Messages are Discord's own Markdown, written by [`markdown_for_discord`], and rows of buttons. They mention nobody.
//! - A message carries its mark in two ways. Its `nonce` lets Discord itself refuse a second message within minutes. Later, it is found in
//!   the channel's history by the same digest, written at the end of the text in characters that have no width: messages have no hidden
//!   fields.
//! - A button's `custom_id` has at most 100 characters. What does not fit is in the footer of the message, and the button says by a digest
//!   that this is meant ([`custom_id`]).
//! - A message that goes to the thread of another is a reply to it, or is sent to the thread that people began on it, which is a channel of its own.
//! - What people write is fetched over the Gateway.
//! - The bot needs the permissions View Channels, Send Messages, Send Messages in Threads, Read Message History and Add Reactions in the channel.

mod buttons;
mod channels;
mod discord;
mod gateway;
mod limits;
mod markdown;
mod marks;
mod messages;
mod permissions;
mod settings;
mod setup;
mod spec;
mod uploads;

pub use buttons::custom_id;
pub use discord::{Credentials, Discord};
pub use limits::LIMITS;
pub use markdown::markdown_for_discord;
pub use settings::Settings;
pub use spec::SPEC;
