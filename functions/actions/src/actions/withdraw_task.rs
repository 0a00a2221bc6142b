//! `withdraw_task`: takes back planning's effect on a ticket, if nobody has touched it.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::{InspectedTask, NewTask};
use domain::{ActionError, PluginType, Task};
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
    /// Its former text and place, if planning only changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
}

/// A ticket's text and place before they were changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Former {
    /// Its title.
    pub title: String,
    /// Its description in Markdown.
    pub description: String,
    /// Whether the epics and `story_points` are known. If not, because an earlier version changed the ticket, they stay as they are.
    #[serde(default)]
    pub placed: bool,
    /// The key of its epic, as the tracker shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epic: Option<String>,
    /// The epic that planning had put it in, which some trackers only name in the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_epic: Option<String>,
    /// Its story points, if the tracker takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_points: Option<f64>,
}

impl Former {
    /// Whether the ticket says what it said before, and no longer looks as it did when planning had written it: perhaps only its epic changed.
    fn is_back(&self, found: &InspectedTask, look: &str) -> bool {
        let is_said = found.task.title == self.title && found.task.description == self.description;
        is_said && look != found.look()
    }

    /// The ticket as it was, given how it is.
    fn of(&self, present: &Task, project: String, takes_story_points: bool) -> NewTask {
        let (epic, story_points) = match self.placed {
            true => (self.epic.clone(), self.story_points),
            false => (present.epic_link.clone(), present.story_points),
        };
        NewTask {
            project,
            task_type: String::new(),
            title: self.title.clone(),
            description: self.description.clone(),
            labels: Vec::new(),
            epic,
            story_points: story_points.filter(|_| takes_story_points),
        }
    }
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
        // A ticket closed or restored by an earlier attempt looks changed: its record says why, or the journal, if the attempt got no response.
        let is_recorded = record.as_ref().is_some_and(|record| record.withdrawn);
        let is_closed = former.is_none() && found.as_ref().is_some_and(|found| found.withdrawn);
        let is_restored =
            former.as_ref().zip(found.as_ref()).is_some_and(|(former, found)| former.is_back(found, &look));
        let is_back = (is_closed || is_restored) && effect.is_doubtful().await?;
        let is_done = found.is_none() || is_recorded || is_back;
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
        if let Some(InspectedTask { task: present, .. }) = found.filter(|_| !is_done) {
            let place = present.url.clone();
            match (&former, &record) {
                (Some(former), Some(record)) => {
                    let project = context.scope().tracker_project(None)?.to_owned();
                    let new = former.of(&present, project, tracker.takes_story_points());
                    effect.send_again(place, tracker.rewrite_task(&present, &new, &record.mark())).await?;
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
                Some(former) => {
                    record.said = None;
                    if former.placed {
                        record.epic = former.planned_epic;
                    }
                    record.look = tracker.inspect_task(&task_id).await?.map(|inspected| inspected.look());
                }
                None => record.withdrawn = true,
            }
            table.put_planned_item(&record).await?;
        }
        Ok(Done::for_good(Output { task_id }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_ticket_goes_back_to_its_former_epic() {
        let present = json!({"task_id": "A-1", "title": "New", "epic_link": "A-9", "story_points": 8.0});
        let present: Task = serde_json::from_value(present).unwrap();
        let place = |former: serde_json::Value, takes_story_points| {
            let former: Former = serde_json::from_value(former).unwrap();
            let new = former.of(&present, "A".into(), takes_story_points);
            assert_eq!((new.title.as_str(), new.description.as_str()), ("Old", "D"));
            (new.epic, new.story_points)
        };
        let former =
            json!({"title": "Old", "description": "D", "placed": true, "epic": "A-2", "story_points": 1.0});
        assert_eq!(place(former.clone(), true), (Some("A-2".into()), Some(1.0)));
        assert_eq!(place(former, false), (Some("A-2".into()), None));
        let loose = json!({"title": "Old", "description": "D", "placed": true});
        assert_eq!(place(loose, true), (None, None));
        // As an earlier version recorded it.
        let unknown = json!({"title": "Old", "description": "D"});
        assert_eq!(place(unknown, true), (Some("A-9".into()), Some(8.0)));
    }

    #[test]
    fn a_ticket_of_which_only_the_epic_changed_is_not_taken_for_restored() {
        let former = json!({"title": "T", "description": "D", "placed": true, "epic": "A-2"});
        let former: Former = serde_json::from_value(former).unwrap();
        let found = |epic: &str, title: &str| {
            let task = json!({"task_id": "A-1", "title": title, "description": "D", "epic_link": epic});
            let task = serde_json::from_value(task).unwrap();
            InspectedTask { task, comments: 0, additions: 0, withdrawn: false }
        };
        let planned = found("A-9", "T");
        assert!(!former.is_back(&planned, &planned.look()), "nobody has moved it back");
        assert!(former.is_back(&found("A-2", "T"), &planned.look()));
        assert!(!former.is_back(&found("A-2", "U"), &planned.look()));
    }
}
