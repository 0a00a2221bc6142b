//! `read_requirements`: reads what is to be planned, and which tickets it was planned as before.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::stored::cut_inline;
use domain::{ActionError, PluginType, Task, same_name};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the step gives: exactly one of `task_id`, `page_id` and `text`, or an epic with more words.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What is wanted, in words; or nothing but a ticket.
    #[schemars(extend("x-aliases" = ["requirements"]))]
    #[serde(default)]
    pub text: Option<String>,
    /// The ticket, most often an epic, that says what is wanted.
    #[serde(default)]
    pub task_id: Option<String>,
    /// The wiki's id of the page that says what is wanted.
    #[schemars(extend("x-aliases" = ["page"]))]
    #[serde(default)]
    pub page_id: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// What tells these requirements from others: planning them again finds the tickets that they became.
    pub plan_id: String,
    /// The ticket that says what is wanted.
    pub task: Option<Task>,
    /// The requirements and what they were planned as before, in Markdown, for the agent's `context`.
    pub context: String,
    /// The epic that the tasks belong to, where the ticket is one.
    pub epic: Option<String>,
}

/// Reads the ticket or the page, and the records of what was planned.
///
/// # Errors
/// `Rejected` when nothing says what is wanted, or there is no such ticket, page or wiki; the tracker's and the wiki's errors.
pub struct ReadRequirements;

impl Action for ReadRequirements {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("read_requirements", PluginType::TaskManagement)
        .with_credentials(&[
            PluginType::TaskManagement,
            PluginType::VersionControl,
            PluginType::Documentation,
        ])
        .reading(&[Partition::Plan])
        .never_skipped();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let scope = context.scope();
        let text = input.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        // `plan SHOP-12` plans what the ticket says.
        let named = text.filter(|text| !text.contains(char::is_whitespace));
        let named = named.filter(|text| scope.directory.ticket(text).is_ok());
        let (text, ticket) = match (input.task_id.as_deref(), named) {
            (None, Some(named)) => (None, Some(named)),
            (ticket, _) => (text, ticket),
        };
        let task = match ticket {
            Some(typed) => Some(context.tracker().await?.get_task(&scope.directory.canonical(typed)).await?),
            None => None,
        };
        let mut known = String::new();
        if let Some(text) = text {
            known.push_str(&format!("The requirements:\n\n{text}\n"));
        }
        if let Some(page_id) = &input.page_id {
            let wiki = match context.wiki().await {
                Err(NoOutput::Skipped(reason)) => return Err(ActionError::rejected(reason).into()),
                wiki => wiki?,
            };
            let page = wiki.get_page(page_id).await?;
            known
                .push_str(&format!("The requirements, from the page {}:\n\n{}\n", page.title, page.markdown));
        }
        let plan_id = match (&task, &input.page_id, text) {
            (Some(task), _, _) => task.task_id.clone(),
            (None, Some(page), _) => format!("page {page}"),
            (None, None, Some(text)) => format!("text {}", digest(text)),
            (None, None, None) => {
                return Err(ActionError::rejected(
                    "there is nothing to plan; accepted: a text, a ticket such as an epic, or the ID of a page",
                )
                .into());
            }
        };
        let planned = context.table().planned_items(&scope.project.key, &plan_id).await?;
        let planned: Vec<_> = planned.into_iter().filter(|item| !item.withdrawn).collect();
        if !planned.is_empty() {
            known.push_str("\nThis was planned before. An item that stays keeps its key:\n\n");
            for item in planned {
                let ticket = item.task_id.as_deref().unwrap_or("no ticket yet");
                known.push_str(&format!("- {}: {} ({ticket})\n", item.key, item.title));
            }
        }
        let is_epic = |task: &&Task| task.task_type.as_deref().is_some_and(|kind| same_name(kind, "epic"));
        let epic = task.as_ref().filter(is_epic).map(|task| task.task_id.clone());
        if let Some(epic) = &epic {
            known.push_str(&format!("\nThe ticket {epic} is an epic. Tasks without `epic` are put in it.\n"));
        }
        Ok(Done::for_good(Output { plan_id, task, context: cut_inline(&known), epic }))
    }
}

/// The same for the same words, however they are spaced.
fn digest(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut digest = hex::encode(Sha256::digest(words.as_bytes()));
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_requirements() {
        assert_eq!(digest("a new  shop\n"), digest("a new shop"));
        assert_ne!(digest("a new shop"), digest("a newer shop"));
    }
}
