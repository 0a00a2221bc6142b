//! How a Slack app is made for us.

use provider::{Setup, SetupFacts, SigningSecret};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::Theirs);

/// What the bot may do, and why: it posts and edits messages, reads the channel's list and the threads it opened, confirms with reactions,
/// takes commands and mentions, reads what people upload with them, and tells people directly what they chose. `groups:` is the same for private channels
/// that it is invited to. `users:read` lets `doctor` check people's IDs.
const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "reactions:write",
    "users:read",
];

/// The events of conversations that the app receives.
const EVENTS: &[&str] = &["app_mention", "message.channels", "message.groups"];

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    let mut steps = vec![match facts.webhook_url {
        Some(url) => {
            format!(
                "Open this link, choose the workspace and create the app: {}",
                link(facts.command, Some(url))
            )
        }
        None => format!(
            "Open this link, choose the workspace and create the app, which needs no public address because `serve --pull` opens the connection: {}",
            link(facts.command, None)
        ),
    }];
    if facts.webhook_url.is_none() {
        steps.push(
            "Under Basic Information, App-Level Tokens, generate a token with the scope `connections:write`. It is the `app_token`; it begins with `xapp-`."
                .to_owned(),
        );
    }
    steps.extend([
        "Install it to the workspace, and invite the bot to the team's channel.".to_owned(),
        "`bot_token` is under OAuth & Permissions; it begins with `xoxb-`.".to_owned(),
        "The signing secret is under Basic Information, App Credentials.".to_owned(),
    ]);
    steps
}

/// The page that creates the app from a manifest, with Socket Mode if there is no public address: <https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests>.
fn link(command: &str, url: Option<&str>) -> String {
    let mut manifest = json!({
        "display_information": {"name": "Ticketsmith", "description": "Turns tickets into pull requests"},
        "features": {
            // What people chose with `notify` is sent there; commands do not come from there.
            "app_home": {
                "home_tab_enabled": false,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": true,
            },
            "bot_user": {"display_name": "ticketsmith", "always_online": true},
            "slash_commands": [{
                "command": command,
                "description": "Start and steer work on a ticket",
                "usage_hint": "run SHOP-1",
                "should_escape": false,
            }],
        },
        "oauth_config": {"scopes": {"bot": SCOPES}},
        "settings": {
            "event_subscriptions": {"bot_events": EVENTS},
            "interactivity": {"is_enabled": true},
            "org_deploy_enabled": false,
            "socket_mode_enabled": url.is_none(),
            "token_rotation_enabled": false,
        },
    });
    if let Some(url) = url {
        manifest["features"]["slash_commands"][0]["url"] = url.into();
        manifest["settings"]["event_subscriptions"]["request_url"] = url.into();
        manifest["settings"]["interactivity"]["request_url"] = url.into();
    }
    let encoded: String = byte_serialize(manifest.to_string().as_bytes()).collect();
    format!("https://api.slack.com/apps?new_app=1&manifest_json={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The manifest in the first step's link.
    fn manifest(webhook_url: Option<&str>) -> Value {
        let facts = SetupFacts { site: "", webhook_url, command: "/smith" };
        let step = steps(&facts).remove(0);
        let link = url::Url::parse(step.rsplit(' ').next().unwrap()).unwrap();
        let (_, manifest) = link.query_pairs().find(|(name, _)| name == "manifest_json").unwrap();
        serde_json::from_str(&manifest).unwrap()
    }

    #[test]
    fn the_link_carries_a_whole_manifest() {
        let url = "https://tickets.example/webhooks/slack";
        let whole = manifest(Some(url));
        assert_eq!(whole["features"]["slash_commands"][0]["command"], "/smith");
        for at in ["/settings/event_subscriptions/request_url", "/settings/interactivity/request_url"] {
            assert_eq!(whole.pointer(at).unwrap(), url);
        }
        assert_eq!(whole["settings"]["socket_mode_enabled"], false);
    }

    /// The names in backquotes of the rows below a title, up to the next title.
    fn named_in_documentation(title: &str) -> Vec<&'static str> {
        let text = include_str!("../../../docs/providers/slack.md");
        let section = text.split("\n## ").find(|section| section.starts_with(title)).unwrap();
        let names = section.split('`').skip(1).step_by(2);
        names.filter(|name| name.contains(':') || name.contains('.') || name.contains('_')).collect()
    }

    #[test]
    fn the_manifest_has_exactly_the_scopes_and_events_of_the_documentation() {
        for url in [Some("https://tickets.example/webhooks/slack"), None] {
            let whole = manifest(url);
            let listed = |at: &str| -> Vec<String> {
                serde_json::from_value(whole.pointer(at).unwrap().clone()).unwrap()
            };
            let (scopes, events) =
                (listed("/oauth_config/scopes/bot"), listed("/settings/event_subscriptions/bot_events"));
            let mut told = named_in_documentation("Scopes, and why");
            told.push("commands");
            for name in scopes.iter().chain(&events) {
                assert!(told.contains(&name.as_str()), "{name} is not in docs/providers/slack.md");
            }
            for name in told {
                let is_there = scopes.iter().chain(&events).any(|known| known == name);
                assert!(is_there, "docs/providers/slack.md has {name}, and the manifest has not");
            }
            assert_eq!(whole["settings"]["interactivity"]["is_enabled"], true);
            assert_eq!(
                whole["features"]["app_home"]["messages_tab_enabled"], true,
                "people are told directly"
            );
        }
    }

    #[test]
    fn without_a_public_address_the_app_uses_socket_mode() {
        let whole = manifest(None);
        assert_eq!(whole["settings"]["socket_mode_enabled"], true);
        assert!(!whole.to_string().contains("url\""), "{whole}");
        let facts = SetupFacts { site: "", webhook_url: None, command: "/smith" };
        assert!(steps(&facts)[1].contains("`app_token`"));
    }
}
