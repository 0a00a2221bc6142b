//! The stored parts of a session.

use super::repetition::Repetition;
use crate::artifacts::{AgentQuestion, AgentResult};
use domain::plugins::{Content, Effort, ModelMessage, ModelTool, Part, ToolCall};
use domain::{ActionError, AgentDefinition, Stored};
use edits::WorkspaceState;
use providers::Model;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a generation sends with every request, in addition to the messages: fixed until the next one begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prefix {
    /// The provider's name in the configuration.
    pub instance: String,
    /// The model.
    pub model: String,
    /// How hard it tries.
    pub effort: Effort,
    /// The system prompt.
    pub system: String,
    /// The tools that it may call.
    pub tools: Vec<ModelTool>,
    /// The agent's definition when the generation began.
    pub definition: AgentDefinition,
}

impl Prefix {
    /// Has another model work from now on.
    pub(super) fn go_to(&mut self, model: Model) {
        (self.instance, self.model) = (model.instance.to_string(), model.name);
    }
}

/// A stored message of a session: the part that is resent byte for byte, and our reading of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The message.
    pub message: ModelMessage,
    /// The calls in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// The text of a reply, without thinking.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Said {
    /// Our message.
    pub(super) fn ours(parts: Vec<Part>) -> Self {
        Self { message: ModelMessage::ours(parts), calls: Vec::new(), text: String::new() }
    }
}

/// The stored parts of a session apart from its messages and changed files.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SessionState {
    /// The workspace; its changes are kept one by one.
    pub workspace: WorkspaceState,
    /// Which files of a large repository were loaded, by the groups that they are kept in; absent where all are.
    #[serde(default)]
    pub loaded: Option<Vec<Vec<String>>>,
    /// Files without text that were loaded to be moved or deleted, where all texts are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<Vec<String>>,
    /// People's decisions.
    #[serde(default)]
    pub decisions: Vec<String>,
    /// The session's result.
    #[serde(default)]
    pub result: Option<AgentResult>,
    /// The question to people.
    #[serde(default)]
    pub(super) question: Option<AgentQuestion>,
    /// Results of a turn whose last one is still awaited.
    #[serde(default)]
    pub(super) pending: Vec<Told>,
    /// Instructions of folders that go with these results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) guides: Vec<Part>,
    /// The files to load.
    #[serde(default)]
    pub(super) wanted: Vec<String>,
    /// The checks to run; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) check: Option<String>,
    /// Whether a turn waits for the files to load, and runs again once they are there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) runs_again: bool,
    /// Whether imported files have expired.
    #[serde(default)]
    pub(super) expired: bool,
    /// Whether a turn waits for the files that waiting words link. They are read before the turn runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) words_link: bool,
    /// The files of words that wait, by the keys of the words, once they were looked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) files_of: BTreeMap<String, Option<Stored<String>>>,
    /// The files of the words that this round took in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) linked: Vec<Stored<String>>,
    /// The most bytes of texts in files that the model is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) most_of_texts: Option<usize>,
    /// Whether the model is shown pictures.
    #[serde(default)]
    pub(super) takes_pictures: bool,
    /// Whether the service refused a picture in this round, so that none is shown anymore.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) refuses_pictures: bool,
    /// How often in a row the model called no tool.
    #[serde(default)]
    pub(super) nudges: u32,
    /// How many replies in a row, up to the last one, reached the most tokens that a reply may have, so that their ends are missing.
    #[serde(default)]
    pub(super) cut_off: u32,
    /// Whether the last reply called an invalid tool name and was discarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) misnamed: bool,
    #[serde(default)]
    pub(super) repetition: Repetition,
    /// The folders whose instructions this generation has seen.
    #[serde(default)]
    pub(super) guided: BTreeSet<String>,
    /// The files that earlier rounds changed, with what became of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) committed: Vec<String>,
    /// The model's last text.
    #[serde(default)]
    pub(super) last_text: String,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) call: String,
    pub(super) text: String,
    pub(super) is_error: bool,
    /// Whether the text is a placeholder for somebody's answer.
    #[serde(default)]
    pub(super) awaited: bool,
}

impl Told {
    pub(super) fn into_part(self) -> Part {
        Part::new(Content::ToolResult { call: self.call, text: self.text, is_error: self.is_error })
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, ActionError> {
    serde_json::to_vec(value)
        .map_err(|error| ActionError::internal(format!("a session cannot be written as JSON: {error}")))
}

pub(super) fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, ActionError> {
    serde_json::from_slice(json)
        .map_err(|error| ActionError::internal(format!("a session's record cannot be read: {error}")))
}
