//! The commit that nobody wrote down: a pull request of generated code needs one before it.

use crate::catalog::Catalog;
use crate::diagnostic::Problems;
use crate::model::{Call, Form, Given, Part, Step, StepKind, Workflow};
use crate::source::Spanned;

const GENERATE: &str = "generate_code_implementation";
const COMMIT: &str = "commit_changes";
const PULL_REQUEST: &str = "create_pull_request";
/// The field of the generated output, and of the commit's input, that holds the edits.
const IMPLEMENTATION: &str = "implementation";

/// The workflow's steps, with a `commit_changes` before every `create_pull_request` that follows a generated implementation
/// without one. It has the pull request's repository, branch and base. Each one added is noted.
pub(crate) fn add(workflow: &Workflow, catalog: &Catalog, problems: &mut Problems<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut generated: Option<usize> = None;
    for step in &workflow.steps {
        let action =
            step.call().and_then(|call| catalog.find(&call.action.value)).map(|action| action.name.as_str());
        match (action, generated) {
            (Some(GENERATE), _) => generated = Some(steps.len()),
            (Some(COMMIT), _) => generated = None,
            (Some(PULL_REQUEST), Some(place)) => {
                if let Some(commit) = commit_for(step, &mut steps[place], catalog) {
                    problems
                        .note(
                            step.name.span,
                            format!(
                                "`{}` commits what `{}` generated first",
                                step.name.value, steps[place].name.value
                            ),
                        )
                        .help(format!(
                            "the state `{}` does it; write a `{COMMIT}` step to change how",
                            commit.state()
                        ));
                    steps.push(commit);
                }
                generated = None;
            }
            _ => {}
        }
        steps.push(step.clone());
    }
    steps
}

fn commit_for(pull_request: &Step, generator: &mut Step, catalog: &Catalog) -> Option<Step> {
    let action = catalog.find(PULL_REQUEST)?;
    let asked = pull_request.call()?;
    let given = |wanted: &str| {
        let (_, given) = asked
            .inputs
            .iter()
            .find(|(key, _)| action.input_field(&key.value).is_some_and(|(name, _)| name == wanted))?;
        Some(given.clone())
    };
    let span = pull_request.name.span;
    let generated = generated_variable(generator)?;
    let implementation = Part::Expression(Spanned::new(generated, span));
    let inputs = [
        ("repository", given("repository")),
        ("branch", given("source_branch")),
        ("base_branch", given("target_branch")),
        (IMPLEMENTATION, Some(Given { span, form: Form::Text(vec![implementation]) })),
    ];
    Some(Step {
        name: Spanned::new(format!("{}_commit", pull_request.name.value), span),
        description: Some(format!("Commits what {} generated", generator.name.value)),
        kind: StepKind::Call(Call {
            action: Spanned::new(COMMIT.to_owned(), span),
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

/// The path of the variable that receives the generated implementation; a generator that names none is given one.
fn generated_variable(generator: &mut Step) -> Option<String> {
    let name = format!("{}_{IMPLEMENTATION}", generator.name.value);
    let span = generator.name.span;
    if let Some((_, target)) = generator.outputs.iter().find(|(field, _)| field.value == IMPLEMENTATION) {
        return Some(target.value.join("."));
    }
    generator
        .outputs
        .push((Spanned::new(IMPLEMENTATION.to_owned(), span), Spanned::new(vec![name.clone()], span)));
    Some(name)
}
