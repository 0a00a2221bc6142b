//! Links by which one ticket waits for another: Linear's
//! [relations](https://linear.app/docs/issue-relations) of the type `blocks`, whose IDs are made from their marks.

use crate::fields::Connection;
use crate::linear::Linear;
use crate::mark::id_of;
use crate::refusals::check_key;
use domain::ActionError;
use domain::plugins::{LinkedTask, Mark, TaskLink};
use serde::Deserialize;
use serde_json::json;

/// Of the relations those that others have with the ticket; beyond fifty they are not seen.
const BLOCKERS: &str = "query Blockers($id: String!) { issue(id: $id) { identifier trashed \
    inverseRelations(first: 50) { nodes { id type issue { identifier } } } } }";

const LINK: &str = "mutation LinkTickets($input: IssueRelationCreateInput!) { \
    issueRelationCreate(input: $input) { success } }";

const UNLINK: &str = "mutation UnlinkTickets($id: String!) { issueRelationDelete(id: $id) { success } }";

#[derive(Debug, Deserialize)]
struct Found {
    issue: Related,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Related {
    identifier: String,
    #[serde(default)]
    trashed: Option<bool>,
    inverse_relations: Connection<Relation>,
}

#[derive(Debug, Deserialize)]
struct Relation {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    issue: Other,
}

#[derive(Debug, Deserialize)]
struct Other {
    identifier: String,
}

impl Linear {
    /// The tickets that block a ticket; `None` if it does not exist in its team.
    pub(crate) async fn blocking_tickets(&self, key: &str) -> Result<Option<Vec<TaskLink>>, ActionError> {
        let found =
            match self.ask::<Found>("reading a ticket's relations", BLOCKERS, json!({"id": key})).await {
                Ok((found, _)) => found.issue,
                Err(refusal) if refusal.is_unknown() => return Ok(None),
                Err(refusal) => return Err(refusal.into()),
            };
        if found.trashed == Some(true) || check_key(key, &found.identifier).is_err() {
            return Ok(None);
        }
        let blocking = found.inverse_relations.nodes.into_iter().filter(|relation| relation.kind == "blocks");
        let link = |relation: Relation| TaskLink { blocker: relation.issue.identifier, id: relation.id };
        Ok(Some(blocking.map(link).collect()))
    }

    /// The relation's ID is its mark's, so that a repeat cannot make a second one.
    pub(crate) async fn block_ticket(
        &self,
        key: &str,
        blocker: &str,
        mark: &Mark,
    ) -> Result<LinkedTask, ActionError> {
        let (blocked, blocking) = (self.ticket(key).await?.id, self.ticket(blocker).await?.id);
        let input =
            json!({"id": id_of(mark), "issueId": blocking, "relatedIssueId": blocked, "type": "blocks"});
        self.change("linking tickets", LINK, json!({"input": input})).await?;
        Ok(LinkedTask::default())
    }

    pub(crate) async fn remove_link(&self, link: &TaskLink) -> Result<(), ActionError> {
        match self.change("taking a link off", UNLINK, json!({"id": link.id})).await {
            Err(refusal) if refusal.is_unknown() => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }
}
