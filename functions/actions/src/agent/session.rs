//! Agents' sessions: a conversation with a model that works on a copy of a repository through tools, turn by turn.
//!
//! | file | holds |
//! |---|---|
//! | `opening` | what a session begins with: the ticket, the repository's instructions, the repository |
//! | `import` | the contents of the repository, kept so that tools need no credentials |
//! | `generation` | what a generation sends first: its fixed part and the first message |
//! | `thinking` | the model's next reply |
//! | `tools` | what its calls come to |
//! | `repetition` | whether it goes round in circles |
//! | `answering` | a person's answer, and the files that it asked for |
//! | `report`, `view` | what the session's actions give; the session as people look at it |
//!
//! An invocation may be killed at any point and repeated. Each part decides by the head what is due, does nothing when it is not its turn,
//! and writes all that it leads to in one transaction, made to the version of the head that it read.

mod answering;
mod generation;
mod import;
mod opening;
mod repetition;
mod report;
mod thinking;
mod tools;
mod view;

pub use answering::{answer, load_paths};
pub use opening::{NewSession, open};
pub use report::Report;
pub use thinking::think;
pub use tools::run_tools;
pub use view::{FileView, SessionView, view};

use crate::artifacts::{AgentQuestion, AgentResult};
use crate::context::Context;
use domain::plugins::{Content, Effort, ModelMessage, ModelTool, Part, ToolCall};
use domain::{ActionError, AgentDefinition};
use edits::WorkspaceState;
use jiff::Timestamp;
use records::{SessionChange, SessionHead, SessionPhase};
use repetition::Repetition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a generation sends with every request, besides the messages: fixed until the next one begins.
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

/// One message of a session as it is kept: what is sent again byte for byte, and what we read in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The message.
    pub message: ModelMessage,
    /// The calls in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// The text of a reply, without what the model thought.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Said {
    /// What we say.
    fn ours(parts: Vec<Part>) -> Self {
        Self { message: ModelMessage::ours(parts), calls: Vec::new(), text: String::new() }
    }
}

/// What a session keeps besides its messages and the files that it changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SessionState {
    /// The workspace; its changes are kept one by one.
    pub workspace: WorkspaceState,
    /// Which files of a large repository were loaded, by the groups that they are kept in; absent where all are.
    #[serde(default)]
    pub loaded: Option<Vec<Vec<String>>>,
    /// What people decided.
    #[serde(default)]
    pub decisions: Vec<String>,
    /// What the session came to.
    #[serde(default)]
    pub result: Option<AgentResult>,
    /// What people are asked.
    #[serde(default)]
    question: Option<AgentQuestion>,
    /// Results of a turn whose last one is still awaited.
    #[serde(default)]
    pending: Vec<Told>,
    /// The files that are to be loaded.
    #[serde(default)]
    wanted: Vec<String>,
    /// Whether what was imported has expired.
    #[serde(default)]
    expired: bool,
    /// How often in a row the model called no tool.
    #[serde(default)]
    nudges: u32,
    #[serde(default)]
    repetition: Repetition,
    /// What the model said last.
    #[serde(default)]
    last_text: String,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Told {
    call: String,
    text: String,
    is_error: bool,
    /// Whether the text is what somebody still has to give.
    #[serde(default)]
    awaited: bool,
}

impl Told {
    fn into_part(self) -> Part {
        Part::new(Content::ToolResult { call: self.call, text: self.text, is_error: self.is_error })
    }
}

/// A session as an invocation found it, and what the invocation makes of it.
pub(super) struct Session<'a> {
    context: &'a Context<'a>,
    head: SessionHead,
    state: SessionState,
    begun_at: Timestamp,
}

impl<'a> Session<'a> {
    /// Reads a session of the project.
    ///
    /// # Errors
    /// `Rejected` where there is none, it belongs to another project, or it has expired.
    async fn read(context: &'a Context<'a>, id: &str) -> Result<Self, ActionError> {
        let begun_at = context.clock().now();
        let head = context.table().session(id).await?;
        let head = head.filter(|head| head.project == context.scope().project.key).ok_or_else(|| {
            ActionError::rejected(format!(
                "there is no session `{id}` in this project; pass on what open_session gave, within 90 days"
            ))
        })?;
        let mut state: SessionState = read_json(&context.table().session_state(id).await?)?;
        for (path, file) in context.table().session_files(id).await? {
            let content = match &file.content {
                Some(stored) => Some(context.table().load(stored).await?),
                None => None,
            };
            state.workspace.changes.insert(path, tools::change_of(&file, content));
        }
        Ok(Self { context, head, state, begun_at })
    }

    /// Records what the invocation made of the session, unless another one was faster. Gives the session as it is then.
    async fn record(
        mut self,
        messages: Vec<Said>,
        prefix: Option<&Prefix>,
        files: tools::FileChanges,
    ) -> Result<Self, ActionError> {
        let now = self.context.clock().now();
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        self.head.messages = self.head.messages.saturating_add(count);
        self.head.version += 1;
        let worked = now.duration_since(self.begun_at).as_millis();
        self.head.worked_ms = self.head.worked_ms.saturating_add(u64::try_from(worked).unwrap_or_default());
        self.head.changed_at = now;
        let (done, items) = self.state.workspace.progress();
        self.head.plan_done = u32::try_from(done).unwrap_or(u32::MAX);
        self.head.plan_items = u32::try_from(items).unwrap_or(u32::MAX);
        let change = SessionChange {
            prefix: prefix.map(to_json).transpose()?,
            messages: messages.iter().map(to_json).collect::<Result<_, _>>()?,
            state: Some(self.state_json()?),
            files: files.changed,
            reverted: files.reverted,
        };
        if self.context.table().change_session(&self.head, change).await? {
            self.begun_at = now;
            return Ok(self);
        }
        tracing::info!(session = self.head.id, "another invocation was faster; its turn counts");
        Self::read(self.context, &self.head.id).await
    }

    /// The state as it is kept: without the changes of files.
    fn state_json(&self) -> Result<Vec<u8>, ActionError> {
        let mut state = self.state.clone();
        state.workspace.changes.clear();
        to_json(&state)
    }

    async fn prefix(&self) -> Result<Prefix, ActionError> {
        let table = self.context.table();
        read_json(&table.session_prefix(&self.head.id, self.head.generation).await?)
    }

    async fn messages(&self) -> Result<Vec<Said>, ActionError> {
        let kept = self.context.table().session_messages(&self.head.id, self.head.generation).await?;
        let count = usize::try_from(self.head.messages).unwrap_or(usize::MAX);
        if kept.len() < count {
            return Err(ActionError::internal(format!(
                "session `{}` has {} messages where {count} were recorded; some may have expired",
                self.head.id,
                kept.len()
            )));
        }
        // Another invocation may have appended more since the head was read.
        kept.iter().take(count).map(|json| read_json(json)).collect()
    }

    /// Ends the session with words for people instead of the model's.
    fn end(&mut self, summary: String) {
        self.head.phase = SessionPhase::Done;
        self.state.result = Some(report::blocked(summary));
    }

    /// Parks the session with a question of ours; the results of the turn wait for its answer.
    fn ask_for_help(&mut self, question: String, results: Vec<Told>) {
        self.head.phase = SessionPhase::Ask;
        self.state.question = Some(AgentQuestion { text: question, options: Vec::new() });
        self.state.pending = results;
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, ActionError> {
    serde_json::to_vec(value)
        .map_err(|error| ActionError::internal(format!("a session cannot be written as JSON: {error}")))
}

fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, ActionError> {
    serde_json::from_slice(json)
        .map_err(|error| ActionError::internal(format!("a session's record cannot be read: {error}")))
}
