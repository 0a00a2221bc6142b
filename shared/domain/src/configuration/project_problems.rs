//! Problems in one project of a configuration.

use super::{Configuration, KnownProvider, Problem, repository_problem, server_problem};

/// The problem of a project without providers.
pub const NO_PROVIDERS: &str =
    "it is missing, so every step would be skipped; name the provider that serves each plugin type";

impl Configuration {
    /// All problems of the project at this index, in the words of `config check`. Places are relative to the project. `known` are the
    /// providers that exist.
    pub fn problems_of_project(&self, index: usize, known: &[KnownProvider]) -> Vec<Problem> {
        let Some(project) = self.projects.get(index) else { return Vec::new() };
        let above = format!("/projects/{index}");
        let mut problems: Vec<_> =
            self.problems().into_iter().filter_map(|problem| problem.inside(&above)).collect();
        for (plugin, name) in &project.providers {
            let found = server_problem(self, known, *plugin, name);
            problems.extend(found.map(|message| Problem::new(["providers", plugin.as_str()], message)));
        }
        let found = repository_problem(self, known, project);
        problems.extend(found.map(|message| Problem::new(["repository"], message)));
        if project.providers.is_empty() {
            problems.push(Problem::new(["providers"], NO_PROVIDERS));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::PluginType;
    use serde_json::{Value, json};

    fn problems(project: Value) -> Vec<String> {
        let first = json!({"key": "SHOP", "repository": "acme/shop", "may_trigger": ["nobody"]});
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [first, project], "plugins": {"github": {}}, "groups": {"leads": []},
        }))
        .unwrap();
        let known = |id: &str, plugin, needs_section| KnownProvider {
            id: id.to_owned(),
            serves: [plugin].into(),
            needs_section,
            account: None,
            is_flat: id == "github",
            pull_request: None,
        };
        let known = [
            known("github", PluginType::VersionControl, true),
            known("gitlab", PluginType::VersionControl, true),
            known("cloudwatch", PluginType::Monitoring, false),
        ];
        configuration.problems_of_project(1, &known).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_what_is_wrong_in_the_project_itself_is_said() {
        let good = json!({"key": "A", "repository": "a/b", "may_trigger": ["leads"],
                          "providers": {"version_control": "github", "monitoring": "cloudwatch"}});
        assert_eq!(problems(good), Vec::<String>::new());
        let bad = json!({
            "key": "SHOP", "repository": "a/b", "may_trigger": ["leads", "crew"], "checks": {"minutes": 9},
            "providers": {"version_control": "cloudwatch", "monitoring": "gihub", "communication": "gitlab"},
        });
        let expected = [
            "key: another project has the key `SHOP`",
            "checks: no command is declared; declare one of build, lint, test",
            "checks.minutes: 9 is out of range; accepted: numbers from 1 up to 7",
            "may_trigger[1]: `crew` is not defined under groups",
            "providers.version_control: `cloudwatch` cannot serve version_control; accepted: github, gitlab",
            "providers.communication: `gitlab` cannot serve communication; accepted: ",
        ];
        let found = problems(bad);
        assert_eq!(&found[..6], expected, "{found:#?}");
        assert!(found[6].starts_with("providers.monitoring: `gihub` is not under plugins; "), "{found:#?}");
        assert!(found[6].contains("github (did you mean that?)") && found.len() == 7, "{found:#?}");
        let nested = |host: &str| json!({"key": "A", "repository": "a/b/c", "may_trigger": ["leads"], "providers": {"version_control": host}});
        let too_deep =
            "repository: `a/b/c` has too many parts for `github`; accepted: `owner/name`, or its URL";
        assert_eq!(problems(nested("github")), [too_deep]);
        assert_eq!(problems(nested("gitlab")).len(), 1, "its section alone is missing");
        let none = json!({"key": "A", "repository": "a/b"});
        assert_eq!(problems(none), [format!("providers: {NO_PROVIDERS}")]);
        let no_section = json!({"key": "A", "repository": "a/b", "providers": {"version_control": "gitlab"}});
        assert_eq!(
            problems(no_section),
            ["providers.version_control: `gitlab` serves it, but there is no section plugins.gitlab"]
        );
    }
}
