//! From what a state machine sends to the action and back: the same in Lambda and on one machine.

use crate::actions::*;
use crate::agent::template::Templates;
use crate::agent::{AgentExecution, Charge};
use crate::artifacts::Edits;
use crate::catalog;
use crate::effect::{Done, Effect, presentable, with_own_inverse};
use crate::providers::{Absent, Providers};
use crate::scope::{Scope, read_payload};
use crate::secrets::Secrets;
use domain::action::Agent;
use domain::execution::TaskPayload;
use domain::plugins::VersionControl;
use domain::{ActionError, ActionName, Clock, Stored};
use futures::FutureExt;
use provider_github::Access;
use records::{Limits, RecordsError, StepEnd, StepStatus, Table};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// What the key of a step ends with that takes back the effect whose key stands before it.
const UNDO: &str = "/undo";

/// Performs actions.
#[derive(Debug)]
pub struct Dispatcher {
    table: Table,
    providers: Providers,
    clock: Arc<dyn Clock>,
}

impl Dispatcher {
    /// A dispatcher with these records and secrets. Nothing is read before the first invocation.
    ///
    /// # Errors
    /// `Internal` when TLS cannot be set up.
    pub fn new(
        table: Table,
        secrets: aws_sdk_secretsmanager::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ActionError> {
        let secrets = Secrets::new(secrets, Arc::clone(&clock));
        let providers = Providers::new(table.clone(), secrets, Arc::clone(&clock))?;
        Ok(Self { table, providers, clock })
    }

    /// Performs one action for a step: `payload` is [`TaskPayload`] as JSON, the result the action's output.
    ///
    /// The step is recorded when it starts and ends. An effect that was done before under the same key is not done again. A step
    /// whose plugin type the project leaves unset is recorded as skipped, and every field of its output is `null`.
    ///
    /// # Errors
    /// Those of the action, by their kinds; `Internal` for a payload that cannot be read and for a panic.
    pub async fn dispatch(&self, action: ActionName, payload: Value) -> Result<Value, ActionError> {
        let result = AssertUnwindSafe(Box::pin(self.perform_step(action, payload))).catch_unwind().await;
        let result = result.unwrap_or_else(|_| {
            Err(ActionError::internal(format!("{action} panicked; this is a defect, please report it")))
        });
        if let Err(error) = &result {
            tracing::warn!(action = action.as_str(), kind = error.kind.as_str(), %error, "the action failed");
        }
        result
    }

    async fn perform_step(&self, action: ActionName, payload: Value) -> Result<Value, ActionError> {
        let payload = read_payload(payload)?;
        let (execution, state) = (payload.execution().to_owned(), payload.state().to_owned());
        let required = payload.required;
        self.table.start_step(&execution, &state, action, self.clock.now()).await?;
        let performed = match self.invocation(action, payload).await {
            Ok(invocation) => invocation.perform().await,
            Err(error) => Err(Absent::Failed(error)),
        };
        let performed = performed.map_err(|absent| match absent {
            Absent::Unset(reason) if required => Absent::Failed(ActionError::rejected(reason)),
            other => other,
        });
        let at = self.clock.now();
        let (end, result) = match performed {
            // The step goes on when somebody answers its task token.
            Ok(output) if action == ActionName::AwaitBudget => return Ok(output),
            Ok(output) => {
                (StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at }, Ok(output))
            }
            Err(Absent::Unset(reason)) => (
                StepEnd { status: StepStatus::Skipped, error: None, cause: Some(reason), at },
                Ok(catalog::absent_output(action)),
            ),
            Err(Absent::Failed(error)) => (
                StepEnd {
                    status: StepStatus::Failed,
                    error: Some(error.kind.to_string()),
                    cause: Some(error.message.clone()),
                    at,
                },
                Err(error),
            ),
        };
        if let Err(error) = self.table.finish_step(&execution, &state, &end).await {
            // What the action did stands in the journal; the sweeper closes the step with its execution.
            tracing::warn!(execution, state, %error, "the end of a step was not recorded");
        }
        result
    }

    async fn invocation(
        &self,
        action: ActionName,
        payload: TaskPayload,
    ) -> Result<Invocation<'_>, ActionError> {
        let configuration = self.table.configuration(self.clock.now()).await?;
        let scope = Scope::new(configuration, &payload)?;
        let id = uuid::Uuid::new_v4().to_string();
        let (run, undone) = match payload.key.strip_suffix(UNDO) {
            // A closed run takes no new effects, so what takes them back has a journal of its own, which is the same for whoever
            // asks for it.
            Some(undone) => {
                let run = run_of(undone, &payload.run);
                (format!("{run}{UNDO}"), Some((run, undone.to_owned())))
            }
            None => (payload.run.clone(), None),
        };
        let effect = Effect::new(
            self.table.clone(),
            Arc::clone(&self.clock),
            run,
            payload.key.clone(),
            action,
            id.clone(),
        );
        Ok(Invocation { dispatcher: self, action, scope, effect, undone, id, payload })
    }
}

/// The run that an effect's key belongs to: it stands before the first slash, which no ARN of an execution holds.
fn run_of(key: &str, own: &str) -> String {
    match key.split_once('/') {
        Some((run, _)) if !key.starts_with(own) => run.to_owned(),
        _ => own.to_owned(),
    }
}

/// One invocation of one action.
struct Invocation<'a> {
    dispatcher: &'a Dispatcher,
    action: ActionName,
    scope: Scope,
    effect: Effect,
    /// The run and key of the effect that this takes back.
    undone: Option<(String, String)>,
    id: String,
    payload: TaskPayload,
}

impl Invocation<'_> {
    async fn perform(self) -> Result<Value, Absent> {
        let output = self.act().await?;
        if let Some((run, key)) = &self.undone {
            let table = &self.dispatcher.table;
            table.mark_undone(run, key, self.dispatcher.clock.now()).await.map_err(ActionError::from)?;
        }
        Ok(output)
    }

    async fn act(&self) -> Result<Value, Absent> {
        use ActionName::*;
        let Self { dispatcher, scope, .. } = self;
        let Dispatcher { table, providers, clock } = dispatcher;
        match self.action {
            AddComment => {
                let (tracker, input) = (providers.tracker(scope).await?, self.input()?);
                self.effect(async |effect| add_comment::run(&*tracker, effect, input).await).await
            }
            CreateEpic => {
                let (tracker, input) = (providers.tracker(scope).await?, self.input()?);
                self.effect(async |effect| create_epic::run(&*tracker, effect, scope, input).await).await
            }
            CreateTask => {
                let (tracker, input) = (providers.tracker(scope).await?, self.input()?);
                self.effect(async |effect| create_task::run(&*tracker, effect, scope, input).await).await
            }
            GetProjectTasks => {
                let tracker = providers.tracker(scope).await?;
                self.output(&get_project_tasks::run(&*tracker, scope, self.input()?).await?)
            }
            GetTask => {
                let tracker = providers.tracker(scope).await?;
                self.output(&get_task::run(&*tracker, scope, self.input()?).await?)
            }
            UpdateTaskStatus => {
                let (tracker, input) = (providers.tracker(scope).await?, self.input()?);
                self.effect(async |effect| {
                    update_task_status::run(&*tracker, effect, &scope.project, input).await
                })
                .await
            }
            AnalyzeRepositoryStructure => {
                let host = self.reader().await?;
                self.output(&analyze_repository_structure::run(&*host, scope, self.input()?).await?)
            }
            CheckActor => self.output(&self.check_actor().await?),
            ClosePullRequest => {
                let host = providers.code_host(scope, Access::WritePullRequests).await?;
                let input = self.input()?;
                self.effect(async |effect| close_pull_request::run(&*host, effect, scope, input).await).await
            }
            CommitChanges => {
                let (host, input) = (self.writer().await?, self.input::<commit_changes::Input>()?);
                let edits = self.load(input.implementation.as_ref().map(|made| &made.edits)).await?;
                self.effect(async |effect| commit_changes::run(&*host, effect, scope, input, edits).await)
                    .await
            }
            CreateBranch => {
                let (host, input) = (self.writer().await?, self.input()?);
                self.effect(async |effect| create_branch::run(&*host, effect, scope, input).await).await
            }
            CreatePullRequest => {
                let host = providers.code_host(scope, Access::WritePullRequests).await?;
                let input = self.input()?;
                self.effect(async |effect| create_pull_request::run(&*host, effect, scope, input).await).await
            }
            DeleteBranch => {
                let (host, input) = (self.writer().await?, self.input()?);
                self.effect(async |effect| delete_branch::run(&*host, effect, scope, input).await).await
            }
            GetRepositoryInfo => {
                let host = self.reader().await?;
                self.output(&get_repository_info::run(&*host, scope, self.input()?).await?)
            }
            RevertCommit => {
                let (host, input) = (self.writer().await?, self.input()?);
                self.effect(async |effect| revert_commit::run(&*host, effect, scope, input).await).await
            }
            SendMessage => {
                let (chat, input) = (providers.chat(scope).await?, self.input()?);
                self.effect(async |effect| send_message::run(&*chat, effect, &scope.project, input).await)
                    .await
            }
            UpdateMessage => {
                let (chat, input) = (providers.chat(scope).await?, self.input()?);
                self.effect(async |effect| update_message::run(&*chat, effect, input).await).await
            }
            CreatePageFromTemplate => {
                let (wiki, input) = (providers.wiki(scope).await?, self.input()?);
                let templates = self.templates().await?;
                self.effect(async |effect| {
                    create_page_from_template::run(&*wiki, effect, &scope.project, &templates, input).await
                })
                .await
            }
            DeletePage => {
                let (wiki, input) = (providers.wiki(scope).await?, self.input()?);
                self.effect(async |effect| delete_page::run(&*wiki, effect, input).await).await
            }
            AnalyzeCodebase => {
                let input: analyze_codebase::Input = self.input()?;
                let agent = self.agent(input.agent, Some(&input.task.task_id)).await?;
                let host = self.reader().await?;
                self.effect(async |effect| analyze_codebase::run(&*host, &agent, effect, scope, input).await)
                    .await
            }
            GenerateCodeImplementation => {
                let input: generate_code_implementation::Input = self.input()?;
                let agent = self.agent(input.agent, Some(&input.task.task_id)).await?;
                let host = self.reader().await?;
                self.effect(async |effect| {
                    generate_code_implementation::run(&*host, &agent, effect, scope, input).await
                })
                .await
            }
            GenerateDocumentation => {
                let input: generate_documentation::Input = self.input()?;
                let agent = self.agent(input.agent, Some(&input.task.task_id)).await?;
                self.effect(async |effect| generate_documentation::run(&agent, effect, input).await).await
            }
            GenerateImplementationPlan => {
                let input: generate_implementation_plan::Input = self.input()?;
                let agent = self.agent(input.agent, Some(&input.task.task_id)).await?;
                let host = self.reader().await?;
                self.effect(async |effect| {
                    generate_implementation_plan::run(&*host, &agent, effect, scope, input).await
                })
                .await
            }
            GenerateText => {
                let input: generate_text::Input = self.input()?;
                let agent = self.agent(input.agent, None).await?;
                self.effect(async |effect| generate_text::run(&agent, effect, input).await).await
            }
            AwaitBudget => {
                let token = self.payload.task_token.clone().map(SecretString::from);
                let key = &self.payload.key;
                self.output(&await_budget::run(table, &**clock, scope, key, token, self.input()?).await?)
            }
            ListEffects => self.output(&list_effects::run(table, &**clock, &scope.run, self.input()?).await?),
        }
    }

    async fn check_actor(&self) -> Result<check_actor::Output, Absent> {
        match check_actor::decide(&self.scope, &self.input()?)? {
            check_actor::Decision::Granted(output) => Ok(output),
            check_actor::Decision::Ask { repository, login, name } => match self.reader().await {
                Ok(host) => Ok(check_actor::ask(&*host, &repository, login, &name).await?),
                // A check that cannot be made is not passed.
                Err(Absent::Unset(reason)) => Err(ActionError::rejected(format!(
                    "{name} may not start work: nobody can be asked whether they may push to {repository}, because {reason}"
                ))
                .into()),
                Err(failed) => Err(failed),
            },
        }
    }

    async fn reader(&self) -> Result<Arc<dyn VersionControl>, Absent> {
        self.dispatcher.providers.code_host(&self.scope, Access::ReadContents).await
    }

    async fn writer(&self) -> Result<Arc<dyn VersionControl>, Absent> {
        self.dispatcher.providers.code_host(&self.scope, Access::WriteContents).await
    }

    async fn agent(&self, agent: Option<Agent>, task_id: Option<&str>) -> Result<AgentExecution, Absent> {
        let Dispatcher { table, providers, clock } = self.dispatcher;
        let model = providers.model(&self.scope).await?;
        let task_id = match task_id {
            Some(task_id) => Some(task_id.to_owned()),
            None => {
                let execution = table.execution(&self.scope.execution).await.map_err(ActionError::from)?;
                execution.and_then(|execution| execution.task_id)
            }
        };
        let budgets = &self.scope.configuration.budgets;
        let limits = Limits { per_task: budgets.per_task(), per_month: budgets.per_user_month() };
        let charge = Charge::new(&self.scope, &self.id, self.action, task_id);
        let templates = self.templates().await?;
        let agent = agent.unwrap_or_default();
        Ok(AgentExecution::new(table.clone(), Arc::clone(clock), templates, limits, charge, agent, model))
    }

    async fn templates(&self) -> Result<Templates, ActionError> {
        match self.dispatcher.table.prompts(self.dispatcher.clock.now()).await {
            Ok(own) => Ok(Templates::new(BTreeMap::clone(&own))),
            Err(RecordsError::Missing(_)) => Ok(Templates::default()),
            Err(error) => Err(error.into()),
        }
    }

    async fn load(&self, stored: Option<&Stored<Edits>>) -> Result<Option<Edits>, ActionError> {
        match stored {
            Some(stored) => Ok(Some(self.dispatcher.table.load(stored).await?)),
            None => Ok(None),
        }
    }

    /// Reads the input; `null` means not given.
    fn input<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        let mut input = self.payload.input.clone();
        if let Some(fields) = input.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        serde_json::from_value(input).map_err(|error| {
            ActionError::rejected(format!("the input of {} is not accepted: {error}", self.action))
        })
    }

    fn output<T: Serialize>(&self, output: &T) -> Result<Value, Absent> {
        Ok(presentable(self.action, output)?)
    }

    async fn effect<T, F>(&self, act: F) -> Result<Value, Absent>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce(&Effect) -> Result<Done<T>, ActionError>,
    {
        let act = async |effect: &Effect| {
            let done = act(effect).await?;
            with_own_inverse(self.action, done, self.payload.inverse.as_ref())
        };
        // Boxed, because the future holds everything that an action and its plugins wait for.
        let output = Box::pin(self.effect.perform(act)).await?;
        self.output(&output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_belongs_to_the_run_of_its_effect() {
        let run = "arn:aws:states:us-east-1:000000000000:execution:development:a";
        assert_eq!(run_of(&format!("{run}/CreateBranch"), run), run);
        assert_eq!(run_of(&format!("{run}/CreateBranch"), "arn:aws:states:x:execution:undo:b"), run);
    }
}
