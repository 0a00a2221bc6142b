//! Registers webhooks at the services that let a program do that.

use crate::commands::secrets::open;
use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::server::secret_file::SecretFile;
use domain::configuration::{Configuration, Instance, Project, secret_id};
use domain::plugins::RepositoryAccess;
use http_client::Options;
use providers::{ProviderSpec, Registered, Webhook};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Says what `serve --pull` fetches from each service without a public address, and what needs one.
pub(super) fn say_what_comes_without(configuration: &Configuration) {
    for instance in configuration.instances() {
        let sender = webhooks::SENDERS.iter().find(|sender| sender.name() == instance.provider());
        let Some(sender) = sender else { continue };
        match sender.fetched() {
            Some(fetched) => println!("{}: `ticketsmith serve --pull` fetches {fetched}", sender.title()),
            None => println!(
                "{}: its events arrive only at a public address; pass one with `ticketsmith init --url https://…`",
                sender.title()
            ),
        }
    }
}

/// The public address, checked and without a slash at its end.
///
/// # Errors
/// A usage error unless services can deliver to it, which requires HTTPS.
pub(super) fn base(text: &str) -> Outcome<String> {
    let refused = |problem: &str| {
        Exit::usage(format!(
            "--url {text}: {problem}; accepted: an address such as https://tickets.acme.example"
        ))
    };
    let url = Url::parse(text).map_err(|_| refused("it is not an address"))?;
    if url.scheme() != "https" {
        return Err(refused("services deliver over HTTPS"));
    }
    if !url.has_host() || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(refused("it has more than a host and a path, or less"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Where an endpoint's deliveries go.
pub(super) fn address(base: &str, endpoint: &str) -> String {
    format!("{base}/webhooks/{endpoint}")
}

/// Registers the webhook of every project whose service lets a program do that. `new` are the endpoints whose secret is new. A service that
/// refuses is reported, and the others still follow.
///
/// # Errors
/// Usage errors when the secrets cannot be read.
pub(super) async fn register(
    configuration: &Configuration,
    data: &DataArgument,
    base: &str,
    new: &BTreeSet<String>,
) -> Outcome {
    let file = open(data)?;
    let mut done = BTreeSet::new();
    for project in &configuration.projects {
        for name in project.providers.values() {
            let Some(instance) = configuration.instance(name.as_str()) else { continue };
            let key = (instance.name.to_string(), project.repository.to_string());
            if done.insert(key) {
                let new = new.contains(instance.name.as_str());
                one(configuration, instance, project, &file, base, new).await?;
            }
        }
    }
    Ok(())
}

async fn one(
    configuration: &Configuration,
    instance: Instance<'_>,
    project: &Project,
    file: &SecretFile,
    base: &str,
    has_new_secret: bool,
) -> Outcome {
    let Ok(spec) = providers::find(instance.provider()) else { return Ok(()) };
    let Some(register) = spec.setup.register_webhook else { return Ok(()) };
    let name = instance.name.as_str();
    let (Some(secret), Some(signing)) =
        (credentials(spec, instance, file), signing(configuration, name, file))
    else {
        // Missing answers were reported before.
        return Ok(());
    };
    let options = Options::new().map_err(Exit::unreachable)?.request_timeout(ANSWER_TIMEOUT);
    let connector = spec.connector(instance, options, secret, RepositoryAccess::ReadContents);
    let webhook = Webhook { url: address(base, name), secret: signing, has_new_secret };
    let subject = format!("{}'s webhook for {}", spec.name, project.repository);
    match register(&connector, project, &webhook).await {
        Ok(Registered::Created) => println!("{subject} is created"),
        Ok(Registered::Corrected) => println!("{subject} is corrected"),
        Ok(Registered::Unchanged) => println!("{subject} stays as it is"),
        Err(error) => eprintln!(
            "{subject} could not be registered: {error}; somebody who administers it can set it by hand: {}, with a secret that you \
             also give to `ticketsmith secrets set {}#{name}`",
            webhook.url,
            secret_id(&configuration.webhooks.secret)
        ),
    }
    Ok(())
}

fn credentials(spec: &ProviderSpec, instance: Instance<'_>, file: &SecretFile) -> Option<SecretString> {
    match spec.secret {
        [] => Some(SecretString::default()),
        _ => file.get(secret_id(&instance.secret())).cloned(),
    }
}

/// The newest signing secret of an endpoint.
fn signing(configuration: &Configuration, endpoint: &str, file: &SecretFile) -> Option<SecretString> {
    let whole = file.get(secret_id(&configuration.webhooks.secret))?;
    let whole: Value = serde_json::from_str(whole.expose_secret()).ok()?;
    let newest = match whole.get(endpoint)? {
        Value::Array(several) => several.first()?.as_str()?.to_owned(),
        one => one.as_str()?.to_owned(),
    };
    Some(newest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_services_reach_is_taken() {
        assert_eq!(base("https://tickets.example/").unwrap(), "https://tickets.example");
        assert_eq!(base("https://a.example/smith").unwrap(), "https://a.example/smith");
        for refused in
            ["tickets.example", "http://tickets.example", "https://a.example/?x=1", "https://u@a.example"]
        {
            assert!(base(refused).is_err(), "{refused}");
        }
        assert_eq!(address("https://tickets.example", "ghe"), "https://tickets.example/webhooks/ghe");
    }
}
