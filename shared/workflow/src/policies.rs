//! What `on_error` means for loops and switches, which become `Choice` states that nothing can catch an error of, and for
//! retried steps with their own `timeout`: every try has the whole time.

use crate::model::{Branch, Foreach, Form, Given, OnError, Parallel, Part, Step, StepKind};
use crate::source::Spanned;

/// Gives the policy of a loop or switch to something that can have one. `rollback` passes to the steps inside that would
/// otherwise end the workflow. `retry` and `continue` are about the whole, so the whole becomes the one branch of a
/// parallel step; and so does a limited step that is retried, since its deadline is noted before it begins.
pub(crate) fn settle(steps: &mut [Step]) {
    for step in steps {
        name_last_result(step);
        // Inner ones first: one that has become a parallel step then has a policy like any other.
        for inside in step.blocks_mut() {
            settle(inside);
        }
        if is_choice(step) {
            match step.on_error {
                OnError::Fail => {}
                OnError::Rollback => step.blocks_mut().into_iter().for_each(|inside| roll_back(inside)),
                OnError::Retry | OnError::Continue => enclose(step),
            }
        } else if is_limited_try(step) || is_tolerated_agent(step) {
            enclose(step);
        }
    }
}

/// Whether the step holds others, has a limit of time, and may be tried again.
fn is_limited_try(step: &Step) -> bool {
    let retried = step.retry.is_some() || step.on_error == OnError::Retry;
    retried && step.timeout_seconds.is_some() && !step.blocks().is_empty()
}

/// Whether the step is an agent with a time limit, after which the workflow continues: a `Choice` that finds the time over cannot.
fn is_tolerated_agent(step: &Step) -> bool {
    let is_agent = matches!(step.kind, StepKind::Agent(_));
    is_agent && step.timeout_seconds.is_some() && step.on_error == OnError::Continue
}

fn is_choice(step: &Step) -> bool {
    matches!(step.kind, StepKind::Loop(_) | StepKind::Switch(_))
}

fn roll_back(steps: &mut [Step]) {
    for step in steps {
        match step.on_error {
            OnError::Fail => {
                step.on_error = OnError::Rollback;
                if is_choice(step) {
                    step.blocks_mut().into_iter().for_each(|inside| roll_back(inside));
                }
            }
            // Its retries belong to it; what it does once they are used up does not.
            OnError::Retry => {
                step.retry.get_or_insert_default();
                step.on_error = OnError::Rollback;
            }
            OnError::Continue | OnError::Rollback => {}
        }
    }
}

fn enclose(step: &mut Step) {
    let part = match step.kind {
        StepKind::Loop(_) => "rounds",
        StepKind::Switch(_) => "cases",
        StepKind::Agent(_) => "work",
        _ => "try",
    };
    let mut inner = step.clone();
    inner.name.value = format!("{}_{part}", step.name.value);
    inner.when = None;
    inner.on_error = OnError::Fail;
    match step.kind {
        // The retries of an agent are those of its calls, for each of which a model may have been paid.
        StepKind::Agent(_) => step.retry = None,
        _ => inner.retry = None,
    }
    inner.implicit = true;
    let branch = Branch { name: Spanned::new(step.name.value.clone(), step.name.span), steps: vec![inner] };
    step.outputs = Vec::new();
    step.timeout_seconds = None;
    step.kind = StepKind::Parallel(Parallel { branches: vec![branch] });
}

/// An iteration returns the output of its last step. If that is a list of results and will be enclosed, it is named instead.
fn name_last_result(step: &mut Step) {
    let StepKind::Foreach(Foreach { steps, result: result @ None, .. }) = &mut step.kind else { return };
    let Some(last) = steps.last_mut() else { return };
    if matches!(last.kind, StepKind::Foreach(_)) && is_limited_try(last) {
        let span = last.name.span;
        let variable = format!("{}_results", last.name.value);
        last.outputs
            .push((Spanned::new("results".to_owned(), span), Spanned::new(vec![variable.clone()], span)));
        let part = Part::Expression(Spanned::new(variable, span));
        *result = Some(Given { span, form: Form::Text(vec![part]) });
    }
}
