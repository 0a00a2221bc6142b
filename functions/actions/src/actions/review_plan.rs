//! `review_plan`: checks a plan, and writes the question about it for people.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::planning::{counted, estimate, estimate_all, question};
use crate::spec::ActionSpec;
use domain::project_plan::{PlanItem, outline};
use domain::stored::cut_inline;
use domain::text::closed;
use domain::{ActionError, MicroUsd, PluginType, ProjectPlan, Stored};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The plan, as an agent proposed it.
    #[serde(default)]
    pub plan: Option<Stored<ProjectPlan>>,
    /// The epic that tasks without one belong to.
    #[serde(default)]
    pub epic: Option<String>,
    /// The channel in which it was asked for, by the chat's id.
    #[serde(default)]
    pub channel: Option<String>,
    /// The channel's name.
    #[serde(default)]
    pub channel_name: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The project's name.
    pub title: String,
    /// The question that an approval must ask; a yes to another question does not count.
    pub question: String,
    /// The plan in Markdown: its estimated cost, its structure, and its epics and tasks with acceptance criteria.
    pub details: String,
    /// Whether it was asked for in a different channel than the project's, where an approval asks.
    pub elsewhere: bool,
    /// Who may answer, in the form of an approval: everybody with the role approver or admin.
    pub approvers: Vec<String>,
    /// What becomes tickets, in the order in which they are created.
    pub items: Vec<PlannedKey>,
    /// The number of tickets, in words.
    pub tickets: String,
    /// The estimated cost of the tasks, in dollars; absent if the model has no known price.
    pub estimate_usd: Option<f64>,
}

/// One item of a plan, for a `foreach` over all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedKey {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// `epic` or `task`.
    pub kind: String,
}

/// Finds every mistake in the plan, and estimates its cost by the prices of the project's model.
///
/// # Errors
/// `Rejected` with every mistake of a plan that cannot become tickets; `Internal` when it has expired.
pub struct ReviewPlan;

impl Action for ReviewPlan {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("review_plan", PluginType::AiProvider)
        .with_credentials(&[PluginType::AiProvider])
        .never_skipped();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let plan = given(context, input.plan.as_ref()).await?;
        let (model, now) = (context.model().await?, context.clock().now());
        let all = estimate_all(&model, &plan.tasks, now);
        let total = match all {
            Some(all) => format!("Estimate for all tasks: {} at the prices of {}.", about(all), model.name),
            None => format!("There is no estimate, because the price of {} is not known.", model.name),
        };
        let priced = outline(&plan, |task| estimate(&model, task.size, now).map(about));
        let items = plan.in_order().into_iter().map(|item| PlannedKey {
            key: item.key().to_owned(),
            title: item.title().to_owned(),
            kind: if matches!(item, PlanItem::Epic(_)) { "epic" } else { "task" }.to_owned(),
        });
        let tickets = match plan.epics.len() {
            0 => counted(plan.tasks.len(), "task"),
            epics => format!("{} and {}", counted(epics, "epic"), counted(plan.tasks.len(), "task")),
        };
        Ok(Done::for_good(Output {
            question: question(&plan, &context.scope().project.key, input.epic.as_deref()),
            details: cut_inline(&format!("{}\n\n{total}\n\n{priced}", closed(plan.summary.trim()))),
            elsewhere: is_elsewhere(context.scope().project.channel.as_deref(), &input),
            approvers: Vec::new(),
            items: items.collect(),
            tickets,
            estimate_usd: all.map(MicroUsd::as_usd),
            title: plan.title,
        }))
    }
}

/// The plan that a step gives.
///
/// # Errors
/// `Rejected` when it gives none, and with every mistake of one that cannot become tickets; `Internal` when it has expired.
pub(crate) async fn given(
    context: &Context<'_>,
    stored: Option<&Stored<ProjectPlan>>,
) -> Result<ProjectPlan, ActionError> {
    let none =
        || ActionError::rejected("no plan is given; pass on the `plan` of the agent that proposed one");
    let plan = context.load(stored).await?.ok_or_else(none)?;
    checked(&plan)?;
    Ok(plan)
}

/// Whether a plan was asked for in a channel other than the project's.
fn is_elsewhere(own: Option<&str>, input: &Input) -> bool {
    let own = own.map(|own| own.trim_start_matches('#'));
    let is_own = |name: &Option<String>| name.is_some() && name.as_deref() == own;
    input.channel.is_some() && !is_own(&input.channel) && !is_own(&input.channel_name)
}

/// Refuses a plan with mistakes, naming all of them.
fn checked(plan: &ProjectPlan) -> Result<(), ActionError> {
    let problems: Vec<String> = plan.problems().iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(ActionError::rejected(format!("the plan cannot become tickets: {}", problems.join("; "))))
}

/// Dollars as people say them.
fn about(cost: MicroUsd) -> String {
    format!("about ${:.2}", cost.as_usd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    #[test]
    fn the_projects_own_channel_has_an_id_and_a_name() {
        let said_in = |channel: Option<&str>, name: Option<&str>| Input {
            plan: None,
            epic: None,
            channel: channel.map(str::to_owned),
            channel_name: name.map(str::to_owned),
        };
        for (own, channel, name, expected) in [
            (Some("#shop-dev"), Some("C1"), Some("shop-dev"), false),
            (Some("C1"), Some("C1"), Some("shop-dev"), false),
            (Some("#shop-dev"), Some("C2"), Some("random"), true),
            (None, Some("C2"), None, true),
            (Some("#shop-dev"), None, None, false),
        ] {
            assert_eq!(is_elsewhere(own, &said_in(channel, name)), expected, "{own:?} {channel:?}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let plan = serde_json::json!({"title": "", "summary": "S", "tasks": []});
        let plan: ProjectPlan = serde_json::from_value(plan).unwrap();
        let error = checked(&plan).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert_eq!(
            error.message,
            "the plan cannot become tickets: the plan has no task; the title of `the plan` is empty"
        );
        assert_eq!(about(MicroUsd(1_234_567)), "about $1.23");
    }
}
