//! The secrets that a configuration names. Missing ones are read from a file or asked for, after the steps to take at the
//! service.

use super::answers::Answers;
use super::webhook;
use crate::commands::secrets::{check, open, prompt, text_of, with_entry};
use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::secret_forms::{Content, SecretForm};
use crate::server::secret_file::SecretFile;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::configuration::{Configuration, secret_id};
use providers::{ProviderSpec, SetupFacts, SigningSecret};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The contents of the file in `--secrets`: secrets by instance, and signing secrets.
pub(super) struct Credentials {
    by_instance: Map<String, Value>,
    signing: Map<String, Value>,
}

impl Credentials {
    /// Reads the file, or standard input for `-`; nothing without a path.
    ///
    /// # Errors
    /// Usage errors that quote no value.
    pub(super) fn read(path: Option<&Path>) -> Outcome<Self> {
        let Some(path) = path else { return Ok(Self { by_instance: Map::new(), signing: Map::new() }) };
        let shown = path.display();
        let text = match path == Path::new("-") {
            true => std::io::read_to_string(std::io::stdin()),
            false => std::fs::read_to_string(path),
        };
        let text = text.map_err(|error| Exit::usage(format!("{shown}: {error}")))?;
        let refused = || {
            let accepted =
                "{\"NAME\": {…}, \"signing\": {\"NAME\": \"…\"}}, where NAME is a section under plugins";
            Exit::usage(format!("{shown}: invalid secrets; accepted: {accepted}"))
        };
        let mut by_instance: Map<String, Value> = serde_json::from_str(&text).map_err(|_| refused())?;
        let signing = match by_instance.remove("signing") {
            None => Map::new(),
            Some(Value::Object(signing)) => signing,
            Some(_) => return Err(refused()),
        };
        Ok(Self { by_instance, signing })
    }

    /// Sets missing secrets, and those in the file. Returns the endpoints whose signing secret is new.
    ///
    /// # Errors
    /// Usage errors if a given secret does not meet its reader's needs, or nothing in the configuration uses it; negative if the
    /// person stops.
    pub(super) async fn complete(
        mut self,
        configuration: &Configuration,
        data: &DataArgument,
        url: Option<&str>,
        answers: &Answers,
    ) -> Outcome<BTreeSet<String>> {
        self.refuse_strangers(configuration)?;
        let forms = SecretForm::of(configuration);
        let mut file = open(data)?;
        for form in &forms {
            if let Content::Credentials { spec, instance: Some((name, section)) } = &form.content {
                let instance = domain::configuration::Instance { name, section };
                let endpoint = url.map(|url| webhook::address(url, name.as_str()));
                let site = spec.site_of(instance);
                let facts = SetupFacts {
                    site: &site,
                    webhook_url: endpoint.as_deref(),
                    command: &configuration.webhooks.command,
                };
                let given = self.by_instance.remove(name.as_str());
                credentials(form, spec, given, &facts, &mut file, answers).await?;
            }
        }
        for instance in configuration.instances() {
            // It is unknown whether a service without a secret was set up; `doctor` asks it.
            if let Ok(spec) = providers::find(instance.provider())
                && spec.secret.is_empty()
            {
                let site = spec.site_of(instance);
                let command = &configuration.webhooks.command;
                show_steps(spec, &SetupFacts { site: &site, webhook_url: None, command });
            }
        }
        self.signing(configuration, &forms, url.is_some(), &mut file, answers).await
    }

    fn refuse_strangers(&self, configuration: &Configuration) -> Outcome {
        let known: Vec<_> =
            configuration.instances().map(|instance| instance.name.as_str().to_owned()).collect();
        match self.by_instance.keys().chain(self.signing.keys()).find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Exit::usage(format!(
                "--secrets has `{name}`, which the configuration does not use; it uses: {}",
                known.join(", ")
            ))),
        }
    }

    /// The secrets that deliveries are checked with. We generate them if a program can pass them to the service, or if a person is at the terminal.
    async fn signing(
        mut self,
        configuration: &Configuration,
        forms: &[SecretForm],
        has_url: bool,
        file: &mut SecretFile,
        answers: &Answers,
    ) -> Outcome<BTreeSet<String>> {
        let mut new = BTreeSet::new();
        let Some((form, endpoints)) = forms.iter().find_map(|form| match &form.content {
            Content::Signing(endpoints) => Some((form, endpoints)),
            Content::Credentials { .. } | Content::SignIn => None,
        }) else {
            return Ok(new);
        };
        for endpoint in endpoints {
            let name = format!("{}#{endpoint}", secret_id(&form.name));
            let present = file.get(secret_id(&form.name));
            let is_set = present.is_some_and(|whole| has_entry(whole, endpoint));
            let given = self.signing.remove(endpoint);
            if is_set && given.is_none() {
                continue;
            }
            let spec =
                configuration.instance(endpoint).and_then(|found| providers::find(found.provider()).ok());
            let Some(spec) = spec else { continue };
            let value = match (given, spec.setup.signing) {
                (Some(given), _) => Some(given),
                (None, SigningSecret::Ours) => ours(spec, &name, has_url, answers),
                (None, SigningSecret::Theirs) => theirs(spec, endpoint, &name, answers).await?,
                (None, SigningSecret::None) => None,
            };
            if let Some(value) = value {
                set(file, form, &name, &value)?;
                println!("{name} is set");
                new.insert(endpoint.clone());
            }
        }
        Ok(new)
    }
}

/// Sets a secret, or an entry of one, if what reads it can use it.
pub(super) fn set(file: &mut SecretFile, form: &SecretForm, name: &str, value: &Value) -> Outcome {
    let with_value = |present: Option<&SecretString>| {
        let whole = with_entry(name, value.clone(), present)?;
        check(name, &[form], &whole)?;
        Ok::<_, Exit>(Some(text_of(&whole)))
    };
    file.update(secret_id(&form.name), with_value).map_err(Exit::usage)?
}

/// Whether what reads a secret can use it as it is.
pub(super) fn usable(form: &SecretForm, whole: &SecretString) -> bool {
    serde_json::from_str(whole.expose_secret()).is_ok_and(|whole| form.problem(&whole).is_none())
}

/// Says what a person does at a service.
fn show_steps(spec: &ProviderSpec, facts: &SetupFacts<'_>) {
    println!("\n{}:", spec.name);
    for (number, step) in (1..).zip((spec.setup.steps)(facts)) {
        println!("  {number}. {step}");
    }
}

/// The credentials of one instance.
async fn credentials(
    form: &SecretForm,
    spec: &ProviderSpec,
    given: Option<Value>,
    facts: &SetupFacts<'_>,
    file: &mut SecretFile,
    answers: &Answers,
) -> Outcome {
    let (id, name) = (secret_id(&form.name), &form.name);
    if given.is_none() && file.get(id).is_some_and(|whole| usable(form, whole)) {
        return Ok(());
    }
    if given.is_none() {
        show_steps(spec, facts);
        if let (Some(_), Content::Credentials { instance: Some((instance, _)), .. }) =
            (spec.setup.app, &form.content)
        {
            println!("  `ticketsmith init --app {instance}` creates an app with all of this, in a browser.");
        }
        if !answers.is_terminal {
            println!("  Then: ticketsmith secrets set {name}");
            return Ok(());
        }
    }
    let mut given = given;
    loop {
        let is_given = given.is_some();
        let value = match given.take() {
            Some(value) => value,
            None => prompt::ask(Some(&form.content)).await?,
        };
        match set(file, form, name, &value) {
            Ok(()) => {
                println!("{name} is set");
                return Ok(());
            }
            Err(refused) if is_given || !answers.is_terminal => return Err(refused),
            Err(refused) => eprintln!("{refused}"),
        }
    }
}

/// A secret that we generate. If people have to paste it, it is shown once, and only at a terminal.
fn ours(spec: &ProviderSpec, name: &str, has_url: bool, answers: &Answers) -> Option<Value> {
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    if has_url && spec.setup.register_webhook.is_some() {
        return Some(json!(secret));
    }
    if answers.is_terminal {
        println!("\nThe secret for {}'s webhook, shown only once: {secret}", spec.name);
        return Some(json!(secret));
    }
    println!(
        "\n{}: choose a secret for its webhook, then run: echo '\"SECRET\"' | ticketsmith secrets set {name}",
        spec.name
    );
    None
}

/// A secret that the service shows to people. The terminal does not echo it.
async fn theirs(
    spec: &ProviderSpec,
    endpoint: &str,
    name: &str,
    answers: &Answers,
) -> Outcome<Option<Value>> {
    if answers.is_terminal {
        println!("\nThe secret with which {} signs its deliveries:", spec.name);
        let content = Content::Signing(vec![endpoint.to_owned()]);
        return Ok(prompt::ask(Some(&content)).await?.get(endpoint).cloned());
    }
    println!(
        "\n{}: copy the signing secret that it shows, then run: echo '\"SECRET\"' | ticketsmith secrets set {name}",
        spec.name
    );
    Ok(None)
}

fn has_entry(whole: &SecretString, entry: &str) -> bool {
    serde_json::from_str::<Value>(whole.expose_secret()).is_ok_and(|whole| whole.get(entry).is_some())
}
