//! What the workflows need from a project: providers, and statuses in its tracker.

use super::{Finding, Verdict};
use crate::server::opt_in::unknown_workflow;
use crate::server::workflows::Workflows;
use domain::PluginType;
use domain::configuration::{Configuration, Project};
use domain::execution::UNDO_WORKFLOW;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{function_placeholder, placeholders};

/// The needs of the workflows, regardless of the project.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// The actions that they call, by plugin type.
    actions: BTreeMap<PluginType, BTreeSet<String>>,
    /// The statuses that they name literally.
    statuses: BTreeSet<String>,
    /// The workflows that a project may name.
    opt_in: BTreeSet<String>,
    /// The names of agents, each with a model that it names.
    models: Vec<(String, String)>,
}

/// The plugin types without which a step that uses another one has nothing to work with, so that the run fails.
const INDISPENSABLE: [PluginType; 3] =
    [PluginType::TaskManagement, PluginType::VersionControl, PluginType::AiProvider];

impl Needs {
    /// The needs of these workflows. `undo` is left out, because what it takes back was done with a provider. So are workflows that no project must have.
    pub(super) fn of(workflows: &Workflows) -> Self {
        let catalog = actions::catalog::catalog();
        let opt_in = workflows.names().filter(|name| workflows.is_opt_in(name)).map(str::to_owned);
        let models = workflows.agents().iter().flat_map(|(agent, definition)| {
            definition.models.iter().map(move |model| (agent.clone(), model.clone()))
        });
        let mut needs = Self { opt_in: opt_in.collect(), models: models.collect(), ..Self::default() };
        let is_needed = |name: &str| name != UNDO_WORKFLOW && !workflows.is_opt_in(name);
        for (_, definition) in workflows.definitions().filter(|(name, _)| is_needed(name)) {
            let called = placeholders(definition);
            for (name, action) in catalog.get("actions").and_then(Value::as_object).into_iter().flatten() {
                let placeholder = function_placeholder(name);
                if !called.contains(&placeholder) {
                    continue;
                }
                if let Ok(Some(plugin)) = serde_json::from_value(action["plugin"].clone()) {
                    needs.actions.entry(plugin).or_default().insert(name.clone());
                }
                let inputs = action["input"]["properties"].as_object().into_iter().flatten();
                let statuses = inputs.filter(|(_, input)| input["x-status"] == true);
                let statuses: Vec<_> = statuses.map(|(key, _)| key.as_str()).collect();
                inputs_of(definition, &format!("${{{placeholder}}}"), &mut |input| {
                    let literal = |key: &&str| input.get(*key).and_then(Value::as_str);
                    let literals = statuses.iter().filter_map(literal).filter(|text| !text.starts_with("{%"));
                    needs.statuses.extend(literals.map(str::to_owned));
                });
            }
        }
        needs
    }

    /// The actions of trackers that are called, and those that take them back.
    pub(super) fn tracker_actions(&self) -> Vec<String> {
        let called = self.actions.get(&PluginType::TaskManagement).into_iter().flatten().cloned();
        let mut all: BTreeSet<String> = called.collect();
        let catalog = actions::catalog::catalog();
        let listed = catalog.get("actions").and_then(Value::as_object);
        let inverses = |name: &String| listed?.get(name)?.get("inverses")?.as_array().cloned();
        let back: Vec<_> = all.iter().filter_map(inverses).flatten().collect();
        all.extend(back.iter().filter_map(Value::as_str).map(str::to_owned));
        all.into_iter().collect()
    }

    /// The names of agents, each with a model that it names.
    pub(super) fn models(&self) -> &[(String, String)] {
        &self.models
    }

    /// The statuses that the tracker of a project must know.
    pub(super) fn statuses_of(&self, project: &Project) -> Vec<String> {
        let named = self.statuses.iter().map(|status| project.tracker_status(status));
        let all: BTreeSet<_> = named.chain(project.statuses.values().map(String::as_str)).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The plugin types that workflows use but the project leaves out, the space of its pages if it has none, and the workflows that it names but
    /// that do not exist.
    pub(super) fn findings(&self, configuration: &Configuration) -> Vec<Finding> {
        let catalog = actions::catalog::catalog();
        let mut findings = Vec::new();
        for project in &configuration.projects {
            for name in project.workflows.iter().filter(|name| !self.opt_in.contains(*name)) {
                findings.push(Finding {
                    subject: format!("project {}, workflows", project.key),
                    verdict: Verdict::Wrong,
                    problem: Some(unknown_workflow(name, self.opt_in.iter().map(String::as_str))),
                });
            }
            let of_pages = self.actions.get(&PluginType::Documentation).into_iter().flatten();
            let with_space: Vec<_> = of_pages
                .map(String::as_str)
                .filter(|name| {
                    catalog
                        .pointer(&format!("/actions/{name}/input/properties/space"))
                        .is_some_and(Value::is_object)
                })
                .collect();
            if !with_space.is_empty()
                && project.providers.contains_key(&PluginType::Documentation)
                && project.space.is_none()
            {
                findings.push(Finding {
                    subject: format!("project {}, {}", project.key, PluginType::Documentation),
                    // A step may name its own space, or its workflow may go on without the page.
                    verdict: Verdict::Warning,
                    problem: Some(format!(
                        "`projects.space` is missing, so these steps fail unless they name a space: {}; name the space or page that pages are created in",
                        with_space.join(", ")
                    )),
                });
            }
            for (plugin, actions) in &self.actions {
                if project.providers.contains_key(plugin) {
                    continue;
                }
                let fails = INDISPENSABLE.contains(plugin);
                let actions = actions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let consequence = if fails {
                    "and later steps fail without their results"
                } else {
                    "and the rest of the workflow runs"
                };
                findings.push(Finding {
                    subject: format!("project {}, {plugin}", project.key),
                    verdict: if fails { Verdict::Wrong } else { Verdict::Warning },
                    problem: Some(format!(
                        "no provider serves it, so these steps are skipped, {consequence}: {actions}; name one under projects.providers"
                    )),
                });
            }
        }
        findings
    }
}

/// Finds the input of every call of a function in a definition.
fn inputs_of(definition: &Value, function: &str, found: &mut impl FnMut(&Value)) {
    match definition {
        Value::Object(fields) => {
            if fields.get("FunctionName").is_some_and(|name| name == function) {
                found(&definition["Payload"]["input"]);
            }
            fields.values().for_each(|value| inputs_of(value, function, found));
        }
        Value::Array(items) => items.iter().for_each(|item| inputs_of(item, function, found)),
        _ => {}
    }
}
