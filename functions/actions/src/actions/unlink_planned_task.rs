//! `unlink_planned_task`: takes back what planning did to a ticket's links.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
use domain::plugins::{Mark, TaskLink};
use records::{LinkState, Partition};
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
    /// The tickets that planning linked it with.
    pub linked: Vec<String>,
    /// The tickets whose links planning took off.
    #[serde(default)]
    pub unlinked: Vec<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The ticket.
    pub task_id: String,
}

/// Removes the links that planning made, and restores those that it removed. Links that are already as they should be, or belong to people, are left alone,
/// and so is a missing ticket.
///
/// # Errors
/// The tracker's errors.
pub struct UnlinkPlannedTask;

impl Action for UnlinkPlannedTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("unlink_planned_task", PluginType::TaskManagement)
        .effect()
        .writing(&[Partition::Plan]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let (tracker, table, effect) = (context.tracker().await?, context.table(), context.effect());
        let project = &context.scope().project.key;
        let Input { task_id, plan_id, item, linked, unlinked } = input;
        let mut record = table.planned_item(project, &plan_id, &item).await?;
        // The links of a missing ticket are gone, too.
        let present = tracker.blockers(&task_id).await?;
        let is_gone = present.is_none();
        let present = present.unwrap_or_default();
        let is_there = |blocker: &String| present.iter().any(|link| link.blocker == *blocker);
        // If planning removed a link and it is back, somebody restored it.
        let is_theirs = |blocker: &str| {
            let mut noted = record.iter().flat_map(|record| &record.links);
            noted.any(|link| link.blocker == blocker && link.state == LinkState::TakenOff)
        };
        let is_ours = |link: &&TaskLink| linked.contains(&link.blocker) && !is_theirs(&link.blocker);
        let off: Vec<TaskLink> = present.iter().filter(is_ours).cloned().collect();
        let again: Vec<String> =
            unlinked.iter().filter(|blocker| !is_gone && !is_there(blocker)).cloned().collect();
        let intent = effect.intend(off.is_empty() && again.is_empty()).await?;
        let place = tracker.task_url(&task_id);
        for link in &off {
            effect.send_again(place.clone(), tracker.unlink_blocker(&task_id, link)).await?;
        }
        for blocker in &again {
            let mark = Mark { key: format!("{}/{blocker}", context.key), at: intent.mark.at };
            effect.send_again(place.clone(), tracker.link_blocker(&task_id, blocker, &mark)).await?;
        }
        if let Some(record) = &mut record {
            for blocker in &linked {
                record.note_link(blocker, &context.key, None);
            }
            for blocker in unlinked.iter().filter(|_| !is_gone) {
                record.note_link(blocker, &context.key, Some(LinkState::Made));
            }
            table.put_planned_item(record).await?;
        }
        Ok(Done::for_good(Output { task_id }))
    }
}
