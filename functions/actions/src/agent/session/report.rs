//! The outputs of a session's actions: its state and its result.

use super::work::Session;
use crate::artifacts::{AgentOutcome, AgentQuestion, AgentResult, Implementation, Next};
use domain::{ActionError, Stored};
use edits::{Edits, Finish, Outcome};
use records::SessionPhase;
use serde::Serialize;

/// Where a session is, as its actions give it to the steps of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The session's id.
    pub session: String,
    /// What the session needs next.
    pub next: Next,
    /// How many replies the model has given.
    pub turn: u32,
    /// The question to people, if any.
    pub question: Option<AgentQuestion>,
    /// The agent's result, once it has one.
    pub result: Option<AgentResult>,
    /// The session's cost, in dollars.
    pub cost_usd: f64,
}

impl Report {
    pub(super) fn of(session: &Session<'_>) -> Self {
        let (head, state) = (&session.head, &session.state);
        let next = match head.phase {
            SessionPhase::Think => Next::Think,
            SessionPhase::Tools => Next::RunTools,
            SessionPhase::Ask => Next::Ask,
            SessionPhase::Load => Next::Load,
            SessionPhase::Check => Next::Check,
            SessionPhase::Done => Next::Done,
        };
        // Not part of a stored result: those of earlier versions have none.
        let branch = head.branch.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            session: head.id.clone(),
            next,
            turn: head.turns_in_round(),
            question: state.question.clone().filter(|_| next == Next::Ask),
            result: state
                .result
                .clone()
                .filter(|_| next == Next::Done)
                .map(|result| AgentResult { branch, ..result }),
            cost_usd: head.spent_in_round().as_usd(),
        }
    }
}

impl Session<'_> {
    /// The agent's result in its own words, with its edits.
    pub(super) async fn result(
        &self,
        finish: Finish,
        edits: Option<Edits>,
    ) -> Result<AgentResult, ActionError> {
        let outcome = match finish.outcome {
            Outcome::Done => AgentOutcome::Done,
            Outcome::NothingToDo => AgentOutcome::NothingToDo,
            Outcome::Blocked => AgentOutcome::Blocked,
        };
        let implementation =
            match edits.filter(|edits| outcome == AgentOutcome::Done && !edits.files.is_empty()) {
                Some(edits) => {
                    let files = edits.files.iter().map(|file| file.path.clone()).collect();
                    let stored = self.store(&edits).await?;
                    Some(Implementation {
                        summary: finish.summary.clone(),
                        pr_title: finish.pr_title.clone(),
                        pr_description: finish.pr_description.clone(),
                        documentation: finish.pr_description.clone(),
                        commit_message: finish.commit_message.clone(),
                        files,
                        edits: stored,
                        session: Some(self.head.id.clone()),
                    })
                }
                None => None,
            };
        let plan = match &self.state.workspace.proposal {
            Some(plan) if outcome == AgentOutcome::Done => Some(self.store(plan).await?),
            _ => None,
        };
        let review = &self.state.workspace.review;
        let review = match review.is_empty() {
            true => None,
            false => Some(self.store(review).await?),
        };
        Ok(AgentResult {
            outcome,
            summary: finish.summary,
            pr_title: finish.pr_title,
            pr_description: finish.pr_description,
            commit_message: finish.commit_message,
            tests: finish.tests,
            open_points: finish.open_points,
            implementation,
            plan,
            review,
            branch: String::new(),
        })
    }
    /// Stores a part of the result that is too large for the state of an execution.
    async fn store<T: Serialize>(&self, value: &T) -> Result<Stored<T>, ActionError> {
        let context = self.context;
        Ok(context.table().store(&context.scope().execution, value, context.clock().now()).await?)
    }
}
