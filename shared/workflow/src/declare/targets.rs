//! The variables that one step sets.

use crate::model::{OnError, Step, StepKind};
use crate::source::Span;

/// The variables that a step itself sets: their roots, and where they are written.
pub(crate) fn own_targets(step: &Step) -> Vec<(&str, Span)> {
    let mut targets: Vec<(&str, Span)> =
        step.outputs.iter().map(|(_, target)| (target.value[0].as_str(), target.span)).collect();
    if let StepKind::Set(variables) = &step.kind {
        targets.extend(
            variables.iter().map(|(path, _)| (path.value.split('.').next().unwrap_or_default(), path.span)),
        );
    }
    targets
}

/// The variable that says how a tolerated step failed: `notify_error` for the step `notify`.
pub(crate) fn error_variable(step: &Step) -> Option<String> {
    (step.on_error == OnError::Continue).then(|| format!("{}_error", step.name.value))
}
