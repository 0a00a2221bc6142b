//! Agent executions: each call of a model, with what was asked and how it ended. The transcript is a stored value.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::ActionId;
use domain::plugins::Usage;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One call of a model for one attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentExecution {
    /// The invocation's id; the reservation that pays for it has the same.
    pub id: String,
    /// The execution's name.
    pub execution: String,
    /// The state's name with its loop indexes.
    pub state: String,
    /// The agent's name: `development`.
    pub agent: String,
    /// What was asked for.
    pub action: ActionId,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The provider's id of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why the reply ended: `complete`, `tool_calls`, `truncated`, `refused`, or the provider's word.
    pub stop: String,
    /// The tokens used.
    pub usage: Usage,
    /// When it was asked.
    #[serde(with = "timestamp")]
    pub started_at: Timestamp,
    /// When it had answered.
    #[serde(with = "timestamp")]
    pub ended_at: Timestamp,
}

impl Table {
    /// Records a call of a model; the same id again replaces it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_agent_execution(&self, agent: &AgentExecution) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(agent.ended_at, retention::EXECUTION);
        let key = keys::agent_execution(&agent.execution, &agent.id);
        let item = to_item(agent, key, Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record a call of a model", item, None).await?;
        Ok(())
    }

    /// Every call of a model in an execution, in their order.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn agent_executions(&self, execution: &str) -> Result<Vec<AgentExecution>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::AGENT).await?;
        let mut calls = items.into_iter().map(from_item).collect::<Result<Vec<AgentExecution>, _>>()?;
        calls.sort_by_key(|call| call.started_at);
        Ok(calls)
    }
}
