//! `create_planned_task`: creates the ticket for an item of an approved plan, or updates its earlier ticket.

use crate::action::{Action, Done, NoOutput};
use crate::actions::create_task::{create_intended, find_created};
use crate::actions::read_requirements::ReadRequirements;
use crate::actions::review_plan::given;
use crate::actions::withdraw_task::{self, WithdrawTask};
use crate::context::Context;
use crate::planning::approved;
use crate::spec::ActionSpec;
use domain::execution::execution_of;
use domain::plugins::{InspectedTask, NewTask, TaskManagement};
use domain::project_plan::{PlanItem, PlannedTask, ticket_text};
use domain::{ActionError, ErrorKind, PluginType, ProjectPlan, Stored};
use jiff::SignedDuration;
use records::{Partition, PlannedItem, Rewriting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// How long an unconfirmed creation by another run may still show up in a tracker whose search lags.
const LAG: SignedDuration = SignedDuration::from_mins(10);

/// The most tickets of another planning that are named.
const NAMED: usize = 5;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The ticket's key.
    pub task_id: String,
    /// Where people open it.
    pub url: Option<String>,
    /// `created`, `updated`, `unchanged`, or `left` where people have changed or removed it since it was planned.
    pub state: State,
}

/// What became of an item's ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is new.
    Created,
    /// It was planned before, and now matches the plan.
    Updated,
    /// It was planned before and says so already.
    Unchanged,
    /// Somebody changed or removed it, so it stays as it is.
    Left,
}

/// Creates the item's ticket once for these requirements, however often they are planned; a ticket that nobody has touched since is updated.
///
/// # Errors
/// `Rejected` if people did not approve this plan, it has no such item, another run has planned the same in the meantime, or the tracker does not
/// accept a value; `Unavailable` while another run creates the same; as `create_task`.
pub struct CreatePlannedTask;

impl Action for CreatePlannedTask {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("create_planned_task", PluginType::TaskManagement)
        .effect()
        .undone_by(&[WithdrawTask::SPEC.name])
        .confirmed()
        .reading(&[Partition::Event, Partition::Waiter])
        .writing(&[Partition::Plan])
        .never_skipped();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let plan = given(context, input.plan.as_ref()).await?;
        // The ticket of an earlier attempt is only looked for.
        if !context.effect().seeks() {
            approved(context, &plan, input.epic.as_deref()).await?;
        }
        let tracker = context.tracker().await?;
        let (table, project) = (context.table(), &context.scope().project.key);
        let item = plan.item(&input.item).ok_or_else(|| {
            ActionError::rejected(format!(
                "the plan has no item `{}`",
                input.item.chars().take(60).collect::<String>()
            ))
        })?;
        let work = Work { context, tracker: &*tracker, plan_id: &input.plan_id };
        let new = work.ticket_of(item, input.epic.as_deref()).await?;
        let earlier = table.planned_item(project, &input.plan_id, item.key()).await?;
        match earlier {
            // One that this very effect created is created again, which finds it.
            Some(earlier)
                if earlier.task_id.is_some() && !earlier.withdrawn && earlier.claim != context.key =>
            {
                Ok(work.update(earlier, &new, item).await?)
            }
            earlier => Ok(work.create(earlier, &new, item).await?),
        }
    }
}

struct Work<'a> {
    context: &'a Context<'a>,
    tracker: &'a dyn TaskManagement,
    plan_id: &'a str,
}

impl Work<'_> {
    /// The item as a ticket, with the tickets of its epic and its dependencies.
    async fn ticket_of(&self, item: PlanItem<'_>, epic: Option<&str>) -> Result<NewTask, ActionError> {
        let project = self.context.scope().tracker_project(None)?.to_owned();
        Ok(match item {
            PlanItem::Epic(planned) => NewTask {
                project,
                task_type: "Epic".to_owned(),
                title: planned.title.clone(),
                description: planned.description.clone(),
                labels: Vec::new(),
                epic: None,
                story_points: None,
            },
            PlanItem::Task(planned) => {
                let mut before = Vec::new();
                for key in &planned.depends_on {
                    before.extend(self.ticket(key).await?);
                }
                let epic = match &planned.epic {
                    Some(key) => self.ticket(key).await?,
                    None => epic.map(str::to_owned),
                };
                NewTask {
                    project,
                    task_type: "Task".to_owned(),
                    title: planned.title.clone(),
                    description: ticket_text(planned, &before),
                    labels: Vec::new(),
                    epic,
                    story_points: self.points(planned),
                }
            }
        })
    }

    fn points(&self, task: &PlannedTask) -> Option<f64> {
        self.tracker.takes_story_points().then(|| task.size.story_points())
    }

    /// The ticket of another item.
    async fn ticket(&self, key: &str) -> Result<Option<String>, ActionError> {
        let project = &self.context.scope().project.key;
        let item = self.context.table().planned_item(project, self.plan_id, key).await?;
        Ok(item.filter(|item| !item.withdrawn).and_then(|item| item.task_id))
    }

    async fn create(
        &self,
        earlier: Option<PlannedItem>,
        new: &NewTask,
        item: PlanItem<'_>,
    ) -> Result<Done<Output>, ActionError> {
        let (table, now) = (self.context.table(), self.context.clock().now());
        let mark = match &earlier {
            Some(other) if other.claim != self.context.key && !other.withdrawn => {
                if let Some(found) = find_created(table, self.tracker, &new.project, &other.mark()).await? {
                    let found = PlannedItem { task_id: Some(found.task_id), ..other.clone() };
                    table.put_planned_item(&found).await?;
                    return self.update(found, new, item).await;
                }
                if now.duration_since(other.claimed_at) < LAG {
                    return Err(ActionError {
                        retry_after: LAG.try_into().ok(),
                        ..ActionError::unavailable(format!(
                            "another planning of the same requirements began to create `{}` at {}, and it is not known yet whether the ticket exists",
                            item.key(),
                            other.claimed_at
                        ))
                    });
                }
                Some(other.claim.as_str())
            }
            Some(other) => Some(other.claim.as_str()),
            None => {
                if !self.context.effect().seeks() {
                    self.check_unplanned(item.key()).await?;
                }
                None
            }
        };
        let intent = self.context.effect().intend(false).await?;
        let mut claim = PlannedItem {
            project: self.context.scope().project.key.clone(),
            plan: self.plan_id.to_owned(),
            key: item.key().to_owned(),
            title: new.title.clone(),
            claim: intent.mark.key.clone(),
            claimed_at: intent.mark.at,
            task_id: None,
            epic: new.epic.clone(),
            said: Some(said(new)),
            look: None,
            rewriting: None,
            withdrawn: false,
            links: Vec::new(),
        };
        if !self.context.effect().seeks() && !table.claim_planned_item(&claim, mark).await? {
            return Err(ActionError::unavailable(format!(
                "another planning of the same has just begun to create `{}`; the next attempt finds its ticket",
                item.key()
            )));
        }
        let created = match create_intended(self.context, self.tracker, new, &intent).await {
            // No ticket of a refused request can show up, so the next planning need not wait for one.
            Err(refused)
                if refused.kind == ErrorKind::Rejected
                    && !intent.doubtful
                    && !self.context.effect().seeks() =>
            {
                claim.withdrawn = true;
                self.keep(&claim).await?;
                return Err(refused);
            }
            created => created?.output,
        };
        claim.task_id = Some(created.task_id.clone());
        let look = self.tracker.inspect_task(&created.task_id).await?.map(|inspected| inspected.look());
        claim.look.clone_from(&look);
        self.keep(&claim).await?;
        let output = Output { task_id: created.task_id.clone(), url: created.url, state: State::Created };
        let inverse = withdraw_task::Input {
            task_id: created.task_id,
            plan_id: self.plan_id.to_owned(),
            item: item.key().to_owned(),
            look: look.unwrap_or_default(),
            former: None,
        };
        Ok(Done::undone_by(output, WithdrawTask::SPEC.id(), json!(inverse)))
    }

    /// Refuses a new key if another run has planned the same requirements since this one read what was planned: its agent did not know those
    /// tickets, and may have given the same work another key.
    async fn check_unplanned(&self, key: &str) -> Result<(), ActionError> {
        let (table, scope) = (self.context.table(), self.context.scope());
        let own = format!("{}/", scope.run);
        let mut others = table.planned_items(&scope.project.key, self.plan_id).await?;
        others.retain(|other| !other.withdrawn && !other.claim.starts_with(&own));
        if others.is_empty() {
            return Ok(());
        }
        let execution = execution_of(&scope.run);
        let steps = table.steps(execution).await?;
        let read = steps.iter().find(|step| step.action == ReadRequirements::SPEC.id());
        let known_until = match read {
            Some(step) => Some(step.started_at),
            None => table.execution(execution).await?.map(|execution| execution.begun_at),
        };
        others.retain(|other| known_until.is_some_and(|known| other.claimed_at > known));
        if others.is_empty() {
            return Ok(());
        }
        let names: Vec<_> =
            others.iter().take(NAMED).map(|other| other.task_id.as_deref().unwrap_or(&other.title)).collect();
        Err(ActionError::rejected(format!(
            "no ticket is created for `{key}`: somebody else planned the same requirements while this plan was made ({}), so the same work \
             could become two tickets; plan again to update the tickets that exist",
            names.join(", ")
        )))
    }

    /// Updates the item's earlier ticket to match the plan, unless people have touched it.
    async fn update(
        &self,
        mut known: PlannedItem,
        new: &NewTask,
        item: PlanItem<'_>,
    ) -> Result<Done<Output>, ActionError> {
        let effect = self.context.effect();
        let task_id = known.task_id.clone().unwrap_or_default();
        let url = self.tracker.task_url(&task_id);
        let found = self.tracker.inspect_task(&task_id).await?;
        let own = known.rewriting.clone().filter(|rewriting| rewriting.by == self.context.key);
        let is_done = known.said.as_deref() == Some(&said(new));
        // A text written by an earlier attempt of this effect counts as untouched.
        let is_touched = |found: &InspectedTask| {
            own.is_none() && known.look.as_ref().is_none_or(|look| *look != found.look())
        };
        let (state, found) = match found {
            None => (State::Left, None),
            Some(found) if is_done => (State::Unchanged, Some(found)),
            Some(found) if is_touched(&found) => (State::Left, Some(found)),
            Some(found) => (State::Updated, Some(found)),
        };
        let url = found.as_ref().and_then(|found| found.task.url.clone()).or(url);
        let output = Output { task_id: task_id.clone(), url: url.clone(), state };
        let Some(found) = found.filter(|_| state == State::Updated) else {
            effect.intend(true).await?;
            return Ok(Done::for_good(output));
        };
        effect.intend(false).await?;
        let present = &found.task;
        let takes_points = self.tracker.takes_story_points();
        let former = own.unwrap_or_else(|| Rewriting {
            by: self.context.key.clone(),
            title: present.title.clone(),
            description: present.description.clone(),
            placed: true,
            epic: present.epic_link.clone(),
            planned_epic: known.epic.clone(),
            story_points: present.story_points.filter(|_| takes_points),
        });
        known.rewriting = Some(former.clone());
        self.keep(&known).await?;
        let mark = known.mark();
        effect.send_again(url, self.tracker.rewrite_task(present, new, &mark)).await?;
        let look = self.tracker.inspect_task(&task_id).await?.map(|inspected| inspected.look());
        let inverse = withdraw_task::Input {
            task_id,
            plan_id: self.plan_id.to_owned(),
            item: item.key().to_owned(),
            look: look.clone().unwrap_or_default(),
            former: Some(withdraw_task::Former {
                title: former.title,
                description: former.description,
                placed: former.placed,
                epic: former.epic,
                planned_epic: former.planned_epic,
                story_points: former.story_points,
            }),
        };
        (known.title, known.said, known.look) = (new.title.clone(), Some(said(new)), look);
        known.epic.clone_from(&new.epic);
        self.keep(&known).await?;
        Ok(Done::undone_by(output, WithdrawTask::SPEC.id(), json!(inverse)))
    }

    async fn keep(&self, item: &PlannedItem) -> Result<(), ActionError> {
        if !self.context.table().put_planned_item(item).await? {
            tracing::warn!(key = item.key, "another planning has claimed the item, and its record is kept");
        }
        Ok(())
    }
}

/// The plan's content for a ticket, as a digest.
fn said(new: &NewTask) -> String {
    let text = json!([new.title, new.description, new.epic, new.story_points]).to_string();
    let mut digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest.truncate(32);
    digest
}
