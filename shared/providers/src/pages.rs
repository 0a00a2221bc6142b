//! Where people see repositories.

use crate::list::find;
use domain::configuration::{Configuration, Project};
use domain::{BranchName, PluginType};
use provider::{PullRequestWords, RepositoryPages};

/// The address of a project's repository for people; `None` if the project has no code host.
pub fn repository_url(configuration: &Configuration, project: &Project) -> Option<String> {
    let (site, pages) = site(configuration, project)?;
    Some(pages.repository.replace("{site}", &site).replace("{repository}", project.repository.as_str()))
}

/// The address of a branch of a project's repository for people; `None` if the project has no code host.
pub fn branch_url(configuration: &Configuration, project: &Project, branch: &BranchName) -> Option<String> {
    let (site, pages) = site(configuration, project)?;
    // Of what git allows in a branch, only these two mean something else in an address.
    let branch = branch.as_str().replace('%', "%25").replace('#', "%23");
    let url = pages.branch.replace("{site}", &site).replace("{repository}", project.repository.as_str());
    Some(url.replace("{branch}", &branch))
}

/// What people call the pull requests of a project's repository.
pub fn pull_request_words(configuration: &Configuration, project: &Project) -> PullRequestWords {
    site(configuration, project).map(|(_, pages)| pages.pull_requests).unwrap_or_default()
}

fn site(configuration: &Configuration, project: &Project) -> Option<(String, RepositoryPages)> {
    let name = project.providers.get(&PluginType::VersionControl)?;
    let instance = configuration.instance(name.as_str())?;
    let spec = find(instance.provider()).ok()?;
    Some((spec.site_of(instance), spec.repository_pages?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn people_open_what_the_api_serves() {
        let check = |plugins: Value, providers: Value, expected: Option<&str>| {
            let configuration: Configuration = serde_json::from_value(json!({
                "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": providers}], "plugins": plugins
            }))
            .unwrap();
            let project = &configuration.projects[0];
            let url = branch_url(&configuration, project, &"a/b#1".parse().unwrap());
            assert_eq!(url.as_deref(), expected);
            let repository = repository_url(&configuration, project);
            assert_eq!(repository, expected.map(|url| url.strip_suffix("/tree/a/b%231").unwrap().to_owned()));
        };
        let github = json!({"version_control": "github"});
        check(json!({"github": {}}), github.clone(), Some("https://github.com/acme/shop/tree/a/b%231"));
        let own = json!({"github": {"base_url": "https://git.acme.example/api/v3/"}});
        check(own, github, Some("https://git.acme.example/acme/shop/tree/a/b%231"));
        check(json!({"github": {}}), json!({}), None);
    }

    #[test]
    fn each_code_host_has_words_of_its_own() {
        let words = |provider: &str| {
            let configuration: Configuration = serde_json::from_value(json!({
                "projects": [{"key": "SHOP", "repository": "acme/shop", "providers": {"version_control": provider}}],
                "plugins": {"github": {}, "gitlab": {}},
            }))
            .unwrap();
            let PullRequestWords { term, sign } =
                pull_request_words(&configuration, &configuration.projects[0]);
            format!("{term} {sign}7")
        };
        let shown = ["github", "gitlab", "unknown"].map(words);
        assert_eq!(shown, ["Pull request #7", "Merge request !7", "Pull request #7"]);
    }
}
