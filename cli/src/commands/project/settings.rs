//! The configuration of a project, from the command line and a file.

use crate::exit::{Exit, Outcome};
use crate::managed::pair;
use crate::server::source_file::{refusal, source_at};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use workflow::exact_content;

/// The configuration of a project.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingsArguments {
    /// A YAML or JSON file with the same keys as a project under `projects:` in the configuration file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The repository as `owner/name`.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The branch that work starts from.
    #[arg(long, value_name = "BRANCH")]
    base_branch: Option<String>,
    /// The provider for a plugin type, by its name under `plugins:` in the configuration file. May be repeated.
    #[arg(long = "provider", value_name = "TYPE=NAME")]
    providers: Vec<String>,
    /// The channel the team reads.
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// The space that pages are created in.
    #[arg(long, value_name = "SPACE")]
    space: Option<String>,
    /// A group whose members may start work, or `repository-writers`. May be repeated, and replaces the previous ones.
    #[arg(long = "may-trigger", value_name = "GROUP")]
    may_trigger: Vec<String>,
}

impl SettingsArguments {
    /// The contents of the file, if one is named. It may include `key`: the command names the project.
    ///
    /// # Errors
    /// Usage if the file cannot be read or is not a mapping.
    pub(super) fn of_file(&self) -> Outcome<Option<Map<String, Value>>> {
        let Some(path) = &self.file else { return Ok(None) };
        match exact_content(&source_at(path)?).map_err(|mistakes| refusal(&mistakes))? {
            Value::Object(fields) => Ok(Some(fields)),
            _ => Err(Exit::usage(format!(
                "{}: accepted: a mapping, such as `repository: acme/gift`",
                path.display()
            ))),
        }
    }

    /// These fields, overridden by the given ones.
    ///
    /// # Errors
    /// Usage for a provider that is not of the form `TYPE=NAME`.
    pub(super) fn over(&self, mut fields: Map<String, Value>) -> Outcome<Map<String, Value>> {
        let texts = [
            ("repository", &self.repository),
            ("base_branch", &self.base_branch),
            ("channel", &self.channel),
            ("space", &self.space),
        ];
        for (name, text) in texts {
            fields.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        if !self.may_trigger.is_empty() {
            fields.insert("may_trigger".to_owned(), json!(self.may_trigger));
        }
        let providers = fields.entry("providers").or_insert_with(|| json!({}));
        for written in &self.providers {
            let accepted = "TYPE=NAME, with a plugin type and a name under `plugins:`";
            let (plugin, name) = pair(written, "--provider", accepted)?;
            if let Value::Object(providers) = providers {
                providers.insert(plugin.to_owned(), json!(name));
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::testing::read;

    fn settings(arguments: &[&str]) -> SettingsArguments {
        read(arguments)
    }

    #[test]
    fn what_is_named_counts_more_and_the_rest_stays() {
        let answer = json!({
            "id": "R0lGVA", "key": "GIFT", "managed_by": "api", "repository": "acme/gift", "base_branch": "main",
            "providers": {"version_control": "github", "task_management": "jira"}, "may_trigger": ["leads"], "ci_gate": "always",
            "capacity": {"open_pull_requests": 3, "per": "project"},
        });
        let named = settings(&["--channel", "#gift", "--provider", "task_management=linear"]);
        let body = Value::Object(named.over(super::super::PROJECT.of_answer(&answer)).unwrap());
        let expected = json!({
            "repository": "acme/gift", "base_branch": "main", "channel": "#gift", "may_trigger": ["leads"], "ci_gate": "always",
            "capacity": {"open_pull_requests": 3, "per": "project"},
            "providers": {"version_control": "github", "task_management": "linear"},
        });
        assert_eq!(body, expected);
        let refused = settings(&["--provider", "github"]).over(Map::new()).unwrap_err().to_string();
        assert!(refused.contains("accepted: TYPE=NAME"), "{refused}");
    }

    #[test]
    fn a_file_has_what_the_configuration_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gift.yaml");
        std::fs::write(&path, "repository: acme/gift\nproviders: { version_control: github }\n").unwrap();
        let named = settings(&["--file", path.to_str().unwrap(), "--base-branch", "trunk"]);
        let body = named.over(named.of_file().unwrap().unwrap()).unwrap();
        assert_eq!((&body["repository"], &body["base_branch"]), (&json!("acme/gift"), &json!("trunk")));
        std::fs::write(&path, "base_branch: on\n").unwrap();
        assert_eq!(named.of_file().unwrap().unwrap()["base_branch"], json!("on"));
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            named.of_file().unwrap_err().to_string()
        };
        let list = refused("- a\n");
        assert!(list.contains("gift.yaml: accepted: a mapping"), "{list}");
        let twice = refused("base_branch: a\nbase_branch: b\n");
        assert!(twice.contains("gift.yaml:2:1: duplicate key"), "{twice}");
    }
}
