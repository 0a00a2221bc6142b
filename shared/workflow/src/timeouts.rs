//! Limits of time that a limit further out makes pointless.

use crate::diagnostic::Problems;
use crate::model::{Form, Step, StepKind, Wait};
use crate::source::Span;
use jiff::SignedDuration;

/// Warns of every step that may take longer than a step around it.
pub(crate) fn check(steps: &[Step], problems: &mut Problems<'_>) {
    check_within(steps, None, problems);
}

/// The shortest limit around a step.
#[derive(Clone, Copy)]
struct Around<'w> {
    step: &'w Step,
    seconds: u64,
}

fn check_within<'w>(steps: &'w [Step], around: Option<Around<'w>>, problems: &mut Problems<'_>) {
    for step in steps {
        let own = own_limit(step);
        if let (Some((seconds, span)), Some(around)) = (own, around)
            && seconds > around.seconds
        {
            let (name, holder) = (&step.name.value, &around.step.name.value);
            let (own, limit) = (duration(seconds), duration(around.seconds));
            problems
                .warning(span, format!("`{name}` may take {own}, but `{holder}` around it only {limit}"))
                .help(format!(
                    "the `timeout` of `{holder}`, in line {}, ends everything inside it",
                    around.step.line
                ));
        }
        let within = match &step.timeout_seconds {
            Some(given) if around.is_none_or(|around| given.value < around.seconds) => {
                Some(Around { step, seconds: given.value })
            }
            _ => around,
        };
        for (_, inside) in step.blocks() {
            check_within(inside, within, problems);
        }
    }
}

/// A step's own time limit, and its place.
fn own_limit(step: &Step) -> Option<(u64, Span)> {
    if let StepKind::Wait(Wait::For(given)) = &step.kind
        && let Form::Literal(seconds) = &given.form
    {
        return Some((seconds.as_u64()?, given.span));
    }
    step.timeout_seconds.as_ref().map(|given| (given.value, given.span))
}

/// As people write it: `1h 30m`.
fn duration(seconds: u64) -> String {
    format!("{:#}", SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}
