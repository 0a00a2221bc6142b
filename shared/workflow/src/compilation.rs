//! One workflow, from its text to its definition.

use crate::agent_states::{AgentStates, AgentSummary};
use crate::callees::{Callee, Callees};
use crate::catalog::Catalog;
use crate::check::Checker;
use crate::compile::definition;
use crate::diagnostic::{Diagnostic, Problems, Severity};
use crate::environment::Environment;
use crate::provenance::Provenance;
use crate::source::{Source, Span};
use crate::{
    agent_branches, braces, declare, definitions, implicit_commit, model, plan, policies, reader, routes,
    timeouts,
};
use domain::PluginType;
use domain::routes::WorkflowRoute;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Step Functions' limit on a definition, in bytes:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const DEFINITION_LIMIT: usize = 1024 * 1024;

/// What became of one source.
#[derive(Debug, Clone)]
pub struct Compilation {
    /// The workflow's name, the file's stem; it names the state machine.
    pub name: String,
    /// The Amazon States Language document, with `${…FunctionArn}` where functions are called and
    /// `${…StateMachineArn}` where workflows are run; see [`crate::substitute`]. `None` when
    /// there are errors.
    pub definition: Option<Value>,
    /// A workflow's triggers and the types of its inputs.
    pub route: WorkflowRoute,
    /// Everything found, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The steps, in order, each before those inside it, with those that the compiler added.
    pub steps: Vec<StepSummary>,
    /// The outputs of workflows that steps run, by the steps' names: the JSON Schema of each by its name. A workflow that is not known is left
    /// out.
    pub outputs_of_workflows: BTreeMap<String, BTreeMap<String, Value>>,
}

/// One step, for people and for progress displays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepSummary {
    /// As written: `create_branch`.
    pub name: String,
    /// The state it became: `CreateBranch`.
    pub state: String,
    /// Its type as it is written in YAML: `plugin_action`, `parallel`, `wait`.
    pub kind: &'static str,
    /// What is around it, outermost first: the names of the steps that hold it, each followed by the branch (`lint`) or
    /// the arm of a switch (`case 1`, `default`) where it has several. Empty for the steps of the workflow itself.
    pub path: Vec<String>,
    /// The action it calls, by its own name; `None` for steps that call none.
    pub action: Option<String>,
    /// The plugin type of the action.
    pub plugin: Option<PluginType>,
    /// Whether the action asks a model.
    #[serde(skip)]
    pub asks_model: bool,
    /// The agent at work, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentSummary>,
    /// Its own description.
    pub description: Option<String>,
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// Whether the compiler added it.
    pub implicit: bool,
}

impl Compilation {
    /// Whether something keeps it from being compiled.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The definition as it is committed: pretty JSON with a newline at its end. `None` when there are errors.
    pub fn definition_json(&self) -> Option<String> {
        serde_json::to_string_pretty(self.definition.as_ref()?).ok().map(|json| json + "\n")
    }
}

/// Compiles one workflow. Every problem that can be found is found in one run; nothing panics, whatever the text.
///
/// The inputs and outputs of workflows that it runs as steps are unknown here, and not checked; [`crate::compile_folder`] does that.
pub fn compile(source: &Source, catalog: &Catalog, environment: &Environment) -> Compilation {
    compile_knowing(source, catalog, environment, &Callees::default()).0
}

/// Compiles one workflow among others, and returns what callers may know about it.
pub(crate) fn compile_knowing(
    source: &Source,
    catalog: &Catalog,
    environment: &Environment,
    callees: &Callees,
) -> (Compilation, Option<Callee>) {
    let mut callee = None;
    let mut problems = Problems::new(source);
    let mut compilation = Compilation {
        name: source.name().to_owned(),
        definition: None,
        route: WorkflowRoute::default(),
        diagnostics: Vec::new(),
        steps: Vec::new(),
        outputs_of_workflows: BTreeMap::new(),
    };
    check_name(source, &mut problems);
    if let Some(workflow) = reader::read(source, catalog, &mut problems) {
        definitions::check(&workflow, &mut problems);
        timeouts::check(&workflow.steps, &mut problems);
        let mut steps = implicit_commit::add(&workflow, catalog, &mut problems);
        policies::settle(&mut steps);
        agent_branches::check(&workflow, &steps, &mut problems);
        let states: BTreeSet<String> = model::all(&steps).into_iter().map(model::Step::state).collect();
        compilation.steps = Summaries { catalog, environment, states: &states }.of(&steps, &[]);
        compilation.outputs_of_workflows = outputs_of_workflows(&steps, callees);
        let scope = declare::scope(&workflow, &steps, catalog, &mut problems);
        braces::check(&workflow, &steps, &scope, &mut problems);
        let provenance = Provenance::of(&workflow, &steps, &scope);
        let mut checker = Checker {
            scope,
            problems: &mut problems,
            catalog,
            environment,
            file: source.file_name(),
            provenance,
            fencing: None,
            states,
        };
        let plan = plan::plan(&workflow, &steps, callees, &mut checker);
        checker.unused_definitions(&workflow);
        let (inputs, context_inputs) = (checker.scope.inputs, checker.scope.context_inputs);
        compilation.route = routes::route(&workflow, &inputs, &context_inputs, &mut problems);
        callee = Some(Callee { inputs: compilation.route.inputs.clone(), outputs: plan.outputs.clone() });
        if !problems.any_errors() {
            let definition = definition(&workflow, &inputs, &plan, catalog);
            let size = definition.to_string().len();
            if size > DEFINITION_LIMIT {
                let message =
                    format!("the definition has {size} bytes; Step Functions takes {DEFINITION_LIMIT}");
                problems.error(Span::default(), message).help("move part of it into a separate workflow");
            } else {
                compilation.definition = Some(definition);
            }
        }
    }
    compilation.diagnostics = problems.finish();
    (compilation, callee)
}

fn outputs_of_workflows(
    steps: &[model::Step],
    callees: &Callees,
) -> BTreeMap<String, BTreeMap<String, Value>> {
    let outputs = |step: &model::Step| {
        let model::StepKind::Workflow(called) = &step.kind else { return None };
        let callee = callees.find(&called.name.value).ok()??;
        let outputs = callee.outputs.iter().map(|(name, kind)| (name.clone(), kind.to_schema()));
        Some((step.name.value.clone(), outputs.collect()))
    };
    model::all(steps).into_iter().filter_map(outputs).collect()
}

fn check_name(source: &Source, problems: &mut Problems<'_>) {
    let name = source.name();
    let legal = !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'));
    if !legal {
        problems
            .error(Span::default(), format!("`{name}` cannot name a state machine"))
            .help("a file is called by at most 64 letters, digits, `-` and `_`");
    }
}

/// What summaries are made from.
struct Summaries<'c> {
    catalog: &'c Catalog,
    environment: &'c Environment,
    /// The states of all steps.
    states: &'c BTreeSet<String>,
}

impl Summaries<'_> {
    /// Every step, each before those inside it.
    fn of(&self, steps: &[model::Step], path: &[String]) -> Vec<StepSummary> {
        let mut found = Vec::new();
        for step in steps {
            found.push(self.summary(step, path));
            for (label, inside) in step.blocks() {
                let around = std::iter::once(step.name.value.clone()).chain(label);
                let path: Vec<String> = path.iter().cloned().chain(around).collect();
                found.extend(self.of(inside, &path));
            }
        }
        found
    }

    fn summary(&self, step: &model::Step, path: &[String]) -> StepSummary {
        let action = step.call().and_then(|call| self.catalog.find(&call.action.value));
        let agent = match &step.kind {
            model::StepKind::Agent(work) => {
                let states = AgentStates::of(&step.state(), self.states);
                Some(AgentSummary::of(work, states, self.environment))
            }
            _ => None,
        };
        StepSummary {
            name: step.name.value.clone(),
            state: step.state(),
            kind: step.step_type().name(),
            path: path.to_vec(),
            action: action.map(|action| action.name.clone()),
            plugin: action.and_then(|action| action.plugin),
            asks_model: action.is_some_and(|action| action.asks_model),
            agent,
            description: step.description.clone(),
            line: step.line,
            implicit: step.implicit,
        }
    }
}
