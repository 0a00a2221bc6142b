//! `ticketsmith.yaml` on disk.

mod example;
#[cfg(test)]
mod reference;
mod shape;

pub(crate) use example::example;

use crate::exit::{Exit, Outcome};
use domain::configuration::{Configuration, NO_PROVIDERS, Problem};
use edits::protected_path_problems;
use providers::nearest;
use schemars::schema_for;
use serde_json::Value;
use shape::{Shape, inside};
use std::path::{Path, PathBuf};
use workflow::{Document, Source};

/// A configuration and the folder that its relative paths are resolved against.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationFile {
    /// The checked configuration, with every provider's defaults filled in.
    pub(crate) configuration: Configuration,
    /// The folder that contains the file.
    pub(crate) folder: PathBuf,
}

/// How many values that cannot be read are reported; each is found by reading the file again without the last one.
const REPORTED: usize = 50;

impl ConfigurationFile {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// Usage errors that name the file; every problem is reported, one a line, with its place and what is accepted.
    pub(crate) fn load(path: &Path) -> Outcome<Self> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|error| {
            Exit::usage(format!("{shown}: {error}; `ticketsmith config example` prints a complete one"))
        })?;
        let source = Source::from_bytes(shown.to_string(), bytes).map_err(Exit::usage)?;
        if source.text.trim().is_empty() {
            return Err(Exit::usage(format!(
                "{shown}: the file is empty; `ticketsmith config example` prints a complete one"
            )));
        }
        let document = Document::read(&source).map_err(|diagnostics| {
            let lines: Vec<_> = diagnostics
                .iter()
                .map(|found| format!("{shown}:{}:{}: {}", found.line, found.column, found.message))
                .collect();
            Exit::usage(lines.join("\n"))
        })?;
        let (configuration, problems) = read(&document);
        match configuration {
            Some(mut configuration) if problems.is_empty() => {
                providers::fill(&mut configuration);
                let folder = match path.parent() {
                    Some(folder) if folder != Path::new("") => folder.to_owned(),
                    _ => PathBuf::from("."),
                };
                Ok(Self { configuration, folder })
            }
            _ => {
                let mut placed: Vec<_> =
                    problems.iter().map(|problem| (document.position(&problem.pointer), problem)).collect();
                placed.sort();
                let lines: Vec<_> = placed
                    .iter()
                    .map(|((line, column), problem)| format!("{shown}:{line}:{column}: {problem}"))
                    .collect();
                Err(Exit::usage(lines.join("\n")))
            }
        }
    }
}

/// What a file says, and every problem of it. Where something cannot be read, the rest is checked without it.
fn read(document: &Document<'_>) -> (Option<Configuration>, Vec<Problem>) {
    let mut value = document.value();
    let schema = schema_for!(Configuration).to_value();
    let shape = Shape::new(&schema);
    shape.read_texts(&mut value, document, "");
    read_texts_of_sections(&mut value, document);
    let mut problems = Vec::new();
    shape.check(&mut value, document, "", &mut problems);
    let configuration = read_values(value, &mut problems);
    if let Some(configuration) = &configuration {
        let is_told = |found: &Problem, told: &[Problem]| {
            told.iter()
                .any(|problem| format!("{}/", found.pointer).starts_with(&format!("{}/", problem.pointer)))
        };
        let told = problems.clone();
        let found = providers::check(configuration).into_iter().chain(lacks(configuration));
        problems.extend(found.filter(|problem| !is_told(problem, &told)));
    }
    (configuration, problems)
}

/// A section's own settings have the types that its provider says.
fn read_texts_of_sections(value: &mut Value, document: &Document<'_>) {
    let Some(sections) = value.get_mut("plugins").and_then(Value::as_object_mut) else { return };
    for (name, section) in sections {
        let provider = section.get("provider").and_then(Value::as_str).unwrap_or(name);
        let Ok(spec) = providers::find(provider) else { continue };
        let schema = spec.settings.schema().to_value();
        Shape::new(&schema).read_texts(section, document, &inside("/plugins", name));
    }
}

/// Reads the values that have a form of their own, such as names of repositories. One that cannot be read is reported and taken out.
fn read_values(mut value: Value, problems: &mut Vec<Problem>) -> Option<Configuration> {
    for _ in 0..REPORTED {
        let error = match serde_path_to_error::deserialize::<_, Configuration>(&value) {
            Ok(configuration) => return Some(configuration),
            Err(error) => error,
        };
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                serde_path_to_error::Segment::Map { key } => pointer = inside(&pointer, key),
                _ => {}
            }
        }
        let message = error.inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let repaired = match missing {
            // It is reported already.
            Some(field) => put(&mut value, &pointer, field),
            None => {
                let (pointer, message) = in_our_words(&pointer, message);
                // What has a wrong type is reported already.
                let is_told =
                    |problem: &Problem| format!("{pointer}/").starts_with(&format!("{}/", problem.pointer));
                if !problems.iter().any(is_told) {
                    problems.push(Problem { pointer: pointer.clone(), message });
                }
                let parent = pointer.rsplit_once('/').unwrap_or_default();
                value.pointer_mut(parent.0).and_then(Value::as_object_mut).is_some_and(|entries| {
                    entries.remove(&parent.1.replace("~1", "/").replace("~0", "~")).is_some()
                })
            }
        };
        if !repaired {
            break;
        }
    }
    None
}

/// Where the keys of a map are names from a list, serde reports a wrong one without its place.
fn in_our_words(pointer: &str, message: String) -> (String, String) {
    let Some(rest) = message.strip_prefix("unknown variant `") else { return (pointer.to_owned(), message) };
    let given = rest.split('`').next().unwrap_or_default();
    let accepted: Vec<_> = rest.split('`').skip(2).step_by(2).collect();
    let meant = nearest(given, accepted.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
    let meant = meant.as_deref().unwrap_or(";");
    (inside(pointer, given), format!("unknown key{meant} accepted: {}", accepted.join(", ")))
}

/// Puts something in the place of a value that is missing, so that what is beside it can be read.
fn put(value: &mut Value, pointer: &str, field: &str) -> bool {
    let filler = if field == "projects" {
        Value::Array(Vec::new())
    } else {
        format!("missing/in{}", pointer.replace('/', "-")).into()
    };
    let Some(entries) = value.pointer_mut(pointer).and_then(Value::as_object_mut) else { return false };
    entries.insert(field.to_owned(), filler).is_none()
}

/// What a configuration lacks without which nothing would be done.
fn lacks(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    if configuration.projects.is_empty() {
        problems.push(Problem::new(["projects"], "there is no project, so nothing would be done"));
    }
    for (index, project) in configuration.projects.iter().enumerate() {
        let index = index.to_string();
        if project.providers.is_empty() {
            problems.push(Problem::new(["projects", &index, "providers"], NO_PROVIDERS));
        }
        let paths = protected_path_problems(project).into_iter();
        problems.extend(paths.map(|problem| problem.below(["projects", &index])));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Outcome<ConfigurationFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticketsmith.yaml");
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path)
    }

    /// Nearly every option; it must always load.
    const KITCHEN_SINK: &str = r##"
projects:
  - key: SHOP
    repository: acme/shop
    base_branch: main
    providers: { task_management: jira, version_control: github, documentation: confluence,
                 communication: slack, ai_provider: claude, monitoring: cloudwatch }
    channel: "#shop-dev"
    space: SHOP
    may_trigger: [engineering, repository-writers]
    statuses: { in_review: "Code Review" }
    protected_paths: [".github/**", "**/Dockerfile"]
    checks: { setup: npm ci, test: npm test, mounts: [/opt/node], network: false, minutes: 7, processes: 64 }
plugins:
  jira: { base_url: "https://acme.atlassian.net", secret: ticketsmith/jira, rate_limit: 2/s,
          custom_fields: { story_points: customfield_10001, epic_link: customfield_10002, team: customfield_10003 } }
  github: { secret: ticketsmith/github }
  slack: {}
  confluence: { base_url: "https://acme.atlassian.net" }
  claude: { model: claude-sonnet-5-5, secret: ticketsmith/claude, rate_limit: 1/s, max_output_tokens: 16000 }
webhooks: { secret: ticketsmith/signing, mention: "@ticketsmith", command: /ticketsmith,
            own_accounts: { jira: "5b10bot", github: "ticketsmith[bot]", slack: U0BOT } }
sign_in: { github: { client_id: Iv23abc, url: "https://github.com", api_url: "https://api.github.com" },
           oidc: { issuer: "https://id.acme.example", client_id: ticketsmith } }
budgets: { per_task_usd: 10, per_user_month_usd: 500, alert_at_percent: [50, 80, 100] }
groups: { engineering: [ada] }
users: [{ name: ada, github: ada, slack: U012AB3CD, jira: "5b10", roles: [developer, approver] },
        { name: grace, github: grace, roles: { SHOP: [viewer] } }]
"##;

    #[test]
    fn the_kitchen_sink_loads() {
        let file = load(KITCHEN_SINK).unwrap();
        assert_eq!(file.configuration.projects[0].repository.as_str(), "acme/shop");
        assert_eq!(
            file.configuration.plugins["claude"].rate_limit.unwrap(),
            domain::configuration::Rate::per_second(1)
        );
    }

    /// Every line of the refusal, without the path of the file.
    fn problems(text: &str) -> Vec<String> {
        let message = load(text).unwrap_err().to_string();
        message.lines().map(|line| line.split_once("ticketsmith.yaml:").unwrap().1.to_owned()).collect()
    }

    /// A project that nothing is wrong with.
    const GOOD: &str = "projects: [{ key: A, repository: a/b, providers: { version_control: github } }]\nplugins: { github: {} }\n";

    #[test]
    fn every_problem_is_reported_at_once_with_its_place() {
        let text = "\
projects:
  - key: SHOP
    repository: shop
    base_brnch: main
    providers: { tracker: jira, version_control: github }
    channel: #shop-dev
    may_trigger: engineering
    protected_paths: [\"a[\"]
  - key: OPS
plugins:
  github:
  jira: { base_url: acme.atlassian.net, secret: , rate_limit: fast }
budgets: { per_task_usd: lots, alert_at_percent: [50, 300] }
users:
  - { name: ada, jira: ada@acme.example, roles: [developper] }
gruops: {}
";
        let found = problems(text);
        // The line and the place of each.
        let places: Vec<_> = found
            .iter()
            .map(|problem| {
                let (line, rest) = problem.split_once(':').unwrap();
                let place = rest.split(": ").nth(1).unwrap();
                format!("{line} {place}")
            })
            .collect();
        let expected = [
            "3 projects[0].repository",
            "4 projects[0].base_brnch",
            "5 projects[0].providers.tracker",
            "6 projects[0].channel",
            "7 projects[0].may_trigger",
            "8 projects[0].protected_paths[0]",
            "9 projects[1].providers",
            "9 projects[1].repository",
            "12 plugins.jira.base_url",
            "12 plugins.jira.rate_limit",
            "13 budgets.per_task_usd",
            "13 budgets.alert_at_percent[1]",
            "15 users[0].jira",
            "15 users[0].roles[0]",
            "16 gruops",
        ];
        assert_eq!(places, expected, "{found:#?}");
        for message in [
            "`shop` is not a repository; accepted: `owner/name`",
            "unknown key; did you mean `base_branch`?",
            "it is empty, because `#shop-dev` is a comment; put a text with `#` in quotes",
            "it must be a list, but it is `\"engineering\"`",
            "`a[` is not a glob pattern",
            "it is not an address",
            "`fast` is not a rate; accepted",
            "300 is out of range; accepted: numbers from 0 up to 255",
            "`ada@acme.example` is not a Jira account ID",
            "`developper` is not accepted; did you mean `developer`?",
            "unknown key; did you mean `groups`?",
        ] {
            assert!(found.iter().any(|problem| problem.contains(message)), "{message}: {found:#?}");
        }
    }

    #[test]
    fn sections_without_values_say_what_they_can() {
        let file = load("projects: [{ key: A, repository: a/b, providers: { version_control: github } }]\nplugins:\n  github:\nbudgets:\nusers:\n").unwrap();
        assert_eq!(file.configuration.plugins.len(), 1);
        assert_eq!(file.configuration.budgets.per_task_usd, 10.0);
    }

    #[test]
    fn what_is_no_configuration_is_refused_in_our_words() {
        for (text, expected) in [
            ("", " the file is empty"),
            ("projects: []\n", "1:1: projects: there is no project"),
            ("- a\n", "1:1: it must be a mapping, but it is a list"),
            ("projects: [\n", "1:11: this is not YAML: `[` is not closed"),
            ("projects: []\nprojects: []\n", "2:1: duplicate key `projects`"),
            ("projects: {}\n", "1:1: projects: it must be a list, but it is a mapping"),
            ("plugins: {}\n", "1:1: projects: it is missing"),
            ("projects: [SHOP]\n", "1:12: projects[0]: it must be a mapping, but it is `\"SHOP\"`"),
        ] {
            let found = problems(text);
            assert!(found[0].starts_with(expected), "{text}: {found:#?}");
            let ours = found.iter().all(|line| !line.contains("expected") && !line.contains("invalid type"));
            assert!(ours, "{text}: {found:#?}");
        }
    }

    #[test]
    fn accounts_are_text_whatever_they_look_like() {
        let file =
            load(&format!("{GOOD}users: [{{ name: ada, jira: 5e10, github: 0123, slack: }}]\n")).unwrap();
        let accounts = &file.configuration.users[0].accounts;
        assert_eq!(
            (accounts["jira"].as_str(), accounts["github"].as_str(), accounts.len()),
            ("5e10", "0123", 2)
        );
    }
}
