//! Asks the services what each credential may do, and whether they know what the configuration names. Changes nothing and incurs no costs.

use super::needs::Needs;
use super::secrets::Secrets;
use super::{Finding, called};
use actions::agent::price::Prices;
use domain::configuration::{Configuration, Instance, Project};
use domain::plugins::RepositoryAccess;
use domain::{ActionError, PermissionProblem, PluginType};
use http_client::{Observer, Options};
use jiff::{SignedDuration, Timestamp};
use providers::{Claims, Connector, ProviderSpec, model_among, other_models};
use reqwest::header::{DATE, HeaderMap};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Less than the clock difference that Slack's replay window and GitHub's app tokens tolerate.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// Asks every service that serves a project about that project, with these secrets. Questions that projects share are asked once.
pub(super) async fn permissions(
    configuration: &Configuration,
    secrets: &Secrets,
    needs: &Needs,
    findings: &mut Vec<Finding>,
) {
    let options = match Options::new() {
        Ok(options) => options.request_timeout(ANSWER_TIMEOUT),
        Err(error) => return findings.push(Finding::new("permissions", Err(error.to_string()))),
    };
    let (mut asked, mut known) = (BTreeSet::new(), BTreeSet::new());
    for project in &configuration.projects {
        for name in project.providers.values() {
            let Some(instance) = configuration.instance(name.as_str()) else { continue };
            let clock = Clock::default();
            let options = options.clone().observer(clock.observer());
            // A missing secret has already been reported.
            let Some((spec, mut connector)) = connector(instance, secrets, &options) else { continue };
            let Some(about) = (spec.probed)(&connector, project) else { continue };
            let subject = format!("{}, {about}", called(instance));
            if !asked.insert(subject.clone()) {
                continue;
            }
            // People are the same in every project.
            let is_first = known.insert(instance.name.clone());
            connector.claims = claims(configuration, instance, project, needs, is_first);
            report(findings, &subject, ask(spec, &connector, project).await);
            if let Some(problem) = clock.problem().filter(|_| is_first) {
                findings.push(Finding::new(format!("clock against {}", called(instance)), Err(problem)));
            }
        }
        for (agent, model) in needs.models() {
            let Some(instance) = serving(configuration, project, model, secrets, &options) else { continue };
            let mut section = instance.section.clone();
            section.settings.insert("model".to_owned(), model.as_str().into());
            let instance = Instance { name: instance.name, section: &section };
            let Some((spec, connector)) = connector(instance, secrets, &options) else { continue };
            let subject = format!("{}, model {model} of the agent {agent}", called(instance));
            if !asked.insert(subject.clone()) {
                continue;
            }
            let mut answered = ask(spec, &connector, project).await;
            for problem in answered.iter_mut().flatten() {
                let (key, named) =
                    (format!("plugins.{}.model", instance.name), format!("`models` of the agent {agent}"));
                problem.remedy = problem.remedy.replace(&key, &named);
            }
            report(findings, &subject, answered);
        }
    }
}

/// Asks a service, and looks for the price of its model.
async fn ask(
    spec: &ProviderSpec,
    connector: &Connector<'_>,
    project: &Project,
) -> Result<Vec<PermissionProblem>, ActionError> {
    let mut problems = (spec.probe)(connector, project).await?;
    problems.extend(price_problem(spec, connector));
    Ok(problems)
}

/// Why no run can ask a model although it is there: its cost could not be reserved.
fn price_problem(spec: &ProviderSpec, connector: &Connector<'_>) -> Option<PermissionProblem> {
    if !spec.serves.contains(&PluginType::AiProvider) {
        return None;
    }
    let model = (spec.connect)(connector).ok()?.model?;
    let price = Prices::of(&*model.provider).worst_case(&model.name, 1, true, 1, Timestamp::now());
    price.is_none().then(|| {
        PermissionProblem::missing(
            format!("a price of the model {}", model.name),
            "it is refused before any request, because its cost cannot be reserved",
            format!(
                "choose another model, or set plugins.{}.prices if the provider has that setting",
                connector.instance.name
            ),
        )
    })
}

/// The instance that a run asks for a model which an agent names. `None` if one that may be meant cannot be connected, which has been reported.
fn serving<'a>(
    configuration: &'a Configuration,
    project: &Project,
    model: &str,
    secrets: &Secrets,
    options: &Options,
) -> Option<Instance<'a>> {
    let own = configuration.instance(project.providers.get(&PluginType::AiProvider)?.as_str())?;
    let model_of = |instance: Instance<'_>| {
        let absent = || ActionError::rejected(format!("`{}` cannot be connected", instance.name));
        let (spec, connector) = connector(instance, secrets, options).ok_or_else(absent)?;
        (spec.connect)(&connector)?.model.ok_or_else(absent)
    };
    let others = other_models(configuration, own.name).map(model_of);
    let chosen = model_among(model, model_of(own).ok()?, others).ok()?;
    configuration.instance(chosen.instance.as_str())
}

/// What the configuration expects of a service.
fn claims(
    configuration: &Configuration,
    instance: Instance<'_>,
    project: &Project,
    needs: &Needs,
    with_people: bool,
) -> Claims {
    let names = || configuration.account_names(instance.name.as_str());
    let own = &configuration.webhooks.own_accounts;
    let people = configuration.users.iter().filter(|_| with_people);
    Claims {
        own_account: names().find_map(|name| own.get(name)).cloned(),
        sends_webhooks: webhooks::SENDERS.iter().any(|sender| sender.name() == instance.provider()),
        people: people
            .filter_map(|user| Some((user.name.clone(), user.account_at(names())?.to_owned())))
            .collect(),
        tracker_actions: needs.tracker_actions(),
        statuses: needs.statuses_of(project),
    }
}

fn connector<'a>(
    instance: Instance<'a>,
    secrets: &Secrets,
    options: &Options,
) -> Option<(&'static ProviderSpec, Connector<'a>)> {
    let spec = providers::find(instance.provider()).ok()?;
    let secret = match spec.secret {
        [] => Default::default(),
        _ => secrets.get(&instance.secret())?.clone(),
    };
    Some((spec, spec.connector(instance, options.clone(), secret, RepositoryAccess::ReadContents)))
}

/// One finding per problem, or a single positive one.
fn report(findings: &mut Vec<Finding>, subject: &str, asked: Result<Vec<PermissionProblem>, ActionError>) {
    match asked {
        Err(error) => findings.push(Finding::new(subject, Err(error.to_string()))),
        Ok(problems) if problems.is_empty() => findings.push(Finding::new(subject, Ok(()))),
        Ok(problems) => {
            findings.extend(problems.iter().map(|problem| Finding::of_permission(subject, problem)));
        }
    }
}

/// How far a service's clock is from this machine's, by the dates of its answers.
#[derive(Debug, Clone, Default)]
struct Clock(Arc<Mutex<Option<SignedDuration>>>);

impl Clock {
    fn observer(&self) -> Observer {
        let Self(seen) = self.clone();
        Arc::new(move |headers: &HeaderMap| {
            if let Some(difference) = difference(headers, Timestamp::now()) {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(difference);
            }
        })
    }

    fn problem(&self) -> Option<String> {
        let difference = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        (difference.abs() > CLOCK_TOLERANCE).then(|| {
            format!(
                "this machine's clock is off by {} s, so signatures and tokens will be refused; synchronize it with NTP",
                difference.as_secs()
            )
        })
    }
}

fn difference(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(now.duration_since(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::configuration::{InstanceName, Section};
    use secrecy::SecretString;
    use serde_json::json;

    #[test]
    fn a_model_without_a_price_is_told() {
        let problem = |provider: &str, model: &str| {
            let name: InstanceName = provider.parse().unwrap();
            let section: Section = serde_json::from_value(json!({ "model": model })).unwrap();
            let spec = providers::find(provider).unwrap();
            let (instance, options) = (Instance { name: &name, section: &section }, Options::new().unwrap());
            let secret = SecretString::from(r#"{"api_key": "key"}"#);
            let connector = spec.connector(instance, options, secret, RepositoryAccess::ReadContents);
            price_problem(spec, &connector).map(|problem| problem.to_string())
        };
        assert_eq!(problem("openai", "gpt-5.6-terra"), None);
        assert_eq!(problem("claude", "no-such-model"), None, "it is taken for the dearest");
        let told = problem("openai", "no-such-model").unwrap();
        assert!(told.starts_with("`a price of the model no-such-model` is missing"), "{told}");
        assert!(told.contains("set plugins.openai.prices"), "{told}");
    }

    #[test]
    fn the_dates_of_answers_tell_of_the_clock() {
        let clock = Clock::default();
        assert_eq!(clock.problem(), None);
        let answered = |ago: SignedDuration| {
            let then = Timestamp::now() - ago;
            let date = jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", then).unwrap();
            clock.observer()(&HeaderMap::from_iter([(DATE, date.parse().unwrap())]));
        };
        answered(SignedDuration::from_secs(5));
        assert_eq!(clock.problem(), None);
        answered(SignedDuration::from_mins(10));
        assert!(clock.problem().unwrap().contains("off by 6"), "{:?}", clock.problem());
    }
}
