//! `withdraw_task`: takes back planning's effect on a ticket, if nobody has touched it.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::NewTask;
use domain::{ActionError, PluginType};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The ticket.
    pub task_id: String,
    /// The requirements, as `read_requirements` returned them.
    pub plan_id: String,
    /// The item's key in the plan.
    pub item: String,
    /// How the ticket looked after planning wrote it: with another look, somebody has touched it.
    pub look: String,
    /// Its former text, if planning only changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
}

/// A ticket's text before it was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Former {
    /// Its title.
    pub title: String,
    /// Its description in Markdown.
    pub description: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The ticket.
    pub task_id: String,
}

/// Deletes the ticket, closes it if the tracker cannot delete, or restores its former text. A missing one is left alone.
///
/// # Errors
/// `Conflict` when somebody has touched the ticket since, or an epic still has tickets of the plan; the tracker's errors.
pub struct WithdrawTask;

impl Action for WithdrawTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("withdraw_task", PluginType::TaskManagement)
        .effect()
        .writing(&[Partition::Plan]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, table, effect) = (context.tracker().await?, context.table(), context.effect());
        let project = &context.scope().project.key;
        let Input { task_id, plan_id, item, look, former } = input;
        let planned = table.planned_items(project, &plan_id).await?;
        let record = planned.iter().find(|planned| planned.key == item).cloned();
        let found = tracker.inspect_task(&task_id).await?;
        // A ticket closed by an earlier attempt looks changed: its record says why, or the journal, if the attempt got no response.
        let is_recorded = record.as_ref().is_some_and(|record| record.withdrawn);
        let is_closed = former.is_none() && found.as_ref().is_some_and(|found| found.withdrawn);
        let is_done = found.is_none() || is_recorded || (is_closed && effect.is_doubtful().await?);
        if let Some(found) = found.as_ref().filter(|_| !is_done)
            && found.look() != look
        {
            return Err(ActionError::conflict(format!(
                "{task_id} was changed by somebody after it was planned, so it stays as it is"
            ))
            .into());
        }
        let is_in_it = |other: &&records::PlannedItem| {
            !other.withdrawn && other.task_id.is_some() && other.epic.as_deref() == Some(&task_id)
        };
        if let Some(other) = planned.iter().find(is_in_it).filter(|_| former.is_none() && !is_done) {
            return Err(ActionError::conflict(format!(
                "the epic {task_id} still has {}, so it stays",
                other.task_id.as_deref().unwrap_or_default()
            ))
            .into());
        }
        effect.intend(is_done).await?;
        if !is_done {
            let place = found.and_then(|found| found.task.url);
            match (&former, &record) {
                (Some(former), Some(record)) => {
                    let new = NewTask {
                        project: context.scope().tracker_project(None)?.to_owned(),
                        task_type: String::new(),
                        title: former.title.clone(),
                        description: former.description.clone(),
                        labels: Vec::new(),
                        epic: None,
                        story_points: None,
                    };
                    effect.send_again(place, tracker.rewrite_task(&task_id, &new, &record.mark())).await?;
                }
                (Some(_), None) => {
                    return Err(ActionError::rejected(format!(
                        "the record of {task_id} is gone, so its text is kept"
                    ))
                    .into());
                }
                (None, _) => effect.send_again(place, tracker.withdraw_task(&task_id)).await?,
            }
        }
        if let Some(mut record) = record {
            match former {
                Some(_) => {
                    record.said = None;
                    record.look = tracker.inspect_task(&task_id).await?.map(|inspected| inspected.look());
                }
                None => record.withdrawn = true,
            }
            table.put_planned_item(&record).await?;
        }
        Ok(Done::for_good(Output { task_id }))
    }
}
