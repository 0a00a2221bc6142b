//! `read_requirements`: reads requirements, and the tickets of earlier plans for them.

use crate::action::{Action, Done, NoOutput};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::event::UPLOADED;
use domain::stored::cut_inline;
use domain::{ActionError, PluginType, Task, same_name};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The step's inputs: exactly one of `task_id`, `page_id` and `text`, or an epic with additional text.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The requirements as text; or only a ticket's name.
    #[schemars(extend("x-aliases" = ["requirements"]))]
    #[serde(default)]
    pub text: Option<String>,
    /// The ticket with the requirements, usually an epic.
    #[serde(default)]
    pub task_id: Option<String>,
    /// The wiki's ID of the page with the requirements.
    #[schemars(extend("x-aliases" = ["page"]))]
    #[serde(default)]
    pub page_id: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The identity of these requirements: planning them again finds their tickets.
    pub plan_id: String,
    /// The ticket with the requirements.
    pub task: Option<Task>,
    /// The requirements and their earlier plan, in Markdown, for the agent's `context`.
    pub context: String,
    /// The epic for the tasks, if the ticket is one.
    pub epic: Option<String>,
}

/// Reads the ticket or the page, and the records of earlier plans.
///
/// # Errors
/// `Rejected` if there are no requirements, or there is no such ticket, page or wiki; the tracker's and the wiki's errors.
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
        // `plan SHOP-12` plans the requirements in the ticket.
        let named = text.filter(|text| !text.contains(char::is_whitespace));
        let named = named.filter(|text| scope.directory.ticket(text).is_ok());
        let (text, ticket) = match (input.task_id.as_deref(), named) {
            (None, Some(named)) => (None, Some(named)),
            (Some(ticket), Some(named))
                if scope.directory.canonical(ticket) == scope.directory.canonical(named) =>
            {
                (None, Some(ticket))
            }
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

/// The same for the same words, however they are spaced, and files of the same names uploaded with them: an upload has another link each time.
fn digest(text: &str) -> String {
    // They are written as `[name](link), [name](link)`.
    let (said, uploads) = text.rsplit_once(&format!("{UPLOADED}[")).unwrap_or((text, ""));
    let names = uploads.split("), [").filter_map(|upload| Some(upload.rsplit_once("](")?.0));
    let words = said.split_whitespace().chain(names).collect::<Vec<_>>().join(" ");
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
        let with = |name: &str, link: &str| {
            let plan = format!("[plan.md](https://cdn.example/{link}2)");
            digest(&format!("a new shop Uploaded with this: [{name}](https://cdn.example/{link}), {plan}"))
        };
        assert_eq!(with("till.png", "1"), with("till.png", "2"), "an upload has another link each time");
        assert_ne!(with("till.png", "1"), with("shelf.png", "1"), "another file may say something else");
    }
}
