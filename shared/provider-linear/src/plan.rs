//! Tickets created from a plan: inspected, rewritten, taken back.

use crate::comments::shown;
use crate::fields::{Connection, Issue, ticket_fields};
use crate::limits;
use crate::linear::Linear;
use crate::refusals::check_key;
use domain::plugins::{InspectedTask, NewTask};
use domain::text::cut_line;
use domain::{ActionError, Task};
use provider::send_fitting;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, json};

/// Of the comments only their number counts; beyond fifty, another one is not noticed.
const INSPECT: &str = concat!(
    "query InspectTicket($id: String!) { issue(id: $id) { ",
    ticket_fields!(),
    " trashed comments(first: 50) { nodes { id } } } }"
);

const REWRITE: &str = "mutation RewriteTicket($id: String!, $input: IssueUpdateInput!) { \
    issueUpdate(id: $id, input: $input) { success } }";

const TRASH: &str = "mutation TrashTicket($id: String!) { issueDelete(id: $id) { success } }";

#[derive(Debug, Deserialize)]
struct Found {
    issue: Inspected,
}

#[derive(Debug, Deserialize)]
struct Inspected {
    #[serde(flatten)]
    issue: Issue,
    #[serde(default)]
    trashed: Option<bool>,
    comments: Connection<IgnoredAny>,
}

impl Linear {
    /// A ticket and its number of comments; `None` if it does not exist in its team.
    pub(crate) async fn inspect_ticket(&self, key: &str) -> Result<Option<InspectedTask>, ActionError> {
        let Inspected { issue, trashed, comments } =
            match self.ask::<Found>("reading a ticket", INSPECT, json!({"id": key})).await {
                Ok((found, _)) => found.issue,
                Err(refusal) if refusal.is_unknown() => return Ok(None),
                Err(refusal) => return Err(refusal.into()),
            };
        if trashed == Some(true) || check_key(key, &issue.identifier).is_err() {
            return Ok(None);
        }
        let comments = u64::try_from(comments.nodes.len()).unwrap_or(u64::MAX);
        // Linear keeps what is in the trash.
        Ok(Some(InspectedTask { task: issue.into(), comments, additions: 0, withdrawn: false }))
    }

    pub(crate) async fn rewrite_ticket(&self, present: &Task, new: &NewTask) -> Result<(), ActionError> {
        let id = self.ticket(&present.task_id).await?.id;
        let mut input = Map::new();
        input.insert("title".into(), cut_line(&new.title, limits::TITLE).into());
        if new.epic != present.epic_link {
            let epic = match &new.epic {
                Some(epic) => Some(self.ticket(epic).await?.id),
                None => None,
            };
            input.insert("parentId".into(), epic.into());
        }
        let (id, input) = (&id, &input);
        let send = async |description: String| {
            let mut input = input.clone();
            input.insert("description".into(), description.into());
            self.change("changing a ticket", REWRITE, json!({"id": id, "input": input})).await
        };
        send_fitting(&shown(&new.description), limits::TEXT, limits::is_too_long, send).await?;
        Ok(())
    }

    /// Moves a ticket to the trash, where Linear keeps it for a month.
    pub(crate) async fn trash_ticket(&self, key: &str) -> Result<(), ActionError> {
        let id = self.ticket(key).await?.id;
        self.change("deleting a ticket", TRASH, json!({"id": id})).await?;
        Ok(())
    }
}
