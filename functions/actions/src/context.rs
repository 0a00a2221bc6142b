//! What an action works with in one invocation: its scope, its effect, and the plugins that its specification allows, each connected
//! when it is first asked for.

use crate::agent::template::Templates;
use crate::agent::{AgentExecution, Charge};
use crate::done::{Done, NoOutput};
use crate::effect::Effect;
use crate::park::Park;
use crate::scope::Scope;
use crate::spec::ActionSpec;
use domain::action::Agent;
use domain::execution::Inverse;
use domain::plugins::{
    Communication, Documentation, Monitoring, RepositoryAccess, SentMessage, TaskManagement, VersionControl,
};
use domain::{ActionError, ActionId, CheckRunner, Clock, PluginType, Stored};
use jiff::Timestamp;
use providers::{Model, Place, Providers, serving};
use records::{Admission, ExecutionRecord, Limits, OpenedThread, RecordsError, Table};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One invocation of one action, as the action sees it.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) spec: &'static ActionSpec,
    /// Whether an action changes something outside.
    pub(crate) is_effect: fn(&ActionId) -> bool,
    pub(crate) table: &'a Table,
    pub(crate) providers: &'a Providers,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) check_runner: Option<&'a dyn CheckRunner>,
    pub(crate) scope: Scope,
    pub(crate) effect: Effect,
    /// The admission of the run, if it was read when the invocation began; the inner one is `None` if the run was not admitted then.
    pub(crate) admission: Option<Option<Admission>>,
    /// The invocation's id: every attempt pays for itself.
    pub(crate) invocation: String,
    /// When the function ends, at work or not.
    pub(crate) deadline: Timestamp,
    /// The step's idempotency key.
    pub(crate) key: String,
    pub(crate) task_token: Option<String>,
    /// The step's own inverse, in place of the action's.
    pub(crate) own_inverse: Option<Inverse>,
}

impl Context<'_> {
    /// Where the action works: configuration, project, ticket, who started the execution.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The effect under the step's key. [`Action::run`](crate::action::Action::run) of a journaled action holds its lease.
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// The admission of the run as of the beginning of the invocation; `None` when it was not admitted.
    ///
    /// # Errors
    /// When it was not read then, and the table does not answer.
    pub async fn admission(&self) -> Result<Option<Admission>, ActionError> {
        match &self.admission {
            Some(read) => Ok(read.clone()),
            None => Ok(self.table.admission(&self.scope.run).await?),
        }
    }

    /// The records.
    pub fn table(&self) -> &Table {
        self.table
    }

    /// The time.
    pub fn clock(&self) -> &dyn Clock {
        &**self.clock
    }

    /// What runs the project's checks, if the installation offers it.
    pub fn check_runner(&self) -> Option<&dyn CheckRunner> {
        self.check_runner
    }

    /// What parks the execution on the step's task token.
    pub fn park(&self) -> Park<'_> {
        Park {
            table: self.table,
            clock: self.clock(),
            scope: &self.scope,
            key: &self.key,
            token: self.task_token.clone().map(SecretString::from),
        }
    }

    /// The tracker of the project, or the code host if the ticket is one of its issues.
    ///
    /// # Errors
    /// [`NoOutput::Skipped`] when the project has none, [`NoOutput::Failed`] when it cannot be connected or the action's
    /// specification does not name its credentials.
    pub async fn tracker(&self) -> Result<Arc<dyn TaskManagement>, NoOutput> {
        self.allowed(PluginType::TaskManagement)?;
        Ok(self.providers.tracker(&self.scope).await?)
    }

    /// The tracker that holds this ticket, or the code host where it is one of its issues or pull requests.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn tracker_of(&self, task_id: &str) -> Result<Arc<dyn TaskManagement>, NoOutput> {
        self.allowed(PluginType::TaskManagement)?;
        let place = Place { task_id: Some(task_id), ..Place::from(&self.scope) };
        Ok(self.providers.tracker(place).await?)
    }

    /// Whether the action's specification names the credentials of this plugin type.
    pub fn may_connect(&self, plugin: PluginType) -> bool {
        self.spec.credentials.contains(&plugin)
    }

    /// The code host of the project, with no more than this access.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn code_host(&self, access: RepositoryAccess) -> Result<Arc<dyn VersionControl>, NoOutput> {
        self.allowed(PluginType::VersionControl)?;
        Ok(self.providers.code_host(&self.scope, access).await?)
    }

    /// The chat of the project.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn chat(&self) -> Result<Arc<dyn Communication>, NoOutput> {
        self.allowed(PluginType::Communication)?;
        Ok(self.providers.chat(&self.scope).await?)
    }

    /// The wiki of the project.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn wiki(&self) -> Result<Arc<dyn Documentation>, NoOutput> {
        self.allowed(PluginType::Documentation)?;
        Ok(self.providers.wiki(&self.scope).await?)
    }

    /// The monitoring of the project.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn monitoring(&self) -> Result<Arc<dyn Monitoring>, NoOutput> {
        self.allowed(PluginType::Monitoring)?;
        Ok(self.providers.monitoring(&self.scope).await?)
    }

    /// An agent with the project's model. Its calls are charged to the ticket, or else to the ticket of the execution.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn agent(
        &self,
        agent: Option<Agent>,
        task_id: Option<&str>,
    ) -> Result<AgentExecution, NoOutput> {
        let execution = self.table.execution(&self.scope.execution).await.map_err(ActionError::from)?;
        self.agent_in(execution.as_ref(), agent, task_id).await
    }

    /// As [`Context::agent`], in the execution as its record was read in this invocation.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub(crate) async fn agent_in(
        &self,
        execution: Option<&ExecutionRecord>,
        agent: Option<Agent>,
        task_id: Option<&str>,
    ) -> Result<AgentExecution, NoOutput> {
        self.allowed(PluginType::AiProvider)?;
        let model = self.providers.model(&self.scope).await?;
        let of_execution = execution.and_then(|execution| execution.task_id.as_deref());
        let task_id = task_id.or(of_execution).map(str::to_owned);
        let limits = Limits::from(&self.scope.configuration.budgets);
        let mut charge = Charge::new(&self.scope, &self.invocation, self.spec.id(), task_id);
        charge.workflow = execution.map(|execution| execution.workflow.clone());
        let templates = self.templates().await?;
        let agent = agent.unwrap_or_default();
        let (table, clock) = (self.table.clone(), Arc::clone(self.clock));
        Ok(AgentExecution::new(table, clock, templates, limits, charge, agent, model, self.deadline))
    }

    /// The project's model.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn model(&self) -> Result<Model, NoOutput> {
        self.allowed(PluginType::AiProvider)?;
        Ok(self.providers.model(&self.scope).await?)
    }

    /// The model of this name, at whichever provider of the configuration has it; the project's own first.
    ///
    /// # Errors
    /// As [`Context::tracker`].
    pub async fn model_named(&self, name: &str) -> Result<Model, ActionError> {
        self.allowed(PluginType::AiProvider)?;
        Ok(self.providers.model_named(&self.scope, name).await?)
    }

    /// The ticket of the execution, whatever the step's input names.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn ticket(&self) -> Result<Option<String>, ActionError> {
        Ok(self.table.execution(&self.scope.execution).await?.and_then(|execution| execution.task_id))
    }

    /// Records that our message in a channel is about the execution's ticket: replies in its thread are then about
    /// the ticket.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_thread(&self, sent: &SentMessage) -> Result<(), ActionError> {
        let Some(task_id) = self.ticket().await? else { return Ok(()) };
        let (channel, message) = (sent.channel.clone(), sent.id.clone());
        let opened = OpenedThread { channel, message, task_id, at: self.clock.now() };
        Ok(self.table.put_opened_thread(&opened).await?)
    }

    /// The templates in force: the project's own, and the shipped ones.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn templates(&self) -> Result<Templates, ActionError> {
        let templates = match self.table.prompts(self.clock.now()).await {
            Ok(own) => Templates::new(BTreeMap::clone(&own)),
            Err(RecordsError::Missing(_)) => Templates::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(templates.naming_pull_requests(self.scope.pull_request_name(&self.scope.project)))
    }

    /// Restores a value that an earlier step stored.
    ///
    /// # Errors
    /// `Internal` when it has expired or is damaged.
    pub async fn load<T: DeserializeOwned>(
        &self,
        stored: Option<&Stored<T>>,
    ) -> Result<Option<T>, ActionError> {
        match stored {
            Some(stored) => Ok(Some(self.table.load(stored).await?)),
            None => Ok(None),
        }
    }

    /// Whether an action of this name changes something outside, and so can be taken back or stays.
    pub fn has_effect(&self, action: &ActionId) -> bool {
        (self.is_effect)(action)
    }

    /// Why the action does not run with an invalid input. A step that is skipped anyway is skipped whatever
    /// its input, which may be the `null` output of another skipped step.
    pub(crate) fn without_input(&self, error: ActionError) -> NoOutput {
        let plugin = self.spec.plugin.filter(|_| self.spec.skips);
        let unset = plugin.and_then(|plugin| serving(&Place::from(&self.scope), plugin).err());
        unset.map_or(NoOutput::Failed(error), NoOutput::from)
    }

    /// An action's result, with the step's own `rollback:` instead of the action's inverse. If something already existed, and
    /// so has no inverse, the step does not take it back either.
    pub(crate) fn with_own_inverse<T: Serialize>(&self, done: Done<T>) -> Result<Done<T>, ActionError> {
        with_own_inverse(self.spec, done, self.own_inverse.as_ref())
    }

    fn allowed(&self, plugin: PluginType) -> Result<(), ActionError> {
        allowed(self.spec, plugin)
    }
}

fn allowed(spec: &ActionSpec, plugin: PluginType) -> Result<(), ActionError> {
    if spec.credentials.contains(&plugin) {
        return Ok(());
    }
    Err(ActionError::internal(format!(
        "{} asks for {plugin}, whose credentials its specification does not name; this is a defect, please report it",
        spec.name
    )))
}

fn with_own_inverse<T: Serialize>(
    spec: &ActionSpec,
    mut done: Done<T>,
    own: Option<&Inverse>,
) -> Result<Done<T>, ActionError> {
    if let Some(own) = own
        && (done.inverse.is_some() || spec.inverses.is_empty())
    {
        let output = serde_json::to_value(&done.output).map_err(|error| {
            ActionError::internal(format!("the output of {} is not JSON: {error}", spec.name))
        })?;
        done.inverse = Some(own.with_output(&output));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const BRANCH: ActionSpec = ActionSpec::of_plugin("create_branch", PluginType::VersionControl)
        .effect()
        .undone_by(&["delete_branch"]);
    const MESSAGE: ActionSpec = ActionSpec::of_plugin("send_message", PluginType::Communication).effect();

    #[test]
    fn a_step_may_say_itself_what_takes_it_back() {
        let own = Inverse {
            action: ActionId::literal("add_comment"),
            input: json!({ "task_id": "SHOP-1", "comment": { "$output": "branch" } }),
        };
        let done = |inverse| Done { output: json!({ "branch": "feature/x" }), inverse, cost: None };
        let made = |spec, inverse| with_own_inverse(spec, done(inverse), Some(&own)).unwrap().inverse;
        let expected = Inverse {
            action: ActionId::literal("add_comment"),
            input: json!({ "task_id": "SHOP-1", "comment": "feature/x" }),
        };
        let built_in = Inverse { action: ActionId::literal("delete_branch"), input: Value::Null };
        assert_eq!(made(&BRANCH, Some(built_in.clone())), Some(expected.clone()));
        assert_eq!(made(&MESSAGE, None), Some(expected), "an action without an inverse gets one");
        assert_eq!(made(&BRANCH, None), None, "what existed before stays");
        assert_eq!(
            with_own_inverse(&BRANCH, done(Some(built_in.clone())), None).unwrap().inverse,
            Some(built_in)
        );
    }

    #[test]
    fn only_credentials_of_the_specification_are_used() {
        assert_eq!(allowed(&MESSAGE, PluginType::Communication), Ok(()));
        let refused = allowed(&MESSAGE, PluginType::VersionControl).unwrap_err();
        assert!(refused.message.contains("send_message asks for version_control"), "{refused}");
    }
}
