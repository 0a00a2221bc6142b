//! Moving a ticket to another status.

use crate::fields::Named;
use crate::jira::{Jira, is_early};
use domain::ActionError;
use domain::configuration::same_status;
use domain::plugins::StatusChange;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Transitions {
    transitions: Vec<Transition>,
}

#[derive(Debug, Deserialize)]
struct Transition {
    id: String,
    to: Named,
}

impl Jira {
    pub(crate) async fn move_to_status(&self, key: &str, status: &str) -> Result<StatusChange, ActionError> {
        let issue = self.issue(key, &["status"], is_early).await?;
        let previous = issue.fields.status.map(|status| status.name).ok_or_else(|| {
            ActionError::rejected(format!(
                "Jira shows no status of {key} to the account of the configured secret"
            ))
        })?;
        if same_status(&previous, status) {
            return Ok(StatusChange { status: previous.clone(), previous });
        }
        let path = "/rest/api/3/issue/{key}/transitions";
        let found: Transitions = self.client.get(path, &[key]).send().await?.json()?;
        let Some(transition) =
            found.transitions.iter().find(|transition| same_status(&transition.to.name, status))
        else {
            return Err(unreachable(key, &previous, status, &found.transitions));
        };
        let body = json!({"transition": {"id": transition.id}});
        self.client.post(path, &[key]).json(&body).send().await?;
        Ok(StatusChange { previous, status: transition.to.name.clone() })
    }
}

fn unreachable(key: &str, previous: &str, status: &str, transitions: &[Transition]) -> ActionError {
    let mut reachable: Vec<_> = transitions.iter().map(|transition| transition.to.name.as_str()).collect();
    reachable.dedup();
    let reachable = match reachable.as_slice() {
        [] => "nothing can be reached from there by the account of the configured secret".to_owned(),
        names => format!("reachable from there: {}", names.join(", ")),
    };
    ActionError::rejected(format!("{key} is `{previous}` and cannot move to `{status}`; {reachable}"))
}
