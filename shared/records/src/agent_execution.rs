//! Agent executions: each model call, with its question and result. The transcript is a stored value.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::Write;
use domain::ActionId;
use domain::plugins::Usage;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A longer word of a provider is cut, in characters.
const WORDS_LIMIT: usize = 1_000;

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
    /// The request.
    pub action: ActionId,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The provider's id of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Why the reply ended: `complete`, `tool_calls`, `truncated`, `context_full`, `refused`, or the provider's word.
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

impl AgentExecution {
    /// The write that records it, with the provider's words cut: they are shown to people, and must not prevent a paid call from being recorded.
    pub(crate) fn write(&self) -> Result<Write, RecordsError> {
        let cut = |text: &str| text.chars().take(WORDS_LIMIT).collect::<String>();
        let shown = Self {
            model: cut(&self.model),
            request_id: self.request_id.as_deref().map(cut),
            stop: cut(&self.stop),
            ..self.clone()
        };
        let expires_at = retention::expires_at(self.ended_at, retention::EXECUTION);
        let item = to_item(&shown, keys::agent_execution(&self.execution, &self.id), Some(expires_at))?;
        Ok(Write::Put { item, condition: None })
    }
}

impl Table {
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
