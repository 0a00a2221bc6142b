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
        let mut problems: Vec<_> = NEEDED
            .iter()
            .filter(|(scope, _)| !scopes.contains(scope))
            .map(|(scope, consequence)| {
                let remedy = "add it under OAuth & Permissions of the app, and install the app again";
                PermissionProblem::missing(*scope, *consequence, remedy)
            })
            .collect();
        problems.extend(scopes.iter().filter(|scope| is_excessive(scope)).map(|scope| {
            PermissionProblem::excessive(
                *scope,
                "anyone with the token can do that",
                "remove it under OAuth & Permissions of the app, and install the app again",
            )
        }));
        match channel {
            Some(channel) => problems.extend(self.channel_problem(channel).await?),
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

    async fn channel_problem(&self, channel: &str) -> Result<Option<PermissionProblem>, ActionError> {
        let missing = |permission: String, remedy: &str| {
            Some(PermissionProblem::missing(permission, "messages there fail", remedy))
        };
        let id = match self.channel_id(channel).await {
            Ok(id) => id,
            Err(error) if error.kind == ErrorKind::Rejected => {
                return Ok(missing(format!("the channel {channel}"), &error.message));
            }
            Err(error) => return Err(error),
        };
        let request = self.client.get("/conversations.info", &[]).query("channel", id);
        let (Found { channel: found }, _) = answer("/conversations.info", request).await?;
        Ok(if found.is_archived {
            missing(
                format!("an open channel {channel}"),
                "it is archived; name another under projects.channel",
            )
        } else if !found.is_member {
            missing(format!("membership of {channel}"), "invite the bot there with /invite")
        } else {
            None
        })
    }
}

/// Scopes that change a workspace beyond messages and reactions.
fn is_excessive(scope: &str) -> bool {
    let changes = scope.ends_with(":write") || scope.ends_with(":manage");
    let needed = NEEDED.iter().any(|(needed, _)| *needed == scope);
    scope.starts_with("admin") || (changes && !needed)
}
