//! Reading, creating and listing tickets, and taking labels off.

use crate::comments::shown;
use crate::fields::{Connection, Issue, Label, ticket_fields};
use crate::graphql::Refusal;
use crate::limits;
use crate::linear::Linear;
use crate::mark::id_of;
use crate::refusals::{check_key, unknown_ticket};
use crate::states::Team;
use domain::plugins::{CreatedTask, Mark, NewTask, TaskQuery};
use domain::text::cut_line;
use domain::{ActionError, Task};
use http_client::{Page, Pages};
use provider::send_fitting;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const TICKET: &str = concat!("query Ticket($id: String!) { issue(id: $id) { ", ticket_fields!(), " } }");

const TICKETS: &str = concat!(
    "query Tickets($filter: IssueFilter!, $first: Int!, $after: String) { issues(filter: $filter, first: $first, \
     after: $after, sort: [{ createdAt: { order: Descending } }]) { pageInfo { hasNextPage endCursor } nodes { ",
    ticket_fields!(),
    " } } }"
);

const CREATE: &str = "mutation CreateTicket($input: IssueCreateInput!) { issueCreate(input: $input) { \
    success issue { identifier url } } }";

/// Labels are the workspace's or a team's; two of one name are possible.
const LABELS: &str = "query Labels($names: [String!]!, $team: ID!, $after: String) { issueLabels(filter: { \
    name: { in: $names }, isGroup: { eq: false }, or: [{ team: { null: true } }, { team: { id: { eq: $team } } }] }, \
    first: 50, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name } } }";

const UNLABEL: &str = "mutation Unlabel($id: String!, $labelId: String!) { \
    issueRemoveLabel(id: $id, labelId: $labelId) { success } }";

/// So many tickets are asked for at once: with their labels, a query of more would be refused as too complex.
const PAGE: usize = 50;

#[derive(Debug, Deserialize)]
struct Found {
    issue: Issue,
}

#[derive(Debug, Deserialize)]
struct Listed {
    issues: Connection<Issue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Labels {
    issue_labels: Connection<Label>,
}

impl Linear {
    pub(crate) async fn ticket(&self, key: &str) -> Result<Issue, ActionError> {
        let issue = self.find(key).await?.ok_or_else(|| unknown_ticket(key))?;
        check_key(key, &issue.identifier)?;
        Ok(issue)
    }

    /// A ticket by its key or ID; `None` where Linear has none.
    async fn find(&self, id: &str) -> Result<Option<Issue>, ActionError> {
        match self.ask::<Found>("reading a ticket", TICKET, json!({"id": id})).await {
            Ok((found, _)) => Ok(Some(found.issue)),
            Err(refusal) if refusal.is_unknown() => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The ticket is asked for by its ID, which its mark gives, so that no search is needed and none can lag.
    pub(crate) async fn find_created_ticket(&self, mark: &Mark) -> Result<Option<CreatedTask>, ActionError> {
        let found = self.find(&id_of(mark)).await?;
        Ok(found.map(|issue| CreatedTask::from(Task::from(issue))))
    }

    pub(crate) async fn create_ticket(&self, new: &NewTask, mark: &Mark) -> Result<CreatedTask, ActionError> {
        let Team { id: team, .. } = self.team(&new.project).await?;
        let mut input = Map::new();
        input.insert("id".into(), id_of(mark).into());
        input.insert("title".into(), cut_line(&new.title, limits::TITLE).into());
        if !new.labels.is_empty() {
            input.insert("labelIds".into(), self.label_ids(&team, &new.project, &new.labels).await?.into());
        }
        if let Some(epic) = &new.epic {
            input.insert("parentId".into(), self.ticket(epic).await?.id.into());
        }
        if let Some(points) = new.story_points {
            input.insert("estimate".into(), estimate(points)?);
        }
        input.insert("teamId".into(), team.into());
        let input = &input;
        let send = async |description: String| {
            let mut input = input.clone();
            input.insert("description".into(), description.into());
            self.change("creating a ticket", CREATE, json!({"input": input})).await
        };
        let description = shown(&new.description);
        let made = send_fitting(&description, limits::TEXT, limits::is_too_long, send).await?;
        let text = |name: &str| made["issue"][name].as_str().map(str::to_owned);
        let task_id = text("identifier").ok_or_else(|| {
            ActionError::internal("Linear: the answer to creating a ticket does not name the ticket")
        })?;
        Ok(CreatedTask { task_id, url: text("url") })
    }

    /// The IDs of labels by their names.
    async fn label_ids(&self, team: &str, key: &str, names: &[String]) -> Result<Vec<String>, ActionError> {
        let load = |after: Option<String>| async move {
            let variables = json!({"names": names, "team": team, "after": after});
            let (Labels { issue_labels }, bytes) = self.ask("reading labels", LABELS, variables).await?;
            let next = issue_labels.page_info.next().map(Some);
            Ok::<_, Refusal>(Page { items: issue_labels.nodes, next, bytes })
        };
        let known: Vec<Label> = Pages::of("Linear's labels").collect(None, usize::MAX, load).await?;
        let id = |name: &String| {
            let label = known.iter().find(|label| label.name == *name);
            label.map(|label| label.id.clone()).ok_or_else(|| {
                ActionError::rejected(format!(
                    "Linear has no label `{name}` for team {key}; create it in the team's settings under Labels"
                ))
            })
        };
        names.iter().map(id).collect()
    }

    pub(crate) async fn team_tickets(&self, query: &TaskQuery) -> Result<Vec<Task>, ActionError> {
        let mut filter = json!({"team": {"key": {"eq": query.project}}});
        match &query.status {
            Some(status) => {
                let state = self.state_of_team(&query.project, status).await?;
                filter["state"] = json!({"id": {"eq": state.id}});
            }
            // A team that does not exist would be a list without tickets.
            None => drop(self.team(&query.project).await?),
        }
        let limit = query.limit.clamp(1, 100) as usize;
        let filter = &filter;
        let load = |after: Option<String>| async move {
            let variables = json!({"filter": filter, "first": limit.min(PAGE), "after": after});
            let (Listed { issues }, bytes) = self.ask("listing tickets", TICKETS, variables).await?;
            let next = issues.page_info.next().map(Some);
            Ok::<_, Refusal>(Page { items: issues.nodes, next, bytes })
        };
        let issues = Pages::of("Linear's tickets").collect(None, limit, load).await?;
        Ok(issues.into_iter().map(Task::from).collect())
    }

    pub(crate) async fn unlabel(&self, key: &str, label: &str) -> Result<(), ActionError> {
        let issue = self.ticket(key).await?;
        for Label { id, name } in &issue.labels.nodes {
            if name.to_lowercase() == label.to_lowercase() {
                let variables = json!({"id": issue.id, "labelId": id});
                self.change("taking a label off", UNLABEL, variables).await?;
            }
        }
        Ok(())
    }
}

/// Linear's estimates are whole numbers.
fn estimate(points: f64) -> Result<Value, ActionError> {
    if points.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&points) {
        return Ok(json!(points as u16));
    }
    Err(ActionError::rejected(format!(
        "Linear's estimates are whole numbers from 0, but story_points is {points}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_points_are_estimates() {
        assert_eq!(estimate(5.0).unwrap(), json!(5));
        for points in [0.5, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(estimate(points).is_err(), "{points}");
        }
    }
}
