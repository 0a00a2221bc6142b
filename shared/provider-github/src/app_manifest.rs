//! How a GitHub App is made [from a manifest](https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest):
//! with the permissions and events that are needed, and no others.

use crate::app::proof;
use crate::permissions::{NEEDED, READ, SUBSCRIBED};
use crate::settings::Settings;
use domain::{ActionError, RepositoryName};
use http_client::{Auth, Client, Optional};
use provider::{AppManifest, AppSetup, Connector, MadeApp, SetupFacts};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// See [`AppSetup`].
pub(crate) const APP: AppSetup = AppSetup {
    manifest,
    exchange: |connector, code| Box::pin(exchange(connector, code)),
    installed: |connector, project| Box::pin(installed(connector, &project.repository)),
};

/// GitHub takes no longer names. People choose another where the name is taken.
const LONGEST_NAME: usize = 34;

fn manifest(facts: &SetupFacts<'_>, repository: &RepositoryName, back: &str) -> AppManifest {
    let site = if facts.site.is_empty() { "https://github.com" } else { facts.site };
    let owner = repository.owner();
    let levels = [(NEEDED, "write"), (READ, "read")];
    let permissions: Map<String, Value> = levels
        .into_iter()
        .flat_map(|(names, level)| names.iter().map(move |(name, _)| ((*name).to_owned(), json!(level))))
        .collect();
    let events: Vec<_> = SUBSCRIBED.iter().map(|(event, ..)| *event).collect();
    let name: String = format!("Ticketsmith {owner}").chars().take(LONGEST_NAME).collect();
    let mut manifest = json!({
        "name": name,
        "url": format!("{site}/{repository}"),
        "description": "Turns tickets into pull requests",
        // Only its owner can install it.
        "public": false,
        "redirect_url": back,
        "default_permissions": permissions,
        "default_events": events,
    });
    // With this key, an address is required, even if the webhook is not active.
    if let Some(url) = facts.webhook_url {
        manifest["hook_attributes"] = json!({"url": url, "active": true});
    }
    // An App that is not public is installed where it belongs, so it belongs to whom the repository belongs.
    let pages = vec![
        (format!("the organization {owner}"), format!("{site}/organizations/{owner}/settings/apps/new")),
        ("your own account".to_owned(), format!("{site}/settings/apps/new")),
    ];
    AppManifest { pages, field: "manifest", text: manifest.to_string() }
}

/// <https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest>
#[derive(Debug, Deserialize)]
struct Conversion {
    id: u64,
    slug: String,
    pem: SecretString,
    webhook_secret: Option<SecretString>,
    html_url: String,
}

async fn exchange(connector: &Connector<'_>, code: &str) -> Result<MadeApp, ActionError> {
    let answer = client(connector)?.post("/app-manifests/{code}/conversions", &[code]).send().await;
    let answer = answer.optional()?.ok_or_else(|| {
        ActionError::rejected(
            "GitHub does not accept the App's code: a code works once and for one hour; create the App again",
        )
    })?;
    let made: Conversion = answer.json()?;
    let secret = json!({"app_id": made.id.to_string(), "private_key": made.pem.expose_secret()});
    Ok(MadeApp {
        secret: secret.to_string().into(),
        signing: made.webhook_secret.filter(|secret| !secret.expose_secret().is_empty()),
        account: format!("{}[bot]", made.slug),
        install_page: format!("{}/installations/new", made.html_url),
    })
}

/// What the exchange gave.
#[derive(Deserialize)]
struct Uninstalled {
    app_id: String,
    private_key: SecretString,
}

#[derive(Debug, Deserialize)]
struct Found {
    id: u64,
}

async fn installed(
    connector: &Connector<'_>,
    repository: &RepositoryName,
) -> Result<Option<Value>, ActionError> {
    let Uninstalled { app_id, private_key } = connector.credentials()?;
    let client = client(connector)?;
    // The App itself asks: it is installed nowhere yet.
    let proof = proof(&app_id, &private_key, client.clock().now())?;
    let request = client.get("/repos/{owner}/{name}/installation", &[repository.owner(), repository.name()]);
    let Some(answer) = request.bearer(proof).send().await.optional()? else { return Ok(None) };
    let Found { id } = answer.json()?;
    let key = private_key.expose_secret();
    Ok(Some(json!({"app_id": app_id, "installation_id": id.to_string(), "private_key": key})))
}

fn client(connector: &Connector<'_>) -> Result<Client, ActionError> {
    let settings: Settings = connector.settings()?;
    let client =
        Client::new("GitHub", settings.base_url.trim_end_matches('/'), Auth::None, &connector.options)?;
    Ok(client.header("accept", "application/vnd.github+json").header("x-github-api-version", "2022-11-28"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn made(webhook_url: Option<&str>) -> (Value, Vec<(String, String)>) {
        let facts = SetupFacts { site: "https://git.acme.example", webhook_url, command: "/ticketsmith" };
        let repository = "acme-with-quite-a-long-name/shop".parse().unwrap();
        let made = manifest(&facts, &repository, "http://127.0.0.1:9/made");
        assert_eq!(made.field, "manifest");
        (serde_json::from_str(&made.text).unwrap(), made.pages)
    }

    /// The first column of the table below a heading of it, as a list of its cells.
    fn column(heading: &str) -> Vec<&'static str> {
        let text = include_str!("../../../docs/providers/github.md");
        let rows = text.split(heading).nth(1).unwrap().trim_start().lines().skip(1);
        let cells =
            rows.take_while(|row| row.starts_with('|')).map(|row| row.split('|').nth(1).unwrap().trim());
        cells.flat_map(|cell| cell.split(", ")).collect()
    }

    #[test]
    fn the_manifest_has_exactly_the_permissions_and_events_of_the_documentation() {
        let (whole, _) = made(Some("https://tickets.example/webhooks/github"));
        let told: BTreeMap<String, Value> = column("| permission | without it |\n")
            .into_iter()
            .map(|cell| {
                let (title, level) = cell.split_once(": ").unwrap();
                let name = match title {
                    "Commit statuses" => "statuses".to_owned(),
                    title => title.to_lowercase().replace(' ', "_"),
                };
                (name, json!(level))
            })
            .collect();
        assert_eq!(whole["default_permissions"], json!(told));
        let titles = column("| event | without it |\n");
        let events: Vec<_> = whole["default_events"].as_array().unwrap().iter().collect();
        let told: Vec<_> = SUBSCRIBED.iter().filter(|(_, title, _)| titles.contains(title)).collect();
        assert_eq!((events.len(), titles.len(), told.len()), (7, 7, 7), "{events:?} {titles:?}");
        for (event, ..) in SUBSCRIBED {
            assert!(events.contains(&&json!(event)), "{event}");
        }
    }

    #[test]
    fn it_is_not_public_and_has_a_webhook_only_where_there_is_an_address() {
        let (whole, pages) = made(Some("https://tickets.example/webhooks/github"));
        assert_eq!(
            whole["hook_attributes"],
            json!({"url": "https://tickets.example/webhooks/github", "active": true})
        );
        assert_eq!(
            (&whole["public"], &whole["redirect_url"]),
            (&json!(false), &json!("http://127.0.0.1:9/made"))
        );
        assert_eq!(whole["name"].as_str().unwrap().chars().count(), LONGEST_NAME);
        let places: Vec<_> = pages.iter().map(|(_, page)| page.as_str()).collect();
        assert_eq!(
            places,
            [
                "https://git.acme.example/organizations/acme-with-quite-a-long-name/settings/apps/new",
                "https://git.acme.example/settings/apps/new"
            ]
        );
        // GitHub refuses a webhook without an address, also one that is not active.
        assert_eq!(made(None).0.get("hook_attributes"), None);
    }
}
