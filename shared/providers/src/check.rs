//! Whether the providers can serve as a configuration says.

use crate::list::{find, known};
use domain::SourceName;
use domain::configuration::{
    Configuration, Instance, InstanceName, KnownProvider, Problem, Section, repository_problem,
    server_problem, unknown_key,
};
use provider::ProviderSpec;

/// Every contradiction in a configuration: those of [`Configuration::problems`], and those about providers. Empty if it can be
/// used.
pub fn check(configuration: &Configuration) -> Vec<Problem> {
    let mut problems: Vec<_> = configuration.instances().flat_map(instance_problems).collect();
    let known = known();
    for (index, project) in configuration.projects.iter().enumerate() {
        for (plugin, name) in &project.providers {
            let found = server_problem(configuration, &known, *plugin, name);
            let place = ["projects", &index.to_string(), "providers", plugin.as_str()];
            problems.extend(found.map(|message| Problem::new(place, message)));
        }
        let found = repository_problem(configuration, &known, project);
        let place = ["projects", &index.to_string(), "repository"];
        problems.extend(found.map(|message| Problem::new(place, message)));
    }
    problems.extend(configuration.account_problems(&known));
    problems.extend(own_account_problems(configuration, &known));
    problems.extend(sign_in_problems(configuration));
    problems.extend(
        secret_name_problem(&configuration.webhooks.secret)
            .map(|message| Problem::new(["webhooks", "secret"], message)),
    );
    problems.extend(configuration.problems());
    problems
}

/// The keys under `users` that are not accounts at an instance, so that nobody could have one at an instance of such a name.
const KEYS_OF_PEOPLE: [&str; 3] = ["name", "oidc", "roles"];

fn instance_problems(instance: Instance<'_>) -> Vec<Problem> {
    let name = instance.name.as_str();
    let is_own = name.parse().is_ok_and(|source: SourceName| source.is_own());
    if is_own || KEYS_OF_PEOPLE.contains(&name) {
        return vec![Problem::new(["plugins", name], "the name is reserved; choose another one")];
    }
    let spec = match find(instance.provider()) {
        Ok(spec) => spec,
        Err(unknown) if instance.section.provider.is_some() => {
            return vec![Problem::new(["plugins", name, "provider"], unknown.to_string())];
        }
        Err(unknown) => {
            let message = format!("{unknown}; a section with another name says `provider`");
            return vec![Problem::new(["plugins", name], message)];
        }
    };
    let mut problems = spec.settings.problems(instance);
    let secret = instance.section.secret.as_deref().and_then(secret_name_problem);
    problems.extend(secret.map(|message| Problem::new(["plugins", name, "secret"], message)));
    for (key, address) in addresses(spec, instance) {
        let problem = address_problem(address);
        problems.extend(problem.map(|message| Problem::new(["plugins", name, key], message)));
    }
    problems
}

/// The addresses among the settings of an instance, with their keys.
pub(crate) fn addresses<'a>(spec: &ProviderSpec, instance: Instance<'a>) -> Vec<(&'a str, &'a str)> {
    let schema = spec.settings.schema();
    let is_known = |key: &str| schema.get("properties").is_some_and(|known| known.get(key).is_some());
    let settings = instance.section.settings.iter();
    let addresses = settings.filter(|(key, _)| key.ends_with("_url") && is_known(key));
    addresses.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
}

/// Why an address cannot be asked.
fn address_problem(address: &str) -> Option<String> {
    http_client::check_base_url(address).err().map(|message| format!("it {message}"))
}

fn sign_in_problems(configuration: &Configuration) -> Vec<Problem> {
    let problems = configuration.sign_in.addresses().filter_map(|(place, address)| {
        Some(Problem::new(["sign_in"].into_iter().chain(place), address_problem(address)?))
    });
    problems.collect()
}

/// Why a secret cannot have this name; `None` if it can. The message does not repeat the name. [Names in Secrets
/// Manager](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html) have up to 512 letters, digits and `/_+=.@-`.
pub fn secret_name_problem(name: &str) -> Option<String> {
    let (id, entry) = name.split_once('#').map_or((name, None), |(id, entry)| (id, Some(entry)));
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    let fits = (1..=512).contains(&id.len())
        && id.chars().all(is_legal)
        && entry.is_none_or(|entry| !entry.is_empty() && entry.chars().all(is_legal));
    (!fits).then(|| {
        // It may be the secret itself, put in the place of its name.
        "this is not the name of a secret; accepted: letters, digits and `/_+=.@-`, then `#` and an entry if the secret has several: \
         `ticketsmith/work#NAME`"
            .to_owned()
    })
}

/// The bot has accounts where providers are: under the names of these, or of sections.
fn own_account_problems(configuration: &Configuration, known: &[KnownProvider]) -> Vec<Problem> {
    let is_known = |name: &str| configuration.instance(name).is_some() || find(name).is_ok();
    let places =
        known.iter().filter(|provider| provider.account.is_some()).map(|provider| provider.id.as_str());
    let accounts = configuration.webhooks.own_accounts.iter();
    let problems = accounts.filter_map(|(name, account)| {
        let name = name.as_str();
        let message = if is_known(name) {
            configuration.account_problem(known, name, account)
        } else {
            Some(format!("{}, names under plugins", unknown_key(name, places.clone())))
        };
        message.map(|message| Problem::new(["webhooks", "own_accounts", name], message))
    });
    problems.collect()
}

/// Fills in the defaults of every section, so that readers of the configuration see what is in force.
pub fn fill(configuration: &mut Configuration) {
    let names: Vec<_> = configuration.plugins.keys().cloned().collect();
    for name in names {
        if let Some(section) = configuration.plugins.get_mut(&name) {
            fill_section(&name, section);
        }
    }
    let repositories: Vec<_> =
        configuration.projects.iter().map(|project| configuration.repository_of(project)).collect();
    for (project, repository) in configuration.projects.iter_mut().zip(repositories) {
        project.repository = repository;
    }
}

/// Fills in the defaults of one section.
pub(crate) fn fill_section(name: &InstanceName, section: &mut Section) {
    let instance = Instance { name, section };
    let Ok(spec) = find(instance.provider()) else { return };
    let (secret, settings) = (instance.secret().into_owned(), spec.settings.filled(&section.settings));
    section.settings = settings;
    section.rate_limit.get_or_insert(spec.rate);
    if !spec.secret.is_empty() {
        section.secret.get_or_insert(secret);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn problems(projects: Value, plugins: Value) -> Vec<String> {
        told(json!({"projects": projects, "plugins": plugins}))
    }

    fn told(configuration: Value) -> Vec<String> {
        let configuration: Configuration = serde_json::from_value(configuration).unwrap();
        check(&configuration).iter().map(ToString::to_string).collect()
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
    fn a_repository_in_nested_groups_is_refused_where_there_are_none() {
        let found = |host: &str| {
            let projects =
                json!([{"key": "A", "repository": "acme/web/shop", "providers": {"version_control": host}}]);
            problems(projects, json!({"github": {}, "gitlab": {}}))
        };
        let expected = "projects[0].repository: `acme/web/shop` has too many parts for `github`; accepted: `owner/name`, or its URL";
        assert_eq!(found("github"), [expected]);
        assert_eq!(found("gitlab"), Vec::<String>::new());
    }

    /// People copy the link from a server below a path, `https://git.acme.example/gitlab/acme/shop`. A group may have the name of that path.
    #[test]
    fn a_link_with_the_path_of_the_server_names_the_repository_below_it() {
        let found = |repository: &str, base_url: &str| {
            let mut configuration: Configuration = serde_json::from_value(json!({
                "projects": [{"key": "A", "repository": repository, "providers": {"version_control": "gitlab"}}],
                "plugins": {"gitlab": {"base_url": base_url}},
            }))
            .unwrap();
            assert_eq!(check(&configuration), [], "{repository}");
            fill(&mut configuration);
            configuration.projects[0].repository.to_string()
        };
        let below = "https://git.acme.example/code/gitlab/";
        let link = "https://git.acme.example/code/gitlab/acme/web/shop";
        for base_url in [below, "https://git.acme.example/code/gitlab/api/v4"] {
            assert_eq!(found(link, base_url), "acme/web/shop", "{base_url}");
        }
        for (repository, base_url, expected) in [
            ("acme/web/shop", below, "acme/web/shop"),
            ("code/gitlab/acme/web/shop", below, "code/gitlab/acme/web/shop"),
            ("code/gitlab/shop", below, "code/gitlab/shop"),
            ("https://git.acme.example/code/gitlab/code/gitlab/shop", below, "code/gitlab/shop"),
            ("https://git.acme.example/gitlab/acme/shop", "https://git.acme.example", "gitlab/acme/shop"),
        ] {
            assert_eq!(found(repository, base_url), expected, "{repository}");
        }
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
            found[1].starts_with("plugins.slack.bas_url: unknown key; did you mean `base_url`?"),
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
        let found = told(json!({
            "projects": [],
            "plugins": {"ghe": {"provider": "github"}},
            "webhooks": {"own_accounts": {"github": "bot", "ghe": "robot", "gihub": "bot"}},
        }));
        assert_eq!(found.len(), 1, "{found:#?}");
        let expected = "webhooks.own_accounts.gihub: unknown key; did you mean `github`?";
        assert!(found[0].starts_with(expected), "{}", found[0]);
    }

    #[test]
    fn a_project_is_served_by_what_can_serve() {
        let project = |providers: Value| json!([{"key": "A", "repository": "a/b", "providers": providers}]);
        let jira = json!({"jira": {"base_url": "https://acme.atlassian.net"}});
        for (providers, expected) in [
            (json!({"monitoring": "cloudwatch"}), ""),
            (json!({"communication": "jira"}), "`jira` cannot serve communication; accepted: discord, slack"),
            (json!({"version_control": "github"}), "there is no section plugins.github"),
            (
                json!({"task_management": "old-jira"}),
                "projects[0].providers.task_management: `old-jira` is not under plugins",
            ),
        ] {
            let found = problems(project(providers.clone()), jira.clone());
            assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:#?}");
            assert!(found.iter().all(|problem| problem.contains(expected)), "{providers}: {found:#?}");
        }
    }

    #[test]
    fn people_have_accounts_where_there_are_people() {
        let found = told(
            json!({"projects": [], "users": [{"name": "ada", "gihub": "ada", "claude": "x", "slack": "U1"}]}),
        );
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[1].contains("users[0].gihub: unknown key; did you mean `github`?"), "{found:#?}");
        let found = told(json!({
            "projects": [],
            "plugins": {"cloud": {"provider": "github"}, "ghe": {"provider": "github"}, "api": {"provider": "slack"}},
            "users": [{"name": "ada", "ghe": "ada", "cloud": "ada-l", "github": "ada"}],
        }));
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("plugins.api: the name is reserved"), "{found:#?}");
        assert!(
            found[1].contains("github: unknown key")
                && found[1].contains(" cloud, ")
                && found[1].contains(" ghe, "),
            "{found:#?}"
        );
    }

    #[test]
    fn no_instance_has_a_name_that_means_something_else() {
        for name in ["api", "name", "oidc", "roles", "schedule"] {
            let found = told(json!({"projects": [], "plugins": {(name): {"provider": "github"}}}));
            assert!(found.len() == 1 && found[0].contains("the name is reserved"), "{name}: {found:#?}");
        }
    }

    #[test]
    fn accounts_look_like_accounts() {
        let users = |accounts: Value| json!({"projects": [], "users": [accounts]});
        for good in [
            json!({"name": "ada", "jira": "712020:8d2f", "github": "ada-l", "slack": "U012AB3CD"}),
            json!({"name": "ada", "jira": "ada.lovelace", "github": "ada_acme", "slack": "W1"}),
            json!({"name": "ada", "github": "ada[bot]", "gitlab": "a", "linear": "9cfb482a-81e3-4154-b5b9-2c805e70a02d"}),
            json!({"name": "ada", "discord": "175928847299117063", "gitlab": "ada.l-"}),
        ] {
            assert_eq!(told(users(good)), Vec::<String>::new());
        }
        for (provider, wrong) in [
            ("jira", "ada@acme.example"),
            ("jira", "Ada Lovelace"),
            ("github", "@ada"),
            ("github", ""),
            ("slack", "@ada"),
            ("slack", "ada"),
            ("slack", "U"),
            ("discord", "ada"),
            ("gitlab", ".ada"),
            ("gitlab", "ada."),
            ("linear", "9cfb482a81e34154b5b92c805e70a02d"),
            ("linear", "9cfb482a-81e3-4154-b5b9-2c805e70a02g"),
        ] {
            let found = told(users(json!({"name": "ada", provider: wrong})));
            assert_eq!(found.len(), 1, "{provider} {wrong}: {found:#?}");
            assert!(found[0].starts_with(&format!("users[0].{provider}: `{wrong}` is not a ")), "{found:#?}");
        }
        let own = told(json!({"projects": [], "webhooks": {"own_accounts": {"jira": "bot@acme.example"}}}));
        assert!(
            own[0].starts_with("webhooks.own_accounts.jira: `bot@acme.example` is not a Jira"),
            "{own:#?}"
        );
    }

    #[test]
    fn addresses_and_names_of_secrets_are_checked_without_asking_anybody() {
        for (section, expected) in [
            (json!({"base_url": "acme.atlassian.net"}), "plugins.jira.base_url: it is not an address"),
            (json!({"base_url": "http://acme.atlassian.net"}), "plugins.jira.base_url: it is not encrypted"),
            (json!({"base_url": "ftp://acme.atlassian.net"}), "plugins.jira.base_url: it is not https"),
            (
                json!({"base_url": "https://a.example", "secret": ""}),
                "plugins.jira.secret: this is not the name",
            ),
            (
                json!({"base_url": "https://a.example", "secret": "a b"}),
                "plugins.jira.secret: this is not the name",
            ),
            (
                json!({"base_url": "https://a.example", "secret": "a#"}),
                "plugins.jira.secret: this is not the name",
            ),
        ] {
            let found = problems(json!([]), json!({"jira": section}));
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].starts_with(expected), "{found:#?}");
        }
        let sign_in = told(json!({"projects": [], "sign_in": {
            "github": {"client_id": "c", "url": "ftp://github.example", "api_url": "http://api.github.example"},
            "oidc": {"client_id": "c", "issuer": "id.example.com"},
        }}));
        for (found, expected) in sign_in.iter().zip([
            "sign_in.github.url: it is not https",
            "sign_in.github.api_url: it is not encrypted",
            "sign_in.oidc.issuer: it is not an address",
        ]) {
            assert!(found.starts_with(expected), "{found}");
        }
        assert_eq!(sign_in.len(), 3, "{sign_in:#?}");
        let gateway =
            json!({"prometheus": {"base_url": "https://a.example", "pushgateway_url": "push.example"}});
        assert!(
            problems(json!([]), gateway)[0]
                .starts_with("plugins.prometheus.pushgateway_url: it is not an address")
        );
        let webhooks = told(json!({"projects": [], "webhooks": {"secret": "{\"jira\": \"hunter2\"}"}}));
        assert!(webhooks[0].starts_with("webhooks.secret: this is not") && !webhooks[0].contains("hunter2"));
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
            "cloudwatch": {"rate_limit": "10/s", "namespace": "Team", "event_bus": "default", "source": "ticketsmith"},
            "mine": {"provider": "slack", "secret": "ticketsmith/mine", "rate_limit": "1/s", "base_url": "https://slack.com/api"},
        });
        assert_eq!(serde_json::to_value(&configuration.plugins).unwrap(), expected);
        assert_eq!(check(&configuration), []);
    }
}
