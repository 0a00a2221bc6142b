//! The required form of the secrets in a configuration. `secrets set` checks it before it sets one, and `doctor` afterward.

use crate::place::PlaceArgument;
use crate::server::sdk::TABLE;
use domain::Bundle;
use domain::configuration::{Configuration, Instance, InstanceName, Section, Webhooks, secret_id};
use domain::plugins::RepositoryAccess;
use http_client::Options;
use providers::{ProviderSpec, nearest};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// The field of our client secret at a sign-in provider.
pub(crate) const CLIENT_SECRET: &str = "client_secret";

/// A secret, or an entry of one, that somebody reads.
#[derive(Debug)]
pub(crate) struct SecretForm {
    /// Its name in the configuration; `NAME#ENTRY` if several share a secret.
    pub(crate) name: String,
    /// Its required content.
    pub(crate) content: Content,
}

/// The required form of a secret.
#[derive(Debug)]
pub(crate) enum Content {
    /// A signing secret for each of these endpoints of webhooks.
    Signing(Vec<String>),
    /// A provider's credentials.
    Credentials {
        /// The provider.
        spec: &'static ProviderSpec,
        /// The instance that reads it and its section; `None` without a configuration.
        instance: Option<(InstanceName, Section)>,
    },
    /// Our client secret at a sign-in provider.
    SignIn,
}

impl SecretForm {
    /// The secrets that a configuration names: the signing secrets and each instance's credentials.
    pub(crate) fn of(configuration: &Configuration) -> Vec<Self> {
        let endpoints = configuration
            .instances()
            .filter(|instance| webhooks::SENDERS.iter().any(|sender| sender.name() == instance.provider()))
            .map(|instance| instance.name.to_string())
            .collect();
        let signing =
            Self { name: configuration.webhooks.secret.clone(), content: Content::Signing(endpoints) };
        let credentials = configuration.instances().filter_map(|instance| {
            let spec = providers::find(instance.provider()).ok().filter(|spec| !spec.secret.is_empty())?;
            let read_by = Some((instance.name.clone(), instance.section.clone()));
            let content = Content::Credentials { spec, instance: read_by };
            Some(Self { name: instance.secret().into_owned(), content })
        });
        std::iter::once(signing).chain(credentials).collect()
    }

    /// Our client secrets at the sign-in providers of a configuration. They are entries of one secret, which has its own name in each stage.
    pub(crate) fn of_sign_in(configuration: &Configuration, place: &PlaceArgument) -> Vec<Self> {
        let secret = match &place.stage {
            Some(stage) => stage.secret(Bundle::SignIn),
            None => sign_in::secret_name(TABLE),
        };
        let ways = serde_json::to_value(&configuration.sign_in).unwrap_or_default();
        let used = ways.as_object().into_iter().flatten().filter(|(_, settings)| !settings.is_null());
        used.map(|(way, _)| Self { name: format!("{secret}#{way}"), content: Content::SignIn }).collect()
    }

    /// The secrets by the names that they have unless a configuration says otherwise.
    pub(crate) fn by_convention() -> Vec<Self> {
        let endpoints = webhooks::SENDERS.iter().map(|sender| sender.name().to_owned()).collect();
        let signing = Self { name: Webhooks::default().secret, content: Content::Signing(endpoints) };
        let credentials = providers::ALL.iter().flat_map(|spec| {
            let form = |name| Self { name, content: Content::Credentials { spec, instance: None } };
            let own = (!spec.secret.is_empty()).then(|| form(format!("ticketsmith/{}", spec.id)));
            let bundle =
                spec.bundle.map(|bundle| form(format!("ticketsmith/{}#{}", bundle.as_str(), spec.id)));
            own.into_iter().chain(bundle)
        });
        std::iter::once(signing).chain(credentials).collect()
    }

    /// Why a secret's whole value is not usable for this; `None` if it is. The message contains no value.
    pub(crate) fn problem(&self, whole: &Value) -> Option<String> {
        match &self.content {
            Content::Signing(endpoints) => webhooks::signing_problem(whole, endpoints),
            Content::Credentials { spec, instance } => {
                let own = match self.name.split_once('#') {
                    None => Some(whole),
                    Some((_, entry)) => whole.get(entry),
                };
                let Some(own) = own else { return Some("the entry is missing".to_owned()) };
                credentials_problem(spec, own).or_else(|| {
                    let (name, section) = instance.as_ref()?;
                    refusal(spec, Instance { name, section }, whole)
                })
            }
            Content::SignIn => {
                let own = self.name.split_once('#').and_then(|(_, entry)| whole.get(entry));
                let Some(own) = own else { return Some("the entry is missing".to_owned()) };
                match own.get(CLIENT_SECRET).and_then(Value::as_str) {
                    None => Some(format!("`{CLIENT_SECRET}` is missing")),
                    Some("") => Some(format!("`{CLIENT_SECRET}` is empty")),
                    Some(text) => pasted_badly(CLIENT_SECRET, text),
                }
            }
        }
    }

    /// Its content, for people.
    pub(crate) fn accepted(&self) -> String {
        match &self.content {
            Content::Signing(_) => webhooks::signing_form(),
            Content::Credentials { spec, .. } => spec.secret_forms(),
            Content::SignIn => format!("{{\"{CLIENT_SECRET}\": …}}"),
        }
    }
}

/// The forms that a name given to `secrets set` refers to: those with exactly this name, and for a whole secret those of its entries.
/// Each entry of the signing secrets is one.
pub(crate) fn named<'a>(forms: &'a [SecretForm], name: &str) -> Vec<&'a SecretForm> {
    let is_whole = !name.contains('#');
    let is_meant = |form: &&SecretForm| {
        form.name == name
            || (is_whole && secret_id(&form.name) == name)
            || (matches!(form.content, Content::Signing(_)) && form.name == secret_id(name))
    };
    forms.iter().filter(is_meant).collect()
}

/// Why a value is not a provider's credentials: what it lacks of the nearest form.
fn credentials_problem(spec: &ProviderSpec, value: &Value) -> Option<String> {
    let Some(fields) = value.as_object() else { return Some("it is not a JSON object".to_owned()) };
    let lacks = |group: &[&'static str]| -> Vec<&'static str> {
        group.iter().copied().filter(|field| !is_filled(fields, field)).collect()
    };
    let lacking = spec.secret.iter().map(|group| (lacks(group), group)).min_by_key(|(lacking, group)| {
        // If no form is complete, the one with the most fields is meant.
        (!lacking.is_empty(), usize::MAX - (group.len() - lacking.len()), lacking.len())
    });
    let (lacking, group) = lacking?;
    if lacking.is_empty() {
        return group.iter().find_map(|field| pasted_badly(field, fields.get(*field)?.as_str()?));
    }
    let unknown = || fields.keys().map(String::as_str).filter(|key| !group.contains(key));
    let said = lacking.iter().map(|field| match (fields.get(*field), nearest(field, unknown())) {
        (Some(_), _) => format!("`{field}` is not a text, or an empty one"),
        (None, Some(meant)) => format!("`{field}` is missing; is it what `{meant}` contains?"),
        (None, None) => format!("`{field}` is missing"),
    });
    Some(said.collect::<Vec<_>>().join("; "))
}

/// Why a text is not a token, for example because it was copied with surrounding text. A key in PEM has several lines.
fn pasted_badly(field: &str, text: &str) -> Option<String> {
    let is_one_word = !text.contains(|one: char| one.is_whitespace() || one.is_control());
    (!is_one_word && !text.contains("-----BEGIN"))
        .then(|| format!("`{field}` has a blank or a line break around it or in it; copy it without"))
}

/// Whether a field has a value that can be one. IDs may be numbers.
fn is_filled(fields: &Map<String, Value>, field: &str) -> bool {
    match fields.get(field) {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Number(_)) => field.ends_with("_id"),
        _ => false,
    }
}

/// Why a run could not use the credentials: it connects as a run does, which sends nothing.
fn refusal(spec: &ProviderSpec, instance: Instance<'_>, whole: &Value) -> Option<String> {
    let options = Options::new().ok()?;
    let whole = SecretString::from(whole.to_string());
    let connector = spec.connector(instance, options, whole, RepositoryAccess::ReadMetadata);
    (spec.connect)(&connector).err().map(|error| error.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration(value: Value) -> Configuration {
        serde_json::from_value(value).unwrap()
    }

    fn problem(forms: &[SecretForm], name: &str, value: &Value) -> Option<String> {
        let problem = forms.iter().find(|form| form.name == name).unwrap().problem(value);
        assert!(problem.as_ref().is_none_or(|problem| !problem.contains("hunter2")), "{problem:?}");
        problem
    }

    #[test]
    fn a_secret_has_the_fields_that_its_provider_needs() {
        let forms = SecretForm::by_convention();
        let check = |name: &str, value: Value, expected: &[&str]| {
            let found = problem(&forms, name, &value);
            assert_eq!(found.is_none(), expected.is_empty(), "{name}: {found:?}");
            for word in expected {
                assert!(found.as_ref().unwrap().contains(word), "{word} in {found:?}");
            }
        };
        check("ticketsmith/jira", json!({"email": "e", "api_token": "hunter2"}), &[]);
        check(
            "ticketsmith/jira",
            json!({"email": "e", "api_tokn": "hunter2"}),
            &["`api_token` is missing", "`api_tokn`"],
        );
        check("ticketsmith/jira", json!({"email": "e", "api_token": ""}), &["`api_token` is not a text"]);
        check("ticketsmith/jira", json!("hunter2"), &["not a JSON object"]);
        check("ticketsmith/github", json!({"token": "hunter2"}), &[]);
        check(
            "ticketsmith/github",
            json!({"app_id": 1, "private_key": "hunter2"}),
            &["`installation_id` is missing"],
        );
        check("ticketsmith/work#slack", json!({"slack": {"bot_token": "hunter2"}}), &[]);
        check("ticketsmith/work#slack", json!({"jira": {}}), &["entry is missing"]);
        check(
            "ticketsmith/signing",
            json!({"github": "hunter2", "slack": "hunter2"}),
            &["`jira` is missing"],
        );
        let all = webhooks::SENDERS.iter().map(|sender| (sender.name().to_owned(), json!("hunter2")));
        let mut all: Map<String, Value> = all.collect();
        all.insert("jira".to_owned(), json!(["hunter2", "old"]));
        check("ticketsmith/signing", all.into(), &[]);
    }

    #[test]
    fn who_signs_people_in_has_our_secret_there() {
        let configuration =
            configuration(json!({"projects": [], "sign_in": {"github": {"client_id": "Iv1"}}}));
        let data = crate::place::DataArgument { data: ".ticketsmith".into() };
        let place = PlaceArgument { data, stage: Some("dev".parse().unwrap()) };
        let forms = SecretForm::of_sign_in(&configuration, &place);
        let name = "ticketsmith-dev/sign-in#github";
        assert_eq!(forms.iter().map(|form| &form.name).collect::<Vec<_>>(), [name]);
        let set = |entry: Value| problem(&forms, name, &json!({"sessions": {}, "github": entry}));
        assert_eq!(set(json!({"client_secret": "hunter2"})), None);
        for (entry, expected) in [
            (json!({"client_secre": "hunter2"}), "`client_secret` is missing"),
            (json!({"client_secret": ""}), "`client_secret` is empty"),
            (json!({"client_secret": "hunter2\n"}), "`client_secret` has a blank"),
        ] {
            assert!(set(entry).unwrap().contains(expected), "{expected}");
        }
        assert_eq!(problem(&forms, name, &json!({})).unwrap(), "the entry is missing");
    }

    #[test]
    fn a_configuration_says_who_reads_a_secret() {
        let forms = SecretForm::of(&configuration(json!({
            "projects": [],
            "plugins": {
                "ghe": {"provider": "github", "base_url": "https://git.acme.example/api/v3", "secret": "team/code"},
                "jira": {"base_url": "https://acme.atlassian.net", "secret": "team/work#jira"},
            },
            "webhooks": {"secret": "team/signing"},
        })));
        assert!(named(&forms, "ticketsmith/jira").is_empty());
        assert_eq!(named(&forms, "team/work").len(), 1);
        assert_eq!(problem(&forms, "team/code", &json!({"token": "t"})), None);
        // An invalid key is found as a run would find it.
        let app = json!({"app_id": "1", "installation_id": "2", "private_key": "hunter2"});
        assert!(problem(&forms, "team/code", &app).unwrap().contains("private"));
        let lacking = problem(&forms, "team/signing", &json!({"jira": "s"})).unwrap();
        assert!(lacking.contains("`ghe` is missing"), "{lacking}");
    }
}
