//! Moving a ticket to another of its team's workflow states.

use crate::fields::Connection;
use crate::graphql::Refusal;
use crate::linear::Linear;
use crate::refusals::{check_key, unknown_ticket};
use domain::ActionError;
use domain::configuration::same_status;
use domain::plugins::StatusChange;
use serde::Deserialize;
use serde_json::{Value, json};

const STATES_OF_TICKET: &str = "query StatesOfTicket($id: String!) { issue(id: $id) { id identifier state { id name } \
    team { key states(first: 100) { nodes { id name } } } } }";

const STATES_OF_TEAM: &str = "query StatesOfTeam($key: String!) { teams(filter: { key: { eq: $key } }, first: 1) { \
    nodes { id states(first: 100) { nodes { id name } } } } }";

const MOVE: &str = "mutation MoveTicket($id: String!, $input: IssueUpdateInput!) { \
    issueUpdate(id: $id, input: $input) { success } }";

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
struct OfTicket {
    issue: Ticket,
}

#[derive(Debug, Deserialize)]
struct Ticket {
    id: String,
    identifier: String,
    state: State,
    team: TeamOfTicket,
}

#[derive(Debug, Deserialize)]
struct TeamOfTicket {
    key: String,
    states: Connection<State>,
}

#[derive(Debug, Deserialize)]
struct Teams {
    teams: Connection<Team>,
}

/// A team with its workflow states.
#[derive(Debug, Deserialize)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) states: Connection<State>,
}

impl Linear {
    /// The team with this key; `None` if the key's account cannot see it.
    pub(crate) async fn find_team(&self, key: &str) -> Result<Option<Team>, ActionError> {
        let variables = json!({"key": key});
        let (Teams { teams }, _) = self.ask("reading a team", STATES_OF_TEAM, variables).await?;
        Ok(teams.nodes.into_iter().next())
    }

    /// The team with this key.
    pub(crate) async fn team(&self, key: &str) -> Result<Team, ActionError> {
        self.find_team(key).await?.ok_or_else(|| {
            ActionError::rejected(format!(
                "Linear has no team `{key}`, or the account of the configured secret may not see it"
            ))
        })
    }

    /// The team's own name of a status.
    pub(crate) async fn state_of_team(&self, key: &str, status: &str) -> Result<State, ActionError> {
        let Team { states, .. } = self.team(key).await?;
        let found = states.nodes.iter().find(|state| same_status(&state.name, status)).cloned();
        found.ok_or_else(|| unknown_state(key, status, &states.nodes))
    }

    pub(crate) async fn move_to_state(&self, key: &str, status: &str) -> Result<StatusChange, ActionError> {
        let asked = self.ask("reading a ticket", STATES_OF_TICKET, json!({"id": key})).await;
        let OfTicket { issue } = match asked {
            Ok((found, _)) => found,
            Err(refusal) if refusal.is_unknown() => return Err(unknown_ticket(key)),
            Err(refusal) => return Err(refusal.into()),
        };
        check_key(key, &issue.identifier)?;
        let previous = issue.state.name;
        if same_status(&previous, status) {
            return Ok(StatusChange { status: previous.clone(), previous });
        }
        let states = issue.team.states.nodes;
        let Some(state) = states.iter().find(|state| same_status(&state.name, status)) else {
            return Err(unknown_state(&issue.team.key, status, &states));
        };
        let variables = json!({"id": issue.id, "input": {"stateId": state.id}});
        self.change("moving a ticket", MOVE, variables).await?;
        Ok(StatusChange { previous, status: state.name.clone() })
    }

    /// Asks a mutation whose payload says only whether it succeeded.
    pub(crate) async fn change(
        &self,
        what: &str,
        document: &str,
        variables: Value,
    ) -> Result<Value, Refusal> {
        let (data, _): (Value, usize) = self.ask(what, document, variables).await?;
        let payload = data.as_object().and_then(|payloads| payloads.values().next());
        match payload {
            Some(payload) if payload["success"] == true => Ok(payload.clone()),
            _ => Err(Refusal::other(ActionError::rejected(format!("Linear: {what} did not succeed")))),
        }
    }
}

fn unknown_state(team: &str, status: &str, states: &[State]) -> ActionError {
    let names: Vec<_> = states.iter().map(|state| state.name.as_str()).collect();
    ActionError::rejected(format!("team {team} has no status `{status}`; accepted: {}", names.join(", ")))
}
