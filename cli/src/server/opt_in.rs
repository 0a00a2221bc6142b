//! The workflows with `opt_in: true` that projects name.

use super::workflows::Workflows;
use domain::configuration::{Configuration, Problem};
use domain::instead_of;

/// The workflows that projects name under `workflows`, but that events start nowhere: they do not exist, or have no `opt_in: true`.
pub(crate) fn unknown_workflows(workflows: &Workflows, configuration: &Configuration) -> Vec<Problem> {
    let known: Vec<&str> = workflows.names().filter(|name| workflows.is_opt_in(name)).collect();
    let mut problems = Vec::new();
    for (project, named) in configuration.projects.iter().map(|project| &project.workflows).enumerate() {
        for (index, name) in named.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str())) {
            problems.push(Problem::new(
                ["projects", &project.to_string(), "workflows", &index.to_string()],
                unknown_workflow(name, known.iter().copied()),
            ));
        }
    }
    problems
}

/// What is wrong with the name of a workflow that is none of those that a project may name.
pub(crate) fn unknown_workflow<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    format!("no workflow `{name}` has `opt_in: true`; {}", instead_of(name, "accepted", known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_that_events_start_in_no_project_is_named_with_the_one_that_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let workflows = Workflows::load(folder.path()).unwrap();
        let configuration: Configuration = serde_json::from_value(serde_json::json!({"projects": [
            {"key": "SHOP", "repository": "acme/shop", "workflows": ["code_review"]},
            {"key": "WEB", "repository": "acme/web", "workflows": ["code_review", "code_revew", "development"]},
        ]}))
        .unwrap();
        let found: Vec<_> =
            unknown_workflows(&workflows, &configuration).iter().map(ToString::to_string).collect();
        let accepted = "accepted: code_review, update_documentation";
        let expected = [
            format!(
                "projects[1].workflows[1]: no workflow `code_revew` has `opt_in: true`; did you mean `code_review`? {accepted}"
            ),
            format!("projects[1].workflows[2]: no workflow `development` has `opt_in: true`; {accepted}"),
        ];
        assert_eq!(found, expected);
    }
}
