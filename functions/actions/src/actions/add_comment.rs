//! `add_comment`: adds a comment to a ticket.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::effect::Effect;
use crate::spec::ActionSpec;
use domain::ActionError;
use domain::PluginType;
use domain::plugins::TaskManagement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The tracker's key.
    pub task_id: String,
    /// The comment in Markdown.
    #[schemars(extend("x-aliases" = ["text", "body", "message"]))]
    pub comment: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The tracker's id.
    pub comment_id: String,
    /// Where people see it.
    pub url: Option<String>,
}

/// The action.
pub struct AddComment;

impl Action for AddComment {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("add_comment", PluginType::TaskManagement).effect();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let tracker = context.tracker().await?;
        Ok(add(&*tracker, context.effect(), input).await?)
    }
}

/// Adds the comment, unless an earlier attempt did.
///
/// # Errors
/// `Rejected` if there is no such ticket; the tracker's errors.
pub(crate) async fn add(
    tracker: &dyn TaskManagement,
    effect: &Effect,
    input: Input,
) -> Result<Done<Output>, ActionError> {
    let intent = effect.intend(false).await?;
    let earlier = match intent.resumed {
        true => tracker.find_comment(&input.task_id, &intent.mark).await?,
        false => None,
    };
    let comment = match earlier {
        Some(comment) => comment,
        None => {
            let place = tracker.task_url(&input.task_id).unwrap_or_else(|| input.task_id.clone());
            let added = tracker.add_comment(&input.task_id, &input.comment, &intent.mark);
            effect.send(Some(place), added).await?
        }
    };
    Ok(Done::for_good(Output { comment_id: comment.id, url: comment.url }))
}
