//! One invocation of one action: its input read, the plugins it needs made and no others, its effect journaled.

use crate::actions::*;
use crate::agent::template::Templates;
use crate::agent::{AgentExecution, Charge};
use crate::dispatch::Dispatcher;
use crate::effect::{Done, Effect, presentable, with_own_inverse};
use crate::park::Park;
use crate::providers::Absent;
use crate::scope::Scope;
use domain::action::Agent;
use domain::execution::TaskPayload;
use domain::plugins::VersionControl;
use domain::{ActionError, ActionName, Stored};
use edits::Edits;
use provider_github::Access;
use records::{Limits, RecordsError};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One invocation of one action.
pub(crate) struct Invocation<'a> {
    pub(crate) dispatcher: &'a Dispatcher,
    pub(crate) action: ActionName,
    pub(crate) scope: Scope,
    pub(crate) effect: Effect,
    /// The run and key of the effect that this takes back.
    pub(crate) undone: Option<(String, String)>,
    pub(crate) id: String,
    pub(crate) payload: TaskPayload,
}

impl Invocation<'_> {
    /// Performs it, and gives what later steps can read.
    ///
    /// # Errors
    /// [`Absent`].
    pub(crate) async fn perform(self) -> Result<Value, Absent> {
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
                await_budget::run(self.park(), self.input()?).await?;
                Ok(Value::Null)
            }
            AwaitEvent => {
                await_event::run(self.park(), self.input()?).await?;
                Ok(Value::Null)
            }
            RequestApproval => self.request_approval().await,
            ListEffects => self.output(&list_effects::run(table, &**clock, &scope.run, self.input()?).await?),
        }
    }

    fn park(&self) -> Park<'_> {
        Park {
            table: &self.dispatcher.table,
            clock: &*self.dispatcher.clock,
            scope: &self.scope,
            key: &self.payload.key,
            token: self.payload.task_token.clone().map(SecretString::from),
        }
    }

    async fn request_approval(&self) -> Result<Value, Absent> {
        let input: request_approval::Input = self.input()?;
        let waiter = request_approval::run(&self.park(), &input).await?;
        let chat = match self.dispatcher.providers.chat(&self.scope).await {
            Ok(chat) => chat,
            // The progress comment asks, too.
            Err(Absent::Unset(_)) => return Ok(Value::Null),
            Err(failed) => return Err(failed),
        };
        let details = input.details.as_deref();
        let ask = async |effect: &Effect| {
            request_approval::ask(&*chat, effect, &self.scope, &waiter, details).await
        };
        if let Some(asked) = Box::pin(self.effect.perform(ask)).await? {
            let (channel, id) = asked.place();
            let recorded = self.dispatcher.table.set_waiter_message(&waiter, channel, id).await;
            recorded.map_err(ActionError::from)?;
        }
        Ok(Value::Null)
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
