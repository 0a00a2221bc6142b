//! Reports the events of an execution to programs that follow it: frames, numbered one by one.
//!
//! The table's stream says only that something changed, and may say it twice or late. So frames are decided by comparing the current
//! state with the state at the last frame; both are written in one transaction, so that every change is reported once, by
//! whichever invocation notices it first. Changes that come and go between two looks are not reported.

use crate::handle::Events;
use crate::look::Look;
use domain::ActionError;
use domain::execution::Outcome;
use records::{
    EffectRecord, EffectStatus, ExecutionView, NewFrame, SessionHead, SessionPhase, StepRecord, StepStatus,
    Topic, Waiter,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How often to start over because another invocation reported more at the same moment.
const ROUNDS: usize = 5;

/// The largest reported output of a step, in bytes of JSON.
const RESULT_LIMIT: usize = 4 * 1024;

/// How many steps of an execution are reported. The last seen state of each is in one item of the table, which is written again with every frame; for
/// an execution with more steps, people and programs learn the rest from its record.
const MOST_STEPS: usize = 1_000;

/// The prefix of the names of parts that are steps.
const STEP: &str = "step ";

/// The part that is seen when the execution has ended.
const ENDED: &str = "ended";

/// What there is of an execution.
struct Present<'a> {
    view: &'a ExecutionView,
    questions: Vec<Waiter>,
    agents: Vec<SessionHead>,
    /// What steps returned that changed something outside, by their states.
    results: BTreeMap<String, Value>,
}

impl Events {
    /// Reports the events of the execution whose people are asked under a topic; nothing for other topics.
    ///
    /// # Errors
    /// As [`Events::tell_news`].
    pub(crate) async fn tell_of(&self, topic: &str) -> Result<(), ActionError> {
        match Topic::asking(topic) {
            Some(execution) => self.tell_news(execution, None).await,
            None => Ok(()),
        }
    }

    /// Reports the events of an execution since the last report, using a given look at it, if any.
    ///
    /// # Errors
    /// If the records do not answer; the same call then reports them later.
    pub(crate) async fn tell_news(&self, execution: &str, look: Option<&Look>) -> Result<(), ActionError> {
        let mut taken = look;
        for _ in 0..ROUNDS {
            let anew;
            let look = match taken.take() {
                Some(look) => look,
                None => {
                    anew = Look::take(&self.table, execution, self.clock.now()).await?;
                    let Some(look) = &anew else { return Ok(()) };
                    look
                }
            };
            let told = look.told.clone();
            // The end is the last frame.
            if told.seen.contains_key(ENDED) {
                return Ok(());
            }
            let present = self.present(look).await?;
            let mut seen = told.seen.clone();
            let frames = present.news(&mut seen);
            if frames.is_empty() || self.table.tell(execution, told, seen, &frames, self.clock.now()).await? {
                return Ok(());
            }
        }
        Err(ActionError::internal("others keep recording events of the execution; this is retried"))
    }

    /// Tells one thing that happened in an execution, once by the name of its part; nothing after the execution's end, which is its last frame.
    ///
    /// # Errors
    /// As [`Events::tell_news`].
    pub(crate) async fn tell_one(
        &self,
        execution: &str,
        part: String,
        frame: NewFrame,
    ) -> Result<(), ActionError> {
        let frames = [frame];
        for _ in 0..ROUNDS {
            let told = self.table.told(execution).await?;
            if told.seen.contains_key(ENDED) || told.seen.contains_key(&part) {
                return Ok(());
            }
            let mut seen = told.seen.clone();
            seen.insert(part.clone(), String::new());
            if self.table.tell(execution, told, seen, &frames, self.clock.now()).await? {
                return Ok(());
            }
        }
        Err(ActionError::internal("others keep recording events of the execution; this is retried"))
    }

    /// An execution's parts apart from its record: it is read with every change, so only potential news is read.
    async fn present<'a>(&self, look: &'a Look) -> Result<Present<'a>, ActionError> {
        let (view, seen) = (&look.view, &look.told.seen);
        let news: BTreeSet<&str> = steps_to_tell(view, seen).map(|step| step.state.as_str()).collect();
        let has_news = view
            .steps
            .iter()
            .any(|step| step.status == StepStatus::Succeeded && news.contains(step.state.as_str()));
        let results = match view.execution.run().filter(|_| has_news) {
            // Others need it with the given data, too.
            Some(_) if look.made_something() => {
                let told = look.effects(&self.table).await?.iter().filter(|effect| {
                    effect.status == EffectStatus::Done && news.contains(state_of_effect(effect))
                });
                told.filter_map(|effect| Some((state_of_effect(effect).to_owned(), effect.output.clone()?)))
                    .collect()
            }
            Some(_) => self.results(look, &news).await?,
            None => BTreeMap::new(),
        };
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

    /// What these states of its run returned, by the journal. Outputs that did not come with it, because together they may be large, are read
    /// one by one.
    async fn results(
        &self,
        look: &Look,
        news: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Value>, ActionError> {
        let mut results = BTreeMap::new();
        for effect in look.journal(&self.table).await? {
            let state = state_of_effect(effect);
            if news.contains(state) {
                let output = match &effect.output {
                    Some(output) if effect.status == EffectStatus::Done => Some(output.clone()),
                    _ => {
                        let done = self.table.effect_output(&effect.run, &effect.key).await?;
                        done.and_then(|done| done.output)
                    }
                };
                results.extend(output.map(|output| (state.to_owned(), output)));
            }
        }
        Ok(results)
    }
}

/// The state whose effect it is.
fn state_of_effect(effect: &EffectRecord) -> &str {
    effect.key.strip_prefix(&effect.run).unwrap_or_default().trim_start_matches([':', '/'])
}

/// The steps with news: those that changed since the last report, and new ones while there are few enough.
fn steps_to_tell<'a>(
    view: &'a ExecutionView,
    seen: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a StepRecord> {
    let mut room = MOST_STEPS.saturating_sub(seen.keys().filter(|part| part.starts_with(STEP)).count());
    view.steps.iter().filter(move |step| match seen.get(&part_of(step)) {
        Some(told) => *told != state_of(step),
        None if step.status == StepStatus::Running || room == 0 => false,
        None => {
            room -= 1;
            true
        }
    })
}

fn part_of(step: &StepRecord) -> String {
    format!("{STEP}{}", step.state)
}

fn state_of(step: &StepRecord) -> String {
    format!("{} {}", step.attempts, step.status)
}

impl Present<'_> {
    /// The parts that are not in `seen` yet, which are added to it.
    fn news(&self, seen: &mut BTreeMap<String, String>) -> Vec<NewFrame> {
        let mut frames = Vec::new();
        let before = seen.clone();
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
        for step in steps_to_tell(self.view, &before) {
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

    /// A step's output, as far as the journal has it: secrets are in no record.
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

#[cfg(test)]
mod tests {
    use super::*;
    use records::ExecutionRecord;

    fn view(steps: usize, outcome: &str) -> ExecutionView {
        let execution: ExecutionRecord = serde_json::from_value(json!({
            "name": "e", "workflow": "development", "outcome": outcome, "trigger": "jira.labelled", "delivery": "1",
            "input": r#"{"inputs": {}, "event": {}}"#, "begun_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap();
        let step = |number: usize| -> StepRecord {
            serde_json::from_value(json!({
                "execution": "e", "state": format!("Say.{number}"), "action": "send_message", "status": "succeeded", "attempts": 1,
                "started_at": "2026-01-01T00:00:00Z",
            }))
            .unwrap()
        };
        ExecutionView {
            execution,
            steps: (0..steps).map(step).collect(),
            agent_executions: Vec::new(),
            costs: Vec::new(),
            sessions: Vec::new(),
            at_work: Vec::new(),
            asks: false,
            waits: false,
            reserves: false,
            progress: None,
        }
    }

    fn news(view: &ExecutionView, seen: &mut BTreeMap<String, String>) -> Vec<NewFrame> {
        let present = Present { view, questions: Vec::new(), agents: Vec::new(), results: BTreeMap::new() };
        present.news(seen)
    }

    #[test]
    fn of_very_many_steps_the_first_are_told_and_then_the_end() {
        let mut seen = BTreeMap::new();
        assert_eq!(news(&view(600, "running"), &mut seen).len(), 1 + 600);
        assert_eq!(news(&view(5_000, "running"), &mut seen).len(), MOST_STEPS - 600);
        assert!(steps_to_tell(&view(6_000, "running"), &seen).next().is_none());
        let last = news(&view(6_000, "succeeded"), &mut seen);
        assert_eq!(last.iter().map(|frame| frame.event).collect::<Vec<_>>(), ["execution.ended"]);
    }
}
