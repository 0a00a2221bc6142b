//! Slack as a chat, through its [Web API](https://docs.slack.dev/apis/web-api/) with a bot token.
//!
//! - Messages are [Block Kit](https://docs.slack.dev/block-kit/) sections of `mrkdwn`, written from Markdown by
//!   [`mrkdwn_from_markdown`], and one row of buttons. The same text is in `text`, which notifications show.
//! - A message carries its mark as [metadata](https://docs.slack.dev/messaging/message-metadata/); it is found again in the
//!   channel's or thread's history.
//! - Files that people upload are read with the scope `files:read`.
//! - The bot needs the scopes `chat:write`, `channels:read`, `channels:history` and `reactions:write`; for private channels also
//!   `groups:read` and `groups:history`. It must be a member of the channel.
//!
//! Slack reports most errors with status 200 and `ok: false`; they become errors of the kind that their code means.

mod channels;
mod claims;
mod limits;
mod messages;
mod mrkdwn;
mod permissions;
mod responses;
mod settings;
mod setup;
mod slack;
mod socket;
mod spec;
mod uploads;

pub use limits::LIMITS;
pub use mrkdwn::mrkdwn_from_markdown;
pub use settings::Settings;
pub use slack::{Credentials, Slack};
pub use spec::SPEC;
