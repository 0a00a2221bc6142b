//! How GitHub is set up for us.

use crate::app::Installation;
use crate::app_manifest::APP;
use crate::credentials::Credentials;
use crate::github::Github;
use crate::pages::{PER_PAGE, numbered};
use crate::permissions::SUBSCRIBED;
use domain::{ActionError, RepositoryName};
use http_client::Pages;
use provider::{Registered, Setup, SetupFacts, SigningSecret, Webhook};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup {
    steps,
    signing: SigningSecret::Ours,
    register_webhook: Some(|connector, project, webhook| {
        Box::pin(async move {
            let credentials: Credentials = connector.credentials()?;
            let github =
                Github::new(&connector.settings()?, credentials, connector.access, &connector.options)?;
            github.register_webhook(&project.repository, webhook).await
        })
    }),
    app: Some(APP),
};

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    let site = if facts.site.is_empty() { "https://github.com" } else { facts.site };
    let events: Vec<_> = SUBSCRIBED.iter().map(|(_, title, _)| *title).collect();
    vec![
        format!(
            "Better: a GitHub App, created at {site}/settings/apps/new with Contents, Issues and Pull requests (read and write), Actions, Checks and Commit statuses (read), and installed on the repository. `app_id` is on its page, `installation_id` at the end of the installation's address, and `private_key` is the file that Generate a private key downloads: type `@FILE`."
        ),
        format!(
            "Simpler: a token of an account that may push, {site}/settings/tokens/new?scopes=repo, or a fine-grained one with the same permissions. It is the `token`."
        ),
        match facts.webhook_url {
            Some(url) => format!(
                "The App's or the repository's webhook delivers to {url} with the signing secret, for the events {}. With a token of an administrator, `ticketsmith init --url` creates it.",
                events.join(", "),
            ),
            None => format!(
                "Without a public address, no webhook is needed: `ticketsmith serve --pull` fetches the repository's events. With one, `ticketsmith init --url` registers the webhook, for the events {}.",
                events.join(", "),
            ),
        },
    ]
}

/// A webhook of a repository: <https://docs.github.com/en/rest/repos/webhooks>.
#[derive(Debug, Deserialize)]
struct Hook {
    id: u64,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    events: BTreeSet<String>,
    #[serde(default)]
    config: HookConfig,
}

#[derive(Debug, Default, Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

impl Github {
    /// Creates or corrects the webhook: an App's own, or the repository's for a token.
    ///
    /// # Errors
    /// `Rejected` if the credentials may not administer it; errors of the connection.
    async fn register_webhook(
        &self,
        repository: &RepositoryName,
        webhook: &Webhook,
    ) -> Result<Registered, ActionError> {
        let config = json!({
            "url": webhook.url,
            "content_type": "json",
            "secret": webhook.secret.expose_secret(),
            "insecure_ssl": "0",
        });
        match &self.installation {
            Some(installation) => self.register_webhook_of_app(installation, webhook, &config).await,
            None => self.register_webhook_of_repository(repository, webhook, &config).await,
        }
    }

    /// An App has one webhook, whose events are chosen in its settings:
    /// <https://docs.github.com/en/rest/apps/webhooks>.
    async fn register_webhook_of_app(
        &self,
        installation: &Installation,
        webhook: &Webhook,
        config: &Value,
    ) -> Result<Registered, ActionError> {
        let (path, proof) = ("/app/hook/config", installation.proof(self.client.clock().now())?);
        let present = self.client.get(path, &[]).bearer(proof.clone()).send().await?;
        let present: HookConfig = present.json()?;
        if present.url == webhook.url && !webhook.has_new_secret {
            return Ok(Registered::Unchanged);
        }
        self.client.patch(path, &[]).bearer(proof).json(config).send().await?;
        Ok(Registered::Corrected)
    }

    async fn register_webhook_of_repository(
        &self,
        repository: &RepositoryName,
        webhook: &Webhook,
        config: &Value,
    ) -> Result<Registered, ActionError> {
        let events: BTreeSet<String> = SUBSCRIBED.iter().map(|(event, ..)| (*event).to_owned()).collect();
        let (owner, name) = (repository.owner(), repository.name());
        let Some(hook) = self.hook_of(repository, &webhook.url).await? else {
            let body = json!({"name": "web", "active": true, "events": events, "config": config});
            let request = self.client.post("/repos/{owner}/{name}/hooks", &[owner, name]).json(&body);
            self.send(repository, request).await?;
            return Ok(Registered::Created);
        };
        if hook.active && hook.events == events && !webhook.has_new_secret {
            return Ok(Registered::Unchanged);
        }
        let id = hook.id.to_string();
        let body = json!({"active": true, "events": events, "config": config});
        let request = self.client.patch("/repos/{owner}/{name}/hooks/{id}", &[owner, name, &id]).json(&body);
        self.send(repository, request).await?;
        Ok(Registered::Corrected)
    }

    /// The repository's webhook that delivers to an address.
    async fn hook_of(&self, repository: &RepositoryName, url: &str) -> Result<Option<Hook>, ActionError> {
        let path = "/repos/{owner}/{name}/hooks";
        let values = [repository.owner(), repository.name()];
        let load = |page: usize| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", page);
            numbered::<Hook>(&self.send(repository, request).await?, page)
        };
        let pages = Pages::of(format!("GitHub's webhooks of {repository}"));
        pages.find(1, load, |hook| hook.config.url == url).await
    }
}
