//! Plugin instances that are configured on their own: checked in the words of `config check`, and completed with what follows from them.

use crate::check::{addresses, check, fill_section};
use crate::list::find;
use crate::references::tracker_references;
use domain::PluginInstance;
use domain::configuration::{Configuration, Instance, InstanceName, Problem, Section};
use http_client::{check_base_url, is_on_this_machine};
use std::collections::BTreeSet;

/// The problems with a plugin instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceProblems {
    /// In its section; places are relative to it.
    pub inside: Vec<Problem>,
    /// In the rest of the configuration, because of it.
    pub elsewhere: Vec<Problem>,
}

/// The problems that this section would cause under `plugins`, and all problems in it.
pub fn check_instance(
    configuration: &Configuration,
    name: &InstanceName,
    section: &Section,
) -> InstanceProblems {
    let mut with = configuration.clone();
    with.plugins.insert(name.clone(), section.clone());
    let before: BTreeSet<Problem> = check(configuration).into_iter().collect();
    let place = format!("/plugins/{name}");
    let mut problems = InstanceProblems::default();
    for problem in check(&with) {
        let rest = problem.pointer.strip_prefix(&place);
        match rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            // In the section itself, earlier problems count, too.
            Some(rest) => {
                problems.inside.push(Problem { pointer: rest.to_owned(), message: problem.message.clone() });
            }
            None if before.contains(&problem) => {}
            None => problems.elsewhere.push(problem),
        }
    }
    problems
}

/// The problems of addresses on this machine in the section of an instance that people configure with the API; places are relative to it. Ports of a
/// machine often trust every caller on it, so only the configuration file, `file`, decides which of them are used.
pub fn local_address_problems(file: &Configuration, name: &InstanceName, section: &Section) -> Vec<Problem> {
    let origins = file.instances().flat_map(local_addresses).map(|(_, origin)| origin);
    let origins: Vec<_> = origins.collect();
    let added = local_addresses(Instance { name, section }).into_iter();
    let refused = added.filter(|(_, origin)| !origins.contains(origin)).map(|(key, _)| {
        let message = "it is on the machine that Ticketsmith runs on; accepted: an address of another machine, or one on this machine that \
                       the configuration file has under plugins";
        Problem::new([key], message)
    });
    refused.collect()
}

/// The settings of an instance that are addresses on this machine, with the origins of these.
fn local_addresses(instance: Instance<'_>) -> Vec<(&str, String)> {
    let Ok(spec) = find(instance.provider()) else { return Vec::new() };
    let read = |(key, address)| Some((key, check_base_url(address).ok()?));
    let local = addresses(spec, instance).into_iter().filter_map(read);
    let local = local.filter(|(_, address)| is_on_this_machine(address));
    local.map(|(key, address)| (key, address.origin().ascii_serialization())).collect()
}

/// The problems that removing the instance with this name would cause.
pub fn check_without_instance(configuration: &Configuration, name: &InstanceName) -> Vec<Problem> {
    let mut without = configuration.clone();
    without.plugins.remove(name);
    let before: BTreeSet<Problem> = check(configuration).into_iter().collect();
    check(&without).into_iter().filter(|problem| !before.contains(problem)).collect()
}

/// An instance with its provider's defaults, and the forms of its tickets.
pub fn complete(name: InstanceName, mut section: Section) -> PluginInstance {
    fill_section(&name, &mut section);
    let references = tracker_references(Instance { name: &name, section: &section });
    let patterns = references.map(|references| references.patterns).unwrap_or_default();
    PluginInstance { name, section, patterns }
}

/// The only secret that an instance may name which people configure with the API: its own entry in the bundle of its provider. `table` is the
/// table's name. `None` if its provider has no credentials, or does not exist.
pub fn own_secret(table: &str, instance: Instance<'_>) -> Option<String> {
    let bundle = find(instance.provider()).ok()?.bundle?;
    Some(format!("{table}/{}#{}", bundle.as_str(), instance.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::References;
    use domain::configuration::Rate;
    use serde_json::{Value, json};

    fn configuration() -> Configuration {
        serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop",
                "providers": {"version_control": "cloud", "task_management": "tracker"}}],
            "plugins": {"cloud": {"provider": "github"}, "tracker": {"provider": "jira", "base_url": "https://acme.atlassian.net"}},
            "users": [{"name": "ada", "github": "ada-l"}],
        }))
        .unwrap()
    }

    fn section(section: Value) -> Section {
        serde_json::from_value(section).unwrap()
    }

    fn told(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|problem| format!("{} {}", problem.pointer, problem.message)).collect()
    }

    #[test]
    fn a_section_is_refused_as_the_files_would_be() {
        let check = |name: &str, given: Value| {
            let found = check_instance(&configuration(), &name.parse().unwrap(), &section(given));
            assert_eq!(found.elsewhere, []);
            told(&found.inside)
        };
        assert_eq!(
            check("old", json!({"provider": "jira", "base_url": "https://jira.acme.example"})),
            [""; 0]
        );
        assert_eq!(check("old", json!({"provider": "jira"})), [" `base_url` is missing"]);
        let found =
            check("old", json!({"provider": "jira", "base_ur": 1, "base_url": "http://acme.example"}));
        assert!(found[0].starts_with("/base_ur unknown key; did you mean `base_url`?"), "{found:#?}");
        assert!(found[1].starts_with("/base_url it is not encrypted"), "{found:#?}");
        let found = check("old", json!({"provider": "jirra"}));
        assert!(found[0].starts_with("/provider `jirra` is not a provider"), "{found:#?}");
        let found = check("api", json!({"provider": "slack"}));
        assert_eq!(found, [" the name is reserved; choose another one"]);
    }

    #[test]
    fn an_address_on_this_machine_is_used_only_if_the_file_has_it() {
        let mut file = configuration();
        let local = json!({"provider": "jira", "base_url": "http://127.0.0.1:8080/jira"});
        file.plugins.insert("local".parse().unwrap(), section(local));
        let check = |settings: Value| {
            told(&local_address_problems(&file, &"old".parse().unwrap(), &section(settings)))
        };
        let jira = |address: &str| json!({"provider": "jira", "base_url": address});
        for accepted in
            ["https://jira.acme.example", "https://10.0.0.7", "http://127.0.0.1:8080/other", "nonsense"]
        {
            assert_eq!(check(jira(accepted)), [""; 0], "{accepted}");
        }
        for refused in [
            "http://127.0.0.1:9001",
            "http://localhost:8080",
            "http://[::1]:8080",
            "https://127.0.0.1:8080",
            "https://jira.localhost",
        ] {
            let found = check(jira(refused));
            assert!(found.len() == 1 && found[0].starts_with("/base_url it is on the machine"), "{found:#?}");
        }
        let gateway = json!({"provider": "prometheus", "base_url": "https://a.example", "pushgateway_url": "http://localhost:9091"});
        assert!(check(gateway)[0].starts_with("/pushgateway_url it is on the machine"));
    }

    #[test]
    fn what_it_breaks_elsewhere_is_said() {
        // With two instances of GitHub, an account at `github` could be at either.
        let found = check_instance(
            &configuration(),
            &"ghe".parse().unwrap(),
            &section(json!({"provider": "github"})),
        );
        assert_eq!((found.inside.len(), found.elsewhere.len()), (0, 1), "{found:#?}");
        assert!(found.elsewhere[0].to_string().starts_with("users[0].github: unknown key"), "{found:#?}");
        let found = told(&check_without_instance(&configuration(), &"tracker".parse().unwrap()));
        let expected = "/projects/0/providers/task_management `tracker` is not under plugins";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}");
        assert_eq!(check_without_instance(&configuration(), &"other".parse().unwrap()), []);
    }

    #[test]
    fn defaults_and_forms_of_tickets_are_filled_in() {
        let base_url = "https://git.acme.example/api/v3";
        let made =
            complete("ghe".parse().unwrap(), section(json!({"provider": "github", "base_url": base_url})));
        assert_eq!(made.section.rate_limit, Some(Rate::per_hour(5_000)));
        assert_eq!(own_secret("acme", made.instance()).as_deref(), Some("acme/repository#ghe"));
        let link = "https://git.acme.example/acme/shop/issues/7";
        let references =
            References { trackers: made.references().into_iter().collect(), ..References::default() };
        assert_eq!(references.read(link).unwrap().instance.as_str(), "ghe", "{made:#?}");
        let numbers = complete("cloudwatch".parse().unwrap(), Section::default());
        assert_eq!((own_secret("acme", numbers.instance()), numbers.references()), (None, None));
        assert_eq!(numbers.section.settings["namespace"], "Team");
    }
}
