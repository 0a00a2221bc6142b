//! The [Gateway](https://docs.discord.com/developers/events/gateway): Discord sends ordinary messages only over a connection that we open. So it
//! does commands and buttons, if the application has no Interactions Endpoint URL.
//!
//! A connection begins a session or resumes one. A session outlives its connections for some minutes, and what happened in between is sent when it is
//! resumed, after a restart as well. If it cannot be resumed, another one begins, and what was said before is read from the channels.
//!
//! Discord resets the token of a bot that begins more than a thousand sessions a day, so that none begins when few are left, and nothing is tried
//! again that Discord refuses for good.

mod catch_up;
mod connection;
mod hand;
mod hearing;
mod heart;
mod payload;
mod session;

use crate::discord::{Discord, send};
use async_trait::async_trait;
use connection::{Connection, Ended};
use domain::{ActionError, RepositoryName};
use hand::Hand;
use http_client::WebSocket;
use provider::{Pull, Receiver};
use serde::Deserialize;
use session::Kept;
use std::pin::pin;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::mpsc;
use url::{Host, Url};

/// For errors.
const NAME: &str = "Discord's Gateway";

/// The version and encoding that every connection asks for.
const VERSION: [(&str, &str); 2] = [("v", "10"), ("encoding", "json")];

/// Where the Gateway is, besides subdomains.
const SITE: &str = "discord.gg";

/// Messages in channels and threads of servers: `GUILD_MESSAGES`.
const MESSAGES: u64 = 1 << 9;

/// What they say: `MESSAGE_CONTENT`. Without it, only the content of messages that mention the bot is sent.
const CONTENT: u64 = 1 << 15;

/// The flags of an application that may ask for [`CONTENT`]: `GATEWAY_MESSAGE_CONTENT` and `GATEWAY_MESSAGE_CONTENT_LIMITED`
/// (<https://docs.discord.com/developers/resources/application#application-object-application-flags>).
const MAY_READ_CONTENT: u64 = 1 << 18 | 1 << 19;

/// How long to wait until a session is resumed.
const AGAIN: Duration = Duration::from_secs(1);

/// How long to wait until another session begins: one may begin in five seconds.
const ANEW: Duration = Duration::from_secs(5);

/// As many sessions that may still begin are left to people who find out what is wrong.
const SPARED: u64 = 100;

#[derive(Debug, Deserialize)]
struct Application {
    #[serde(default)]
    flags: u64,
}

#[derive(Debug, Deserialize)]
struct Gateway {
    url: String,
    session_start_limit: StartLimit,
}

#[derive(Debug, Deserialize)]
struct StartLimit {
    remaining: u64,
    /// In milliseconds.
    reset_after: u64,
}

#[async_trait]
impl Pull for Discord {
    async fn pull(&self, _: &[RepositoryName], to: &dyn Receiver) -> Result<Duration, ActionError> {
        let own = self.own_user().await?.to_owned();
        // A token that is no longer valid is refused here.
        let intents = MESSAGES | if self.may_read_content().await? { CONTENT } else { 0 };
        if let Some(error) = self.refusal(intents) {
            return Err(error);
        }
        let kept = Kept::read(to).await?;
        let resumed = kept.session.clone().filter(|session| session.intents == intents);
        let socket = match &resumed {
            // Where it cannot be resumed there, the usual address takes it as well.
            Some(session) => match self.connect(&session.address).await {
                Ok(socket) => socket,
                Err(_) => self.connect(&self.gateway().await?.url).await?,
            },
            None => self.connect(&self.beginning().await?).await?,
        };
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (interactions, asked) = mpsc::unbounded_channel();
        let begins = resumed.is_none();
        let mut hand = Hand::new(self, to, &own, Kept { session: resumed.clone(), ..kept });
        let connection = Connection::new(self, &own, socket, intents, resumed);
        let ended = {
            let mut connecting = pin!(connection.run(jobs, interactions));
            let mut handing = pin!(async { tokio::try_join!(hand.run(waiting), self.answer_all(asked, to)) });
            let ended = tokio::select! {
                ended = &mut connecting => ended,
                failed = &mut handing => {
                    failed?;
                    return Err(ActionError::unavailable(format!("{NAME}: nothing more is handed over")));
                }
            };
            // What arrived before the end is handed over, too.
            handing.await?;
            ended
        };
        match ended {
            Ended::Dropped { was_ready: true } => Ok(AGAIN),
            Ended::Dropped { was_ready: false } => {
                Err(ActionError::unavailable(format!("{NAME} closed the connection before it was used")))
            }
            Ended::Lost { was_ready } => {
                hand.forget_session().await?;
                match begins && !was_ready {
                    true => Err(ActionError::unavailable(format!("{NAME} began no session"))),
                    false => Ok(ANEW),
                }
            }
            Ended::Refused(error) => {
                hand.forget_session().await?;
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((intents, error.clone()));
                Err(error)
            }
        }
    }
}

impl Discord {
    /// Whether the application may be sent what messages say.
    pub(crate) async fn may_read_content(&self) -> Result<bool, ActionError> {
        let application: Application = send(self.client.get("/applications/@me", &[])).await?.json()?;
        Ok(application.flags & MAY_READ_CONTENT != 0)
    }

    /// The refusal that stays until something is changed: the intents that the application may ask for, the secret, which makes another
    /// client, or the version of Ticketsmith.
    fn refusal(&self, intents: u64) -> Option<ActionError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().filter(|(refused, _)| *refused == intents).map(|(_, error)| error.clone())
    }

    async fn gateway(&self) -> Result<Gateway, ActionError> {
        send(self.client.get("/gateway/bot", &[])).await?.json()
    }

    /// The address at which a session may begin.
    async fn beginning(&self) -> Result<String, ActionError> {
        let Gateway { url, session_start_limit: StartLimit { remaining, reset_after } } =
            self.gateway().await?;
        if remaining <= SPARED {
            return Err(ActionError::throttled(
                format!(
                    "{NAME}: only {remaining} more sessions may begin today, and Discord resets the token of a bot that begins too many; none begins now"
                ),
                Some(Duration::from_millis(reset_after)),
            ));
        }
        Ok(url)
    }

    async fn connect(&self, address: &str) -> Result<WebSocket, ActionError> {
        let address = gateway_at(address, self.client.base_url()).ok_or_else(|| {
            ActionError::rejected(format!("{NAME} is at a foreign address, to which the token is not sent"))
        })?;
        WebSocket::connect(NAME, address.as_str()).await
    }
}

/// An address of the Gateway with our version and encoding: the token is sent only to Discord's own hosts, or to a simulation on this machine
/// that is where the API is.
fn gateway_at(address: &str, api: &str) -> Option<Url> {
    let (mut url, api) = (Url::parse(address).ok()?, Url::parse(api).ok()?);
    let is_discords = match (url.scheme(), api.scheme(), url.host()) {
        ("wss", "https", Some(Host::Domain(host))) => {
            let below = host.strip_suffix(SITE);
            url.port().is_none() && below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        ("ws", "http", host) => host == api.host() && url.port() == api.port(),
        _ => false,
    };
    url.query_pairs_mut().clear().extend_pairs(VERSION);
    is_discords.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_no_foreign_gateway() {
        let api = "https://discord.com/api/v10";
        for address in ["wss://gateway.discord.gg/", "wss://gateway-us-east1-b.discord.gg"] {
            let url = gateway_at(address, api).unwrap();
            assert_eq!(url.query(), Some("v=10&encoding=json"), "{address}");
        }
        for address in [
            "ws://gateway.discord.gg/",
            "wss://gateway.discord.gg.evil.example/",
            "wss://evildiscord.gg/",
            "wss://gateway.discord.gg:8443/",
            "wss://gateway.discord.gg@evil.example/",
            "https://gateway.discord.gg/",
            "gateway.discord.gg",
        ] {
            assert_eq!(gateway_at(address, api), None, "{address}");
        }
        let here = "http://127.0.0.1:4000/api/v10";
        assert!(gateway_at("ws://127.0.0.1:4000/socket", here).is_some());
        for address in ["ws://127.0.0.1:4001/socket", "wss://gateway.discord.gg/"] {
            assert_eq!(gateway_at(address, here), None, "{address}");
        }
    }
}
