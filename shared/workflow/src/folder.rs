//! Every workflow of a folder at once.

use crate::{Catalog, Compilation, Diagnostic, Environment, Severity, Source, compile};
use domain::routes::Routes;
use std::collections::BTreeMap;

/// All workflows of a project, compiled.
#[derive(Debug, Clone)]
pub struct FolderCompilation {
    /// One for each source, in the order of their names.
    pub workflows: Vec<Compilation>,
    /// What webhooks and the scheduler read; only of workflows without errors.
    pub routes: Routes,
}

impl FolderCompilation {
    /// Whether any workflow has an error.
    pub fn has_errors(&self) -> bool {
        self.workflows.iter().any(Compilation::has_errors)
    }

    /// `routes.json`: pretty, with a newline at its end, the same bytes for the same sources.
    pub fn routes_json(&self) -> String {
        serde_json::to_string_pretty(&self.routes).unwrap_or_default() + "\n"
    }
}

/// Compiles every workflow of a folder, and checks what no single file shows: two files of one name, and two workflows that
/// the same event would start. Sources may come in any order; the result does not depend on it.
pub fn compile_folder(sources: &[Source], catalog: &Catalog, environment: &Environment) -> FolderCompilation {
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by_key(|source| (source.name(), source.path.as_str()));
    let mut workflows: Vec<Compilation> =
        sorted.iter().map(|source| compile(source, catalog, environment)).collect();
    for place in 1..workflows.len() {
        let (earlier, later) = workflows.split_at_mut(place);
        let (earlier, later) = (&earlier[place - 1], &mut later[0]);
        if earlier.name == later.name {
            later.diagnostics.push(at_start(
                sorted[place],
                Severity::Error,
                format!("two workflows are called `{}`", later.name),
                format!("the other is {}", sorted[place - 1].path),
            ));
            later.definition = None;
        }
    }
    shared_triggers(&sorted, &mut workflows);
    let workflows_by_name: BTreeMap<_, _> = workflows
        .iter()
        .filter(|workflow| workflow.definition.is_some())
        .map(|workflow| (workflow.name.clone(), workflow.route.clone()))
        .collect();
    FolderCompilation { workflows, routes: Routes { workflows: workflows_by_name } }
}

/// One event starts one workflow, the first by name; a second with the same trigger would never start.
fn shared_triggers(sources: &[&Source], workflows: &mut [Compilation]) {
    for (place, source) in sources.iter().enumerate() {
        let (earlier, later) = workflows.split_at_mut(place);
        let Some(later) = later.first_mut() else { break };
        for trigger in &later.route.triggers {
            let same = earlier.iter().find(|other| {
                let mut triggers = other.route.triggers.iter();
                triggers.any(|known| known.on == trigger.on && known.conditions == trigger.conditions)
            });
            if let Some(other) = same {
                let message =
                    format!("`{}` starts on the same {} event, and comes first", other.name, trigger.on);
                let help = "one event starts one workflow: give them different conditions".to_owned();
                later.diagnostics.push(at_start(source, Severity::Warning, message, help));
            }
        }
    }
}

fn at_start(source: &Source, severity: Severity, message: String, help: String) -> Diagnostic {
    let first_line = source.text.lines().next().unwrap_or_default().len();
    Diagnostic {
        severity,
        message,
        path: source.path.clone(),
        line: 1,
        column: 1,
        span: (0, first_line),
        label: None,
        help: vec![help],
    }
}
