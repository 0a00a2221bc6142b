//! What `on_error` means for loops and switches: they become `Choice` states, which nothing can catch an error of.

use crate::model::{Branch, OnError, Parallel, Step, StepKind};
use crate::source::Spanned;

/// Gives the policy of a loop or switch to something that can have one. `rollback` passes to the steps inside that would
/// otherwise end the workflow. `retry` and `continue` are about the whole, so the whole becomes the one branch of a
/// parallel step.
pub(crate) fn settle(steps: &mut [Step]) {
    for step in steps {
        // The inner ones first: what has become a parallel step then has a policy like any other.
        for inside in step.blocks_mut() {
            settle(inside);
        }
        if is_choice(step) {
            match step.on_error {
                OnError::Fail => {}
                OnError::Rollback => step.blocks_mut().into_iter().for_each(|inside| roll_back(inside)),
                OnError::Retry | OnError::Continue => enclose(step),
            }
        }
    }
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
            // Its retries are its own; what it does when they are used up is not.
            OnError::Retry => {
                step.retry.get_or_insert_default();
                step.on_error = OnError::Rollback;
            }
            OnError::Continue | OnError::Rollback => {}
        }
    }
}

fn enclose(step: &mut Step) {
    let part = if matches!(step.kind, StepKind::Loop(_)) { "rounds" } else { "cases" };
    let mut inner = step.clone();
    inner.name.value = format!("{}_{part}", step.name.value);
    inner.when = None;
    inner.on_error = OnError::Fail;
    inner.retry = None;
    inner.implicit = true;
    let branch = Branch { name: Spanned::new(step.name.value.clone(), step.name.span), steps: vec![inner] };
    step.outputs = Vec::new();
    step.kind = StepKind::Parallel(Parallel { branches: vec![branch] });
}
