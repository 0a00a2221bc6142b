//! Tells programs that follow an execution what happened in it: frames, numbered one by one.
//!
//! The table's stream says only that something changed, and may say it twice or late. What is told is therefore decided by comparing what is
//! there with what was seen when the last frame was told; both are written in one transaction, so that every change is told once, by
//! whoever notices it first. What came and went unnoticed between two looks is not told.

use crate::handle::Events;
use domain::ActionError;
use domain::execution::Outcome;
use records::{ExecutionView, NewFrame, SessionHead, SessionPhase, StepRecord, StepStatus, Topic, Waiter};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How often it is begun anew because somebody else told more at the same moment.
const ROUNDS: usize = 5;

/// The largest output of a step that is told, in bytes of JSON.
const RESULT_LIMIT: usize = 4 * 1024;

/// The part that is seen when the execution has ended.
const ENDED: &str = "ended";

/// What there is of an execution.
struct Present {
    view: ExecutionView,
    questions: Vec<Waiter>,
    agents: Vec<SessionHead>,
    /// What steps returned that changed something outside, by their states.
    results: BTreeMap<String, Value>,
}

impl Events {
    /// Tells what happened in the execution whose people are asked under a topic; nothing under other topics.
    ///
    /// # Errors
    /// As [`Events::tell_news`].
    pub(crate) async fn tell_of(&self, topic: &str) -> Result<(), ActionError> {
        match topic.strip_prefix("approval/") {
            Some(execution) => self.tell_news(execution).await,
            None => Ok(()),
        }
    }

    /// Tells what happened in an execution since it was last told.
    ///
    /// # Errors
    /// When the records do not answer; the same call then tells it later.
    pub(crate) async fn tell_news(&self, execution: &str) -> Result<(), ActionError> {
        for _ in 0..ROUNDS {
            let told = self.table.told(execution).await?;
            // The end is the last frame.
            if told.seen.contains_key(ENDED) {
                return Ok(());
            }
            let Some(view) = self.table.execution_view(execution).await? else { return Ok(()) };
            let present = self.present(view, &told.seen).await?;
            let mut seen = told.seen.clone();
            let frames = present.news(&mut seen);
            if frames.is_empty() || self.table.tell(execution, told, seen, &frames, self.clock.now()).await? {
                return Ok(());
            }
        }
        Err(ActionError::internal("others keep telling what happens in the execution; this is tried again"))
    }

    /// What there is of an execution, besides what its record says: it is looked at with every change, so only what may be news is read.
    async fn present(
        &self,
        view: ExecutionView,
        seen: &BTreeMap<String, String>,
    ) -> Result<Present, ActionError> {
        let has_news = view.steps.iter().any(|step| {
            step.status == StepStatus::Succeeded && seen.get(&part_of(step)) != Some(&state_of(step))
        });
        let journal = match view.execution.run().filter(|_| has_news) {
            Some(run) => self.table.journal_of(run).await?,
            None => Vec::new(),
        };
        let mut results = BTreeMap::new();
        for effect in journal {
            let state =
                effect.key.strip_prefix(&effect.run).unwrap_or_default().trim_start_matches([':', '/']);
            let step = view.steps.iter().find(|step| step.state == state);
            if step.is_some_and(|step| seen.get(&part_of(step)) != Some(&state_of(step))) {
                let done = self.table.effect_output(&effect.run, &effect.key).await?;
                results.extend(done.and_then(|done| Some((state.to_owned(), done.output?))));
            }
        }
        let questions = match view.asks {
            true => self.table.waiters(&Topic::Approval(view.execution.name.clone())).await?,
            false => Vec::new(),
        };
        let mut agents = Vec::new();
        // A session changes with a step of its execution.
        for link in view.sessions.iter().filter(|_| has_news || view.execution.outcome.is_final()) {
            agents.extend(self.table.session(&link.session).await?);
        }
        Ok(Present { view, questions, agents, results })
    }
}

fn part_of(step: &StepRecord) -> String {
    format!("step {}", step.state)
}

fn state_of(step: &StepRecord) -> String {
    format!("{} {}", step.attempts, step.status)
}

impl Present {
    /// What is not in `seen` yet, which then has it.
    fn news(&self, seen: &mut BTreeMap<String, String>) -> Vec<NewFrame> {
        let mut frames = Vec::new();
        let mut tell = |part: String, now: String, frame: Option<NewFrame>| {
            if seen.get(&part) != Some(&now) {
                seen.insert(part, now);
                frames.extend(frame);
            }
        };
        let execution = &self.view.execution;
        let name = &execution.name;
        if execution.outcome != Outcome::Pending {
            let data = json!({
                "execution": name,
                "workflow": execution.workflow,
                "project": execution.project,
                "task_id": execution.task_id,
            });
            tell("started".to_owned(), String::new(), Some(NewFrame { event: "execution.started", data }));
        }
        for head in &self.agents {
            tell(format!("agent {}", head.id), agent_state(head), Some(agent_frame(head)));
        }
        for step in &self.view.steps {
            let status = match step.status {
                StepStatus::Running => continue,
                StepStatus::Succeeded => "completed",
                StepStatus::Failed => "failed",
                StepStatus::Skipped => "skipped",
            };
            let data = json!({
                "workflow_id": name,
                "step_name": step.state,
                "status": status,
                "result": self.result_of(&step.state),
            });
            let frame = NewFrame { event: "workflow.step_completed", data };
            tell(part_of(step), state_of(step), Some(frame));
        }
        for waiter in &self.questions {
            let asked = json!({
                "execution": name,
                "question": waiter.question,
                "approvers": waiter.approvers,
                "since": waiter.since,
            });
            let part = format!("question {}", waiter.key);
            tell(
                part.clone(),
                "asked".to_owned(),
                Some(NewFrame { event: "approval.requested", data: asked }),
            );
            if let Some(answer) = &waiter.answer {
                let data = json!({
                    "execution": name,
                    "question": waiter.question,
                    "approved": answer.approved,
                    "by": answer.by,
                });
                let frame = NewFrame { event: "approval.answered", data };
                tell(format!("{part} answer"), "answered".to_owned(), Some(frame));
            }
        }
        if execution.outcome.is_final() {
            let data = json!({
                "execution": name,
                "outcome": execution.outcome,
                "error": execution.error,
                "cause": execution.cause,
            });
            tell(ENDED.to_owned(), String::new(), Some(NewFrame { event: "execution.ended", data }));
        }
        frames
    }

    /// What a step returned, as far as the journal has it: secrets are in no record.
    fn result_of(&self, state: &str) -> Value {
        let output = self.results.get(state);
        let Some(output) = output else { return json!({}) };
        let text = output.to_string();
        match text.len() <= RESULT_LIMIT {
            true => output.clone(),
            false => json!({ "cut": text.chars().take(RESULT_LIMIT / 4).collect::<String>() }),
        }
    }
}

fn agent_state(head: &SessionHead) -> String {
    format!("{} {} {}", head.turn, phase(head.phase).0, head.plan_done)
}

fn agent_frame(head: &SessionHead) -> NewFrame {
    let progress = match head.plan_items {
        0 => 0.0,
        items => f64::from(head.plan_done.min(items)) / f64::from(items),
    };
    let (status, words) = phase(head.phase);
    let data = json!({
        "agent_id": head.id,
        "task_id": head.task_id,
        "status": status,
        "progress": progress,
        "message": format!("{} {words} (turn {})", head.agent, head.turn),
    });
    NewFrame { event: "agent.status_update", data }
}

fn phase(phase: SessionPhase) -> (&'static str, &'static str) {
    match phase {
        SessionPhase::Think => ("thinking", "is thinking"),
        SessionPhase::Tools => ("working", "is working"),
        SessionPhase::Ask => ("asking", "asks a person"),
        SessionPhase::Load => ("loading", "reads files"),
        SessionPhase::Check => ("checking", "runs the project's checks"),
        SessionPhase::Done => ("done", "is done"),
    }
}
