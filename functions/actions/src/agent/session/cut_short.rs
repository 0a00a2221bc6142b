//! A session that a spending limit stopped: what is done and what is left, for people to decide; and the draft that it ends with
//! if they do not add money.

use super::kept::{SessionState, read_json};
use super::overlay::FileChanges;
use super::work::Session;
use crate::context::Context;
use domain::ActionError;
use domain::text::{TextLimit, cut_line};
use edits::{Finish, Outcome, PlanItem, PlanStatus};
use records::{Draft, SessionPhase};

/// How many items of a plan are shown.
const MOST_ITEMS: usize = 12;
/// The maximum length of an item, and of a ticket's title.
const ITEM: TextLimit = TextLimit::characters(120);

/// What the agent that waits for money has done, and what is left; `None` if no agent waits.
///
/// # Errors
/// When the records do not answer.
pub async fn standing(context: &Context<'_>) -> Result<Option<String>, ActionError> {
    let (table, scope) = (context.table(), context.scope());
    for link in table.sessions_of(&scope.execution).await?.into_iter().rev() {
        let Some(head) = table.session(&link.session).await? else { continue };
        if head.phase != SessionPhase::Think {
            continue;
        }
        let state: SessionState = read_json(&table.session_state(&head.id).await?)?;
        let files = table.session_files(&head).await?.len();
        let mut text = format!(
            "Done: {} in {}, {} changed",
            head.spent,
            counted(head.turns_in_round() as usize, "turn"),
            counted(files, "file")
        );
        let (done, left) = done_and_left(&state.workspace.plan);
        text.push_str(&if done.is_empty() { ".".to_owned() } else { format!(": {}.", listed(&done)) });
        if !left.is_empty() {
            text.push_str(&format!(" Left: {}.", listed(&left)));
        }
        return Ok(Some(text));
    }
    Ok(None)
}

impl Session<'_> {
    /// Ends the session with what is done. Without a change, there is nothing for a draft, and it ends as blocked.
    pub(super) async fn end_as_draft(mut self, draft: &Draft) -> Result<Self, ActionError> {
        let why = match &draft.by {
            Some(by) => format!(
                "A limit of dollars was reached before the work was done, and {by} chose to finish here."
            ),
            None => "A spending limit was reached before the work was done, and nobody raised it in time."
                .to_owned(),
        };
        if self.state.workspace.changes.is_empty() {
            self.end(format!("{why} Nothing was changed until then."));
            return self.record(Vec::new(), None, FileChanges::default()).await;
        }
        let task = self.opening().await?.task;
        let title = task.map_or_else(|| "Work in progress".to_owned(), |task| cut_line(&task.title, ITEM));
        let scope = self.context.scope();
        let called = scope.pull_request_name(scope.project_of(self.head.repository.as_ref())?);
        let (done, left) = done_and_left(&self.state.workspace.plan);
        let open_points: Vec<String> = match left.is_empty() {
            true => vec!["Whether anything is left to do is not known: the agent had no plan.".to_owned()],
            false => left.iter().map(|item| (*item).to_owned()).collect(),
        };
        let mut description = format!("{why}\n");
        for (heading, items) in [("Done", done), ("Left", left)] {
            if !items.is_empty() {
                let lines: Vec<_> = items.iter().map(|item| format!("- {item}")).collect();
                description.push_str(&format!("\n**{heading}**\n\n{}\n", lines.join("\n")));
            }
        }
        let finish = Finish {
            outcome: Outcome::Done,
            summary: format!("{why} The {called} is a draft."),
            pr_title: title.clone(),
            pr_description: description,
            commit_message: format!("{title} (unfinished)"),
            tests: "The work was cut short; nothing was tested since its last change.".to_owned(),
            open_points,
        };
        let edits = self.base().cloned().map(|base| self.state.workspace.edits(base));
        self.state.result = Some(self.result(finish, edits).await?);
        self.head.phase = SessionPhase::Done;
        self.record(Vec::new(), None, FileChanges::default()).await
    }
}

/// The plan's completed items, and the remaining ones.
fn done_and_left(plan: &[PlanItem]) -> (Vec<&str>, Vec<&str>) {
    let with = |is_wanted: fn(PlanStatus) -> bool| {
        plan.iter().filter(|item| is_wanted(item.status)).map(|item| item.text.as_str()).collect()
    };
    (with(|status| status == PlanStatus::Done), with(|status| !status.is_settled()))
}

fn listed(items: &[&str]) -> String {
    let mut shown: Vec<String> = items.iter().take(MOST_ITEMS).map(|item| cut_line(item, ITEM)).collect();
    if items.len() > MOST_ITEMS {
        shown.push(format!("{} more", items.len() - MOST_ITEMS));
    }
    shown.join("; ")
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
