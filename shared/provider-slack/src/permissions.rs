//! The bot's permissions, and where they apply.

use crate::slack::{Slack, answer};
use domain::{ActionError, ErrorKind, PermissionProblem};
use provider::Claims;
use serde::Deserialize;

/// The permissions that are needed, and what fails without each: <https://docs.slack.dev/reference/scopes/>.
const NEEDED: &[(&str, &str)] = &[
    ("chat:write", "no messages are sent: `send_message` fails"),
    ("channels:read", "channels cannot be found by name"),
    ("channels:history", "a message sent before a crash is not found again, and would be sent twice"),
    ("im:write", "no direct messages are sent, whatever people choose with `notify`"),
    ("im:history", "a direct message sent before a crash is not found again, and would be sent twice"),
    ("reactions:write", "messages to the bot are not acknowledged"),
    ("files:read", "agents do not see the files that people upload"),
    ("commands", "the slash command does not reach us"),
    (
        "app_mentions:read",
        "mentions do not reach us; under Event Subscriptions, subscribe to the bot events app_mention and message.channels as well",
    ),
];

/// Those that only a private channel needs.
const NEEDED_IN_PRIVATE: &[(&str, &str)] = &[
    ("groups:read", "private channels cannot be found by name"),
    (
        "groups:history",
        "replies in threads of private channels do not reach us, and answers there are not sent, because the bot cannot see whether they were \
         sent before; under Event Subscriptions, subscribe to the bot event message.groups as well",
    ),
];

const ADD: &str = "add it under OAuth & Permissions of the app, and install the app again";

#[derive(Debug, Deserialize)]
struct Own {
    user_id: String,
}

#[derive(Debug, Deserialize)]
struct Found {
    channel: Membership,
}

#[derive(Debug, Deserialize)]
struct Membership {
    #[serde(default)]
    is_member: bool,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    is_private: bool,
}

/// Which of these scopes the token does not have.
fn missing(needed: &[(&str, &str)], scopes: &[&str]) -> Vec<PermissionProblem> {
    needed
        .iter()
        .filter(|(scope, _)| !scopes.contains(scope))
        .map(|(scope, consequence)| PermissionProblem::missing(*scope, *consequence, ADD))
        .collect()
}

impl Slack {
    /// Asks which scopes the token has ([auth.test](https://docs.slack.dev/reference/methods/auth.test) says so in the header
    /// `x-oauth-scopes`), whether the bot is a member of `channel`, given as `#name`, as a name or as an id, and whether what the
    /// configuration says about accounts is true; it adds the bot's own at `own_key`.
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted; errors of the connection.
    pub async fn permission_problems(
        &self,
        channel: Option<&str>,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let response = self.client.post("/auth.test", &[]).send().await?;
        let scopes = response.header("x-oauth-scopes").unwrap_or_default().to_owned();
        let own: Own = crate::slack::accepted("/auth.test", &response)?;
        let scopes: Vec<&str> = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
        let mut problems = missing(NEEDED, &scopes);
        problems.extend(scopes.iter().filter(|scope| is_excessive(scope)).map(|scope| {
            PermissionProblem::excessive(
                *scope,
                "anyone with the token can do that",
                "remove it under OAuth & Permissions of the app, and install the app again",
            )
        }));
        match channel {
            Some(channel) => problems.extend(self.channel_problems(channel, &scopes).await?),
            None => problems.push(PermissionProblem::missing(
                "projects.channel",
                "`send_message` fails unless its step names a channel",
                "name the channel that the team reads",
            )),
        }
        problems.extend(claims.own_account_problem(own_key, &own.user_id, true));
        problems.extend(self.unknown_members(claims).await?);
        Ok(problems)
    }

    /// What the bot lacks in a channel. Scopes for private channels are asked for only if this one is private. Without them, Slack does not say
    /// whether a channel that the bot cannot see is a private one.
    async fn channel_problems(
        &self,
        channel: &str,
        scopes: &[&str],
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let fails = |permission: String, remedy: &str| {
            vec![PermissionProblem::missing(permission, "messages there fail", remedy)]
        };
        let id = match self.channel_id(channel).await {
            Ok(id) => id,
            Err(error) if error.kind == ErrorKind::Rejected => {
                return Ok(fails(format!("the channel {channel}"), &error.message));
            }
            Err(error) => return Err(error),
        };
        let request = self.client.get("/conversations.info", &[]).query("channel", id);
        let found = match answer::<Found>("/conversations.info", request).await {
            Ok((Found { channel }, _)) => channel,
            Err(error) if matches!(error.code.as_str(), "missing_scope" | "channel_not_found") => {
                let unseen = fails(
                    format!("the channel {channel}"),
                    "correct it under projects.channel; if it is private, invite the bot there with /invite, and add the scopes groups:read and \
                     groups:history",
                );
                return Ok(unseen);
            }
            Err(error) => return Err(error.into()),
        };
        let mut problems = if found.is_private { missing(NEEDED_IN_PRIVATE, scopes) } else { Vec::new() };
        if found.is_archived {
            problems.extend(fails(
                format!("an open channel {channel}"),
                "it is archived; name another under projects.channel",
            ));
        } else if !found.is_member {
            problems.extend(fails(format!("membership of {channel}"), "invite the bot there with /invite"));
        }
        Ok(problems)
    }
}

/// Scopes that change a workspace beyond messages and reactions.
fn is_excessive(scope: &str) -> bool {
    let changes = scope.ends_with(":write") || scope.ends_with(":manage");
    let needed = NEEDED.iter().any(|(needed, _)| *needed == scope);
    scope.starts_with("admin") || (changes && !needed)
}
