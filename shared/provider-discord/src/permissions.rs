//! The bot's permissions, and the configuration's claims about the server.

use crate::channels::Channel;
use crate::discord::{Discord, send};
use domain::{ActionError, ErrorKind, PermissionProblem};
use http_client::Optional;
use provider::Claims;
use serde::Deserialize;

/// What is needed in the channel, and what fails without it: <https://docs.discord.com/developers/topics/permissions>.
const NEEDED: &[(&str, u64, &str)] = &[
    ("View Channels", 1 << 10, "messages there fail"),
    ("Send Messages", 1 << 11, "no messages are sent: `send_message` fails"),
    (
        "Read Message History",
        1 << 16,
        "a message sent before a crash is not found again, and would be sent twice",
    ),
    ("Add Reactions", 1 << 6, "messages to the bot are not acknowledged"),
    ("Send Messages in Threads", 1 << 38, "whoever writes in a thread is not answered there"),
];

const ADMINISTRATOR: u64 = 1 << 3;

#[derive(Debug, Deserialize)]
struct Application {
    id: String,
    #[serde(default)]
    interactions_endpoint_url: Option<String>,
}

/// A registered command; its name is not compared, because the probe does not know what the command is called here.
#[derive(Debug, Deserialize)]
struct Command {}

#[derive(Debug, Deserialize)]
struct Member {
    roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Role {
    id: String,
    permissions: String,
}

impl Discord {
    /// Asks what the bot may do in `channel`, given as `#name`, as a name or as an ID, whether the slash command is registered and its uses
    /// reach us, and whether what the configuration says of accounts holds; it says the bot's own at `own_key`.
    ///
    /// # Errors
    /// `Rejected` when the token is not accepted; errors of the connection.
    pub async fn permission_problems(
        &self,
        channel: Option<&str>,
        own_key: &str,
        claims: &Claims,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let own = self.own_user().await?.to_owned();
        let mut problems = Vec::new();
        match channel {
            Some(channel) => problems.extend(self.channel_problems(channel, &own).await?),
            None => problems.push(PermissionProblem::missing(
                "projects.channel",
                "`send_message` fails unless its step names a channel",
                "name the channel that the team reads",
            )),
        }
        if claims.sends_webhooks {
            problems.extend(self.command_problems().await?);
        }
        problems.extend(claims.own_account_problem(own_key, &own, true));
        for (person, account) in &claims.people {
            let asked = send(self.client.get("/users/{user}", &[account])).await.optional()?;
            if asked.is_none() {
                problems.push(Claims::unknown_account("Discord", person, account));
            }
        }
        Ok(problems)
    }

    async fn command_problems(&self) -> Result<Vec<PermissionProblem>, ActionError> {
        let application: Application = send(self.client.get("/applications/@me", &[])).await?.json()?;
        let request = self.client.get("/applications/{application}/commands", &[&application.id]);
        let commands: Vec<Command> = send(request).await?.json()?;
        let mut problems = Vec::new();
        if commands.is_empty() {
            problems.push(PermissionProblem::missing(
                "a slash command",
                "nobody can give commands in Discord",
                "register it once, as docs/providers/discord.md shows",
            ));
        }
        if application.interactions_endpoint_url.is_none_or(|url| url.is_empty()) {
            problems.push(PermissionProblem::limiting(
                "the Interactions Endpoint URL",
                "commands and buttons reach us only where `serve --pull` fetches them",
                "leave it empty for `serve --pull`; otherwise set it in the Developer Portal under General Information to the address that ends in \
                 /webhooks/discord",
            ));
        }
        if !self.may_read_content().await? {
            problems.push(PermissionProblem::limiting(
                "the Message Content intent",
                "with `serve --pull`, only messages that mention the bot reach us, and no other replies or messages in threads",
                "enable it in the Developer Portal under Bot > Privileged Gateway Intents; without `serve --pull`, it is not needed",
            ));
        }
        Ok(problems)
    }

    async fn channel_problems(
        &self,
        channel: &str,
        own: &str,
    ) -> Result<Vec<PermissionProblem>, ActionError> {
        let found = match self.channel(channel).await {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::Rejected => {
                let problem = PermissionProblem::missing(
                    "membership of a server",
                    "messages there fail",
                    error.message,
                );
                return Ok(vec![problem]);
            }
            Err(error) => return Err(error),
        };
        let Some(found) = found else {
            let problem = PermissionProblem::missing(
                format!("the channel {channel}"),
                "messages there fail",
                "correct it under projects.channel, or give the bot's role the permission View Channels there",
            );
            return Ok(vec![problem]);
        };
        let server = self.server().await?;
        let request = self.client.get("/guilds/{server}/members/{user}", &[&server, own]);
        let member: Member = send(request).await?.json()?;
        let roles: Vec<Role> = send(self.client.get("/guilds/{server}/roles", &[&server])).await?.json()?;
        let (base, effective) = permissions(&server, own, &member, &roles, &found);
        let mut problems: Vec<_> = NEEDED
            .iter()
            .filter(|(_, bit, _)| effective & bit == 0)
            .map(|(name, _, consequence)| {
                let remedy = "grant it to the bot's role, in the server or in the channel";
                PermissionProblem::missing(format!("{name} in {channel}"), *consequence, remedy)
            })
            .collect();
        if base & ADMINISTRATOR != 0 {
            problems.push(PermissionProblem::excessive(
                "Administrator",
                "anyone with the token can change the whole server",
                "remove it from the bot's role",
            ));
        }
        Ok(problems)
    }
}

/// The permissions of a member in the server and in a channel:
/// <https://docs.discord.com/developers/topics/permissions#permission-overwrites>.
fn permissions(server: &str, own: &str, member: &Member, roles: &[Role], channel: &Channel) -> (u64, u64) {
    let bits = |text: &str| text.parse::<u64>().unwrap_or_default();
    let has = |id: &str| id == server || member.roles.iter().any(|role| role == id);
    let base = roles.iter().filter(|role| has(&role.id)).fold(0, |all, role| all | bits(&role.permissions));
    if base & ADMINISTRATOR != 0 {
        return (base, u64::MAX);
    }
    let mut effective = base;
    let everyone = |id: &str, kind: u8| kind == 0 && id == server;
    let of_role = |id: &str, kind: u8| kind == 0 && id != server && has(id);
    let of_member = |id: &str, kind: u8| kind == 1 && id == own;
    for applies in [&everyone as &dyn Fn(&str, u8) -> bool, &of_role, &of_member] {
        let overwrites = channel.permission_overwrites.iter().filter(|one| applies(&one.id, one.kind));
        let (allow, deny) =
            overwrites.fold((0, 0), |(allow, deny), one| (allow | bits(&one.allow), deny | bits(&one.deny)));
        effective = effective & !deny | allow;
    }
    (base, effective)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn overwrites_count_from_everyone_to_the_member() {
        let roles: Vec<Role> = serde_json::from_value(json!([
            {"id": "1", "permissions": "1024"}, {"id": "2", "permissions": "2048"}, {"id": "3", "permissions": "8"},
        ]))
        .unwrap();
        let check = |mine: &[&str], overwrites: serde_json::Value, expected: u64| {
            let member = Member { roles: mine.iter().map(|role| (*role).to_owned()).collect() };
            let channel: Channel =
                serde_json::from_value(json!({"id": "9", "type": 0, "permission_overwrites": overwrites}))
                    .unwrap();
            assert_eq!(permissions("1", "7", &member, &roles, &channel).1, expected, "{overwrites}");
        };
        check(&["2"], json!([]), 3072);
        check(&[], json!([]), 1024);
        check(&["2"], json!([{"id": "1", "type": 0, "allow": "0", "deny": "3072"}]), 0);
        let allowed = json!([{"id": "1", "type": 0, "allow": "0", "deny": "3072"},
            {"id": "2", "type": 0, "allow": "1024", "deny": "0"}, {"id": "7", "type": 1, "allow": "2048", "deny": "1024"}]);
        check(&["2"], allowed, 2048);
        check(&["3"], json!([{"id": "1", "type": 0, "allow": "0", "deny": "3072"}]), u64::MAX);
    }
}
