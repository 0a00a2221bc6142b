//! The contents of a file, and the errors about a wrong one.

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

/// A list or a mapping in the place of a text is told once, and what is beside it is checked all the same.
#[test]
fn what_is_of_another_kind_is_told_once_in_our_words() {
    for (project, expected) in [
        (
            "providers: { task_management: [jira], version_control: slack }",
            vec![
                "projects[0].providers.task_management: it must be text, but it is a list",
                "projects[0].providers.version_control: `slack` cannot serve version_control; accepted: github, gitlab",
            ],
        ),
        (
            "providers: { version_control: github }, statuses: { in_review: { a: b } }, channel: \"#\"",
            vec![
                "projects[0].statuses.in_review: it must be text, but it is a mapping",
                "projects[0].channel: `#` is not a channel; accepted: `#name`, or an id",
            ],
        ),
        (
            "providers: { version_control: github }, may_trigger: [[leads]], channel: \"#\"",
            vec![
                "projects[0].may_trigger[0]: it must be text, but it is a list",
                "projects[0].channel: `#` is not a channel; accepted: `#name`, or an id",
            ],
        ),
    ] {
        let text = format!(
            "projects: [{{ key: A, repository: a/b, {project} }}]\nplugins: {{ github: {{}}, slack: {{}} }}\n"
        );
        let found = problems(&text);
        let told: Vec<_> =
            found.iter().map(|line| line.splitn(3, ':').nth(2).unwrap().trim_start()).collect();
        assert_eq!(told, expected, "{project}");
    }
}

#[test]
fn values_of_sections_and_numbers_are_refused_in_our_words_at_their_place() {
    let project = "projects: [{ key: A, repository: a/b, providers: { version_control: github } }]\n";
    for (rest, expected) in [
        (
            "plugins: { github: {}, claude: { max_output_tokens: -3 } }",
            "2:34: plugins.claude.max_output_tokens: -3 is out of range; accepted: numbers from 1 up to 4294967295",
        ),
        (
            "plugins: { github: {}, openai: { api: chat } }",
            "2:34: plugins.openai.api: `chat` is not accepted; did you mean `chat_completions`? accepted: responses, chat_completions",
        ),
        (
            "plugins: { github: {}, openai: { prices: { x: { input: a, output: 1 } } } }",
            "2:49: plugins.openai.prices.x.input: it must be a number, but it is `\"a\"`",
        ),
        (
            "plugins: { github: {}, claude: { max_output_tokens: 0 } }",
            "2:34: plugins.claude.max_output_tokens: 0 is out of range; accepted: numbers from 1 up to 4294967295",
        ),
        (
            "plugins: { github: {}, claude: { model: \"\" } }",
            "2:34: plugins.claude.model: it is empty; leave it out for its default, if it has one",
        ),
        (
            "plugins: { github: { commit_author: nobody } }",
            "2:22: plugins.github.commit_author: it is `nobody`; accepted: `account`, or `Name <address>`",
        ),
        (
            "plugins: { github: {}, jira: { base_url: \"https://a.example\", custom_fields: { story_point: x } } }",
            "2:63: plugins.jira.custom_fields: `story_point` is not a field we know; accepted: story_points, epic_link, team",
        ),
        (
            "plugins: { github: {}, jira: { base_url: [a] } }",
            "2:32: plugins.jira.base_url: it must be text, but it is a list",
        ),
        (
            "plugins: { github: {} }\nat_work: { per_person: 99999999999 }",
            "3:12: at_work.per_person: 99999999999 is out of range; accepted: numbers from 0 up to 4294967295",
        ),
        (
            "plugins: { github: {} }\nbudgets: { per_task_usd: 010 }",
            "3:12: budgets.per_task_usd: it must be a number, but `010` starts with a zero, which some readers take for octal",
        ),
        (
            "plugins: { github: {} }\nbudgets: { per_task_usd: .inf }",
            "3:12: budgets.per_task_usd: it must be a number, but `.inf` is a number that JSON does not have",
        ),
    ] {
        let found = problems(&format!("{project}{rest}\n"));
        assert!(found == [expected], "{rest}: {found:#?}");
    }
}

#[test]
fn a_secret_in_the_configuration_is_told_and_not_repeated() {
    let token = format!("ghp_{}", "0aB".repeat(12));
    let text = format!("{GOOD}webhooks: {{ secret: {token} }}\n")
        .replace("github: {}", &format!("github: {{ secret: {token} }}"));
    let found = problems(&text);
    assert_eq!(found.len(), 2, "{found:#?}");
    for (found, place) in found.iter().zip(["plugins.github.secret", "webhooks.secret"]) {
        assert!(found.contains(place) && found.contains("this looks like a GitHub token"), "{found}");
        assert!(!found.contains(&token), "{found}");
    }
}

#[test]
fn accounts_are_text_whatever_they_look_like() {
    let file = load(&format!("{GOOD}users: [{{ name: ada, jira: 5e10, github: 0123, slack: }}]\n")).unwrap();
    let accounts = &file.configuration.users[0].accounts;
    assert_eq!((accounts["jira"].as_str(), accounts["github"].as_str(), accounts.len()), ("5e10", "0123", 2));
}
