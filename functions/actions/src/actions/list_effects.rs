//! `list_effects`: closes a run to new effects and lists what it did, newest first.

use crate::action::{Action, Done, NoOutput};
use crate::artifacts::EffectEntry;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::ActionError;
use records::{EffectStatus, Partition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ARN of the run. Default: the execution's own.
    #[serde(default)]
    pub run: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// What was done, newest first. What has no inverse stays.
    pub effects: Vec<EffectEntry>,
}

/// Closes the run, waits out who is still acting, and lists what stands.
///
/// # Errors
/// `Unavailable` while an effect of the run is being performed, with how long to wait; the table's errors.
pub struct ListEffects;

impl Action for ListEffects {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("list_effects").writing(&[Partition::Run]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (table, clock) = (context.table(), context.clock());
        let run = input.run.as_deref().unwrap_or(&context.scope().run);
        let now = clock.now();
        table.close_run(run, now).await?;
        let effects = table.effects_of(run).await?;
        if let Some(until) =
            effects.iter().filter(|effect| effect.is_leased(now)).map(|effect| effect.lease_until).max()
        {
            return Err(NoOutput::Failed(ActionError {
                retry_after: until.duration_since(now).try_into().ok(),
                ..ActionError::unavailable(format!(
                    "a step of the run is still at work, at least until {until}; the rollback waits for it"
                ))
            }));
        }
        let effects = effects
            .into_iter()
            .filter(|effect| {
                effect.status == EffectStatus::Done && !effect.existed && context.has_effect(&effect.action)
            })
            .map(|effect| EffectEntry { key: effect.key, action: effect.action, inverse: effect.inverse })
            .collect();
        Ok(Done::for_good(Output { effects }))
    }
}
