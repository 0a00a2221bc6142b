//! Model calls that are paid for once: reserved, made, settled, and replayed when a repeat sends the same request; and what sessions need to
//! know to make them.

use super::{AgentExecution, LEAST_TIME, LEAST_TIME_TO_REPLY};
use domain::plugins::{AiProvider, ModelReply, ModelRequest, NoReply};
use domain::{ActionError, MicroUsd};
use providers::Model;
use records::{PaidReply, QuestionId};
use std::sync::PoisonError;
use std::time::Duration;

impl AgentExecution {
    /// The reply to a request: one that was paid for before, or a new one that is reserved, requested and settled. `expected` is the maximum number of
    /// input tokens, if a better bound than its bytes is known. `None` if it may cost more than `room`.
    ///
    /// # Errors
    /// As [`AgentExecution::ask_text`], except for unusable replies.
    pub(super) async fn paid(
        &self,
        request: &ModelRequest,
        id: &QuestionId,
        expected: Option<u64>,
        room: Option<MicroUsd>,
        ask: impl AsyncFnOnce() -> Result<ModelReply, NoReply>,
    ) -> Result<Option<PaidReply>, ActionError> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        if let Some(paid) = self.table.paid_reply(id, &self.charge.execution).await? {
            tracing::info!("the model was asked the same before; its reply is replayed");
            self.count(paid.price);
            return Ok(Some(paid));
        }
        self.time_left(LEAST_TIME)?;
        let Some(reservation) = self.reserve(request, expected, room).await? else { return Ok(None) };
        let started_at = self.clock.now();
        let reply = match ask().await {
            Ok(reply) => reply,
            Err(failure) => return Err(self.settle_failure(&reservation, request, failure).await),
        };
        let price = self.settle(&reservation, request, id, &reply, started_at).await?;
        Ok(Some(PaidReply { reply, price }))
    }

    /// The same for a session of the agent with this name, whose costs are identified by their IDs.
    pub(super) fn in_session(mut self, name: &str, session: &str) -> Self {
        name.clone_into(&mut self.name);
        self.charge.invocation = format!("{session}-{}", self.charge.invocation);
        self
    }

    /// The same, asking another model, perhaps of another provider.
    pub(super) fn asking(self, model: Model) -> Self {
        let Model { provider, instance, name, max_output_tokens, context_window: _ } = model;
        Self { provider, instance, model: name, max_output_tokens, ..self }
    }

    pub(super) fn provider(&self) -> &dyn AiProvider {
        &*self.provider
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    pub(super) fn max_output_tokens(&self) -> u32 {
        self.max_output_tokens
    }

    /// The ticket that calls are charged to.
    pub(super) fn task_id(&self) -> Option<&str> {
        self.charge.task_id.as_deref()
    }

    /// How long a reply may take.
    ///
    /// # Errors
    /// `Unavailable` when too little of the function's time is left.
    pub(super) fn time_to_reply(&self) -> Result<Duration, ActionError> {
        self.time_left(LEAST_TIME_TO_REPLY)
    }
}
