//! Every workflow of a folder at once.

use crate::callees::Callees;
use crate::catalog::{Action, Catalog};
use crate::compilation::{Compilation, compile_knowing};
use crate::diagnostic::{Diagnostic, Problems, Severity};
use crate::environment::Environment;
use crate::model::{StepKind, all};
use crate::source::{Source, Span};
use crate::substitute::state_machine_placeholder;
use crate::{implicit_commit, reader};
use domain::built_in_actions::AGENT_ACTIONS;
use domain::routes::Routes;
use std::collections::{BTreeMap, BTreeSet};

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

/// Compiles every workflow of a folder, and checks what no single file shows: what workflows that run others give them and
/// take from them, circles of such calls, two files of one name, and two workflows that the same event would start. Sources may come in any order; the result does not depend on it.
pub fn compile_folder(sources: &[Source], catalog: &Catalog, environment: &Environment) -> FolderCompilation {
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by_key(|source| (source.name(), source.path.as_str()));
    let mut workflows = in_order_of_calls(&sorted, catalog, environment);
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
    shared_placeholders(&sorted, &mut workflows);
    shared_triggers(&sorted, &mut workflows);
    let workflows_by_name: BTreeMap<_, _> = workflows
        .iter()
        .filter(|workflow| workflow.definition.is_some())
        .map(|workflow| (workflow.name.clone(), workflow.route.clone()))
        .collect();
    FolderCompilation {
        workflows,
        routes: Routes { workflows: workflows_by_name, events: catalog.events().clone() },
    }
}

/// Compiles callees before their callers, so that these are checked against what those take and give. The workflows of a
/// circle of calls are told so.
fn in_order_of_calls(sources: &[&Source], catalog: &Catalog, environment: &Environment) -> Vec<Compilation> {
    let looked: Vec<Look> = sources.iter().map(|source| look(source, catalog)).collect();
    let place_of = |name: &str| sources.iter().position(|source| source.name() == name);
    let callees_of: Vec<Vec<usize>> = looked
        .iter()
        .map(|look| look.calls.iter().filter_map(|call| place_of(&call.callee)).collect())
        .collect();
    let mut callees = Callees::named(sources.iter().map(|source| source.name().to_owned()));
    let mut compiled: Vec<Option<Compilation>> = sources.iter().map(|_| None).collect();
    loop {
        let is_ready = |place: &usize| {
            let mut called = callees_of[*place].iter();
            compiled[*place].is_none() && called.all(|callee| compiled[*callee].is_some())
        };
        let places = || 0..sources.len();
        // A workflow that waits for itself is compiled all the same, without its callees' outputs.
        let next = places().find(is_ready).or_else(|| places().find(|place| compiled[*place].is_none()));
        let Some(place) = next else { break };
        callees.inverses = inverses_of_runs(place, &callees_of, &looked);
        let (compilation, callee) = compile_knowing(sources[place], catalog, environment, &callees);
        if let Some(callee) = callee {
            callees.learn(sources[place].name(), callee);
        }
        compiled[place] = Some(compilation);
    }
    let mut workflows: Vec<Compilation> = compiled.into_iter().flatten().collect();
    for (place, source) in sources.iter().enumerate() {
        circles(place, source, &looked, &place_of, &mut workflows[place]);
    }
    workflows
}

/// The facts about a workflow before any is compiled.
struct Look {
    calls: Vec<Call>,
    /// The actions that take back the effects of its steps.
    inverses: BTreeSet<String>,
}

/// One step that runs another workflow.
struct Call {
    callee: String,
    span: Span,
}

fn look(source: &Source, catalog: &Catalog) -> Look {
    let mut problems = Problems::new(source);
    let mut look = Look { calls: Vec::new(), inverses: BTreeSet::new() };
    let Some(workflow) = reader::read(source, catalog, &mut problems) else { return look };
    for step in all(&implicit_commit::add(&workflow, catalog, &mut problems)) {
        if let StepKind::Workflow(sub) = &step.kind {
            look.calls.push(Call { callee: sub.name.value.clone(), span: sub.name.span });
        }
        if let StepKind::Agent(_) = &step.kind {
            let actions = AGENT_ACTIONS.iter().filter_map(|name| catalog.find(name));
            look.inverses.extend(actions.flat_map(Action::ways_back));
        }
        let action = step.call().and_then(|call| catalog.find(&call.action.value));
        look.inverses.extend(action.into_iter().flat_map(Action::ways_back));
        look.inverses.extend(step.rollback.iter().map(|rollback| rollback.action.value.clone()));
    }
    look
}

/// The inverses of everything that may happen in the runs of which a workflow is part: a run is an execution with all that
/// it starts, and a rollback takes back all of it. Empty for a workflow that neither runs others nor is run.
fn inverses_of_runs(place: usize, callees_of: &[Vec<usize>], looked: &[Look]) -> BTreeSet<String> {
    let callers_of =
        |callee: usize| (0..callees_of.len()).filter(move |one| callees_of[*one].contains(&callee));
    let roots = reached(place, |one| callers_of(one).collect());
    let parts: BTreeSet<usize> =
        roots.into_iter().flat_map(|root| reached(root, |one| callees_of[one].clone())).collect();
    if parts.len() == 1 {
        return BTreeSet::new();
    }
    parts.into_iter().flat_map(|part| looked[part].inverses.iter().cloned()).collect()
}

/// Everything that can be reached, the start included.
fn reached(start: usize, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(place) = open.pop() {
        if seen.insert(place) {
            open.extend(next(place));
        }
    }
    seen
}

/// Reports every call of a workflow through which it comes back to itself.
fn circles(
    start: usize,
    source: &Source,
    looked: &[Look],
    place_of: &impl Fn(&str) -> Option<usize>,
    compilation: &mut Compilation,
) {
    for call in &looked[start].calls {
        let Some(callee) = place_of(&call.callee) else { continue };
        let mut open = vec![(callee, vec![source.name().to_owned(), call.callee.clone()])];
        let mut seen = BTreeSet::new();
        while let Some((place, way)) = open.pop() {
            if place == start {
                let mut problems = Problems::new(source);
                problems
                    .error(call.span, format!("`{}` runs itself: {}", source.name(), way.join(" → ")))
                    .help("a circle of workflows would never end; use a `loop`");
                compilation.diagnostics.extend(problems.finish());
                compilation.definition = None;
                break;
            }
            if seen.insert(place) {
                open.extend(looked[place].calls.iter().filter_map(|next| {
                    let longer = way.iter().cloned().chain([next.callee.clone()]).collect();
                    Some((place_of(&next.callee)?, longer))
                }));
            }
        }
    }
}

/// Placeholders do not distinguish `-` and `_` in the names of state machines.
fn shared_placeholders(sources: &[&Source], workflows: &mut [Compilation]) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (source, workflow) in sources.iter().zip(workflows) {
        let placeholder = state_machine_placeholder(&workflow.name);
        let earlier = seen.entry(placeholder).or_insert_with(|| workflow.name.clone());
        if *earlier != workflow.name {
            let message =
                format!("`{earlier}` and `{}` are too much alike for two state machines", workflow.name);
            let help = "names that differ only in `-` and `_` are the same: rename one".to_owned();
            workflow.diagnostics.push(at_start(source, Severity::Error, message, help));
            workflow.definition = None;
        }
    }
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
