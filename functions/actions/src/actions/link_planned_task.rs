//! `link_planned_task`: makes a planned ticket wait for others by links of the tracker's own, as the plan says.

use crate::action::{Action, Done, NoOutput};
use crate::actions::review_plan::given;
use crate::actions::unlink_planned_task::{self, UnlinkPlannedTask};
use crate::context::Context;
use crate::planning::approved;
use crate::spec::ActionSpec;
use domain::plugins::{Mark, TaskLink, TaskManagement};
use domain::project_plan::PlanItem;
use domain::{ActionError, ErrorKind, PluginType, ProjectPlan, Stored};
use records::{LinkState, Partition, PlannedItem, PlannedLink};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The plan that people approved.
    #[serde(default)]
    pub plan: Option<Stored<ProjectPlan>>,
    /// The requirements, as `read_requirements` returned them.
    pub plan_id: String,
    /// The item's key.
    pub item: String,
    /// The epic that tasks without one belong to.
    #[serde(default)]
    pub epic: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The tickets that it waits for by a new link.
    pub linked: Vec<String>,
    /// The tickets that it no longer waits for, because the plan no longer says so.
    pub unlinked: Vec<String>,
    /// Why a link is missing or weaker than the plan; the ticket's description still names its dependencies.
    pub note: Option<String>,
}

/// Links the item's ticket with its dependencies, and removes links that planning made and that are no longer in the plan. Links
/// that people made, or took off, stay as they are.
///
/// # Errors
/// `Rejected` if people did not approve this plan, or the item has no ticket; `Unavailable` and `Throttled` as the tracker reports. What the
/// tracker refuses is not an error: the output says why.
pub struct LinkPlannedTask;

impl Action for LinkPlannedTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("link_planned_task", PluginType::TaskManagement)
        .effect()
        .undone_by(&[UnlinkPlannedTask::SPEC.name])
        .reading(&[Partition::Event, Partition::Waiter])
        .writing(&[Partition::Plan])
        .never_skipped();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let plan = given(context, input.plan.as_ref()).await?;
        // Links made by an earlier attempt are only looked for.
        if !context.effect().seeks() {
            approved(context, &plan, input.epic.as_deref()).await?;
        }
        let (table, project) = (context.table(), &context.scope().project.key);
        let known = table.planned_item(project, &input.plan_id, &input.item).await?;
        let with_ticket = known.filter(|known| !known.withdrawn && known.task_id.is_some());
        let Some(known) = with_ticket else {
            let item = input.item.chars().take(60).collect::<String>();
            return Err(ActionError::rejected(format!(
                "the item `{item}` has no ticket to link; run create_planned_task before link_planned_task"
            ))
            .into());
        };
        let mut wanted = Vec::new();
        if let Some(PlanItem::Task(task)) = plan.item(&input.item) {
            for key in &task.depends_on {
                let before = table.planned_item(project, &input.plan_id, key).await?;
                wanted.extend(before.filter(|before| !before.withdrawn).and_then(|before| before.task_id));
            }
        }
        let tracker = context.tracker().await?;
        Ok(link(context, &*tracker, known, &wanted).await?)
    }
}

/// Makes a ticket wait for the `wanted` ones, and removes other links that planning chose.
async fn link(
    context: &Context<'_>,
    tracker: &dyn TaskManagement,
    mut known: PlannedItem,
    wanted: &[String],
) -> Result<Done<Output>, ActionError> {
    let (effect, table) = (context.effect(), context.table());
    let task_id = known.task_id.clone().unwrap_or_default();
    let nothing = |note: Option<String>| Output { note, ..Output::default() };
    if wanted.is_empty() && known.links.is_empty() {
        effect.intend(true).await?;
        return Ok(Done::for_good(nothing(None)));
    }
    let present = match tracker.blockers(&task_id).await {
        Ok(Some(present)) => present,
        Ok(None) => {
            effect.intend(true).await?;
            return Ok(Done::for_good(nothing(Some(format!("{task_id} no longer exists")))));
        }
        Err(error) if is_refusal(&error) && !effect.seeks() => {
            effect.intend(true).await?;
            return Ok(Done::for_good(nothing(Some(error.message))));
        }
        Err(error) => return Err(error),
    };
    let Steps { add, take_off, added, taken_off } = Steps::of(wanted, &present, &known.links, &context.key);
    let mut output = Output { linked: added, unlinked: taken_off, note: None };
    let is_begun = !(output.linked.is_empty() && output.unlinked.is_empty());
    let intent = effect.intend(add.is_empty() && take_off.is_empty() && !is_begun).await?;
    let place = tracker.task_url(&task_id);
    if effect.seeks() && !is_begun {
        // Says that nothing is there.
        effect.send(place, async { Ok(()) }).await?;
    } else if !effect.seeks() {
        // Recorded before it is sent, so that a repeat can tell its own links from people's.
        for blocker in &add {
            known.note_link(blocker, &context.key, Some(LinkState::Begun));
        }
        for link in &take_off {
            known.note_link(&link.blocker, &context.key, Some(LinkState::TakenOff));
        }
        if !(add.is_empty() && take_off.is_empty()) {
            table.put_planned_item(&known).await?;
        }
        let mut notes = Vec::new();
        for blocker in add {
            let mark = Mark { key: format!("{}/{blocker}", context.key), at: intent.mark.at };
            let sent = async { settled(tracker.link_blocker(&task_id, &blocker, &mark).await) };
            match effect.send(place.clone(), sent).await? {
                Ok(linked) => {
                    notes.extend(linked.note);
                    output.linked.push(blocker);
                }
                Err(refused) => {
                    notes.push(refused.message);
                    known.note_link(&blocker, &context.key, None);
                }
            }
        }
        for link in take_off {
            let sent = async { settled(tracker.unlink_blocker(&task_id, &link).await) };
            match effect.send(place.clone(), sent).await? {
                Ok(()) => output.unlinked.push(link.blocker),
                Err(refused) => {
                    notes.push(refused.message);
                    known.note_link(&link.blocker, &context.key, Some(LinkState::Made));
                }
            }
        }
        notes.dedup();
        output.note = (!notes.is_empty()).then(|| notes.join("; "));
    }
    for blocker in &output.linked {
        known.note_link(blocker, &context.key, Some(LinkState::Made));
    }
    table.put_planned_item(&known).await?;
    if output.linked.is_empty() && output.unlinked.is_empty() {
        return Ok(Done::for_good(output));
    }
    let inverse = unlink_planned_task::Input {
        task_id,
        plan_id: known.plan,
        item: known.key,
        linked: output.linked.clone(),
        unlinked: output.unlinked.clone(),
    };
    Ok(Done::undone_by(output, UnlinkPlannedTask::SPEC.id(), json!(inverse)))
}

/// A result that treats a refusal as harmless: other links were made before, and the journal must keep
/// them.
fn settled<T>(answer: Result<T, ActionError>) -> Result<Result<T, ActionError>, ActionError> {
    match answer {
        Err(error) if is_refusal(&error) => Ok(Err(error)),
        other => other.map(Ok),
    }
}

fn is_refusal(error: &ActionError) -> bool {
    matches!(error.kind, ErrorKind::Rejected | ErrorKind::Conflict)
}

/// The pending changes to a ticket's links, and those of an earlier attempt of the same effect.
#[derive(Debug, Default, PartialEq)]
struct Steps {
    add: Vec<String>,
    take_off: Vec<TaskLink>,
    added: Vec<String>,
    taken_off: Vec<String>,
}

impl Steps {
    /// `known` is what planning did before; `key` is this effect's.
    fn of(wanted: &[String], present: &[TaskLink], known: &[PlannedLink], key: &str) -> Self {
        let noted = |blocker: &str| known.iter().find(|link| link.blocker == blocker);
        let is_there = |blocker: &str| present.iter().any(|link| link.blocker == blocker);
        let mut steps = Self::default();
        for blocker in wanted {
            match noted(blocker) {
                Some(link) if is_there(blocker) => {
                    if link.by == key && link.state != LinkState::TakenOff {
                        steps.added.push(blocker.clone());
                    }
                }
                // Somebody took it off.
                Some(link) if link.state == LinkState::Made => {}
                // Somebody made it before us.
                None if is_there(blocker) => {}
                _ => steps.add.push(blocker.clone()),
            }
        }
        for link in present.iter().filter(|link| !wanted.contains(&link.blocker)) {
            let is_ours = |noted: &&PlannedLink| noted.state != LinkState::TakenOff || noted.by == key;
            if noted(&link.blocker).is_some_and(|noted| is_ours(&noted)) {
                steps.take_off.push(link.clone());
            }
        }
        let gone = known.iter().filter(|link| link.by == key && link.state == LinkState::TakenOff);
        steps.taken_off =
            gone.filter(|link| !is_there(&link.blocker)).map(|link| link.blocker.clone()).collect();
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "run/Link.door";

    fn there(blockers: &[&str]) -> Vec<TaskLink> {
        let link =
            |blocker: &&str| TaskLink { blocker: (*blocker).to_owned(), id: format!("id of {blocker}") };
        blockers.iter().map(link).collect()
    }

    fn noted(blocker: &str, by: &str, state: LinkState) -> PlannedLink {
        PlannedLink { blocker: blocker.to_owned(), by: by.to_owned(), state }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn only_what_is_missing_is_added_and_only_our_own_is_taken_off() {
        let known = [noted("A", "run/1", LinkState::Made), noted("B", "run/1", LinkState::Made)];
        let steps = Steps::of(&texts(&["A", "C", "D"]), &there(&["A", "B", "D", "E"]), &known, OWN);
        assert_eq!(steps.add, ["C"], "A is there, and so is D, which somebody else made");
        assert_eq!(steps.take_off, there(&["B"]), "E is somebody else's");
        assert_eq!((steps.added, steps.taken_off), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_link_that_somebody_took_off_is_not_made_again_and_one_that_the_plan_took_off_is() {
        let known = [
            noted("A", "run/1", LinkState::Made),
            noted("B", "run/1", LinkState::TakenOff),
            noted("C", "run/1", LinkState::Begun),
        ];
        let steps = Steps::of(&texts(&["A", "B", "C"]), &there(&[]), &known, OWN);
        assert_eq!(steps.add, ["B", "C"]);
        // Somebody made it again that the plan took off: it is theirs now.
        let theirs = Steps::of(&[], &there(&["B"]), &known, OWN);
        assert_eq!(theirs, Steps::default());
    }

    #[test]
    fn a_repeat_knows_its_own_links_again() {
        let known = [
            noted("A", OWN, LinkState::Begun),
            noted("B", OWN, LinkState::Begun),
            noted("C", OWN, LinkState::TakenOff),
            noted("D", OWN, LinkState::TakenOff),
        ];
        let steps = Steps::of(&texts(&["A", "B"]), &there(&["A", "D"]), &known, OWN);
        assert_eq!((steps.added, steps.add), (texts(&["A"]), texts(&["B"])));
        assert_eq!((steps.taken_off, steps.take_off), (texts(&["C"]), there(&["D"])));
    }
}
