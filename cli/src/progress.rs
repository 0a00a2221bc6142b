//! Follows one execution from its records: a tree of steps on a terminal, otherwise a line per change, and the activity of its agents.

mod agents;

use crate::exit::{Exit, Outcome};
use agents::{Agents, News};
use domain::MicroUsd;
use domain::text::printable;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionView, SessionPhase, ShownStep, StepStatus, Table};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

/// How often the records are read.
const INTERVAL: Duration = Duration::from_millis(150);

/// One step in `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct StepJson {
    name: String,
    status: &'static str,
    duration_ms: Option<i64>,
    cost_usd: f64,
}

/// The steps for `--json`.
pub(crate) fn steps_json(view: &ExecutionView) -> Vec<StepJson> {
    view.steps
        .iter()
        .map(|step| StepJson {
            name: step.state.clone(),
            status: step.status.as_str(),
            duration_ms: step.ended_at.map(|end| milliseconds(step.started_at, end)),
            cost_usd: view.cost_of_step(&step.state).booked().as_usd(),
        })
        .collect()
}

/// None where the clock was set back meanwhile.
fn milliseconds(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX).max(0)
}

/// How long an execution took, or has taken so far.
pub(crate) fn duration(view: &ExecutionView, now: Timestamp) -> SignedDuration {
    view.execution.ended_at.unwrap_or(now).duration_since(view.execution.begun_at)
}

/// Seconds with one decimal; minutes and seconds from two minutes.
pub(crate) fn human_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs_f64().max(0.0);
    if seconds < 120.0 {
        format!("{seconds:.1}s")
    } else {
        let seconds = seconds.round();
        format!("{:.0}m{:02.0}s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// One line for a step: state, name, duration, an agent's turns, cost.
pub(crate) fn step_line(shown: &ShownStep, now: Timestamp) -> String {
    let (step, cost) = (&shown.step, shown.cost.booked());
    let sign = match step.status {
        StepStatus::Running => "…",
        StepStatus::Succeeded => "✓",
        StepStatus::Failed => "✗",
        StepStatus::Skipped => "–",
    };
    let duration = human_duration(step.ended_at.unwrap_or(now).duration_since(step.started_at));
    let mut line = format!("{sign} {:<30} {duration:>8}", step.state);
    if let Some(turns) = shown.turns.filter(|turns| *turns > 0) {
        line.push_str(&format!("  {turns} {}", if turns == 1 { "turn" } else { "turns" }));
    }
    if cost > MicroUsd::ZERO {
        line.push_str(&format!("  {cost}"));
    }
    if step.attempts > 1 {
        line.push_str(&format!("  attempt {}", step.attempts));
    }
    if let (StepStatus::Failed | StepStatus::Skipped, Some(cause)) = (step.status, &step.cause) {
        line.push_str(&format!("  {cause}"));
    }
    line
}

/// Shows the execution's progress on standard error until it ends.
///
/// # Errors
/// Unreachable when the table stops answering or the execution does not end within `limit`.
pub(crate) async fn follow(table: &Table, name: &str, limit: Duration) -> Outcome<ExecutionView> {
    let mut screen: Box<dyn Screen> =
        if std::io::stderr().is_terminal() { Box::new(Tree::new()) } else { Box::new(Lines::default()) };
    let mut agents = Agents::default();
    let watched = async {
        let mut tick = tokio::time::interval(INTERVAL);
        loop {
            tick.tick().await;
            if let Some(view) = table.execution_view(name).await.map_err(Exit::unreachable)? {
                // Before the steps: an agent's work precedes the next step.
                for news in agents.news(table, name).await? {
                    screen.hear(&news);
                }
                screen.show(&view);
                if view.execution.outcome.is_final() {
                    return Ok(view);
                }
            }
        }
    };
    match tokio::time::timeout(limit, watched).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Exit::unreachable(format!(
            "{name} is still running after {} s; see `ticketsmith status {name}`",
            limit.as_secs()
        ))),
    }
}

/// Waits until an agent of an execution asks people something: the question.
///
/// # Errors
/// Unreachable when the table stops answering.
pub(crate) async fn asks(table: &Table, execution: &str) -> Outcome<String> {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        if let Some(question) = asked(table, execution).await? {
            return Ok(question);
        }
    }
}

/// The question that an agent of an execution asks people, if one does.
///
/// # Errors
/// Unreachable when the table does not answer.
pub(crate) async fn asked(table: &Table, execution: &str) -> Outcome<Option<String>> {
    for link in table.sessions_of(execution).await.map_err(Exit::unreachable)? {
        let head = table.session(&link.session).await.map_err(Exit::unreachable)?;
        if head.is_some_and(|head| head.phase == SessionPhase::Ask) {
            let state = table.session_state(&link.session).await.map_err(Exit::unreachable)?;
            let state: Value = serde_json::from_slice(&state).map_err(Exit::unreachable)?;
            return Ok(Some(state["question"]["text"].as_str().unwrap_or_default().to_owned()));
        }
    }
    Ok(None)
}

trait Screen: Send {
    fn show(&mut self, view: &ExecutionView);

    fn hear(&mut self, news: &News);
}

/// A line per change, for logs and pipes.
#[derive(Default)]
struct Lines {
    shown: BTreeMap<String, (StepStatus, u32)>,
}

impl Screen for Lines {
    fn show(&mut self, view: &ExecutionView) {
        let now = Timestamp::now();
        for shown in view.shown_steps() {
            let state = (shown.step.status, shown.step.attempts);
            if self.shown.get(&shown.step.state) != Some(&state) {
                eprintln!("{}", step_line(&shown, now));
                self.shown.insert(shown.step.state, state);
            }
        }
    }

    fn hear(&mut self, news: &News) {
        news.lines.iter().chain(&news.summary).for_each(|line| eprintln!("  {line}"));
    }
}

/// A tree of steps that is redrawn in place. It writes to the terminal itself, so texts are made [`printable`] here.
struct Tree {
    all: MultiProgress,
    head: ProgressBar,
    /// Of steps and of agents' sessions, by name.
    steps: BTreeMap<String, ProgressBar>,
}

impl Tree {
    fn new() -> Self {
        let all = MultiProgress::new();
        let head = all.add(ProgressBar::new_spinner());
        head.enable_steady_tick(Duration::from_millis(100));
        Self { all, head, steps: BTreeMap::new() }
    }

    fn bar(&mut self, name: &str) -> &ProgressBar {
        self.steps.entry(name.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("  {msg}") {
                bar.set_style(style);
            }
            bar
        })
    }
}

impl Screen for Tree {
    fn show(&mut self, view: &ExecutionView) {
        let now = Timestamp::now();
        let execution = &view.execution;
        self.head.set_message(printable(&format!(
            "{} · {} · {} · {}",
            execution.task_id.as_deref().unwrap_or(&execution.name),
            execution.outcome,
            human_duration(duration(view, now)),
            view.cost().booked()
        )));
        for shown in view.shown_steps() {
            self.bar(&shown.step.state).set_message(printable(&step_line(&shown, now)));
        }
        if execution.outcome.is_final() {
            self.steps.values().for_each(ProgressBar::abandon);
            self.head.abandon();
        }
    }

    fn hear(&mut self, news: &News) {
        for line in &news.lines {
            // The work continues even if a line cannot be shown.
            let _unseen = self.all.println(printable(line));
        }
        if let Some(summary) = &news.summary {
            self.bar(&news.session).set_message(printable(&format!("    {summary}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_less_than_no_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = |to| milliseconds(at("2026-06-15T12:00:00Z"), at(to));
        assert_eq!((until("2026-06-15T12:00:01.5Z"), until("2026-06-15T11:00:00Z")), (1_500, 0));
    }

    #[test]
    fn a_minute_has_no_sixtieth_second() {
        for (millis, expected) in
            [(-5, "0.0s"), (1_300, "1.3s"), (120_000, "2m00s"), (179_400, "2m59s"), (179_600, "3m00s")]
        {
            assert_eq!(human_duration(SignedDuration::from_millis(millis)), expected, "{millis}");
        }
    }
}
