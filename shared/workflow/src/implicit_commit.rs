//! The implicit commit: a pull request of generated code needs one before it.

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::model::{Call, Form, Given, Part, Step, StepKind, Workflow};
use crate::source::Spanned;
use domain::built_in_actions::{COMMIT_CHANGES, CREATE_PULL_REQUEST, GENERATE_CODE_IMPLEMENTATION};
use std::collections::BTreeMap;

/// The field of the generated output, and of the commit's input, that holds the edits.
const IMPLEMENTATION: &str = "implementation";

/// The workflow's steps, with a `commit_changes` before every `create_pull_request` that follows a generated implementation
/// without one. It has the pull request's repository, branch and base. Each one added is noted.
pub(crate) fn add(workflow: &Workflow, catalog: &Catalog, problems: &mut Problems<'_>) -> Vec<Step> {
    let mut search = Search { catalog, problems, named: BTreeMap::new() };
    let mut steps = search.steps(&workflow.steps, &mut None);
    name_outputs(&mut steps, &search.named);
    steps
}

/// A step that generates an implementation which nothing has committed yet.
#[derive(Clone)]
struct Generated {
    step: String,
    /// The path of the variable that receives the implementation.
    variable: String,
    /// Whether the step still has to name that variable.
    unnamed: bool,
}

struct Search<'c, 'p, 's> {
    catalog: &'c Catalog,
    problems: &'p mut Problems<'s>,
    /// The variables that generators have to be given, by the generators' names.
    named: BTreeMap<String, String>,
}

impl Search<'_, '_, '_> {
    fn steps(&mut self, steps: &[Step], generated: &mut Option<Generated>) -> Vec<Step> {
        let mut found = Vec::new();
        for step in steps {
            let action = step.call().and_then(|call| self.catalog.find(&call.action.value));
            match action.map(|action| action.name.as_str()) {
                _ if matches!(step.kind, StepKind::Agent(_)) => *generated = Some(generator(step)),
                Some(GENERATE_CODE_IMPLEMENTATION) => *generated = Some(generator(step)),
                Some(COMMIT_CHANGES) => *generated = None,
                Some(CREATE_PULL_REQUEST) => {
                    found.extend(generated.take().and_then(|made| self.commit(step, &made)))
                }
                _ => {}
            }
            let mut step = step.clone();
            let within = generated.clone();
            for block in step.blocks_mut() {
                let mut inside = within.clone();
                *block = self.steps(block, &mut inside);
                // A commit on one path counts. Code that only one path generates does not exist after it.
                if inside.is_none() {
                    *generated = None;
                }
            }
            found.push(step);
        }
        found
    }

    fn commit(&mut self, pull_request: &Step, generated: &Generated) -> Option<Step> {
        let commit = commit_for(pull_request, generated, self.catalog)?;
        if generated.unnamed {
            self.named.insert(generated.step.clone(), generated.variable.clone());
        }
        self.problems
            .note(
                pull_request.name.span,
                format!("`{}` commits what `{}` generated first", pull_request.name.value, generated.step),
            )
            .help(format!(
                "the state `{}` does it; write a `{COMMIT_CHANGES}` step to change how",
                commit.state()
            ));
        Some(commit)
    }
}

fn commit_for(pull_request: &Step, generated: &Generated, catalog: &Catalog) -> Option<Step> {
    let action = catalog.find(CREATE_PULL_REQUEST)?;
    let asked = pull_request.call()?;
    let given = |wanted: &str| {
        let (_, given) = asked
            .inputs
            .iter()
            .find(|(key, _)| action.input_field(&key.value).is_some_and(|(name, _)| name == wanted))?;
        Some(given.clone())
    };
    let span = pull_request.name.span;
    let implementation = Part::Expression(Spanned::new(generated.variable.clone(), span));
    let inputs = [
        ("repository", given("repository")),
        ("branch", given("source_branch")),
        ("base_branch", given("target_branch")),
        (IMPLEMENTATION, Some(Given { span, form: Form::Text(vec![implementation]) })),
    ];
    Some(Step {
        name: Spanned::new(format!("{}_commit", pull_request.name.value), span),
        description: Some(format!("Commits what {} generated", generated.step)),
        kind: StepKind::Call(Call {
            action: Spanned::new(COMMIT_CHANGES.to_owned(), span),
            plugin: asked.plugin.clone(),
            agent: None,
            inputs: inputs
                .into_iter()
                .filter_map(|(name, given)| Some((Spanned::new(name.to_owned(), span), given?)))
                .collect(),
            required: false,
        }),
        outputs: Vec::new(),
        when: pull_request.when.clone(),
        on_error: pull_request.on_error,
        retry: pull_request.retry.clone(),
        timeout_seconds: None,
        rollback: None,
        line: pull_request.line,
        implicit: true,
    })
}

/// A generator that names no variable for its implementation will be given one.
fn generator(step: &Step) -> Generated {
    let named = step.outputs.iter().find(|(field, _)| field.value == IMPLEMENTATION);
    Generated {
        step: step.name.value.clone(),
        variable: named.map_or_else(
            || format!("{}_{IMPLEMENTATION}", step.name.value),
            |(_, target)| target.value.join("."),
        ),
        unnamed: named.is_none(),
    }
}

fn name_outputs(steps: &mut [Step], named: &BTreeMap<String, String>) {
    for step in steps {
        if let Some(variable) = named.get(&step.name.value) {
            let span = step.name.span;
            let field = Spanned::new(IMPLEMENTATION.to_owned(), span);
            step.outputs.push((field, Spanned::new(vec![variable.clone()], span)));
        }
        for block in step.blocks_mut() {
            name_outputs(block, named);
        }
    }
}
