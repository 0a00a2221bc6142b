//! How a Slack app is made for us.

use provider::{Setup, SetupFacts, SigningSecret};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup { steps, signing: SigningSecret::Theirs, register_webhook: None };

/// What the bot may do, and why: it posts and edits messages, reads the channel's list and the threads it opened, confirms with reactions,
/// takes commands and mentions, and tells people directly what they chose. `users:read` lets `doctor` check people's IDs.
const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "im:history",
    "im:write",
    "reactions:write",
    "users:read",
];

/// The events of conversations that the app receives.
const EVENTS: &[&str] = &["app_mention", "message.channels"];

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    let mut steps = vec![match facts.webhook_url {
        Some(url) => {
            format!("Open this link, choose the workspace and create the app: {}", link(facts.command, url))
        }
        None => format!(
            "Create an app at <https://api.slack.com/apps> with the bot scopes {}. Its requests need a public address: with `--url https://…`, `ticketsmith init` prints a link that fills all of it in",
            SCOPES.join(", ")
        ),
    }];
    steps.extend([
        "Install it to the workspace, and invite the bot to the team's channel.".to_owned(),
        "`bot_token` is under OAuth & Permissions; it begins with `xoxb-`.".to_owned(),
        "The signing secret is under Basic Information, App Credentials.".to_owned(),
    ]);
    steps
}

/// The page that creates the app from a manifest: <https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests>.
fn link(command: &str, url: &str) -> String {
    let manifest = json!({
        "display_information": {"name": "Ticketsmith", "description": "Turns tickets into pull requests"},
        "features": {
            "bot_user": {"display_name": "ticketsmith", "always_online": true},
            "slash_commands": [{
                "command": command,
                "url": url,
                "description": "Start and steer work on a ticket",
                "usage_hint": "run SHOP-1",
                "should_escape": false,
            }],
        },
        "oauth_config": {"scopes": {"bot": SCOPES}},
        "settings": {
            "event_subscriptions": {"request_url": url, "bot_events": EVENTS},
            "interactivity": {"is_enabled": true, "request_url": url},
            "org_deploy_enabled": false,
            "socket_mode_enabled": false,
        },
    });
    let encoded: String = byte_serialize(manifest.to_string().as_bytes()).collect();
    format!("https://api.slack.com/apps?new_app=1&manifest_json={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_link_carries_a_whole_manifest() {
        let url = "https://tickets.example/webhooks/slack";
        let facts = SetupFacts { site: "", webhook_url: Some(url), command: "/smith" };
        let step = steps(&facts).remove(0);
        let link = url::Url::parse(step.rsplit(' ').next().unwrap()).unwrap();
        let (_, manifest) = link.query_pairs().find(|(name, _)| name == "manifest_json").unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/smith");
        for at in ["/settings/event_subscriptions/request_url", "/settings/interactivity/request_url"] {
            assert_eq!(manifest.pointer(at).unwrap(), url);
        }
        assert!(!steps(&SetupFacts { webhook_url: None, ..facts })[0].contains("manifest"));
    }
}
