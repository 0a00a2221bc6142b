//! Whether the providers can serve as a configuration says.

use crate::list::{ALL, find};
use domain::SourceName;
use domain::configuration::{Configuration, Instance, InstanceName};
use provider::nearest;
use std::collections::BTreeSet;

/// Every contradiction in a configuration, each as a sentence that names the key: those of [`Configuration::problems`], and whatever
/// it says of providers. Empty when it can be used.
pub fn check(configuration: &Configuration) -> Vec<String> {
    let mut problems: Vec<_> = configuration.instances().flat_map(instance_problems).collect();
    for (index, project) in configuration.projects.iter().enumerate() {
        let at = format!("projects[{index}] ({})", project.key);
        for (plugin, name) in &project.providers {
            let instance = configuration.instance(name.as_str());
            let spec = match find(instance.map_or(name.as_str(), Instance::provider)) {
                Ok(spec) => spec,
                // The section says it already.
                Err(_) if instance.is_some() => continue,
                Err(unknown) => {
                    problems.push(format!(
                        "{at}: {plugin} is served by `{name}`, which is not under plugins; {unknown}"
                    ));
                    continue;
                }
            };
            if !spec.serves.contains(plugin) {
                let able = ALL.iter().filter(|candidate| candidate.serves.contains(plugin));
                let able: Vec<_> = able.map(|candidate| candidate.id).collect();
                problems.push(format!("{at}: `{name}` cannot serve {plugin}; accepted: {}", able.join(", ")));
            } else if instance.is_none() && !spec.secret.is_empty() {
                problems.push(format!(
                    "{at}: {plugin} is served by `{name}`, but there is no section plugins.{name}"
                ));
            }
        }
    }
    problems.extend(account_problems(configuration));
    problems.extend(own_account_problems(configuration));
    problems.extend(configuration.problems());
    problems
}

fn instance_problems(instance: Instance<'_>) -> Vec<String> {
    if instance.name.as_str().parse().is_ok_and(|source: SourceName| source.is_own()) {
        return vec![format!("plugins.{}: the name is reserved; choose another one", instance.name)];
    }
    match find(instance.provider()) {
        Ok(spec) => spec.settings.problems(instance),
        Err(unknown) if instance.section.provider.is_some() => {
            vec![format!("plugins.{}.provider: {unknown}", instance.name)]
        }
        Err(unknown) => {
            vec![format!("plugins.{}: {unknown}; a section with another name says `provider`", instance.name)]
        }
    }
}

fn account_problems(configuration: &Configuration) -> Vec<String> {
    let has_people = |id: &str| find(id).is_ok_and(|spec| spec.account.is_some());
    let specs = ALL.iter().map(|spec| spec.id).filter(|id| has_people(id));
    let instances = configuration.instances().filter(|instance| has_people(instance.provider()));
    // The name of a provider means none of several instances, unless one has this very name.
    let is_ambiguous = |id: &str| {
        configuration.instance(id).is_none()
            && configuration.instances().filter(|instance| instance.provider() == id).count() > 1
    };
    let known: BTreeSet<_> = specs
        .filter(|id| !is_ambiguous(id))
        .chain(instances.map(|instance| instance.name.as_str()))
        .collect();
    let accepted = ["name", "roles"].into_iter().chain(known.iter().copied());
    let mut problems = Vec::new();
    for (index, user) in configuration.users.iter().enumerate() {
        for key in user.accounts.keys().filter(|key| !known.contains(key.as_str())) {
            let meant = nearest(key, accepted.clone()).map(|name| format!("; did you mean `{name}`?"));
            problems.push(format!(
                "users[{index}] ({}): unknown key `{key}`{} accepted: {}",
                user.name,
                meant.as_deref().unwrap_or(";"),
                accepted.clone().collect::<Vec<_>>().join(", ")
            ));
        }
    }
    problems
}

/// The bot has accounts where providers are: under the names of these, or of sections.
fn own_account_problems(configuration: &Configuration) -> Vec<String> {
    let names = configuration.webhooks.own_accounts.keys().map(InstanceName::as_str);
    let is_unknown = |name: &&str| configuration.instance(name).is_none() && find(name).is_err();
    let known = || ALL.iter().filter(|spec| spec.account.is_some()).map(|spec| spec.id);
    names
        .filter(is_unknown)
        .map(|name| {
            let meant = nearest(name, known()).map(|name| format!("; did you mean `{name}`?"));
            format!(
                "webhooks.own_accounts: unknown key `{name}`{} accepted: {}, names under plugins",
                meant.as_deref().unwrap_or(";"),
                known().collect::<Vec<_>>().join(", ")
            )
        })
        .collect()
}

/// Fills in the defaults of every section, so that whoever reads the configuration sees what is in force.
pub fn fill(configuration: &mut Configuration) {
    let names: Vec<_> = configuration.plugins.keys().cloned().collect();
    for name in names {
        let Some(instance) = configuration.instance(name.as_str()) else { continue };
        let Ok(spec) = find(instance.provider()) else { continue };
        let (secret, settings) =
            (instance.secret().into_owned(), spec.settings.filled(&instance.section.settings));
        if let Some(section) = configuration.plugins.get_mut(&name) {
            section.settings = settings;
            section.rate_limit.get_or_insert(spec.rate);
            if !spec.secret.is_empty() {
                section.secret.get_or_insert(secret);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn problems(projects: Value, plugins: Value) -> Vec<String> {
        check(&serde_json::from_value(json!({"projects": projects, "plugins": plugins})).unwrap())
    }

    #[test]
    fn two_instances_of_one_provider_are_fine() {
        let plugins = json!({
            "github": {},
            "ghe": {"provider": "github", "base_url": "https://git.acme.example/api/v3", "secret": "ticketsmith/repository#ghe"},
        });
        let projects = json!([
            {"key": "A", "repository": "acme/a", "providers": {"version_control": "github"}},
            {"key": "B", "repository": "acme/b", "providers": {"version_control": "ghe", "task_management": "ghe"}},
        ]);
        assert_eq!(problems(projects, plugins), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_the_nearest() {
        let found = problems(
            json!([]),
            json!({"gihub": {}, "work": {"provider": "jirra"}, "slack": {"bas_url": "x"}}),
        );
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(
            found[0].starts_with("plugins.gihub: `gihub` is not a provider") && found[0].contains("github"),
            "{}",
            found[0]
        );
        assert!(
            found[1].starts_with("plugins.slack: unknown key `bas_url`; did you mean `base_url`?"),
            "{}",
            found[1]
        );
        assert!(
            found[2].starts_with("plugins.work.provider: `jirra`") && found[2].contains("jira (did"),
            "{}",
            found[2]
        );
    }

    #[test]
    fn the_bot_has_accounts_where_providers_are() {
        let found = check(
            &serde_json::from_value(json!({
                "projects": [],
                "plugins": {"ghe": {"provider": "github"}},
                "webhooks": {"own_accounts": {"github": "bot", "ghe": "robot", "gihub": "bot"}},
            }))
            .unwrap(),
        );
        assert_eq!(found.len(), 1, "{found:#?}");
        let expected = "webhooks.own_accounts: unknown key `gihub`; did you mean `github`?";
        assert!(found[0].starts_with(expected), "{}", found[0]);
    }

    #[test]
    fn a_project_is_served_by_what_can_serve() {
        let project = |providers: Value| json!([{"key": "A", "repository": "a/b", "providers": providers}]);
        let jira = json!({"jira": {"base_url": "https://acme.atlassian.net"}});
        for (providers, expected) in [
            (json!({"monitoring": "cloudwatch"}), ""),
            (json!({"communication": "jira"}), "`jira` cannot serve communication; accepted: slack"),
            (json!({"version_control": "github"}), "there is no section plugins.github"),
            (json!({"task_management": "old-jira"}), "`old-jira`, which is not under plugins"),
        ] {
            let found = problems(project(providers.clone()), jira.clone());
            assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:#?}");
            assert!(found.iter().all(|problem| problem.contains(expected)), "{providers}: {found:#?}");
        }
    }

    #[test]
    fn people_have_accounts_where_there_are_people() {
        let configuration: Configuration = serde_json::from_value(
            json!({"projects": [], "users": [{"name": "ada", "gihub": "ada", "claude": "x", "slack": "U1"}]}),
        )
        .unwrap();
        let found = check(&configuration);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found[1].contains("users[0] (ada): unknown key `gihub`; did you mean `github`?"),
            "{found:#?}"
        );
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [],
            "plugins": {"cloud": {"provider": "github"}, "ghe": {"provider": "github"}, "api": {"provider": "slack"}},
            "users": [{"name": "ada", "ghe": "ada", "cloud": "ada-l", "github": "ada"}],
        }))
        .unwrap();
        let found = check(&configuration);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("plugins.api: the name is reserved"), "{found:#?}");
        assert!(found[1].contains("unknown key `github`") && found[1].contains("cloud, ghe"), "{found:#?}");
    }

    #[test]
    fn defaults_are_written_out_as_they_always_were() {
        let mut configuration: Configuration = serde_json::from_value(
            json!({"projects": [], "plugins": {"claude": {"model": "m"}, "cloudwatch": {}, "mine": {"provider": "slack"}}}),
        )
        .unwrap();
        fill(&mut configuration);
        let expected = json!({
            "claude": {"secret": "ticketsmith/claude", "rate_limit": "1/s", "base_url": "https://api.anthropic.com", "model": "m",
                       "max_output_tokens": 32000},
            "cloudwatch": {"rate_limit": "1/s"},
            "mine": {"provider": "slack", "secret": "ticketsmith/mine", "rate_limit": "1/s", "base_url": "https://slack.com/api"},
        });
        assert_eq!(serde_json::to_value(&configuration.plugins).unwrap(), expected);
        assert_eq!(check(&configuration), Vec::<String>::new());
    }
}
