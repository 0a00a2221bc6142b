//! How GitHub is set up for us.

use crate::github::{Credentials, Github};
use crate::pages::{PER_PAGE, numbered};
use crate::permissions::SUBSCRIBED;
use domain::{ActionError, RepositoryName};
use http_client::Pages;
use provider::{Registered, Setup, SetupFacts, SigningSecret, Webhook};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

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
};

fn steps(facts: &SetupFacts<'_>) -> Vec<String> {
    let site = if facts.site.is_empty() { "https://github.com" } else { facts.site };
    let events: Vec<_> = SUBSCRIBED.iter().map(|(_, title, _)| *title).collect();
    vec![
        format!(
            "Better: create a GitHub App at {site}/settings/apps/new, with Contents, Issues and Pull requests (read and write), Checks and Commit statuses (read), and install it on the repository. `app_id` is on its page, `installation_id` at the end of the installation's address, and `private_key` is the file that Generate a private key downloads: type `@FILE`."
        ),
        format!(
            "Simpler: a token of an account that may push, {site}/settings/tokens/new?scopes=repo, or a fine-grained one with the same permissions. It is the `token`."
        ),
        format!(
            "The App's or the repository's webhook delivers to {} with the signing secret, for the events {}. With a token of an administrator, `ticketsmith init --url` creates it.",
            facts.webhook_address("/webhooks/github"),
            events.join(", "),
        ),
    ]
}

/// A webhook of a repository: <https://docs.github.com/en/rest/repos/webhooks>.
#[derive(Debug, Deserialize)]
struct Hook {
    id: u64,
    #[serde(default)]
    config: HookConfig,
}

#[derive(Debug, Default, Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

impl Github {
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

    /// Creates the webhook of a repository, or corrects the one with the same address. GitHub never tells a webhook's secret, so one that
    /// is there gets ours again.
    ///
    /// # Errors
    /// `Rejected` where the credentials may not administer the repository's webhooks; those of the connection.
    async fn register_webhook(
        &self,
        repository: &RepositoryName,
        webhook: &Webhook,
    ) -> Result<Registered, ActionError> {
        let names = [repository.owner(), repository.name()];
        let events: Vec<_> = SUBSCRIBED.iter().map(|(event, ..)| *event).collect();
        let config = json!({
            "url": webhook.url,
            "content_type": "json",
            "secret": webhook.secret.expose_secret(),
            "insecure_ssl": "0",
        });
        match self.hook_of(repository, &webhook.url).await? {
            Some(hook) => {
                let id = hook.id.to_string();
                let path = "/repos/{owner}/{name}/hooks/{id}";
                let body = json!({"active": true, "events": events, "config": config});
                let request = self.client.patch(path, &[names[0], names[1], &id]).json(&body);
                self.send(repository, request).await?;
                Ok(Registered::Corrected)
            }
            None => {
                let body = json!({"name": "web", "active": true, "events": events, "config": config});
                let request = self.client.post("/repos/{owner}/{name}/hooks", &names).json(&body);
                self.send(repository, request).await?;
                Ok(Registered::Created)
            }
        }
    }
}
