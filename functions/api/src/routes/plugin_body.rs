//! Plugin instances as requests have them: checked in the words of `config check`, each problem at its place.

use crate::problem::{Code, InvalidField, Problem};
use crate::routes::configured::{checked, known_providers};
use control::Directory;
use domain::configuration::{
    Configuration, Instance, InstanceName, Problem as ConfigurationProblem, Rate, Section,
};
use domain::{PluginInstance, SourceName};
use providers::{InstanceProblems, check_instance, complete, local_address_problems, own_secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt::Display;
use utoipa::ToSchema;

/// The new configuration of a plugin instance. It names its secret and never contains it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PluginSettings)]
pub(super) struct PluginBody {
    /// The name that projects use it by. It is part of its secret's name and of the address of its webhooks.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// The provider. Default: the one with this name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    provider: Option<String>,
    /// The name of the secret with the credentials. Accepted: its own entry in its provider's bundle, `ticketsmith/work#NAME`, which is the
    /// default.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 600)]
    secret: Option<String>,
    /// Requests in a second, a minute or an hour: `2/s`, `5000/h`. Default: the provider's own.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    rate_limit: Option<String>,
    /// The provider's own settings, as under `plugins` in the configuration file.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl PluginBody {
    /// The name that projects use it by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The provider's name.
    pub(super) fn provider(&self) -> &str {
        self.provider.as_ref().unwrap_or(&self.name)
    }
}

/// The plugin instance in a body, in place of the configured one with its name, or in addition to the others. `file` is the configuration file, and
/// `table` the table's name.
///
/// # Errors
/// Invalid, with every place that is not accepted; a conflict if the rest of the configuration does not go with it, or if the
/// configuration was put in force by a version that the API cannot add to.
pub(super) fn plugin_of(
    directory: &Directory,
    file: &Configuration,
    table: &str,
    body: &PluginBody,
) -> Result<PluginInstance, Problem> {
    let configuration = directory.configuration();
    let (name, mut section) = read(body)?;
    // The forms of the file's tickets would be lost next to those of this one.
    known_providers(directory, |_| true)?;
    let InstanceProblems { mut inside, elsewhere } = check_instance(configuration, &name, &section);
    inside.extend(local_address_problems(file, &name, &section));
    let provider = Instance { name: &name, section: &section }.provider();
    let is_misnamed = name.as_str().parse().is_ok_and(|source: SourceName| source.is_own())
        || providers::find(provider).is_err();
    let mut problems: Vec<_> =
        inside.into_iter().map(|problem| in_the_request(problem, is_misnamed)).collect();
    problems.extend(edits::secret_problems(&Value::from(section.settings.clone()), "/settings"));
    match secret_of(configuration, table, Instance { name: &name, section: &section }) {
        Ok(secret) => section.secret = secret,
        // What is wrong with the secret, or with the name that it comes from, is among the problems already.
        Err(_) if problems.iter().any(|problem| problem.pointer == "/secret" || is_misnamed) => {}
        Err(problem) => problems.push(problem),
    }
    let instance = checked(complete(name, section), problems.into_iter())?;
    if let Some(problem) = elsewhere.first() {
        let detail = format!("`{}` does not go with the rest of the configuration: {problem}", instance.name);
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(instance)
}

/// Reads values that have their own format.
fn read(body: &PluginBody) -> Result<(InstanceName, Section), Problem> {
    let mut errors = Vec::new();
    let name = form("/name", Some(&body.name), |name| name.parse(), &mut errors);
    let provider = form("/provider", body.provider.as_ref(), |name| name.parse(), &mut errors);
    let rate_limit =
        form("/rate_limit", body.rate_limit.as_ref(), |rate| Rate::try_from(rate.to_owned()), &mut errors);
    // Under `plugins` in the file they are among the settings.
    let settings = body.settings.clone().unwrap_or_default();
    for field in
        ["provider", "secret", "rate_limit"].into_iter().filter(|field| settings.contains_key(*field))
    {
        let detail = format!("it is a field of the body here; accepted: `{field}` beside `settings`");
        errors.push(InvalidField { path: format!("/settings/{field}"), detail });
    }
    match name {
        Some(name) if errors.is_empty() => {
            Ok((name, Section { provider, secret: body.secret.clone(), rate_limit, settings }))
        }
        _ => Err(Problem::invalid(errors)),
    }
}

/// A value in its own format; `None` if it is absent or an error.
fn form<T, E: Display>(
    path: &str,
    given: Option<&String>,
    read: impl FnOnce(&str) -> Result<T, E>,
    errors: &mut Vec<InvalidField>,
) -> Option<T> {
    let refuse = |error: E| errors.push(InvalidField { path: path.to_owned(), detail: error.to_string() });
    read(given?).map_err(refuse).ok()
}

/// The settings have a separate field. What is wrong with the section as a whole is wrong with its name, or a setting is missing.
fn in_the_request(problem: ConfigurationProblem, is_misnamed: bool) -> ConfigurationProblem {
    match problem.pointer.as_str() {
        "" if is_misnamed => problem.below(["name"]),
        "/provider" | "/secret" | "/rate_limit" => problem,
        _ => problem.below(["settings"]),
    }
}

/// The name of the secret of an instance; `None` if it needs no credentials. Each instance has its own, so that nobody
/// can send another's credentials to an address of their choice.
fn secret_of(
    configuration: &Configuration,
    table: &str,
    instance: Instance<'_>,
) -> Result<Option<String>, ConfigurationProblem> {
    let at = |place: &str, message: String| Err(ConfigurationProblem::new([place], message));
    let given = instance.section.secret.as_deref();
    let Some(own) = own_secret(table, instance) else {
        return match given {
            None => Ok(None),
            Some(_) => at("secret", format!("`{}` needs no credentials; leave it out", instance.provider())),
        };
    };
    if given.is_some_and(|given| given != own) {
        let detail = format!("an instance that the API manages has a secret of its own; accepted: `{own}`");
        return at("secret", detail);
    }
    let mut others = configuration.instances().filter(|other| other.name != instance.name);
    if let Some(other) = others.find(|other| other.secret() == own) {
        let detail =
            format!("its secret `{own}` would be that of plugins.{}; choose another name", other.name);
        return at("name", detail);
    }
    if configuration.webhooks.secret == own {
        return at("name", format!("its secret `{own}` would be that of webhooks; choose another name"));
    }
    Ok(Some(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_of_the_body_among_the_settings_is_told_its_place() {
        let read = |settings: Value| {
            let body = json!({"name": "jira-eu", "provider": "jira", "settings": settings});
            super::read(&serde_json::from_value(body).unwrap())
        };
        let (name, section) = read(json!({"base_url": "https://acme.atlassian.net"})).unwrap();
        assert_eq!((name.as_str(), section.settings.len()), ("jira-eu", 1));
        for field in ["provider", "secret", "rate_limit"] {
            let told = format!("{:?}", read(json!({field: "5/s"})).unwrap_err());
            let expected = format!(
                "/settings/{field}: it is a field of the body here; accepted: `{field}` beside `settings`"
            );
            assert!(told.contains(&expected), "{told}");
        }
    }
}
