//! Parallel agents: two that work on one branch would overwrite each other's changes.

use crate::diagnostic::Problems;
use crate::expression;
use crate::model::{AgentWork, Form, Given, Part, Step, StepKind, Workflow, all};
use std::collections::BTreeSet;

/// The inputs that determine where an agent works, each with its aliases.
const REPOSITORY: [&str; 3] = ["repository", "repository_path", "repository_url"];
const BRANCH: [&str; 2] = ["branch", "branch_name"];

/// Reports agents in different branches of a parallel step, and agents in iterations that run at the same time, which work on one branch
/// as far as the file says.
pub(crate) fn check(workflow: &Workflow, steps: &[Step], problems: &mut Problems<'_>) {
    for step in all(steps) {
        match &step.kind {
            StepKind::Parallel(parallel) => {
                let mut seen: Vec<(usize, &Step, &AgentWork)> = Vec::new();
                for (place, branch) in parallel.branches.iter().enumerate() {
                    for (agent, work) in agents(&branch.steps) {
                        let same = |(other, _, known): &&(usize, &Step, &AgentWork)| {
                            *other != place && works_at(known) == works_at(work)
                        };
                        if let Some((_, other, _)) = seen.iter().find(same) {
                            let message = format!(
                                "`{}` and `{}` work on one branch at the same time",
                                other.name.value, agent.name.value
                            );
                            problems
                                .error(agent.name.span, message)
                                .help("give each its own `branch:`, or run them one after the other");
                        }
                        seen.push((place, agent, work));
                    }
                }
            }
            StepKind::Foreach(foreach) if foreach.max_concurrency > 1 => {
                let own = set_inside(workflow, &foreach.item.value, &foreach.steps);
                for (agent, work) in agents(&foreach.steps) {
                    let differs = [&BRANCH[..], &REPOSITORY[..]]
                        .into_iter()
                        .filter_map(|names| input(work, names))
                        .any(|given| reads_any(given, &own));
                    if !differs {
                        let message = format!(
                            "`{}` works on one branch in {} iterations at the same time",
                            agent.name.value, foreach.max_concurrency
                        );
                        let item = &foreach.item.value;
                        problems.error(agent.name.span, message).help(format!(
                            "make its `branch:` depend on `{item}`, or write `max_concurrency: 1`"
                        ));
                    }
                }
            }
            _ => {}
        }
    }
}

fn agents(steps: &[Step]) -> Vec<(&Step, &AgentWork)> {
    let mut found = Vec::new();
    for step in all(steps) {
        if let StepKind::Agent(work) = &step.kind {
            found.push((step, work));
        }
    }
    found
}

/// The repository and the branch, as they are written.
fn works_at(work: &AgentWork) -> [Option<String>; 2] {
    [&REPOSITORY[..], &BRANCH[..]].map(|names| input(work, names).map(written))
}

fn input<'w>(work: &'w AgentWork, names: &[&str]) -> Option<&'w Given> {
    work.inputs.iter().find(|(key, _)| names.contains(&key.value.as_str())).map(|(_, given)| given)
}

fn written(given: &Given) -> String {
    match &given.form {
        Form::Text(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => format!("'{text}'"),
                Part::Expression(expression) => expression.value.split_whitespace().collect(),
            })
            .collect(),
        form => format!("{form:?}"),
    }
}

/// The names with a different value in each iteration.
fn set_inside(workflow: &Workflow, item: &str, steps: &[Step]) -> BTreeSet<String> {
    let assigned = crate::declare::assigned(steps).into_iter().map(|assignment| assignment.root);
    let mut names: BTreeSet<String> = std::iter::once(item.to_owned()).chain(assigned).collect();
    for step in all(steps) {
        names.extend(step.outputs.iter().map(|(field, _)| field.value.clone()));
        if let StepKind::Foreach(inner) = &step.kind {
            names.insert(inner.item.value.clone());
        }
    }
    // A definition that reads one of them has another value in each iteration as well.
    let mut definitions: Vec<_> = workflow.definitions.iter().collect();
    while let Some(place) = definitions.iter().position(|(_, given)| reads_any(given, &names)) {
        let (name, _) = definitions.swap_remove(place);
        names.insert(name.value.clone());
    }
    names
}

/// Whether a value reads one of the names. Invalid values are reported elsewhere.
fn reads_any(given: &Given, names: &BTreeSet<String>) -> bool {
    given.expressions().into_iter().any(|expression| {
        expression::parse(&expression.value)
            .is_ok_and(|ast| expression::lookups(&ast).iter().any(|lookup| names.contains(&lookup.name)))
    })
}
