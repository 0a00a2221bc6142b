//! Creates an app at a service from a manifest: a browser on this machine posts it there and comes back with a code, which is exchanged for
//! the app's credentials. They are stored before anything else can fail, because services give them only once.

mod page;

use super::credentials::{set, usable};
use super::webhook;
use crate::commands::secrets::{open, text_of, with_entry};
use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::secret_forms::{Content, SecretForm};
use crate::server::secret_file::SecretFile;
use domain::configuration::{Configuration, Instance, Project, secret_id};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, ErrorKind};
use http_client::Options;
use page::{Arrived, Page};
use providers::{AppSetup, Connector, MadeApp, ProviderSpec, SetupFacts};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a person may take to create the app: its code is not valid for longer.
const CODE_WAIT: Duration = Duration::from_secs(60 * 60);
/// How long a person may take to install it. Afterward the command can be run again.
const INSTALLATION_WAIT: Duration = Duration::from_secs(15 * 60);
/// How often the service is asked: it does not tell this machine that its app was installed.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// What an app is created for.
struct Wanted<'a> {
    setup: AppSetup,
    spec: &'static ProviderSpec,
    instance: Instance<'a>,
    form: &'a SecretForm,
    project: &'a Project,
}

/// Creates the app of one instance and sets its secret, unless that is set. Continues with an app that was created but not installed.
///
/// # Errors
/// Usage errors for an instance that does not exist or has no such app; negative if nobody creates or installs it; unreachable if this
/// machine or the service does not answer.
pub(super) async fn make(
    configuration: &Configuration,
    data: &DataArgument,
    name: &str,
    url: Option<&str>,
) -> Outcome {
    let forms = SecretForm::of(configuration);
    let wanted = wanted(configuration, &forms, name)?;
    let mut file = open(data)?;
    let secret = &wanted.form.name;
    if file.get(secret_id(secret)).is_some_and(|whole| usable(wanted.form, whole)) {
        println!(
            "{secret} is set, so no app is created; to create one, first run `ticketsmith secrets delete {secret}`"
        );
        return Ok(());
    }
    let begun = match file.get(secret_id(secret)) {
        Some(_) => is_begun(wanted.installed(&file).await)?,
        None => false,
    };
    if begun {
        println!("{secret} has an app that is not installed yet; waiting for its installation");
    } else {
        let (page, arrived) = wanted.agreed(configuration, url).await?;
        let made = wanted.exchange(&arrived.code).await;
        let kept = match &made {
            Ok(made) => keep(configuration, &wanted, made, url.is_some(), &mut file),
            Err(error) => Err(Exit::unreachable(error)),
        };
        let next = made.as_ref().map(|made| made.install_page.clone()).map_err(ToString::to_string);
        // The browser may be closed; the terminal says the same.
        let _unread = arrived.answer.send(next);
        page.close().await;
        kept?;
        if let Ok(made) = made {
            println!(
                "The app is created. Install it on {}: {}",
                wanted.project.repository, made.install_page
            );
            println!("Its account is `{}`", made.account);
        }
    }
    wanted.wait_for_installation(&mut file).await
}

fn wanted<'a>(configuration: &'a Configuration, forms: &'a [SecretForm], name: &str) -> Outcome<Wanted<'a>> {
    let possible = || {
        let names = configuration.instances().filter(|instance| app_of(*instance).is_some());
        let names: Vec<_> = names.map(|instance| instance.name.to_string()).collect();
        if names.is_empty() { "nothing in this configuration".to_owned() } else { names.join(", ") }
    };
    let found = configuration.instance(name).and_then(|instance| Some((instance, app_of(instance)?)));
    let Some((instance, (spec, setup))) = found else {
        let accepted = possible();
        return Err(Exit::usage(format!("--app {name}: no app can be created for it; accepted: {accepted}")));
    };
    let reads = |form: &&SecretForm| matches!(&form.content, Content::Credentials { instance: Some((known, _)), .. } if *known == *instance.name);
    let uses = |project: &&Project| project.providers.values().any(|used| used.as_str() == name);
    match (forms.iter().find(reads), configuration.projects.iter().find(uses)) {
        (Some(form), Some(project)) => Ok(Wanted { setup, spec, instance, form, project }),
        _ => Err(Exit::usage(format!(
            "--app {name}: no project uses it, so there is no repository to install the app on"
        ))),
    }
}

/// Whether an app was created before, by the service's answer about its installation. `Rejected` means that the secret is not an app's. After
/// any other error this is unknown, and the key of a second app would replace the first one's, so the command ends.
fn is_begun(found: Result<Option<Value>, ActionError>) -> Outcome<bool> {
    match found {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::Rejected => Ok(false),
        Err(error) => Err(Exit::unreachable(error)),
    }
}

fn app_of(instance: Instance<'_>) -> Option<(&'static ProviderSpec, AppSetup)> {
    let spec = providers::find(instance.provider()).ok()?;
    Some((spec, spec.setup.app?))
}

impl Wanted<'_> {
    fn connector(&self, secret: SecretString) -> Result<Connector<'_>, ActionError> {
        let options = Options::new()?.request_timeout(ANSWER_TIMEOUT);
        Ok(self.spec.connector(self.instance, options, secret, RepositoryAccess::ReadMetadata))
    }

    async fn exchange(&self, code: &str) -> Result<MadeApp, ActionError> {
        let connector = self.connector(SecretString::default())?;
        (self.setup.exchange)(&connector, code).await
    }

    /// The whole secret, once the app is installed on the project's repository.
    async fn installed(&self, file: &SecretFile) -> Result<Option<Value>, ActionError> {
        let secret = file.get(secret_id(&self.form.name)).cloned().unwrap_or_default();
        let connector = self.connector(secret)?;
        (self.setup.installed)(&connector, self.project).await
    }

    /// Lets a browser post the manifest, and waits until it comes back with a code.
    async fn agreed(&self, configuration: &Configuration, url: Option<&str>) -> Outcome<(Page, Arrived)> {
        let endpoint = url.map(|url| webhook::address(url, self.instance.name.as_str()));
        let site = self.spec.site_of(self.instance);
        let facts = SetupFacts {
            site: &site,
            webhook_url: endpoint.as_deref(),
            command: &configuration.webhooks.command,
        };
        let manifest = |back: &str| (self.setup.manifest)(&facts, &self.project.repository, back);
        let mut page = Page::serve(self.spec.name, manifest).await.map_err(Exit::unreachable)?;
        println!("\nCreate the app in a browser on this machine: {}", page.address());
        println!("If the browser is on another machine, forward the port first: {}", page.forwarding());
        match tokio::time::timeout(CODE_WAIT, page.arrived()).await {
            Ok(Some(arrived)) => Ok((page, arrived)),
            _ => Err(Exit::negative(format!("no app was created within an hour; {}", self.again()))),
        }
    }

    async fn wait_for_installation(&self, file: &mut SecretFile) -> Outcome {
        let deadline = Instant::now() + INSTALLATION_WAIT;
        loop {
            // It may take a moment until a service knows its new app.
            let found = self.installed(file).await;
            if let Ok(Some(whole)) = &found {
                set(file, self.form, &self.form.name, whole)?;
                println!("{} is set", self.form.name);
                return Ok(());
            }
            if Instant::now() > deadline {
                let repository = &self.project.repository;
                let told = found.err().map(|error| format!(" ({error})")).unwrap_or_default();
                return Err(Exit::negative(format!(
                    "the app is not installed on {repository}{told}; install it, and {}",
                    self.again()
                )));
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn again(&self) -> String {
        format!("run `ticketsmith init --app {}` again", self.instance.name)
    }
}

/// Stores what the service gives only once: the app's credentials as far as they are known, and its signing secret.
fn keep(
    configuration: &Configuration,
    wanted: &Wanted<'_>,
    made: &MadeApp,
    has_url: bool,
    file: &mut SecretFile,
) -> Outcome {
    let mut entry = |name: &str, value: &dyn Fn(Option<&Value>) -> Value| -> Outcome {
        let with_value = |present: Option<&SecretString>| {
            let whole: Option<Value> =
                present.and_then(|present| serde_json::from_str(present.expose_secret()).ok());
            let own = name.split_once('#').and_then(|(_, entry)| whole.as_ref()?.get(entry));
            Ok::<_, Exit>(Some(text_of(&with_entry(name, value(own), present)?)))
        };
        file.update(secret_id(name), with_value).map_err(Exit::usage)?
    };
    let secret = serde_json::from_str::<Value>(made.secret.expose_secret()).map_err(Exit::unreachable)?;
    entry(&wanted.form.name, &|_| secret.clone())?;
    if let Some(signing) = made.signing.as_ref().filter(|_| has_url) {
        let name = format!("{}#{}", secret_id(&configuration.webhooks.secret), wanted.instance.name);
        entry(&name, &|present| with_older(signing, present))?;
        println!("{name} is set");
    }
    Ok(())
}

/// A new signing secret beside the previous one, so that deliveries of another webhook are still accepted.
fn with_older(new: &SecretString, present: Option<&Value>) -> Value {
    let new = json!(new.expose_secret());
    match present {
        Some(Value::Array(several)) => {
            std::iter::once(&new).chain(several.first()).cloned().collect::<Vec<_>>().into()
        }
        Some(older) => json!([new, older]),
        None => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_webhook_signs_with_stays() {
        let new = SecretString::from("new");
        assert_eq!(with_older(&new, None), json!("new"));
        assert_eq!(with_older(&new, Some(&json!("old"))), json!(["new", "old"]));
        assert_eq!(with_older(&new, Some(&json!(["old", "oldest"]))), json!(["new", "old"]));
    }

    #[test]
    fn an_outage_is_not_taken_for_an_app_that_does_not_exist() {
        assert_eq!(is_begun(Ok(None)).ok(), Some(true));
        for kind in ErrorKind::ALL {
            let begun = is_begun(Err(ActionError::new(kind, "the service does not answer")));
            assert_eq!(begun.ok(), (kind == ErrorKind::Rejected).then_some(false), "{kind:?}");
        }
    }

    #[test]
    fn an_app_is_made_only_for_an_instance_that_can_have_one() {
        let with_app = providers::ALL.iter().filter(|spec| spec.setup.app.is_some()).map(|spec| spec.id);
        let (with_app, without) = (with_app.collect::<Vec<_>>(), "claude");
        let [named] = with_app[..] else { panic!("{with_app:?}") };
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop",
                "providers": {"version_control": named, "ai_provider": without}}],
            "plugins": {named: {}, without: {}},
        }))
        .unwrap();
        let forms = SecretForm::of(&configuration);
        assert_eq!(wanted(&configuration, &forms, named).ok().unwrap().project.key, "SHOP");
        for unknown in [without, "somebody"] {
            let refused = wanted(&configuration, &forms, unknown).err().unwrap().to_string();
            assert!(
                refused.contains(unknown) && refused.ends_with(&format!("accepted: {named}")),
                "{refused}"
            );
        }
    }
}
