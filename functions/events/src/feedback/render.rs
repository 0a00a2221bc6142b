//! The progress comment's text, derived only from the records.

use crate::reason::{absent, title};
use control::{Forecast, meant_as_text};
use domain::execution::Outcome;
use domain::text::{TextLimit, cut, cut_line, literal};
use jiff::{SignedDuration, Timestamp};
use providers::PullRequestWords;
use records::{CostTotal, ExecutionRecord, ExecutionView, ShownStep, StepStatus};
use std::fmt::Write;

/// The longest reason that is shown, in characters; `status` shows all of it.
const REASON_LIMIT: TextLimit = TextLimit::characters(2_000);

/// The maximum number of steps listed: comments have a size limit, but workflows with loops do not.
const STEPS_LIMIT: usize = 60;

/// A pull request that an execution opened or used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullRequestLink {
    /// What the code host calls it.
    pub(crate) words: PullRequestWords,
    pub(crate) number: u64,
    pub(crate) url: String,
}

/// The comment in Markdown, in the words of the project's code host. Independent of the current time, so that the same records always give the same comment.
pub(crate) fn render(
    view: &ExecutionView,
    words: PullRequestWords,
    pull_request: Option<&PullRequestLink>,
    in_line: bool,
    forecast: Option<Forecast>,
) -> String {
    let execution = &view.execution;
    let mut text = headline(view, words, in_line);
    text.push_str("\n\n");
    let steps = view.shown_steps();
    let hidden = steps.len().saturating_sub(STEPS_LIMIT);
    if hidden > 0 {
        let _ = writeln!(text, "- … {hidden} earlier steps");
    }
    for step in steps.iter().skip(hidden) {
        let _ = writeln!(text, "- {}", step_line(step, words, execution.cause.is_some()));
    }
    if !steps.is_empty() {
        text.push('\n');
    }
    if let Some(pull_request) = pull_request {
        let PullRequestLink { words: PullRequestWords { term, sign }, number, url } = pull_request;
        let _ = writeln!(text, "**{term}:** [{sign}{number}]({url})\n");
    }
    if let Some(continued) = &execution.continues {
        let _ = writeln!(text, "▶️ It continues `{continued}`; completed steps are not repeated.\n");
    }
    if let Some(by) = &execution.continued_by {
        let _ = writeln!(text, "▶️ It is continued by `{by}`.\n");
    }
    if let Some(by) = &execution.undone_by {
        let _ = writeln!(text, "↩️ Its effects were undone by `{by}`.\n");
    }
    if let Some(cause) = execution.cause.as_ref().or(execution.question.as_ref()) {
        for line in cut(cause, REASON_LIMIT, "…").lines() {
            let _ = writeln!(text, "> {}", literal(line));
        }
        text.push('\n');
    }
    if let Some(forecast) = forecast {
        let _ = writeln!(text, "💰 For comparison: {forecast}.\n");
    }
    text.push_str(&footer(view));
    text
}

/// What a chat is told in place of the comment if the ticket of a command does not exist: why nothing was done, as a refused command is told.
pub(crate) fn refused(execution: &ExecutionRecord) -> String {
    let cause = execution.cause.as_deref().unwrap_or("the ticket does not exist");
    let advice = meant_as_text(&execution.workflow, &execution.input.inputs);
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("⛔ {}{advice}\n\n`{}`", literal(&cut_line(cause, REASON_LIMIT)), execution.name)
}

fn headline(view: &ExecutionView, words: PullRequestWords, in_line: bool) -> String {
    let execution = &view.execution;
    let title = |name: &str| title(name, &words.name());
    let workflow = title(&execution.workflow);
    let about =
        execution.task_id.as_deref().map(|task_id| format!(" on {}", literal(task_id))).unwrap_or_default();
    let steps = view.shown_steps();
    let failed = steps.iter().rfind(|shown| shown.step.status == StepStatus::Failed);
    let at = failed.map(|shown| format!(" at *{}*", title(&shown.step.state))).unwrap_or_default();
    match execution.outcome {
        Outcome::Pending if in_line => {
            format!("🕓 **{workflow}**{about} waits in line; it starts when running executions end")
        }
        Outcome::Pending | Outcome::Running => format!("👀 **{workflow}** is at work{about}"),
        Outcome::Waiting => format!("⏸️ **{workflow}**{about} is parked"),
        Outcome::Succeeded => match absent(execution.output.as_ref(), words) {
            Some(what) => format!("⏹️ **{workflow}**{about} ended without a {what}"),
            None => format!("✅ **{workflow}**{about} is done"),
        },
        Outcome::Failed => format!("❌ **{workflow}**{about} failed{at}"),
        Outcome::RolledBack => format!("↩️ **{workflow}**{about} failed{at}, and what it did was taken back"),
        Outcome::Stopped => format!("🛑 **{workflow}**{about} was stopped"),
    }
}

fn step_line(shown: &ShownStep, words: PullRequestWords, reason_follows: bool) -> String {
    let ShownStep { step, cost, turns } = shown;
    let symbol = match step.status {
        StepStatus::Running => "⏳",
        StepStatus::Succeeded => "✅",
        StepStatus::Failed => "❌",
        StepStatus::Skipped => "⏭️",
    };
    let mut line = format!("{symbol} {}", title(&step.state, &words.name()));
    if let Some(ended_at) = step.ended_at.filter(|_| step.status != StepStatus::Skipped) {
        let _ = write!(line, " · {}", duration(step.started_at, ended_at));
    }
    match turns {
        None | Some(0) => {}
        Some(1) => line.push_str(" · 1 turn"),
        Some(turns) => {
            let _ = write!(line, " · {turns} turns");
        }
    }
    if *cost != CostTotal::default() {
        let _ = write!(line, " · {}", cost.booked());
    }
    if step.attempts > 1 {
        let _ = write!(line, " · tried {} times", step.attempts);
    }
    match (&step.cause, step.status) {
        (Some(cause), StepStatus::Skipped) => {
            let _ = write!(line, " · skipped: {}", literal(cause.lines().next().unwrap_or_default()));
        }
        (None, StepStatus::Skipped) => line.push_str(" · skipped"),
        // The execution's end shows the whole reason; until then, or when the execution continues, the step shows it.
        (Some(cause), StepStatus::Failed) if !reason_follows => {
            let _ = write!(line, " · {}", literal(cause.lines().next().unwrap_or_default()));
        }
        // The result of a wait, such as who approved it.
        (Some(note), StepStatus::Succeeded) => {
            let _ = write!(line, " · {}", literal(note.lines().next().unwrap_or_default()));
        }
        _ => {}
    }
    line
}

fn footer(view: &ExecutionView) -> String {
    let execution = &view.execution;
    let total = view.cost();
    let mut footer = match execution.ended_at {
        Some(ended_at) => {
            format!("Cost {} · took {}", total.booked(), duration(execution.begun_at, ended_at))
        }
        None => format!("Cost so far {}", total.booked()),
    };
    match total.unknown_calls {
        0 => {}
        1 => footer.push_str(" (including a call of unknown price at its worst case)"),
        calls => {
            let _ = write!(footer, " (including {calls} calls of unknown price at their worst case)");
        }
    }
    let _ = write!(footer, " · `{}`", execution.name);
    footer
}

/// `0.4 s`, `12 s`, `2m 13s`, `1h 5m`.
fn duration(from: Timestamp, to: Timestamp) -> String {
    let took = to.duration_since(from);
    let seconds = took.as_secs().max(0);
    if seconds < 10 {
        return format!("{:.1} s", took.as_secs_f64().max(0.0));
    }
    if seconds < 60 {
        return format!("{seconds} s");
    }
    // From an hour on, seconds are noise.
    let shown = if seconds < 3600 { seconds } else { seconds - seconds % 60 };
    format!("{:#}", SignedDuration::from_secs(shown))
}

#[cfg(test)]
mod tests;
