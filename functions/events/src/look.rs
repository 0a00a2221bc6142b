//! One look at an execution, on which all consequences of a change are based, so that nothing is read twice.

use domain::Clock;
use domain::built_in_actions::{COMMIT_CHANGES, CREATE_PULL_REQUEST};
use domain::configuration::Configuration;
use jiff::Timestamp;
use records::{EffectRecord, ExecutionView, RecordsError, Table, Told};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The outputs of so many effects are read together, however large they are.
const FEW: usize = 4;

/// What there was of an execution at a moment.
pub(crate) struct Look {
    /// When it was looked at: everything here is that old at most.
    pub(crate) at: Timestamp,
    /// The last reported state. It is older than the rest, so a caller who is the first to report news from this look
    /// does not repeat what others have reported.
    pub(crate) told: Told,
    /// The configuration in force.
    ///
    /// # Errors
    /// If none was ever put in force: steps that need none still work.
    pub(crate) configuration: Result<Arc<Configuration>, RecordsError>,
    /// The execution, with its steps and costs.
    pub(crate) view: ExecutionView,
    effects: OnceCell<Vec<EffectRecord>>,
    journal: OnceCell<Vec<EffectRecord>>,
}

impl Look {
    /// Looks at an execution at the time `at`; `None` if there is none.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn take(
        table: &Table,
        execution: &str,
        at: Timestamp,
    ) -> Result<Option<Self>, RecordsError> {
        let (mut told, configuration) = table.told_and_configuration(&[execution], at).await?;
        Self::with(table, execution, at, (told.pop().transpose()?, configuration)).await
    }

    /// Looks at each of these executions, which differ, in their order. What their looks have in common is read once.
    ///
    /// # Errors
    /// When the records do not answer; one that cannot be read does not keep the others from being looked at.
    pub(crate) async fn take_each(
        table: &Table,
        executions: &[&str],
        clock: &dyn Clock,
    ) -> Result<Vec<Result<Option<Self>, RecordsError>>, RecordsError> {
        let (told, configuration) = table.told_and_configuration(executions, clock.now()).await?;
        let mut looks = Vec::with_capacity(executions.len());
        for (execution, told) in executions.iter().zip(told) {
            looks.push(match told {
                Ok(told) => {
                    let read = (Some(told), configuration.clone());
                    Self::with(table, execution, clock.now(), read).await
                }
                Err(error) => Err(error),
            });
        }
        Ok(looks)
    }

    async fn with(
        table: &Table,
        execution: &str,
        at: Timestamp,
        (told, configuration): (Option<Told>, Result<Arc<Configuration>, RecordsError>),
    ) -> Result<Option<Self>, RecordsError> {
        let view = table.execution_view(execution).await?;
        let told = told.unwrap_or_default();
        let (effects, journal) = (OnceCell::new(), OnceCell::new());
        Ok(view.map(|view| Self { at, told, configuration, view, effects, journal }))
    }

    /// The effects of its run, newest first, as of the first call.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn effects(&self, table: &Table) -> Result<&[EffectRecord], RecordsError> {
        let read = async || match self.view.execution.run() {
            Some(run) => table.effects_of(run).await,
            None => Ok(Vec::new()),
        };
        Ok(self.effects.get_or_try_init(read).await?)
    }

    /// The same, where there are more than a few without the outputs, which together may be large.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn journal(&self, table: &Table) -> Result<&[EffectRecord], RecordsError> {
        if self.made_something() {
            return self.effects(table).await;
        }
        let read = async || {
            let Some(run) = self.view.execution.run() else { return Ok(Vec::new()) };
            // More steps than that have more effects; those of other executions of the run are not seen from here.
            if self.view.steps.len() <= FEW
                && let Some(effects) = table.few_effects_of(run, FEW).await?
            {
                return Ok(effects);
            }
            table.journal_of(run).await
        };
        Ok(self.journal.get_or_try_init(read).await?)
    }

    /// Whether its effects reveal more than its steps: it may have made a commit or a pull request.
    pub(crate) fn made_something(&self) -> bool {
        let makes = [COMMIT_CHANGES, CREATE_PULL_REQUEST];
        self.view.steps.iter().any(|step| makes.contains(&step.action.as_str()))
    }
}
