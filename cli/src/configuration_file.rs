//! `ticketsmith.yaml` on disk.

use crate::exit::{Exit, Outcome};
use domain::configuration::Configuration;
use std::path::{Path, PathBuf};

/// A configuration and the folder that its relative paths are resolved against.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationFile {
    /// The checked configuration, with every provider's defaults filled in.
    pub(crate) configuration: Configuration,
    /// The folder that contains the file.
    pub(crate) folder: PathBuf,
}

impl ConfigurationFile {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// Usage errors that name the file, the line and what is accepted; all contradictions are reported together.
    pub(crate) fn load(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Exit::usage(format!(
                "{}: {error}; `ticketsmith demo --keep` creates a complete example",
                path.display()
            ))
        })?;
        let mut configuration: Configuration = serde_saphyr::from_str(&text)
            .map_err(|error| Exit::usage(format!("{}: {error}", path.display())))?;
        let problems = providers::check(&configuration);
        if !problems.is_empty() {
            let list: Vec<_> =
                problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
            return Err(Exit::usage(list.join("\n")));
        }
        providers::fill(&mut configuration);
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { configuration, folder })
    }
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
plugins:
  jira: { base_url: "https://acme.atlassian.net", secret: ticketsmith/jira, rate_limit: 2/s,
          custom_fields: { story_points: customfield_10001, epic_link: customfield_10002, team: customfield_10003 } }
  github: { secret: ticketsmith/github }
  slack: {}
  confluence: { base_url: "https://acme.atlassian.net" }
  claude: { model: claude-sonnet-5-5, secret: ticketsmith/claude, rate_limit: 1/s, max_output_tokens: 16000 }
webhooks: { secret: ticketsmith/signing, mention: "@ticketsmith", command: /ticketsmith,
            own_accounts: { jira: "5b10bot", github: "ticketsmith[bot]", slack: U0BOT } }
budgets: { per_task_usd: 10, per_user_month_usd: 500, alert_at_percent: [50, 80, 100] }
groups: { engineering: [ada] }
users: [{ name: ada, github: ada, slack: U012AB3CD, jira: "5b10", roles: [developer, approver] },
        { name: grace, github: grace, roles: { SHOP: [viewer] } }]
"##;

    #[test]
    fn the_kitchen_sink_loads() {
        let file = load(KITCHEN_SINK).unwrap();
        assert_eq!(file.configuration.projects[0].repository.as_str(), "acme/shop");
        assert_eq!(file.configuration.plugins["claude"].rate_limit.unwrap().per_second, 1);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let message = load("projects: []\nbudget: {}\n").unwrap_err().to_string();
        assert!(message.contains("budget"), "{message}");
        assert!(message.contains('2'), "{message}");
    }

    #[test]
    fn a_section_with_a_wrong_key_is_refused_in_our_words() {
        let message =
            load("projects: []\nplugins: { github: { base_ur: x }, jirra: {} }\n").unwrap_err().to_string();
        let lines: Vec<_> = message.lines().collect();
        assert!(
            lines[0].contains("plugins.github: unknown key `base_ur`; did you mean `base_url`?"),
            "{message}"
        );
        assert!(lines[1].contains("plugins.jirra: `jirra` is not a provider"), "{message}");
    }

    #[test]
    fn accounts_are_text_whatever_they_look_like() {
        let file = load("projects: []\nusers: [{ name: ada, jira: 5e10, slack: 0123, github: }]\n").unwrap();
        let accounts = &file.configuration.users[0].accounts;
        assert_eq!(
            (accounts["jira"].as_str(), accounts["slack"].as_str(), accounts.len()),
            ("5e10", "0123", 2)
        );
    }

    #[test]
    fn every_contradiction_is_reported_at_once() {
        let text = "projects: [{ key: A, repository: a/b, providers: { communication: jira, version_control: github }, may_trigger: [x] }]\n";
        let message = load(text).unwrap_err().to_string();
        assert_eq!(message.lines().count(), 3, "{message}");
    }
}
